/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-mask.c: see batch-mask.h.
 */
#include "batch-mask.h"

#include <glib/gi18n-lib.h>

#include "image-file.h"
#include "image-orientation.h"
#include "selection.h"
#include "strips.h"

/* A mask that comes out of a JPEG is not quite black where it was black, nor quite white. */
#define NEARLY (8.0f / 255)

/* Below this, everywhere, a mask is not meant to be white. */
#define FULL 0.9f

typedef enum
{
  FROM_PAINT,        /* the brightest component, as much as it is opaque */
  FROM_ALPHA,        /* what is opaque */
  FROM_TRANSPARENCY, /* what is transparent */
} MaskSource;

typedef struct
{
  float   most, least; /* of all values */
  guint64 n_selected;
} MaskValues;

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

static float
value_of (const float rgba[4], MaskSource source)
{
  float alpha = CLAMP (rgba[3], 0, 1);

  switch (source)
    {
    case FROM_TRANSPARENCY:
      return 1 - alpha;
    case FROM_ALPHA:
      return CLAMP ((alpha - NEARLY) / (1 - 2 * NEARLY), 0, 1);
    case FROM_PAINT:
    default:
      return CLAMP ((MAX (MAX (rgba[0], rgba[1]), rgba[2]) * alpha - NEARLY) / (1 - 2 * NEARLY), 0,
                    1);
    }
}

/* Fills the channel (as large as the image) from the part of the drawable that
 * lies on the image, and tells what was in that. */
static MaskValues
fill_channel (GimpChannel *channel, GimpImage *image, GimpDrawable *drawable, MaskSource source)
{
  GeglBuffer   *from = gimp_drawable_get_buffer (drawable);
  GeglBuffer   *to = gimp_drawable_get_buffer (GIMP_DRAWABLE (channel));
  GeglRectangle rect, strip;
  int           dx, dy;
  MaskValues    result = { .most = 0, .least = 1 };

  gimp_drawable_get_offsets (drawable, &dx, &dy);

  if (gegl_rectangle_intersect (
        &rect,
        GEGL_RECTANGLE (dx, dy, gimp_drawable_get_width (drawable),
                        gimp_drawable_get_height (drawable)),
        GEGL_RECTANGLE (0, 0, gimp_image_get_width (image), gimp_image_get_height (image))))
    {
      gsize  n_max = strips_max_pixels (&rect);
      float *pixels = g_new (float, n_max * 4);
      float *values = g_new (float, n_max);

      for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
        {
          gsize n = (gsize) strip.width * strip.height;

          gegl_buffer_get (
            from, GEGL_RECTANGLE (strip.x - dx, strip.y - dy, strip.width, strip.height), 1.0,
            babl_format ("R'G'B'A float"), pixels, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
          for (gsize i = 0; i < n; i++)
            {
              values[i] = value_of (pixels + 4 * i, source);
              result.most = MAX (result.most, values[i]);
              result.least = MIN (result.least, values[i]);
              result.n_selected += values[i] >= DIFFUSION_SELECTION_MIN;
            }
          gegl_buffer_set (to, &strip, 0, babl_format ("Y float"), values, GEGL_AUTO_ROWSTRIDE);
        }

      g_free (values);
      g_free (pixels);
    }

  g_object_unref (to);
  g_object_unref (from);
  return result;
}

/* By way of a channel: libgimp writes no selection directly. */
static MaskValues
select_from (GimpImage *image, GimpDrawable *drawable, MaskSource source)
{
  GeglColor   *black = gegl_color_new ("black");
  GimpChannel *channel;
  MaskValues   values;

  channel = gimp_channel_new (image, "mask", gimp_image_get_width (image),
                              gimp_image_get_height (image), 100, black);
  gimp_image_insert_channel (image, channel, NULL, 0);
  values = fill_channel (channel, image, drawable, source);
  gimp_image_select_item (image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM (channel));
  gimp_image_remove_channel (image, channel);
  g_object_unref (black);

  return values;
}

/* Turns the mask the way that the picture is stored. A mask of the stored size and not of
 * the upright one was made for the stored picture. */
static void
turn (GimpImage *mask, GimpImage *image)
{
  gboolean stored = gimp_image_get_width (mask) == gimp_image_get_width (image) &&
                    gimp_image_get_height (mask) == gimp_image_get_height (image) &&
                    gimp_image_get_width (mask) != gimp_image_get_height (mask);
  int orientation = image_orientation_get (image);

  if (stored && image_orientation_swaps_sides (orientation))
    return;

  image_orientation_apply (mask, image_orientation_get (mask));
  image_orientation_undo (mask, orientation);
}

static gboolean
select_from_opened (GimpImage  *image,
                    GimpImage  *mask,
                    const char *name,
                    gboolean    may_be_all,
                    GError    **error)
{
  GimpDrawable *layer = image_file_get_layer (mask);
  guint64       n_pixels = (guint64) gimp_image_get_width (image) * gimp_image_get_height (image);
  MaskValues    values;

  if (gimp_image_get_width (mask) != gimp_image_get_width (image) ||
      gimp_image_get_height (mask) != gimp_image_get_height (image))
    {
      g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                   _ ("its mask %s is %d × %d pixels large, the picture %d × %d"), name,
                   gimp_image_get_width (mask), gimp_image_get_height (mask),
                   gimp_image_get_width (image), gimp_image_get_height (image));
      return FALSE;
    }

  values = select_from (image, layer, FROM_PAINT);
  if (values.most < DIFFUSION_SELECTION_MIN && gimp_drawable_has_alpha (layer))
    {
      /* Black all over: what was painted tells the alpha, if anything does. */
      values = select_from (image, layer, FROM_ALPHA);
      if (values.least >= 1)
        values.most = 0;
    }

  if (values.most < DIFFUSION_SELECTION_MIN)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("its mask %s is black: there is nothing to fill"),
                 name);
  else if (values.most < FULL)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("its mask %s is nowhere white, %d %% at most, and would fill in part only: "
                    "paint what is to be filled in white"),
                 name, (int) (100 * values.most));
  else if (values.n_selected == n_pixels && !may_be_all)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("its mask %s is white everywhere: leave black what is to stay"), name);
  else
    return TRUE;

  return FALSE;
}

static gboolean
select_from_file (GimpImage *image, GFile *file, gboolean may_be_all, GError **error)
{
  GimpImage *mask = image_file_load (file, error);
  gboolean   ok;

  if (mask == NULL)
    {
      g_prefix_error (error, _ ("its mask %s: "), gimp_file_get_utf8_name (file));
      return FALSE;
    }

  turn (mask, image);
  ok = select_from_opened (image, mask, gimp_file_get_utf8_name (file), may_be_all, error);
  gimp_image_delete (mask);
  return ok;
}

gboolean
batch_mask_select (GimpImage    *image,
                   GimpDrawable *layer,
                   GFile        *mask,
                   gboolean      may_be_all,
                   GError      **error)
{
  if (mask)
    return select_from_file (image, mask, may_be_all, error);

  if (!gimp_drawable_has_alpha (layer) ||
      select_from (image, layer, FROM_TRANSPARENCY).most < DIFFUSION_SELECTION_MIN)
    return fail (error, _ ("it has neither a mask nor transparent pixels"));

  return TRUE;
}
