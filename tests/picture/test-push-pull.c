/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-push-pull.c: the push-pull fill against the one that models are trained with.
 */
#include <math.h>

#include "picture/fill-reference.h"
#include "picture/push-pull.h"

static void
test_reference (void)
{
  for (gsize k = 0; k < G_N_ELEMENTS (fill_reference); k++)
    {
      int    width = fill_reference[k].width, height = fill_reference[k].height;
      int    n_channels = fill_reference[k].n_channels, every = fill_reference[k].every;
      int    size = width * height;
      float *x = g_new (float, size *n_channels), *w = g_new (float, size);

      for (int i = 0; i < size * n_channels; i++)
        x[i] = (float) ((i * 29 + i * i * 7) % 101 / 50.0 - 1.0);
      for (int i = 0; i < size; i++)
        w[i] = i % every == every / 2 ? fill_reference[k].weight : 0.0f;
      g_assert_true (
        push_pull_fill (width, height, n_channels, fill_reference[k].n_sweeps, x, w, NULL));
      for (int i = 0; i < size * n_channels; i++)
        g_assert_cmpfloat_with_epsilon (x[i], fill_reference[k].filled[i], 2e-6f);
      g_free (x);
      g_free (w);
    }
}

/* Known pixels stay to the bit, one colour fills everything with itself, and what
 * unknown pixels hold has no influence. */
static void
test_known (void)
{
  enum
  {
    WIDTH = 41,
    HEIGHT = 30,
    SIZE = WIDTH * HEIGHT
  };
  float a[SIZE], b[SIZE], flat[SIZE], w[SIZE];

  for (int i = 0; i < SIZE; i++)
    {
      w[i] = i % 5 == 0 || i > 900 ? 1.0f : 0.0f;
      a[i] = sinf (i);
      b[i] = w[i] == 1.0f ? a[i] : 1000.0f;
      flat[i] = 0.4f;
    }
  g_assert_true (push_pull_fill (WIDTH, HEIGHT, 1, 3, a, w, NULL));
  g_assert_true (push_pull_fill (WIDTH, HEIGHT, 1, 3, b, w, NULL));
  g_assert_true (push_pull_fill (WIDTH, HEIGHT, 1, 3, flat, w, NULL));
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  for (int i = 0; i < SIZE; i++)
    {
      if (w[i] == 1.0f)
        g_assert_cmpfloat (a[i], ==, sinf (i));
      g_assert_cmpfloat_with_epsilon (flat[i], 0.4f, 1e-6f);
    }
}

static void
test_nothing_known (void)
{
  float x[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, w[12] = { 0 };

  g_assert_true (push_pull_fill (4, 3, 1, 1, x, w, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (x); i++)
    g_assert_cmpfloat (x[i], ==, 0.0f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fill/reference", test_reference);
  g_test_add_func ("/fill/known", test_known);
  g_test_add_func ("/fill/nothing-known", test_nothing_known);
  return g_test_run ();
}
