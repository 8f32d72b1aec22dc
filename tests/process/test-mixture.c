/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-mixture.c: every sampler on a prior for which the perfect network is known in
 * closed form, a mixture of three Gaussians in three dimensions. What comes out has to
 * be distributed as the prior is, and with some coordinates given, as the prior's
 * conditional distribution is: mean, covariance and the weights of the modes.
 *
 * A draw is a row of three pixels, its coordinates; the rows and the three channels
 * are independent draws.
 */
#include <string.h>

#include "support/oracle.h"
#include "base/random.h"

#define DIM   3
#define MODES 3
#define ROWS  2048
#define SIZE  (DIM * ROWS)
#define N     (3 * SIZE)
#define DRAWS (3 * ROWS)

/* --- Mixtures --------------------------------------------------------------------- */

typedef struct
{
  double weight;
  double mean[DIM];
  double covariance[DIM][DIM];
} Mode;

/* Two modes near each other, one apart; each with a shape and a slant of its own. */
static const Mode prior[MODES] = {
  { 0.5,
    { -0.6, 0.3, 0.1 },
    { { 0.06, 0.03, 0.00 }, { 0.03, 0.05, -0.01 }, { 0.00, -0.01, 0.04 } } },
  { 0.3,
    { 0.5, -0.2, 0.4 },
    { { 0.04, -0.01, 0.02 }, { -0.01, 0.06, 0.00 }, { 0.02, 0.00, 0.05 } } },
  { 0.2, { 0.1, 0.6, -0.7 }, { { 0.05, 0.02, 0.01 }, { 0.02, 0.05, 0.02 }, { 0.01, 0.02, 0.07 } } },
};

/* Of a symmetric positive definite matrix of n × n: its inverse; returns the
 * determinant. Gauss and Jordan. */
static double
invert (int n, double a[DIM][DIM], double inverse[DIM][DIM])
{
  double determinant = 1.0;

  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      inverse[i][j] = i == j;
  for (int k = 0; k < n; k++)
    {
      double pivot = a[k][k];

      determinant *= pivot;
      for (int j = 0; j < n; j++)
        {
          a[k][j] /= pivot;
          inverse[k][j] /= pivot;
        }
      for (int i = 0; i < n; i++)
        {
          double factor = a[i][k];

          for (int j = 0; i != k && j < n; j++)
            {
              a[i][j] -= factor * a[k][j];
              inverse[i][j] -= factor * inverse[k][j];
            }
        }
    }
  return determinant;
}

/* p (x_0 | the coordinate 0 of x_0 is `given`), of the two that are left: per mode the
 * conditional Gaussian, and the weights by Bayes' rule. Coordinate 0 is left alone. */
static void
condition (const Mode *modes, double given, Mode *out)
{
  double sum = 0.0;

  for (int k = 0; k < MODES; k++)
    {
      const Mode *in = &modes[k];
      double      variance = in->covariance[0][0], d = given - in->mean[0];

      out[k] = *in;
      out[k].weight = in->weight * exp (-0.5 * d * d / variance) / sqrt (variance);
      sum += out[k].weight;
      for (int i = 1; i < DIM; i++)
        {
          out[k].mean[i] += in->covariance[i][0] / variance * d;
          for (int j = 1; j < DIM; j++)
            out[k].covariance[i][j] -= in->covariance[i][0] * in->covariance[0][j] / variance;
        }
    }
  for (int k = 0; k < MODES; k++)
    out[k].weight /= sum;
}

/* --- The perfect network ------------------------------------------------------------ */

typedef struct
{
  const Schedule *schedule;
  Prediction      prediction; /* what of it is said */
  Mode            modes[MODES];
  int             first; /* coordinates before this are not part of the mixture */
  int             n_calls;
} Mixture;

/* What is said of x_t under one mode, n = DIM − first coordinates: x_t is N (√ᾱ μ, S), S =
 * ᾱ Σ + (1 − ᾱ) I, and E (x_0 | x_t) = μ + G (x_t − √ᾱ μ), G = √ᾱ Σ S⁻¹. */
typedef struct
{
  double log_factor; /* of weight / √|S| */
  double mean[DIM], inverse[DIM][DIM], gain[DIM][DIM];
} Expert;

static void
consult (const Mixture *mixture, const Mode *mode, double alpha_bar, Expert *expert)
{
  int    n = DIM - mixture->first;
  double s[DIM][DIM], determinant;

  for (int i = 0; i < n; i++)
    {
      expert->mean[i] = mode->mean[mixture->first + i];
      for (int j = 0; j < n; j++)
        s[i][j] = alpha_bar * mode->covariance[mixture->first + i][mixture->first + j] +
                  (i == j) * (1.0 - alpha_bar);
    }
  determinant = invert (n, s, expert->inverse);
  expert->log_factor = log (mode->weight) - 0.5 * log (determinant);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      {
        expert->gain[i][j] = 0.0;
        for (int k = 0; k < n; k++)
          expert->gain[i][j] += sqrt (alpha_bar) *
                                mode->covariance[mixture->first + i][mixture->first + k] *
                                expert->inverse[k][j];
      }
}

/* What a network of that prediction says where x̂_0 = E (x_0 | x_t). */
static double
say (const Mixture *mixture, double t, double x_t, double x0)
{
  double alpha_bar = schedule_alpha_bar (mixture->schedule, t);
  double signal = sqrt (alpha_bar), noise = sqrt (1.0 - alpha_bar);
  double eps = (x_t - signal * x0) / noise;

  switch (mixture->prediction)
    {
    case PREDICTION_EPSILON:
      return eps;
    case PREDICTION_SAMPLE:
      return x0;
    case PREDICTION_V:
      return signal * eps - noise * x0;
    case PREDICTION_POSTERIOR_MEAN: /* Ho et al. 2020, eq. 11 */
      {
        double ratio = alpha_bar / schedule_alpha_bar (mixture->schedule, MAX (t - 1.0, -1.0));

        return (x_t - (1.0 - ratio) / noise * eps) / sqrt (ratio);
      }
    }
  g_assert_not_reached ();
}

/* A ReversePredict: E (x_0 | x_t), exactly, as `say` says it. */
static gboolean
mixture_predict (gpointer      data,
                 const float  *x_t,
                 double        t,
                 float        *out,
                 GCancellable *cancel,
                 GError      **error)
{
  Mixture *mixture = data;
  double   alpha_bar = schedule_alpha_bar (mixture->schedule, t);
  double   signal = sqrt (alpha_bar);
  int      n = DIM - mixture->first;
  Expert   experts[MODES];

  mixture->n_calls++;
  memset (out, 0, N * sizeof (float));
  for (int k = 0; k < MODES; k++)
    consult (mixture, &mixture->modes[k], alpha_bar, &experts[k]);

  for (int row = 0; row < DRAWS; row++)
    {
      const float *x = x_t + row * DIM + mixture->first;
      double       log_p[MODES], most = -INFINITY, sum = 0.0, x0[DIM] = { 0.0 };
      double       d[MODES][DIM];

      for (int k = 0; k < MODES; k++)
        {
          const Expert *e = &experts[k];

          log_p[k] = e->log_factor;
          for (int i = 0; i < n; i++)
            d[k][i] = x[i] - signal * e->mean[i];
          for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
              log_p[k] -= 0.5 * e->inverse[i][j] * d[k][i] * d[k][j];
          most = MAX (most, log_p[k]);
        }
      for (int k = 0; k < MODES; k++)
        {
          const Expert *e = &experts[k];
          double        p = exp (log_p[k] - most);

          sum += p;
          for (int i = 0; i < n; i++)
            {
              x0[i] += p * e->mean[i];
              for (int j = 0; j < n; j++)
                x0[i] += p * e->gain[i][j] * d[k][j];
            }
        }
      for (int i = 0; i < n; i++)
        out[row * DIM + mixture->first + i] = (float) say (mixture, t, x[i], x0[i] / sum);
    }
  return TRUE;
}

/* --- What a distribution looks like --------------------------------------------------- */

/* The mode under which a point is likeliest. */
static int
nearest_mode (const Mode *modes, int first, const double *x)
{
  int    best = 0, n = DIM - first;
  double best_log_p = -INFINITY;

  for (int k = 0; k < MODES; k++)
    {
      double s[DIM][DIM], inverse[DIM][DIM], log_p;

      for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
          s[i][j] = modes[k].covariance[first + i][first + j];
      log_p = log (modes[k].weight) - 0.5 * log (invert (n, s, inverse));
      for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
          log_p -= 0.5 * inverse[i][j] * (x[first + i] - modes[k].mean[first + i]) *
                   (x[first + j] - modes[k].mean[first + j]);
      if (log_p > best_log_p)
        {
          best_log_p = log_p;
          best = k;
        }
    }
  return best;
}

/* Mean, covariance, and the share of draws nearest to each mode. */
typedef struct
{
  double mean[DIM], covariance[DIM][DIM], share[MODES];
} Statistics;

static void
take_statistics (const Mode *modes, int first, const float *draws, Statistics *s)
{
  *s = (Statistics) { 0 };
  for (int row = 0; row < DRAWS; row++)
    {
      double x[DIM];

      for (int i = 0; i < DIM; i++)
        {
          x[i] = draws[row * DIM + i];
          s->mean[i] += x[i] / DRAWS;
          for (int j = 0; j <= i; j++)
            s->covariance[i][j] += x[i] * x[j] / DRAWS;
        }
      s->share[nearest_mode (modes, first, x)] += 1.0 / DRAWS;
    }
  for (int i = 0; i < DIM; i++)
    for (int j = 0; j <= i; j++)
      s->covariance[j][i] = s->covariance[i][j] -= s->mean[i] * s->mean[j];
}

/* As many draws from the mixture itself, by its own definition: mode, then Gaussian.
 * Their shares are what the samplers' are held against. */
static void
draw_truth (const Mode *modes, int first, float *draws)
{
  for (int row = 0; row < DRAWS; row++)
    {
      RandomStream stream = { 4711, RANDOM_FORWARD, 0, 0 };
      double       l[DIM][DIM] = { 0 }, u;
      float        z[4];
      int          k = 0;

      random_pixel (&stream, row, 0, z);
      u = 0.5 * erfc (-z[3] / G_SQRT2); /* evenly in 0…1 */
      while (k < MODES - 1 && u > modes[k].weight)
        u -= modes[k++].weight;

      for (int i = first; i < DIM; i++) /* Cholesky */
        for (int j = first; j <= i; j++)
          {
            double sum = modes[k].covariance[i][j];

            for (int m = first; m < j; m++)
              sum -= l[i][m] * l[j][m];
            l[i][j] = i == j ? sqrt (sum) : sum / l[j][j];
          }
      for (int i = first; i < DIM; i++)
        {
          double x = modes[k].mean[i];

          for (int j = first; j <= i; j++)
            x += l[i][j] * z[j];
          draws[row * DIM + i] = (float) x;
        }
    }
}

/* The true mean and covariance, in closed form. */
static void
true_moments (const Mode *modes, Statistics *s)
{
  *s = (Statistics) { 0 };
  for (int k = 0; k < MODES; k++)
    for (int i = 0; i < DIM; i++)
      s->mean[i] += modes[k].weight * modes[k].mean[i];
  for (int k = 0; k < MODES; k++)
    for (int i = 0; i < DIM; i++)
      for (int j = 0; j < DIM; j++)
        s->covariance[i][j] +=
          modes[k].weight * (modes[k].covariance[i][j] +
                             (modes[k].mean[i] - s->mean[i]) * (modes[k].mean[j] - s->mean[j]));
}

/* How far `draws` are from the mixture: the largest error of a mean and of a covariance, in
 * deviations of the coordinates, and of a share. */
typedef struct
{
  double mean, covariance, share;
} Distance;

static Distance
measure (const Mode *modes, int first, const float *draws)
{
  Statistics truth, found, drawn;
  float     *reference = g_new0 (float, N);
  Distance   d = { 0 };

  true_moments (modes, &truth);
  draw_truth (modes, first, reference);
  take_statistics (modes, first, reference, &drawn);
  take_statistics (modes, first, draws, &found);
  for (int i = first; i < DIM; i++)
    {
      d.mean = MAX (d.mean, fabs (found.mean[i] - truth.mean[i]) / sqrt (truth.covariance[i][i]));
      for (int j = first; j < DIM; j++)
        d.covariance = MAX (d.covariance, fabs (found.covariance[i][j] - truth.covariance[i][j]) /
                                            sqrt (truth.covariance[i][i] * truth.covariance[j][j]));
    }
  for (int k = 0; k < MODES; k++)
    d.share = MAX (d.share, fabs (found.share[k] - drawn.share[k]));
  g_free (reference);
  g_test_message ("mean %.4f covariance %.4f share %.4f", d.mean, d.covariance, d.share);
  return d;
}

/* Four standard errors, and a hundredth for what the sampler's finite steps cost. */
static void
assert_near (Distance d)
{
  const double error = 4.0 / sqrt (DRAWS), allowance = 0.01;

  g_assert_cmpfloat (d.mean, <, error + allowance);
  g_assert_cmpfloat (d.covariance, <, error * G_SQRT2 + allowance);
  g_assert_cmpfloat (d.share, <, error * 0.5 * G_SQRT2 + allowance); /* of two samples */
}

/* --- The cases ------------------------------------------------------------------------- */

typedef struct
{
  const char      *name;
  DiffusionSampler sampler;
  DiffusionSpacing spacing;
  double           eta;
  int              steps;
  VarianceType     variance;
  Prediction       prediction;
  int              resample, jump_length; /* of RePaint's passes */
} Case;

#define DDIM      DIFFUSION_SAMPLER_DDIM
#define DDPM      DIFFUSION_SAMPLER_DDPM
#define SOLVER    DIFFUSION_SAMPLER_DPM_SOLVER
#define HEUN      DIFFUSION_SAMPLER_HEUN
#define CORRECTOR DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR
#define TRAILING  DIFFUSION_SPACING_TRAILING
#define QUADRATIC DIFFUSION_SPACING_QUADRATIC
#define KARRAS    DIFFUSION_SPACING_KARRAS
#define SMALL     VARIANCE_FIXED_SMALL
#define LARGE     VARIANCE_FIXED_LARGE

/* As many steps as it takes: the error of the first-order ones falls as 1/steps, so that
 * DDIM with as few as the second-order ones have here would fail. */
static const Case cases[] = {
  { "ddpm", DDPM, TRAILING, 0.0, 400, .variance = SMALL },
  { "ddpm-large", DDPM, TRAILING, 0.0, 200, .variance = LARGE },
  { "ddim", DDIM, TRAILING, 0.0, 200, .variance = SMALL },
  { "ddim-eta", DDIM, TRAILING, 0.5, 250, .variance = SMALL },
  { "ddim-leading", DDIM, DIFFUSION_SPACING_LEADING, 0.0, 100, .variance = SMALL },
  { "ddim-linspace", DDIM, DIFFUSION_SPACING_LINSPACE, 0.0, 100, .variance = SMALL },
  { "ddim-quadratic", DDIM, QUADRATIC, 0.0, 100, .variance = SMALL },
  { "ddim-karras", DDIM, KARRAS, 0.0, 100, .variance = SMALL },
  { "dpm-solver", SOLVER, TRAILING, 0.0, 28, .variance = SMALL },
  { "dpm-solver-karras", SOLVER, KARRAS, 0.0, 30, .variance = SMALL },
  { "heun", HEUN, TRAILING, 0.0, 25, .variance = SMALL },
  { "heun-karras", HEUN, KARRAS, 0.0, 28, .variance = SMALL },
  { "predictor-corrector", CORRECTOR, TRAILING, 0.0, 250, .variance = SMALL },
  /* What the network says, said otherwise. */
  { "predicts-x0", SOLVER, TRAILING, 0.0, 40, .variance = SMALL, .prediction = PREDICTION_SAMPLE },
  { "predicts-v", SOLVER, TRAILING, 0.0, 40, .variance = SMALL, .prediction = PREDICTION_V },
  { "predicts-mean", SOLVER, TRAILING, 0.0, 40, .variance = SMALL,
    .prediction = PREDICTION_POSTERIOR_MEAN },
};

/* With RePaint's passes, as many as it takes: what draws noise of its own. */
static const Case passes[] = {
  { "ddpm", DDPM, QUADRATIC, 0.0, 60, .variance = LARGE, .resample = 25, .jump_length = 5 },
  { "ddim-eta", DDIM, QUADRATIC, 0.5, 140, .variance = SMALL, .resample = 20, .jump_length = 8 },
  { "predictor-corrector", CORRECTOR, QUADRATIC, 0.0, 60, .variance = LARGE, .resample = 25,
    .jump_length = 4 },
};

typedef struct
{
  Mixture           mixture;
  ReverseProcess    process;
  Schedule         *schedule;
  DiffusionWorkers *workers;
  float            *clean, *join, *x, *x0;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const Case     *c = data;
  SchedulerConfig config = oracle_config (c->prediction);

  config.variance = c->variance;
  f->schedule = schedule_new (&config, NULL);
  f->workers = diffusion_workers_new (2);
  f->clean = g_new0 (float, N);
  f->join = g_new (float, SIZE);
  f->x = g_new (float, N);
  f->x0 = g_new0 (float, N);
  f->mixture = (Mixture) { .schedule = f->schedule, .prediction = c->prediction };
  memcpy (f->mixture.modes, prior, sizeof prior);
  f->process = (ReverseProcess) {
    .workers = f->workers,
    .area = { 0, 0, DIM, ROWS },
    .n_channels = 3,
    .clean = f->clean,
    .join = f->join,
    .t_start = 999.0,
    .spacing = c->spacing,
    .steps = c->steps,
    .resample = 1,
    .jump_length = 1,
    .seed = 3,
    .predict = mixture_predict,
    .predict_data = &f->mixture,
  };
  sampler_init (&f->process.sampler, f->schedule, &config, c->sampler);
  f->process.sampler.eta = c->eta;
  for (int i = 0; i < SIZE; i++)
    f->join[i] = JOIN_AT_ONCE;
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_free (f->clean);
  g_free (f->join);
  g_free (f->x);
  g_free (f->x0);
  diffusion_workers_free (f->workers);
  schedule_free (f->schedule);
}

static void
run (Fixture *f)
{
  ReverseProcess *r = &f->process;

  f->mixture.n_calls = 0;
  reverse_process_start (r, f->x);
  g_assert_true (reverse_process_run (r, f->x, f->x0, NULL));
  g_assert_cmpint (f->mixture.n_calls, ==,
                   reverse_process_count (r->steps, r->resample, r->jump_length, r->sampler.kind));
}

/* Coordinate 0 of every draw is known. */
#define GIVEN 0.3

static void
give (Fixture *f)
{
  for (int i = 0; i < SIZE; i++)
    if (i % DIM == 0)
      {
        f->join[i] = JOIN_NEVER;
        for (int c = 0; c < 3; c++)
          f->clean[c * SIZE + i] = (float) GIVEN;
      }
}

/* Nothing is known: the prior. */
static void
test_prior (Fixture *f, gconstpointer data)
{
  run (f);
  assert_near (measure (prior, 0, f->x));
}

/* A coordinate is known, and the network sees it: the conditional distribution, by both
 * data steps. */
static void
test_seen (Fixture *f, gconstpointer data)
{
  give (f);
  condition (prior, GIVEN, f->mixture.modes);
  f->mixture.first = 1;
  for (DiffusionDataStep step = DIFFUSION_DATA_REPLACE; step <= DIFFUSION_DATA_PASTE; step++)
    {
      f->process.data_step = step;
      run (f);
      for (int i = 0; i < N; i += DIM)
        g_assert_cmpfloat (f->x[i], ==, (float) GIVEN);
      assert_near (measure (f->mixture.modes, 1, f->x));
    }
}

/* --- RePaint ---------------------------------------------------------------------------- */

/* The network does not see what is known, it is told by the data step alone. After one pass
 * the rest does not go with it; with r passes over each jump it comes to the conditional
 * distribution, by both data steps: mean, covariance and shares of the modes. That takes
 * steps that are dense at little noise, where x_t tells the known coordinate exactly, and
 * modes between which a jump can change (here they are drawn together): the share of a mode
 * that lies apart is settled at much noise and stays wrong. */
static void
test_repaint (Fixture *f, gconstpointer data)
{
  const Case *c = data;
  Mode        modes[MODES];

  give (f);
  for (int k = 0; k < MODES; k++)
    for (int i = 0; i < DIM; i++)
      f->mixture.modes[k].mean[i] *= 0.35;
  condition (f->mixture.modes, GIVEN, modes);
  f->process.jump_length = c->jump_length;
  for (DiffusionDataStep step = DIFFUSION_DATA_REPLACE; step <= DIFFUSION_DATA_PASTE; step++)
    {
      f->process.data_step = step;
      f->process.resample = 1;
      run (f);
      g_assert_cmpfloat (measure (modes, 1, f->x).mean, >, 0.15);
      f->process.resample = c->resample;
      run (f);
      assert_near (measure (modes, 1, f->x));
    }
}

static void
add_cases (const char *name,
           const Case *list,
           gsize       n,
           void (*test) (Fixture *f, gconstpointer data))
{
  for (gsize i = 0; i < n; i++)
    {
      char *path = g_strdup_printf ("/mixture/%s/%s", name, list[i].name);

      g_test_add (path, Fixture, &list[i], set_up, test, tear_down);
      g_free (path);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_cases ("prior", cases, G_N_ELEMENTS (cases), test_prior);
  add_cases ("seen", cases, G_N_ELEMENTS (cases), test_seen);
  add_cases ("repaint", passes, G_N_ELEMENTS (passes), test_repaint);
  return g_test_run ();
}
