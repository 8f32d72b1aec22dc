/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-toned.c: gray pictures in three channels, as they are or toned, with the bundled model: what
 * Denoise makes of them has their colours and no others, and is as good as that of the gray picture.
 */
#include "denoise/toned.h"
#include "support/ppm.h"

#define SIDE  160
#define SIGMA 15.0

/* A stamp, and an orange that no curve has. */
static const DiffusionRect stamp = { 40, 60, 5, 4 };
static const float         orange[3] = { 0.9f, 0.45f, 0.05f };

static DiffusionModel   *model;
static DiffusionWorkers *workers;

/* --- Tones ------------------------------------------------------------------------------ */

typedef void (*Tone) (float gray, float colour[3]);

static void
as_it_is (float gray, float colour[3])
{
  colour[0] = colour[1] = colour[2] = gray;
}

/* Red is clipped from 0.87 on. */
static void
sepia (float gray, float colour[3])
{
  colour[0] = MIN (1.148f * gray, 1.0f);
  colour[1] = MIN (1.023f * gray, 1.0f);
  colour[2] = 0.796f * gray;
}

static void
duotone (float gray, float colour[3])
{
  colour[0] = powf (gray, 0.6f);
  colour[1] = powf (gray, 1.1f);
  colour[2] = 0.235f + 0.55f * gray * gray;
}

static void
cyanotype (float gray, float colour[3])
{
  colour[0] = 0.6f * gray;
  colour[1] = 0.08f + 0.8f * gray;
  colour[2] = 0.235f + 0.75f * gray;
}

static const Tone tones[] = { as_it_is, sepia, duotone, cyanotype };

/* Levels by which a colour is off the nearest of a tone. */
static double
off_tone (Tone tone, const float *colour, gsize plane)
{
  double least = INFINITY;

  for (int k = 0; k <= 2048; k++)
    {
      float  right[3];
      double most = 0.0;

      tone (k / 2048.0f, right);
      for (int c = 0; c < 3; c++)
        most = MAX (most, 255.0 * fabs (right[c] - colour[c * plane]));
      least = MIN (least, most);
    }
  return least;
}

/* --- Pictures --------------------------------------------------------------------------- */

static float
rounded (float v, float levels)
{
  return rintf (CLAMP (v, 0.0f, 1.0f) * levels) / levels;
}

/* A gray part of a photograph, rounded. */
static Picture *
new_gray (double sigma, float levels)
{
  char    *path = g_test_build_filename (G_TEST_DIST, "data", "noise", "osprey.ppm", NULL);
  FILE    *stream = fopen (path, "rb");
  Picture *photo, *gray = picture_new (SIDE, SIDE, 1);

  g_assert_nonnull (stream);
  photo = ppm_read (stream);
  g_assert_nonnull (photo);
  fclose (stream);
  for (int y = 0; y < SIDE; y++)
    memcpy (gray->pixels + (gsize) y * SIDE, photo->pixels + photo->size + (gsize) y * photo->width,
            SIDE * sizeof (float));
  picture_add_noise (gray, sigma, 4);
  for (gsize i = 0; i < gray->size; i++)
    {
      gray->pixels[i] = rounded (gray->pixels[i], levels);
      gray->selection[i] = 1.0f;
    }
  picture_free (photo);
  g_free (path);
  return gray;
}

static Picture *
new_toned (const Picture *gray, Tone tone, float levels)
{
  Picture *picture = picture_new (gray->width, gray->height, 3);

  for (gsize i = 0; i < gray->size; i++)
    {
      float colour[3];

      tone (gray->pixels[i], colour);
      for (int c = 0; c < 3; c++)
        picture->pixels[c * gray->size + i] = rounded (colour[c], levels);
      picture->selection[i] = 1.0f;
    }
  return picture;
}

static void
denoise (Picture *picture, DiffusionDenoiseSettings *settings, const DiffusionProgress *progress)
{
  DiffusionSource source = picture_source (picture);
  DiffusionSink   sink = picture_sink (picture);
  DiffusionRect   all = { 0, 0, picture->width, picture->height };
  GError         *error = NULL;

  diffusion_denoise (model, workers, &source, &sink, &all, settings, progress, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &all);
}

/* In decibels. */
static double
psnr (const Picture *picture, const Picture *right)
{
  double sum = 0.0;
  gsize  n = picture->n_channels * picture->size;

  for (gsize i = 0; i < n; i++)
    sum += pow (CLAMP (picture->result[i], 0.0f, 1.0f) - right->pixels[i], 2.0);
  return -10.0 * log10 (sum / n);
}

/* --- Promises ----------------------------------------------------------------------------- */

/* 8 and 16 bits, estimated and told. A tone that is applied before the noise is another matter: then
 * the noise is in colours. */
static void
test_stays_on_tone (gconstpointer data)
{
  static const double told[] = { 0.0, SIGMA };

  float    levels = (float) GPOINTER_TO_INT (data);
  Picture *clean = new_gray (0.0, levels), *noisy = new_gray (SIGMA, levels);

  for (gsize s = 0; s < G_N_ELEMENTS (told); s++)
    for (gsize t = 0; t < G_N_ELEMENTS (tones); t++)
      {
        Picture                 *right = new_toned (clean, tones[t], levels);
        Picture                 *picture = new_toned (noisy, tones[t], levels);
        Picture                 *gray = new_gray (SIGMA, levels);
        DiffusionDenoiseSettings settings = { .sigma = told[s] }, of_gray = settings;
        double                   worst = 0.0;

        denoise (picture, &settings, NULL);
        denoise (gray, &of_gray, NULL);
        for (gsize i = 0; i < picture->size; i++)
          worst = MAX (worst, off_tone (tones[t], picture->result + i, picture->size));
        g_test_message ("tone %d: %.2f levels off, %.2f dB, of gray %.2f, σ %.2f", (int) t, worst,
                        psnr (picture, right), psnr (gray, clean), settings.sigma);
        g_assert_cmpfloat (worst, <, 2.0);
        /* The others are darker or softer than the gray picture, so nearer to what is right. */
        if (told[s] == 0.0 || t <= 1)
          g_assert_cmpfloat (psnr (picture, right), >, psnr (gray, clean) - 0.3);
        for (int c = 0; t == 0 && c < 3; c++)
          for (gsize i = 0; i < gray->size; i++)
            g_assert_cmpfloat_with_epsilon (picture->result[c * gray->size + i], gray->result[i],
                                            1e-5f);
        for (gsize i = 0; t == 0 && i < gray->size; i++)
          g_assert_true (picture->result[i] == picture->result[gray->size + i] &&
                         picture->result[i] == picture->result[2 * gray->size + i]);
        picture_free (right);
        picture_free (picture);
        picture_free (gray);
      }
  picture_free (clean);
  picture_free (noisy);
}

/* What little there is of another colour keeps it. */
static void
test_stamp (void)
{
  Picture                 *noisy = new_gray (SIGMA, 255.0f);
  Picture                 *picture = new_toned (noisy, sepia, 255.0f);
  DiffusionDenoiseSettings settings = { 0 };

  for (int y = stamp.y; y < stamp.y + stamp.height; y++)
    for (int x = stamp.x; x < stamp.x + stamp.width; x++)
      for (int c = 0; c < 3; c++)
        {
          gsize i = (gsize) y * SIDE + x;

          picture->pixels[c * picture->size + i] = orange[c] * (0.6f + 0.4f * noisy->pixels[i]);
        }
  denoise (picture, &settings, NULL);
  g_assert_cmpfloat (fabs (settings.sigma - SIGMA), <, 2.0);
  for (int y = stamp.y; y < stamp.y + stamp.height; y++)
    for (int x = stamp.x; x < stamp.x + stamp.width; x++)
      {
        const gsize  i = (gsize) y * SIDE + x, blue = 2 * picture->size;
        const float *before = picture->pixels + i, *after = picture->result + i;

        g_assert_cmpfloat_with_epsilon (after[0] - after[blue], before[0] - before[blue], 1e-5f);
      }
  picture_free (noisy);
  picture_free (picture);
}

/* Without noise nothing changes, to the bit. */
static void
test_untouched (void)
{
  Picture                 *gray = picture_new (SIDE, SIDE, 1), *picture;
  DiffusionDenoiseSettings settings = { 0 };

  for (gsize i = 0; i < gray->size; i++)
    gray->pixels[i] = (float) (i / SIDE / 20 * 3 + i % SIDE / 16) / 40.0f;
  picture = new_toned (gray, duotone, 255.0f);
  denoise (picture, &settings, NULL);
  g_assert_cmpfloat (settings.sigma, ==, 0.0);
  g_assert_cmpmem (picture->result, 3 * picture->size * sizeof (float), picture->pixels,
                   3 * picture->size * sizeof (float));
  picture_free (gray);
  picture_free (picture);
}

/* A photograph in colours is none, nor is noise in colours on a gray one. */
static void
test_others (void)
{
  static const char *const names[] = { "osprey.ppm", "cliff.ppm" };

  Toned    toned;
  gboolean found;

  for (gsize k = 0; k < G_N_ELEMENTS (names); k++)
    {
      char           *path = g_test_build_filename (G_TEST_DIST, "data", "noise", names[k], NULL);
      FILE           *stream = fopen (path, "rb");
      Picture        *photo = ppm_read (stream);
      DiffusionSource source = picture_source (photo);
      DiffusionRect   all = { 0, 0, photo->width, photo->height };

      g_assert_true (toned_find (&toned, &source, &all, NULL, &found, NULL));
      g_assert_false (found);
      for (gsize i = 0; i < photo->size; i++)
        photo->pixels[i] = photo->pixels[2 * photo->size + i] = photo->pixels[photo->size + i];
      g_assert_true (toned_find (&toned, &source, &all, NULL, &found, NULL));
      g_assert_true (found);
      picture_add_noise (photo, 5.0, 3);
      g_assert_true (toned_find (&toned, &source, &all, NULL, &found, NULL));
      g_assert_false (found);
      picture_free (photo);
      fclose (stream);
      g_free (path);
    }
}

/* Hot pixels that have a colour are no part of a gray picture. So few of them leave its curve what it
 * is. */
static void
test_hot_pixels (void)
{
  const int                times = 3;
  Picture                 *noisy = new_gray (3.0, 255.0f);
  Picture                 *gray = picture_new (times * SIDE, times * SIDE, 1), *picture;
  DiffusionDenoiseSettings settings = { 0 };
  int                      n_hot = 0, n_left = 0;

  for (int y = 0; y < gray->height; y++)
    for (int x = 0; x < gray->width; x++)
      gray->pixels[(gsize) y * gray->width + x] =
        noisy->pixels[(gsize) (y % SIDE) * SIDE + x % SIDE];
  picture = new_toned (gray, as_it_is, 255.0f);
  for (gsize i = 9999; i < picture->size; i += 19999)
    if (picture->pixels[i] < 0.5f)
      {
        picture->pixels[i] = 1.0f;
        n_hot++;
      }
  denoise (picture, &settings, NULL);
  for (gsize i = 0; i < picture->size; i++)
    n_left += fabsf (picture->result[i] - picture->result[picture->size + i]) > 0.15f;
  g_test_message ("%d of %d left", n_left, n_hot);
  g_assert_cmpint (n_hot, >, 5);
  g_assert_cmpint (n_left, ==, 0);
  picture_free (noisy);
  picture_free (gray);
  picture_free (picture);
}

/* What is no number, seen or not, stays alone with that. */
static void
test_not_numbers (void)
{
  const gsize hidden = 30 * SIDE + 30, seen = 90 * SIDE + 70;

  for (int k = 0; k < 2; k++)
    {
      Picture                 *noisy = new_gray (k == 0 ? SIGMA : 0.0, 255.0f);
      Picture                 *picture = new_toned (noisy, sepia, 255.0f);
      DiffusionDenoiseSettings settings = { .sigma = k == 0 ? SIGMA : 0.0 };

      for (int c = 0; c < 3; c++)
        picture->pixels[c * picture->size + hidden] = picture->pixels[c * picture->size + seen] =
          NAN;
      picture->alpha[hidden] = 0.0f;
      denoise (picture, &settings, NULL);
      for (gsize i = 0; i < 3 * picture->size; i++)
        if (i % picture->size != hidden && i % picture->size != seen)
          g_assert_true (isfinite (picture->result[i]));
      picture_free (noisy);
      picture_free (picture);
    }
}

/* A sun far beyond white is no end that noise was clipped at: the noise stays what it is. */
static void
test_sun (void)
{
  Picture                 *noisy = new_gray (SIGMA, 255.0f);
  Picture                 *picture = new_toned (noisy, sepia, 65535.0f);
  DiffusionDenoiseSettings settings = { 0 };

  for (int y = 100; y < 112; y++)
    for (int x = 100; x < 112; x++)
      for (int c = 0; c < 3; c++)
        picture->pixels[c * picture->size + (gsize) y * SIDE + x] = 20.0f;
  denoise (picture, &settings, NULL);
  g_test_message ("σ %.2f", settings.sigma);
  g_assert_cmpfloat (fabs (settings.sigma - SIGMA), <, 3.0);
  picture_free (noisy);
  picture_free (picture);
}

typedef struct
{
  int    n;
  double worst;
} Shown;

static void
look (gpointer data, const DiffusionStep *step)
{
  Shown *shown = data;
  gsize  size = (gsize) step->window.width * step->window.height;

  g_assert_cmpint (step->n_channels, ==, 3);
  for (gsize i = 0; step->x0 != NULL && i < size; i += 7)
    shown->worst = MAX (shown->worst, off_tone (sepia, step->x0 + i, size));
  shown->n++;
}

/* Who watches sees the tone too. */
static void
test_shown (void)
{
  Picture                 *noisy = new_gray (SIGMA, 255.0f);
  Picture                 *picture = new_toned (noisy, sepia, 255.0f);
  DiffusionDenoiseSettings settings = { .sigma = SIGMA };
  Shown                    shown = { 0 };

  denoise (picture, &settings, &(DiffusionProgress) { .report = look, .data = &shown });
  g_assert_cmpint (shown.n, >, 0);
  g_assert_cmpfloat (shown.worst, <, 2.0);
  picture_free (noisy);
  picture_free (picture);
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  int     status;

  g_test_init (&argc, &argv, NULL);
  model = diffusion_model_load (g_getenv ("DIFFUSION_WEIGHTS"), &error);
  g_assert_no_error (error);
  workers = diffusion_workers_new (2);
  g_test_add_data_func ("/toned/stays/8-bits", GINT_TO_POINTER (255), test_stays_on_tone);
  g_test_add_data_func ("/toned/stays/16-bits", GINT_TO_POINTER (65535), test_stays_on_tone);
  g_test_add_func ("/toned/stamp", test_stamp);
  g_test_add_func ("/toned/untouched", test_untouched);
  g_test_add_func ("/toned/others", test_others);
  g_test_add_func ("/toned/hot-pixels", test_hot_pixels);
  g_test_add_func ("/toned/not-numbers", test_not_numbers);
  g_test_add_func ("/toned/sun", test_sun);
  g_test_add_func ("/toned/shown", test_shown);
  status = g_test_run ();
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return status;
}
