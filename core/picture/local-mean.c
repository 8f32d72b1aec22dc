/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * local-mean.c: sums over cells of CELL² pixels, smoothed over their neighbours, give a
 * correction in the middle of each cell, interpolated between.
 */
#include "picture/local-mean.h"

#include <math.h>
#include <string.h>

#include "base/planes.h"
#include "base/workers.h"

/* Pixels; the coarser they are the more it matters where the first one begins. */
#define CELL 4

/* Two boxes of 2·RADIUS + 1 cells one after the other: a triangle that averages as many
 * pixels as a square of 54². A larger one lets a block's mean change more from one cut to
 * another, a smaller one puts noise back (test-denoise; tests/measure/denoise-accuracy.py). */
#define RADIUS 4

/* A correction counts in full where at least this share of the triangle is seen: in the
 * corner of a picture. Of tiny pictures, whose mean is mostly noise, it is less. */
#define LEAST_SHARE 0.25f

/* What falls short of the expected by this much does so by chance. */
#define ENOUGH 1.25f

/* The correction is a step of Newton's method, and the bias is no straight line. What
 * changes from cell to cell goes step by step, too. */
#define ITERATIONS 5

/* --- Clipped noise ------------------------------------------------------------- */

#define TABLE_SIZE 256

/* By x in steps of 1/TABLE_SIZE, with z ~ N (0, 1) and y = clip (x + σz). */
typedef struct
{
  float bias[TABLE_SIZE + 1];     /* E[y] − x */
  float variance[TABLE_SIZE + 1]; /* E[(y − x)²] */
  float clipped[TABLE_SIZE + 1];  /* P(x + σz is beyond 0…1), which is 1 − dE[y]/dx */
} ClippedNoise;

/* The part of one end, a standard deviations away. */
static void
add_end (ClippedNoise *noise, int i, double a, double sigma, double sign)
{
  double beyond = 0.5 * erfc (a * sqrt (0.5)), density = exp (-0.5 * a * a) / sqrt (2.0 * G_PI);

  noise->bias[i] += (float) (sign * sigma * (density - a * beyond));
  noise->variance[i] -= (float) (sigma * sigma * (beyond + a * density - a * a * beyond));
  noise->clipped[i] += (float) beyond;
}

static void
clipped_noise_init (ClippedNoise *noise, float sigma)
{
  for (int i = 0; i <= TABLE_SIZE; i++)
    {
      double x = (double) i / TABLE_SIZE;

      noise->bias[i] = noise->clipped[i] = 0.0f;
      noise->variance[i] = sigma * sigma;
      add_end (noise, i, x / sigma, sigma, 1.0);
      add_end (noise, i, (1.0 - x) / sigma, sigma, -1.0);
    }
}

/* --- Cells --------------------------------------------------------------------- */

enum
{
  N_PIXELS,   /* pixels that count */
  RESIDUAL,   /* Σ y − x̂_0 */
  RESIDUAL_2, /* Σ (y − x̂_0)² */
  BIAS,       /* what it would be with clipped noise: Σ bias */
  VARIANCE,   /* Σ variance */
  BEYOND,     /* pixels beyond 0…1 */
  CLIPPED,    /* what would be beyond without clipping: Σ clipped */
  N_SUMS,
};

typedef struct
{
  int    width, height; /* in cells */
  float *sums;          /* N_SUMS × height × width */
} Cells;

static void
sum_pixels (Cells              *cells,
            const ClippedNoise *noise,
            int                 width,
            int                 height,
            const float        *picture,
            const float        *alpha,
            const float        *x0)
{
  gsize n_cells = (gsize) cells->width * cells->height;

  memset (cells->sums, 0, N_SUMS * n_cells * sizeof (float));
  for (int y = 0; y < height; y++)
    for (int left = 0; left < width; left += CELL)
      {
        float *cell = cells->sums + (gsize) (y / CELL) * cells->width + left / CELL;
        float  sum[N_SUMS] = { 0 };

        for (int x = left; x < MIN (left + CELL, width); x++)
          {
            gsize p = (gsize) y * width + x;
            float residual = picture[p] - x0[p];
            int   i = (int) (x0[p] * TABLE_SIZE + 0.5f);

            if (alpha[p] == 0.0f)
              continue;
            sum[N_PIXELS] += 1.0f;
            sum[RESIDUAL] += residual;
            sum[RESIDUAL_2] += residual * residual;
            sum[BIAS] += noise->bias[i];
            sum[VARIANCE] += noise->variance[i];
            sum[BEYOND] += picture[p] < 0.0f || picture[p] > 1.0f;
            sum[CLIPPED] += noise->clipped[i];
          }
        for (int k = 0; k < N_SUMS; k++)
          cell[k * n_cells] += sum[k];
      }
}

/* The means of 2·RADIUS + 1 values `step` apart, of n; beyond the ends lie zeros.
 * before (n + 1): what stands before each of them sums to. */
static void
smooth_line (float *line, int n, int step, double *before)
{
  before[0] = 0.0;
  for (int i = 0; i < n; i++)
    before[i + 1] = before[i] + line[(gsize) i * step];
  for (int i = 0; i < n; i++)
    line[(gsize) i * step] =
      (float) ((before[MIN (i + RADIUS + 1, n)] - before[MAX (i - RADIUS, 0)]) / (2 * RADIUS + 1));
}

static void
smooth_sums (Cells *cells)
{
  int     w = cells->width, h = cells->height;
  double *before = g_new (double, MAX (w, h) + 1);

  for (int s = 0; s < N_SUMS; s++)
    for (int pass = 0; pass < 2; pass++)
      {
        float *sums = cells->sums + (gsize) s * w * h;

        for (int y = 0; y < h; y++)
          smooth_line (sums + (gsize) y * w, w, 1, before);
        for (int x = 0; x < w; x++)
          smooth_line (sums + x, h, w, before);
      }
  g_free (before);
}

/* What is to be added to x̂_0 in cell i so that the mean of what clipped noise would make
 * of it is that of the picture. */
static float
correction (const Cells *cells, gsize i)
{
  gsize n_cells = (gsize) cells->width * cells->height;
  float sum[N_SUMS], noise, seen_beyond, share;

  for (int s = 0; s < N_SUMS; s++)
    sum[s] = cells->sums[s * n_cells + i];

  noise = MIN (ENOUGH * sum[RESIDUAL_2] / MAX (sum[VARIANCE], 1e-12f), 1.0f);
  seen_beyond = MIN (ENOUGH * sum[BEYOND] / MAX (sum[CLIPPED], 1e-12f), 1.0f);
  share = noise * (1.0f - seen_beyond);
  return (sum[RESIDUAL] - share * sum[BIAS]) /
         MAX (sum[N_PIXELS] - share * sum[CLIPPED], LEAST_SHARE * CELL * CELL);
}

/* --- Pixels ---------------------------------------------------------------------- */

/* The cell whose middle lies before pixel i, and how far on to the next one. */
static int
cell_before (int i, int n_cells, float *on)
{
  float at = CLAMP ((i + 0.5f) / CELL - 0.5f, 0.0f, n_cells - 1.0f);
  int   cell = MIN ((int) at, MAX (n_cells - 2, 0));

  *on = at - cell;
  return cell;
}

static void
add_corrections (const Cells *cells, const float *corrections, int width, int height, float *x0)
{
  int right = cells->width > 1 ? 1 : 0, below = cells->height > 1 ? cells->width : 0;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        float        u, v;
        int          column = cell_before (x, cells->width, &u);
        int          row = cell_before (y, cells->height, &v);
        const float *c = corrections + (gsize) row * cells->width + column;
        float        above = c[0] + u * (c[right] - c[0]);
        float        under = c[below] + u * (c[below + right] - c[below]);
        gsize        p = (gsize) y * width + x;

        x0[p] = planes_clip (x0[p] + above + v * (under - above));
      }
}

/* --- Channels ---------------------------------------------------------------------- */

typedef struct
{
  int          width, height;
  const float *picture, *alpha;
  float       *x0;
  ClippedNoise noise;
  Cells        cells; /* of one channel; their sums and corrections are behind one another */
} LocalMean;

/* A WorkersFunc: a block is a channel. */
static void
keep_channel (gpointer data, int channel, int worker)
{
  const LocalMean *mean = data;
  gsize            size = (gsize) mean->width * mean->height;
  Cells            cells = mean->cells;
  gsize            n_cells = (gsize) cells.width * cells.height;
  float           *x0 = mean->x0 + channel * size, *corrections;

  cells.sums += channel * (N_SUMS + 1) * n_cells;
  corrections = cells.sums + N_SUMS * n_cells;
  for (int k = 0; k < ITERATIONS; k++)
    {
      sum_pixels (&cells, &mean->noise, mean->width, mean->height, mean->picture + channel * size,
                  mean->alpha, x0);
      smooth_sums (&cells);
      for (gsize i = 0; i < n_cells; i++)
        corrections[i] = correction (&cells, i);
      add_corrections (&cells, corrections, mean->width, mean->height, x0);
    }
}

gboolean
local_mean_keep (DiffusionWorkers *workers,
                 int               width,
                 int               height,
                 int               n_channels,
                 const float      *picture,
                 const float      *alpha,
                 float             sigma,
                 float            *x0,
                 GCancellable     *cancel,
                 GError          **error)
{
  gboolean  done;
  LocalMean mean = {
    .width = width,
    .height = height,
    .picture = picture,
    .alpha = alpha,
    .x0 = x0,
    .cells = { (width + CELL - 1) / CELL, (height + CELL - 1) / CELL, NULL },
  };

  mean.cells.sums =
    planes_new (mean.cells.width, mean.cells.height, n_channels * (N_SUMS + 1), error);
  if (mean.cells.sums == NULL)
    return FALSE;
  clipped_noise_init (&mean.noise, sigma);
  done = workers_run (workers, n_channels, keep_channel, &mean, cancel);
  if (!done)
    g_cancellable_set_error_if_cancelled (cancel, error);
  g_free (mean.cells.sums);
  return done;
}
