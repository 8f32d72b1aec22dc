/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampler.h: how a prediction of the network moves x_t to x_s. Everything here
 * is a linear form in x̂_0, x_t and fresh noise z, so a step is its coefficients
 * and the loop over pixels (repaint.c) knows nothing about samplers.
 */
#pragma once

#include "schedule.h"

typedef struct
{
  const Schedule  *schedule;
  Prediction       prediction;
  VarianceType     variance;   /* of DDPM's steps */
  double           clip_range; /* |x̂_0| is limited to this; ∞: it is not */
  DiffusionSampler kind;
} Sampler;

void sampler_init (Sampler               *sampler,
                   const Schedule        *schedule,
                   const SchedulerConfig *config,
                   DiffusionSampler       kind);

/* x̂_0 = clip (c_xt·x_t + c_out·out): the clean picture that the network's output
 * at x_t stands for. With ε: (x_t − √(1 − ᾱ) ε)/√ᾱ (Ho et al. 2020, eq. 15); x_0
 * as it is; with v: √ᾱ x_t − √(1 − ᾱ) v (Salimans and Ho 2022, appendix D). */
typedef struct
{
  float c_xt, c_out, limit;
} SamplerEstimate;
SamplerEstimate sampler_estimate (const Sampler *sampler, double t);

static inline float
sampler_x0 (const SamplerEstimate *e, float x_t, float out)
{
  float x0 = e->c_xt * x_t + e->c_out * out;

  return x0 > e->limit ? e->limit : x0 < -e->limit ? -e->limit : x0;
}

/* c_x0·x_0 + c_xt·x_t + c_z·z, z ~ N (0, 1). */
typedef struct
{
  float c_x0, c_xt, c_z;
} SamplerStep;

static inline float
sampler_apply (const SamplerStep *step, float x0, float x_t, float z)
{
  return step->c_x0 * x0 + step->c_xt * x_t + step->c_z * z;
}

/* One reverse step t → s, −1 ≤ s < t.
 * DDIM (Song et al. 2021, eq. 12, η = 0): √ᾱ_s x̂_0 + √(1 − ᾱ_s) ε̂ with the ε̂ that
 * belongs to x_t and the clipped x̂_0, ε̂ = (x_t − √ᾱ_t x̂_0)/√(1 − ᾱ_t) (what
 * diffusers calls use_clipped_model_output).
 * DDPM (Ho et al. 2020, algorithm 2): the posterior q(x_s | x_t, x̂_0); no noise
 * in the step to the clean picture. */
SamplerStep sampler_reverse (const Sampler *sampler, double t, double s);

/* q(x_t | x_0): √ᾱ_t x_0 + √(1 − ᾱ_t) z. */
SamplerStep sampler_noise (const Schedule *schedule, double t);

/* q(x_t | x_s), s < t: √(ᾱ_t/ᾱ_s) x_s + √(1 − ᾱ_t/ᾱ_s) z. */
SamplerStep sampler_forward (const Schedule *schedule, double s, double t);

/* The timesteps of a run of `steps` reverse steps from t_start to −1, counted by
 * how many steps remain: `remaining` = steps gives t_start, 0 gives −1. */
double sampler_timestep (double t_start, int steps, int remaining);
