/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampler.h: how a prediction of the network moves x_t to x_s. Every sampler here
 * is a linear form in x̂_0, x_t, the x̂_0 of the evaluation before and fresh noise z,
 * so a step is its coefficients and the loop over pixels (reverse-process.c) knows nothing
 * about samplers.
 */
#pragma once

#include "process/schedule.h"

typedef struct
{
  const Schedule  *schedule;
  Prediction       prediction;
  VarianceType     variance;   /* of ancestral steps */
  double           clip_range; /* |x̂_0| is limited to this; ∞: it is not */
  DiffusionSampler kind;
  double           eta; /* of DDIM, 0…1 */
} Sampler;

/* eta is 0. */
void sampler_init (Sampler               *sampler,
                   const Schedule        *schedule,
                   const SchedulerConfig *config,
                   DiffusionSampler       kind);

/* --- What the network says --------------------------------------------------------- */

/* x̂_0 = clip (c_xt·x_t + c_out·out): the clean picture that the network's output
 * at x_t stands for. With ε: (x_t − √(1 − ᾱ) ε)/√ᾱ (Ho et al. 2020, eq. 15); x_0
 * as it is; with v: √ᾱ x_t − √(1 − ᾱ) v (Salimans and Ho 2022, appendix D); with the
 * mean μ of q(x_{t−1} | x_t, x_0): Ho et al., eq. 7, solved for x_0. */
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

/* The score ∇ log p_t (x_t) = c_x0·x̂_0 + c_xt·x_t = (√ᾱ x̂_0 − x_t)/(1 − ᾱ), which is
 * −ε̂/√(1 − ᾱ) (Song et al. 2021, score SDE, sec. 2; Vincent 2011). t > −1. */
typedef struct
{
  double c_x0, c_xt;
} SamplerScore;
SamplerScore sampler_score (const Schedule *schedule, double t);

/* --- Steps --------------------------------------------------------------------------- */

/* c_x0·x̂_0 + c_xt·x_t + c_z·z + c_before·x̂_0 of the evaluation before, z ~ N (0, 1).
 * Where the variance is learned, c_z is √β̃, the least it can be: sampler_spread. */
typedef struct
{
  float c_x0, c_xt, c_z;
  float c_before;
  float log_range; /* log √(β/β̃), 0 where the variance is not learned */
} SamplerStep;

static inline float
sampler_apply (const SamplerStep *step, float x0, float x_t, float z)
{
  return step->c_x0 * x0 + step->c_xt * x_t + step->c_z * z;
}

/* √(v/β̃) of the learned variance v = exp (u log β + (1 − u) log β̃), u = (out + 1)/2 (Nichol
 * and Dhariwal 2021, eq. 15), where the network's second half says `out`: c_z is to be
 * multiplied by it. */
float sampler_spread (const SamplerStep *step, float out);

/* One reverse step t → s, −1 ≤ s < t. t_before: the time of the evaluation before this
 * one in the same descent, t where there was none. */
SamplerStep sampler_reverse (const Sampler *sampler, double t, double s, double t_before);

/* Does any step ask for the x̂_0 of the evaluation before? */
gboolean sampler_needs_before (DiffusionSampler kind);

/* Does each reverse step t → s, s > −1, have a second evaluation and a correction at s? */
gboolean sampler_corrects (DiffusionSampler kind);

/* That correction: x_s, made by sampler_reverse (t → s), becomes a better x_s. Here
 * x̂_0 is the one at x_s, and the one before belongs to x_t. */
SamplerStep sampler_correct (const Sampler *sampler, double t, double s);

/* q(x_t | x_0): √ᾱ_t x_0 + √(1 − ᾱ_t) z. */
SamplerStep sampler_noise (const Schedule *schedule, double t);

/* q(x_t | x_s), s < t: √(ᾱ_t/ᾱ_s) x_s + √(1 − ᾱ_t/ᾱ_s) z. */
SamplerStep sampler_forward (const Schedule *schedule, double s, double t);
