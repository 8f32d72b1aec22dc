/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-tiles.c: how a picture is cut into windows.
 */
#include <math.h>
#include <string.h>

#include "picture/tiles.h"

static const TilesCut cuts[] = { { 256, 48, 32 }, { 512, 96, 48 }, { 64, 32, 32 } };

/* Windows lie inside, overlap enough, and their weights are never negative and sum to 1
 * everywhere. */
static void
test_axis (void)
{
  static const int lengths[] = { 1, 16, 255, 256, 257, 777, 1155, 3000, 9001 };

  for (gsize c = 0; c < G_N_ELEMENTS (cuts); c++)
    for (gsize k = 0; k < G_N_ELEMENTS (lengths); k++)
      {
        const TilesCut *cut = &cuts[c];
        TilesAxis       axis = tiles_axis (lengths[k], cut);

        g_assert_cmpint (axis.size, ==, MIN (lengths[k], cut->size));
        g_assert_cmpint (tiles_axis_start (&axis, 0), ==, 0);
        g_assert_cmpint (tiles_axis_start (&axis, axis.n - 1), ==, axis.length - axis.size);
        for (int i = 0; i + 1 < axis.n; i++)
          {
            int start = tiles_axis_start (&axis, i), next = tiles_axis_start (&axis, i + 1);

            g_assert_cmpint (next, >, start);
            g_assert_cmpint (start + axis.size - next, >=, cut->overlap);
          }
        for (int x = 0; x < axis.length; x++)
          {
            float sum = 0.0f;

            for (int i = 0; i < axis.n; i++)
              {
                int   start = tiles_axis_start (&axis, i);
                float weight = tiles_axis_weight (&axis, i, x);

                g_assert_cmpfloat (weight, >=, 0.0f);
                if (x < start || x >= start + axis.size)
                  g_assert_cmpfloat (weight, ==, 0.0f);
                sum += weight;
              }
            g_assert_cmpfloat_with_epsilon (sum, 1.0f, 1e-6f);
          }
      }
}

/* Evaluated pixels for each pixel of the picture. */
static double
waste (int width, int height, const TilesCut *cut)
{
  TilesAxis across = tiles_axis (width, cut), down = tiles_axis (height, cut);

  return (double) across.n * down.n * cut->size * cut->size / ((double) width * height);
}

/* The cost grows as the area does: a megapixel costs as much in a picture of one as in
 * one of 24 or 60. */
static void
test_linear (void)
{
  static const int sizes[][2] = { { 1000, 1000 }, { 1024, 1024 }, { 1152, 864 },  { 1224, 816 },
                                  { 2448, 1632 }, { 3464, 2309 }, { 6000, 4000 }, { 9504, 6336 } };
  double           least = G_MAXDOUBLE, most = 0.0;

  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    {
      double w = waste (sizes[k][0], sizes[k][1], &cuts[0]);

      g_test_message ("%d x %d: %.3f", sizes[k][0], sizes[k][1], w);
      least = MIN (least, w);
      most = MAX (most, w);
    }
  g_assert_cmpfloat (most, <, 1.1 * least);
}

/* Blended windows of a picture are the picture. */
static void
test_blend (void)
{
  enum
  {
    WIDTH = 1200,
    HEIGHT = 530,
    SIZE = WIDTH * HEIGHT
  };
  TilesAxis across = tiles_axis (WIDTH, &cuts[0]), down = tiles_axis (HEIGHT, &cuts[0]);
  float    *picture = g_new (float, 2 * SIZE), *blended = g_new0 (float, 2 * SIZE);
  float    *window = g_new (float, 2 * across.size * down.size);

  for (int i = 0; i < 2 * SIZE; i++)
    picture[i] = sinf (0.01f * i);
  for (int j = 0; j < down.n; j++)
    for (int i = 0; i < across.n; i++)
      {
        for (int c = 0; c < 2; c++)
          for (int y = 0; y < down.size; y++)
            memcpy (window + (c * down.size + y) * across.size,
                    picture + (c * HEIGHT + tiles_axis_start (&down, j) + y) * WIDTH +
                      tiles_axis_start (&across, i),
                    across.size * sizeof (float));
        tiles_blend (&across, i, &down, j, 2, window, blended, 0, HEIGHT);
      }
  for (int i = 0; i < 2 * SIZE; i++)
    g_assert_cmpfloat_with_epsilon (blended[i], picture[i], 1e-6f);
  g_free (picture);
  g_free (blended);
  g_free (window);
}

static void
assert_area (DiffusionRect region, int context, int x, int y, int width, int height)
{
  DiffusionRect area = tiles_area (&region, context, 1, 16, 1000, 70);

  g_assert_cmpint (area.x, ==, x);
  g_assert_cmpint (area.y, ==, y);
  g_assert_cmpint (area.width, ==, width);
  g_assert_cmpint (area.height, ==, height);
}

/* In a picture of 1000 × 70 */
static void
test_area (void)
{
  assert_area ((DiffusionRect) { 100, 20, 32, 16 }, 8, 92, 12, 48, 32);
  assert_area ((DiffusionRect) { 100, 20, 33, 17 }, 8, 92, 12, 64, 48);
  assert_area ((DiffusionRect) { 100, 40, 33, 17 }, 8, 92, 22, 64, 48); /* backwards, too */
  assert_area ((DiffusionRect) { 0, 0, 1, 1 }, 32, 0, 0, 48, 48);
  assert_area ((DiffusionRect) { 990, 69, 10, 1 }, 4096, 0, 0, 1000,
               70); /* all picture, as it is */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tiles/axis", test_axis);
  g_test_add_func ("/tiles/linear", test_linear);
  g_test_add_func ("/tiles/blend", test_blend);
  g_test_add_func ("/tiles/area", test_area);
  return g_test_run ();
}
