/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-start.c: see patch-start.h.
 */
#include "patches/patch-start.h"

#include <math.h>
#include <string.h>

/* Multiplications and additions of one comparison of all patches, and known patches at least. */
#define MACS        6e9
#define SOURCES_MIN 512

int
patch_start_sources (int n_patches)
{
  return (int) CLAMP (MACS / MAX (patch_set_macs (n_patches, 1), 1.0), SOURCES_MIN, PATCH_SET_MAX);
}

/* Each pixel of the hole gets the mean of what its neighbours before it have, forwards and then
 * backwards. */
static void
spread_texture (PatchLevel *level)
{
  for (int backwards = 0; backwards <= 1; backwards++)
    for (int k = 0; k < level->n_hole; k++)
      {
        const int at = level->hole[backwards ? level->n_hole - 1 - k : k];
        const int side = backwards ? 1 : -1;
        const int others[] = { at + side, at + side * level->stride };
        float     sums[2] = { 0.0f };
        int       n = 0;

        for (int t = 0; t < 2; t++)
          if (level->pixel[others[t]] != PATCH_OUTSIDE)
            {
              n++;
              for (int c = 0; c < 2; c++)
                sums[c] += level->texture[2 * others[t] + c];
            }
        for (int c = 0; c < 2 && n > 0; c++)
          level->texture[2 * at + c] =
            backwards ? 0.5f * (level->texture[2 * at + c] + sums[c] / n) : sums[c] / n;
      }
}

gboolean
patch_start_from_colours (PatchLevel       *level,
                          const PatchSet   *set,
                          DiffusionWorkers *workers,
                          GCancellable     *cancel)
{
  spread_texture (level);
  return patch_set_find_nearest (set, level, level->patches, level->n_patches, workers, cancel);
}

/* The roughness at a pixel that is not filled yet: the mean of what is known around it. */
static void
guess_texture (PatchLevel *level, int at)
{
  float sums[2] = { 0.0f }, weights = 1e-6f;

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
      {
        const int   k = at + j * level->stride + i;
        const float weight = level->weight[k];

        weights += weight;
        for (int c = 0; c < 2; c++)
          sums[c] += weight * level->texture[2 * k + c];
      }
  for (int c = 0; c < 2; c++)
    level->texture[2 * at + c] = sums[c] / weights;
}

/* One pixel: the mean of what the patches around it say that have been found yet. */
static void
fill_pixel (PatchLevel *level, int pixel)
{
  float best = G_MAXFLOAT, sums[5] = { 0.0f }, weights = 0.0f;

  for (int pass = 0; pass < 2; pass++)
    for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
      for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
        {
          const int offset = j * level->stride + i, at = pixel - offset;
          const int from = level->nearest[at] + offset;
          float     weight;

          if (level->nearest[at] < 0)
            continue;
          if (pass == 0)
            {
              best = MIN (best, level->distance[at]);
              continue;
            }
          weight = expf (-(level->distance[at] - best) / (0.5f * best + 4.0f));
          weights += weight;
          for (int c = 0; c < 3; c++)
            sums[c] += weight * level->colour[4 * from + c];
          for (int c = 0; c < 2; c++)
            sums[3 + c] += weight * level->texture[2 * from + c];
        }
  if (weights == 0.0f)
    return;
  for (int c = 0; c < 3; c++)
    level->colour[4 * pixel + c] = sums[c] / weights;
  for (int c = 0; c < 2; c++)
    level->texture[2 * pixel + c] = sums[3 + c] / weights;
}

gboolean
patch_start (PatchLevel       *level,
             const PatchSet   *set,
             DiffusionWorkers *workers,
             GCancellable     *cancel)
{
  float   *weights = g_memdup2 (level->weight, level->n * sizeof (float));
  int     *layer = g_new (int, MAX (level->n_patches, 1));
  int      deepest = 0, n;
  gboolean success = TRUE;

  for (int k = 0; k < level->n_hole; k++)
    {
      deepest = MAX (deepest, level->depth[level->hole[k]]);
      level->weight[level->hole[k]] = 0.0f;
    }
  for (int depth = 1; success && depth <= deepest; depth++)
    {
      patch_level_sum_weights (level);
      n = 0;
      for (int k = 0; k < level->n_patches; k++)
        {
          const int at = level->patches[k];

          if (level->depth[at] != depth && !(depth == 1 && level->depth[at] == 0))
            continue;
          layer[n++] = at;
          if (level->depth[at] > 0)
            guess_texture (level, at);
        }
      success = patch_set_find_nearest (set, level, layer, n, workers, cancel);
      for (int k = 0; success && k < level->n_hole; k++)
        if (level->depth[level->hole[k]] == depth)
          fill_pixel (level, level->hole[k]);
      for (int k = 0; k < level->n_hole; k++)
        if (level->depth[level->hole[k]] == depth)
          level->weight[level->hole[k]] = weights[level->hole[k]];
    }
  memcpy (level->weight, weights, level->n * sizeof (float));
  patch_level_sum_weights (level);
  g_free (layer);
  g_free (weights);
  return success;
}
