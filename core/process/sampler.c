/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampler.c: the coefficients of the reverse and the forward steps, one function for
 * each sampler.
 */
#include "process/sampler.h"

#include <math.h>

void
sampler_init (Sampler               *sampler,
              const Schedule        *schedule,
              const SchedulerConfig *config,
              DiffusionSampler       kind)
{
  *sampler = (Sampler) {
    .schedule = schedule,
    .prediction = config->prediction,
    .variance = config->variance,
    .clip_range = config->clip_sample ? config->clip_sample_range : INFINITY,
    .kind = kind,
  };
}

/* --- What the network says --------------------------------------------------------- */

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
      return (SamplerEstimate) { (float) (1.0 / signal), (float) (-noise / signal), limit };
    case PREDICTION_SAMPLE:
      return (SamplerEstimate) { 0.0f, 1.0f, limit };
    case PREDICTION_V:
      return (SamplerEstimate) { (float) signal, (float) -noise, limit };
    case PREDICTION_POSTERIOR_MEAN:
      {
        /* μ belongs to the step to the next whole time below, as the network was trained. */
        Posterior p =
          schedule_posterior (sampler->schedule, t, MAX (t - 1.0, -1.0), VARIANCE_FIXED_SMALL);
        double c_x0 = MAX (p.c_x0, 1e-6); /* as for ε */

        return (SamplerEstimate) { (float) (-p.c_xt / c_x0), (float) (1.0 / c_x0), limit };
      }
    }
  g_return_val_if_reached (((SamplerEstimate) { 0.0f, 0.0f, limit }));
}

SamplerScore
sampler_score (const Schedule *schedule, double t)
{
  double log_t = schedule_log_alpha_bar (schedule, t), noise = -expm1 (log_t);

  return (SamplerScore) { exp (0.5 * log_t) / noise, -1.0 / noise };
}

/* --- Reverse steps ------------------------------------------------------------------- */

/* √ᾱ_s x̂_0 + √(1 − ᾱ_s − ς²) ε̂ + ς z, ς² = η² β̃ (Song, Meng and Ermon 2021, eq. 12 and
 * 16), with the ε̂ that belongs to x_t and the clipped x̂_0, ε̂ = (x_t − √ᾱ_t x̂_0)/√(1 − ᾱ_t)
 * (what diffusers calls use_clipped_model_output). */
static SamplerStep
ddim (const Sampler *sampler, double t, double s)
{
  double log_t = schedule_log_alpha_bar (sampler->schedule, t);
  double log_s = schedule_log_alpha_bar (sampler->schedule, s);
  double noise_t = -expm1 (log_t), noise_s = -expm1 (log_s);
  double variance = 0.0, c_xt;

  if (sampler->eta > 0.0)
    variance = sampler->eta * sampler->eta *
               schedule_posterior (sampler->schedule, t, s, VARIANCE_FIXED_SMALL).variance;
  c_xt = noise_t > 0.0 ? sqrt (MAX (noise_s - variance, 0.0) / noise_t) : 0.0;

  return (SamplerStep) {
    .c_x0 = (float) (exp (0.5 * log_s) - c_xt * exp (0.5 * log_t)),
    .c_xt = (float) c_xt,
    .c_z = (float) sqrt (variance),
  };
}

/* The posterior q(x_s | x_t, x̂_0) (Ho et al. 2020, algorithm 2), of the model's variance;
 * no noise in the step to the clean picture. */
static SamplerStep
ddpm (const Sampler *sampler, double t, double s)
{
  Posterior   p = schedule_posterior (sampler->schedule, t, s, sampler->variance);
  SamplerStep step = {
    .c_x0 = (float) p.c_x0,
    .c_xt = (float) p.c_xt,
    .c_z = s > -1.0 ? (float) sqrt (p.variance) : 0.0f,
  };

  if (sampler->variance == VARIANCE_LEARNED_RANGE && p.variance > 0.0)
    {
      double most = schedule_posterior (sampler->schedule, t, s, VARIANCE_FIXED_LARGE).variance;

      step.log_range = (float) (0.5 * log (most / p.variance));
    }
  return step;
}

/* λ = log √(ᾱ/(1 − ᾱ)), half of the logarithm of the signal-to-noise ratio. */
static double
lambda (const Schedule *schedule, double t)
{
  return 0.5 * schedule_log_snr (schedule, t);
}

/* (σ_s/σ_t) x_t − α_s (e^−h − 1) D, h = λ_s − λ_t, with the x̂_0 of this evaluation and the
 * one before carried on in a straight line in λ: D = (1 + 1/(2r)) x̂_0 − 1/(2r) x̂_0', r =
 * (λ_t − λ_before)/h (Lu et al. 2022, "DPM-Solver++", algorithm 2). α = √ᾱ, σ =
 * √(1 − ᾱ) in their letters. With D = x̂_0 it is DDIM's step: the first one, for want of
 * anything before it, and the last one, where h = ∞. */
static SamplerStep
dpm_solver (const Sampler *sampler, double t, double s, double t_before)
{
  const Schedule *schedule = sampler->schedule;
  double          log_t = schedule_log_alpha_bar (schedule, t);
  double          log_s = schedule_log_alpha_bar (schedule, s);
  double          noise_t = -expm1 (log_t), noise_s = -expm1 (log_s);
  double          c_xt = noise_t > 0.0 ? sqrt (noise_s / noise_t) : 0.0;
  double          c_x0 = exp (0.5 * log_s) - c_xt * exp (0.5 * log_t);
  double          carry = 0.0; /* 1/(2r) */

  if (t_before > t && s > -1.0)
    {
      double h = lambda (schedule, s) - lambda (schedule, t);
      double h_before = lambda (schedule, t) - lambda (schedule, t_before);

      carry = isfinite (h) && h_before > 0.0 ? 0.5 * h / h_before : 0.0;
    }
  return (SamplerStep) {
    .c_x0 = (float) (c_x0 * (1.0 + carry)),
    .c_xt = (float) c_xt,
    .c_before = (float) (-c_x0 * carry),
  };
}

SamplerStep
sampler_reverse (const Sampler *sampler, double t, double s, double t_before)
{
  switch (sampler->kind)
    {
    case DIFFUSION_SAMPLER_DDIM:
      return ddim (sampler, t, s);
    case DIFFUSION_SAMPLER_DDPM:
      return ddpm (sampler, t, s);
    case DIFFUSION_SAMPLER_DPM_SOLVER:
      return dpm_solver (sampler, t, s, t_before);
    case DIFFUSION_SAMPLER_HEUN:
      return ddim (sampler, t, s); /* Euler's step, line 5: d = (x − x̂_0)/σ over x = x_t/√ᾱ_t */
    case DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR:
      /* The ancestral step is a discretisation of the reverse SDE (Song et al. 2021,
       * appendix E), exact in its mean where x̂_0 stays what it is. */
      return ddpm (sampler, t, s);
    }
  g_return_val_if_reached (((SamplerStep) { .c_x0 = 1.0f }));
}

gboolean
sampler_needs_before (DiffusionSampler kind)
{
  return kind == DIFFUSION_SAMPLER_DPM_SOLVER || kind == DIFFUSION_SAMPLER_HEUN;
}

/* --- Corrections ---------------------------------------------------------------------- */

/* Over x = x_t/√ᾱ_t and σ = √((1 − ᾱ_t)/ᾱ_t): the Euler step from σ_t to σ_s is made again
 * with the mean of the slopes d = (x − x̂_0)/σ at its two ends (Karras et al. 2022,
 * algorithm 1, line 8, for their σ(t) = t, s(t) = 1). Of what Euler has reached,
 * x_s + (σ_s − σ_t)(d_s − d_t)/2, this leaves x_s + (σ_t/σ_s − 1)/2 · (x̂_0 at x_s − x̂_0 at
 * x_t). From σ_t = ∞ the slope at x_t says nothing: Euler's step stays. */
static SamplerStep
heun (const Sampler *sampler, double t, double s)
{
  double ratio = schedule_sigma (sampler->schedule, t) / schedule_sigma (sampler->schedule, s);
  double c = 0.5 * (ratio - 1.0) * sqrt (schedule_alpha_bar (sampler->schedule, s));

  if (!isfinite (c))
    c = 0.0;
  return (SamplerStep) { .c_x0 = (float) c, .c_xt = 1.0f, .c_before = (float) -c };
}

/* One step of Langevin dynamics, x + δ ∇ log p_s (x) + √(2δ) z (Song et al. 2021,
 * algorithm 5) with δ = 2 (r ‖z‖/‖score‖)². The norms are those that are expected,
 * ‖z‖/‖score‖ = √(1 − ᾱ): no pixel then depends on how much of the picture is
 * computed with it. */
static SamplerStep
langevin (const Sampler *sampler, double s)
{
  const double r = 0.16; /* their signal-to-noise ratio of a step */
  double       noise = -expm1 (schedule_log_alpha_bar (sampler->schedule, s));
  double       delta = 2.0 * r * r * noise;
  SamplerScore score = sampler_score (sampler->schedule, s);

  return (SamplerStep) {
    .c_x0 = (float) (delta * score.c_x0),
    .c_xt = (float) (1.0 + delta * score.c_xt),
    .c_z = (float) sqrt (2.0 * delta),
  };
}

gboolean
sampler_corrects (DiffusionSampler kind)
{
  return kind == DIFFUSION_SAMPLER_HEUN || kind == DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR;
}

SamplerStep
sampler_correct (const Sampler *sampler, double t, double s)
{
  return sampler->kind == DIFFUSION_SAMPLER_HEUN ? heun (sampler, t, s) : langevin (sampler, s);
}

/* --- Learned variance ------------------------------------------------------------------- */

float
sampler_spread (const SamplerStep *step, float out)
{
  return expf (step->log_range * 0.5f * (out + 1.0f));
}

/* --- Forward steps ------------------------------------------------------------------------ */

SamplerStep
sampler_noise (const Schedule *schedule, double t)
{
  double log_t = schedule_log_alpha_bar (schedule, t);

  return (SamplerStep) {
    .c_x0 = (float) exp (0.5 * log_t),
    .c_z = (float) sqrt (-expm1 (log_t)),
  };
}

SamplerStep
sampler_forward (const Schedule *schedule, double s, double t)
{
  double log_ratio = schedule_log_alpha_bar (schedule, t) - schedule_log_alpha_bar (schedule, s);

  return (SamplerStep) {
    .c_xt = (float) exp (0.5 * log_ratio),
    .c_z = (float) sqrt (-expm1 (log_ratio)),
  };
}
