/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure.c: how fast this machine evaluates a model.
 */
#include "model.h"
#include "planes.h"

/* The window is halved until an evaluation takes no more than this. */
#define SIDE_MAX 256
#define SIDE_MIN 64
#define PRODUCTS_MAX 2e10

/* The first evaluation finds memory that nobody has touched, and does not count. */
#define N_EVALUATIONS 4
#define SECONDS_ENOUGH 0.5

double
diffusion_model_measure (DiffusionModel   *model,
                         DiffusionWorkers *workers,
                         GCancellable     *cancel,
                         GError          **error)
{
  int           side = SIDE_MAX;
  double        T = schedule_get_T (model_get_schedule (model));
  double        work = 0.0, seconds = 0.0;
  gboolean      success;
  float        *x_t, *out;
  DiffusionCost cost;

  model_cost (model, 1, side, side, 1, &cost);
  while (cost.products > PRODUCTS_MAX && side > SIDE_MIN)
    {
      side /= 2;
      model_cost (model, 1, side, side, 1, &cost);
    }

  x_t = planes_new (side, side, 3, error);
  out = x_t ? planes_new (side, side, 3, error) : NULL;
  success = out != NULL;
  for (int i = 0; success && i < 3 * side * side; i++)
    x_t[i] = (i % 7 - 3) / 3.0f;

  for (int i = 0; success && i < N_EVALUATIONS && seconds < SECONDS_ENOUGH; i++)
    {
      gint64 start = g_get_monotonic_time ();

      success = model_predict (model, workers, side, side, x_t, NULL, NULL, T / 2.0, out, cancel,
                               error);
      if (i == 0)
        continue;
      work += cost.products;
      seconds += MAX (g_get_monotonic_time () - start, 1) / 1e6;
    }

  g_free (out);
  g_free (x_t);
  return success ? work / seconds : 0.0;
}
