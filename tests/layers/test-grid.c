/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-grid.c: the rectangles of a grid cover its map, each pixel once.
 */
#include "layers/grid.h"

static void
test_cover (void)
{
  static const int sizes[][4] = {
    { 1, 1, 1, 1 }, { 7, 5, 3, 2 }, { 8, 8, 8, 8 }, { 9, 4, 100, 3 }, { 64, 48, 16, 7 },
  };

  for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
    {
      const int width = sizes[k][0], height = sizes[k][1];
      guint8   *seen = g_new0 (guint8, width * height);
      Grid      grid;

      grid_init (&grid, width, height, sizes[k][2], sizes[k][3]);
      for (int block = 0; block < grid.n_blocks; block++)
        {
          const DiffusionRect rect = grid_rect (&grid, block);

          g_assert_cmpint (rect.width * rect.height, >, 0);
          g_assert_cmpint (rect.width, <=, sizes[k][2]);
          g_assert_cmpint (rect.height, <=, sizes[k][3]);
          g_assert_cmpint (grid_pixels (&grid, block), ==, rect.width * rect.height);
          for (int y = rect.y; y < rect.y + rect.height; y++)
            for (int x = rect.x; x < rect.x + rect.width; x++)
              {
                g_assert_true (x >= 0 && x < width && y >= 0 && y < height);
                g_assert_cmpint (seen[y * width + x]++, ==, 0);
              }
        }
      for (int i = 0; i < width * height; i++)
        g_assert_cmpint (seen[i], ==, 1);
      g_free (seen);
    }
}

/* As many parts as the wanted side makes, and the last is not much smaller. */
static void
test_even (void)
{
  for (int n = 1; n < 200; n++)
    for (int wanted = 1; wanted < 70; wanted++)
      {
        const int side = grid_even (n, wanted), parts = (n + wanted - 1) / wanted;

        g_assert_cmpint (side, >=, 1);
        g_assert_cmpint (side, <=, wanted);
        g_assert_cmpint (side * parts, >=, n);
        g_assert_cmpint (side * parts - n, <, parts);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/grid/cover", test_cover);
  g_test_add_func ("/grid/even", test_even);
  return g_test_run ();
}
