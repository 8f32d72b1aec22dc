/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * schedule.h: the noise schedule q(x_t | x_0) = N (√ᾱ_t x_0, (1 − ᾱ_t) I) over
 * real timesteps t from −1 (ᾱ = 1, the clean picture) to T − 1. Between whole
 * timesteps log ᾱ is interpolated linearly; in a last interval that ends at
 * ᾱ = 0, where the logarithm has no end, √ᾱ is. t outside −1…T − 1 is clamped.
 */
#pragma once

#include "format/config.h"

typedef struct Schedule Schedule;

/* Errors: DIFFUSION_ERROR_MODEL where the configuration gives no usable
 * schedule (a β outside 0…1, no noise at all, …). */
Schedule *schedule_new (const SchedulerConfig *config, GError **error);
void      schedule_free (Schedule *schedule);

int    schedule_get_T (const Schedule *schedule);
double schedule_alpha_bar (const Schedule *schedule, double t);

/* log ᾱ_t, −∞ where ᾱ_t = 0. 1 − ᾱ_t = −expm1 (log ᾱ_t) keeps its digits at
 * small t, where 1 − ᾱ does not. */
double schedule_log_alpha_bar (const Schedule *schedule, double t);

/* σ = √((1 − ᾱ)/ᾱ) in the −1…1 range (∞ where ᾱ = 0): x_t/√ᾱ_t is the clean
 * picture with white noise of this σ. And the t that has it (clamped to
 * −1…T − 1). A σ in 8-bit levels is 2σ/255 here. */
double schedule_sigma (const Schedule *schedule, double t);
double schedule_t_of_sigma (const Schedule *schedule, double sigma);

/* log (ᾱ/(1 − ᾱ)) = −2 log σ, the logarithm of the signal-to-noise ratio: ∞ at t = −1,
 * −∞ where ᾱ = 0. */
double schedule_log_snr (const Schedule *schedule, double t);

/* q(x_s | x_t, x_0) for −1 ≤ s < t (Ho et al. 2020, eq. 6 and 7, with
 * β = 1 − ᾱ_t/ᾱ_s for any two times): mean = c_x0·x_0 + c_xt·x_t; variance
 * β̃ = (1 − ᾱ_s)/(1 − ᾱ_t)·β (VARIANCE_FIXED_SMALL, and the least of
 * VARIANCE_LEARNED_RANGE) or β (VARIANCE_FIXED_LARGE, and the most). */
typedef struct
{
  double c_x0, c_xt, variance;
} Posterior;
Posterior schedule_posterior (const Schedule *schedule, double t, double s, VarianceType variance);
