/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-alpha.c: see drawable-alpha.h.
 *
 * The membrane is stretched at a size where it fits into little memory, 1 / 2^scale
 * of the picture's; it is smooth, so it can be enlarged. Alpha that is the same all
 * around stays what it is to the last bit. Where nearly all of it has one of two values, and what
 * lies between them rises within a pixel or two, there is an edge, of something that was cut out:
 * it goes on where the membrane is halfway between them.
 */
#include "drawable-alpha.h"

#include <math.h>

#include "diffusion.h"
#include "selection.h"
#include "strips.h"

/* Pixels of the membrane, at most about. */
#define MEMBRANE_PIXELS (1 << 19)

/* An edge: the two values are so far apart, and at most so many others lie between them, a share:
 * those that are antialiased. */
#define EDGE_RANGE   0.1f
#define EDGE_BETWEEN 0.1
#define BINS         256

/* And of all steps from a known pixel to the next this share is steep: a third of the range. */
#define EDGE_STEEP 0.5

struct DrawableAlpha
{
  GeglRectangle area; /* of the picture, that the membrane covers */
  int           scale, width, height;
  float        *values, *weights;
  float         least, most;  /* of what is known */
  guint64       counts[BINS]; /* of what is known, by its value */
  double        rises[BINS];  /* the sum of the steps between neighbours, by their height */
  float        *above;        /* the row before; not a number: not known */
  gboolean      has_edge;
};

static void
add_step (DrawableAlpha *alpha, float from, float to)
{
  float step = fabsf (to - from);

  if (step > 0) /* not a number is not */
    alpha->rises[(int) (step * (BINS - 1) + 0.5f)] += step;
}

/* Adds a row of the picture to the sums in `values` and their numbers in `weights`. */
static void
add_row (DrawableAlpha *alpha, int y, const float *pixels, const float *selection)
{
  gsize row = (gsize) (y >> alpha->scale) * alpha->width;
  float left = NAN;

  for (int x = 0; x < alpha->area.width; x++)
    {
      float value = pixels[2 * x + 1];

      if (selection[x] >= DIFFUSION_SELECTION_MIN || !isfinite (value))
        {
          alpha->above[x] = left = NAN;
          continue;
        }
      value = CLAMP (value, 0, 1);
      add_step (alpha, left, value);
      add_step (alpha, alpha->above[x], value);
      alpha->above[x] = left = value;
      alpha->values[row + (x >> alpha->scale)] += value;
      alpha->weights[row + (x >> alpha->scale)]++;
      alpha->least = MIN (alpha->least, value);
      alpha->most = MAX (alpha->most, value);
      alpha->counts[(int) (value * (BINS - 1) + 0.5f)]++;
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
is_edge (const DrawableAlpha *alpha)
{
  int     first = (int) (alpha->least * (BINS - 1) + 0.5f);
  int     last = (int) (alpha->most * (BINS - 1) + 0.5f);
  int     steep = MAX ((last - first) / 3, 1);
  guint64 n = 0, n_between = 0;
  double  rise = 0, rise_steep = 0;

  for (int i = first; i <= last; i++)
    {
      n += alpha->counts[i];
      if (i > first + 1 && i < last - 1)
        n_between += alpha->counts[i];
    }
  for (int i = 0; i < BINS; i++)
    {
      rise += alpha->rises[i];
      rise_steep += i >= steep ? alpha->rises[i] : 0;
    }
  return alpha->most - alpha->least >= EDGE_RANGE &&
         (double) n_between <= EDGE_BETWEEN * (double) n && rise_steep >= EDGE_STEEP * rise;
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
  alpha->above = g_new (float, alpha->area.width);
  for (int x = 0; x < alpha->area.width; x++)
    alpha->above[x] = NAN;
  alpha->least = 2;
  alpha->most = -1;
  add_picture (alpha, pixels, selection);

  if (alpha->most < 0)
    g_clear_pointer (&alpha, drawable_alpha_free);
  else if (alpha->least < alpha->most)
    {
      alpha->has_edge = is_edge (alpha);
      ok = stretch (alpha, error);
    }

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

  g_free (alpha->above);
  g_free (alpha->weights);
  g_free (alpha->values);
  g_free (alpha);
}

/* Bilinear between the middles of the membrane's pixels. */
static float
membrane_at (const DrawableAlpha *alpha, int x, int y)
{
  const float *values = alpha->values;
  float        u, v;
  int          left, right, top, bottom;

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

float
drawable_alpha_at (const DrawableAlpha *alpha, int x, int y)
{
  float range = alpha->most - alpha->least, value, slope;

  if (range == 0)
    return alpha->most;
  value = membrane_at (alpha, x, y);
  if (!alpha->has_edge)
    return value;

  /* As a pixel's share that lies on one side of it. */
  slope = 0.5f * hypotf (membrane_at (alpha, x + 1, y) - membrane_at (alpha, x - 1, y),
                         membrane_at (alpha, x, y + 1) - membrane_at (alpha, x, y - 1));
  value = (value - 0.5f * (alpha->least + alpha->most)) / MAX (slope, 1e-6f);
  return alpha->least + range * CLAMP (0.5f + value, 0, 1);
}
