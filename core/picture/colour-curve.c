/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * colour-curve.c: see colour-curve.h.
 */
#include "picture/colour-curve.h"

#include <math.h>

#define LEVEL (2.0f / 255.0f)

/* Rounding to 8 bits moves a colour from its curve by a level at most; a few pixels may lie
 * elsewhere. */
#define NEAR        (1.6f * LEVEL)
#define STRAY_SHARE 0.001

static float
brightness_at (const float *picture, gsize size, gsize i)
{
  return (picture[i] + picture[size + i] + picture[2 * size + i]) / 3.0f;
}

/* Where a brightness lies between two points: the first of them, and the share of the other. */
static int
place (float brightness, float *share)
{
  /* What is not a number is taken for black: CLAMP would let it pass. */
  float at = fminf (fmaxf (0.5f * (brightness + 1.0f), 0.0f), 1.0f) * (COLOUR_CURVE_POINTS - 1);
  int   first = MIN ((int) at, COLOUR_CURVE_POINTS - 2);

  *share = at - first;
  return first;
}

/* A point without pixels differs from gray as the next ones do that have some. */
static void
bridge_gaps (ColourCurve *curve, const double *counts)
{
  int before = -1;

  for (int k = 0; k < COLOUR_CURVE_POINTS; k++)
    {
      if (counts[k] == 0.0)
        continue;
      for (int j = before + 1; j < k; j++)
        for (int c = 0; c < 3; c++)
          {
            int   from = before < 0 ? k : before;
            float share = before < 0 ? 1.0f : (float) (j - before) / (k - before);

            curve->tints[j][c] =
              (1.0f - share) * curve->tints[from][c] + share * curve->tints[k][c];
          }
      before = k;
    }
  for (int j = before + 1; j < COLOUR_CURVE_POINTS; j++)
    for (int c = 0; c < 3; c++)
      curve->tints[j][c] = curve->tints[before][c];
}

gboolean
colour_curve_is_gray (const ColourCurve *curve)
{
  for (int k = 0; k < COLOUR_CURVE_POINTS; k++)
    for (int c = 0; c < 3; c++)
      if (!(fabsf (curve->tints[k][c]) <= NEAR))
        return FALSE;
  return TRUE;
}

void
colour_curve_look_up (const ColourCurve *curve, float brightness, float colour[3])
{
  float share;
  int   k = place (brightness, &share);

  for (int c = 0; c < 3; c++)
    colour[c] = brightness + (1.0f - share) * curve->tints[k][c] + share * curve->tints[k + 1][c];
}

gboolean
colour_curve_has (const ColourCurve *curve, float brightness, const float colour[3])
{
  float right[3];

  colour_curve_look_up (curve, brightness, right);
  for (int c = 0; c < 3; c++)
    if (!(fabsf (colour[c] - right[c]) <= NEAR))
      return FALSE;
  return TRUE;
}

gboolean
colour_curve_find (ColourCurve *curve,
                   int          width,
                   int          height,
                   const float *picture,
                   const float *hole)
{
  gsize  size = (gsize) width * height, n = 0, n_stray = 0;
  double sums[COLOUR_CURVE_POINTS][3] = { { 0.0 } }, counts[COLOUR_CURVE_POINTS] = { 0.0 };

  /* What a channel differs from the brightness by hardly changes from point to point: so much
   * is averaged around each. */
  for (gsize i = 0; i < size; i++)
    {
      float brightness, share;
      int   k;

      if (hole[i] != 0.0f)
        continue;
      brightness = brightness_at (picture, size, i);
      k = place (brightness, &share);
      for (int j = 0; j <= 1; j++)
        {
          double weight = j == 0 ? 1.0 - share : share;

          counts[k + j] += weight;
          for (int c = 0; c < 3; c++)
            sums[k + j][c] += weight * (picture[c * size + i] - brightness);
        }
      n++;
    }
  if (n == 0)
    return FALSE;
  for (int k = 0; k < COLOUR_CURVE_POINTS; k++)
    for (int c = 0; c < 3 && counts[k] > 0.0; c++)
      curve->tints[k][c] = (float) (sums[k][c] / counts[k]);
  bridge_gaps (curve, counts);

  for (gsize i = 0; i < size; i++)
    {
      float colour[3] = { picture[i], picture[size + i], picture[2 * size + i] };

      n_stray +=
        hole[i] == 0.0f && !colour_curve_has (curve, brightness_at (picture, size, i), colour);
    }
  return n_stray <= STRAY_SHARE * n;
}

void
colour_curve_apply (const ColourCurve *curve, gsize n, float *picture)
{
  for (gsize i = 0; i < n; i++)
    {
      float colour[3];

      colour_curve_look_up (curve, brightness_at (picture, n, i), colour);
      for (int c = 0; c < 3; c++)
        picture[c * n + i] = CLAMP (colour[c], -1.0f, 1.0f);
    }
}
