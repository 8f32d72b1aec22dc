/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The skip around the guess: what the network has to say when it is right, when
 * it says nothing, and when there is no guess.
 */
#include <math.h>

#include "model/preconditioning.h"

static const double alpha_bars[] = { 1.0, 0.9999, 0.8, 0.3, 1e-3, 4e-5, 0.0 };

/* F = v of the residual gives v of the picture. */
static void
test_right (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (alpha_bars); i++)
    for (double s = 0.1; s < 2.0; s *= 2.0)
      {
        const double a = sqrt (alpha_bars[i]), b = sqrt (1.0 - alpha_bars[i]);
        const double x_0 = 0.7, epsilon = -1.3;
        const float  y = 0.45f, x_t = a * x_0 + b * epsilon;
        /* The residual's own process, scaled to unit variance. */
        const double scale = sqrt (s * s * a * a + b * b);
        const double share = s * a / scale, noise = b / scale;
        float        v = share * epsilon - noise * (x_0 - y) / s;

        preconditioning_to_v (s, alpha_bars[i], 1, &x_t, &y, &v);
        g_assert_cmpfloat_with_epsilon (v, a * epsilon - b * x_0, 1e-5);
      }
}

/* F = 0: the mean of x_0 given x_t under the prior N(y, s²). */
static void
test_silent (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (alpha_bars); i++)
    {
      const double s = 0.25, a = sqrt (alpha_bars[i]), b = sqrt (1.0 - alpha_bars[i]);
      const float  y[] = { 0.2f, -0.9f }, x_t[] = { 0.3f, 1.4f };
      float        v[] = { 0.0f, 0.0f };

      preconditioning_to_v (s, alpha_bars[i], 2, x_t, y, v);
      for (int c = 0; c < 2; c++)
        {
          const double k = s * s * a / (s * s * a * a + b * b);

          g_assert_cmpfloat_with_epsilon (a * x_t[c] - b * v[c], y[c] + k * (x_t[c] - a * y[c]),
                                          1e-5);
        }
    }
}

/* Nothing known: y = 0, s = 1. */
static void
test_without (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (alpha_bars); i++)
    {
      const float y = 0.0f, x_t = 0.6f;
      float       v = -0.37f;

      preconditioning_to_v (1.0, alpha_bars[i], 1, &x_t, &y, &v);
      g_assert_cmpfloat_with_epsilon (v, -0.37, 1e-6);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guess/right", test_right);
  g_test_add_func ("/guess/silent", test_silent);
  g_test_add_func ("/guess/without", test_without);
  return g_test_run ();
}
