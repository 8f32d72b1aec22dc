/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-canvas.c: the picture that Inpaint works on: what is selected, how it looks at
 * every scale, and what is kept of what was filled.
 */
#include "picture/canvas.h"
#include "support/picture.h"
#include "base/planes.h"

enum
{
  WIDTH = 150,
  HEIGHT = 90
};

static Picture *
painted (int n_channels)
{
  Picture *picture = picture_new (WIDTH, HEIGHT, n_channels);

  picture_paint (picture);
  return picture;
}

static Canvas *
open_canvas (const DiffusionSource *source, const DiffusionRect *region)
{
  GError *error = NULL;
  Canvas *canvas = canvas_new (source, region, NULL, &error);

  g_assert_no_error (error);
  return canvas;
}

/* --- What is selected ------------------------------------------------------------ */

static void
assert_rect (const DiffusionRect *rect, int x, int y, int width, int height)
{
  g_assert_cmpint (rect->x, ==, x);
  g_assert_cmpint (rect->y, ==, y);
  g_assert_cmpint (rect->width, ==, width);
  g_assert_cmpint (rect->height, ==, height);
}

/* Bounds and the largest square without a known pixel, over borders of cells too. */
static void
test_bounds (void)
{
  Picture        *picture = painted (1);
  DiffusionRect   wide = { 20, 25, 100, 17 }, dot = { 140, 80, 1, 1 }, box;
  DiffusionRect   region = { 20, 25, 121, 56 };
  DiffusionSource source = picture_source (picture);
  Canvas         *canvas;
  int             square;

  picture_select (picture, &wide, 1.0f);
  picture_select (picture, &dot, 1.0f / 512.0f);
  canvas = open_canvas (&source, &region);
  g_assert_true (canvas_bounds (canvas, &canvas->grid, &box, &square));
  assert_rect (&box, region.x, region.y, region.width, region.height);
  g_assert_cmpint (square, ==, 17);
  g_assert_cmpint (canvas->n_cells, ==, 2 * 4 + 1);

  g_assert_true (canvas_bounds (canvas, &(DiffusionRect) { 4, 2, 1, 1 }, &box, &square));
  assert_rect (&box, 140, 80, 1, 1);
  g_assert_cmpint (square, ==, 1);
  g_assert_true (canvas_bounds (canvas, &(DiffusionRect) { 3, 0, 1, 3 }, &box, &square));
  assert_rect (&box, 96, 25, 24, 17);
  g_assert_false (canvas_bounds (canvas, &(DiffusionRect) { 0, 2, 4, 1 }, &box, &square));
  canvas_free (canvas);
  picture_free (picture);
}

/* Transparent pixels make a hole larger, known ones smaller. */
static void
test_square (void)
{
  Picture        *picture = painted (1);
  DiffusionRect   hole = { 40, 20, 60, 40 }, box;
  DiffusionSource source = picture_source (picture);
  Canvas         *canvas;
  int             square;

  picture_select (picture, &hole, 1.0f);
  picture_select (picture, &(DiffusionRect) { 40, 39, 60, 1 }, 0.0f);
  canvas = open_canvas (&source, &hole);
  g_assert_true (canvas_bounds (canvas, &canvas->grid, &box, &square));
  g_assert_cmpint (square, ==, 20);
  canvas_free (canvas);

  for (int x = 40; x < 100; x++)
    picture->alpha[(gsize) 39 * WIDTH + x] = 0.0f;
  canvas = open_canvas (&source, &hole);
  g_assert_true (canvas_bounds (canvas, &canvas->grid, &box, &square));
  g_assert_cmpint (square, ==, 40);
  canvas_free (canvas);
  picture_free (picture);
}

static void
test_nothing (void)
{
  Picture        *picture = painted (1);
  DiffusionRect   region = { 40, 20, 60, 40 };
  DiffusionSource source = picture_source (picture);
  GError         *error = NULL;

  picture_select (picture, &region, 0.99f / 512.0f);
  g_assert_null (canvas_new (&source, &region, NULL, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "select what is to be filled"));
  g_clear_error (&error);
  picture_free (picture);
}

/* --- Scales ------------------------------------------------------------------------ */

/* The means over each pixel's square, from the words of canvas.h. */
static void
assert_scale (const Canvas *canvas, const Picture *picture, int scale, double strength)
{
  DiffusionRect all = { 0, 0, canvas_width (canvas, scale), canvas_height (canvas, scale) };
  gsize         size = (gsize) all.width * all.height;
  float        *planes = g_new (float, (picture->n_channels + 2) * size);
  float        *m = planes + picture->n_channels * size, *start = m + size;
  GError       *error = NULL;

  canvas_read (canvas, scale, &all, strength, planes, m, start, &error);
  g_assert_no_error (error);
  for (int y = 0; y < all.height; y++)
    for (int x = 0; x < all.width; x++)
      {
        gsize  to = (gsize) y * all.width + x;
        int    n = 0, known = 0, seen = 0;
        double starts = 0.0, sums[2] = { 0.0 };

        for (int v = y << scale; v < MIN ((y + 1) << scale, HEIGHT); v++)
          for (int u = x << scale; u < MIN ((x + 1) << scale, WIDTH); u++)
            {
              gsize i = (gsize) v * WIDTH + u;
              float s = picture->selection[i] >= 1.0f / 512.0f
                          ? (float) (strength * picture->selection[i])
                          : 0.0f;

              n++;
              if (picture->alpha[i] == 0.0f || s >= 1.0f)
                continue;
              seen++;
              starts += s;
              known += s == 0.0f;
              sums[0] += s == 0.0f ? picture->pixels[i] : 0.0f;
              sums[1] += picture->pixels[i];
            }
        if (2 * known >= n)
          {
            g_assert_cmpfloat (m[to], ==, 0.0f);
            g_assert_cmpfloat (start[to], ==, 0.0f);
            g_assert_cmpfloat_with_epsilon (planes[to], 2.0 * sums[0] / known - 1.0, 1e-5);
            continue;
          }
        g_assert_cmpfloat (m[to], ==, 1.0f);
        g_assert_cmpfloat_with_epsilon (start[to], 2 * seen >= n ? starts / seen : 1.0, 1e-5);
        g_assert_true (isfinite (planes[to]));
        if (seen > 0)
          g_assert_cmpfloat_with_epsilon (planes[to], 2.0 * sums[1] / seen - 1.0, 1e-5);
      }
  g_free (planes);
}

static void
test_scales (void)
{
  Picture        *picture = painted (3);
  DiffusionRect   hole = { 37, 21, 70, 44 }, soft = { 37, 50, 70, 15 };
  DiffusionSource source = picture_source (picture);
  Canvas         *canvas;

  picture_select (picture, &hole, 1.0f);
  picture_select (picture, &soft, 0.25f);
  for (int i = 0; i < HEIGHT; i++)
    for (int x = 120; x < 131; x++)
      picture->alpha[i * WIDTH + x] = 0.0f;
  canvas = open_canvas (&source, &hole);
  for (int scale = 0; scale <= 8; scale++)
    {
      assert_scale (canvas, picture, scale, 1.0);
      assert_scale (canvas, picture, scale, 0.5);
    }
  canvas_free (canvas);
  picture_free (picture);
}

/* A window of a scale is a part of the whole. */
static void
test_window (void)
{
  Picture        *picture = painted (1);
  DiffusionRect   hole = { 37, 21, 70, 44 }, all = { 0, 0, 38, 23 }, part = { 9, 4, 29, 19 };
  DiffusionSource source = picture_source (picture);
  Canvas         *canvas;
  float          *whole = g_new (float, 3 * 38 * 23), *window = g_new (float, 3 * 29 * 19);

  picture_select (picture, &hole, 1.0f);
  canvas = open_canvas (&source, &hole);
  g_assert_cmpint (canvas_width (canvas, 2), ==, all.width);
  g_assert_cmpint (canvas_height (canvas, 2), ==, all.height);
  g_assert_true (
    canvas_read (canvas, 2, &all, 1.0, whole, whole + 38 * 23, whole + 2 * 38 * 23, NULL));
  g_assert_true (
    canvas_read (canvas, 2, &part, 1.0, window, window + 29 * 19, window + 2 * 29 * 19, NULL));
  for (int p = 0; p < 3; p++)
    for (int y = 0; y < part.height; y++)
      for (int x = 0; x < part.width; x++)
        g_assert_cmpfloat (window[(p * 19 + y) * 29 + x], ==, whole[(p * 23 + 4 + y) * 38 + 9 + x]);
  canvas_free (canvas);
  picture_free (picture);
  g_free (whole);
  g_free (window);
}

/* --- Filling ------------------------------------------------------------------------ */

/* What is filled is known from then on, at every scale; the rest of the selection is
 * not, and what is not selected stays what it was. */
static void
test_fill (void)
{
  Picture        *picture = painted (3);
  DiffusionRect   left = { 10, 10, 40, 30 }, right = { 96, 50, 20, 20 };
  DiffusionRect   region = { 10, 10, 106, 60 }, area = { 2, 4, 60, 50 };
  DiffusionSource source = picture_source (picture);
  DiffusionSink   sink = picture_sink (picture);
  Canvas         *canvas;
  float          *x0 = g_new (float, 3 * 60 * 50);
  float           clean[3], m, start;

  picture_select (picture, &left, 1.0f);
  picture_select (picture, &right, 1.0f);
  picture->selection[20 * WIDTH + 30] = 0.0f;
  picture->pixels[20 * WIDTH + 30] = 7.0f;
  picture->alpha[15 * WIDTH + 15] = 0.0f;
  for (int i = 0; i < 3 * 60 * 50; i++)
    x0[i] = 2.0f; /* beyond 1: clipped */

  canvas = open_canvas (&source, &region);
  g_assert_true (canvas_fill (canvas, &left, &area, x0, NULL));
  g_assert_true (
    canvas_read (canvas, 0, &(DiffusionRect) { 15, 15, 1, 1 }, 1.0, clean, &m, &start, NULL));
  g_assert_cmpfloat (m, ==, 0.0f);
  for (int c = 0; c < 3; c++)
    g_assert_cmpfloat (clean[c], ==, 1.0f);
  g_assert_true (
    canvas_read (canvas, 3, &(DiffusionRect) { 2, 2, 1, 1 }, 1.0, clean, &m, &start, NULL));
  g_assert_cmpfloat (m, ==, 0.0f);
  g_assert_cmpfloat (clean[1], ==, 1.0f);
  g_assert_true (
    canvas_read (canvas, 0, &(DiffusionRect) { 100, 55, 1, 1 }, 1.0, clean, &m, &start, NULL));
  g_assert_cmpfloat (m, ==, 1.0f);

  g_assert_true (canvas_write (canvas, &sink, NULL));
  picture_assert_written (picture, &region);
  g_assert_cmpfloat (picture->result[20 * WIDTH + 30], ==, 7.0f);
  g_assert_cmpfloat (picture->result[20 * WIDTH + 31], ==, 1.0f);
  g_assert_cmpfloat (picture->result[15 * WIDTH + 15], ==, 1.0f);
  g_assert_cmpfloat (picture->result[55 * WIDTH + 100], ==, picture->pixels[55 * WIDTH + 100]);
  canvas_free (canvas);
  picture_free (picture);
  g_free (x0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/canvas/bounds", test_bounds);
  g_test_add_func ("/canvas/square", test_square);
  g_test_add_func ("/canvas/nothing", test_nothing);
  g_test_add_func ("/canvas/scales", test_scales);
  g_test_add_func ("/canvas/window", test_window);
  g_test_add_func ("/canvas/fill", test_fill);
  return g_test_run ();
}
