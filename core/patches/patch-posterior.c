/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-posterior.c: see patch-posterior.h.
 *
 * The weighted square Σ w |x − y|² = Σ w |x|² − 2 Σ (w x)·y + Σ w |y|² of a patch x with
 * weights w is a product of two rows: the query's with the weights, the weighted colours and
 * what stands for the roughness; the key's with its squares, its colours and likewise.
 */
#include "patches/patch-posterior.h"

#include <math.h>
#include <string.h>

#include <cblas.h>
#include <glib/gi18n-lib.h>

enum
{
  SQUARES = 0, /* a pixel's weight, its square */
  COLOURS = SQUARES + PATCH_PIXELS,
  TEXTURE = COLOURS + PATCH_COLOURS,
  CONSTANT = TEXTURE + 2, /* the sum of weights; what has nothing to do with the query */
  N_TERMS
};

/* Colours are taken from here, so that their squares lose fewer digits. */
#define MIDDLE 128.0f

/* Queries and keys of one product. The cut of the work depends on these alone. */
#define QUERIES 64
#define KEYS    1024

struct PatchSet
{
  int    n;
  int   *centres;
  float *keys; /* n × N_TERMS */
};

/* --- Rows ------------------------------------------------------------------------------ */

static void
write_key (const PatchLevel *level, int at, float *key)
{
  const float *texture = level->texture + 2 * at;
  int          k = 0;

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++, k++)
      {
        const float *colour = level->colour + 4 * (at + j * level->stride + i);
        float        square = 0.0f;

        for (int c = 0; c < 3; c++)
          {
            float v = colour[c] - MIDDLE;

            key[COLOURS + 3 * k + c] = v;
            square += v * v;
          }
        key[SQUARES + k] = square;
      }
  key[TEXTURE] = texture[0];
  key[TEXTURE + 1] = texture[1];
}

/* Of a key: what has nothing to do with the query. */
static float
constant_of (const PatchLevel *level, int at)
{
  const float *texture = level->texture + 2 * at;

  return PATCH_TEXTURE_PRICE * (texture[0] * texture[0] + texture[1] * texture[1]) +
         PATCH_USE_PRICE * level->use[at];
}

/* Returns what has nothing to do with the key. */
static float
write_query (const PatchLevel *level, int at, float *query)
{
  const float *texture = level->texture + 2 * at;
  const float  total = level->total[at];
  float        constant = 0.0f;
  int          k = 0;

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++, k++)
      {
        int          pixel = at + j * level->stride + i;
        const float *colour = level->colour + 4 * pixel;
        const float  weight = level->weight[pixel];

        query[SQUARES + k] = weight;
        for (int c = 0; c < 3; c++)
          {
            float v = colour[c] - MIDDLE;

            query[COLOURS + 3 * k + c] = -2.0f * weight * v;
            constant += weight * v * v;
          }
      }
  for (int c = 0; c < 2; c++)
    query[TEXTURE + c] = -2.0f * PATCH_TEXTURE_PRICE * total * texture[c];
  query[CONSTANT] = total;
  return constant +
         PATCH_TEXTURE_PRICE * total * (texture[0] * texture[0] + texture[1] * texture[1]);
}

/* --- The set ---------------------------------------------------------------------------- */

PatchSet *
patch_set_new (const PatchLevel *level, int most, GError **error)
{
  PatchSet *set = g_new0 (PatchSet, 1);

  set->n = MIN (level->n_sources, MIN (most, PATCH_SET_MAX));
  set->centres = g_new (int, MAX (set->n, 1));
  set->keys = g_try_malloc_n (MAX (set->n, 1), N_TERMS * sizeof (float));
  if (set->keys == NULL)
    {
      patch_set_free (set);
      g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
                           _ ("There is not enough memory for the patches of this picture: select "
                              "less, or close other pictures."));
      return NULL;
    }
  for (int k = 0; k < set->n; k++)
    {
      set->centres[k] = level->sources[(gsize) k * level->n_sources / set->n];
      write_key (level, set->centres[k], set->keys + (gsize) k * N_TERMS);
    }
  patch_set_update_use (set, level);
  return set;
}

void
patch_set_free (PatchSet *set)
{
  if (set == NULL)
    return;
  g_free (set->centres);
  g_free (set->keys);
  g_free (set);
}

double
patch_set_macs (double n, double n_sources)
{
  return n * MIN (n_sources, PATCH_SET_MAX) * N_TERMS;
}

void
patch_set_update_use (PatchSet *set, const PatchLevel *level)
{
  for (int k = 0; k < set->n; k++)
    set->keys[(gsize) k * N_TERMS + CONSTANT] = constant_of (level, set->centres[k]);
}

/* --- Blocks ----------------------------------------------------------------------------- */

/* One pass over all keys for a number of queries. */
typedef struct
{
  const PatchSet *set;
  PatchLevel     *level; /* written when the nearest is looked for */
  const int      *patches;
  int             n;
  float           precision; /* 1 / 2σ²; 0: the nearest */
  float          *means;
} Pass;

typedef struct
{
  float queries[QUERIES * N_TERMS];
  float constants[QUERIES];
  float scores[QUERIES * KEYS];
  float best[QUERIES]; /* the least score so far, which the sum of weights is relative to */
  float sums[QUERIES];
  int   nearest[QUERIES];
} Scratch;

/* Row i: the least score of a chunk of keys. */
static void
take_least (const Pass *pass, Scratch *scratch, int i, int first, int n_keys)
{
  const float *scores = scratch->scores + i * KEYS;

  for (int k = 0; k < n_keys; k++)
    if (scores[k] < scratch->best[i])
      {
        scratch->best[i] = scores[k];
        scratch->nearest[i] = pass->set->centres[first + k];
      }
}

/* Row i: scores → weights relative to the least score yet, and the sums made before shrunk to
 * it. */
static void
weigh (const Pass *pass, Scratch *scratch, int i, int n_keys, float *mean)
{
  float *scores = scratch->scores + i * KEYS;
  float  least = scratch->best[i], shrink;

  for (int k = 0; k < n_keys; k++)
    least = MIN (least, scores[k]);
  shrink =
    scratch->best[i] < G_MAXFLOAT ? expf (pass->precision * (least - scratch->best[i])) : 0.0f;
  scratch->best[i] = least;
  scratch->sums[i] *= shrink;
  for (int c = 0; c < PATCH_COLOURS; c++)
    mean[c] *= shrink;
  for (int k = 0; k < n_keys; k++)
    {
      scores[k] = expf (pass->precision * (least - scores[k]));
      scratch->sums[i] += scores[k];
    }
}

static void
compare_block (gpointer data, int block, int worker)
{
  const Pass     *pass = data;
  const PatchSet *set = pass->set;
  const int       start = block * QUERIES, n = MIN (QUERIES, pass->n - start);
  Scratch        *scratch = g_new (Scratch, 1);
  float          *means = pass->means != NULL ? pass->means + (gsize) start * PATCH_COLOURS : NULL;

  for (int i = 0; i < n; i++)
    {
      scratch->constants[i] =
        write_query (pass->level, pass->patches[start + i], scratch->queries + i * N_TERMS);
      scratch->best[i] = G_MAXFLOAT;
      scratch->sums[i] = 0.0f;
      scratch->nearest[i] = -1;
    }
  if (means != NULL)
    memset (means, 0, (gsize) n * PATCH_COLOURS * sizeof (float));

  for (int first = 0; first < set->n; first += KEYS)
    {
      const int    n_keys = MIN (KEYS, set->n - first);
      const float *keys = set->keys + (gsize) first * N_TERMS;

      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, n, n_keys, N_TERMS, 1.0f,
                   scratch->queries, N_TERMS, keys, N_TERMS, 0.0f, scratch->scores, KEYS);
      for (int i = 0; i < n; i++)
        if (means != NULL)
          weigh (pass, scratch, i, n_keys, means + i * PATCH_COLOURS);
        else
          take_least (pass, scratch, i, first, n_keys);
      if (means != NULL)
        cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, PATCH_COLOURS, n_keys, 1.0f,
                     scratch->scores, KEYS, keys + COLOURS, N_TERMS, 1.0f, means, PATCH_COLOURS);
    }

  for (int i = 0; i < n; i++)
    {
      const int at = pass->patches[start + i];

      if (means != NULL)
        for (int c = 0; c < PATCH_COLOURS; c++)
          means[i * PATCH_COLOURS + c] = means[i * PATCH_COLOURS + c] / scratch->sums[i] + MIDDLE;
      else
        {
          float square = scratch->best[i] + scratch->constants[i];

          pass->level->nearest[at] = scratch->nearest[i];
          pass->level->distance[at] = MAX (square, 0.0f) / pass->level->total[at];
        }
    }
  g_free (scratch);
}

static gboolean
run (Pass *pass, DiffusionWorkers *workers, GCancellable *cancel)
{
  return workers_run (workers, (pass->n + QUERIES - 1) / QUERIES, compare_block, pass, cancel);
}

gboolean
patch_set_find_nearest (const PatchSet   *set,
                        PatchLevel       *level,
                        const int        *patches,
                        int               n,
                        DiffusionWorkers *workers,
                        GCancellable     *cancel)
{
  Pass pass = { .set = set, .level = level, .patches = patches, .n = n };

  return run (&pass, workers, cancel);
}

gboolean
patch_set_find_means (const PatchSet   *set,
                      const PatchLevel *level,
                      const int        *patches,
                      int               n,
                      double            sigma,
                      float            *means,
                      DiffusionWorkers *workers,
                      GCancellable     *cancel)
{
  Pass pass = { .set = set,
                .level = (PatchLevel *) level, /* only read */
                .patches = patches,
                .n = n,
                .precision = (float) (1.0 / (2.0 * sigma * sigma)),
                .means = means };

  return run (&pass, workers, cancel);
}
