/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-noise-estimate.c: the estimate of σ on pictures whose noise is known.
 * The two photographs are free ones (tests/data/noise/SOURCES.tsv); the figures
 * on a larger set come from noise-accuracy.py.
 */
#include <stdlib.h>

#include "support/ppm.h"

#define STEPS_8_BIT 255.0f

/* --- Pictures ------------------------------------------------------------- */

static Picture *
load (const char *name)
{
  char    *path = g_test_build_filename (G_TEST_DIST, "data", "noise", name, NULL);
  FILE    *stream = fopen (path, "rb");
  Picture *picture;

  g_assert_nonnull (stream);
  picture = ppm_read (stream);
  g_assert_nonnull (picture);
  fclose (stream);
  g_free (path);
  return picture;
}

static void
select_all (Picture *picture)
{
  for (gsize i = 0; i < picture->size; i++)
    picture->selection[i] = 1.0f;
}

static Picture *
new_flat (int width, int height, int n_channels, float value)
{
  Picture *picture = picture_new (width, height, n_channels);

  for (gsize i = 0; i < n_channels * picture->size; i++)
    picture->pixels[i] = value;
  select_all (picture);
  return picture;
}

/* Gray values of a coloured picture. */
static Picture *
new_gray (const Picture *colour)
{
  Picture *gray = new_flat (colour->width, colour->height, 1, 0.0f);

  for (gsize i = 0; i < gray->size; i++)
    gray->pixels[i] = 0.299f * colour->pixels[i] + 0.587f * colour->pixels[gray->size + i] +
                      0.114f * colour->pixels[2 * gray->size + i];
  return gray;
}

/* Clips and rounds to 8 bits, as a file would. */
static void
quantise (Picture *picture)
{
  for (gsize i = 0; i < picture->n_channels * picture->size; i++)
    picture->pixels[i] =
      roundf (STEPS_8_BIT * CLAMP (picture->pixels[i], 0.0f, 1.0f)) / STEPS_8_BIT;
}

static double
estimate (Picture *picture, const DiffusionRect *region)
{
  DiffusionSource source = picture_source (picture);
  DiffusionRect   all = { 0, 0, picture->width, picture->height };
  GError         *error = NULL;
  DiffusionNoise  noise;
  double          sigma;

  diffusion_estimate_noise (&source, region ? region : &all, NULL, &noise, &error);
  g_assert_no_error (error);
  sigma = noise.sigma;
  g_assert_true (isfinite (sigma));
  g_assert_cmpfloat (sigma, >=, 0.0);
  return sigma;
}

/* Within `share` of σ, or within `levels`. */
static void
assert_near (double found, double sigma, double share, double levels)
{
  g_test_message ("sigma %g: estimated %.2f", sigma, found);
  g_assert_cmpfloat (fabs (found - sigma), <=, MAX (share * sigma, levels));
}

static const double sigmas[] = { 2, 3, 5, 8, 15, 25, 35, 50 };

/* --- Known noise ---------------------------------------------------------- */

static void
test_flat (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sigmas); s++)
    for (int n_channels = 1; n_channels <= 3; n_channels += 2)
      {
        Picture *picture = new_flat (200, 150, n_channels, 0.5f);

        picture_add_noise (picture, sigmas[s], 1);
        quantise (picture);
        assert_near (estimate (picture, NULL), sigmas[s], 0.04, 0.1);
        picture_free (picture);
      }
}

/* A smooth scene with an edge and a patch of texture. */
static void
test_scene (void)
{
  for (gsize s = 0; s < G_N_ELEMENTS (sigmas); s++)
    for (int n_channels = 1; n_channels <= 3; n_channels += 2)
      {
        Picture *picture = new_flat (160, 120, n_channels, 0.0f);

        picture_paint (picture);
        for (int c = 0; c < n_channels; c++)
          for (int y = 0; y < 60; y++)
            for (int x = 0; x < 160; x++)
              picture->pixels[c * picture->size + y * 160 + x] +=
                0.1f * sinf (0.9f * x + 0.5f * y) * sinf (0.8f * y);
        picture_add_noise (picture, sigmas[s], 2);
        quantise (picture);
        assert_near (estimate (picture, NULL), sigmas[s], 0.06, 0.2);
        picture_free (picture);
      }
}

static void
test_photos (void)
{
  static const char *const names[] = { "osprey.ppm", "cliff.ppm" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (gsize s = 0; s < G_N_ELEMENTS (sigmas); s++)
      {
        Picture      *colour = load (names[i]);
        Picture      *gray = new_gray (colour);
        DiffusionRect small = { 20, 40, 64, 64 };

        picture_add_noise (colour, sigmas[s], 3);
        picture_add_noise (gray, sigmas[s], 3);
        quantise (colour);
        quantise (gray);
        assert_near (estimate (colour, NULL), sigmas[s], 0.05, 0.3);
        assert_near (estimate (colour, &small), sigmas[s], 0.10, 0.7);
        assert_near (estimate (gray, NULL), sigmas[s], 0.15, 1.0);
        picture_free (gray);
        picture_free (colour);
      }
}

/* What is taken for noise is so little that denoising hardly touches the picture. */
static void
test_clean (void)
{
  static const char *const names[] = { "osprey.ppm", "cliff.ppm" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      Picture *colour = load (names[i]);
      Picture *gray = new_gray (colour);

      g_assert_cmpfloat (estimate (colour, NULL), <=, 3.0);
      g_assert_cmpfloat (estimate (gray, NULL), <=, 3.0);
      picture_free (gray);
      picture_free (colour);
    }
}

/* Three quarters of the picture are black or white, so half the noise there is
 * clipped away. */
static void
test_clipped (void)
{
  for (float value = 0.0f; value <= 1.0f; value += 1.0f)
    for (int n_channels = 1; n_channels <= 3; n_channels += 2)
      for (gsize s = 2; s < G_N_ELEMENTS (sigmas); s++)
        {
          Picture *picture = new_flat (128, 128, n_channels, value);

          for (gsize i = 0; i < n_channels * picture->size; i++)
            if (i % picture->size < picture->size / 4)
              picture->pixels[i] = 0.5f;
          picture_add_noise (picture, sigmas[s], 4);
          quantise (picture);
          assert_near (estimate (picture, NULL), sigmas[s], 0.1, 0.5);
          picture_free (picture);
        }
}

/* A gray photograph in three equal channels has one noise, and so has a toned
 * one. */
static void
test_gray_in_colour (void)
{
  static const float tones[][3] = { { 1.0f, 1.0f, 1.0f }, { 0.9f, 0.8f, 0.6f } };

  for (gsize t = 0; t < G_N_ELEMENTS (tones); t++)
    for (gsize s = 0; s < G_N_ELEMENTS (sigmas); s++)
      {
        Picture *photo = load ("osprey.ppm");
        Picture *gray = new_gray (photo);

        picture_add_noise (gray, sigmas[s], 5);
        quantise (gray);
        for (int c = 0; c < 3; c++)
          for (gsize i = 0; i < gray->size; i++)
            photo->pixels[c * gray->size + i] = tones[t][c] * gray->pixels[i];
        quantise (photo);
        if (t == 0)
          g_assert_cmpfloat (estimate (photo, NULL), ==, estimate (gray, NULL));
        else
          assert_near (estimate (photo, NULL), tones[t][1] * sigmas[s], 0.15, 1.0);
        picture_free (gray);
        picture_free (photo);
      }
}

/* JPEG keeps the noise of luma and drops that of the colours. */
static void
test_noise_of_luma (void)
{
  static const double strong[] = { 5, 15, 25 };

  for (gsize s = 0; s < G_N_ELEMENTS (strong); s++)
    {
      Picture *photo = load ("osprey.ppm");
      Picture *noise = new_flat (photo->width, photo->height, 1, 0.0f);

      picture_add_noise (noise, strong[s], 6);
      for (gsize i = 0; i < 3 * photo->size; i++)
        photo->pixels[i] += noise->pixels[i % photo->size];
      quantise (photo);
      g_assert_cmpfloat (estimate (photo, NULL), >=, strong[s]);
      g_assert_cmpfloat (estimate (photo, NULL), <=, 2.0 * strong[s]);
      picture_free (noise);
      picture_free (photo);
    }
}

#define SMOOTHED 400 /* pixels a side */

/* Adds smoothed noise, as it leaves a camera, to one colour, or to all the same. */
static void
add_smoothed_noise (Picture *picture, int first, int last, double sigma, guint32 seed)
{
  Picture *noise = new_flat (SMOOTHED, SMOOTHED, 1, 0.0f);

  picture_add_noise (noise, sigma, seed);
  for (int y = 3; y < SMOOTHED - 3; y++)
    for (int x = 3; x < SMOOTHED - 3; x++)
      {
        float sum = 0.0f;

        for (int dy = -1; dy <= 1; dy++)
          for (int dx = -1; dx <= 1; dx++)
            for (int again = 0; again < 4; again++) /* a 4×4 box of smoothed values */
              sum += noise->pixels[(y + dy + again / 2) * SMOOTHED + x + dx + again % 2];
        for (int c = first; c <= last; c++)
          picture->pixels[c * picture->size + y * SMOOTHED + x] += sum / 36.0f;
      }
  picture_free (noise);
}

/* Noise that was smoothed has no high frequencies; it is not overlooked, be it gray or coloured. */
static void
test_smoothed_noise (void)
{
  for (int coloured = 0; coloured < 2; coloured++)
    {
      Picture *picture = new_flat (SMOOTHED, SMOOTHED, 3, 0.5f);

      for (int c = 0; c < 3; c++)
        for (int y = 0; y < SMOOTHED; y++)
          for (int x = 0; x < SMOOTHED; x++)
            picture->pixels[c * picture->size + y * SMOOTHED + x] += 0.1f * sinf (0.02f * x + c);
      add_smoothed_noise (picture, 0, 2, 30.0, 7);
      for (int c = 0; c < 3 * coloured; c++)
        add_smoothed_noise (picture, c, c, 20.0, 8 + c);
      quantise (picture);
      /* Gray noise as strong as the sum of 16 of 36² values is, and two more of colours. */
      assert_near (estimate (picture, NULL), coloured ? 9.0 : 7.5, 0.25, 0.0);
      picture_free (picture);
    }
}

/* Of what kind it is; and where JPEG's blocks show, that is told, wherever the region begins. */
static void
test_kinds (void)
{
  DiffusionRect part = { 3, 5, 220, 210 };

  for (int blocky = 0; blocky < 2; blocky++)
    {
      Picture        *picture = load ("cliff.ppm");
      DiffusionSource source = picture_source (picture);
      DiffusionNoise  noise;

      for (gsize i = 0; blocky && i < 3 * picture->size; i++)
        {
          int    x = i % picture->width, y = i / picture->width;
          float *v = picture->pixels + (gsize) (y & ~7) * picture->width + (x & ~7);

          /* Flatter blocks, each around its first value. */
          picture->pixels[i] = 0.5f * (picture->pixels[i] + *v);
        }
      g_assert_true (diffusion_estimate_noise (&source, &part, NULL, &noise, NULL));
      g_assert_true (noise.is_measured);
      g_assert_cmpint (noise.blocks, ==, blocky);
      g_assert_cmpint (noise.kind, !=, DIFFUSION_NOISE_WHITE);

      picture_add_noise (picture, 12.0, 5);
      g_assert_true (diffusion_estimate_noise (&source, &part, NULL, &noise, NULL));
      g_assert_cmpint (noise.kind, ==, DIFFUSION_NOISE_WHITE);
      g_assert_cmpfloat (noise.sigma_half, ==, 0.0);
      picture_free (picture);
    }
}

/* --- What counts ---------------------------------------------------------- */

/* Noise of 20 levels in the left half, of 4 in the right one. */
static Picture *
new_two_halves (void)
{
  Picture *picture = new_flat (200, 100, 3, 0.5f);
  Picture *weak = new_flat (200, 100, 3, 0.5f);

  picture_add_noise (picture, 20.0, 8);
  picture_add_noise (weak, 4.0, 9);
  for (gsize i = 0; i < 3 * picture->size; i++)
    if (i % 200 >= 100)
      picture->pixels[i] = weak->pixels[i];
  picture_free (weak);
  return picture;
}

static void
test_region (void)
{
  Picture      *picture = new_two_halves ();
  DiffusionRect left = { 0, 0, 100, 100 }, right = { 100, 0, 100, 100 };

  assert_near (estimate (picture, &left), 20.0, 0.05, 0.0);
  assert_near (estimate (picture, &right), 4.0, 0.05, 0.0);
  picture_free (picture);
}

static void
test_selection (void)
{
  Picture *picture = new_two_halves ();

  for (gsize i = 0; i < picture->size; i++)
    picture->selection[i] = i % 200 >= 100 ? 1.0f / 600.0f : 1.0f / 400.0f;
  assert_near (estimate (picture, NULL), 20.0, 0.05, 0.0);
  for (gsize i = 0; i < picture->size; i++)
    picture->selection[i] = i % 200 >= 100;
  assert_near (estimate (picture, NULL), 4.0, 0.05, 0.0);
  picture_free (picture);
}

static void
test_transparency (void)
{
  Picture *picture = new_two_halves ();

  for (gsize i = 0; i < picture->size; i++)
    picture->alpha[i] = i % 200 < 100 ? 0.01f : 0.0f;
  assert_near (estimate (picture, NULL), 20.0, 0.05, 0.0);
  for (gsize i = 0; i < picture->size; i++)
    picture->alpha[i] = 0.0f;
  g_assert_cmpfloat (estimate (picture, NULL), ==, 0.0);
  picture_free (picture);
}

/* A line of one pixel, a single pixel, a few strewn ones: what is around them
 * tells. */
static void
test_thin (void)
{
  Picture      *picture = new_flat (200, 200, 3, 0.5f);
  DiffusionRect line = { 50, 60, 120, 1 }, pixel = { 199, 199, 1, 1 };

  picture_add_noise (picture, 12.0, 10);
  assert_near (estimate (picture, &line), 12.0, 0.15, 0.0);
  assert_near (estimate (picture, &pixel), 12.0, 0.15, 0.0);
  for (gsize i = 0; i < picture->size; i++)
    picture->selection[i] = i % 7 == 0;
  assert_near (estimate (picture, NULL), 12.0, 0.05, 0.0);
  picture_free (picture);
}

/* A frame, in black, white or gray, has no noise and no say. */
static void
test_frame (void)
{
  for (float value = 0.0f; value <= 1.0f; value += 0.5f)
    {
      Picture *picture = load ("cliff.ppm");

      picture_add_noise (picture, 10.0, 11);
      for (int c = 0; c < 3; c++)
        for (int y = 0; y < picture->height; y++)
          for (int x = 0; x < picture->width; x++)
            if (x < 16 || y < 16 || x >= picture->width - 16 || y >= picture->height - 16)
              picture->pixels[c * picture->size + y * picture->width + x] = value;
      quantise (picture);
      assert_near (estimate (picture, NULL), 10.0, 0.1, 0.0);
      picture_free (picture);
    }
}

/* --- What has no noise ---------------------------------------------------- */

static void
test_nothing (void)
{
  static const int sizes[][2] = {
    { 1, 1 }, { 1, 300 }, { 7, 7 }, { 8, 8 }, { 64, 64 }, { 300, 5 }
  };

  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (float value = -1.0f; value <= 2.0f; value += 0.5f)
      {
        Picture *picture = new_flat (sizes[s][0], sizes[s][1], 3, value);

        g_assert_cmpfloat (estimate (picture, NULL), ==, 0.0);
        picture_free (picture);
      }
}

typedef float (*Ink) (int x, int y); /* 0: paper, 1: ink */

static float
flat_shapes (int x, int y)
{
  return (x / 40 + y / 50) % 3 == 0 || abs (x - y) < 5;
}

/* Antialiased lines of one pixel. */
static float
line_at (float distance)
{
  return CLAMP (1.0f - fabsf (distance), 0.0f, 1.0f);
}

static float
hatch (int x, int y, float pitch, float degrees)
{
  float at =
    x * cosf (degrees * (float) G_PI / 180.0f) + y * sinf (degrees * (float) G_PI / 180.0f);

  return line_at (at - pitch * floorf (at / pitch + 0.5f));
}

static float
hatch_45 (int x, int y)
{
  return hatch (x, y, 5.0f, 45.0f);
}

static float
hatch_rows (int x, int y)
{
  return (x + y) % 5 == 0;
}

static float
hatch_17 (int x, int y)
{
  return hatch (x, y, 7.3f, 17.0f);
}

static float
hatch_wide (int x, int y)
{
  return hatch (x, y, 12.0f, 63.0f);
}

static float
cross_hatch (int x, int y)
{
  return MAX (hatch (x, y, 9.0f, 30.0f), hatch (x, y, 8.0f, 120.0f));
}

static guint32
mix (guint32 v)
{
  v = (v ^ v >> 15) * 0x2c1b3c6du;
  v = (v ^ v >> 12) * 0x297a2d39u;
  return v ^ v >> 15;
}

/* Lines at random places and angles, `n` of them. */
static float
lines (int x, int y, int n)
{
  float ink = 0.0f;

  for (int k = 0; k < n; k++)
    {
      float angle = mix (3 * k) * 1.5e-9f, where = mix (3 * k + 1) * 7e-8f;

      ink = MAX (ink, line_at (x * cosf (angle) + y * sinf (angle) - where));
    }
  return ink;
}

static float
few_lines (int x, int y)
{
  return lines (x, y, 6);
}

static float
many_lines (int x, int y)
{
  return lines (x, y, 50);
}

/* Letters of 3 × 5 squares, each 1.3 pixels wide: small text, antialiased. */
static float
text (int x, int y)
{
  float ink = 0.0f;

  for (int i = 0; i < 16; i++)
    {
      int u = (int) ((x + (i % 4 + 0.5f) / 4) / 1.3f), v = (int) ((y + (i / 4 + 0.5f) / 4) / 1.3f);

      if (u % 4 < 3 && v % 8 < 5)
        ink += (mix (u / 4 * 97 + v / 8 * 1009) >> (u % 4 + 3 * (v % 8)) & 1) / 16.0f;
    }
  return ink;
}

/* Dots that grow from left to right. */
static float
screentone (int x, int y)
{
  float dots = cosf (0.9f * (x + y)) + cosf (0.9f * (x - y)), tone = 0.2f + 0.5f * x / 256.0f;

  return CLAMP (0.5f - (2.0f - 4.0f * tone - dots), 0.0f, 1.0f);
}

/* Six grays, each pixel enlarged twice. */
static float
pixel_art (int x, int y)
{
  return 0.1f + 0.15f * (mix (x / 2 + 1000 * (y / 2)) % 6);
}

/* Rings that are closer than the pixels are. */
static float
rings (int x, int y)
{
  return 0.5f + 0.4f * cosf ((x * x + y * y) / 55.0f);
}

/* As on a map: lines of several grays, soft, some pixels apart. */
static float
contours (int x, int y)
{
  float height = 8.0f * sinf (0.031f * x + 0.01f * y) + 7.0f * cosf (0.043f * y - 0.013f * x);
  float slope = hypotf (0.248f * cosf (0.031f * x + 0.01f * y), 0.301f), nearest = roundf (height);

  return (0.4f + 0.15f * (mix ((int) nearest + 40) % 4)) *
         CLAMP (1.8f - fabsf (height - nearest) / slope, 0.0f, 1.0f);
}

/* What is drawn has no noise, on any paper; and noise on it is found. */
static void
test_drawings (void)
{
  static const struct
  {
    const char *name;
    Ink         ink;
    gboolean    has_ground; /* enough of it to tell noise from ink */
  } drawings[] = {
    { "flat shapes", flat_shapes, TRUE },
    { "hatch 45", hatch_45, FALSE },
    { "hatch rows", hatch_rows, FALSE },
    { "hatch 17", hatch_17, FALSE },
    { "hatch wide", hatch_wide, FALSE },
    { "cross hatch", cross_hatch, FALSE },
    { "few lines", few_lines, TRUE },
    { "many lines", many_lines, FALSE },
    { "text", text, FALSE },
    { "screentone", screentone, FALSE },
    { "pixel art", pixel_art, FALSE },
    { "rings", rings, FALSE },
    { "contours", contours, FALSE },
  };

  DiffusionRect   all = { 0, 0, 256, 256 };
  DiffusionSource source;
  DiffusionNoise  noise;

  for (gsize d = 0; d < G_N_ELEMENTS (drawings); d++)
    for (float paper = 1.0f; paper > 0.8f; paper -= 0.1f)
      {
        Picture *picture = new_flat (256, 256, 3, paper), *noisy;

        for (gsize i = 0; i < 3 * picture->size; i++)
          picture->pixels[i] *= 1.0f - drawings[d].ink (i % 256, (int) (i % picture->size / 256)) *
                                         (paper == 1.0f ? 1.0f : 0.8f);
        quantise (picture);
        g_test_message ("%s on %.1f: %.2f", drawings[d].name, paper, estimate (picture, NULL));
        g_assert_cmpfloat (estimate (picture, NULL), ==, 0.0);
        source = picture_source (picture);
        g_assert_true (diffusion_estimate_noise (&source, &all, NULL, &noise, NULL));
        g_assert_cmpint (noise.impulse_kinds, ==, 0);

        noisy = picture;
        picture_add_noise (noisy, 10.0, 14);
        quantise (noisy);
        g_test_message ("with noise: %.2f", estimate (noisy, NULL));
        if (drawings[d].has_ground)
          g_assert_cmpfloat (estimate (noisy, NULL), >=, 6.0);
        picture_free (picture);
      }
}

/* Values beyond the range and those that are not numbers harm nobody. */
static void
test_odd_values (void)
{
  Picture *picture = new_flat (128, 128, 3, 0.5f);

  picture_add_noise (picture, 10.0, 12);
  for (gsize i = 0; i < 3 * picture->size; i++)
    if (i % picture->size < picture->size / 4)
      picture->pixels[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
  assert_near (estimate (picture, NULL), 10.0, 0.1, 0.0);
  picture_free (picture);
}

/* --- Large pictures, errors ----------------------------------------------- */

typedef struct
{
  gint64        n_read;
  int           largest;
  int           fails_at;
  GCancellable *cancel; /* is cancelled by read number cancel_at */
  int           cancel_at, n_reads;
} Large;

/* A noisy picture of any size, computed where it is asked for. */
static gboolean
read_large (gpointer             data,
            const DiffusionRect *window,
            float               *pixels,
            float               *alpha,
            float               *selection,
            GError             **error)
{
  Large       *large = data;
  gsize        size = (gsize) window->width * window->height;
  RandomStream stream = { 13, RANDOM_FORWARD, 200, 0 };

  large->n_read += size;
  large->largest = MAX (large->largest, (int) size);
  if (++large->n_reads == large->cancel_at)
    g_cancellable_cancel (large->cancel);
  if (large->fails_at > 0 && large->n_read > large->fails_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "No more.");
      return FALSE;
    }
  random_window (&stream, window, 3, pixels);
  for (gsize i = 0; i < 3 * size; i++)
    pixels[i] = 0.5f + 9.0f / STEPS_8_BIT * pixels[i];
  for (gsize i = 0; i < size; i++)
    alpha[i] = 1.0f;
  for (gsize i = 0; selection != NULL && i < size; i++)
    selection[i] = 1.0f;
  return TRUE;
}

static void
test_large (void)
{
  static const int sizes[][2] = { { 30000, 20000 }, { 100000, 9 }, { 10, 200000 }, { 129, 4000 } };

  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      Large           large = { 0 };
      DiffusionSource source = { .width = sizes[s][0],
                                 .height = sizes[s][1],
                                 .n_channels = 3,
                                 .read = read_large,
                                 .data = &large };
      DiffusionRect   all = { 0, 0, source.width, source.height };
      GError         *error = NULL;
      DiffusionNoise  first, second;

      g_assert_true (diffusion_estimate_noise (&source, &all, NULL, &first, &error));
      g_assert_no_error (error);
      assert_near (first.sigma, 9.0, 0.05, 0.0);
      /* A million pixels for the noise, a quarter for the colours. */
      g_assert_cmpint (large.n_read, <=, 64 * 128 * 128 + 64 * 64 * 64);
      g_assert_cmpint (large.largest, <=, 128 * 128);
      g_assert_true (diffusion_estimate_noise (&source, &all, NULL, &second, NULL));
      g_assert_cmpfloat (first.sigma, ==, second.sigma);
      g_assert_cmpfloat (first.sigma_half, ==, second.sigma_half);
    }
}

static void
test_errors (void)
{
  static const DiffusionRect wrong[] = {
    { 0, 0, 0, 10 },    { 0, 0, 10, -1 },  { -1, 0, 10, 10 },
    { 995, 0, 10, 10 }, { 0, 1000, 1, 1 }, { G_MAXINT, 0, 10, 10 },
  };
  Large           large = { 0 };
  DiffusionSource source = {
    .width = 1000, .height = 1000, .n_channels = 3, .read = read_large, .data = &large
  };
  DiffusionRect  all = { 0, 0, 1000, 1000 };
  GError        *error = NULL;
  DiffusionNoise noise;

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_assert_false (diffusion_estimate_noise (&source, &wrong[i], NULL, &noise, &error));
      g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "empty or outside the picture"));
      g_clear_error (&error);
    }

  large.fails_at = 200000;
  g_assert_false (diffusion_estimate_noise (&source, &all, NULL, &noise, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_clear_error (&error);
}

/* Cancelled while any of its blocks is read: not one more is. */
static void
test_cancel (void)
{
  for (int at = 1; at < 64; at++)
    {
      Large           large = { .cancel = g_cancellable_new (), .cancel_at = at };
      DiffusionSource source = {
        .width = 1024, .height = 1024, .n_channels = 3, .read = read_large, .data = &large
      };
      DiffusionRect  all = { 0, 0, 1024, 1024 };
      GError        *error = NULL;
      DiffusionNoise noise;

      g_assert_false (diffusion_estimate_noise (&source, &all, large.cancel, &noise, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (large.n_reads, ==, at);
      g_clear_error (&error);
      g_object_unref (large.cancel);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/noise-estimate/flat", test_flat);
  g_test_add_func ("/noise-estimate/scene", test_scene);
  g_test_add_func ("/noise-estimate/photos", test_photos);
  g_test_add_func ("/noise-estimate/clean", test_clean);
  g_test_add_func ("/noise-estimate/clipped", test_clipped);
  g_test_add_func ("/noise-estimate/gray-in-colour", test_gray_in_colour);
  g_test_add_func ("/noise-estimate/noise-of-luma", test_noise_of_luma);
  g_test_add_func ("/noise-estimate/smoothed-noise", test_smoothed_noise);
  g_test_add_func ("/noise-estimate/kinds", test_kinds);
  g_test_add_func ("/noise-estimate/region", test_region);
  g_test_add_func ("/noise-estimate/selection", test_selection);
  g_test_add_func ("/noise-estimate/transparency", test_transparency);
  g_test_add_func ("/noise-estimate/thin", test_thin);
  g_test_add_func ("/noise-estimate/frame", test_frame);
  g_test_add_func ("/noise-estimate/nothing", test_nothing);
  g_test_add_func ("/noise-estimate/drawings", test_drawings);
  g_test_add_func ("/noise-estimate/odd-values", test_odd_values);
  g_test_add_func ("/noise-estimate/large", test_large);
  g_test_add_func ("/noise-estimate/errors", test_errors);
  g_test_add_func ("/noise-estimate/cancel", test_cancel);
  return g_test_run ();
}
