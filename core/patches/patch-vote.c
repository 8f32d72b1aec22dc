/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-vote.c: see patch-vote.h.
 */
#include "patches/patch-vote.h"

#include <math.h>
#include <string.h>

/* Added to a distance: patches that fit perfectly do not count for everything. */
#define LEAST_DISTANCE 30.0f

/* Added to s, so that equal errors count alike without a temperature. */
#define LEAST_SPREAD 2.0f

/* Of equal errors the patch whose centre is nearest. */
#define CENTRE_PRICE 1e-4f

#define N_VALUES 5 /* red, green, blue, roughness across and down */

/* What the patches around a pixel say. */
typedef struct
{
  int   n;
  int   from[PATCH_PIXELS]; /* pixels of the known picture */
  float error[PATCH_PIXELS];
} Voices;

static void
hear (const PatchLevel *level, int pixel, Voices *voices)
{
  int depths[PATCH_PIXELS], least = G_MAXINT;

  voices->n = 0;
  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
      {
        const int offset = j * level->stride + i, at = pixel - offset;

        if (level->nearest[at] < 0)
          continue;
        voices->from[voices->n] = level->nearest[at] + offset;
        voices->error[voices->n] =
          (level->distance[at] + LEAST_DISTANCE) * (1.0f + CENTRE_PRICE * (ABS (i) + ABS (j)));
        depths[voices->n++] = level->depth[at];
        least = MIN (least, level->depth[at]);
      }
  /* Twice as large from one pixel of depth to the next. */
  for (int k = 0; k < voices->n; k++)
    voices->error[k] *= (float) (1 << MIN (depths[k] - least, 2 * PATCH_SIDE));
}

static int
least_error (const Voices *voices)
{
  int best = 0;

  for (int k = 1; k < voices->n; k++)
    if (voices->error[k] < voices->error[best])
      best = k;
  return best;
}

int
patch_vote_best (const PatchLevel *level, int pixel)
{
  Voices voices;

  hear (level, pixel, &voices);
  return voices.n > 0 ? voices.from[least_error (&voices)] : -1;
}

static float
upper_quartile (const Voices *voices)
{
  float sorted[PATCH_PIXELS];

  for (int k = 0; k < voices->n; k++)
    {
      int at = k;

      for (; at > 0 && sorted[at - 1] > voices->error[k]; at--)
        sorted[at] = sorted[at - 1];
      sorted[at] = voices->error[k];
    }
  return sorted[3 * voices->n / 4];
}

typedef struct
{
  const PatchLevel *level;
  float             temperature;
  float            *values; /* N_VALUES for each pixel of the hole */
} Vote;

static void
vote_pixel (const Vote *vote, int k)
{
  const PatchLevel *level = vote->level;
  float            *out = vote->values + (gsize) k * N_VALUES, weights = 0.0f;
  const int         pixel = level->hole[k];
  float             least, spread;
  Voices            voices;

  hear (level, pixel, &voices);
  if (voices.n == 0)
    {
      memcpy (out, level->colour + 4 * pixel, 3 * sizeof (float));
      memcpy (out + 3, level->texture + 2 * pixel, 2 * sizeof (float));
      return;
    }
  memset (out, 0, N_VALUES * sizeof (float));
  least = voices.error[least_error (&voices)];
  spread =
    vote->temperature > 0.0f ? vote->temperature * upper_quartile (&voices) + LEAST_SPREAD : 0.0f;
  for (int v = 0; v < voices.n; v++)
    {
      const float *colour = level->colour + 4 * voices.from[v];
      const float *texture = level->texture + 2 * voices.from[v];
      float        weight = 1.0f;

      if (spread > 0.0f)
        weight = expf ((least - voices.error[v]) / spread);
      else if (weights > 0.0f || voices.error[v] > least)
        continue;
      if (weight < 1e-3f)
        continue;
      for (int c = 0; c < 3; c++)
        out[c] += weight * colour[c];
      for (int c = 0; c < 2; c++)
        out[3 + c] += weight * texture[c];
      weights += weight;
    }
  for (int c = 0; c < N_VALUES; c++)
    out[c] /= weights;
}

static void
vote_block (gpointer data, int block, int worker)
{
  const Vote *vote = data;
  const int   end = MIN ((block + 1) * PATCH_BLOCK, vote->level->n_hole);

  for (int k = block * PATCH_BLOCK; k < end; k++)
    vote_pixel (vote, k);
}

gboolean
patch_vote (PatchLevel       *level,
            double            temperature,
            DiffusionWorkers *workers,
            GCancellable     *cancel,
            double           *change)
{
  Vote     vote = { .level = level, .temperature = (float) temperature };
  double   sum = 0.0;
  gboolean success;

  vote.values = g_new (float, (gsize) N_VALUES * level->n_hole);
  success = workers_run (workers, (level->n_hole + PATCH_BLOCK - 1) / PATCH_BLOCK, vote_block,
                         &vote, cancel);
  for (int k = 0; success && k < level->n_hole; k++)
    {
      const float *values = vote.values + (gsize) k * N_VALUES;
      float       *colour = level->colour + 4 * level->hole[k];

      for (int c = 0; c < 3; c++)
        {
          sum += fabsf (values[c] - colour[c]);
          colour[c] = values[c];
        }
      memcpy (level->texture + 2 * level->hole[k], values + 3, 2 * sizeof (float));
    }
  g_free (vote.values);
  *change = sum / (3.0 * MAX (level->n_hole, 1));
  return success;
}
