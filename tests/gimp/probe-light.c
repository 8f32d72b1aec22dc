/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-light.c: pictures whose values are not those of ordinary photographs: light
 * beyond 1, values below 0, the dark, and values that are no numbers.
 */
#include "gimp/probe.h"

#include <math.h>

#define SIZE 112
#define HOLE 50
#define FROM ((SIZE - HOLE) / 2)

typedef double (*Scene) (int x, int y, int c); /* linear light */

static double
bright_sky (int x, int y, int c)
{
  return 1.5 + 4.5 * y / (SIZE - 1);
}

static double
blazing (int x, int y, int c)
{
  return 40 + 60.0 * x / (SIZE - 1);
}

/* Ordinary at the left, up to 8 at the right. */
static double
window_at_the_side (int x, int y, int c)
{
  return 0.1 + 8 * pow ((double) x / (SIZE - 1), 3);
}

static double
below_zero (int x, int y, int c)
{
  return -0.9 + 0.8 * y / (SIZE - 1);
}

static double
dark_float (int x, int y, int c)
{
  return 0.0005 + 0.002 * x / (SIZE - 1);
}

static double
ordinary (int x, int y, int c)
{
  return 0.2 + 0.5 * y / (SIZE - 1);
}

static GimpImage *
image_of (Scene scene, double noise)
{
  GimpImage *image =
    gimp_image_new_with_precision (SIZE, SIZE, GIMP_RGB, GIMP_PRECISION_FLOAT_LINEAR);
  GimpLayer *layer =
    gimp_layer_new (image, "layer", SIZE, SIZE, GIMP_RGB_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  float      *pixels = g_new (float, SIZE *SIZE * 3);
  GRand      *rand = g_rand_new_with_seed (5);
  GeglBuffer *buffer;

  gimp_image_insert_layer (image, layer, NULL, 0);
  for (int i = 0; i < SIZE * SIZE; i++)
    for (int c = 0; c < 3; c++)
      {
        double gauss = 0;

        for (int k = 0; noise > 0 && k < 12; k++)
          gauss += g_rand_double (rand) - 0.5;
        pixels[3 * i + c] = (float) (scene (i % SIZE, i / SIZE, c) * (1 + noise * gauss));
      }
  buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (layer));
  gegl_buffer_set (buffer, NULL, 0,
                   babl_format_with_space ("RGB float", gegl_buffer_get_format (buffer)), pixels,
                   GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);
  g_rand_free (rand);
  g_free (pixels);
  return image;
}

static float *
read_layer (GimpImage *image)
{
  GeglBuffer *buffer = gimp_drawable_get_buffer (probe_layer (image));
  float      *pixels = g_new (float, SIZE *SIZE * 3);

  gegl_buffer_get (buffer, NULL, 1.0,
                   babl_format_with_space ("RGB float", gegl_buffer_get_format (buffer)), pixels,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  g_object_unref (buffer);
  return pixels;
}

/* Largest and mean share by which the hole differs from the scene. */
static void
fill (const char *what, Scene scene, double most_mean)
{
  GimpImage *image = image_of (scene, 0);
  char      *message;
  float     *pixels;
  double     sum = 0, off = 0;

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, FROM, FROM, HOLE, HOLE);
  message = probe_call (INPAINT, image, probe_layer (image), NULL);
  if (message)
    probe_note ("%s", message);

  pixels = read_layer (image);
  for (int y = FROM; y < FROM + HOLE; y++)
    for (int x = FROM; x < FROM + HOLE; x++)
      for (int c = 0; c < 3; c++)
        {
          sum += fabs (scene (x, y, c));
          off += fabs (pixels[3 * (y * SIZE + x) + c] - scene (x, y, c));
        }
  probe_ok (message == NULL && off / sum < most_mean, "%s: the fill continues the values", what);
  probe_note ("off by %.1f %% on average; the middle is %g, where %g belongs", 100 * off / sum,
              pixels[3 * (SIZE / 2 * SIZE + SIZE / 2)], scene (SIZE / 2, SIZE / 2, 0));
  g_free (pixels);
  g_free (message);
  gimp_image_delete (image);
}

static double
error_of (GimpImage *image, Scene scene)
{
  float *pixels = read_layer (image);
  double sum = 0;

  for (int i = 0; i < SIZE * SIZE * 3; i++)
    {
      double d = pixels[i] / scene (i / 3 % SIZE, i / 3 / SIZE, i % 3) - 1;

      sum += d * d;
    }
  g_free (pixels);
  return sqrt (sum / (SIZE * SIZE * 3));
}

static void
denoise (const char *what, Scene scene, double noise, double most)
{
  GimpImage *image = image_of (scene, noise);
  double     before = error_of (image, scene), after;
  char      *message = probe_call (DENOISE, image, probe_layer (image), NULL);

  if (message)
    probe_note ("%s", message);
  after = error_of (image, scene);
  probe_ok (message == NULL && after < most * before, "%s: the noise is removed", what);
  probe_note ("%.2f %% noise, %.2f %% after it", 100 * before, 100 * after);
  g_free (message);
  gimp_image_delete (image);
}

/* Some pixels of the picture, in and around the selection, are no numbers. */
static void
no_numbers (const char *filter, gboolean soft)
{
  static const float bad[3][3] = { { NAN, NAN, NAN }, { INFINITY, 1, 1 }, { 1, -INFINITY, 1 } };
  static const int   places[3][2] = { { 40, 40 }, { 60, 52 }, { 33, 56 } };
  GimpImage         *image = image_of (ordinary, g_str_equal (filter, DENOISE) ? 0.05 : 0);
  GeglBuffer        *buffer = gimp_drawable_get_buffer (probe_layer (image));
  const Babl        *format = babl_format_with_space ("RGB float", gegl_buffer_get_format (buffer));
  gboolean           ok = TRUE;
  char              *message;
  float             *pixels;

  for (int i = 0; i < 3; i++)
    gegl_buffer_set (buffer, GEGL_RECTANGLE (places[i][0], places[i][1], 1, 1), 0, format, bad[i],
                     GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);

  gimp_context_push ();
  gimp_context_set_feather (soft);
  gimp_context_set_feather_radius (40, 40);
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, FROM, FROM, HOLE, HOLE);
  gimp_context_pop ();
  message = g_str_equal (filter, DENOISE)
              ? probe_call (filter, image, probe_layer (image), NULL)
              : probe_call (filter, image, probe_layer (image), "steps", 4, NULL);
  if (message)
    probe_note ("%s", message);

  pixels = read_layer (image);
  for (int i = 0; i < 3; i++)
    for (int c = 0; c < 3; c++)
      {
        float v = pixels[3 * (places[i][1] * SIZE + places[i][0]) + c];

        ok = ok && fabs (v - ordinary (places[i][0], places[i][1], c)) < 0.06;
        if (c == 0)
          probe_note ("%g where %g is around", v, ordinary (places[i][0], places[i][1], c));
      }
  probe_ok (message == NULL && ok, "%s%s: what is no number takes its neighbours' color", filter,
            soft ? ", feathered" : "");
  g_free (pixels);
  g_free (message);
  gimp_image_delete (image);
}

/* The same in the clean picture, which has nothing to denoise. */
static void
no_numbers_in_a_clean_picture (void)
{
  const float nan[3] = { NAN, NAN, NAN };
  GimpImage  *image = image_of (ordinary, 0);
  GeglBuffer *buffer = gimp_drawable_get_buffer (probe_layer (image));
  char       *message;
  float      *pixels, v;

  gegl_buffer_set (buffer, GEGL_RECTANGLE (50, 50, 1, 1), 0, gegl_buffer_get_format (buffer), nan,
                   GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);
  message = probe_call (DENOISE, image, probe_layer (image), NULL);
  pixels = read_layer (image);
  v = pixels[3 * (50 * SIZE + 50)];
  probe_ok (message == NULL && fabs (v - ordinary (50, 50, 0)) < 0.02,
            "in a picture without noise too");
  probe_note ("%s%g", message ? message : "", v);
  g_free (pixels);
  g_free (message);
  gimp_image_delete (image);
}

void
probe_light (void)
{
  fill ("a sky of 1.5 to 6", bright_sky, 0.05);
  fill ("light of 40 to 100", blazing, 0.05);
  fill ("a window at the side, up to 8", window_at_the_side, 0.1);
  fill ("values below 0", below_zero, 0.05);
  fill ("values of a thousandth", dark_float, 0.1);
  fill ("an ordinary sky", ordinary, 0.05);
  denoise ("a sky of 1.5 to 6", bright_sky, 0.1, 0.5);
  denoise ("light of 40 to 100", blazing, 0.1, 0.5);
  denoise ("an ordinary sky", ordinary, 0.1, 0.5);
  for (int soft = 0; soft < 2; soft++)
    {
      no_numbers (INPAINT, soft);
      no_numbers (DENOISE, soft);
    }
  no_numbers_in_a_clean_picture ();
}
