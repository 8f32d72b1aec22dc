/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-pieces.c: see patch-pieces.h.
 */
#include "patches/patch-pieces.h"

#include <math.h>
#include <string.h>

#include "patches/patch-vote.h"

/* What a seam costs beside its misfit, squared levels: fewer seams are better; where nothing is
 * known of the misfit; and how much more often one to the known picture counts. */
#define SEAM_PRICE    30.0f
#define SEAM_UNKNOWN  2000.0f
#define SEAM_TO_KNOWN 2.0f

#define SWEEPS 40

void
patch_pieces_find (const PatchLevel *level, int *from)
{
  for (gsize i = 0; i < level->n; i++)
    from[i] = -1;
  for (int k = 0; k < level->n_hole; k++)
    from[level->hole[k]] = patch_vote_best (level, level->hole[k]);
}

void
patch_pieces_lay (PatchLevel *level, const int *from)
{
  for (int k = 0; k < level->n_hole; k++)
    {
      const int at = level->hole[k];

      if (from[at] < 0)
        continue;
      memcpy (level->colour + 4 * at, level->colour + 4 * from[at], 3 * sizeof (float));
      memcpy (level->texture + 2 * at, level->texture + 2 * from[at], 2 * sizeof (float));
    }
}

/* --- Seams --------------------------------------------------------------------------------- */

typedef struct
{
  const PatchLevel *level;
  int              *from;
  int               parity; /* of the pixels that may change in this pass */
  gint              changed;
} Sweep;

/* Whether a pixel may be taken from `at`. */
static gboolean
may_take (const PatchLevel *level, int at)
{
  return at >= 0 && (gsize) at < level->n && level->pixel[at] == PATCH_KNOWN;
}

static float
square (const PatchLevel *level, int a, int b)
{
  const float *u = level->colour + 4 * a, *v = level->colour + 4 * b;
  float        sum = 0.0f;

  for (int c = 0; c < 3; c++)
    sum += (u[c] - v[c]) * (u[c] - v[c]);
  return sum;
}

/* Of the seams around `pixel` if it were taken from `shift` pixels further on: on both sides of
 * each what the two pieces have there differs by its misfit. */
static float
seam_cost (const Sweep *sweep, int pixel, int shift)
{
  const PatchLevel *level = sweep->level;
  const int         steps[] = { 1, -1, level->stride, -level->stride };
  float             cost = 0.0f;

  if (!may_take (level, pixel + shift))
    return G_MAXFLOAT;
  for (int k = 0; k < 4; k++)
    {
      const int      other = pixel + steps[k];
      const gboolean hole = level->pixel[other] == PATCH_HOLE;
      const int      other_shift = hole ? sweep->from[other] - other : 0;
      float          misfit = 0.0f;
      int            n = 0;

      if (level->pixel[other] == PATCH_OUTSIDE || (hole && other_shift == shift))
        continue;
      if (hole && may_take (level, pixel + other_shift))
        {
          misfit += square (level, pixel + shift, pixel + other_shift);
          n++;
        }
      if (may_take (level, other + shift) && (!hole || may_take (level, other + other_shift)))
        {
          misfit += square (level, other + shift, other + other_shift);
          n++;
        }
      cost += (n > 0 ? misfit / n : SEAM_UNKNOWN) * (hole ? 1.0f : SEAM_TO_KNOWN) + SEAM_PRICE;
    }
  return cost;
}

static gboolean
move_seam (const Sweep *sweep, int pixel)
{
  const PatchLevel *level = sweep->level;
  const int         stride = level->stride;
  const int steps[] = { 1, -1, stride, -stride, stride + 1, stride - 1, 1 - stride, -stride - 1 };
  int       shift = sweep->from[pixel] - pixel;
  float     least = seam_cost (sweep, pixel, shift);

  if (least <= 0.0f)
    return FALSE;
  for (int k = 0; k < 8; k++)
    {
      const int other = pixel + steps[k];
      int       other_shift;
      float     cost;

      if (level->pixel[other] != PATCH_HOLE)
        continue;
      other_shift = sweep->from[other] - other;
      if (other_shift == shift)
        continue;
      cost = seam_cost (sweep, pixel, other_shift);
      if (cost < least)
        {
          least = cost;
          shift = other_shift;
        }
    }
  if (pixel + shift == sweep->from[pixel])
    return FALSE;
  sweep->from[pixel] = pixel + shift;
  return TRUE;
}

/* Pixels of one parity are no neighbours of each other, so it does not matter which is first. */
static void
sweep_block (gpointer data, int block, int worker)
{
  Sweep            *sweep = data;
  const PatchLevel *level = sweep->level;
  const int         end = MIN ((block + 1) * PATCH_BLOCK, level->n_hole);
  int               changed = 0;

  for (int k = block * PATCH_BLOCK; k < end; k++)
    {
      const int pixel = level->hole[k];
      const int parity = pixel / level->stride % 2 * 2 + pixel % level->stride % 2;

      if (parity == sweep->parity && sweep->from[pixel] >= 0)
        changed += move_seam (sweep, pixel);
    }
  g_atomic_int_add (&sweep->changed, changed);
}

gboolean
patch_pieces_move_seams (const PatchLevel *level,
                         int              *from,
                         DiffusionWorkers *workers,
                         GCancellable     *cancel)
{
  const int n_blocks = (level->n_hole + PATCH_BLOCK - 1) / PATCH_BLOCK;

  for (int k = 0; k < SWEEPS; k++)
    {
      Sweep sweep = { .level = level, .from = from };

      for (; sweep.parity < 4; sweep.parity++)
        if (!workers_run (workers, n_blocks, sweep_block, &sweep, cancel))
          return FALSE;
      if (sweep.changed == 0)
        break;
    }
  return TRUE;
}

/* --- Strong seams ---------------------------------------------------------------------------- */

/* Around a misfit of one pixel no seam is seen: as much of it has to be in the 25 around. */
#define SEAM_BLUR 2
#define SEAM_WIDE 2

/* What the step from `a` to `b` in the level's colours differs by from that of the piece of
 * `a`, the greatest of the colours; 0 where the piece does not reach there. */
static float
misfit_of (const PatchLevel *level, const int *from, int a, int b)
{
  const int to = from[a] + b - a;
  float     most = 0.0f;

  if (!may_take (level, to))
    return 0.0f;
  for (int c = 0; c < 3; c++)
    {
      float real = level->colour[4 * b + c] - level->colour[4 * a + c];
      float own = level->colour[4 * to + c] - level->colour[4 * from[a] + c];

      most = MAX (most, fabsf (real - own));
    }
  return most;
}

static float
misfit_between (const PatchLevel *level, const int *from, int a, int b)
{
  const gboolean hole_a = level->pixel[a] == PATCH_HOLE && from[a] >= 0;
  const gboolean hole_b = level->pixel[b] == PATCH_HOLE && from[b] >= 0;
  const int      shift_a = hole_a ? from[a] - a : 0, shift_b = hole_b ? from[b] - b : 0;

  if ((!hole_a && !hole_b) || shift_a == shift_b || level->pixel[b] == PATCH_OUTSIDE)
    return 0.0f;
  if (hole_a && hole_b)
    return 0.5f * (misfit_of (level, from, a, b) + misfit_of (level, from, b, a));
  return hole_a ? misfit_of (level, from, a, b) : misfit_of (level, from, b, a);
}

int
patch_pieces_find_seams (const PatchLevel *level, const int *from, float misfit, float *seams)
{
  float *found = g_new0 (float, level->n);
  int    n = 0;

  memset (seams, 0, (gsize) level->width * level->height * sizeof (float));
  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      {
        const int at = patch_level_at (level, x, y);
        const int others[] = { at + 1, at + level->stride };

        for (int k = 0; k < 2; k++)
          {
            const float e = misfit_between (level, from, at, others[k]);

            found[at] = MAX (found[at], e);
            found[others[k]] = MAX (found[others[k]], e);
          }
      }
  for (int y = SEAM_BLUR; y < level->height - SEAM_BLUR; y++)
    for (int x = SEAM_BLUR; x < level->width - SEAM_BLUR; x++)
      {
        const int at = patch_level_at (level, x, y);
        float     sum = 0.0f;

        if (found[at] <= misfit)
          continue;
        for (int j = -SEAM_BLUR; j <= SEAM_BLUR; j++)
          for (int i = -SEAM_BLUR; i <= SEAM_BLUR; i++)
            sum += found[at + j * level->stride + i];
        if (sum <= (2 * SEAM_BLUR + 1) * misfit)
          continue;
        for (int j = -SEAM_WIDE; j <= SEAM_WIDE; j++)
          for (int i = -SEAM_WIDE; i <= SEAM_WIDE; i++)
            if (i * i + j * j <= SEAM_WIDE * SEAM_WIDE &&
                level->pixel[at + j * level->stride + i] == PATCH_HOLE)
              seams[(gsize) (y + j) * level->width + x + i] = 1.0f;
      }
  for (gsize i = 0; i < (gsize) level->width * level->height; i++)
    n += seams[i] > 0.0f;
  g_free (found);
  return n;
}
