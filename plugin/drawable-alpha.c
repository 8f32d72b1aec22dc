/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-alpha.c: see drawable-alpha.h.
 *
 * The membrane is stretched at a size where it fits into little memory, 1 / 2^scale
 * of the picture's; it is smooth, so it can be enlarged. Alpha that is the same all
 * around stays what it is to the last bit. Where most of it has one of two values there is an edge,
 * hard or feathered, of something that was cut out: it goes on where the membrane is halfway between
 * them, and as soft as it is outside.
 */
#include "drawable-alpha.h"

#include <math.h>

#include "diffusion.h"
#include "selection.h"
#include "strips.h"

/* Pixels of the membrane, at most about. */
#define MEMBRANE_PIXELS (1 << 19)

/* Pixels around the region that are looked at: so far a soft edge shows how soft it is. */
#define AROUND 8

/* An edge: at most so many lie between the two values, a share. Chosen on every other of the shapes:
 * circles, lines, text, brushes, gradients. */
#define EDGE_BETWEEN 0.2
#define BINS         256

struct DrawableAlpha
{
  GeglRectangle around; /* of the picture, what is looked at */
  GeglRectangle area;   /* of that, what the membrane covers */
  int           scale, width, height;
  float        *values, *weights;
  float         least, most;     /* of what is known around */
  float         nearest[2];      /* the same of what is next to the region */
  guint64       counts[BINS];    /* of what is known, by its value */
  double        slopes, squares; /* sums of the slope between neighbours and its square */
  float        *above;           /* the row before; not a number: not known */
  float         softness;        /* of an edge: pixels from one value to the other, ≥ 1; 0: none */
};

/* To the sums in `values` and their numbers in `weights`. */
static void
add_to_membrane (DrawableAlpha *alpha, int x, int y, float value)
{
  gsize i;

  x -= alpha->area.x;
  y -= alpha->area.y;
  if (x < 0 || y < 0 || x >= alpha->area.width || y >= alpha->area.height)
    return;
  i = (gsize) (y >> alpha->scale) * alpha->width + (x >> alpha->scale);
  alpha->values[i] += value;
  alpha->weights[i]++;
  alpha->nearest[0] = MIN (alpha->nearest[0], value);
  alpha->nearest[1] = MAX (alpha->nearest[1], value);
}

static void
add_row (DrawableAlpha *alpha, int y, const float *pixels, const float *selection)
{
  float left = NAN;

  for (int x = 0; x < alpha->around.width; x++)
    {
      float value = pixels[2 * x + 1], slope;

      if (selection[x] >= DIFFUSION_SELECTION_MIN || !isfinite (value))
        {
          alpha->above[x] = left = NAN;
          continue;
        }
      value = CLAMP (value, 0, 1);
      slope = hypotf (value - left, value - alpha->above[x]);
      if (slope > 0) /* not a number is not */
        {
          alpha->slopes += slope;
          alpha->squares += slope * slope;
        }
      alpha->above[x] = left = value;
      add_to_membrane (alpha, alpha->around.x + x, y, value);
      alpha->least = MIN (alpha->least, value);
      alpha->most = MAX (alpha->most, value);
      alpha->counts[(int) (value * (BINS - 1) + 0.5f)]++;
    }
}

static void
add_picture (DrawableAlpha *alpha, GeglBuffer *pixels, GeglBuffer *selection)
{
  gsize         n = strips_max_pixels (&alpha->around);
  float        *gray_alpha = g_new (float, 2 * n);
  float        *selected = g_new (float, n);
  GeglRectangle strip;

  for (strips_first (&alpha->around, &strip); strip.height > 0;
       strips_next (&alpha->around, &strip))
    {
      gegl_buffer_get (pixels, &strip, 1.0, babl_format ("YA float"), gray_alpha,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_get (selection, &strip, 1.0, babl_format ("Y float"), selected,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      for (int y = 0; y < strip.height; y++)
        add_row (alpha, strip.y + y, gray_alpha + 2 * (gsize) y * strip.width,
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
  guint64 n = 0, n_between = 0;

  for (int i = first; i <= last; i++)
    {
      n += alpha->counts[i];
      if (i > first + 1 && i < last - 1)
        n_between += alpha->counts[i];
    }
  return (double) n_between <= EDGE_BETWEEN * (double) n;
}

/* The mean slope, each weighed by what it rises, is that of the edge. */
static float
softness (const DrawableAlpha *alpha)
{
  double slope = alpha->slopes > 0 ? alpha->squares / alpha->slopes : 1;

  return (float) MAX ((alpha->most - alpha->least) / slope, 1);
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
  gegl_rectangle_intersect (&alpha->around, extent,
                            GEGL_RECTANGLE (region->x - AROUND, region->y - AROUND,
                                            region->width + 2 * AROUND,
                                            region->height + 2 * AROUND));
  do
    {
      alpha->width = ((alpha->area.width - 1) >> alpha->scale) + 1;
      alpha->height = ((alpha->area.height - 1) >> alpha->scale) + 1;
    }
  while ((gint64) alpha->width * alpha->height > MEMBRANE_PIXELS && ++alpha->scale);

  alpha->values = g_new0 (float, (gsize) alpha->width * alpha->height);
  alpha->weights = g_new0 (float, (gsize) alpha->width * alpha->height);
  alpha->above = g_new (float, alpha->around.width);
  for (int x = 0; x < alpha->around.width; x++)
    alpha->above[x] = NAN;
  alpha->least = alpha->nearest[0] = 2;
  alpha->most = alpha->nearest[1] = -1;
  add_picture (alpha, pixels, selection);

  if (alpha->nearest[1] < 0)
    g_clear_pointer (&alpha, drawable_alpha_free);
  else if (alpha->nearest[0] == alpha->nearest[1])
    alpha->least = alpha->most = alpha->nearest[0];
  else
    {
      alpha->softness = is_edge (alpha) ? softness (alpha) : 0;
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
  if (alpha->softness == 0)
    return value;

  /* The distance from it; a hard one has a pixel's share that lies on one side. */
  slope = 0.5f * hypotf (membrane_at (alpha, x + 1, y) - membrane_at (alpha, x - 1, y),
                         membrane_at (alpha, x, y + 1) - membrane_at (alpha, x, y - 1));
  value = (value - 0.5f * (alpha->least + alpha->most)) / MAX (slope * alpha->softness, 1e-6f);
  return alpha->least + range * CLAMP (0.5f + value, 0, 1);
}
