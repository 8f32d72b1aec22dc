/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preview.c: see preview.h.
 */
#include "preview.h"

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

  return preview;
}

void
preview_free (Preview *preview)
{
  if (preview == NULL)
    return;

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
