/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * repaint.c: the reverse process with known pixels and resampling.
 */
#include "repaint.h"

#include <string.h>

#include "random.h"
#include "workers.h"

/* --- The order of the transitions ------------------------------------------------ */

GArray *
repaint_plan (int steps, int resample, int jump_length)
{
  GArray *plan = g_array_new (FALSE, FALSE, sizeof (RepaintMove));
  int    *passes = g_new0 (int, steps); /* extra passes made, by step index */
  int     at = steps;

  while (at > 0)
    {
      RepaintMove down = { at, at - 1 };
      int         index = at - 2; /* of the timestep that is reached; −1: clean */

      g_array_append_val (plan, down);
      at--;
      if (index >= 0 && index % jump_length == 0 && index < steps - jump_length &&
          passes[index] < resample - 1)
        {
          RepaintMove jump = { at, at + jump_length };

          g_array_append_val (plan, jump);
          at += jump_length;
          passes[index]++;
        }
    }
  g_free (passes);
  return plan;
}

int
repaint_count (int steps, int resample, int jump_length)
{
  GArray *plan = repaint_plan (steps, resample, jump_length);
  int     n = 0;

  for (guint i = 0; i < plan->len; i++)
    {
      const RepaintMove *move = &g_array_index (plan, RepaintMove, i);
      n += move->to < move->from;
    }
  g_array_unref (plan);
  return n;
}

/* --- Pixels ----------------------------------------------------------------------- */

#define ROWS_PER_BLOCK 16

/* x_s of every pixel: of a pixel that is part of the process by `unknown` from
 * x̂_0, x_t and noise of unknown_stream, of the others by `known` from the clean
 * picture. In place in x. */
typedef struct
{
  const Repaint *repaint;
  float          s;
  SamplerStep    unknown, known;
  RandomStream   unknown_stream, known_stream;
  float         *x;
  const float   *x0;
} Transition;

static void
transition_rows (gpointer data, int block, int worker)
{
  const Transition    *step = data;
  const Repaint       *repaint = step->repaint;
  const DiffusionRect *area = &repaint->area;
  gsize                size = (gsize) area->width * area->height;
  int                  end = MIN ((block + 1) * ROWS_PER_BLOCK, area->height);

  for (int y = block * ROWS_PER_BLOCK; y < end; y++)
    for (int x = 0; x < area->width; x++)
      {
        gsize    i = (gsize) y * area->width + x;
        gboolean known = repaint->join != NULL && step->s > repaint->join[i];
        float    z[4] = { 0.0f };

        if (known)
          {
            if (step->known.c_z != 0.0f)
              random_pixel (&step->known_stream, area->x + x, area->y + y, z);
            for (int c = 0; c < repaint->n_channels; c++)
              step->x[c * size + i] =
                sampler_apply (&step->known, repaint->clean[c * size + i], 0.0f, z[c]);
          }
        else
          {
            if (step->unknown.c_z != 0.0f)
              random_pixel (&step->unknown_stream, area->x + x, area->y + y, z);
            for (int c = 0; c < repaint->n_channels; c++)
              step->x[c * size + i] = sampler_apply (&step->unknown, step->x0[c * size + i],
                                                     step->x[c * size + i], z[c]);
          }
      }
}

/* x_s of all pixels; FALSE when it was cancelled half-way. Where `unknown` does not
 * use x̂_0, x0 may hold any finite values. */
static gboolean
make_transition (const Repaint *repaint,
                 double         s,
                 SamplerStep    unknown,
                 RandomPurpose  purpose,
                 guint32        number,
                 float         *x,
                 const float   *x0)
{
  int        n_blocks = (repaint->area.height + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
  Transition step = {
    .repaint = repaint,
    .s = (float) s, /* as `join` is: a pixel that joins at s is no longer known at s */
    .unknown = unknown,
    .known = sampler_noise (repaint->sampler.schedule, s),
    .unknown_stream = { repaint->seed, purpose, repaint->scale, number },
    .known_stream = { repaint->seed, RANDOM_KNOWN, repaint->scale, number },
    .x = x,
    .x0 = x0,
  };

  return workers_run (repaint->workers, n_blocks, transition_rows, &step, repaint->cancel);
}

void
repaint_start (const Repaint *repaint, float *x_t)
{
  SamplerStep noise = sampler_noise (repaint->sampler.schedule, repaint->t_start);
  gsize       n = (gsize) repaint->n_channels * repaint->area.width * repaint->area.height;

  g_return_if_fail (repaint->clean != NULL);

  memcpy (x_t, repaint->clean, n * sizeof (float)); /* finite, as 0·x_t is part of the form */
  make_transition (repaint, repaint->t_start, noise, RANDOM_START, 0, x_t, repaint->clean);
}

/* The network's output → x̂_0, in place. */
static void
estimate_x0 (const Repaint *repaint, double t, const float *x_t, float *out)
{
  SamplerEstimate estimate = sampler_estimate (&repaint->sampler, t);
  gsize           n = (gsize) repaint->n_channels * repaint->area.width * repaint->area.height;

  for (gsize i = 0; i < n; i++)
    out[i] = sampler_x0 (&estimate, x_t[i], out[i]);
}

/* --- The run ------------------------------------------------------------------------ */

/* One evaluation and the reverse step t → s. */
static gboolean
reverse (const Repaint *r, double t, double s, guint32 number, float *x, float *x0, GError **error)
{
  SamplerStep step = sampler_reverse (&r->sampler, t, s);

  if (!r->predict (r->predict_data, x, t, x0, r->cancel, error))
    return FALSE;
  estimate_x0 (r, t, x, x0);
  return make_transition (r, s, step, RANDOM_REVERSE, number, x, x0) ||
         !g_cancellable_set_error_if_cancelled (r->cancel, error);
}

/* The jump back up s → t, with the noise of that many forward steps. */
static gboolean
jump (const Repaint *r, double s, double t, guint32 number, float *x, float *x0, GError **error)
{
  SamplerStep step = sampler_forward (r->sampler.schedule, s, t);

  return make_transition (r, t, step, RANDOM_JUMP, number, x, x0) ||
         !g_cancellable_set_error_if_cancelled (r->cancel, error);
}

gboolean
repaint_run (const Repaint *repaint, float *x_t, float *x0, GError **error)
{
  GArray      *plan = repaint_plan (repaint->steps, repaint->resample, repaint->jump_length);
  RepaintState state = { .x_s = x_t, .x0 = x0 };
  gboolean     success = TRUE;

  for (guint i = 0; success && i < plan->len; i++)
    {
      const RepaintMove *move = &g_array_index (plan, RepaintMove, i);
      double             from = sampler_timestep (repaint->t_start, repaint->steps, move->from);
      double             to = sampler_timestep (repaint->t_start, repaint->steps, move->to);

      if (g_cancellable_set_error_if_cancelled (repaint->cancel, error))
        {
          success = FALSE;
          break;
        }
      if (repaint->finish != NULL && g_cancellable_is_cancelled (repaint->finish))
        break;

      state.number++;
      state.jump = move->to > move->from;
      state.s = to;
      if (state.jump)
        success = jump (repaint, from, to, state.number, x_t, x0, error);
      else
        {
          success = reverse (repaint, from, to, state.number, x_t, x0, error);
          state.n_evaluations++;
        }
      if (success && repaint->observe != NULL)
        repaint->observe (repaint->observe_data, &state);
    }

  g_array_unref (plan);
  return success;
}
