/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-local-mean.c: the local mean of a picture stays when its noise goes, clipped or not.
 */
#include "picture/local-mean.h"

#include "support/picture.h"

enum
{
  WIDTH = 200,
  HEIGHT = 150,
  SIZE = WIDTH * HEIGHT
};

#define SIGMA 0.1f

static DiffusionWorkers *workers;

/* What local_mean_keep makes of `estimate` everywhere, given a picture of `level` with noise
 * of `sigma`, clipped or not: the largest distance from `expected`, in 8-bit levels. */
static double
off (float level, float sigma, gboolean clipped, float estimate, float expected)
{
  Picture *picture = picture_new (WIDTH, HEIGHT, 1);
  float   *x0 = g_new (float, SIZE);
  double   worst = 0.0;

  for (int i = 0; i < SIZE; i++)
    {
      picture->pixels[i] = level;
      x0[i] = estimate;
    }
  picture_add_noise (picture, 255.0 * sigma, 7);
  for (int i = 0; clipped && i < SIZE; i++)
    picture->pixels[i] = CLAMP (picture->pixels[i], 0.0f, 1.0f);
  g_assert_true (local_mean_keep (workers, WIDTH, HEIGHT, 1, picture->pixels, picture->alpha, SIGMA,
                                  x0, NULL, NULL));
  for (int i = 0; i < SIZE; i++)
    worst = MAX (worst, 255.0 * fabs (x0[i] - expected));
  g_free (x0);
  picture_free (picture);
  return worst;
}

/* An estimate that is off by ten levels is put right, as far as noise averages away: σ = 25.5
 * to 0.5 level, four times that at worst, twice as much in the corners. */
static void
test_plain (void)
{
  g_assert_cmpfloat (off (0.5f, SIGMA, FALSE, 0.54f, 0.5f), <, 5.5);
  g_assert_cmpfloat (off (0.5f, SIGMA, TRUE, 0.46f, 0.5f), <, 5.5);
}

/* Black with clipped noise has a mean of 0.4 σ; black without clipping has none. */
static void
test_clipped (void)
{
  g_assert_cmpfloat (off (0.0f, SIGMA, TRUE, 0.0f, 0.0f), <, 4.5);
  /* From 10 levels off most of the way is gone, and some even in the corners. */
  g_assert_cmpfloat (off (0.0f, SIGMA, TRUE, 0.4f * SIGMA, 0.0f), <, 7.0);
  g_assert_cmpfloat (off (1.0f, SIGMA, TRUE, 1.0f - 0.4f * SIGMA, 1.0f), <, 7.0);
  g_assert_cmpfloat (off (0.0f, SIGMA, FALSE, 0.0f, 0.0f), <, 4.5);
  g_assert_cmpfloat (off (0.05f, SIGMA, FALSE, 0.05f, 0.05f), <, 4.5);
}

/* Shadows that hold less noise than was said are not darkened. */
static void
test_less_noise (void)
{
  g_assert_cmpfloat (off (0.02f, 0.0f, TRUE, 0.02f, 0.02f), <, 0.01);
  g_assert_cmpfloat (off (0.04f, SIGMA / 10.0f, TRUE, 0.04f, 0.04f), <, 0.5);
}

/* The mean of a pixel or two is their noise: it does not come back. What is transparent
 * has no say. */
static void
test_edges (void)
{
  const float picture[] = { 0.9f, 0.1f }, alpha[] = { 1.0f, 0.0f };
  float       x0[] = { 0.5f, 0.5f };

  g_assert_true (local_mean_keep (workers, 1, 1, 1, picture, alpha, SIGMA, x0, NULL, NULL));
  g_assert_cmpfloat_with_epsilon (x0[0], 0.5f, 0.4f / 16.0f);
  g_assert_true (local_mean_keep (workers, 2, 1, 1, picture, alpha, SIGMA, x0, NULL, NULL));
  g_assert_cmpfloat (x0[0], >, 0.5f);
  g_assert_true (local_mean_keep (workers, 1, 2, 1, picture, alpha, SIGMA, x0, NULL, NULL));
}

/* Cancelled, nothing is done. */
static void
test_cancel (void)
{
  const float   picture[] = { 0.9f, 0.1f }, alpha[] = { 1.0f, 1.0f };
  float         x0[] = { 0.5f, 0.5f };
  GCancellable *cancel = g_cancellable_new ();
  GError       *error = NULL;

  g_cancellable_cancel (cancel);
  g_assert_false (local_mean_keep (workers, 2, 1, 1, picture, alpha, SIGMA, x0, cancel, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (x0[0] == 0.5f && x0[1] == 0.5f);
  g_clear_error (&error);
  g_object_unref (cancel);
}

int
main (int argc, char **argv)
{
  int status;

  workers = diffusion_workers_new (2);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/level/plain", test_plain);
  g_test_add_func ("/level/clipped", test_clipped);
  g_test_add_func ("/level/less-noise", test_less_noise);
  g_test_add_func ("/level/edges", test_edges);
  g_test_add_func ("/level/cancel", test_cancel);
  status = g_test_run ();
  diffusion_workers_free (workers);
  return status;
}
