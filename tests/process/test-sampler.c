/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-sampler.c: the reverse steps driven by an oracle that knows the answer.
 */
#include <string.h>

#include "support/oracle.h"
#include "base/random.h"

#define SIDE 16
#define N    (3 * SIDE * SIDE)

static float
largest_difference (const float *a, const float *b, gsize n)
{
  float largest = 0.0f;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabsf (a[i] - b[i]));
  return largest;
}

/* A process without known pixels, predicted by `oracle`. */
static ReverseProcess
make_process (DiffusionWorkers *workers,
              Oracle           *oracle,
              DiffusionSampler  kind,
              double            t_start,
              int               steps)
{
  SchedulerConfig config = oracle_config (oracle->prediction);
  ReverseProcess  process = {
     .workers = workers,
     .area = { 5, -3, SIDE, SIDE },
     .n_channels = 3,
     .t_start = t_start,
     .steps = steps,
     .resample = 1,
     .jump_length = 10,
     .seed = 11,
     .predict = oracle_predict,
     .predict_data = oracle,
  };

  sampler_init (&process.sampler, oracle->schedule, &config, kind);
  return process;
}

static void
pure_noise (float *x, guint32 seed)
{
  RandomStream  stream = { seed, RANDOM_START, 0, 0 };
  DiffusionRect window = { 0, 0, SIDE, SIDE };

  random_window (&stream, &window, 3, x);
}

/* DDPM's chain ends in x_0, whatever it started from. */
static void
test_ddpm_recovers (void)
{
  static const int  steps[] = { 1, 7, 100, 1000 };
  SchedulerConfig   config = oracle_config (PREDICTION_EPSILON);
  Schedule         *schedule = schedule_new (&config, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  float            *picture = oracle_picture (N), x[N], x0[N];

  for (Prediction prediction = PREDICTION_EPSILON; prediction <= PREDICTION_V; prediction++)
    for (gsize k = 0; k < G_N_ELEMENTS (steps); k++)
      {
        Oracle         oracle = { schedule, prediction, .x0 = picture, .n = N };
        ReverseProcess process =
          make_process (workers, &oracle, DIFFUSION_SAMPLER_DDPM, 999.0, steps[k]);

        pure_noise (x, 1);
        g_assert_true (reverse_process_run (&process, x, x0, NULL));
        g_assert_cmpint (oracle.n_calls, ==, steps[k]);
        g_assert_cmpfloat (largest_difference (x, picture, N), <, 2e-4f);
        g_assert_cmpfloat (largest_difference (x0, picture, N), <, 2e-4f);
      }
  g_free (picture);
  diffusion_workers_free (workers);
  schedule_free (schedule);
}

/* DDIM with a perfect ε goes to x_0 in one step from any t. */
static void
test_ddim_one_step (void)
{
  SchedulerConfig   config = oracle_config (PREDICTION_EPSILON);
  Schedule         *schedule = schedule_new (&config, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  float            *picture = oracle_picture (N), x[N], x0[N];

  for (double t = -0.75; t <= 999.0; t += 33.325)
    {
      Oracle         oracle = { schedule, PREDICTION_EPSILON, .x0 = picture, .n = N };
      ReverseProcess process = make_process (workers, &oracle, DIFFUSION_SAMPLER_DDIM, t, 1);

      process.clean = picture;
      reverse_process_start (&process, x);
      g_assert_true (reverse_process_run (&process, x, x0, NULL));
      g_assert_cmpint (oracle.n_calls, ==, 1);
      g_assert_cmpfloat (largest_difference (x, picture, N), <, 2e-4f);
    }
  g_free (picture);
  diffusion_workers_free (workers);
  schedule_free (schedule);
}

/* DDIM with a perfect ε stays on its line √ᾱ x_0 + √(1 − ᾱ) ε all the way. */
static void
test_ddim_line (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         sampler;

  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  for (double t = 50.0; t < 999.0; t += 77.7)
    for (double s = -1.0; s < t; s += 31.0)
      {
        SamplerStep step = sampler_reverse (&sampler, t, s, t);
        double      a_t = schedule_alpha_bar (schedule, t), a_s = schedule_alpha_bar (schedule, s);
        double      x0 = 0.3, eps = -1.7;
        float       x_t = (float) (sqrt (a_t) * x0 + sqrt (1.0 - a_t) * eps);

        g_assert_cmpfloat_with_epsilon (sampler_apply (&step, (float) x0, x_t, 123.0f),
                                        sqrt (a_s) * x0 + sqrt (1.0 - a_s) * eps, 1e-6);
      }
  schedule_free (schedule);
}

/* A network's opinion, the same in four forms, gives the same x̂_0: ε, x_0, v and the
 * mean of q(x_{t−1} | x_t, x_0) (Ho et al. 2020, eq. 7). μ holds little of x_0 at much
 * noise: its rounding to a float is what comes back magnified. */
static void
test_predictions_agree (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);

  config.clip_sample = TRUE;
  for (double t = 0.0; t < 999.0; t += 13.37)
    for (int i = -8; i <= 8; i++)
      {
        double alpha_bar = schedule_alpha_bar (schedule, t);
        double x0 = 0.25 * i, x_t = 0.4 - 0.11 * i; /* beyond the clip as well */
        double eps = (x_t - sqrt (alpha_bar) * x0) / sqrt (1.0 - alpha_bar);
        double v = sqrt (alpha_bar) * eps - sqrt (1.0 - alpha_bar) * x0;
        double before = schedule_alpha_bar (schedule, t - 1.0), beta = 1.0 - alpha_bar / before;
        double c_x0 = sqrt (before) * beta / (1.0 - alpha_bar);
        double mu = c_x0 * x0 + sqrt (1.0 - beta) * (1.0 - before) / (1.0 - alpha_bar) * x_t;
        double out[] = { [PREDICTION_EPSILON] = eps,
                         [PREDICTION_SAMPLE] = x0,
                         [PREDICTION_V] = v,
                         [PREDICTION_POSTERIOR_MEAN] = mu };

        for (Prediction prediction = PREDICTION_EPSILON; prediction <= PREDICTION_POSTERIOR_MEAN;
             prediction++)
          {
            Sampler         sampler;
            SamplerEstimate estimate;

            config.prediction = prediction;
            sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
            estimate = sampler_estimate (&sampler, t);
            g_assert_cmpfloat_with_epsilon (
              sampler_x0 (&estimate, x_t, out[prediction]), CLAMP (x0, -1.0, 1.0),
              prediction == PREDICTION_POSTERIOR_MEAN ? 1e-4 + 1e-6 / c_x0 : 1e-4);
          }
      }
  schedule_free (schedule);
}

/* After the clip ε̂ is the one that belongs to x_t and the clipped x̂_0. */
static void
test_clip (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_SAMPLE);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         sampler;
  SamplerEstimate estimate;
  SamplerStep     step;
  double          t = 300.0, a_t = schedule_alpha_bar (schedule, t);
  double          s = 200.0, a_s = schedule_alpha_bar (schedule, s);
  double          x_t = 0.9, clipped = 0.5, eps = (x_t - sqrt (a_t) * clipped) / sqrt (1.0 - a_t);

  config.clip_sample = TRUE;
  config.clip_sample_range = 0.5;
  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  estimate = sampler_estimate (&sampler, t);
  step = sampler_reverse (&sampler, t, s, t);
  g_assert_cmpfloat (sampler_x0 (&estimate, (float) x_t, 3.0f), ==, 0.5f);
  g_assert_cmpfloat (sampler_x0 (&estimate, (float) x_t, -3.0f), ==, -0.5f);
  g_assert_cmpfloat_with_epsilon (sampler_apply (&step, 0.5f, (float) x_t, 0.0f),
                                  sqrt (a_s) * clipped + sqrt (1.0 - a_s) * eps, 1e-6);

  config.clip_sample = FALSE;
  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  estimate = sampler_estimate (&sampler, t);
  g_assert_cmpfloat (sampler_x0 (&estimate, (float) x_t, 3.0f), ==, 3.0f);
  schedule_free (schedule);
}

/* No signal at all (ᾱ = 0): v and x_0 are as good as ever, ε stays finite. */
static void
test_zero_snr (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_V);
  Schedule       *schedule;
  Sampler         sampler;
  SamplerEstimate estimate;
  SamplerStep     step;

  config.rescale_betas_zero_snr = TRUE;
  schedule = schedule_new (&config, NULL);
  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  estimate = sampler_estimate (&sampler, 999.0);
  g_assert_cmpfloat (sampler_x0 (&estimate, 1.3f, -0.4f), ==, 0.4f);
  for (DiffusionSampler kind = DIFFUSION_SAMPLER_DDIM;
       kind <= DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR; kind++)
    for (int k = 0; k < 3; k++)
      {
        sampler.kind = kind;
        step = k == 0   ? sampler_reverse (&sampler, 999.0, 950.0, 999.0)
               : k == 1 ? sampler_reverse (&sampler, 950.0, 900.0, 999.0)
                        : sampler_correct (&sampler, 999.0, 950.0);
        g_assert_true (isfinite (step.c_x0) && isfinite (step.c_xt) && isfinite (step.c_z) &&
                       isfinite (step.c_before));
      }
  step = sampler_noise (schedule, 999.0);
  g_assert_cmpfloat (step.c_x0, ==, 0.0f);
  g_assert_cmpfloat (step.c_z, ==, 1.0f);

  sampler.prediction = PREDICTION_EPSILON;
  estimate = sampler_estimate (&sampler, 999.0);
  g_assert_true (isfinite (sampler_x0 (&estimate, 1.3f, -0.4f)));
  schedule_free (schedule);
}

/* --- The formulas of the other samplers ---------------------------------------------- */

/* DDIM with η = 1 is DDPM with β̃, and η scales the noise (Song, Meng and Ermon 2021). */
static void
test_eta (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         ddim, ddpm;

  sampler_init (&ddim, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  sampler_init (&ddpm, schedule, &config, DIFFUSION_SAMPLER_DDPM);
  for (double t = 20.0; t < 999.0; t += 71.3)
    for (double s = -1.0; s < t; s += 47.0)
      {
        SamplerStep a, b, half;

        ddim.eta = 1.0;
        a = sampler_reverse (&ddim, t, s, t);
        b = sampler_reverse (&ddpm, t, s, t);
        g_assert_cmpfloat_with_epsilon (a.c_x0, b.c_x0, 1e-6);
        g_assert_cmpfloat_with_epsilon (a.c_xt, b.c_xt, 1e-6);
        g_assert_cmpfloat_with_epsilon (a.c_z, b.c_z, 1e-6);
        ddim.eta = 0.5;
        half = sampler_reverse (&ddim, t, s, t);
        g_assert_cmpfloat_with_epsilon (half.c_z, 0.5 * b.c_z, 1e-6);
        /* ε of unit variance and z together: 1 − ᾱ_s at x̂_0 = 0 */
        g_assert_cmpfloat_with_epsilon (
          half.c_xt * half.c_xt * (1.0 - schedule_alpha_bar (schedule, t)) + half.c_z * half.c_z,
          1.0 - schedule_alpha_bar (schedule, s), 1e-6);
      }
  schedule_free (schedule);
}

/* DPM-Solver++(2M) solves its ODE exactly where x̂_0 is a straight line in λ, but for the
 * first step: d (x/σ)/dλ = e^λ x̂_0 (Lu et al. 2022, eq. 8 and 9). With x̂_0 = a + bλ the
 * integral of e^λ (a + bλ) is e^λ (a + bλ − b); the method has x̂_0's value at λ_t with
 * its slope, and takes it at the mean, which a step of h leaves off by O(h³). */
static void
test_dpm_solver (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         solver, ddim;
  const double    a = 0.2, b = 0.1;
  double          error[3];

  sampler_init (&solver, schedule, &config, DIFFUSION_SAMPLER_DPM_SOLVER);
  sampler_init (&ddim, schedule, &config, DIFFUSION_SAMPLER_DDIM);
  for (int k = 0; k < 3; k++)
    {
      double h = 0.4 / (1 << k), lambda = 0.3; /* at t */
      double t = schedule_t_of_sigma (schedule, exp (-lambda));
      double s = schedule_t_of_sigma (schedule, exp (-lambda - h));
      double before = schedule_t_of_sigma (schedule, exp (-lambda + 1.5 * h));
      double noise_t = sqrt (1.0 - schedule_alpha_bar (schedule, t));
      double noise_s = sqrt (1.0 - schedule_alpha_bar (schedule, s));
      double x = 0.7, exact = x / noise_t + exp (lambda + h) * (a + b * (lambda + h) - b) -
                              exp (lambda) * (a + b * lambda - b);
      double      x0 = a + b * lambda, x0_before = a + b * (lambda - 1.5 * h);
      SamplerStep step = sampler_reverse (&solver, t, s, before);
      SamplerStep first = sampler_reverse (&solver, t, s, t),
                  same = sampler_reverse (&ddim, t, s, t);

      error[k] = fabs ((double) step.c_xt * x + step.c_x0 * x0 + step.c_before * x0_before -
                       exact * noise_s);
      g_assert_cmpfloat (first.c_x0, ==, same.c_x0);
      g_assert_cmpfloat (first.c_xt, ==, same.c_xt);
      g_assert_cmpfloat (first.c_before, ==, 0.0f);
    }
  g_assert_cmpfloat (error[0], <, 1e-3);
  g_assert_cmpfloat (error[1], <, error[0] / 6.0);
  g_assert_cmpfloat (error[2], <, error[1] / 6.0);

  /* The last step is x̂_0 itself. */
  SamplerStep last = sampler_reverse (&solver, 49.0, -1.0, 99.0);
  g_assert_cmpfloat (last.c_x0, ==, 1.0f);
  g_assert_cmpfloat (last.c_xt, ==, 0.0f);
  g_assert_cmpfloat (last.c_before, ==, 0.0f);
  schedule_free (schedule);
}

/* Karras et al. 2022, algorithm 1, written out over x/√ᾱ and σ, against the two steps. */
static void
test_heun (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         sampler;

  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_HEUN);
  for (double t = 60.0; t < 999.0; t += 71.3)
    for (double s = 10.0; s < t; s += 47.0)
      {
        double      a_t = sqrt (schedule_alpha_bar (schedule, t));
        double      a_s = sqrt (schedule_alpha_bar (schedule, s));
        double      sigma_t = schedule_sigma (schedule, t), sigma_s = schedule_sigma (schedule, s);
        double      x_t = 0.9, x0_t = 0.35, x0_s = 0.2; /* what a network might say at both ends */
        double      x = x_t / a_t, d = (x - x0_t) / sigma_t, euler = x + (sigma_s - sigma_t) * d;
        double      d_s = (euler - x0_s) / sigma_s;
        double      answer = a_s * (x + (sigma_s - sigma_t) * 0.5 * (d + d_s)), got;
        SamplerStep first = sampler_reverse (&sampler, t, s, t);
        SamplerStep second = sampler_correct (&sampler, t, s);

        got = first.c_x0 * x0_t + first.c_xt * x_t;
        g_assert_cmpfloat_with_epsilon (got, a_s * euler, 1e-6);
        got = second.c_xt * got + second.c_x0 * x0_s + second.c_before * x0_t;
        g_assert_cmpfloat_with_epsilon (got, answer, 1e-6 * MAX (1.0, sigma_t / sigma_s));
      }
  schedule_free (schedule);
}

/* ∇ log p_t of N (m, d²) noised to t is (√ᾱ m − x)/(ᾱ d² + 1 − ᾱ); and −ε/√(1 − ᾱ). */
static void
test_score (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);

  for (double t = -0.5; t <= 999.0; t += 33.3)
    for (double x = -1.5; x < 1.6; x += 0.5)
      {
        double       alpha_bar = schedule_alpha_bar (schedule, t), m = 0.3, v = 0.25;
        double       gain = sqrt (alpha_bar) * v / (alpha_bar * v + 1.0 - alpha_bar);
        double       x0 = m + gain * (x - sqrt (alpha_bar) * m);
        double       eps = (x - sqrt (alpha_bar) * x0) / sqrt (1.0 - alpha_bar);
        SamplerScore score = sampler_score (schedule, t);
        double       got = score.c_x0 * x0 + score.c_xt * x;

        g_assert_cmpfloat_with_epsilon (
          got, (sqrt (alpha_bar) * m - x) / (alpha_bar * v + 1.0 - alpha_bar), 1e-6);
        g_assert_cmpfloat_with_epsilon (got, -eps / sqrt (1.0 - alpha_bar), 1e-6);
      }
  schedule_free (schedule);
}

/* Langevin's step keeps a Gaussian what it is, but for the 1/(1 − r²) of its finite size. */
static void
test_langevin (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         sampler;

  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR);
  for (double s = 0.0; s < 999.0; s += 33.3)
    {
      SamplerStep step = sampler_correct (&sampler, s + 10.0, s);
      double      noise = 1.0 - schedule_alpha_bar (schedule, s), variance = noise;

      for (int i = 0; i < 1000; i++)
        variance = step.c_xt * step.c_xt * variance + step.c_z * step.c_z;
      g_assert_cmpfloat_with_epsilon (variance / noise, 1.0 / (1.0 - 0.16 * 0.16), 1e-4);
      g_assert_cmpfloat_with_epsilon (step.c_x0 + step.c_xt * sqrt (1.0 - noise),
                                      sqrt (1.0 - noise), 1e-6); /* the mean stays */
    }
  schedule_free (schedule);
}

/* Nichol and Dhariwal 2021, eq. 15: −1 is β̃, 1 is β, and 0 their geometric mean. */
static void
test_learned_range (void)
{
  SchedulerConfig config = oracle_config (PREDICTION_EPSILON);
  Schedule       *schedule = schedule_new (&config, NULL);
  Sampler         sampler;

  config.variance = VARIANCE_LEARNED_RANGE;
  sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDPM);
  for (double t = 1.0; t < 999.0; t += 33.3)
    for (double s = 0.0; s < t; s += 0.5 * (t - s) + 1e-3)
      {
        SamplerStep step = sampler_reverse (&sampler, t, s, t);
        double      least = schedule_posterior (schedule, t, s, VARIANCE_FIXED_SMALL).variance;
        double      most = schedule_posterior (schedule, t, s, VARIANCE_FIXED_LARGE).variance;

        g_assert_cmpfloat_with_epsilon (step.c_z * sampler_spread (&step, -1.0f), sqrt (least),
                                        1e-6);
        g_assert_cmpfloat_with_epsilon (step.c_z * sampler_spread (&step, 1.0f), sqrt (most), 1e-5);
        g_assert_cmpfloat_with_epsilon (step.c_z * sampler_spread (&step, 0.0f),
                                        pow (least * most, 0.25), 1e-5);
      }
  schedule_free (schedule);
}

/* --- A case whose answer is known ------------------------------------------------- */

/* Pictures whose values are drawn from N (mean, deviation²): the best prediction of
 * x_0 is linear in x_t, and the process has to end in that distribution. */
typedef struct
{
  const Schedule *schedule;
  double          mean, deviation;
} Gaussian;

static gboolean
gaussian_predict (gpointer      data,
                  const float  *x_t,
                  double        t,
                  float        *out,
                  GCancellable *cancel,
                  GError      **error)
{
  Gaussian *prior = data;
  double    alpha_bar = schedule_alpha_bar (prior->schedule, t);
  double    variance = prior->deviation * prior->deviation;
  double    gain = sqrt (alpha_bar) * variance / (alpha_bar * variance + 1.0 - alpha_bar);

  for (int i = 0; i < N; i++)
    out[i] = (float) (prior->mean + gain * (x_t[i] - sqrt (alpha_bar) * prior->mean));
  return TRUE;
}

static void
test_gaussian (gconstpointer kind)
{
  SchedulerConfig   config = oracle_config (PREDICTION_SAMPLE);
  Schedule         *schedule = schedule_new (&config, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  Gaussian          prior = { schedule, 0.3, 0.5 };
  ReverseProcess    process = {
       .workers = workers,
       .area = { 0, 0, SIDE, SIDE },
       .n_channels = 3,
       .t_start = 999.0,
       .steps = 1000,
       .resample = 1,
       .jump_length = 1,
       .predict = gaussian_predict,
       .predict_data = &prior,
  };
  double sum = 0.0, squares = 0.0;
  int    n = 0;

  sampler_init (&process.sampler, schedule, &config, GPOINTER_TO_INT (kind));
  for (int seed = 0; seed < 8; seed++)
    {
      float x[N], x0[N];

      process.seed = seed;
      pure_noise (x, seed);
      g_assert_true (reverse_process_run (&process, x, x0, NULL));
      for (int i = 0; i < N; i++, n++)
        {
          sum += x[i] - prior.mean;
          squares += pow (x[i] - prior.mean, 2.0);
        }
    }
  g_assert_cmpfloat (fabs (sum / n), <, 4.0 * prior.deviation / sqrt (n));
  /* 4 standard errors and what a finite number of steps may cost */
  g_assert_cmpfloat (fabs (squares / n / pow (prior.deviation, 2.0) - 1.0), <,
                     4.0 * sqrt (2.0 / n) + 0.01);
  diffusion_workers_free (workers);
  schedule_free (schedule);
}

/* The same prior, and a network that also says the variance of q(x_s | x_t), which for a
 * Gaussian is known: β̃ + c_x0² Var (x_0 | x_t), between β̃ and β. Then each step is exact,
 * and five of them give what a thousand give with β̃. */
static void
finish_at_199 (gpointer cancellable, const ReverseState *state)
{
  if (state->s == 199.0)
    g_cancellable_cancel (cancellable);
}

static gboolean
variance_predict (gpointer      data,
                  const float  *x_t,
                  double        t,
                  float        *out,
                  GCancellable *cancel,
                  GError      **error)
{
  Gaussian *prior = data;
  double    s = t - 200.0, v = prior->deviation * prior->deviation;
  double    alpha_bar = schedule_alpha_bar (prior->schedule, t);
  Posterior small = schedule_posterior (prior->schedule, t, s, VARIANCE_FIXED_SMALL);
  double    large = schedule_posterior (prior->schedule, t, s, VARIANCE_FIXED_LARGE).variance;
  double    exact = small.variance + small.c_x0 * small.c_x0 * v * (1.0 - alpha_bar) /
                                    (alpha_bar * v + 1.0 - alpha_bar);
  double u = s > -1.0 ? log (exact / small.variance) / log (large / small.variance) : 0.5;

  g_assert_true (u > 0.0 && u < 1.0);
  for (int i = 0; i < N; i++)
    out[N + i] = (float) (2.0 * u - 1.0);
  return gaussian_predict (data, x_t, t, out, cancel, error);
}

static void
test_learned_gaussian (void)
{
  SchedulerConfig   config = oracle_config (PREDICTION_SAMPLE);
  Schedule         *schedule;
  DiffusionWorkers *workers = diffusion_workers_new (2);
  Gaussian          prior = { .mean = 0.3, .deviation = 0.5 };
  ReverseProcess    process = {
       .workers = workers,
       .area = { 0, 0, SIDE, SIDE },
       .n_channels = 3,
       .t_start = 999.0,
       .steps = 5,
       .resample = 1,
       .jump_length = 1,
       .predict = variance_predict,
       .predict_data = &prior,
  };
  double s[2] = { 0.0, 0.0 }; /* Σ (x_t − mean)² at t = 199: with the learned variance, with β̃ */
  int    n = 0;

  config.variance = VARIANCE_LEARNED_RANGE;
  prior.schedule = schedule = schedule_new (&config, NULL);
  for (int seed = 0; seed < 16; seed++)
    for (int k = 0; k < 2; k++)
      {
        float x[N], x0[N];

        config.variance = k == 0 ? VARIANCE_LEARNED_RANGE : VARIANCE_FIXED_SMALL;
        process.predict = k == 0 ? variance_predict : gaussian_predict;
        sampler_init (&process.sampler, schedule, &config, DIFFUSION_SAMPLER_DDPM);
        process.seed = seed;
        process.finish = g_cancellable_new ();
        process.observe = finish_at_199;
        process.observe_data = process.finish;
        pure_noise (x, seed);
        g_assert_true (reverse_process_run (&process, x, x0, NULL));
        for (int i = 0; i < N; i++)
          {
            s[k] += pow (x[i] - sqrt (schedule_alpha_bar (schedule, 199.0)) * prior.mean, 2.0);
            n += k;
          }
        g_object_unref (process.finish);
      }

  double alpha_bar = schedule_alpha_bar (schedule, 199.0);
  double variance = alpha_bar * prior.deviation * prior.deviation + 1.0 - alpha_bar;

  g_assert_cmpfloat (fabs (s[0] / n / variance - 1.0), <, 4.0 * sqrt (2.0 / n) + 0.002);
  g_assert_cmpfloat (s[1] / n / variance, <, 0.95);
  diffusion_workers_free (workers);
  schedule_free (schedule);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/ddpm-recovers-x0", test_ddpm_recovers);
  g_test_add_func ("/sampler/ddim-in-one-step", test_ddim_one_step);
  g_test_add_func ("/sampler/ddim-line", test_ddim_line);
  g_test_add_func ("/sampler/predictions-agree", test_predictions_agree);
  g_test_add_func ("/sampler/clip", test_clip);
  g_test_add_func ("/sampler/zero-snr", test_zero_snr);
  g_test_add_func ("/sampler/eta", test_eta);
  g_test_add_func ("/sampler/dpm-solver", test_dpm_solver);
  g_test_add_func ("/sampler/heun", test_heun);
  g_test_add_func ("/sampler/score", test_score);
  g_test_add_func ("/sampler/langevin", test_langevin);
  g_test_add_func ("/sampler/learned-range", test_learned_range);
  g_test_add_func ("/sampler/learned-gaussian", test_learned_gaussian);
  g_test_add_data_func ("/sampler/gaussian/ddim", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDIM),
                        test_gaussian);
  g_test_add_data_func ("/sampler/gaussian/ddpm", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDPM),
                        test_gaussian);
  return g_test_run ();
}
