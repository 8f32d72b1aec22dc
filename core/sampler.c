/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampler.c: the coefficients of the reverse and the forward steps.
 */
#include "sampler.h"

#include <math.h>

void
sampler_init (Sampler               *sampler,
              const Schedule        *schedule,
              const SchedulerConfig *config,
              DiffusionSampler       kind)
{
  *sampler = (Sampler){
    .schedule = schedule,
    .prediction = config->prediction,
    .variance = config->variance,
    .clip_range = config->clip_sample ? config->clip_sample_range : INFINITY,
    .kind = kind,
  };
}

SamplerEstimate
sampler_estimate (const Sampler *sampler, double t)
{
  double log_t = schedule_log_alpha_bar (sampler->schedule, t);
  double signal = exp (0.5 * log_t), noise = sqrt (-expm1 (log_t)); /* √ᾱ, √(1 − ᾱ) */
  float  limit = (float) sampler->clip_range;

  switch (sampler->prediction)
    {
    case PREDICTION_EPSILON:
      /* ε says nothing about x_0 where no signal is left: keep the form finite. */
      signal = MAX (signal, 1e-6);
      return (SamplerEstimate){ (float) (1.0 / signal), (float) (-noise / signal), limit };
    case PREDICTION_SAMPLE:
      return (SamplerEstimate){ 0.0f, 1.0f, limit };
    case PREDICTION_V:
      return (SamplerEstimate){ (float) signal, (float) -noise, limit };
    }
  g_return_val_if_reached (((SamplerEstimate){ 0.0f, 0.0f, limit }));
}

SamplerStep
sampler_reverse (const Sampler *sampler, double t, double s)
{
  double log_t = schedule_log_alpha_bar (sampler->schedule, t);
  double log_s = schedule_log_alpha_bar (sampler->schedule, s);

  switch (sampler->kind)
    {
    case DIFFUSION_SAMPLER_DDIM:
      {
        double noise_t = -expm1 (log_t), noise_s = -expm1 (log_s);
        double c_xt = noise_t > 0.0 ? sqrt (noise_s / noise_t) : 0.0;

        return (SamplerStep){ (float) (exp (0.5 * log_s) - c_xt * exp (0.5 * log_t)), (float) c_xt,
                              0.0f };
      }
    case DIFFUSION_SAMPLER_DDPM:
      {
        Posterior p = schedule_posterior (sampler->schedule, t, s, sampler->variance);

        return (SamplerStep){ (float) p.c_x0, (float) p.c_xt,
                              s > -1.0 ? (float) sqrt (p.variance) : 0.0f };
      }
    }
  g_return_val_if_reached (((SamplerStep){ 1.0f, 0.0f, 0.0f }));
}

SamplerStep
sampler_noise (const Schedule *schedule, double t)
{
  double log_t = schedule_log_alpha_bar (schedule, t);

  return (SamplerStep){ (float) exp (0.5 * log_t), 0.0f, (float) sqrt (-expm1 (log_t)) };
}

SamplerStep
sampler_forward (const Schedule *schedule, double s, double t)
{
  double log_ratio = schedule_log_alpha_bar (schedule, t) - schedule_log_alpha_bar (schedule, s);

  return (SamplerStep){ 0.0f, (float) exp (0.5 * log_ratio), (float) sqrt (-expm1 (log_ratio)) };
}

double
sampler_timestep (double t_start, int steps, int remaining)
{
  if (remaining == steps)
    return t_start;
  return remaining * (t_start + 1.0) / steps - 1.0;
}
