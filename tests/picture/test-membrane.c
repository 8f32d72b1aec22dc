/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-membrane.c: what a membrane fills, and which surroundings it suits; gradients under grain;
 * the colours of pictures that have one for each brightness.
 */
#include "picture/colour-curve.h"
#include "picture/membrane.h"
#include "picture/trend.h"
#include "support/picture.h"

enum
{
  WIDTH = 120,
  HEIGHT = 90
};

#define LEVEL (2.0f / 255.0f)

static float picture[3 * WIDTH * HEIGHT], hole[WIDTH * HEIGHT];

/* Rounded to 8 bits. */
static float
rounded (float v)
{
  return roundf ((v + 1.0f) / LEVEL) * LEVEL - 1.0f;
}

static void
paint (float (*painter) (int x, int y, int c), const DiffusionRect *rect)
{
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      {
        gboolean in =
          x >= rect->x && y >= rect->y && x < rect->x + rect->width && y < rect->y + rect->height;

        hole[y * WIDTH + x] = in ? 1.0f : 0.0f;
        for (int c = 0; c < 3; c++)
          picture[(c * HEIGHT + y) * WIDTH + x] = in ? 0.123f : rounded (painter (x, y, c));
      }
}

static float
one_colour (int x, int y, int c)
{
  return 0.2f - 0.3f * c;
}

static float
sky (int x, int y, int c)
{
  return 0.7f - 0.006f * y - 0.1f * c + 0.001f * x;
}

static float
cone (int x, int y, int c)
{
  return 0.6f - 0.009f * hypotf (x - 130, y - 100) + 0.1f * c;
}

static float
glow (int x, int y, int c)
{
  return 0.9f * expf (-((x - 20) * (x - 20) + (y - 10) * (y - 10)) / 8000.0f) - 0.1f * c;
}

static float
dusk (int x, int y, int c)
{
  return 0.8f * powf ((HEIGHT - y) / (float) HEIGHT, 2.2f) - 0.2f * c;
}

/* As in a hazy sky: 2 levels to each side. */
static float
clouds (int x, int y, int c)
{
  return 0.3f + 2 * LEVEL * sinf (0.07f * x + c) * cosf (0.06f * y + 0.5f);
}

static float
dots (int x, int y, int c)
{
  return x % 4 == 0 && y % 4 == 0 ? -0.2f : 0.1f;
}

static float
edge (int x, int y, int c)
{
  return x < 60 ? 0.2f : -0.2f;
}

static float
faint_noise (int x, int y, int c)
{
  RandomStream stream = { 5, RANDOM_FORWARD, 200, 0 };
  float        normal[4];

  random_pixel (&stream, x, y, normal);
  return 1.5f * LEVEL * normal[c];
}

static float
grainy_glow (int x, int y, int c)
{
  return glow (x, y, c) + 1.5f * faint_noise (x, y, c);
}

static float
grainy_edge (int x, int y, int c)
{
  return 0.3f * edge (x, y, c) + faint_noise (x, y, c);
}

static const DiffusionRect rects[] = { { 40, 30, 40, 30 },
                                       { 0, 0, WIDTH, 40 },
                                       { 0, 20, 30, 50 },
                                       { 3, 3, 114, 84 } };

static void
test_suits (void)
{
  static const struct
  {
    float (*painter) (int x, int y, int c);
    gboolean suits;
  } cases[] = {
    { one_colour, TRUE }, { sky, TRUE }, { dots, FALSE }, { edge, FALSE }, { faint_noise, FALSE }
  };

  for (gsize k = 0; k < G_N_ELEMENTS (cases); k++)
    {
      paint (cases[k].painter, &rects[0]);
      g_assert_true (membrane_suits (WIDTH, HEIGHT, 3, picture, hole, 8) == cases[k].suits);
    }
  paint (one_colour, &(DiffusionRect) { 0, 0, WIDTH, HEIGHT });
  g_assert_false (membrane_suits (WIDTH, HEIGHT, 3, picture, hole, 8));
}

/* One colour and a gradient to within a level, wherever the hole is. */
static void
test_fill (void)
{
  for (int gradient = 0; gradient <= 1; gradient++)
    for (gsize k = 0; k < G_N_ELEMENTS (rects); k++)
      {
        float (*painter) (int x, int y, int c) = gradient ? sky : one_colour;
        float most = 0.0f;

        paint (painter, &rects[k]);
        g_assert_true (membrane_fill (WIDTH, HEIGHT, 3, picture, hole, 8, NULL));
        for (int c = 0; c < 3; c++)
          for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
              most = MAX (most, fabsf (picture[(c * HEIGHT + y) * WIDTH + x] - painter (x, y, c)));
        g_test_message ("%s %d: %.2f levels at most", gradient ? "sky" : "colour", (int) k,
                        most / LEVEL);
        g_assert_cmpfloat (most, <, (gradient ? 1.0f : 0.6f) * LEVEL);
      }
}

/* The mean square of what the fill misses, in decibels. */
static double
quality_of (float (*painter) (int x, int y, int c), const DiffusionRect *rect, int ring)
{
  double sum = 0;

  paint (painter, rect);
  g_assert_true (membrane_fill (WIDTH, HEIGHT, 3, picture, hole, ring, NULL));
  for (int c = 0; c < 3; c++)
    for (int y = rect->y; y < rect->y + rect->height; y++)
      for (int x = rect->x; x < rect->x + rect->width; x++)
        sum += pow (picture[(c * HEIGHT + y) * WIDTH + x] - painter (x, y, c), 2);
  return 10 * log10 (4 / MAX (sum / (3 * rect->width * rect->height), 1e-12));
}

/* A gradient that is bent goes on bent, through the hole and to the picture's edge. */
static void
test_bent (void)
{
  static const struct
  {
    const char *name;
    float (*painter) (int x, int y, int c);
  } gradients[] = { { "cone", cone }, { "glow", glow }, { "dusk", dusk } };
  static const DiffusionRect holes[] = {
    { 40, 30, 40, 30 }, { 0, 20, 30, 50 }, { 30, 0, 50, 40 }, { 0, 30, WIDTH, 20 }
  };

  for (gsize g = 0; g < G_N_ELEMENTS (gradients); g++)
    for (gsize k = 0; k < G_N_ELEMENTS (holes); k++)
      {
        double quality = quality_of (gradients[g].painter, &holes[k], 10);

        g_test_message ("%s %d: %.1f dB", gradients[g].name, (int) k, quality);
        g_assert_cmpfloat (quality, >, 44.0);
      }
}

/* What only seems to be a bent gradient does not go on as one. */
static void
test_clouds (void)
{
  double quality = quality_of (clouds, &(DiffusionRect) { 0, 0, 50, 40 }, 10);

  g_test_message ("%.1f dB", quality);
  g_assert_cmpfloat (quality, >, 40.0);
}

/* A few rows beside a strip from side to side tell how it goes on. */
static void
test_strip (void)
{
  double quality = quality_of (sky, &(DiffusionRect) { 0, 0, WIDTH, 30 }, 3);

  g_test_message ("%.1f dB", quality);
  g_assert_cmpfloat (quality, >, 44.0);
}

/* It is found under grain, and no edge is taken for one; it is zero in the mean of what is known, and
 * beyond what is near the hole it does not go on. */
static void
test_trend (void)
{
  const DiffusionRect area = { 7, 9, WIDTH, HEIGHT };
  Trend               trend;
  float               most = 0.0f, offset;

  paint (grainy_edge, &rects[0]);
  g_assert_false (trend_find (&trend, &area, 3, picture, hole, 10));

  paint (grainy_glow, &rects[0]);
  g_assert_true (trend_find (&trend, &area, 3, picture, hole, 10));
  offset = glow (60, 45, 1) - trend_at (&trend, 1, 60 + 7, 45 + 9);
  for (int y = 30; y < 60; y++)
    for (int x = 40; x < 80; x++)
      most = MAX (most, fabsf (trend_at (&trend, 1, x + 7, y + 9) + offset - glow (x, y, 1)));
  g_test_message ("%.2f levels off at most", most / LEVEL);
  g_assert_cmpfloat (most, <, 2.5f * LEVEL);
  g_assert_cmpfloat (trend_at (&trend, 1, -1000, 50), ==, trend_at (&trend, 1, 7, 50));

  paint (one_colour, &(DiffusionRect) { 0, 0, WIDTH, HEIGHT });
  g_assert_false (trend_find (&trend, &area, 3, picture, hole, 10));
}

static float
gray (int x, int y, int c)
{
  return 0.5f * sinf (0.1f * x) * cosf (0.07f * y);
}

static float
sepia (int x, int y, int c)
{
  static const float tint[] = { 1.2f, 1.0f, 0.7f };

  return CLAMP (tint[c] * (gray (x, y, 0) + 1.0f) - 1.0f, -1.0f, 1.0f);
}

static float
colours (int x, int y, int c)
{
  return 0.5f * sinf (0.1f * x + c) * cosf (0.07f * y + 2 * c);
}

static void
test_curve (void)
{
  ColourCurve curve;
  float       pixel[3] = { 0.3f, 0.0f, -0.1f };

  memset (&curve, 0xff, sizeof curve); /* not a number: nothing of it may be used */

  paint (colours, &rects[0]);
  g_assert_false (colour_curve_find (&curve, WIDTH, HEIGHT, picture, hole));

  paint (gray, &rects[0]);
  g_assert_true (colour_curve_find (&curve, WIDTH, HEIGHT, picture, hole));
  colour_curve_apply (&curve, 1, pixel);
  for (int c = 0; c < 3; c++)
    g_assert_cmpfloat_with_epsilon (pixel[c], 0.2f / 3, 0.1f * LEVEL);

  paint (sepia, &rects[0]);
  g_assert_true (colour_curve_find (&curve, WIDTH, HEIGHT, picture, hole));
  for (int k = 0; k < WIDTH * HEIGHT; k += 37)
    {
      int   x = k % WIDTH, y = k / WIDTH;
      float right[3], mean = 0.0f;

      for (int c = 0; c < 3; c++)
        {
          right[c] = sepia (x, y, c);
          mean += right[c] / 3;
        }
      pixel[0] = mean + 0.1f; /* the brightness is right, the colour is not */
      pixel[1] = mean - 0.1f;
      pixel[2] = mean;
      colour_curve_apply (&curve, 1, pixel);
      for (int c = 0; c < 3; c++)
        g_assert_cmpfloat_with_epsilon (pixel[c], right[c], 1.5f * LEVEL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/membrane/suits", test_suits);
  g_test_add_func ("/membrane/fill", test_fill);
  g_test_add_func ("/membrane/bent", test_bent);
  g_test_add_func ("/membrane/clouds", test_clouds);
  g_test_add_func ("/membrane/strip", test_strip);
  g_test_add_func ("/membrane/trend", test_trend);
  g_test_add_func ("/membrane/colour-curve", test_curve);
  return g_test_run ();
}
