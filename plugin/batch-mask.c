/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-mask.c: see batch-mask.h.
 */
#include "batch-mask.h"

#include <glib/gi18n-lib.h>

#include "image-file.h"
#include "selection.h"
#include "strips.h"

typedef enum
{
  FROM_GRAY,         /* white selects; transparent does not */
  FROM_TRANSPARENCY, /* transparent selects */
} MaskSource;

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

/* Fills the channel (as large as the image) from the part of the drawable that
 * lies on the image. Returns the largest value written. */
static float
fill_channel (GimpChannel *channel, GimpImage *image, GimpDrawable *drawable, MaskSource source)
{
  GeglBuffer   *from = gimp_drawable_get_buffer (drawable);
  GeglBuffer   *to = gimp_drawable_get_buffer (GIMP_DRAWABLE (channel));
  GeglRectangle rect, strip;
  int           dx, dy;
  float         most = 0;

  gimp_drawable_get_offsets (drawable, &dx, &dy);

  if (gegl_rectangle_intersect (
        &rect,
        GEGL_RECTANGLE (dx, dy, gimp_drawable_get_width (drawable),
                        gimp_drawable_get_height (drawable)),
        GEGL_RECTANGLE (0, 0, gimp_image_get_width (image), gimp_image_get_height (image))))
    {
      gsize  n_max = strips_max_pixels (&rect);
      float *pixels = g_new (float, n_max * 2); /* gray, alpha */
      float *values = g_new (float, n_max);

      for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
        {
          gsize n = (gsize) strip.width * strip.height;

          gegl_buffer_get (
            from, GEGL_RECTANGLE (strip.x - dx, strip.y - dy, strip.width, strip.height), 1.0,
            babl_format ("Y'A float"), pixels, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
          for (gsize i = 0; i < n; i++)
            {
              float gray = pixels[2 * i], alpha = pixels[2 * i + 1];

              values[i] = source == FROM_GRAY ? gray * alpha : 1 - alpha;
              most = MAX (most, values[i]);
            }
          gegl_buffer_set (to, &strip, 0, babl_format ("Y float"), values, GEGL_AUTO_ROWSTRIDE);
        }

      g_free (values);
      g_free (pixels);
    }

  g_object_unref (to);
  g_object_unref (from);
  return most;
}

/* By way of a channel: libgimp writes no selection directly. */
static gboolean
select_from (GimpImage *image, GimpDrawable *drawable, MaskSource source)
{
  GeglColor   *black = gegl_color_new ("black");
  GimpChannel *channel;
  float        most;

  channel = gimp_channel_new (image, "mask", gimp_image_get_width (image),
                              gimp_image_get_height (image), 100, black);
  gimp_image_insert_channel (image, channel, NULL, 0);
  most = fill_channel (channel, image, drawable, source);
  gimp_image_select_item (image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM (channel));
  gimp_image_remove_channel (image, channel);
  g_object_unref (black);

  return most >= DIFFUSION_SELECTION_MIN;
}

static gboolean
select_from_file (GimpImage *image, GFile *file, GError **error)
{
  GimpImage *mask = image_file_load (file, error);
  gboolean   ok = FALSE;

  if (mask == NULL)
    {
      g_prefix_error (error, _ ("its mask %s: "), gimp_file_get_utf8_name (file));
      return FALSE;
    }

  if (gimp_image_get_width (mask) != gimp_image_get_width (image) ||
      gimp_image_get_height (mask) != gimp_image_get_height (image))
    g_set_error (
      error, GIMP_PLUG_IN_ERROR, 0, _ ("its mask %s is %d × %d pixels large, the picture %d × %d"),
      gimp_file_get_utf8_name (file), gimp_image_get_width (mask), gimp_image_get_height (mask),
      gimp_image_get_width (image), gimp_image_get_height (image));
  else if (!select_from (image, image_file_get_layer (mask), FROM_GRAY))
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("its mask %s is black: there is nothing to fill"),
                 gimp_file_get_utf8_name (file));
  else
    ok = TRUE;

  gimp_image_delete (mask);
  return ok;
}

gboolean
batch_mask_select (GimpImage *image, GimpDrawable *layer, GFile *mask, GError **error)
{
  if (mask)
    return select_from_file (image, mask, error);

  if (!gimp_drawable_has_alpha (layer) || !select_from (image, layer, FROM_TRANSPARENCY))
    return fail (error, _ ("it has neither a mask nor transparent pixels"));

  return TRUE;
}
