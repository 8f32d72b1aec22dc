/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-sampler.c: the reverse steps driven by an oracle that knows the answer.
 */
#include <string.h>

#include "oracle.h"
#include "random.h"

#define SIDE 16
#define N (3 * SIDE * SIDE)

static float
largest_difference (const float *a, const float *b, gsize n)
{
  float largest = 0.0f;

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabsf (a[i] - b[i]));
  return largest;
}

/* A process without known pixels, predicted by `oracle`. */
static Repaint
make_process (DiffusionWorkers *workers,
              Oracle           *oracle,
              DiffusionSampler  kind,
              double            t_start,
              int               steps)
{
  SchedulerConfig config = oracle_config (oracle->prediction);
  Repaint         repaint = {
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

  sampler_init (&repaint.sampler, oracle->schedule, &config, kind);
  return repaint;
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
        Oracle  oracle = { schedule, prediction, .x0 = picture, .n = N };
        Repaint repaint = make_process (workers, &oracle, DIFFUSION_SAMPLER_DDPM, 999.0, steps[k]);

        pure_noise (x, 1);
        g_assert_true (repaint_run (&repaint, x, x0, NULL));
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
      Oracle  oracle = { schedule, PREDICTION_EPSILON, .x0 = picture, .n = N };
      Repaint repaint = make_process (workers, &oracle, DIFFUSION_SAMPLER_DDIM, t, 1);

      repaint.clean = picture;
      repaint_start (&repaint, x);
      g_assert_true (repaint_run (&repaint, x, x0, NULL));
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
        SamplerStep step = sampler_reverse (&sampler, t, s);
        double      a_t = schedule_alpha_bar (schedule, t), a_s = schedule_alpha_bar (schedule, s);
        double      x0 = 0.3, eps = -1.7;
        float       x_t = (float) (sqrt (a_t) * x0 + sqrt (1.0 - a_t) * eps);

        g_assert_cmpfloat_with_epsilon (sampler_apply (&step, (float) x0, x_t, 123.0f),
                                        sqrt (a_s) * x0 + sqrt (1.0 - a_s) * eps, 1e-6);
      }
  schedule_free (schedule);
}

/* A network's opinion, the same in three forms, gives the same step. */
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
        double out[] = { [PREDICTION_EPSILON] = eps, [PREDICTION_SAMPLE] = x0, [PREDICTION_V] = v };

        for (Prediction prediction = PREDICTION_EPSILON; prediction <= PREDICTION_V; prediction++)
          {
            Sampler         sampler;
            SamplerEstimate estimate;

            config.prediction = prediction;
            sampler_init (&sampler, schedule, &config, DIFFUSION_SAMPLER_DDIM);
            estimate = sampler_estimate (&sampler, t);
            g_assert_cmpfloat_with_epsilon (sampler_x0 (&estimate, x_t, out[prediction]),
                                            CLAMP (x0, -1.0, 1.0), 1e-4);
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
  step = sampler_reverse (&sampler, t, s);
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
  for (DiffusionSampler kind = DIFFUSION_SAMPLER_DDIM; kind <= DIFFUSION_SAMPLER_DDPM; kind++)
    {
      sampler.kind = kind;
      step = sampler_reverse (&sampler, 999.0, 950.0);
      g_assert_true (isfinite (step.c_x0) && isfinite (step.c_xt) && isfinite (step.c_z));
    }
  step = sampler_noise (schedule, 999.0);
  g_assert_cmpfloat (step.c_x0, ==, 0.0f);
  g_assert_cmpfloat (step.c_z, ==, 1.0f);

  sampler.prediction = PREDICTION_EPSILON;
  estimate = sampler_estimate (&sampler, 999.0);
  g_assert_true (isfinite (sampler_x0 (&estimate, 1.3f, -0.4f)));
  schedule_free (schedule);
}

static void
test_timesteps (void)
{
  g_assert_cmpfloat (sampler_timestep (999.0, 20, 20), ==, 999.0);
  g_assert_cmpfloat (sampler_timestep (999.0, 20, 19), ==, 949.0);
  g_assert_cmpfloat (sampler_timestep (999.0, 20, 0), ==, -1.0);
  g_assert_cmpfloat (sampler_timestep (123.4, 7, 7), ==, 123.4);
  g_assert_cmpfloat (sampler_timestep (123.4, 7, 0), ==, -1.0);
  for (int i = 0; i <= 1000; i++) /* all timesteps in order when there are T steps */
    g_assert_cmpfloat_with_epsilon (sampler_timestep (999.0, 1000, i), i - 1.0, 1e-9);
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
  Repaint           repaint = {
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

  sampler_init (&repaint.sampler, schedule, &config, GPOINTER_TO_INT (kind));
  for (int seed = 0; seed < 8; seed++)
    {
      float x[N], x0[N];

      repaint.seed = seed;
      pure_noise (x, seed);
      g_assert_true (repaint_run (&repaint, x, x0, NULL));
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
  g_test_add_func ("/sampler/timesteps", test_timesteps);
  g_test_add_data_func ("/sampler/gaussian/ddim", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDIM),
                        test_gaussian);
  g_test_add_data_func ("/sampler/gaussian/ddpm", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDPM),
                        test_gaussian);
  return g_test_run ();
}
