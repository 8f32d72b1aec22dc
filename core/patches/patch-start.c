/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-start.c: see patch-start.h.
 */
#include "patches/patch-start.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

/* Multiplications and additions of one comparison of all patches, and known patches at least. */
#define MACS        6e9
#define SOURCES_MIN 512

/* The noise of the first and the last step, levels: half the range of colours, and 1 % of the
 * range. Known pixels lie at half of it. */
#define STEPS       10
#define SIGMA_FIRST 127.5
#define SIGMA_LAST  2.55
#define SIGMA_KNOWN 0.5

/* Patches whose means are found at a time. */
#define PATCHES 4096

int
patch_start_sources (int n_patches)
{
  return (int) CLAMP (MACS / MAX (patch_set_macs (n_patches, 1), 1.0), SOURCES_MIN, PATCH_SET_MAX);
}

/* Each step multiplies once for the distances and once, less, for the means. */
double
patch_start_macs (double n_patches, double n_sources)
{
  n_sources = MIN (n_sources, patch_start_sources ((int) n_patches));
  return 2 * STEPS * patch_set_macs (n_patches, n_sources);
}

/* Each pixel of the hole gets the mean of what its neighbours before it have, forwards and then
 * backwards: n values a pixel, of planes of `of`. */
static void
spread (const PatchLevel *level, float *planes, int of, int n)
{
  for (int backwards = 0; backwards <= 1; backwards++)
    for (int k = 0; k < level->n_hole; k++)
      {
        const int at = level->hole[backwards ? level->n_hole - 1 - k : k];
        const int side = backwards ? 1 : -1;
        const int others[] = { at + side, at + side * level->stride };
        float     sums[3] = { 0.0f };
        int       n_others = 0;

        for (int t = 0; t < 2; t++)
          if (level->pixel[others[t]] != PATCH_OUTSIDE)
            {
              n_others++;
              for (int c = 0; c < n; c++)
                sums[c] += planes[of * others[t] + c];
            }
        for (int c = 0; c < n && n_others > 0; c++)
          planes[of * at + c] =
            backwards ? 0.5f * (planes[of * at + c] + sums[c] / n_others) : sums[c] / n_others;
      }
}

gboolean
patch_start_from_colours (PatchLevel       *level,
                          const PatchSet   *set,
                          DiffusionWorkers *workers,
                          GCancellable     *cancel)
{
  spread (level, level->texture, 2, 2);
  return patch_set_find_nearest (set, level, level->patches, level->n_patches, workers, cancel);
}

/* --- The reverse process ----------------------------------------------------------------- */

typedef struct
{
  PatchLevel       *level; /* colours of the hole: x = x_0 + σ ε, which is x_t / √ᾱ_t */
  const PatchSet   *set;
  DiffusionWorkers *workers;
  GCancellable     *cancel;
  float            *means; /* PATCHES × PATCH_COLOURS */
  gint16           *least; /* of a pixel: the least depth of a patch around it */
  double           *sums;  /* 4 a pixel: colours and weights */
} Reverse;

static double
sigma_at (int step)
{
  return SIGMA_FIRST * pow (SIGMA_LAST / SIGMA_FIRST, (double) step / (STEPS - 1));
}

static void
find_least_depths (const Reverse *reverse)
{
  const PatchLevel *level = reverse->level;

  for (gsize i = 0; i < level->n; i++)
    reverse->least[i] = G_MAXINT16;
  for (int k = 0; k < level->n_patches; k++)
    for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
      for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
        {
          gint16 *least = reverse->least + level->patches[k] + j * level->stride + i;

          *least = MIN (*least, level->depth[level->patches[k]]);
        }
}

/* What a patch says of its pixels. It counts half as much for each pixel of depth more than the
 * patch that lies nearest to the border. */
static void
add_mean (const Reverse *reverse, int at, const float *mean)
{
  const PatchLevel *level = reverse->level;

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++, mean += 3)
      {
        const int pixel = at + j * level->stride + i;
        double   *sums = reverse->sums + 4 * pixel;
        double    weight;

        if (level->pixel[pixel] != PATCH_HOLE)
          continue;
        weight = ldexp (1.0, reverse->least[pixel] - level->depth[at]);
        for (int c = 0; c < 3; c++)
          sums[c] += weight * mean[c];
        sums[3] += weight;
      }
}

/* From x at a step to x at the next; at the last to x̂_0. */
static gboolean
take_step (const Reverse *reverse, int step)
{
  PatchLevel  *level = reverse->level;
  const double sigma = sigma_at (step), next = step + 1 < STEPS ? sigma_at (step + 1) : 0.0;

  memset (reverse->sums, 0, 4 * level->n * sizeof (double));
  for (int first = 0; first < level->n_patches; first += PATCHES)
    {
      const int n = MIN (PATCHES, level->n_patches - first);

      if (!patch_set_find_means (reverse->set, level, level->patches + first, n,
                                 SIGMA_KNOWN * sigma, reverse->means, reverse->workers,
                                 reverse->cancel))
        return FALSE;
      for (int k = 0; k < n; k++)
        add_mean (reverse, level->patches[first + k], reverse->means + k * PATCH_COLOURS);
    }
  for (int k = 0; k < level->n_hole; k++)
    {
      const double *sums = reverse->sums + 4 * level->hole[k];
      float        *x = level->colour + 4 * level->hole[k];

      for (int c = 0; c < 3; c++)
        {
          const double x0 = sums[c] / sums[3];

          x[c] = (float) (x0 + next / sigma * (x[c] - x0));
        }
    }
  return TRUE;
}

static void
add_noise (PatchLevel *level, guint32 seed, int scale)
{
  /* The transition 0 is that of patch-level.c's chances. */
  const RandomStream stream = { seed, RANDOM_START, scale, 1 };

  for (int k = 0; k < level->n_hole; k++)
    {
      const int at = level->hole[k];
      float     z[4];

      random_pixel (&stream, patch_level_x (level, at), patch_level_y (level, at), z);
      for (int c = 0; c < 3; c++)
        level->colour[4 * at + c] += (float) SIGMA_FIRST * z[c];
    }
}

gboolean
patch_start (PatchLevel       *level,
             const PatchSet   *set,
             guint32           seed,
             int               scale,
             DiffusionWorkers *workers,
             GCancellable     *cancel)
{
  float   *weights = g_memdup2 (level->weight, level->n * sizeof (float));
  gboolean success = TRUE;
  Reverse  reverse = {
     .level = level,
     .set = set,
     .workers = workers,
     .cancel = cancel,
     .means = g_new (float, PATCHES *PATCH_COLOURS),
     .least = g_new (gint16, level->n),
     .sums = g_new (double, 4 * level->n),
  };

  /* A weight is σ² of a known pixel over that of this one. */
  for (int k = 0; k < level->n_hole; k++)
    level->weight[level->hole[k]] = (float) (SIGMA_KNOWN * SIGMA_KNOWN);
  patch_level_sum_weights (level);
  find_least_depths (&reverse);
  spread (level, level->texture, 2, 2);
  spread (level, level->colour, 4, 3);
  add_noise (level, seed, scale);
  for (int step = 0; success && step < STEPS; step++)
    success = take_step (&reverse, step);

  memcpy (level->weight, weights, level->n * sizeof (float));
  patch_level_sum_weights (level);
  g_free (weights);
  g_free (reverse.means);
  g_free (reverse.least);
  g_free (reverse.sums);
  return success &&
         patch_set_find_nearest (set, level, level->patches, level->n_patches, workers, cancel);
}
