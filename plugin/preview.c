/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preview.c: see preview.h.
 */
#include "preview.h"

#include <math.h>
#include <string.h>

#include "drawable-pixels.h"
#include "strips.h"

/* The surroundings shown on each side, as a share of the region's size. */
#define SURROUNDINGS 0.25

Preview *
preview_new (DrawableIo *io, GError **error)
{
  Preview *preview = g_new0 (Preview, 1);
  int      border = (int) (SURROUNDINGS * MAX (io->region.width, io->region.height)) + 1;
  double   scale;

  gegl_rectangle_intersect (&preview->rect, GEGL_RECTANGLE (0, 0, io->width, io->height),
                            GEGL_RECTANGLE (io->region.x - border, io->region.y - border,
                                            io->region.width + 2 * border,
                                            io->region.height + 2 * border));

  scale = MIN (1, (double) PREVIEW_SIZE / MAX (preview->rect.width, preview->rect.height));
  preview->width = MAX (1, (int) (preview->rect.width * scale + 0.5));
  preview->height = MAX (1, (int) (preview->rect.height * scale + 0.5));
  preview->rgb = g_new0 (guchar, (gsize) preview->width * preview->height * 3);
  preview->fish = babl_fish (
    babl_format_with_space (io->n_channels == 1 ? "Y~ float" : "R~G~B~ float", io->format),
    babl_format ("R'G'B' u8"));

  if (!drawable_io_get_picture (io, &preview->rect, preview->width, preview->height, preview->rgb,
                                error))
    {
      preview_free (preview);
      return NULL;
    }

  preview->original = g_memdup2 (preview->rgb, (gsize) preview->width * preview->height * 3);
  return preview;
}

void
preview_free (Preview *preview)
{
  if (preview == NULL)
    return;

  g_free (preview->result);
  g_free (preview->original);
  g_free (preview->rgb);
  g_free (preview);
}

/* The position in the drawable under the middle of a pixel of the picture. */
static int
position (int pixel, int picture_size, int start, int size)
{
  return start + (int) ((pixel + 0.5) * size / picture_size);
}

void
preview_paste (Preview *preview, const DiffusionStep *step)
{
  const DiffusionRect *window = &step->window;
  const GeglRectangle *rect = &preview->rect;
  gsize                plane = (gsize) window->width * window->height;
  float               *row = g_new (float, (gsize) preview->width * step->n_channels);

  for (int j = 0; j < preview->height; j++)
    {
      int    y = position (j, preview->height, rect->y, rect->height) - window->y;
      int    first = -1;
      float *to = row;

      if (y < 0 || y >= window->height)
        continue;

      for (int i = 0; i < preview->width; i++)
        {
          int x = position (i, preview->width, rect->x, rect->width) - window->x;

          if (x < 0 || x >= window->width)
            continue;
          if (first < 0)
            first = i;
          for (int c = 0; c < step->n_channels; c++)
            *to++ = step->x0[c * plane + (gsize) y * window->width + x];
        }

      if (first >= 0)
        babl_process (preview->fish, row, preview->rgb + ((gsize) j * preview->width + first) * 3,
                      (to - row) / step->n_channels);
    }

  g_free (row);
}

void
preview_restart (Preview *preview)
{
  memcpy (preview->rgb, preview->original, (gsize) preview->width * preview->height * 3);
}

/* n pixels with alpha, `above` over `below`. */
static void
put_above (const float *below, float *above, int size, gsize n)
{
  for (gsize i = 0; i < n; i++, below += size, above += size)
    {
      float alpha = above[size - 1] + below[size - 1] * (1 - above[size - 1]);
      float share = alpha > 0 ? above[size - 1] / alpha : 0;

      for (int c = 0; c < size - 1; c++)
        above[c] = below[c] + (above[c] - below[c]) * share;
      above[size - 1] = alpha;
    }
}

void
preview_draw_result (Preview *preview, const DrawableIo *io)
{
  gsize       bytes = babl_format_get_bytes_per_pixel (io->format);
  int         size = io->n_channels + 1;
  gsize       most = strips_max_pixels (&io->region);
  guchar     *old = g_malloc (most * bytes), *result = g_malloc (most * bytes);
  float      *mask = g_new (float, most);
  float      *below = g_new (float, most *size), *above = g_new (float, most *size);
  GeglBuffer *seen = io->visible ? io->visible : io->pixels;
  GeglBuffer *whole = gegl_buffer_new (&preview->rect, gegl_buffer_get_format (seen));
  double      scale = (double) preview->width / preview->rect.width;

  GeglRectangle strip;

  gegl_buffer_copy (seen, &preview->rect, GEGL_ABYSS_NONE, whole, &preview->rect);

  for (strips_first (&io->region, &strip); strip.height > 0; strips_next (&io->region, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      drawable_pixels_read_result (io, &strip, old, result, mask);
      if (io->visible)
        {
          babl_process (babl_fish (io->format, io->float_format), result, above, (glong) n);
          gegl_buffer_get (io->visible, &strip, 1.0, io->float_format, below, GEGL_AUTO_ROWSTRIDE,
                           GEGL_ABYSS_NONE);
          put_above (below, above, size, n);
          gegl_buffer_set (whole, &strip, 0, io->float_format, above, GEGL_AUTO_ROWSTRIDE);
        }
      else
        gegl_buffer_set (whole, &strip, 0, io->format, result, GEGL_AUTO_ROWSTRIDE);
    }

  if (preview->result == NULL)
    preview->result = g_malloc ((gsize) preview->width * preview->height * 3);
  gegl_buffer_get (
    whole,
    GEGL_RECTANGLE ((int) floor (preview->rect.x * scale), (int) floor (preview->rect.y * scale),
                    preview->width, preview->height),
    scale, babl_format ("R'G'B' u8"), preview->result, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_CLAMP);
  g_object_unref (whole);
  g_free (above);
  g_free (below);
  g_free (mask);
  g_free (result);
  g_free (old);
}
