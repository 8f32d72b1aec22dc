/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-tone.c: which pictures are brought to the network's range, and that what it left
 * alone comes back to the last bit.
 */
#include "tone.h"

#include <math.h>
#include <string.h>

#define SIZE 96
#define N    (SIZE * SIZE)

typedef float (*Scene) (int x, int y);

static float scene_values[N], written[N];

static gboolean
read_scene (gpointer             data,
            const DiffusionRect *window,
            float               *pixels,
            float               *alpha,
            float               *selection,
            GError             **error)
{
  for (int y = window->y; y < window->y + window->height; y++)
    for (int x = window->x; x < window->x + window->width; x++)
      {
        if (pixels)
          *pixels++ = scene_values[y * SIZE + x];
        if (alpha)
          *alpha++ = 1;
        if (selection)
          *selection++ = x >= 30 && x < 60 && y >= 30 && y < 60 ? 1 : 0;
      }
  return TRUE;
}

static gboolean
write_scene (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  g_assert_cmpint (window->width, ==, SIZE);
  g_assert_cmpint (window->height, ==, SIZE);
  memcpy (written, pixels, sizeof written);
  return TRUE;
}

static const DiffusionSource   source = { .width = SIZE,
                                          .height = SIZE,
                                          .n_channels = 1,
                                          .read = read_scene };
static const DiffusionSink     sink = { write_scene, NULL };
static const DiffusionRect     hole = { 30, 30, 30, 30 }, all = { 0, 0, SIZE, SIZE };
static const DiffusionProgress progress = { 0 };

static void
init (Tone *tone, TaskKind kind, Scene scene)
{
  Task    task = { .kind = kind, .inpaint = { .strength = 1 } };
  GError *error = NULL;

  for (int i = 0; i < N; i++)
    scene_values[i] = scene (i % SIZE, i / SIZE);
  tone_init (tone, &task, &source, &sink, kind == TASK_INPAINT ? &hole : &all, &progress, &error);
  g_assert_no_error (error);
}

static float
black (int x, int y)
{
  return 0;
}

static float
ordinary (int x, int y)
{
  return (float) x / (SIZE - 1);
}

/* With the noise of σ = 50 beyond white. */
static float
noisy_white (int x, int y)
{
  return 1 + 0.2f * ((x * 7919 + y * 104729) % 1000 / 500.0f - 1);
}

static float
dark (int x, int y)
{
  return 0.06f * ordinary (x, y);
}

static float
bright (int x, int y)
{
  return 1.2f + ordinary (y, x);
}

static float
below (int x, int y)
{
  return ordinary (x, y) - 0.8f;
}

/* Ordinary, a tenth of it as bright as a sun. */
static float
sun (int x, int y)
{
  return x < SIZE / 10 ? 20 : ordinary (x, y);
}

/* The same, but the sun is small. */
static float
small_sun (int x, int y)
{
  return x < 8 && y < 8 ? 20 : ordinary (x, y);
}

/* An ordinary picture whose corners are as dark as dark () is. */
static float
dark_corners (int x, int y)
{
  float u = 2.0f * x / (SIZE - 1) - 1, v = 2.0f * y / (SIZE - 1) - 1;

  return (0.2f + 0.8f * ordinary (x, y)) * MAX (1 - 0.47f * (u * u + v * v), 0.06f);
}

/* Dark, but for a window that takes a twentieth of it. */
static float
lit_window (int x, int y)
{
  return x >= 64 && x < 88 && y >= 64 && y < 88 ? 0.7f : dark (x, y);
}

static void
ordinary_pictures_are_left_alone (void)
{
  const Scene scenes[] = { black, ordinary, noisy_white, small_sun, dark_corners, lit_window };
  Tone        tone;

  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    for (int kind = TASK_INPAINT; kind <= TASK_DENOISE; kind++)
      {
        init (&tone, kind, scenes[i]);
        g_assert_false (tone.is_on);
        g_assert_true (tone.source.read == read_scene && tone.sink.write == write_scene);
        g_assert_cmpfloat (tone.slope, ==, 1);
      }

  init (&tone, TASK_DENOISE, dark);
  g_assert_false (tone.is_on);
}

static void
others_come_into_range (void)
{
  const Scene scenes[] = { dark, bright, below, sun };
  Tone        tone;

  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      float shown[N], most = -1, least = 2;

      init (&tone, TASK_INPAINT, scenes[i]);
      g_assert_true (tone.is_on);
      tone.source.read (tone.source.data, &all, shown, NULL, NULL, NULL);
      for (int p = 0; p < N; p++)
        {
          float back = tone_undo (&tone, shown[p]);

          most = MAX (most, shown[p]);
          least = MIN (least, shown[p]);
          g_assert_cmpfloat (fabsf (back - scene_values[p]), <, 1e-5f * MAX (most, 20));
        }
      g_test_message ("%g to %g, slope %g, bend %g", least, most, tone.slope, tone.bend);
      g_assert_cmpfloat (most, <=, 1);
      g_assert_cmpfloat (most, >, 0.5f);
      g_assert_cmpfloat (least, >=, -0.05f);
    }
}

/* With a sun in it, the rest does not become black. */
static void
the_middle_stays (void)
{
  Tone tone;

  init (&tone, TASK_INPAINT, sun);
  g_assert_cmpfloat (tone_apply (&tone, 0.5f), >, 0.2f);
}

static void
slope_is_that_of_the_curve (void)
{
  const Scene scenes[] = { bright, sun };

  for (gsize i = 0; i < G_N_ELEMENTS (scenes); i++)
    {
      Tone  tone;
      float median;

      init (&tone, TASK_DENOISE, scenes[i]);
      median = i == 0 ? 1.7f : 0.55f;
      g_assert_cmpfloat_with_epsilon (
        tone.slope,
        (tone_apply (&tone, median + 0.01f) - tone_apply (&tone, median - 0.01f)) / 0.02,
        0.1 * tone.slope);
    }
}

static void
what_is_left_alone_keeps_its_bits (void)
{
  Tone   tone;
  float *shown = g_new (float, N);

  init (&tone, TASK_INPAINT, sun);
  tone.source.read (tone.source.data, &all, shown, NULL, NULL, NULL);
  shown[500] = 0.5f;
  g_assert_true (tone.sink.write (tone.sink.data, &all, shown, NULL));
  g_assert_cmpfloat (fabsf (written[500] - tone_undo (&tone, 0.5f)), <, 1e-6f);
  written[500] = scene_values[500];
  g_assert_cmpmem (written, sizeof written, scene_values, sizeof scene_values);
  g_free (shown);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tone/ordinary-pictures-are-left-alone", ordinary_pictures_are_left_alone);
  g_test_add_func ("/tone/others-come-into-range", others_come_into_range);
  g_test_add_func ("/tone/the-middle-stays", the_middle_stays);
  g_test_add_func ("/tone/slope", slope_is_that_of_the_curve);
  g_test_add_func ("/tone/bits", what_is_left_alone_keeps_its_bits);
  return g_test_run ();
}
