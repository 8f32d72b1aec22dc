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
  /* Another machine may have a process of this number. */
  char *hidden =
    g_strdup_printf (".gimp-diffusion-%d-%08x%s", (int) getpid (), g_random_int (), dot ? dot : "");
  GFile *result = g_file_get_child (folder, hidden);

  g_free (hidden);
  g_free (name);
  g_object_unref (folder);
  return result;
}

/* GIMP's own words for this name a procedure and a file that nobody asked for. */
static gboolean
check_folder (GFile *file, GError **error)
{
  GError            *problem = NULL;
  GFile             *folder;
  GFileOutputStream *stream = g_file_create (file, G_FILE_CREATE_NONE, NULL, &problem);

  if (stream)
    {
      g_object_unref (stream);
      return TRUE;
    }

  folder = g_file_get_parent (file);
  g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("nothing can be written into the folder %s: %s"),
               gimp_file_get_utf8_name (folder),
               g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
                 ? _ ("it is read-only for you")
                 : problem->message);
  g_object_unref (folder);
  g_clear_error (&problem);
  return FALSE;
}

gboolean
image_file_check_writable (GFile *file, GError **error)
{
  /* There is no way to ask GIMP but trying: one pixel, then it is gone. */
  const ImageEncoding usual = { .run_lengths = TRUE };

  GFile     *temporary = temporary_name (file);
  GimpImage *image;
  GimpLayer *layer;
  gboolean   ok;

  if (!check_folder (temporary, error))
    {
      g_object_unref (temporary);
      return FALSE;
    }

  image = gimp_image_new (1, 1, GIMP_RGB);
  layer = gimp_layer_new (image, "pixel", 1, 1, GIMP_RGB_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  gimp_image_insert_layer (image, layer, NULL, 0);
  ok = image_export (image, temporary, &usual);
  if (!ok)
    fail_by_gimp (error, _ ("GIMP cannot write this format"));

  g_file_delete (temporary, NULL, NULL);
  g_object_unref (temporary);
  gimp_image_delete (image);
  return ok;
}

gboolean
image_file_save (GimpImage           *image,
                 GFile               *file,
                 const ImageEncoding *encoding,
                 gboolean             overwrite,
                 GError             **error)
{
  GFile   *temporary = temporary_name (file);
  gboolean ok;

  ok = image_export (image, temporary, encoding);
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
