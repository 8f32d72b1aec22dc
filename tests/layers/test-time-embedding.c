/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-time-embedding.c: both embeddings against their definition in double precision.
 */
#include <math.h>

#include "layers/time-embedding.h"

static const double times[] = { 0.0, 0.25, 3.5, 437.25, 999.0 };

static void
test_sinusoids (void)
{
  for (int channels = 4; channels <= 33; channels++)
    for (int variant = 0; variant < 4; variant++)
      for (guint k = 0; k < G_N_ELEMENTS (times); k++)
        {
          const int    half = channels / 2, flip = variant & 1, shift = variant >> 1;
          float        out[33];
          const float *sines = out + (flip ? half : 0), *cosines = out + (flip ? 0 : half);

          out[channels - 1] = 7.0f;
          time_embedding_sinusoids (out, channels, flip, shift, times[k]);
          for (int i = 0; i < half; i++)
            {
              const double phase = times[k] * pow (10000.0, -(double) i / (half - shift));

              g_assert_cmpfloat_with_epsilon (sines[i], sin (phase), 3e-4);
              g_assert_cmpfloat_with_epsilon (cosines[i], cos (phase), 3e-4);
            }
          if (channels % 2 == 1)
            g_assert_cmpfloat (out[channels - 1], ==, 7.0f);
        }
}

static void
test_fourier (void)
{
  static const float frequencies[] = { 0.0f, 0.5f, -3.25f, 16.0f, 40.0f };
  const int          n = G_N_ELEMENTS (frequencies);

  for (guint k = 1; k < G_N_ELEMENTS (times); k++)
    {
      float out[2 * G_N_ELEMENTS (frequencies)];

      time_embedding_fourier (out, n, frequencies, times[k]);
      for (int i = 0; i < n; i++)
        {
          const double phase = 2.0 * G_PI * log (times[k]) * frequencies[i];

          g_assert_cmpfloat_with_epsilon (out[i], sin (phase), 1e-6 + 3e-7 * fabs (phase));
          g_assert_cmpfloat_with_epsilon (out[n + i], cos (phase), 1e-6 + 3e-7 * fabs (phase));
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/time-embedding/sinusoids", test_sinusoids);
  g_test_add_func ("/time-embedding/fourier", test_fourier);
  return g_test_run ();
}
