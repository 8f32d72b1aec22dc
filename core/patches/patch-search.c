/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-search.c: see patch-search.h.
 */
#include "patches/patch-search.h"

#include <string.h>

#include "kernels/dispatch.h"

/* Beyond so many multiplications and additions of a round only candidates are compared. */
#define EXACT_MACS 3e9

/* A candidate's multiplications take so many times as long as those of a product of matrices:
 * pixels are gathered, one patch at a time. tests/measure/forecast.py tells how far off it is. */
#define CANDIDATE_PRICE 12

/* Passes of a round: how far the neighbours are that are asked, and how far from the present
 * patch the window's candidates lie. */
static const int steps[] = { 1, 4, 1 }, windows[] = { 1, 2, 1 };

#define N_PASSES ((int) G_N_ELEMENTS (steps))

/* Candidates of a pass: eight neighbours, eight of the window, and the present one. */
#define CANDIDATES 17

/* A row of a patch in vectors: a pixel more, of weight 0. */
#define ROW_FLOATS (4 * (PATCH_SIDE + 1))

gboolean
patch_search_is_exact (double n_patches, double n_sources)
{
  return patch_set_macs (n_patches, n_sources) <= EXACT_MACS;
}

double
patch_search_macs (double n_patches, double n_sources)
{
  return patch_search_is_exact (n_patches, n_sources)
           ? patch_set_macs (n_patches, n_sources)
           : CANDIDATE_PRICE * n_patches * N_PASSES * CANDIDATES * ROW_FLOATS * PATCH_SIDE;
}

/* --- From coarse to fine ------------------------------------------------------------------ */

/* The centre of a known patch at (x, y) or next to it; −1: there is none. */
static int
source_near (const PatchLevel *level, int x, int y)
{
  static const gint8 around[][2] = { { 0, 0 },  { 1, 0 },  { -1, 0 }, { 0, 1 },   { 0, -1 },
                                     { 1, 1 },  { -1, 1 }, { 1, -1 }, { -1, -1 }, { 2, 0 },
                                     { -2, 0 }, { 0, 2 },  { 0, -2 } };

  for (gsize k = 0; k < G_N_ELEMENTS (around); k++)
    {
      int u = x + around[k][0], v = y + around[k][1];

      if (u >= 0 && v >= 0 && u < level->width && v < level->height &&
          level->source[patch_level_at (level, u, v)])
        return patch_level_at (level, u, v);
    }
  return -1;
}

/* The patch of the coarse level that lies where (x, y) of the fine one does, or next to it; −1:
 * none there touches the hole. */
static int
coarse_patch (const PatchLevel *coarse, int x, int y)
{
  int at = patch_level_at (coarse, MIN (x / 2, coarse->width - 1), MIN (y / 2, coarse->height - 1));

  if (coarse->nearest[at] >= 0)
    return at;
  for (int j = -1; j <= 1; j++)
    for (int i = -1; i <= 1; i++)
      if (coarse->nearest[at + j * coarse->stride + i] >= 0)
        return at + j * coarse->stride + i;
  return -1;
}

void
patch_search_begin (PatchLevel *level, const PatchLevel *coarse)
{
  for (int k = 0; k < level->n_patches; k++)
    {
      int at = level->patches[k], x = patch_level_x (level, at), y = patch_level_y (level, at);
      int from = coarse_patch (coarse, x, y), found = -1;

      if (from >= 0)
        {
          int to = coarse->nearest[from];
          int dx = patch_level_x (coarse, to) - patch_level_x (coarse, from);
          int dy = patch_level_y (coarse, to) - patch_level_y (coarse, from);

          found = source_near (level, x + 2 * dx, y + 2 * dy);
          level->distance[at] = coarse->distance[from];
        }
      /* Any: scattered, so that neighbours do not all begin in one place. */
      if (found < 0)
        {
          found = level->sources[(guint32) at * 2654435769u % (guint32) level->n_sources];
          level->distance[at] = 1e6f;
        }
      level->nearest[at] = found;
    }
}

/* --- Candidates ------------------------------------------------------------------------------ */

typedef struct
{
  PatchLevel    *level;
  const Kernels *kernels;
  int            step, window;
  gboolean       again;    /* the distances are those of other colours */
  int           *nearest;  /* found in this pass */
  float         *distance; /* likewise */
} Pass;

/* A patch of the hole as it is compared. */
typedef struct
{
  float colours[PATCH_SIDE * ROW_FLOATS];
  float weights[PATCH_SIDE * ROW_FLOATS];
  float total;
  float texture[2];
} Query;

static void
make_query (const PatchLevel *level, int at, Query *query)
{
  for (int j = 0; j < PATCH_SIDE; j++)
    {
      const int row = at + (j - PATCH_RADIUS) * level->stride - PATCH_RADIUS;
      float    *weights = query->weights + j * ROW_FLOATS;

      memcpy (query->colours + j * ROW_FLOATS, level->colour + 4 * row,
              ROW_FLOATS * sizeof (float));
      for (int i = 0; i < PATCH_SIDE; i++)
        for (int c = 0; c < 4; c++)
          weights[4 * i + c] = level->weight[row + i];
      memset (weights + 4 * PATCH_SIDE, 0, 4 * sizeof (float));
    }
  query->total = level->total[at];
  query->texture[0] = level->texture[2 * at];
  query->texture[1] = level->texture[2 * at + 1];
}

/* The distance to the patch at `to`, or something of at least `limit`. */
static float
compare (const Pass *pass, const Query *query, int to, float limit)
{
  const PatchLevel *level = pass->level;
  const float       across = query->texture[0] - level->texture[2 * to];
  const float       down = query->texture[1] - level->texture[2 * to + 1];
  const float       price =
    PATCH_TEXTURE_PRICE * (across * across + down * down) + PATCH_USE_PRICE * level->use[to];

  if (price >= limit)
    return price;
  return price + pass->kernels->weighted_distance (
                   query->colours, query->weights,
                   level->colour + 4 * (to - PATCH_RADIUS * level->stride - PATCH_RADIUS),
                   4 * (gsize) level->stride, PATCH_SIDE, ROW_FLOATS,
                   (limit - price) * query->total) /
                   query->total;
}

static void
try_candidate (const Pass *pass, const Query *query, int to, int *best, float *distance)
{
  float d;

  if (to < 0 || (gsize) to >= pass->level->n || !pass->level->source[to] || to == *best)
    return;
  d = compare (pass, query, to, *distance);
  if (d < *distance)
    {
      *distance = d;
      *best = to;
    }
}

static void
search_patch (const Pass *pass, int at)
{
  const PatchLevel *level = pass->level;
  const int         stride = level->stride, height = (int) (level->n / stride);
  const int         row = at / stride, column = at % stride;
  int               best = level->nearest[at];
  float             distance = level->distance[at];
  Query             query;

  make_query (level, at, &query);
  if (pass->again)
    distance = compare (pass, &query, best, G_MAXFLOAT);
  for (int j = -1; j <= 1; j++)
    for (int i = -1; i <= 1; i++)
      {
        const int x = column + i * pass->step, y = row + j * pass->step;
        const int step = (j * stride + i) * pass->step;

        if ((i == 0 && j == 0) || x < 0 || y < 0 || x >= stride || y >= height)
          continue;
        if (level->nearest[at + step] >= 0)
          try_candidate (pass, &query, level->nearest[at + step] - step, &best, &distance);
      }
  for (int j = -1; j <= 1; j++)
    for (int i = -1; i <= 1; i++)
      if (i != 0 || j != 0)
        try_candidate (pass, &query, level->nearest[at] + (j * stride + i) * pass->window, &best,
                       &distance);
  pass->nearest[at] = best;
  pass->distance[at] = distance;
}

static void
search_block (gpointer data, int block, int worker)
{
  const Pass *pass = data;
  const int   end = MIN ((block + 1) * PATCH_BLOCK, pass->level->n_patches);

  for (int k = block * PATCH_BLOCK; k < end; k++)
    search_patch (pass, pass->level->patches[k]);
}

static gboolean
search_candidates (PatchLevel *level, DiffusionWorkers *workers, GCancellable *cancel)
{
  const int n_blocks = (level->n_patches + PATCH_BLOCK - 1) / PATCH_BLOCK;
  Pass      pass = { .level = level, .kernels = kernels_get () };
  gboolean  success = TRUE;

  pass.nearest = g_memdup2 (level->nearest, level->n * sizeof (int));
  pass.distance = g_new0 (float, level->n);
  for (int k = 0; success && k < N_PASSES; k++)
    {
      int   *nearest = level->nearest;
      float *distance = level->distance;

      pass.step = steps[k];
      pass.window = windows[k];
      pass.again = k == 0;
      success = workers_run (workers, n_blocks, search_block, &pass, cancel);
      level->nearest = pass.nearest;
      level->distance = pass.distance;
      pass.nearest = nearest;
      pass.distance = distance;
    }
  g_free (pass.nearest);
  g_free (pass.distance);
  return success;
}

gboolean
patch_search_round (PatchLevel       *level,
                    PatchSet         *set,
                    DiffusionWorkers *workers,
                    GCancellable     *cancel)
{
  patch_level_count_use (level);
  if (set == NULL)
    return search_candidates (level, workers, cancel);
  patch_set_update_use (set, level);
  return patch_set_find_nearest (set, level, level->patches, level->n_patches, workers, cancel);
}
