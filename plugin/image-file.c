/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-file.c: see image-file.h.
 */
#include "image-file.h"

#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>

#include "image-export.h"

static gboolean
fail_by_gimp (GError **error, const char *what)
{
  g_set_error (error, GIMP_PLUG_IN_ERROR, 0, "%s: %s", what,
               gimp_pdb_get_last_error (gimp_get_pdb ()));
  return FALSE;
}

GimpImage *
image_file_load (GFile *file, GError **error)
{
  GimpImage  *image = gimp_file_load (GIMP_RUN_NONINTERACTIVE, file);
  GimpLayer **layers;
  gboolean    one;

  if (image == NULL)
    {
      fail_by_gimp (error, _ ("GIMP cannot open it"));
      return NULL;
    }

  layers = gimp_image_get_layers (image);
  one = layers && layers[0] && layers[1] == NULL;
  g_free (layers);

  if (!one)
    {
      g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("it does not hold exactly one layer or page: flatten it first"));
      gimp_image_delete (image);
      return NULL;
    }

  return image;
}

GimpDrawable *
image_file_get_layer (GimpImage *image)
{
  GimpLayer **layers = gimp_image_get_layers (image);
  GimpLayer  *layer = layers[0];

  g_free (layers);
  return GIMP_DRAWABLE (layer);
}

/* A hidden name beside the file: the same folder, so that renaming is atomic,
 * and the same extension, for by this GIMP chooses the format. */
static GFile *
temporary_name (GFile *file)
{
  GFile      *folder = g_file_get_parent (file);
  char       *name = g_file_get_basename (file);
  const char *dot = strrchr (name, '.');
  char       *hidden = g_strdup_printf (".gimp-diffusion-%d%s", (int) getpid (), dot ? dot : "");
  GFile      *result = g_file_get_child (folder, hidden);

  g_free (hidden);
  g_free (name);
  g_object_unref (folder);
  return result;
}

gboolean
image_file_check_writable (GFile *file, GError **error)
{
  /* There is no way to ask GIMP but trying: one pixel, then it is gone. */
  GimpImage *image = gimp_image_new (1, 1, GIMP_RGB);
  GimpLayer *layer =
    gimp_layer_new (image, "pixel", 1, 1, GIMP_RGB_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  GFile   *temporary = temporary_name (file);
  gboolean ok;

  gimp_image_insert_layer (image, layer, NULL, 0);
  ok = image_export (image, temporary);
  if (!ok)
    fail_by_gimp (error, _ ("GIMP cannot write this format"));

  g_file_delete (temporary, NULL, NULL);
  g_object_unref (temporary);
  gimp_image_delete (image);
  return ok;
}

gboolean
image_file_save (GimpImage *image, GFile *file, gboolean overwrite, GError **error)
{
  GFile   *temporary = temporary_name (file);
  gboolean ok;

  ok = image_export (image, temporary);
  if (!ok)
    fail_by_gimp (error, _ ("GIMP cannot write it"));
  else
    ok = g_file_move (temporary, file, overwrite ? G_FILE_COPY_OVERWRITE : G_FILE_COPY_NONE, NULL,
                      NULL, NULL, error);

  if (!ok)
    g_file_delete (temporary, NULL, NULL);
  g_object_unref (temporary);
  return ok;
}
