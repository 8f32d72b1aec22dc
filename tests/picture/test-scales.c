/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-scales.c: from coarse to fine: the detail that a scale adds, and what is made of it.
 */
#include <math.h>

#include "picture/scales.h"

enum
{
  WIDTH = 17,
  HEIGHT = 12,
  SIZE = WIDTH * HEIGHT
};

static void
test_detail (void)
{
  float  picture[3 * SIZE], m[SIZE] = { 0 };
  double a[] = { 0.3, 0.2, 0.1 }, expected = sqrt ((0.09 + 0.04 + 0.01) / 3.0);

  for (int i = 0; i < 3 * SIZE; i++)
    picture[i] = 0.7f;
  g_assert_cmpfloat (scales_detail (WIDTH, HEIGHT, 3, picture, m), <, 1e-6);

  for (int y = 0; y < HEIGHT; y++) /* a chequered board, with an amplitude for each colour */
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++)
        picture[c * SIZE + y * WIDTH + x] = (float) (a[c] * ((x + y) % 2 ? 1 : -1));
  g_assert_cmpfloat_with_epsilon (scales_detail (WIDTH, HEIGHT, 3, picture, m), expected, 1e-6);

  for (int y = 3; y < 9; y++) /* what is unknown does not count */
    for (int x = 4; x < 9; x++)
      {
        m[y * WIDTH + x] = 1.0f;
        picture[y * WIDTH + x] = 900.0f;
      }
  g_assert_cmpfloat_with_epsilon (scales_detail (WIDTH, HEIGHT, 3, picture, m), expected, 1e-6);

  for (int i = 0; i < SIZE; i++)
    m[i] = 1.0f;
  g_assert_cmpfloat (scales_detail (WIDTH, HEIGHT, 3, picture, m), ==, SCALES_COMMON_DETAIL);
}

static void
test_detail_of_ramp (void)
{
  float ramp[SIZE], m[SIZE] = { 0 };

  for (int i = 0; i < SIZE; i++)
    ramp[i] = 0.01f * (i % WIDTH);
  g_assert_cmpfloat_with_epsilon (scales_detail (WIDTH, HEIGHT, 1, ramp, m), 0.005, 1e-6);
  g_assert_cmpfloat (scales_detail (1, 1, 1, ramp, m), ==, SCALES_COMMON_DETAIL); /* no block */
}

static void
test_sigma (void)
{
  for (double refining = 1.0; refining <= 100.0; refining *= 10.0)
    for (double detail = 0.0, last = 0.0; detail <= 2.0; detail += 0.01)
      {
        double sigma = scales_refining_sigma (refining, detail);

        g_assert_cmpfloat (sigma, >=, last);
        g_assert_true (sigma > 0.0 && sigma < 10.0);
        last = sigma;
      }
  g_assert_cmpfloat (scales_refining_sigma (1.0, 0.07), ==, 0.07);
  g_assert_cmpfloat (scales_refining_sigma (10.0, 0.07), ==, 10.0 * 0.07);
}

static void
test_enlarge (void)
{
  const DiffusionRect coarse_area = { 2, 1, 8, 7 }, area = { 8, 6, 8, 6 };
  float               coarse[56], fine[48];

  for (int y = 0; y < 7; y++)
    for (int x = 0; x < 8; x++)
      coarse[y * 8 + x] = 0.02f * x + 0.1f * y;
  scales_enlarge (coarse, &coarse_area, 1, &area, fine);
  for (int y = 0; y < 6; y++) /* pixel centres: fine i lies at coarse (i + 1/2) / 2 - 1/2 */
    for (int x = 0; x < 8; x++)
      g_assert_cmpfloat_with_epsilon (
        fine[y * 8 + x],
        0.02f * ((8 + x + 0.5f) / 2 - 0.5f - 2) + 0.1f * ((6 + y + 0.5f) / 2 - 0.5f - 1), 1e-6f);

  for (int i = 0; i < 56; i++) /* it would swing beyond the range */
    coarse[i] = i % 8 < 4 ? -1.0f : 1.0f;
  scales_enlarge (coarse, &coarse_area, 1, &area, fine);
  for (int i = 0; i < 48; i++)
    g_assert_true (fine[i] >= -1.0f && fine[i] <= 1.0f);
  g_assert_cmpfloat (fine[0], ==, -1.0f);
  g_assert_cmpfloat (fine[7], ==, 1.0f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scales/detail", test_detail);
  g_test_add_func ("/scales/detail-of-ramp", test_detail_of_ramp);
  g_test_add_func ("/scales/sigma", test_sigma);
  g_test_add_func ("/scales/enlarge", test_enlarge);
  return g_test_run ();
}
