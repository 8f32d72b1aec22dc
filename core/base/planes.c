/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * planes.c: planar float pictures.
 */
#include "base/planes.h"

#include <string.h>

#include <glib/gi18n-lib.h>

float *
planes_new (int width, int height, int n_planes, GError **error)
{
  gsize  n = 0;
  float *planes = NULL;

  g_return_val_if_fail (width > 0 && height > 0 && n_planes > 0, NULL);

  if (g_size_checked_mul (&n, (gsize) width, (gsize) height) &&
      g_size_checked_mul (&n, n, (gsize) n_planes) && g_size_checked_mul (&n, n, sizeof (float)))
    planes = g_try_malloc (n);

  if (planes == NULL)
    g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
                 _ ("There is not enough memory for a region of %d × %d pixels: select less, or "
                    "close other pictures."),
                 width, height);
  return planes;
}

void
planes_cut (const float         *source,
            int                  source_width,
            int                  source_height,
            int                  n_planes,
            const DiffusionRect *window,
            float               *out)
{
  for (int c = 0; c < n_planes; c++)
    for (int y = 0; y < window->height; y++)
      {
        memcpy (out,
                source + ((gsize) c * source_height + window->y + y) * source_width + window->x,
                window->width * sizeof (float));
        out += window->width;
      }
}

gboolean
planes_rect_inside (const DiffusionRect *inner, int width, int height)
{
  return inner->x >= 0 && inner->y >= 0 && inner->width > 0 && inner->height > 0 &&
         inner->x < width && inner->y < height && inner->width <= width - inner->x &&
         inner->height <= height - inner->y;
}
