/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-reverse-process.c: the order of the transitions, and the known pixels after every
 * one of them.
 */
#include <string.h>

#include "support/oracle.h"
#include "base/random.h"

#define WIDTH  13
#define HEIGHT 37
#define SIZE   (WIDTH * HEIGHT)
#define N      (3 * SIZE)

/* --- The order ------------------------------------------------------------------ */

static void
test_count (void)
{
  g_assert_cmpint (reverse_process_count (250, 10, 10, DIFFUSION_SAMPLER_DDIM), ==, 2410);
  g_assert_cmpint (reverse_process_count (250, 1, 10, DIFFUSION_SAMPLER_DDIM), ==, 250);
  g_assert_cmpint (reverse_process_count (250, 0, 10, DIFFUSION_SAMPLER_DDIM), ==, 250);
  g_assert_cmpint (reverse_process_count (20, 5, 20, DIFFUSION_SAMPLER_DDIM), ==,
                   20); /* no room for a jump */
  g_assert_cmpint (reverse_process_count (11, 3, 10, DIFFUSION_SAMPLER_DDIM), ==, 11 + 2 * 10);
  g_assert_cmpint (reverse_process_count (1, 10, 10, DIFFUSION_SAMPLER_DDIM), ==, 1);

  /* Two evaluations a step, but one for that to the clean picture. */
  g_assert_cmpint (reverse_process_count (20, 1, 10, DIFFUSION_SAMPLER_HEUN), ==, 39);
  g_assert_cmpint (reverse_process_count (20, 1, 10, DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR), ==,
                   39);
  g_assert_cmpint (reverse_process_count (1, 1, 10, DIFFUSION_SAMPLER_HEUN), ==, 1);
  g_assert_cmpint (reverse_process_count (11, 3, 10, DIFFUSION_SAMPLER_HEUN), ==, 21 + 2 * 20);
  g_assert_cmpint (reverse_process_count (20, 1, 10, DIFFUSION_SAMPLER_DPM_SOLVER), ==, 20);
}

/* From the start to the end without a gap, 9 jumps of 10 at each of 0, 10, …, 230. */
static void
test_order (void)
{
  GArray *order = reverse_process_order (250, 10, 10, FALSE);
  int     at = 250, jumps[251] = { 0 };

  for (guint i = 0; i < order->len; i++)
    {
      ReverseMove move = g_array_index (order, ReverseMove, i);

      g_assert_cmpint (move.from, ==, at);
      if (move.to > move.from)
        {
          g_assert_cmpint (move.to, ==, move.from + 10);
          jumps[move.from - 1]++; /* the timestep index: 0 is the one before the clean picture */
        }
      else
        g_assert_cmpint (move.to, ==, move.from - 1);
      g_assert_cmpint (move.to, <, 250);
      at = move.to;
    }
  g_assert_cmpint (at, ==, 0);
  for (int i = 0; i < 250; i++)
    g_assert_cmpint (jumps[i], ==, i % 10 == 0 && i <= 230 ? 9 : 0);
  g_array_unref (order);
}

/* A correction follows each reverse step that does not end at the clean picture. */
static void
test_corrections (void)
{
  GArray *order = reverse_process_order (30, 2, 10, TRUE);

  for (guint i = 0; i < order->len; i++)
    {
      ReverseMove move = g_array_index (order, ReverseMove, i);

      if (move.to < move.from && move.to > 0)
        {
          ReverseMove next = g_array_index (order, ReverseMove, i + 1);

          g_assert_cmpint (next.from, ==, move.to);
          g_assert_cmpint (next.to, ==, move.to);
        }
      else if (move.to == move.from)
        {
          ReverseMove last = g_array_index (order, ReverseMove, i - 1);

          g_assert_cmpint (last.from, ==, move.from + 1);
        }
    }
  g_array_unref (order);
}

/* --- The process ------------------------------------------------------------------ */

typedef struct
{
  ReverseProcess    process;
  Oracle            oracle;
  Schedule         *schedule;
  DiffusionWorkers *workers;
  float            *clean, *answer; /* what is known, what the oracle thinks is there */
  float             join[SIZE];
  float             x[N], x0[N];

  float       before[N]; /* x before the transition */
  double      t;
  guint32     number;
  int         n_known, n_jumped;
  GHashTable *seen; /* noise of one known pixel at every visit */
} Fixture;

/* x_s of channel c and pixel i of the clean picture as the books say, from the addressed noise. */
static float
noised (const Fixture *f, double s, RandomPurpose purpose, guint32 number, int c, int i)
{
  RandomStream stream = { f->process.seed, purpose, 0, number };
  SamplerStep  step = sampler_noise (f->schedule, s);
  float        z[4];

  random_pixel (&stream, f->process.area.x + i % WIDTH, f->process.area.y + i / WIDTH, z);
  return step.c_x0 * f->clean[c * SIZE + i] + step.c_z * z[c];
}

static void
observe (gpointer data, const ReverseState *state)
{
  Fixture *f = data;

  g_assert_cmpuint (state->number, ==, ++f->number);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < SIZE; i++)
      {
        float x = state->x_s[c * SIZE + i];

        if (state->s > f->join[i])
          {
            g_assert_cmpfloat (x, ==, noised (f, state->s, RANDOM_KNOWN, state->number, c, i));
            f->n_known++;
          }
        else if (state->jump)
          {
            RandomStream stream = { f->process.seed, RANDOM_JUMP, 0, state->number };
            SamplerStep  step = sampler_forward (f->schedule, f->t, state->s);
            float        z[4];

            random_pixel (&stream, f->process.area.x + i % WIDTH, f->process.area.y + i / WIDTH, z);
            g_assert_cmpfloat (x, ==, step.c_xt * f->before[c * SIZE + i] + step.c_z * z[c]);
            f->n_jumped++;
          }
      }

  /* A step visited again sees fresh noise in the known pixels. */
  if (state->s > -1.0)
    {
      SamplerStep step = sampler_noise (f->schedule, state->s);
      gint64      z = (gint64) rint (1e6 * (state->x_s[0] - step.c_x0 * f->clean[0]) / step.c_z);

      g_assert_true (g_hash_table_add (f->seen, g_memdup2 (&z, sizeof z)));
    }
  memcpy (f->before, state->x_s, sizeof f->before);
  f->t = state->s;
}

static void
set_up (Fixture *f, gconstpointer kind)
{
  SchedulerConfig config = oracle_config (PREDICTION_V);

  f->schedule = schedule_new (&config, NULL);
  f->workers = diffusion_workers_new (2);
  f->clean = oracle_picture (N);
  f->answer = oracle_picture (N);
  for (int i = 0; i < N; i++)
    f->answer[i] = 0.5f * f->answer[i] + 0.1f;
  f->oracle = (Oracle) { f->schedule, PREDICTION_V, .x0 = f->answer, .n = N };
  f->seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  f->t = 999.0;
  f->process = (ReverseProcess) {
    .workers = f->workers,
    .area = { -4, 1000, WIDTH, HEIGHT },
    .n_channels = 3,
    .clean = f->clean,
    .join = f->join,
    .t_start = 999.0,
    .steps = 50,
    .resample = 3,
    .jump_length = 5,
    .seed = 77,
    .predict = oracle_predict,
    .predict_data = &f->oracle,
    .observe = observe,
    .observe_data = f,
  };
  sampler_init (&f->process.sampler, f->schedule, &config, GPOINTER_TO_INT (kind));

  /* A third known, a third soft, a third there from the start; pixel 0 is known. */
  for (int i = 0; i < SIZE; i++)
    f->join[i] = i % 3 == 0 ? JOIN_NEVER : i % 3 == 1 ? 999.0f * i / SIZE - 1.0f : 999.0f;
}

static void
tear_down (Fixture *f, gconstpointer kind)
{
  g_hash_table_unref (f->seen);
  g_free (f->clean);
  g_free (f->answer);
  diffusion_workers_free (f->workers);
  schedule_free (f->schedule);
}

/* q(x_s | x_0) of the addressed noise, exactly, after the start and after every step
 * and jump; at the end the clean picture itself, and the oracle's in the hole. */
static void
test_known (Fixture *f, gconstpointer kind)
{
  reverse_process_start (&f->process, f->x);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < SIZE; i++)
      {
        RandomPurpose purpose = f->join[i] == 999.0f ? RANDOM_START : RANDOM_KNOWN;

        g_assert_cmpfloat (f->x[c * SIZE + i], ==, noised (f, 999.0, purpose, 0, c, i));
      }
  memcpy (f->before, f->x, sizeof f->before);

  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpint (f->n_known, >, 0);
  g_assert_cmpint (f->n_jumped, >, 0);
  g_assert_cmpint (f->oracle.n_calls, ==, reverse_process_count (50, 3, 5, GPOINTER_TO_INT (kind)));
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < SIZE; i++)
      if (f->join[i] == JOIN_NEVER)
        g_assert_cmpfloat (f->x[c * SIZE + i], ==, f->clean[c * SIZE + i]);
      else
        g_assert_cmpfloat_with_epsilon (f->x[c * SIZE + i], f->answer[c * SIZE + i], 1e-4f);
}

/* Pasted into x̂_0: what is known at the time of an evaluation is what it says there, and at
 * the end the clean picture itself; the others are the oracle's. */
static void
observe_pasted (gpointer data, const ReverseState *state)
{
  Fixture *f = data;

  for (int c = 0; c < 3 && !state->jump; c++)
    for (int i = 0; i < SIZE; i++)
      if (f->t > f->join[i])
        {
          g_assert_cmpfloat (state->x0[c * SIZE + i], ==, f->clean[c * SIZE + i]);
          f->n_known++;
        }
      else
        g_assert_cmpfloat_with_epsilon (state->x0[c * SIZE + i], f->answer[c * SIZE + i], 1e-3f);
  f->t = state->s;
}

static void
test_pasted (Fixture *f, gconstpointer kind)
{
  f->process.data_step = DIFFUSION_DATA_PASTE;
  f->process.observe = observe_pasted;
  reverse_process_start (&f->process, f->x);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpint (f->n_known, >, 0);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < SIZE; i++)
      if (f->join[i] == JOIN_NEVER)
        g_assert_cmpfloat (f->x[c * SIZE + i], ==, f->clean[c * SIZE + i]);
}

static void
observe_times (gpointer data, const ReverseState *state)
{
  Fixture *f = data;

  if (state->s > -1.0)
    f->t = MIN (f->t, state->s);
}

/* The last evaluation is at sigma_end, of as many as without it; where the run ends or
 * begins above and below it, nothing changes. */
static void
test_early_end (Fixture *f, gconstpointer kind)
{
  double end = schedule_t_of_sigma (f->schedule, 0.5), usual;

  f->process.observe = observe_times;
  reverse_process_start (&f->process, f->x);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  usual = f->t;
  g_assert_cmpfloat (usual, <, end);

  f->process.sigma_end = 0.5;
  f->t = 999.0;
  reverse_process_start (&f->process, f->x);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpfloat_with_epsilon (f->t, end, 1e-9);
  g_assert_cmpint (f->oracle.n_calls, ==,
                   2 * reverse_process_count (50, 3, 5, GPOINTER_TO_INT (kind)));
  for (int i = 0; i < N; i++)
    if (f->join[i % SIZE] != JOIN_NEVER)
      g_assert_cmpfloat_with_epsilon (f->x[i], f->answer[i], 1e-4f);

  f->process.sigma_end = 0.9 * schedule_sigma (f->schedule, usual);
  f->t = 999.0;
  reverse_process_start (&f->process, f->x);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpfloat (f->t, ==, usual);

  f->process.t_start = f->t = 0.5 * end;
  f->process.sigma_end = 0.5;
  reverse_process_start (&f->process, f->x);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpfloat_with_epsilon (f->t, (0.5 * end + 1.0) / 50 - 1.0, 1e-9);
}

/* The same bytes for any number of workers. */
static void
test_workers (Fixture *f, gconstpointer kind)
{
  float *first = g_new (float, N);

  f->process.observe = NULL;
  for (int n = 1; n <= 3; n += 2)
    {
      DiffusionWorkers *workers = diffusion_workers_new (n);

      f->process.workers = workers;
      reverse_process_start (&f->process, f->x);
      g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
      if (n == 1)
        memcpy (first, f->x0, N * sizeof (float));
      diffusion_workers_free (workers);
    }
  g_assert_cmpmem (first, N * sizeof (float), f->x0, N * sizeof (float));
  g_free (first);
}

static void
test_cancel (Fixture *f, gconstpointer kind)
{
  GError *error = NULL;

  f->process.cancel = f->oracle.cancels = g_cancellable_new ();
  f->oracle.cancels_at = 3;
  reverse_process_start (&f->process, f->x);
  memcpy (f->before, f->x, sizeof f->before);
  g_assert_false (reverse_process_run (&f->process, f->x, f->x0, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (f->oracle.n_calls, ==, 3);
  g_clear_error (&error);
  g_object_unref (f->process.cancel);
}

/* "Stop here": the run succeeds with x̂_0 of the last evaluation; before the first one
 * x0 is left alone. */
static void
test_finish (Fixture *f, gconstpointer kind)
{
  f->process.finish = f->oracle.cancels = g_cancellable_new ();
  f->oracle.cancels_at = 3;
  reverse_process_start (&f->process, f->x);
  memcpy (f->before, f->x, sizeof f->before);
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpint (f->oracle.n_calls, ==, 3);
  for (int i = 0; i < N; i++)
    g_assert_cmpfloat_with_epsilon (f->x0[i], f->answer[i], 1e-3f);

  f->x0[0] = 42.0f;
  f->number = 0;
  g_assert_true (reverse_process_run (&f->process, f->x, f->x0, NULL));
  g_assert_cmpfloat (f->x0[0], ==, 42.0f);
  g_object_unref (f->process.finish);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char      *name;
    DiffusionSampler kind;
  } kinds[] = {
    { "ddim", DIFFUSION_SAMPLER_DDIM },
    { "ddpm", DIFFUSION_SAMPLER_DDPM },
    { "dpm-solver", DIFFUSION_SAMPLER_DPM_SOLVER },
    { "heun", DIFFUSION_SAMPLER_HEUN },
    { "predictor-corrector", DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR },
  };
  static const struct
  {
    const char *name;
    void (*test) (Fixture *f, gconstpointer kind);
  } tests[] = {
    { "known", test_known },   { "pasted", test_pasted }, { "workers", test_workers },
    { "cancel", test_cancel }, { "finish", test_finish }, { "early-end", test_early_end },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reverse-process/count", test_count);
  g_test_add_func ("/reverse-process/order", test_order);
  g_test_add_func ("/reverse-process/corrections", test_corrections);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (tests); j++)
      {
        char *path = g_strdup_printf ("/reverse-process/%s/%s", tests[j].name, kinds[i].name);

        g_test_add (path, Fixture, GINT_TO_POINTER (kinds[i].kind), set_up, tests[j].test,
                    tear_down);
        g_free (path);
      }
  return g_test_run ();
}
