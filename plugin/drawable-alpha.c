/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-alpha.c: see drawable-alpha.h.
 *
 * The membrane is stretched at a size where it fits into little memory, 1 / 2^scale
 * of the picture's; it is smooth, so it can be enlarged. Alpha that is the same all
 * around stays what it is to the last bit.
 */
#include "drawable-alpha.h"

#include <math.h>

#include "diffusion.h"
#include "selection.h"
#include "strips.h"

/* Pixels of the membrane, at most about. */
#define MEMBRANE_PIXELS (1 << 19)

struct DrawableAlpha
{
  GeglRectangle area; /* of the picture, that the membrane covers */
  int           scale, width, height;
  float        *values, *weights;
  float         least, most; /* of what is known */
};

/* Adds a row of the picture to the sums in `values` and their numbers in `weights`. */
static void
add_row (DrawableAlpha *alpha, int y, const float *pixels, const float *selection)
{
  gsize row = (gsize) (y >> alpha->scale) * alpha->width;

  for (int x = 0; x < alpha->area.width; x++)
    {
      float value = pixels[2 * x + 1];

      if (selection[x] >= DIFFUSION_SELECTION_MIN || !isfinite (value))
        continue;
      value = CLAMP (value, 0, 1);
      alpha->values[row + (x >> alpha->scale)] += value;
      alpha->weights[row + (x >> alpha->scale)]++;
      alpha->least = MIN (alpha->least, value);
      alpha->most = MAX (alpha->most, value);
    }
}

static void
add_picture (DrawableAlpha *alpha, GeglBuffer *pixels, GeglBuffer *selection)
{
  gsize         n = strips_max_pixels (&alpha->area);
  float        *gray_alpha = g_new (float, 2 * n);
  float        *selected = g_new (float, n);
  GeglRectangle strip;

  for (strips_first (&alpha->area, &strip); strip.height > 0; strips_next (&alpha->area, &strip))
    {
      gegl_buffer_get (pixels, &strip, 1.0, babl_format ("YA float"), gray_alpha,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_get (selection, &strip, 1.0, babl_format ("Y float"), selected,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      for (int y = 0; y < strip.height; y++)
        add_row (alpha, strip.y - alpha->area.y + y, gray_alpha + 2 * (gsize) y * strip.width,
                 selected + (gsize) y * strip.width);
    }

  g_free (selected);
  g_free (gray_alpha);
}

static gboolean
stretch (DrawableAlpha *alpha, GError **error)
{
  gsize n = (gsize) alpha->width * alpha->height;

  for (gsize i = 0; i < n; i++)
    if (alpha->weights[i] > 0)
      {
        alpha->values[i] /= alpha->weights[i];
        alpha->weights[i] = 1;
      }

  return diffusion_fill_smoothly (alpha->width, alpha->height, 1, alpha->values, alpha->weights,
                                  error);
}

gboolean
drawable_alpha_new (GeglBuffer          *pixels,
                    GeglBuffer          *selection,
                    const GeglRectangle *region,
                    const GeglRectangle *extent,
                    DrawableAlpha      **result,
                    GError             **error)
{
  DrawableAlpha *alpha = g_new0 (DrawableAlpha, 1);
  gboolean       ok = TRUE;

  gegl_rectangle_intersect (
    &alpha->area, extent,
    GEGL_RECTANGLE (region->x - 1, region->y - 1, region->width + 2, region->height + 2));
  do
    {
      alpha->width = ((alpha->area.width - 1) >> alpha->scale) + 1;
      alpha->height = ((alpha->area.height - 1) >> alpha->scale) + 1;
    }
  while ((gint64) alpha->width * alpha->height > MEMBRANE_PIXELS && ++alpha->scale);

  alpha->values = g_new0 (float, (gsize) alpha->width * alpha->height);
  alpha->weights = g_new0 (float, (gsize) alpha->width * alpha->height);
  alpha->least = 2;
  alpha->most = -1;
  add_picture (alpha, pixels, selection);

  if (alpha->most < 0)
    g_clear_pointer (&alpha, drawable_alpha_free);
  else if (alpha->least < alpha->most)
    ok = stretch (alpha, error);

  if (!ok)
    g_clear_pointer (&alpha, drawable_alpha_free);
  *result = alpha;
  return ok;
}

void
drawable_alpha_free (DrawableAlpha *alpha)
{
  if (alpha == NULL)
    return;

  g_free (alpha->weights);
  g_free (alpha->values);
  g_free (alpha);
}

float
drawable_alpha_at (const DrawableAlpha *alpha, int x, int y)
{
  const float *values = alpha->values;
  float        u, v;
  int          left, right, top, bottom;

  if (alpha->least == alpha->most)
    return alpha->most;

  /* Bilinear between the middles of the membrane's pixels. */
  u = ((float) (x - alpha->area.x) + 0.5f) / (float) (1 << alpha->scale) - 0.5f;
  v = ((float) (y - alpha->area.y) + 0.5f) / (float) (1 << alpha->scale) - 0.5f;
  u = CLAMP (u, 0, (float) (alpha->width - 1));
  v = CLAMP (v, 0, (float) (alpha->height - 1));
  left = (int) u;
  top = (int) v;
  right = MIN (left + 1, alpha->width - 1);
  bottom = MIN (top + 1, alpha->height - 1);
  u -= (float) left;
  v -= (float) top;

  return (1 - v) * ((1 - u) * values[(gsize) top * alpha->width + left] +
                    u * values[(gsize) top * alpha->width + right]) +
         v * ((1 - u) * values[(gsize) bottom * alpha->width + left] +
              u * values[(gsize) bottom * alpha->width + right]);
}
