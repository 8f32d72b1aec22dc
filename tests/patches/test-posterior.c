/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-posterior.c: the diffusion model of a picture's own patches: its posterior mean against
 * the sum that defines it, the nearest patch as the limit of that, and the reverse process that it
 * gives against DDIM's equation.
 */
#include <math.h>

#include "patches/patch-start.h"
#include "support/picture.h"

enum
{
  WIDTH = 61,
  HEIGHT = 47
};

/* A level of noise with a hole. */
static PatchLevel *
noisy_level (void)
{
  PatchLevel   *level = patch_level_new (WIDTH, HEIGHT, NULL);
  RandomStream  stream = { 3, RANDOM_FORWARD, 200, 0 };
  DiffusionRect all = { 0, 0, WIDTH, HEIGHT };
  float        *noise = g_new (float, 4 * WIDTH * HEIGHT);

  random_window (&stream, &all, 4, noise);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      {
        int i = y * WIDTH + x, at = patch_level_at (level, x, y);

        for (int c = 0; c < 3; c++)
          level->colour[4 * at + c] = 128.0f + 20.0f * noise[c * WIDTH * HEIGHT + i];
        level->texture[2 * at] = 10.0f + noise[3 * WIDTH * HEIGHT + i];
        level->texture[2 * at + 1] = 5.0f;
        level->pixel[at] = x >= 25 && x < 36 && y >= 18 && y < 30 ? PATCH_HOLE : PATCH_KNOWN;
      }
  patch_level_prepare (level, WIDTH, 1, 0);
  g_free (noise);
  return level;
}

/* The definition, in double precision: the total of the weighted squares, and of what the
 * roughness differs by. */
static double
square (const PatchLevel *level, int a, int b)
{
  double sum = 0.0, total = level->total[a];

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
      for (int c = 0; c < 3; c++)
        {
          int    step = j * level->stride + i;
          double d = level->colour[4 * (a + step) + c] - level->colour[4 * (b + step) + c];

          sum += level->weight[a + step] * d * d;
        }
  for (int c = 0; c < 2; c++)
    {
      double d = level->texture[2 * a + c] - level->texture[2 * b + c];

      sum += PATCH_TEXTURE_PRICE * total * d * d;
    }
  return sum + PATCH_USE_PRICE * total * level->use[b];
}

static void
mean_by_definition (const PatchLevel *level, int at, double sigma, double *mean)
{
  double least = INFINITY, total = 0.0;

  for (int c = 0; c < PATCH_COLOURS; c++)
    mean[c] = 0.0;
  for (int k = 0; k < level->n_sources; k++)
    least = MIN (least, square (level, at, level->sources[k]));
  for (int k = 0; k < level->n_sources; k++)
    {
      int    from = level->sources[k], c = 0;
      double weight = exp ((least - square (level, at, from)) / (2.0 * sigma * sigma));

      total += weight;
      for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
        for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
          for (int colour = 0; colour < 3; colour++)
            mean[c++] += weight * level->colour[4 * (from + j * level->stride + i) + colour];
    }
  for (int c = 0; c < PATCH_COLOURS; c++)
    mean[c] /= total;
}

/* At every σ, from one patch that counts to all alike. */
static void
test_mean (void)
{
  static const double sigmas[] = { 2.0, 20.0, 100.0, 1000.0 };

  PatchLevel       *level = noisy_level ();
  PatchSet         *set = patch_set_new (level, PATCH_SET_MAX, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  float            *means = g_new (float, level->n_patches *PATCH_COLOURS);
  double            expected[PATCH_COLOURS];

  g_assert_cmpint (level->n_sources, >, 1024); /* more than one block of keys */
  g_assert_cmpint (level->n_patches, >, 64);
  for (gsize s = 0; s < G_N_ELEMENTS (sigmas); s++)
    {
      double most = 0.0;

      g_assert_true (patch_set_find_means (set, level, level->patches, level->n_patches, sigmas[s],
                                           means, workers, NULL));
      for (int k = 0; k < level->n_patches; k += 7)
        {
          mean_by_definition (level, level->patches[k], sigmas[s], expected);
          for (int c = 0; c < PATCH_COLOURS; c++)
            most = MAX (most, fabs (means[k * PATCH_COLOURS + c] - expected[c]));
        }
      g_test_message ("σ %g: %.5f levels at most", sigmas[s], most);
      g_assert_cmpfloat (most, <, 0.02);
    }
  g_free (means);
  diffusion_workers_free (workers);
  patch_set_free (set);
  patch_level_free (level);
}

/* For σ → 0 the mean is the nearest patch, which is found as such, whatever the threads. */
static void
test_nearest (void)
{
  PatchLevel *level = noisy_level ();
  PatchSet   *set = patch_set_new (level, PATCH_SET_MAX, NULL);
  int        *first = NULL;

  for (int threads = 1; threads <= 3; threads++)
    {
      DiffusionWorkers *workers = diffusion_workers_new (threads);

      g_assert_true (
        patch_set_find_nearest (set, level, level->patches, level->n_patches, workers, NULL));
      for (int k = 0; k < level->n_patches; k++)
        {
          int    at = level->patches[k];
          double least = INFINITY;

          g_assert_true (level->source[level->nearest[at]]);
          for (int q = 0; threads == 1 && q < level->n_sources; q++)
            least = MIN (least, square (level, at, level->sources[q]));
          if (threads == 1)
            {
              g_assert_cmpfloat (square (level, at, level->nearest[at]), <=, least * 1.0001 + 1.0);
              g_assert_cmpfloat_with_epsilon (level->distance[at] * level->total[at], least,
                                              1e-3 * least + 1.0);
            }
          else
            g_assert_cmpint (level->nearest[at], ==, first[at]);
        }
      if (first == NULL)
        first = g_memdup2 (level->nearest, level->n * sizeof (int));
      diffusion_workers_free (workers);
    }
  g_free (first);
  patch_set_free (set);
  patch_level_free (level);
}

/* A patch that has been taken too often is dearer. */
static void
test_use (void)
{
  PatchLevel       *level = noisy_level ();
  PatchSet         *set = patch_set_new (level, PATCH_SET_MAX, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  int               at = level->patches[level->n_patches / 2], before;

  patch_set_find_nearest (set, level, &at, 1, workers, NULL);
  before = level->nearest[at];
  for (int k = 0; k < level->n_patches; k++)
    level->nearest[level->patches[k]] = before;
  patch_level_count_use (level);
  g_assert_cmpfloat_with_epsilon (level->use[before] - level->chance[before],
                                  (double) level->n_patches / PATCH_PIXELS - 1.0, 1e-4);
  level->use[before] = 1e6f;
  patch_set_update_use (set, level);
  patch_set_find_nearest (set, level, &at, 1, workers, NULL);
  g_assert_cmpint (level->nearest[at], !=, before);
  diffusion_workers_free (workers);
  patch_set_free (set);
  patch_level_free (level);
}

/* x̂_0 of the hole's pixels by definition: the mean of what the patches around each say, half as
 * much for a pixel of depth more. */
static void
x0_by_definition (const PatchLevel *level, double sigma, double *x0)
{
  double *weights = g_new0 (double, level->n), mean[PATCH_COLOURS];

  for (gsize i = 0; i < 3 * level->n; i++)
    x0[i] = 0.0;
  for (int k = 0; k < level->n_patches; k++)
    {
      const int at = level->patches[k];
      double    weight = exp2 (-level->depth[at]);

      mean_by_definition (level, at, sigma, mean);
      for (int q = 0; q < PATCH_PIXELS; q++)
        {
          int pixel =
            at + (q / PATCH_SIDE - PATCH_RADIUS) * level->stride + q % PATCH_SIDE - PATCH_RADIUS;

          for (int c = 0; c < 3; c++)
            x0[3 * pixel + c] += weight * mean[3 * q + c];
          weights[pixel] += weight;
        }
    }
  for (int k = 0; k < level->n_hole; k++)
    for (int c = 0; c < 3; c++)
      x0[3 * level->hole[k] + c] /= weights[level->hole[k]];
  g_free (weights);
}

/* Ten steps of x ← x̂_0 + σ' / σ (x − x̂_0), from noise of half the range of colours down to 1 % of
 * the range. */
static void
test_reverse (void)
{
  PatchLevel       *level = noisy_level (), *expected = noisy_level ();
  DiffusionWorkers *workers = diffusion_workers_new (2);
  PatchSet         *set = patch_set_new (level, PATCH_SET_MAX, NULL);
  double           *x0 = g_new (double, 3 * level->n);
  RandomStream      stream = { 5, RANDOM_START, 2, 1 };
  int               n_wrong = 0;

  g_assert_true (patch_start (level, set, 5, 2, workers, NULL));

  /* The smooth guess and the roughness begin as there, from what is around. */
  for (int k = 0; k < expected->n_hole; k++)
    expected->weight[expected->hole[k]] = 0.25f;
  patch_level_sum_weights (expected);
  memcpy (expected->texture, level->texture, 2 * level->n * sizeof (float));
  for (int backwards = 0; backwards <= 1; backwards++)
    for (int k = 0; k < expected->n_hole; k++)
      for (int c = 0; c < 3; c++)
        {
          int    at = expected->hole[backwards ? expected->n_hole - 1 - k : k];
          int    side = backwards ? 1 : -1;
          float *x = expected->colour;
          float  mean = 0.5f * (x[4 * (at + side) + c] + x[4 * (at + side * expected->stride) + c]);

          x[4 * at + c] = backwards ? 0.5f * (x[4 * at + c] + mean) : mean;
        }
  for (int k = 0; k < expected->n_hole; k++)
    {
      int   at = expected->hole[k];
      float z[4];

      random_pixel (&stream, patch_level_x (expected, at), patch_level_y (expected, at), z);
      for (int c = 0; c < 3; c++)
        expected->colour[4 * at + c] += 127.5f * z[c];
    }
  for (int step = 0; step < 10; step++)
    {
      double sigma = 127.5 * pow (0.02, step / 9.0);
      double next = step < 9 ? 127.5 * pow (0.02, (step + 1) / 9.0) : 0.0;

      x0_by_definition (expected, 0.5 * sigma, x0);
      for (int k = 0; k < expected->n_hole; k++)
        for (int c = 0; c < 3; c++)
          {
            float *x = expected->colour + 4 * expected->hole[k] + c;
            double mean = x0[3 * expected->hole[k] + c];

            *x = (float) (mean + next / sigma * (*x - mean));
          }
    }
  for (int k = 0; k < level->n_hole; k++)
    for (int c = 0; c < 3; c++)
      {
        int at = 4 * level->hole[k] + c;

        n_wrong += fabsf (level->colour[at] - expected->colour[at]) > 0.5f;
      }
  g_test_message ("%d of %d values are more than half a level apart", n_wrong, 3 * level->n_hole);
  g_assert_cmpint (n_wrong, <, level->n_hole / 20);
  for (int k = 0; k < level->n_patches; k++)
    g_assert_true (level->source[level->nearest[level->patches[k]]]);
  g_free (x0);
  diffusion_workers_free (workers);
  patch_set_free (set);
  patch_level_free (level);
  patch_level_free (expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/posterior/mean", test_mean);
  g_test_add_func ("/posterior/nearest", test_nearest);
  g_test_add_func ("/posterior/use", test_use);
  g_test_add_func ("/posterior/reverse", test_reverse);
  return g_test_run ();
}
