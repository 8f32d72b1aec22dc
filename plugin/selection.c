/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selection.c: see selection.h.
 */
#include "selection.h"

#include "strips.h"

/* So many pixels of it can be looked at without being felt. */
#define KEY_PIXELS (1 << 19)

void
selection_open (Selection *selection, GimpDrawable *drawable)
{
  GimpImage *image = gimp_item_get_image (GIMP_ITEM (drawable));

  *selection = (Selection) { 0 };

  if (gimp_selection_is_empty (image))
    return;

  gimp_drawable_get_offsets (drawable, &selection->offset_x, &selection->offset_y);
  selection->buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (gimp_image_get_selection (image)));
}

void
selection_close (Selection *selection)
{
  g_clear_object (&selection->buffer);
}

void
selection_read (const Selection *selection, const GeglRectangle *rect, float *values)
{
  if (selection->buffer == NULL)
    {
      gsize n = (gsize) rect->width * rect->height;

      for (gsize i = 0; i < n; i++)
        values[i] = 1;
      return;
    }

  gegl_buffer_get (selection->buffer,
                   GEGL_RECTANGLE (rect->x + selection->offset_x, rect->y + selection->offset_y,
                                   rect->width, rect->height),
                   1.0, babl_format ("Y float"), values, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
}

gboolean
selection_get_bounds (GimpDrawable *drawable, GeglRectangle *bounds)
{
  return gimp_drawable_mask_intersect (drawable, &bounds->x, &bounds->y, &bounds->width,
                                       &bounds->height) &&
         bounds->width > 0 && bounds->height > 0;
}

gboolean
selection_get_region (GimpDrawable *drawable, GeglRectangle *region)
{
  GeglRectangle bounds, strip;
  Selection     selection;
  float        *values;
  int           left, right, top, bottom;

  if (!selection_get_bounds (drawable, &bounds))
    return FALSE;

  selection_open (&selection, drawable);
  if (selection.buffer == NULL)
    {
      *region = bounds;
      return TRUE;
    }

  left = bounds.x + bounds.width;
  right = bounds.x - 1;
  top = bounds.y + bounds.height;
  bottom = bounds.y - 1;
  values = g_new (float, strips_max_pixels (&bounds));

  for (strips_first (&bounds, &strip); strip.height > 0; strips_next (&bounds, &strip))
    {
      selection_read (&selection, &strip, values);

      for (int y = 0; y < strip.height; y++)
        {
          const float *row = values + (gsize) y * strip.width;
          int          first, last;

          for (first = 0; first < strip.width; first++)
            if (row[first] >= DIFFUSION_SELECTION_MIN)
              break;
          if (first == strip.width)
            continue;
          for (last = strip.width - 1; row[last] < DIFFUSION_SELECTION_MIN; last--)
            ;

          left = MIN (left, strip.x + first);
          right = MAX (right, strip.x + last);
          top = MIN (top, strip.y + y);
          bottom = MAX (bottom, strip.y + y);
        }
    }

  g_free (values);
  selection_close (&selection);

  *region = *GEGL_RECTANGLE (left, top, right - left + 1, bottom - top + 1);
  return right >= left;
}

guint
selection_get_key (GimpDrawable *drawable, gboolean by_values)
{
  GimpImage    *image = gimp_item_get_image (GIMP_ITEM (drawable));
  GeglRectangle bounds = { 0, 0, 0, 0 };
  gboolean      non_empty = FALSE;
  guint         key = 17;
  int           x2, y2;

  if (!gimp_selection_bounds (image, &non_empty, &bounds.x, &bounds.y, &x2, &y2) || !non_empty)
    return 0;

  bounds.width = x2 - bounds.x;
  bounds.height = y2 - bounds.y;
  key = 31 * (31 * (31 * (31 * key + bounds.x) + bounds.y) + x2) + y2;
  if (by_values && (gint64) bounds.width * bounds.height <= KEY_PIXELS)
    {
      gsize       n = (gsize) bounds.width * bounds.height;
      guint8     *values = g_malloc (n);
      GeglBuffer *buffer =
        gimp_drawable_get_buffer (GIMP_DRAWABLE (gimp_image_get_selection (image)));

      gegl_buffer_get (buffer, &bounds, 1.0, babl_format ("Y u8"), values, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      for (gsize i = 0; i < n; i++)
        key = 31 * key + values[i];
      g_object_unref (buffer);
      g_free (values);
    }
  return key;
}
