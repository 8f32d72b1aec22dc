/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-schedule.c: the noise schedules against their closed forms, ᾱ over real
 * timesteps, σ ↔ t, the posterior against Bayes' rule, and the forward process.
 */
#include <math.h>

#include "base/random.h"
#include "process/sampler.h"

#define assert_close(a, b, relative) \
  g_assert_cmpfloat_with_epsilon ((a), (b), (relative) * MAX (fabs (b), 1e-300))

static SchedulerConfig
config_of (BetaSchedule beta_schedule, int T, double beta_start, double beta_end)
{
  return (SchedulerConfig) {
    .num_train_timesteps = T,
    .beta_schedule = beta_schedule,
    .beta_start = beta_start,
    .beta_end = beta_end,
  };
}

static Schedule *
make (SchedulerConfig config)
{
  GError   *error = NULL;
  Schedule *schedule = schedule_new (&config, &error);

  g_assert_no_error (error);
  return schedule;
}

/* --- The tables ------------------------------------------------------------- */

static void
test_linear (void)
{
  Schedule *schedule = make (config_of (BETA_LINEAR, 1000, 1e-4, 0.02));
  double    alpha_bar = 1.0;

  for (int i = 0; i < 1000; i++)
    {
      alpha_bar *= 1.0 - (1e-4 + (0.02 - 1e-4) * i / 999.0);
      assert_close (schedule_alpha_bar (schedule, i), alpha_bar, 1e-12);
    }
  assert_close (schedule_alpha_bar (schedule, 999), 4.0358297e-5, 1e-6);
  schedule_free (schedule);
}

static void
test_scaled_linear (void)
{
  Schedule *schedule = make (config_of (BETA_SCALED_LINEAR, 1000, 0.00085, 0.012));
  double    alpha_bar = 1.0;

  for (int i = 0; i < 1000; i++)
    {
      alpha_bar *= 1.0 - pow (sqrt (0.00085) + (sqrt (0.012) - sqrt (0.00085)) * i / 999.0, 2.0);
      assert_close (schedule_alpha_bar (schedule, i), alpha_bar, 1e-12);
    }
  assert_close (schedule_alpha_bar (schedule, 999), 0.00466, 1e-3);
  schedule_free (schedule);
}

/* ᾱ_i = cos² (((i + 1)/T + s)/(1 + s)·π/2) / cos² (s/(1 + s)·π/2), up to where β is capped. */
static void
test_squaredcos (void)
{
  Schedule *schedule = make (config_of (BETA_SQUAREDCOS_CAP_V2, 200, 1e-4, 0.02));
  double    first = pow (cos (0.008 / 1.008 * G_PI / 2.0), 2.0);

  for (int i = 0; i < 199; i++)
    {
      double c = cos (((i + 1) / 200.0 + 0.008) / 1.008 * G_PI / 2.0);
      assert_close (schedule_alpha_bar (schedule, i), c * c / first, 1e-9);
    }
  assert_close (schedule_alpha_bar (schedule, 199), schedule_alpha_bar (schedule, 198) * 0.001,
                1e-9);
  schedule_free (schedule);
}

static void
test_sigmoid (void)
{
  Schedule *schedule = make (config_of (BETA_SIGMOID, 100, 1e-4, 0.02));
  double    alpha_bar = 1.0;

  for (int i = 0; i < 100; i++)
    {
      double u = -6.0 + 12.0 * i / 99.0;

      alpha_bar *= 1.0 - ((0.02 - 1e-4) / (1.0 + exp (-u)) + 1e-4);
      assert_close (schedule_alpha_bar (schedule, i), alpha_bar, 1e-12);
    }
  schedule_free (schedule);
}

static void
test_trained (void)
{
  double          betas[] = { 0.1, 0.5, 0.25 };
  SchedulerConfig config = config_of (BETA_TRAINED, 3, 0.0, 0.0);
  Schedule       *schedule;

  config.trained_betas = betas;
  schedule = make (config);
  assert_close (schedule_alpha_bar (schedule, 0), 0.9, 1e-12);
  assert_close (schedule_alpha_bar (schedule, 1), 0.45, 1e-12);
  assert_close (schedule_alpha_bar (schedule, 2), 0.3375, 1e-12);
  schedule_free (schedule);
}

/* √ᾱ shifted and scaled: the first stays, the last is 0, the shape is kept. */
static void
test_zero_snr (void)
{
  SchedulerConfig config = config_of (BETA_LINEAR, 1000, 1e-4, 0.02);
  Schedule       *plain = make (config), *rescaled;
  double          first = sqrt (schedule_alpha_bar (plain, 0));
  double          last = sqrt (schedule_alpha_bar (plain, 999));

  config.rescale_betas_zero_snr = TRUE;
  rescaled = make (config);
  for (int i = 0; i < 999; i++)
    assert_close (sqrt (schedule_alpha_bar (rescaled, i)),
                  (sqrt (schedule_alpha_bar (plain, i)) - last) * first / (first - last), 1e-9);
  g_assert_cmpfloat (schedule_alpha_bar (rescaled, 999), ==, 0.0);
  g_assert_true (isinf (schedule_sigma (rescaled, 999)));
  schedule_free (plain);
  schedule_free (rescaled);
}

static void
test_refused (void)
{
  double nan_betas[] = { 0.1, NAN }, early_one[] = { 0.1, 1.0, 0.1 };
  double negative[] = { -0.1 }, none[] = { 0.0 };
  struct
  {
    SchedulerConfig config;
    double         *betas;
    const char     *words;
  } cases[] = {
    { config_of (BETA_LINEAR, 0, 1e-4, 0.02), NULL, "num_train_timesteps = 0; 1 to 100000" },
    { config_of (BETA_LINEAR, 100001, 1e-4, 0.02), NULL, "num_train_timesteps = 100001; 1 to" },
    { config_of (BETA_LINEAR, 1000, 1e-4, 2.0), NULL, "it has to be between 0 and 1" },
    { config_of (BETA_LINEAR, 1000, NAN, 0.02), NULL, "β = nan at timestep 0" },
    { config_of (BETA_SCALED_LINEAR, 1000, -1.0, 0.02), NULL, "it has to be between 0 and 1" },
    { config_of (BETA_TRAINED, 2, 0, 0), nan_betas, "β = nan at timestep 1" },
    { config_of (BETA_TRAINED, 3, 0, 0), early_one, "β = 1 at timestep 1" },
    { config_of (BETA_TRAINED, 1, 0, 0), negative, "β = -0.1 at timestep 0" },
    { config_of (BETA_TRAINED, 1, 0, 0), none, "adds no noise at any timestep" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GError *error = NULL;

      cases[i].config.trained_betas = cases[i].betas;
      g_assert_null (schedule_new (&cases[i].config, &error));
      g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
      g_clear_error (&error);
    }

  SchedulerConfig single = config_of (BETA_LINEAR, 1, 0.5, 0.5);
  GError         *error = NULL;

  single.rescale_betas_zero_snr = TRUE;
  g_assert_null (schedule_new (&single, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL);
  g_assert_nonnull (strstr (error->message, "its 1 timesteps cannot be rescaled"));
  g_clear_error (&error);
}

/* --- Real timesteps ----------------------------------------------------------- */

static void
test_real_times (void)
{
  SchedulerConfig config = config_of (BETA_LINEAR, 1000, 1e-4, 0.02);
  Schedule       *schedule = make (config);

  g_assert_cmpfloat (schedule_alpha_bar (schedule, -1.0), ==, 1.0);
  assert_close (schedule_alpha_bar (schedule, -0.5), sqrt (1.0 - 1e-4), 1e-14);
  for (int i = 0; i < 999; i++)
    assert_close (schedule_alpha_bar (schedule, i + 0.25),
                  pow (schedule_alpha_bar (schedule, i), 0.75) *
                    pow (schedule_alpha_bar (schedule, i + 1), 0.25),
                  1e-12);
  g_assert_cmpfloat (schedule_alpha_bar (schedule, -7.0), ==, 1.0);
  g_assert_cmpfloat (schedule_alpha_bar (schedule, 5000.0), ==,
                     schedule_alpha_bar (schedule, 999.0));
  schedule_free (schedule);

  config.rescale_betas_zero_snr = TRUE;
  schedule = make (config);
  assert_close (sqrt (schedule_alpha_bar (schedule, 998.75)),
                0.25 * sqrt (schedule_alpha_bar (schedule, 998)), 1e-12);
  schedule_free (schedule);
}

static void
test_sigma (void)
{
  static const BetaSchedule kinds[] = { BETA_LINEAR, BETA_SCALED_LINEAR, BETA_SQUAREDCOS_CAP_V2,
                                        BETA_SIGMOID };

  for (gsize k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (int zero_snr = 0; zero_snr < 2; zero_snr++)
      {
        SchedulerConfig config = config_of (kinds[k], 500, 1e-4, 0.02);
        Schedule       *schedule;

        config.rescale_betas_zero_snr = zero_snr;
        schedule = make (config);
        for (double t = -0.99; t < 499.0; t += 0.37)
          {
            double alpha_bar = schedule_alpha_bar (schedule, t);

            assert_close (schedule_sigma (schedule, t), sqrt ((1.0 - alpha_bar) / alpha_bar), 1e-9);
            g_assert_cmpfloat_with_epsilon (
              schedule_t_of_sigma (schedule, schedule_sigma (schedule, t)), t, 1e-6);
          }
        for (double sigma = 0.5 / 127.5; sigma < 3.0; sigma *= 1.1)
          assert_close (schedule_sigma (schedule, schedule_t_of_sigma (schedule, sigma)), sigma,
                        1e-9);
        g_assert_cmpfloat (schedule_sigma (schedule, -1.0), ==, 0.0);
        g_assert_cmpfloat (schedule_t_of_sigma (schedule, 0.0), ==, -1.0);
        g_assert_cmpfloat (schedule_t_of_sigma (schedule, -1.0), ==, -1.0);
        g_assert_cmpfloat (schedule_t_of_sigma (schedule, INFINITY), ==, 499.0);
        schedule_free (schedule);
      }
}

/* --- Closed forms of ᾱ, the logarithm of the signal-to-noise ratio, and σ ↔ t ------------ */

/* log of c (c − d) … (c − (n − 1) d) */
static double
log_falling (double c, double d, int n)
{
  return n * log (d) + lgamma (c / d + 1.0) - lgamma (c / d + 1.0 - n);
}

/* log ᾱ of the n-th timestep, 1 … T, in a form without a table. β = a + id gives a falling
 * product, β = (√a + id)² two: 1 − β = (1 − √a − id)(1 + √a + id). */
static double
closed_form (BetaSchedule kind, int T, double a, double b, int n)
{
  switch (kind)
    {
    case BETA_LINEAR:
      return log_falling (1.0 - a, (b - a) / (T - 1), n);
    case BETA_SCALED_LINEAR:
      {
        double d = (sqrt (b) - sqrt (a)) / (T - 1);

        return log_falling (1.0 - sqrt (a), d, n) +
               log_falling (1.0 + sqrt (a) + (n - 1) * d, d, n);
      }
    case BETA_SQUAREDCOS_CAP_V2:
      return 2.0 * log (cos (((double) n / T + 0.008) / 1.008 * G_PI / 2.0) /
                        cos (0.008 / 1.008 * G_PI / 2.0));
    case BETA_SIGMOID:
      {
        double sum = 0.0; /* a product without a shorter name: 1 − β over e^u */

        for (int i = 0; i < n; i++)
          {
            double e = exp (-6.0 + 12.0 * i / (T - 1.0));
            sum += log ((1.0 - a + (1.0 - b) * e) / (1.0 + e));
          }
        return sum;
      }
    default:
      return n * log1p (-a); /* the same β throughout */
    }
}

static void
test_log_snr (void)
{
  enum
  {
    T = 1000
  };
  static double betas[T];

  for (int i = 0; i < T; i++)
    betas[i] = 0.004;
  for (BetaSchedule kind = BETA_LINEAR; kind <= BETA_TRAINED; kind++)
    for (int zero_snr = 0; zero_snr < 2; zero_snr++)
      {
        double          a = kind == BETA_TRAINED ? 0.004 : 1e-4, b = 0.02;
        SchedulerConfig config = config_of (kind, T, a, b);
        int             last = kind == BETA_SQUAREDCOS_CAP_V2 ? T - 1 : T; /* its β is capped */
        Schedule       *schedule;
        double          first_root = exp (0.5 * closed_form (kind, T, a, b, 1));
        double          last_root = exp (0.5 * closed_form (kind, T, a, b, T));

        if (kind == BETA_SQUAREDCOS_CAP_V2)
          last_root = exp (0.5 * closed_form (kind, T, a, b, T - 1)) * sqrt (0.001);
        config.trained_betas = betas;
        config.rescale_betas_zero_snr = zero_snr;
        schedule = make (config);
        for (int n = 1; n <= last; n++)
          {
            double log_alpha_bar = closed_form (kind, T, a, b, n), sigma;

            if (zero_snr && n == T)
              continue;
            if (zero_snr) /* Lin et al. 2024, algorithm 1 */
              log_alpha_bar = 2.0 * log ((exp (0.5 * log_alpha_bar) - last_root) * first_root /
                                         (first_root - last_root));
            sigma = sqrt (expm1 (-log_alpha_bar));
            g_assert_cmpfloat_with_epsilon (schedule_log_snr (schedule, n - 1.0),
                                            log_alpha_bar - log (-expm1 (log_alpha_bar)), 1e-5);
            g_assert_cmpfloat_with_epsilon (schedule_log_snr (schedule, n - 1.0),
                                            -2.0 * log (schedule_sigma (schedule, n - 1.0)), 1e-9);
            assert_close (schedule_sigma (schedule, n - 1.0), sigma, 1e-5);
            g_assert_cmpfloat_with_epsilon (schedule_t_of_sigma (schedule, sigma), n - 1.0, 1e-2);
          }
        g_assert_true (isinf (schedule_log_snr (schedule, -1.0)));
        if (zero_snr)
          g_assert_cmpfloat (schedule_log_snr (schedule, T - 1.0), ==, -INFINITY);
        schedule_free (schedule);
      }
}

/* With one β ᾱ_t = (1 − β)^(t + 1) at every real t, and t = −log (1 + σ²)/log (1 − β) − 1. */
static void
test_one_beta (void)
{
  double          betas[100];
  SchedulerConfig config = config_of (BETA_TRAINED, 100, 0.0, 0.0);
  Schedule       *schedule;

  for (int i = 0; i < 100; i++)
    betas[i] = 0.03;
  config.trained_betas = betas;
  schedule = make (config);
  for (double t = -0.95; t < 99.0; t += 0.37)
    {
      double sigma = sqrt (pow (0.97, -(t + 1.0)) - 1.0);

      assert_close (schedule_sigma (schedule, t), sigma, 1e-10);
      g_assert_cmpfloat_with_epsilon (schedule_t_of_sigma (schedule, sigma),
                                      -log1p (sigma * sigma) / log (0.97) - 1.0, 1e-9);
    }
  schedule_free (schedule);
}

/* --- The posterior -------------------------------------------------------------- */

/* Bayes' rule on q(x_s | x_0) = N (√ᾱ_s x_0, 1 − ᾱ_s) and q(x_t | x_s) =
 * N (√r x_s, 1 − r), r = ᾱ_t/ᾱ_s: precisions add. */
static void
test_posterior (void)
{
  Schedule *schedule = make (config_of (BETA_LINEAR, 1000, 1e-4, 0.02));

  for (double t = 0.3; t < 999.0; t += 17.31)
    for (double s = -0.9; s < t; s += 0.21 * (t - s) + 0.5)
      {
        double    a_t = schedule_alpha_bar (schedule, t), a_s = schedule_alpha_bar (schedule, s);
        double    r = a_t / a_s;
        double    variance = 1.0 / (1.0 / (1.0 - a_s) + r / (1.0 - r));
        Posterior p = schedule_posterior (schedule, t, s, VARIANCE_FIXED_SMALL);

        assert_close (p.variance, variance, 1e-8);
        assert_close (p.c_x0, variance * sqrt (a_s) / (1.0 - a_s), 1e-8);
        assert_close (p.c_xt, variance * sqrt (r) / (1.0 - r), 1e-8);
        p = schedule_posterior (schedule, t, s, VARIANCE_FIXED_LARGE);
        assert_close (p.variance, 1.0 - r, 1e-8);
      }
  schedule_free (schedule);
}

/* Ho et al. 2020, eq. 7, at whole timesteps; and the last step, which ends in x̂_0. */
static void
test_posterior_whole (void)
{
  Schedule *schedule = make (config_of (BETA_LINEAR, 1000, 1e-4, 0.02));
  Posterior p;

  for (int t = 1; t < 1000; t++)
    {
      double beta = 1e-4 + (0.02 - 1e-4) * t / 999.0;
      double a_t = schedule_alpha_bar (schedule, t), a_s = schedule_alpha_bar (schedule, t - 1);

      p = schedule_posterior (schedule, t, t - 1, VARIANCE_FIXED_SMALL);
      assert_close (p.c_x0, sqrt (a_s) * beta / (1.0 - a_t), 1e-8);
      assert_close (p.c_xt, sqrt (1.0 - beta) * (1.0 - a_s) / (1.0 - a_t), 1e-8);
      assert_close (p.variance, (1.0 - a_s) / (1.0 - a_t) * beta, 1e-8);
    }
  p = schedule_posterior (schedule, 400, -1, VARIANCE_FIXED_SMALL);
  g_assert_cmpfloat (p.c_x0, ==, 1.0);
  g_assert_cmpfloat (p.c_xt, ==, 0.0);
  g_assert_cmpfloat (p.variance, ==, 0.0);
  schedule_free (schedule);
}

/* --- The forward process ------------------------------------------------------------ */

/* 10⁶ samples of x_t: mean √ᾱ x_0 and variance 1 − ᾱ within 4 standard errors,
 * straight from x_0 and by way of x_s. */
static void
test_forward (void)
{
  Schedule    *schedule = make (config_of (BETA_LINEAR, 1000, 1e-4, 0.02));
  const int    n = 1000000;
  const float  x0 = 0.7f;
  const double times[] = { 0.0, 99.5, 400.0, 999.0 };

  for (gsize k = 0; k < G_N_ELEMENTS (times); k++)
    {
      double       t = times[k], s = 0.4 * (t + 1.0) - 1.0; /* s: on the way */
      double       alpha_bar = schedule_alpha_bar (schedule, t);
      SamplerStep  direct = sampler_noise (schedule, t);
      SamplerStep  first = sampler_noise (schedule, s), second = sampler_forward (schedule, s, t);
      RandomStream a = { 1, RANDOM_FORWARD, 0, k }, b = { 1, RANDOM_JUMP, 0, k };
      double       sum[2] = { 0.0 }, squares[2] = { 0.0 };

      for (int i = 0; i < n; i++)
        {
          float za[4], zb[4], x[2];

          random_pixel (&a, i % 1000, i / 1000, za);
          random_pixel (&b, i % 1000, i / 1000, zb);
          x[0] = sampler_apply (&direct, x0, 0.0f, za[0]);
          x[1] = sampler_apply (&second, 0.0f, sampler_apply (&first, x0, 0.0f, za[1]), zb[0]);
          for (int j = 0; j < 2; j++)
            {
              double d = x[j] - sqrt (alpha_bar) * x0;

              sum[j] += d;
              squares[j] += d * d;
            }
        }
      for (int j = 0; j < 2; j++)
        {
          double variance = 1.0 - alpha_bar;

          g_assert_cmpfloat (fabs (sum[j] / n), <, 4.0 * sqrt (variance / n));
          g_assert_cmpfloat (fabs (squares[j] / n - variance), <, 4.0 * variance * sqrt (2.0 / n));
        }
    }
  schedule_free (schedule);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/linear", test_linear);
  g_test_add_func ("/schedule/scaled-linear", test_scaled_linear);
  g_test_add_func ("/schedule/squaredcos", test_squaredcos);
  g_test_add_func ("/schedule/sigmoid", test_sigmoid);
  g_test_add_func ("/schedule/trained", test_trained);
  g_test_add_func ("/schedule/zero-snr", test_zero_snr);
  g_test_add_func ("/schedule/refused", test_refused);
  g_test_add_func ("/schedule/real-times", test_real_times);
  g_test_add_func ("/schedule/sigma", test_sigma);
  g_test_add_func ("/schedule/log-snr", test_log_snr);
  g_test_add_func ("/schedule/one-beta", test_one_beta);
  g_test_add_func ("/schedule/posterior", test_posterior);
  g_test_add_func ("/schedule/posterior-whole", test_posterior_whole);
  g_test_add_func ("/schedule/forward", test_forward);
  return g_test_run ();
}
