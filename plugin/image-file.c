/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-file.c: see image-file.h.
 */
#include "image-file.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "image-export.h"
#include "image-verify.h"
#include "safe-file.h"

/* Bytes: what a file system hands out at a time, and more than any exporter writes at a time. */
#define ONE_BLOCK   (1 << 12)
#define ROOM_WANTED (1 << 20)

static gboolean
fail_by_gimp (GError **error, const char *what)
{
  g_set_error (error, GIMP_PLUG_IN_ERROR, 0, "%s: %s", what,
               gimp_pdb_get_last_error (gimp_get_pdb ()));
  return FALSE;
}

/* GIMP puts a thumbnail into a TIFF that it exports, as a second page, whose longer side has
 * so many pixels. Its loader hands it out as a layer on top. */
#define THUMBNAIL_SIDE 256

static gboolean
is_thumbnail (GimpDrawable *one, GimpDrawable *picture)
{
  const int    width = gimp_drawable_get_width (one), height = gimp_drawable_get_height (one);
  const double scale = THUMBNAIL_SIDE / (double) MAX (gimp_drawable_get_width (picture),
                                                      gimp_drawable_get_height (picture));

  return scale != 1 && MAX (width, height) == THUMBNAIL_SIDE &&
         fabs (width - scale * gimp_drawable_get_width (picture)) < 2 &&
         fabs (height - scale * gimp_drawable_get_height (picture)) < 2;
}

static void
drop_thumbnail (GimpImage *image)
{
  GimpLayer **layers = gimp_image_get_layers (image);

  if (layers && layers[0] && layers[1] && layers[2] == NULL &&
      is_thumbnail (GIMP_DRAWABLE (layers[0]), GIMP_DRAWABLE (layers[1])))
    {
      gimp_image_remove_layer (image, layers[0]);
      /* A thumbnail may be larger than a picture that is small. */
      gimp_image_resize_to_layers (image);
    }
  g_free (layers);
}

static gboolean
is_tiff (GFile *file)
{
  char    *name = g_file_get_basename (file);
  char    *lower = g_ascii_strdown (name, -1);
  gboolean found = g_str_has_suffix (lower, ".tif") || g_str_has_suffix (lower, ".tiff");

  g_free (lower);
  g_free (name);
  return found;
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

  if (is_tiff (file))
    drop_thumbnail (image);
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

  GFile     *temporary = safe_file_new_temporary (file);
  GFile     *folder = g_file_get_parent (file);
  GimpImage *image;
  GimpLayer *layer;
  gboolean   ok;

  safe_file_sweep (folder);
  if (!check_folder (temporary, error))
    {
      g_object_unref (folder);
      g_object_unref (temporary);
      return FALSE;
    }

  image = gimp_image_new (1, 1, GIMP_RGB);
  layer = gimp_layer_new (image, "pixel", 1, 1, GIMP_RGB_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  gimp_image_insert_layer (image, layer, NULL, 0);
  ok = image_export (image, temporary, &usual);
  if (!ok && safe_file_check_disk (folder, ROOM_WANTED, error))
    fail_by_gimp (error, _ ("GIMP cannot write this format"));

  g_file_delete (temporary, NULL, NULL);
  g_object_unref (folder);
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
  GFile   *temporary = safe_file_new_temporary (file);
  GFile   *folder = g_file_get_parent (file);
  gboolean ok;

  ok = image_export (image, temporary, encoding);
  if (!ok && safe_file_check_disk (folder, ROOM_WANTED, error))
    fail_by_gimp (error, _ ("GIMP cannot write it"));

  /* GIMP says that it has: believed when it has been seen. A disk that is full to the last
   * block may have cut the file, which not every format shows. */
  if (ok)
    ok = safe_file_flush (temporary) && safe_file_check_disk (folder, ONE_BLOCK, error);
  if (ok && !image_verify (image, temporary))
    {
      ok = FALSE;
      if (safe_file_check_disk (folder, ROOM_WANTED, error))
        g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                     _ ("what was written into %s is not what can be read there again: check "
                        "that disk"),
                     gimp_file_get_utf8_name (folder));
    }
  ok = ok && safe_file_move (temporary, file, overwrite, error);

  if (!ok)
    g_file_delete (temporary, NULL, NULL);
  g_object_unref (folder);
  g_object_unref (temporary);
  return ok;
}
