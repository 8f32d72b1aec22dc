/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-map.c: what is normalised by the moments of maps.
 */
#include "support/maps.h"

/* GroupNorm by its definition, over one map and over two whose groups straddle. */
static void
test_norm (void)
{
  GRand     *rand = g_rand_new_with_seed (3);
  Map       *a = map_new (rand, 5, 3, 10, 1.0, 30.0);
  Map       *b = map_new (rand, 5, 3, 14, 0.01, -2.0);
  const Map *maps[] = { a, b };
  Norm       norm = { .n_groups = 3, .channels = 24, .epsilon = 1e-5 };
  float      scale[32], shift[32];

  norm.gamma = random_new (rand, 24, 2.0);
  norm.beta = random_new (rand, 24, 2.0);
  for (int i = 0; i < 2; i++)
    for (int c = 0; c < maps[i]->channels; c++)
      {
        double mean = 0.0, spread = 0.0;

        for (int p = 0; p < 15; p++)
          mean += map_get (maps[i], p % 5, p / 5, c) / 15;
        for (int p = 0; p < 15; p++)
          spread += pow (map_get (maps[i], p % 5, p / 5, c) - mean, 2.0);
        maps[i]->moments[c] = mean;
        maps[i]->moments[maps[i]->stride + c] = spread;
      }
  norm_prepare (&norm, maps, 2, scale, shift);

  for (int g = 0; g < 3; g++)
    {
      double mean = 0.0, variance = 0.0;

      for (int pass = 0; pass < 3; pass++)
        for (int c = 8 * g; c < 8 * g + 8; c++)
          for (int p = 0; p < 15; p++)
            {
              const Map *map = c < 10 ? a : b;
              const int  place = c < 10 ? c : 16 + c - 10;
              double     v = map_get (map, p % 5, p / 5, c < 10 ? c : c - 10);

              if (pass == 0)
                mean += v / (8 * 15);
              else if (pass == 1)
                variance += pow (v - mean, 2.0) / (8 * 15);
              else
                g_assert_cmpfloat (
                  fabs (v * scale[place] + shift[place] -
                        ((v - mean) / sqrt (variance + 1e-5) * norm.gamma[c] + norm.beta[c])),
                  <=, 2e-4);
            }
    }
  for (int c = 10; c < 16; c++)
    g_assert_true (scale[c] == 0.0f && shift[c] == 0.0f);

  aligned_free (norm.gamma);
  aligned_free (norm.beta);
  map_free (a);
  map_free (b);
  g_rand_free (rand);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/map/norm", test_norm);
  return g_test_run ();
}
