/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * push-pull.c: push-pull fill.
 *
 *   fill (x, w) = the weighted mean of x                       at most 2 wide or high
 *               = w·x + (1 − w)·enlarge (fill (c, min (1, 4d)))             otherwise
 *   d, c        = 2×2 means of w, and of x·w divided by max (d, 10⁻⁶)
 *
 * enlarge: twofold, bilinear, half-pixel centres, the border repeated. An odd
 * size gets one more row or column of weight 0. After each enlargement come the sweeps:
 * every pixel of weight 0 becomes the mean of its four neighbours, all at once (Jacobi's
 * iteration for Laplace's equation, the border repeated).
 */
#include "picture/push-pull.h"

#include <string.h>

#include "base/planes.h"

#define WEIGHT_MIN 1e-6f

/* The coarsest level: its weighted mean everywhere, known pixels included. */
static void
fill_with_mean (gsize size, int n_channels, float *x, const float *w)
{
  double total = 0.0;

  for (gsize i = 0; i < size; i++)
    total += w[i];

  for (int c = 0; c < n_channels; c++)
    {
      float *plane = x + c * size;
      double sum = 0.0;

      for (gsize i = 0; i < size; i++)
        sum += (double) plane[i] * w[i];
      sum /= MAX (total, WEIGHT_MIN);
      for (gsize i = 0; i < size; i++)
        plane[i] = (float) sum;
    }
}

/* Push: one plane of x under w, halved. `coarse` takes c, `coarse_w` takes d. */
static void
reduce (int width, int height, const float *x, const float *w, float *coarse, float *coarse_w)
{
  int coarse_width = (width + 1) / 2, coarse_height = (height + 1) / 2;

  for (int y = 0; y < coarse_height; y++)
    for (int x_ = 0; x_ < coarse_width; x_++)
      {
        float sum = 0.0f, weight = 0.0f;

        for (int v = 2 * y; v < MIN (2 * y + 2, height); v++)
          for (int u = 2 * x_; u < MIN (2 * x_ + 2, width); u++)
            {
              gsize i = (gsize) v * width + u;

              sum += x[i] * w[i];
              weight += w[i];
            }
        coarse[(gsize) y * coarse_width + x_] = 0.25f * sum / MAX (0.25f * weight, WEIGHT_MIN);
        coarse_w[(gsize) y * coarse_width + x_] = 0.25f * weight;
      }
}

/* Pull: x = w·x + (1 − w)·enlarge (coarse), one plane. */
static void
blend_enlarged (int width, int height, float *x, const float *w, const float *coarse)
{
  int coarse_width = (width + 1) / 2, coarse_height = (height + 1) / 2;

  for (int y = 0; y < height; y++)
    {
      int          near = y / 2, far = CLAMP (near + (y & 1 ? 1 : -1), 0, coarse_height - 1);
      const float *near_row = coarse + (gsize) near * coarse_width;
      const float *far_row = coarse + (gsize) far * coarse_width;

      for (int x_ = 0; x_ < width; x_++)
        {
          int   a = x_ / 2, b = CLAMP (a + (x_ & 1 ? 1 : -1), 0, coarse_width - 1);
          float enlarged = 0.75f * (0.75f * near_row[a] + 0.25f * near_row[b]) +
                           0.25f * (0.75f * far_row[a] + 0.25f * far_row[b]);
          gsize i = (gsize) y * width + x_;

          x[i] = w[i] * x[i] + (1.0f - w[i]) * enlarged;
        }
    }
}

/* One sweep over one plane. rows: room for two, the old values of the row above and of
 * the present one. */
static void
sweep (int width, int height, float *x, const float *w, float *rows)
{
  float *above = rows, *row = rows + width;

  memcpy (above, x, width * sizeof (float)); /* the border, repeated */
  for (int y = 0; y < height; y++)
    {
      float       *out = x + (gsize) y * width, *swap = above;
      const float *weight = w + (gsize) y * width;
      const float *below = y + 1 < height ? out + width : row;

      memcpy (row, out, width * sizeof (float));
      for (int i = 0; i < width; i++)
        {
          float left = row[MAX (i - 1, 0)], right = row[MIN (i + 1, width - 1)];
          float mean = 0.25f * (above[i] + below[i] + left + right);

          out[i] = weight[i] > 0.0f ? row[i] : mean;
        }
      above = row;
      row = swap;
    }
}

gboolean
push_pull_fill (int          width,
                int          height,
                int          n_channels,
                int          n_sweeps,
                float       *x,
                const float *w,
                GError     **error)
{
  gsize    size = (gsize) width * height;
  int      coarse_width = (width + 1) / 2, coarse_height = (height + 1) / 2;
  gsize    coarse_size = (gsize) coarse_width * coarse_height;
  float   *coarse, *coarse_w, *rows;
  gboolean done;

  if (MIN (width, height) <= 2)
    {
      fill_with_mean (size, n_channels, x, w);
      return TRUE;
    }

  coarse = planes_new (coarse_width, coarse_height, n_channels + 1, error);
  if (coarse == NULL)
    return FALSE;
  coarse_w = coarse + n_channels * coarse_size;

  for (int c = 0; c < n_channels; c++)
    reduce (width, height, x + c * size, w, coarse + c * coarse_size, coarse_w);
  for (gsize i = 0; i < coarse_size; i++)
    coarse_w[i] = MIN (1.0f, 4.0f * coarse_w[i]);

  done =
    push_pull_fill (coarse_width, coarse_height, n_channels, n_sweeps, coarse, coarse_w, error);
  rows = done ? planes_new (width, 2, 1, error) : NULL;
  for (int c = 0; rows != NULL && c < n_channels; c++)
    {
      blend_enlarged (width, height, x + c * size, w, coarse + c * coarse_size);
      for (int k = 0; k < n_sweeps; k++)
        sweep (width, height, x + c * size, w, rows);
    }

  done = rows != NULL;
  g_free (rows);
  g_free (coarse);
  return done;
}

/* Enough for the last digits of 8 bits in a hole of any shape. */
#define SMOOTH_SWEEPS 8

gboolean
diffusion_fill_smoothly (int          width,
                         int          height,
                         int          n_channels,
                         float       *planes,
                         const float *known,
                         GError     **error)
{
  return push_pull_fill (width, height, n_channels, SMOOTH_SWEEPS, planes, known, error);
}
