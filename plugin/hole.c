/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole.c: see hole.h.
 *
 * Growing takes the highest value within a circle around each pixel, shrinking the lowest;
 * a soft edge comes of a Gaussian blur, of the width that GIMP's own Feather has.
 */
#include "hole.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "selection.h"

#define SIGMAS_PER_FEATHER 3.5

gboolean
hole_is_shaped (const HoleShape *shape)
{
  return shape->grow != 0 || shape->feather > 0;
}

/* --- Planes of width × height ------------------------------------------------- */

/* The highest value within `reach` pixels to the left and right, of one row; queue: as
 * long as the row. */
static void
highest_nearby (const float *in, int width, int reach, float *out, int *queue)
{
  int first = 0, n = 0;

  for (int x = 0; x < width + reach; x++)
    {
      if (x < width)
        {
          while (n > 0 && in[queue[first + n - 1]] <= in[x])
            n--;
          queue[first + n++] = x;
        }
      if (x >= reach)
        {
          while (queue[first] < x - 2 * reach)
            {
              first++;
              n--;
            }
          out[x - reach] = MAX (out[x - reach], in[queue[first]]);
        }
    }
}

static void
grow (float *plane, int width, int height, int radius)
{
  float *grown = g_new0 (float, (gsize) width *height);
  int   *queue = g_new0 (int, width);

  for (int dy = -radius; dy <= radius; dy++)
    {
      int reach = (int) sqrt ((double) radius * radius - (double) dy * dy);

      for (int y = MAX (0, -dy); y < MIN (height, height - dy); y++)
        highest_nearby (plane + (gsize) (y + dy) * width, width, reach, grown + (gsize) y * width,
                        queue);
    }

  memcpy (plane, grown, (gsize) width * height * sizeof (float));
  g_free (queue);
  g_free (grown);
}

static void
invert (float *plane, gsize n)
{
  for (gsize i = 0; i < n; i++)
    plane[i] = 1 - plane[i];
}

/* One line of `n` values that are `stride` apart; line: of n + 2 · reach. */
static void
blur_line (float *values, int n, gsize stride, const float *kernel, int reach, float *line)
{
  for (int i = 0; i < n + 2 * reach; i++)
    line[i] = i >= reach && i < n + reach ? values[(gsize) (i - reach) * stride] : 0;
  for (int i = 0; i < n; i++)
    {
      float sum = 0;

      for (int k = 0; k <= 2 * reach; k++)
        sum += kernel[k] * line[i + k];
      values[(gsize) i * stride] = sum;
    }
}

static void
soften (float *plane, int width, int height, double feather)
{
  double sigma = feather / SIGMAS_PER_FEATHER, sum = 0;
  int    reach = (int) ceil (feather);
  float *kernel = g_new0 (float, 2 * reach + 1);
  float *line = g_new0 (float, MAX (width, height) + 2 * reach);

  for (int k = -reach; k <= reach; k++)
    sum += exp (-0.5 * k * k / (sigma * sigma));
  for (int k = -reach; k <= reach; k++)
    kernel[k + reach] = (float) (exp (-0.5 * k * k / (sigma * sigma)) / sum);

  for (int y = 0; y < height; y++)
    blur_line (plane + (gsize) y * width, width, 1, kernel, reach, line);
  for (int x = 0; x < width; x++)
    blur_line (plane + x, height, (gsize) width, kernel, reach, line);

  g_free (line);
  g_free (kernel);
}

/* --- The hole -------------------------------------------------------------------- */

static GeglRectangle
bounds_of (const float *plane, const GeglRectangle *rect)
{
  int left = rect->width, right = -1, top = rect->height, bottom = -1;

  for (int y = 0; y < rect->height; y++)
    for (int x = 0; x < rect->width; x++)
      if (plane[(gsize) y * rect->width + x] > 0)
        {
          left = MIN (left, x);
          right = MAX (right, x);
          top = MIN (top, y);
          bottom = MAX (bottom, y);
        }

  if (right < 0)
    return *GEGL_RECTANGLE (0, 0, 0, 0);
  return *GEGL_RECTANGLE (rect->x + left, rect->y + top, right - left + 1, bottom - top + 1);
}

/* Where the hole can lie, in the drawable's coordinates but not cut off at its edges: what
 * is selected beyond them grows into it. */
static gboolean
find_rect (GimpDrawable *drawable, const HoleShape *shape, GeglRectangle *rect)
{
  int      margin = ABS (shape->grow) + (int) ceil (shape->feather) + 1;
  int      offset_x, offset_y, x1, y1, x2, y2;
  gboolean non_empty;

  gimp_drawable_get_offsets (drawable, &offset_x, &offset_y);
  if (!gimp_selection_bounds (gimp_item_get_image (GIMP_ITEM (drawable)), &non_empty, &x1, &y1, &x2,
                              &y2) ||
      !non_empty)
    return FALSE;

  *rect = *GEGL_RECTANGLE (x1 - offset_x - margin, y1 - offset_y - margin, x2 - x1 + 2 * margin,
                           y2 - y1 + 2 * margin);
  /* Nothing further away can be felt in the drawable. */
  return gegl_rectangle_intersect (
    rect, rect,
    GEGL_RECTANGLE (-margin, -margin, gimp_drawable_get_width (drawable) + 2 * margin,
                    gimp_drawable_get_height (drawable) + 2 * margin));
}

/* The part of the drawable that lies in the image; FALSE where there is none. */
static gboolean
find_visible (GimpDrawable *drawable, GeglRectangle *rect)
{
  GimpImage *image = gimp_item_get_image (GIMP_ITEM (drawable));
  int        offset_x, offset_y;

  gimp_drawable_get_offsets (drawable, &offset_x, &offset_y);
  return gegl_rectangle_intersect (
    rect,
    GEGL_RECTANGLE (0, 0, gimp_drawable_get_width (drawable), gimp_drawable_get_height (drawable)),
    GEGL_RECTANGLE (-offset_x, -offset_y, gimp_image_get_width (image),
                    gimp_image_get_height (image)));
}

/* Only what counts and is visible, in the values that the format can hold: GIMP merges by
 * them. */
static void
write_plane (GeglBuffer          *hole,
             const GeglRectangle *rect,
             const GeglRectangle *visible,
             float               *plane)
{
  const Babl *format = babl_format ("Y float");
  float      *p = plane;

  for (int y = 0; y < rect->height; y++)
    for (int x = 0; x < rect->width; x++, p++)
      {
        int column = rect->x + x - visible->x, row = rect->y + y - visible->y;

        if (*p < DIFFUSION_SELECTION_MIN || column < 0 || column >= visible->width || row < 0 ||
            row >= visible->height)
          *p = 0;
      }
  gegl_buffer_set (hole, rect, 0, format, plane, GEGL_AUTO_ROWSTRIDE);
  gegl_buffer_get (hole, rect, 1.0, format, plane, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
}

GeglBuffer *
hole_new (GimpDrawable *drawable, const HoleShape *shape, GeglRectangle *region)
{
  GeglRectangle all = { 0, 0, gimp_drawable_get_width (drawable),
                        gimp_drawable_get_height (drawable) };
  GimpImage    *image = gimp_item_get_image (GIMP_ITEM (drawable));
  const Babl *format = gimp_drawable_get_format (GIMP_DRAWABLE (gimp_image_get_selection (image)));
  GeglBuffer *hole = gegl_buffer_new (&all, format);
  GeglRectangle rect, visible;
  Selection     selection;
  float        *plane;

  *region = *GEGL_RECTANGLE (0, 0, 0, 0);
  if (!find_rect (drawable, shape, &rect) || !find_visible (drawable, &visible))
    return hole;

  plane = g_new (float, (gsize) rect.width *rect.height);
  selection_open (&selection, drawable);
  selection_read (&selection, &rect, plane);
  selection_close (&selection);

  if (shape->grow > 0)
    grow (plane, rect.width, rect.height, shape->grow);
  else if (shape->grow < 0)
    {
      invert (plane, (gsize) rect.width * rect.height);
      grow (plane, rect.width, rect.height, -shape->grow);
      invert (plane, (gsize) rect.width * rect.height);
    }
  if (shape->feather > 0)
    soften (plane, rect.width, rect.height, shape->feather);

  write_plane (hole, &rect, &visible, plane);
  *region = bounds_of (plane, &rect);

  g_free (plane);
  return hole;
}

gboolean
hole_check (const GeglRectangle *region, GError **error)
{
  if (!gegl_rectangle_is_empty (region))
    return TRUE;

  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                       _ ("Nothing is left of the selection: shrink it by fewer pixels."));
  return FALSE;
}
