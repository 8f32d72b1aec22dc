/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * schedule.c: the noise schedule as a table of log ᾱ at whole timesteps, in
 * double precision.
 */
#include "process/schedule.h"

#include <math.h>

#include <glib/gi18n-lib.h>

struct Schedule
{
  int    T;
  double log_alpha_bar[]; /* T + 1: [i] is log ᾱ_{i − 1}, so [0] is 0; only the last may be −∞ */
};

/* --- β_i as diffusers makes them ------------------------------------------- */

/* The i-th of n values spread evenly from a to b. */
static double
linspace (double a, double b, int n, int i)
{
  return n == 1 ? a : a + (b - a) * i / (n - 1);
}

/* ᾱ of the cosine schedule, u = 0…1 (Nichol and Dhariwal 2021, eq. 17, without
 * its division by the value at 0, which drops out of β). */
static double
cosine_alpha_bar (double u)
{
  double c = cos ((u + 0.008) / 1.008 * G_PI / 2.0);

  return c * c;
}

static double
beta (const SchedulerConfig *config, int i)
{
  int    T = config->num_train_timesteps;
  double a = config->beta_start, b = config->beta_end;

  switch (config->beta_schedule)
    {
    case BETA_LINEAR:
      return linspace (a, b, T, i);
    case BETA_SCALED_LINEAR:
      {
        double root = linspace (sqrt (a), sqrt (b), T, i);
        return root * root;
      }
    case BETA_SQUAREDCOS_CAP_V2:
      return MIN (1.0 - cosine_alpha_bar ((i + 1.0) / T) / cosine_alpha_bar ((double) i / T),
                  0.999);
    case BETA_SIGMOID:
      return a + (b - a) / (1.0 + exp (-linspace (-6.0, 6.0, T, i)));
    case BETA_TRAINED:
      return config->trained_betas[i];
    }
  g_return_val_if_reached (0.0);
}

/* --- The table --------------------------------------------------------------- */

/* Shifts and scales √ᾱ so that the last one is 0 and the first one stays (Lin et
 * al. 2024, "Common diffusion noise schedules and sample steps are flawed",
 * algorithm 1). */
static gboolean
rescale_to_zero_snr (Schedule *schedule)
{
  double first = exp (0.5 * schedule->log_alpha_bar[1]);
  double last = exp (0.5 * schedule->log_alpha_bar[schedule->T]);

  if (!(first > last))
    return FALSE;

  for (int i = 1; i < schedule->T; i++)
    {
      double root = exp (0.5 * schedule->log_alpha_bar[i]);
      schedule->log_alpha_bar[i] = 2.0 * log ((root - last) * first / (first - last));
    }
  schedule->log_alpha_bar[schedule->T] = -INFINITY;
  return TRUE;
}

Schedule *
schedule_new (const SchedulerConfig *config, GError **error)
{
  int       T = config->num_train_timesteps;
  Schedule *schedule;

  if (T < 1 || T > 100000)
    {
      g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL,
                   _ ("The model's scheduler has num_train_timesteps = %d; "
                      "1 to 100000 can be used."),
                   T);
      return NULL;
    }

  schedule = g_malloc (sizeof *schedule + (T + 1) * sizeof (double));
  schedule->T = T;
  schedule->log_alpha_bar[0] = 0.0;
  for (int i = 0; i < T; i++)
    {
      double b = beta (config, i);

      /* β = 1 ends the process: nothing of the picture is left to go on with. */
      if (!(b >= 0.0 && b <= 1.0) || (b == 1.0 && i < T - 1))
        {
          g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL,
                       _ ("The model's scheduler gives β = %g at timestep %d; "
                          "it has to be between 0 and 1."),
                       b, i);
          schedule_free (schedule);
          return NULL;
        }
      schedule->log_alpha_bar[i + 1] = schedule->log_alpha_bar[i] + log1p (-b);
    }

  if (config->rescale_betas_zero_snr && !rescale_to_zero_snr (schedule))
    {
      g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL,
                   _ ("The model's scheduler has rescale_betas_zero_snr, but its %d timesteps "
                      "cannot be rescaled."),
                   T);
      schedule_free (schedule);
      return NULL;
    }
  if (!(schedule->log_alpha_bar[T] < 0.0))
    {
      g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL,
                   _ ("The model's scheduler adds no noise at any timestep."));
      schedule_free (schedule);
      return NULL;
    }
  return schedule;
}

void
schedule_free (Schedule *schedule)
{
  g_free (schedule);
}

int
schedule_get_T (const Schedule *schedule)
{
  return schedule->T;
}

/* --- Real timesteps ------------------------------------------------------------ */

double
schedule_log_alpha_bar (const Schedule *schedule, double t)
{
  double u = CLAMP (t + 1.0, 0.0, (double) schedule->T); /* in units of the table */
  int    i = MIN ((int) u, schedule->T - 1);
  double f = u - i;
  double a = schedule->log_alpha_bar[i], b = schedule->log_alpha_bar[i + 1];

  if (isinf (b))
    return a + 2.0 * log1p (-f); /* √ᾱ = (1 − f)·√ᾱ_a */
  return a + f * (b - a);
}

double
schedule_alpha_bar (const Schedule *schedule, double t)
{
  return exp (schedule_log_alpha_bar (schedule, t));
}

double
schedule_sigma (const Schedule *schedule, double t)
{
  return sqrt (expm1 (-schedule_log_alpha_bar (schedule, t))); /* (1 − ᾱ)/ᾱ = 1/ᾱ − 1 */
}

double
schedule_log_snr (const Schedule *schedule, double t)
{
  return -log (expm1 (-schedule_log_alpha_bar (schedule, t)));
}

double
schedule_t_of_sigma (const Schedule *schedule, double sigma)
{
  double target;
  int    low = 0, high = schedule->T;

  if (!(sigma > 0.0))
    return -1.0;
  target = -log1p (sigma * sigma); /* log ᾱ */
  if (target <= schedule->log_alpha_bar[schedule->T])
    return schedule->T - 1.0;

  /* log ᾱ[low] > target ≥ log ᾱ[high] throughout, as the table never rises. */
  while (high - low > 1)
    {
      int middle = (low + high) / 2;

      if (schedule->log_alpha_bar[middle] > target)
        low = middle;
      else
        high = middle;
    }

  double a = schedule->log_alpha_bar[low], b = schedule->log_alpha_bar[high];
  double f = isinf (b) ? -expm1 (0.5 * (target - a)) : (target - a) / (b - a);

  return low + f - 1.0;
}

Posterior
schedule_posterior (const Schedule *schedule, double t, double s, VarianceType variance)
{
  double log_t = schedule_log_alpha_bar (schedule, t), log_s = schedule_log_alpha_bar (schedule, s);
  double noise_t = -expm1 (log_t), noise_s = -expm1 (log_s); /* 1 − ᾱ */
  double beta_ts = -expm1 (log_t - log_s);

  /* No noise has been added up to t: x_t is x_0. */
  if (!(noise_t > 0.0))
    return (Posterior) { 0.0, 1.0, 0.0 };

  return (Posterior) {
    .c_x0 = exp (0.5 * log_s) * beta_ts / noise_t,
    .c_xt = exp (0.5 * (log_t - log_s)) * noise_s / noise_t,
    .variance = variance == VARIANCE_FIXED_LARGE ? beta_ts : noise_s / noise_t * beta_ts,
  };
}
