/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.c: how fast this machine evaluates a model.
 */
#include "model.h"
#include "planes.h"

/* Small windows are evaluated less efficiently: the window grows until another
 * doubling of its side, which is four times the work of convolutions and sixteen
 * times that of attention, might take longer than this. */
#define SIDE_MIN 64
#define SIDE_MAX 256
#define SECONDS_ENOUGH 0.5

/* Beside other programs one evaluation may wait for several times its own time. */
#define SECONDS_MEAN 0.2

/* Seconds of one evaluation, the mean of some; < 0 on error. The first, which finds
 * memory that nobody has touched, does not count. */
static double
time_evaluation (DiffusionModel   *model,
                 DiffusionWorkers *workers,
                 int               side,
                 const float      *x_t,
                 float            *out,
                 GCancellable     *cancel,
                 GError          **error)
{
  const double t = schedule_get_T (model_get_schedule (model)) / 2.0;
  double       seconds = 0.0;
  int          n;

  if (!model_predict (model, workers, side, side, x_t, NULL, NULL, t, out, cancel, error))
    return -1.0;
  for (n = 0; seconds < SECONDS_MEAN; n++)
    {
      gint64 start = g_get_monotonic_time ();

      if (!model_predict (model, workers, side, side, x_t, NULL, NULL, t, out, cancel, error))
        return -1.0;
      seconds += MAX (g_get_monotonic_time () - start, 1) / 1e6;
    }
  return seconds / n;
}

double
diffusion_model_measure (DiffusionModel   *model,
                         DiffusionWorkers *workers,
                         GCancellable     *cancel,
                         GError          **error)
{
  const int     n = 3 * SIDE_MAX * SIDE_MAX;
  float        *x_t = planes_new (SIDE_MAX, SIDE_MAX, 3, error);
  float        *out = x_t ? planes_new (SIDE_MAX, SIDE_MAX, model_get_n_outputs (model), error) : NULL;
  double        speed = 0.0;
  DiffusionCost cost;

  for (int i = 0; out && i < n; i++)
    x_t[i] = (i % 7 - 3) / 3.0f;

  for (int side = SIDE_MIN; out && side <= SIDE_MAX; side *= 2)
    {
      double seconds = time_evaluation (model, workers, side, x_t, out, cancel, error);

      model_cost (model, 1, side, side, 1, &cost);
      speed = seconds > 0.0 ? cost.products / seconds : 0.0;
      if (seconds < 0.0 || 16.0 * seconds > SECONDS_ENOUGH)
        break;
    }

  g_free (out);
  g_free (x_t);
  return speed;
}
