/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.c: how fast this machine evaluates a model.
 */
#include "model/model.h"
#include "base/planes.h"

/* Small windows are evaluated less efficiently: the window grows until another
 * doubling of its side, which is four times the work of convolutions and sixteen
 * times that of attention, might take longer than this. Windows of 256 are what
 * Denoise works with. */
#define SIDE_MIN       64
#define SIDE_MAX       256
#define SECONDS_ENOUGH 2.0

/* Of evaluations of the last window: beside other programs one may wait for several
 * times its own time, and not the next. */
#define SECONDS_MEAN 1.0

/* Of the smallest, of which the fastest counts: a pause of a few milliseconds would be taken
 * for what every evaluation costs. */
#define SECONDS_SMALL 0.1

/* Seconds of one evaluation, the mean of as many as take seconds_enough, one at least, and
 * the least of them; < 0 on error. */
static double
time_evaluation (DiffusionModel   *model,
                 DiffusionWorkers *workers,
                 int               side,
                 double            seconds_enough,
                 double           *least,
                 const float      *x_t,
                 float            *out,
                 GCancellable     *cancel,
                 GError          **error)
{
  const double t = schedule_get_T (model_get_schedule (model)) / 2.0;
  double       seconds = 0.0;
  int          n = 0;

  *least = G_MAXDOUBLE;
  do
    {
      gint64 start = g_get_monotonic_time ();
      double one;

      if (!model_predict (model, workers, side, side, NULL, x_t, NULL, NULL, t, out, cancel, error))
        return -1.0;
      one = MAX (g_get_monotonic_time () - start, 1) / 1e6;
      *least = MIN (*least, one);
      seconds += one;
      n++;
    }
  while (seconds < seconds_enough);
  return seconds / n;
}

/* From the seconds of one evaluation on a small window and on a large one. */
static DiffusionSpeed
speed_between (const DiffusionCost *small,
               double               small_seconds,
               const DiffusionCost *large,
               double               large_seconds)
{
  DiffusionSpeed speed = { large->macs / large_seconds, 0.0 };
  double         macs = large->macs - small->macs;

  /* Otherwise something else has kept the machine busy during the small one. */
  if (macs > 0.0 && small_seconds * large->macs < large_seconds * macs)
    {
      double slope = (large_seconds - small_seconds) / macs;

      speed.evaluation = MAX (small_seconds - slope * small->macs, 0.0);
      speed.macs = large->macs / (large_seconds - speed.evaluation);
    }
  return speed;
}

gboolean
diffusion_model_measure (DiffusionModel   *model,
                         DiffusionWorkers *workers,
                         DiffusionSpeed   *speed,
                         GCancellable     *cancel,
                         GError          **error)
{
  const int n = 3 * SIDE_MAX * SIDE_MAX;
  float    *x_t = planes_new (SIDE_MAX, SIDE_MAX, 3, error);
  float    *out = x_t ? planes_new (SIDE_MAX, SIDE_MAX, model_get_n_outputs (model), error) : NULL;
  double    small_seconds = 0.0, least;
  gboolean  success = FALSE;
  DiffusionCost small = { 0 }, cost;

  for (int i = 0; out && i < n; i++)
    x_t[i] = (i % 7 - 3) / 3.0f;

  for (int side = SIDE_MIN; out; side *= 2)
    {
      /* The first finds memory that nobody has touched and does not count. */
      double seconds = time_evaluation (model, workers, side, 0.0, &least, x_t, out, cancel, error);

      if (seconds >= 0.0)
        seconds = time_evaluation (model, workers, side, side == SIDE_MIN ? SECONDS_SMALL : 0.0,
                                   &least, x_t, out, cancel, error);
      if (seconds < 0.0)
        break;

      model_cost (model, 1, side, side, 1, &cost);
      if (side == SIDE_MIN)
        {
          small = cost;
          small_seconds = least;
        }
      if (side < SIDE_MAX && 16.0 * seconds <= SECONDS_ENOUGH)
        continue;

      seconds =
        time_evaluation (model, workers, side, SECONDS_MEAN, &least, x_t, out, cancel, error);
      success = seconds > 0.0;
      if (success)
        *speed = speed_between (&small, small_seconds, &cost, seconds);
      break;
    }

  g_free (out);
  g_free (x_t);
  return success;
}
