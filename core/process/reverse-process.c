/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reverse-process.c: the reverse process with known pixels and resampling.
 */
#include "process/reverse-process.h"

#include <string.h>

#include "base/planes.h"
#include "base/random.h"
#include "base/workers.h"

/* --- The order of the transitions ------------------------------------------------ */

GArray *
reverse_process_order (int steps, int resample, int jump_length, gboolean corrects)
{
  GArray *order = g_array_new (FALSE, FALSE, sizeof (ReverseMove));
  int    *passes = g_new0 (int, steps); /* extra passes made, by step index */
  int     at = steps;

  while (at > 0)
    {
      ReverseMove down = { at, at - 1 }, correction = { at - 1, at - 1 };
      int         index = at - 2; /* of the timestep that is reached; −1: clean */

      g_array_append_val (order, down);
      at--;
      if (corrects && at > 0)
        g_array_append_val (order, correction);
      if (index >= 0 && index % jump_length == 0 && index < steps - jump_length &&
          passes[index] < resample - 1)
        {
          ReverseMove jump = { at, at + jump_length };

          g_array_append_val (order, jump);
          at += jump_length;
          passes[index]++;
        }
    }
  g_free (passes);
  return order;
}

int
reverse_process_count (int steps, int resample, int jump_length, DiffusionSampler kind)
{
  GArray *order = reverse_process_order (steps, resample, jump_length, sampler_corrects (kind));
  int     n = 0;

  for (guint i = 0; i < order->len; i++)
    {
      const ReverseMove *move = &g_array_index (order, ReverseMove, i);
      n += move->to <= move->from;
    }
  g_array_unref (order);
  return n;
}

int
reverse_process_planes (DiffusionSampler kind, VarianceType variance)
{
  return (sampler_needs_before (kind) ? 1 : 0) + (variance == VARIANCE_LEARNED_RANGE ? 2 : 0);
}

/* --- Pixels ----------------------------------------------------------------------- */

#define ROWS_PER_BLOCK 16

/* What a step is made from, planes of the area. */
typedef struct
{
  float *x;        /* x_t, then x_s */
  float *x0;       /* x̂_0 of the last evaluation */
  float *before;   /* x̂_0 of the one before; NULL where no step of the sampler asks for it */
  float *out;      /* what the network says: x0 itself, or both halves where it says more */
  float *variance; /* the second half; NULL where there is none */
} Planes;

/* x_s of every pixel: of a pixel that is part of the process by `unknown` from
 * x̂_0, x_t and noise of unknown_stream, of the others by `known` from the clean
 * picture. */
typedef struct
{
  const ReverseProcess *process;
  float                 s;
  SamplerStep           unknown, known;
  RandomStream          unknown_stream, known_stream;
  const Planes         *planes;
} Transition;

/* Is pixel i known at the time s? As floats: a pixel that joins at s is no longer known
 * at s. */
static gboolean
is_known (const ReverseProcess *process, gsize i, float s)
{
  return process->join != NULL && s > process->join[i];
}

/* One value of a pixel that is part of the process; p: its place in the planes. */
static float
step_value (const SamplerStep *step, const Planes *planes, gsize p, float z)
{
  float x;

  if (planes->variance != NULL && step->log_range != 0.0f)
    z *= sampler_spread (step, planes->variance[p]);
  x = sampler_apply (step, planes->x0[p], planes->x[p], z);
  if (step->c_before != 0.0f)
    x += step->c_before * planes->before[p];
  return x;
}

/* The noise of all channels of a pixel. */
static void
draw (const ReverseProcess *process, const RandomStream *stream, int x, int y, float z[4])
{
  random_pixel (stream, process->area.x + x, process->area.y + y, z);
  if (process->gray_noise)
    z[1] = z[2] = z[3] = z[0];
}

static void
transition_rows (gpointer data, int block, int worker)
{
  const Transition     *step = data;
  const ReverseProcess *process = step->process;
  const DiffusionRect  *area = &process->area;
  gsize                 size = (gsize) area->width * area->height;
  int                   end = MIN ((block + 1) * ROWS_PER_BLOCK, area->height);

  for (int y = block * ROWS_PER_BLOCK; y < end; y++)
    for (int x = 0; x < area->width; x++)
      {
        gsize i = (gsize) y * area->width + x;
        float z[4] = { 0.0f };

        if (process->data_step == DIFFUSION_DATA_REPLACE && is_known (process, i, step->s))
          {
            if (step->known.c_z != 0.0f)
              draw (process, &step->known_stream, x, y, z);
            for (int c = 0; c < process->n_channels; c++)
              step->planes->x[c * size + i] =
                sampler_apply (&step->known, process->clean[c * size + i], 0.0f, z[c]);
          }
        else
          {
            if (step->unknown.c_z != 0.0f)
              draw (process, &step->unknown_stream, x, y, z);
            for (int c = 0; c < process->n_channels; c++)
              step->planes->x[c * size + i] =
                step_value (&step->unknown, step->planes, c * size + i, z[c]);
          }
      }
}

/* x_s of all pixels; FALSE when it was cancelled half-way. Where `unknown` does not
 * use x̂_0, its planes may hold any finite values. */
static gboolean
make_transition (const ReverseProcess *process,
                 double                s,
                 SamplerStep           unknown,
                 RandomPurpose         purpose,
                 guint32               number,
                 const Planes         *planes)
{
  int        n_blocks = (process->area.height + ROWS_PER_BLOCK - 1) / ROWS_PER_BLOCK;
  Transition step = {
    .process = process,
    .s = (float) s,
    .unknown = unknown,
    .known = sampler_noise (process->sampler.schedule, s),
    .unknown_stream = { process->seed, purpose, process->scale, number },
    .known_stream = { process->seed, RANDOM_KNOWN, process->scale, number },
    .planes = planes,
  };

  return workers_run (process->workers, n_blocks, transition_rows, &step, process->cancel);
}

static double
spaced (const ReverseProcess *process, int remaining)
{
  return timesteps_get (process->sampler.schedule, process->spacing, process->steps_offset,
                        process->t_start, process->steps, remaining);
}

/* With sigma_end the times are those of the spacing, drawn together towards the first so
 * that the last evaluation is at sigma_end. */
static double
time_of (const ReverseProcess *process, int remaining)
{
  double t = spaced (process, remaining);
  double first, last, end;

  if (remaining == 0 || process->sigma_end == 0.0)
    return t;
  first = spaced (process, process->steps);
  last = spaced (process, 1);
  end = schedule_t_of_sigma (process->sampler.schedule, process->sigma_end);
  if (last >= end || first <= end)
    return t;
  return first - (first - t) * (first - end) / (first - last);
}

void
reverse_process_start (const ReverseProcess *process, float *x_t)
{
  double      t = time_of (process, process->steps);
  SamplerStep noise = sampler_noise (process->sampler.schedule, t);
  gsize       n = (gsize) process->n_channels * process->area.width * process->area.height;
  Planes      planes = { .x = x_t, .x0 = x_t };

  g_return_if_fail (process->clean != NULL);

  memcpy (x_t, process->clean, n * sizeof (float)); /* the form's x̂_0 */
  make_transition (process, t, noise, RANDOM_START, 0, &planes);
}

/* The network's output → x̂_0; what is known is pasted in where the data step says so. */
static void
estimate_x0 (const ReverseProcess *process, double t, const Planes *planes)
{
  SamplerEstimate estimate = sampler_estimate (&process->sampler, t);
  gsize           size = (gsize) process->area.width * process->area.height;
  gsize           n = process->n_channels * size;

  for (gsize i = 0; i < n; i++)
    planes->x0[i] = sampler_x0 (&estimate, planes->x[i], planes->out[i]);

  if (process->data_step == DIFFUSION_DATA_PASTE)
    for (gsize i = 0; i < n; i++)
      if (is_known (process, i % size, (float) t))
        planes->x0[i] = process->clean[i];
}

/* --- The run ------------------------------------------------------------------------ */

/* x̂_0 at x_t; the one before is kept where it is asked for. */
static gboolean
evaluate (const ReverseProcess *r, double t, const Planes *planes, GError **error)
{
  gsize n = (gsize) r->n_channels * r->area.width * r->area.height;

  if (planes->before != NULL)
    memcpy (planes->before, planes->x0, n * sizeof (float));
  if (!r->predict (r->predict_data, planes->x, t, planes->out, r->cancel, error))
    return FALSE;
  estimate_x0 (r, t, planes);
  return TRUE;
}

/* One move between the times t and s. t_before: the time of the evaluation before, t where
 * there was none since the last jump. For a correction (t = s) it is where the reverse
 * step came from. */
static gboolean
move (const ReverseProcess *r,
      double                t,
      double                s,
      double                t_before,
      guint32               number,
      const Planes         *planes,
      GError              **error)
{
  RandomPurpose purpose = RANDOM_REVERSE;
  SamplerStep   step;

  if (s > t)
    {
      step = sampler_forward (r->sampler.schedule, t, s);
      purpose = RANDOM_JUMP;
    }
  else if (!evaluate (r, t, planes, error))
    return FALSE;
  else if (s < t)
    step = sampler_reverse (&r->sampler, t, s, t_before);
  else
    step = sampler_correct (&r->sampler, t_before, s);

  return make_transition (r, s, step, purpose, number, planes) ||
         !g_cancellable_set_error_if_cancelled (r->cancel, error);
}

/* Room for what the sampler and the network ask for beside x and x̂_0. */
static gboolean
make_room (const ReverseProcess *r, Planes *planes, GError **error)
{
  int   width = r->area.width, height = r->area.height;
  gsize n = (gsize) r->n_channels * width * height;

  planes->out = planes->x0;
  if (sampler_needs_before (r->sampler.kind) &&
      !(planes->before = planes_new (width, height, r->n_channels, error)))
    return FALSE;
  if (r->sampler.variance == VARIANCE_LEARNED_RANGE)
    {
      if (!(planes->out = planes_new (width, height, 2 * r->n_channels, error)))
        return FALSE;
      planes->variance = planes->out + n;
    }
  return TRUE;
}

static gboolean
run_order (const ReverseProcess *process, const GArray *order, const Planes *planes, GError **error)
{
  ReverseState state = { .x_s = planes->x, .x0 = planes->x0 };
  double       t_before = -1.0;

  for (guint i = 0; i < order->len; i++)
    {
      const ReverseMove *next = &g_array_index (order, ReverseMove, i);
      double             from = time_of (process, next->from), to = time_of (process, next->to);

      if (g_cancellable_set_error_if_cancelled (process->cancel, error))
        return FALSE;
      if (process->finish != NULL && g_cancellable_is_cancelled (process->finish))
        return TRUE;

      state.number++;
      state.jump = next->to > next->from;
      state.s = to;
      if (!move (process, from, to, MAX (t_before, from), state.number, planes, error))
        return FALSE;
      t_before = state.jump ? -1.0 : from;
      state.n_evaluations += !state.jump;
      if (process->observe != NULL)
        process->observe (process->observe_data, &state);
    }
  return TRUE;
}

gboolean
reverse_process_run (const ReverseProcess *process, float *x_t, float *x0, GError **error)
{
  GArray  *order = reverse_process_order (process->steps, process->resample, process->jump_length,
                                          sampler_corrects (process->sampler.kind));
  Planes   planes = { .x = x_t, .x0 = x0 };
  gboolean success =
    make_room (process, &planes, error) && run_order (process, order, &planes, error);

  g_free (planes.before);
  if (planes.out != x0)
    g_free (planes.out);
  g_array_unref (order);
  return success;
}
