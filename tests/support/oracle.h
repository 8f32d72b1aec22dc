/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * oracle.h: a stand-in for the network that knows the clean picture, and the
 * schedules that the tests of the process run on.
 */
#pragma once

#include <math.h>

#include "process/reverse-process.h"

/* linear, β = 10⁻⁴ … 0.02, the one of Ho et al. 2020, with T = 1000 */
static inline SchedulerConfig
oracle_config (Prediction prediction)
{
  return (SchedulerConfig) {
    .num_train_timesteps = 1000,
    .beta_schedule = BETA_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .prediction = prediction,
    .variance = VARIANCE_FIXED_SMALL,
    .clip_sample = FALSE,
    .clip_sample_range = 1.0,
  };
}

typedef struct
{
  const Schedule *schedule;
  Prediction      prediction;
  const float    *x0; /* what it knows */
  gsize           n;
  int             n_calls;
  GCancellable   *cancels; /* nullable: cancelled in the call number cancels_at */
  int             cancels_at;
} Oracle;

/* A ReversePredict: what a perfect network would say about x_t. */
static inline gboolean
oracle_predict (gpointer      data,
                const float  *x_t,
                double        t,
                float        *out,
                GCancellable *cancel,
                GError      **error)
{
  Oracle *oracle = data;
  double  alpha_bar = schedule_alpha_bar (oracle->schedule, t);
  double  signal = sqrt (alpha_bar), noise = sqrt (1.0 - alpha_bar);

  for (gsize i = 0; i < oracle->n; i++)
    {
      double eps = (x_t[i] - signal * oracle->x0[i]) / noise;

      switch (oracle->prediction)
        {
        case PREDICTION_EPSILON:
          out[i] = (float) eps;
          break;
        case PREDICTION_SAMPLE:
          out[i] = oracle->x0[i];
          break;
        case PREDICTION_V:
          out[i] = (float) (signal * eps - noise * oracle->x0[i]);
          break;
        default:
          g_assert_not_reached ();
        }
    }
  oracle->n_calls++;
  if (oracle->cancels != NULL && oracle->n_calls == oracle->cancels_at)
    g_cancellable_cancel (oracle->cancels);
  return TRUE;
}

/* A picture of n values between −1 and 1 without any regularity. */
static inline float *
oracle_picture (gsize n)
{
  float *x = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    x[i] = (float) sin (1.0 + 12.9898 * i + 0.001 * i * i);
  return x;
}
