/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-timesteps.c: the spacings against the lists that diffusers and the papers make.
 */
#include <math.h>

#include "support/oracle.h"
#include "process/timesteps.h"

#define T 1000

static Schedule *
make (gboolean zero_snr)
{
  SchedulerConfig config = oracle_config (PREDICTION_V);

  config.rescale_betas_zero_snr = zero_snr;
  return schedule_new (&config, NULL);
}

static void
test_trailing (void)
{
  Schedule *schedule = make (FALSE);

  /* diffusers: arange (T, 0, −T/20) − 1 */
  for (int i = 0; i <= 20; i++)
    g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_TRAILING, 0, 999.0, 20, i), ==,
                       50.0 * i - 1.0);
  g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_TRAILING, 0, 123.4, 7, 7), ==,
                     123.4);
  g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_TRAILING, 0, 123.4, 7, 0), ==,
                     -1.0);
  for (int i = 0; i <= T; i++) /* all timesteps in order when there are T steps */
    g_assert_cmpfloat_with_epsilon (
      timesteps_get (schedule, DIFFUSION_SPACING_TRAILING, 0, 999.0, T, i), i - 1.0, 1e-9);
  schedule_free (schedule);
}

/* diffusers: arange (0, 20)·(T/20) + steps_offset, and the clean picture. */
static void
test_leading (void)
{
  Schedule *schedule = make (FALSE);

  for (int offset = 0; offset < 2; offset++)
    for (int i = 1; i <= 20; i++)
      g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_LEADING, offset, 999.0, 20, i),
                         ==, 50.0 * (i - 1) + offset);
  g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_LEADING, 1, 999.0, 20, 0), ==,
                     -1.0);
  g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_LEADING, 999, 999.0, 20, 20), ==,
                     999.0);
  schedule_free (schedule);
}

/* diffusers: linspace (0, T − 1, 10), and the clean picture. */
static void
test_linspace (void)
{
  Schedule *schedule = make (FALSE);

  for (int i = 1; i <= 10; i++)
    g_assert_cmpfloat_with_epsilon (
      timesteps_get (schedule, DIFFUSION_SPACING_LINSPACE, 0, 999.0, 10, i), 111.0 * (i - 1), 1e-9);
  g_assert_cmpfloat (timesteps_get (schedule, DIFFUSION_SPACING_LINSPACE, 0, 999.0, 10, 0), ==,
                     -1.0);
  schedule_free (schedule);
}

static void
test_quadratic (void)
{
  Schedule *schedule = make (FALSE);

  for (int i = 0; i <= 10; i++)
    g_assert_cmpfloat_with_epsilon (
      timesteps_get (schedule, DIFFUSION_SPACING_QUADRATIC, 0, 999.0, 10, i), 10.0 * i * i - 1.0,
      1e-9);
  schedule_free (schedule);
}

/* Karras et al. 2022, eq. 5, by its σ. */
static void
test_karras (void)
{
  for (int zero_snr = 0; zero_snr < 2; zero_snr++)
    {
      Schedule *schedule = make (zero_snr);
      double    most = schedule_sigma (schedule, zero_snr ? 998.0 : 999.0);
      double    least = schedule_sigma (schedule, 0.0);

      for (int i = 0; i < 18; i++)
        {
          double t = timesteps_get (schedule, DIFFUSION_SPACING_KARRAS, 0, 999.0, 18, 18 - i);
          double root =
            pow (most, 1.0 / 7.0) + i / 17.0 * (pow (least, 1.0 / 7.0) - pow (most, 1.0 / 7.0));

          if (i == 0)
            g_assert_cmpfloat (t, ==, 999.0);
          else
            g_assert_cmpfloat_with_epsilon (schedule_sigma (schedule, t) / pow (root, 7.0), 1.0,
                                            1e-9);
        }
      schedule_free (schedule);
    }
}

/* Whatever the settings: from t_start or, leading, below it, strictly down to −1. */
static void
test_falls (void)
{
  static const double starts[] = { -0.9, 0.0, 0.5, 3.2, 99.0, 998.9, 999.0 };
  static const int    steps[] = { 1, 2, 3, 7, 50, 1000 };

  for (int zero_snr = 0; zero_snr < 2; zero_snr++)
    {
      Schedule *schedule = make (zero_snr);

      for (DiffusionSpacing spacing = DIFFUSION_SPACING_TRAILING; spacing < DIFFUSION_SPACING_MODEL;
           spacing++)
        for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
          for (gsize k = 0; k < G_N_ELEMENTS (steps); k++)
            for (int offset = 0; offset < T; offset += 333)
              {
                double t = timesteps_get (schedule, spacing, offset, starts[i], steps[k], steps[k]);

                if (spacing == DIFFUSION_SPACING_LEADING)
                  g_assert_cmpfloat (t, <=, starts[i]);
                else
                  g_assert_cmpfloat (t, ==, starts[i]);
                for (int remaining = steps[k] - 1; remaining >= 0; remaining--)
                  {
                    double s =
                      timesteps_get (schedule, spacing, offset, starts[i], steps[k], remaining);

                    g_assert_cmpfloat (s, <, t);
                    t = s;
                  }
                g_assert_cmpfloat (t, ==, -1.0);
              }
      schedule_free (schedule);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timesteps/trailing", test_trailing);
  g_test_add_func ("/timesteps/leading", test_leading);
  g_test_add_func ("/timesteps/linspace", test_linspace);
  g_test_add_func ("/timesteps/quadratic", test_quadratic);
  g_test_add_func ("/timesteps/karras", test_karras);
  g_test_add_func ("/timesteps/falls", test_falls);
  return g_test_run ();
}
