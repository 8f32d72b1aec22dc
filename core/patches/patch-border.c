/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-border.c: see patch-border.h.
 *
 * The colours c minimise Σ w_xy (c_x − c_y − g_xy)² + κ Σ (c_x − p_x)² over edges between
 * neighbours, with p the colours of the pieces and g the mean of the steps that the pieces on
 * both sides have there; solved by successive over-relaxation. By κ a misfit is spread over
 * 1/√κ = 14 pixels, whatever the size of the hole, and in a few such lengths of sweeps.
 */
#include "patches/patch-border.h"

#include <string.h>

#define KEEP 0.005f /* κ */

/* A misfit of so many levels has half the weight of none. */
#define TOLERANCE 12.0f

#define SWEEPS         120
#define OVERRELAXATION 1.7f

/* The equation of one pixel: c · sum = constant + Σ weight_k c_k. */
typedef struct
{
  float weights[4]; /* of the neighbours to the right, left, below, above */
  float constant[3];
  float sum;
} Equation;

typedef struct
{
  PatchLevel *level;
  const int  *from;
  Equation   *equations;
  int         parity; /* of the pixels that change in this pass */
} Solver;

static gboolean
is_known (const PatchLevel *level, int at)
{
  return at >= 0 && (gsize) at < level->n && level->pixel[at] < PATCH_HOLE;
}

/* The edge from a pixel of the hole to its k-th neighbour. */
static void
add_edge (const Solver *solver, int pixel, int other, float *weight, Equation *equation)
{
  const PatchLevel *level = solver->level;
  const float      *colour = level->colour;
  const int         step = other - pixel, from = solver->from[pixel];
  const int         other_from = level->pixel[other] == PATCH_HOLE ? solver->from[other] : -1;
  float             steps[3] = { 0.0f }, misfit = 0.0f;
  int               n = 0;

  *weight = 0.0f;
  if (level->pixel[other] == PATCH_OUTSIDE)
    return;
  if (from >= 0 && is_known (level, from + step))
    {
      for (int c = 0; c < 3; c++)
        steps[c] += colour[4 * from + c] - colour[4 * (from + step) + c];
      n++;
    }
  if (other_from >= 0 && is_known (level, other_from - step))
    {
      for (int c = 0; c < 3; c++)
        steps[c] += colour[4 * (other_from - step) + c] - colour[4 * other_from + c];
      n++;
    }
  if (n == 0)
    return;
  for (int c = 0; c < 3; c++)
    {
      float d;

      steps[c] /= n;
      d = steps[c] - (colour[4 * pixel + c] - colour[4 * other + c]);
      misfit += d * d / 3.0f;
    }
  *weight = 1.0f / (1.0f + misfit / (TOLERANCE * TOLERANCE));
  equation->sum += *weight;
  for (int c = 0; c < 3; c++)
    equation->constant[c] += *weight * steps[c];
}

static void
set_up_block (gpointer data, int block, int worker)
{
  const Solver     *solver = data;
  const PatchLevel *level = solver->level;
  const int         end = MIN ((block + 1) * PATCH_BLOCK, level->n_hole);

  for (int k = block * PATCH_BLOCK; k < end; k++)
    {
      const int pixel = level->hole[k];
      const int steps[] = { 1, -1, level->stride, -level->stride };
      Equation *equation = solver->equations + k;

      *equation = (Equation) { .sum = KEEP };
      for (int c = 0; c < 3; c++)
        equation->constant[c] = KEEP * level->colour[4 * pixel + c];
      for (int t = 0; t < 4; t++)
        add_edge (solver, pixel, pixel + steps[t], &equation->weights[t], equation);
    }
}

/* Every second pixel, as on a chessboard: none is a neighbour of another. */
static void
relax_block (gpointer data, int block, int worker)
{
  const Solver     *solver = data;
  const PatchLevel *level = solver->level;
  const int         end = MIN ((block + 1) * PATCH_BLOCK, level->n_hole);

  for (int k = block * PATCH_BLOCK; k < end; k++)
    {
      const int       pixel = level->hole[k];
      const int       steps[] = { 1, -1, level->stride, -level->stride };
      const Equation *equation = solver->equations + k;
      float           sums[3];

      if ((pixel / level->stride + pixel % level->stride) % 2 != solver->parity)
        continue;
      memcpy (sums, equation->constant, sizeof sums);
      for (int t = 0; t < 4; t++)
        for (int c = 0; c < 3; c++)
          sums[c] += equation->weights[t] * level->colour[4 * (pixel + steps[t]) + c];
      for (int c = 0; c < 3; c++)
        {
          float *colour = level->colour + 4 * pixel + c;

          *colour += OVERRELAXATION * (sums[c] / equation->sum - *colour);
        }
    }
}

gboolean
patch_border_match (PatchLevel       *level,
                    const int        *from,
                    DiffusionWorkers *workers,
                    GCancellable     *cancel)
{
  const int n_blocks = (level->n_hole + PATCH_BLOCK - 1) / PATCH_BLOCK;
  Solver    solver = { .level = level, .from = from };
  gboolean  success;

  solver.equations = g_new (Equation, MAX (level->n_hole, 1));
  success = workers_run (workers, n_blocks, set_up_block, &solver, cancel);
  for (int k = 0; success && k < 2 * SWEEPS; k++)
    {
      solver.parity = k % 2;
      success = workers_run (workers, n_blocks, relax_block, &solver, cancel);
    }
  for (int k = 0; k < level->n_hole; k++)
    for (int c = 0; c < 3; c++)
      {
        float *colour = level->colour + 4 * level->hole[k] + c;

        *colour = CLAMP (*colour, 0.0f, 255.0f);
      }
  g_free (solver.equations);
  return success;
}
