/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawing.c: see drawing.h.
 */
#include "denoise/drawing.h"

#include <math.h>

#define SIDE   8
#define PLACES ((SIDE - 2) * (SIDE - 2))

/* Share of windows with flat places: noise of σ = 2 has 0.07, and a frame around it makes more. */
#define FLAT_WINDOWS 0.3

/* Share of flat places that are clipped, beside so many times what chance would have. Less would
 * find drawings with less ground. A photograph of which all is clipped in part has them
 * too, so other windows have to be rare. */
#define FLAT_MIN      0.01
#define OVER_CHANCE   1.5
#define UNCLIPPED_MAX 0.2
#define CLIPPED_LEAST (SIDE * SIDE / 20)

/* The geometric mean of the energies of white noise is 0.28 of their mean, as that of χ² of one
 * degree is. Where half of the windows have less than a quarter of it they are made of waves:
 * rings, gratings, weaves. */
#define WAVES (0.28f / 4)

/* In half of the windows values meet so many times as often as in half-clipped noise: 0.56 / σ. */
#define MEETINGS 1.5

/* The same for a ground: noise of half a level has that many. */
#define GROUND 0.5

/* A flat place in a window whose values are so far apart is a ground beside a stroke: in
 * photographs the noise, the lens and JPEG reach as far as that. Share of windows that have one:
 * photographs have next to none, but for a caption. */
#define STROKE  48.0f
#define STROKES 0.2

/* The pixel in all channels: −1 black, 1 white, 0 other. */
static int
end_of (const float *pixel, gsize plane, int n_channels)
{
  gboolean black = TRUE, white = TRUE;

  for (int c = 0; c < n_channels; c++)
    {
      black &= pixel[c * plane] <= 0.0f;
      white &= pixel[c * plane] >= 255.0f;
    }
  return white - black;
}

static gboolean
is_flat (const float *middle, int stride, gsize plane, int n_channels)
{
  for (int c = 0; c < n_channels; c++, middle += plane)
    for (int y = -1; y <= 1; y++)
      for (int x = -1; x <= 1; x++)
        if (middle[y * stride + x] != *middle)
          return FALSE;
  return TRUE;
}

void
drawing_add (Drawing     *drawing,
             const float *pixels,
             int          stride,
             gsize        plane,
             int          n_channels,
             float        evenness)
{
  const float *middle = pixels + (n_channels == 3 ? plane : 0);
  float        values[SIDE * SIDE], least = 255.0f, most = 0.0f;
  int          n_black = 0, n_white = 0, n_values = 0, n_flat = 0, n_flat_clipped = 0;
  int          n_equal = 0;

  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      {
        gsize place = (gsize) y * stride + x;
        int   end = end_of (pixels + place, plane, n_channels);

        least = MIN (least, middle[place]);
        most = MAX (most, middle[place]);
        n_black += end < 0;
        n_white += end > 0;
        if (middle[place] > 0.0f && middle[place] < 255.0f)
          values[n_values++] = middle[place];
        if (x > 0 && y > 0 && x + 1 < SIDE && y + 1 < SIDE &&
            is_flat (pixels + place, stride, plane, n_channels))
          {
            n_flat += end == 0;
            n_flat_clipped += end != 0;
          }
      }
  drawing->n_windows++;
  drawing->n_waves += evenness < WAVES;
  drawing->n_unclipped += n_black + n_white < CLIPPED_LEAST;
  drawing->n_flat += n_flat > 0;
  drawing->n_strokes += n_flat > 0 && most - least >= STROKE;
  drawing->flat_clipped += (double) n_flat_clipped / PLACES;
  drawing->chance +=
    pow ((double) n_black / (SIDE * SIDE), 9) + pow ((double) n_white / (SIDE * SIDE), 9);
  if (n_values < 2)
    return;
  for (int i = 0; i < n_values; i++)
    for (int j = 0; j < i; j++)
      n_equal += values[i] == values[j];
  drawing->n_between++;
  drawing->meetings[2 * DRAWING_BINS * n_equal / (n_values * (n_values - 1))]++;
}

/* In more than half of the windows more than `share` of the pairs meet. */
static gboolean
meets (const Drawing *drawing, double share)
{
  int n = 0;

  for (int i = (int) ceil (DRAWING_BINS * share); i <= DRAWING_BINS; i++)
    n += drawing->meetings[i];
  return 2 * n > drawing->n_between;
}

gboolean
drawing_has_ground (const Drawing *drawing)
{
  return meets (drawing, GROUND) || drawing->n_strokes > STROKES * drawing->n_windows;
}

gboolean
drawing_shows (const Drawing *drawing, double sigma)
{
  double n = drawing->n_windows;

  return drawing->n_flat > FLAT_WINDOWS * n || meets (drawing, MEETINGS * 0.56 / sigma) ||
         drawing->n_waves > 0.5 * n ||
         (drawing->n_unclipped < UNCLIPPED_MAX * n &&
          drawing->flat_clipped > FLAT_MIN * n + OVER_CHANCE * drawing->chance);
}
