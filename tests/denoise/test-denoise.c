/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-denoise.c: diffusion_denoise with the bundled model: noise goes, all that is
 * not noise stays, and windows leave no trace.
 */
#include "support/picture.h"
#include "model/tiled-model.h"

static DiffusionModel   *model;
static DiffusionWorkers *workers;

static gboolean
try_denoise (Picture                  *picture,
             const DiffusionRect      *region,
             DiffusionDenoiseSettings *settings,
             const DiffusionProgress  *progress,
             GError                  **error)
{
  DiffusionSource source = picture_source (picture);
  DiffusionSink   sink = picture_sink (picture);

  return diffusion_denoise (model, workers, &source, &sink, region, settings, progress, error);
}

static DiffusionDenoiseSettings
denoise (Picture *picture, const DiffusionRect *region, DiffusionDenoiseSettings settings)
{
  GError *error = NULL;

  try_denoise (picture, region, &settings, NULL, &error);
  g_assert_no_error (error);
  return settings;
}

static DiffusionRect
whole (const Picture *picture)
{
  return (DiffusionRect) { 0, 0, picture->width, picture->height };
}

/* A painted picture, and the same with noise. */
static void
make_pair (int width, int height, int n_channels, double sigma, Picture **clean, Picture **noisy)
{
  *clean = picture_new (width, height, n_channels);
  *noisy = picture_new (width, height, n_channels);
  picture_paint (*clean);
  picture_paint (*noisy);
  picture_add_noise (*noisy, sigma, 1);
}

/* Root of the mean squared difference, in 8-bit levels. */
static double
distance (const float *a, const float *b, gsize n)
{
  double sum = 0.0;

  for (gsize i = 0; i < n; i++)
    sum += pow (a[i] - b[i], 2.0);
  return 255.0 * sqrt (sum / n);
}

/* --- What it is for ---------------------------------------------------------------- */

static void
test_removes_noise (gconstpointer data)
{
  int           n_channels = GPOINTER_TO_INT (data);
  Picture      *clean, *noisy;
  DiffusionRect all;

  make_pair (160, 112, n_channels, 25.0, &clean, &noisy);
  all = whole (noisy);
  denoise (noisy, &all, (DiffusionDenoiseSettings) { .sigma = 25.0 });
  picture_assert_written (noisy, &all);
  /* Gray noise is the same in all channels that the network sees: harder. */
  g_assert_cmpfloat (distance (noisy->result, clean->pixels, n_channels * clean->size), <,
                     n_channels == 3 ? 25.0 / 3.0 : 0.75 * 25.0);
  picture_free (clean);
  picture_free (noisy);
}

/* Without settings σ is estimated and reported, with the t that belongs to it. */
static void
test_estimates (void)
{
  Picture                 *clean, *noisy;
  DiffusionRect            all;
  DiffusionDenoiseSettings used;

  make_pair (256, 192, 3, 20.0, &clean, &noisy);
  all = whole (noisy);
  used = denoise (noisy, &all, (DiffusionDenoiseSettings) { 0 });
  g_assert_cmpfloat (fabs (used.sigma - 20.0), <, 3.0);
  g_assert_cmpint (used.steps, ==, 1);
  g_assert_cmpfloat_with_epsilon (
    schedule_sigma (model_get_schedule (model),
                    used.strength * schedule_get_T (model_get_schedule (model)) - 1.0),
    2.0 * used.sigma / 255.0, 1e-6);
  g_assert_cmpfloat (distance (noisy->result, clean->pixels, 3 * clean->size), <, 20.0 / 3.0);
  picture_free (clean);
  picture_free (noisy);
}

/* Fresh noise, and the reverse process in several steps: other settings, still a
 * picture; the same bytes for the same seed, whatever the number of workers. */
static void
test_methods (gconstpointer method)
{
  DiffusionDenoiseSettings settings = { .sigma = 20.0,
                                        .steps = 3,
                                        .method = GPOINTER_TO_INT (method),
                                        .sampler = DIFFUSION_SAMPLER_DDPM,
                                        .seed = 3 };
  float                   *first = NULL;

  for (int n = 1; n <= 3; n++)
    {
      Picture          *clean, *noisy;
      DiffusionWorkers *own = diffusion_workers_new (n);
      DiffusionRect     all;
      gsize             bytes;

      make_pair (75, 61, 3, 20.0, &clean, &noisy);
      all = whole (noisy);
      bytes = 3 * noisy->size * sizeof (float);

      DiffusionSource source = picture_source (noisy);
      DiffusionSink   sink = picture_sink (noisy);

      g_assert_true (diffusion_denoise (model, own, &source, &sink, &all, &settings, NULL, NULL));
      g_assert_cmpfloat (distance (noisy->result, clean->pixels, 3 * clean->size), <, 15.0);
      if (first == NULL)
        first = g_memdup2 (noisy->result, bytes);
      g_assert_cmpmem (noisy->result, bytes, first, bytes);
      diffusion_workers_free (own);
      picture_free (clean);
      picture_free (noisy);
    }
  g_free (first);
}

/* --- What stays ---------------------------------------------------------------------- */

/* All detail put back is the picture itself; half of it lies half-way. */
static void
test_detail (void)
{
  Picture      *clean, *none, *half, *all_back;
  DiffusionRect all;

  make_pair (64, 64, 3, 15.0, &clean, &none);
  picture_free (clean);
  make_pair (64, 64, 3, 15.0, &half, &all_back);
  memcpy (half->pixels, none->pixels, 3 * none->size * sizeof (float));
  all = whole (none);
  denoise (none, &all, (DiffusionDenoiseSettings) { .sigma = 15.0 });
  denoise (half, &all, (DiffusionDenoiseSettings) { .sigma = 15.0, .detail = 0.5 });
  denoise (all_back, &all, (DiffusionDenoiseSettings) { .sigma = 15.0, .detail = 1.0 });
  for (gsize i = 0; i < 3 * none->size; i++)
    {
      g_assert_cmpfloat (all_back->result[i], ==, all_back->pixels[i]);
      if (none->pixels[i] >= 0.0f && none->pixels[i] <= 1.0f)
        g_assert_cmpfloat_with_epsilon (half->result[i], 0.5f * (none->result[i] + none->pixels[i]),
                                        1e-6f);
    }
  picture_free (none);
  picture_free (half);
  picture_free (all_back);
}

/* A highlight beyond 1 stays beyond by as much; what is not a number is repaired. */
static void
test_hdr (void)
{
  Picture      *picture = picture_new (64, 48, 3);
  DiffusionRect all = whole (picture);
  gsize         broken = 20 * 64 + 50;

  for (gsize i = 0; i < 3 * picture->size; i++)
    picture->pixels[i] = i % 64 < 32 ? 2.5f : 0.5f;
  picture->pixels[broken] = NAN;
  picture->pixels[broken + 1] = INFINITY;
  denoise (picture, &all, (DiffusionDenoiseSettings) { .sigma = 10.0 });
  picture_assert_written (picture, &all);
  for (gsize i = 0; i < 3 * picture->size; i++)
    if (i % 64 < 24)
      g_assert_cmpfloat_with_epsilon (picture->result[i], 2.5f, 0.05f);
  picture_free (picture);
}

/* Transparent pixels keep their colour, which has no influence on any other. */
static void
test_transparent (void)
{
  Picture      *clean, *a, *b;
  DiffusionRect all;

  make_pair (64, 48, 3, 15.0, &clean, &a);
  picture_free (clean);
  make_pair (64, 48, 3, 15.0, &clean, &b);
  all = whole (a);
  for (gsize i = 0; i < a->size; i++)
    if (i % 64 > 40 || i == 700)
      {
        a->alpha[i] = b->alpha[i] = 0.0f;
        for (int c = 0; c < 3; c++)
          b->pixels[c * b->size + i] = c == 0 ? NAN : 1.0f;
      }
  denoise (a, &all, (DiffusionDenoiseSettings) { .sigma = 15.0 });
  denoise (b, &all, (DiffusionDenoiseSettings) { .sigma = 15.0 });
  for (int c = 0; c < 3; c++)
    for (gsize i = 0; i < a->size; i++)
      {
        gsize p = c * a->size + i;

        if (a->alpha[i] == 0.0f)
          {
            g_assert_cmpmem (&a->result[p], sizeof (float), &a->pixels[p], sizeof (float));
            g_assert_cmpmem (&b->result[p], sizeof (float), &b->pixels[p], sizeof (float));
          }
        else
          g_assert_cmpfloat (a->result[p], ==, b->result[p]);
      }
  picture_free (clean);
  picture_free (a);
  picture_free (b);
}

/* --- Windows ---------------------------------------------------------------------------- */

static void
test_sizes (void)
{
  static const int sizes[][2] = { { 1, 1 },  { 1, 500 },  { 500, 1 },
                                  { 3, 17 }, { 73, 105 }, { 530, 20 } };

  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    for (int n_channels = 1; n_channels <= 3; n_channels += 2)
      {
        Picture      *picture = picture_new (sizes[k][0], sizes[k][1], n_channels);
        DiffusionRect all = whole (picture);

        picture_paint (picture);
        denoise (picture, &all, (DiffusionDenoiseSettings) { .sigma = 10.0 });
        picture_assert_written (picture, &all);
        picture_free (picture);
      }
}

/* A region alone is written, and its border is as good as its middle: it is what comes
 * of the whole picture there. */
static void
test_region (void)
{
  DiffusionRect region = { 70, 41, 50, 30 };
  Picture      *clean, *part, *all_of_it;
  DiffusionRect all;

  make_pair (200, 150, 3, 20.0, &clean, &part);
  picture_free (clean);
  make_pair (200, 150, 3, 20.0, &clean, &all_of_it);
  all = whole (all_of_it);
  denoise (part, &region, (DiffusionDenoiseSettings) { .sigma = 20.0 });
  denoise (all_of_it, &all, (DiffusionDenoiseSettings) { .sigma = 20.0 });
  picture_assert_written (part, &region);
  for (int c = 0; c < 3; c++)
    for (int y = region.y; y < region.y + region.height; y++)
      {
        gsize row = c * part->size + (gsize) y * part->width + region.x;

        g_assert_cmpfloat (distance (part->result + row, all_of_it->result + row, region.width), <,
                           4.0);
      }
  picture_free (clean);
  picture_free (part);
  picture_free (all_of_it);
}

/* A preview shows the bytes of the run, wherever it is moved, and evaluates less. */
static void
test_part (void)
{
  static const DiffusionRect parts[] = {
    { 20, 30, 90, 70 }, { 230, 190, 64, 48 }, { 438, 300, 1, 1 }, { 10, 10, 429, 291 }
  };

  DiffusionRect            region = { 10, 10, 429, 291 };
  DiffusionDenoiseSettings settings = { .sigma = 25.0, .steps = 2, .sampler = 1, .seed = 5 };
  Picture                 *clean, *noisy, *part;
  guint64                  whole_run, before;

  make_pair (448, 320, 3, 25.0, &clean, &noisy);
  before = diffusion_model_get_work (model).n_evaluations;
  denoise (noisy, &region, settings);
  whole_run = diffusion_model_get_work (model).n_evaluations - before;

  for (gsize k = 0; k < G_N_ELEMENTS (parts); k++)
    {
      DiffusionDenoiseSettings used = settings;
      DiffusionSource          source;
      DiffusionSink            sink;
      GError                  *error = NULL;
      guint64                  evaluations;

      part = picture_new (448, 320, 3);
      memcpy (part->pixels, noisy->pixels, 3 * part->size * sizeof (float));
      source = picture_source (part);
      sink = picture_sink (part);
      before = diffusion_model_get_work (model).n_evaluations;
      diffusion_denoise_part (model, workers, &source, &sink, &region, &parts[k], &used, NULL,
                              &error);
      g_assert_no_error (error);
      evaluations = diffusion_model_get_work (model).n_evaluations - before;

      picture_assert_written (part, &parts[k]);
      for (gsize i = 0; i < part->size; i++)
        for (int c = 0; part->written[i] && c < 3; c++)
          g_assert_true (part->result[c * part->size + i] == noisy->result[c * part->size + i]);
      if (k == 0 || k == 2)
        g_assert_cmpuint (evaluations, <, whole_run);
      else
        g_assert_cmpuint (evaluations, <=, whole_run);
      picture_free (part);
    }
  picture_free (clean);
  picture_free (noisy);
}

/* A smooth gradient with noise, wide enough for several windows: the steps from column
 * to column are no larger where windows meet than elsewhere, and no read is larger
 * than a window. */
static void
test_no_seam (void)
{
  enum
  {
    WIDTH = 1150,
    HEIGHT = 96
  };
  Picture      *picture = picture_new (WIDTH, HEIGHT, 3);
  DiffusionRect all = whole (picture);
  TilesCut      cut = tiled_model_cut_denoise (model);
  TilesAxis     axis = tiles_axis (WIDTH, &cut);
  double        at_cuts = 0.0, elsewhere = 0.0;
  double       *column = g_new0 (double, WIDTH); /* mean error of each column, 8-bit levels */
  gboolean     *near_cut = g_new0 (gboolean, WIDTH);

  for (gsize i = 0; i < 3 * picture->size; i++)
    picture->pixels[i] = 0.1f + 0.8f * (i % WIDTH) / WIDTH;
  picture_add_noise (picture, 15.0, 9);
  denoise (picture, &all, (DiffusionDenoiseSettings) { .sigma = 15.0 });
  picture_assert_written (picture, &all);
  g_assert_cmpint (axis.n, >, 1);
  g_assert_cmpint (picture->largest, <=, MAX (cut.size * HEIGHT, WIDTH * 64));

  for (gsize i = 0; i < 3 * picture->size; i++)
    column[i % WIDTH] +=
      255.0 / (3 * HEIGHT) * (picture->result[i] - 0.1 - 0.8 * (i % WIDTH) / WIDTH);
  for (int i = 0; i < axis.n; i++)
    for (int x = 0; x < WIDTH; x++)
      {
        float weight = tiles_axis_weight (&axis, i, x);
        near_cut[x] |= weight > 0.0f && weight < 1.0f;
      }
  /* Steps between the means of four columns left and four right of a place. */
  for (int x = 8; x < WIDTH - 8; x++)
    {
      double step = 0.0;

      for (int k = 0; k < 4; k++)
        step += (column[x + k] - column[x - 1 - k]) / 4.0;
      if (near_cut[x])
        at_cuts = MAX (at_cuts, fabs (step));
      else
        elsewhere = MAX (elsewhere, fabs (step));
    }
  g_test_message ("largest step: %.3f levels where windows meet, %.3f elsewhere", at_cuts,
                  elsewhere);
  g_assert_cmpfloat (at_cuts, <=, elsewhere);
  g_free (column);
  g_free (near_cut);
  picture_free (picture);
}

/* The same pixels in other windows: a part of a picture, half of it black and half
 * bright, by itself. The means of its blocks of 64² stay what they are, though each
 * window has statistics of its own. Where black noise is clipped the network is off by
 * ten levels, in one window more than in the other. */
typedef struct
{
  double   sigma;
  gboolean bits8; /* noise clipped and rounded, as in a file of 8 bits */
} Halves;

static void
test_shifted_windows (gconstpointer data)
{
  enum
  {
    WIDTH = 620,
    HEIGHT = 340,
    LEFT = 104,
    TOP = 37,
    BLOCK = 64,
    COUNT = BLOCK * BLOCK
  };
  const Halves *halves = data;
  double        sigma = halves->sigma, worst = 0.0, sum = 0.0;
  Picture      *picture = picture_new (WIDTH, HEIGHT, 3);
  Picture      *part = picture_new (WIDTH - LEFT, HEIGHT - TOP, 3);
  DiffusionRect all = whole (picture), all_of_part = whole (part);
  int           n = 0;

  for (gsize i = 0; i < 3 * picture->size; i++)
    picture->pixels[i] = i % WIDTH < WIDTH / 2 ? 0.0f : 0.8f;
  picture_add_noise (picture, sigma, 5);
  for (gsize i = 0; halves->bits8 && i < 3 * picture->size; i++)
    picture->pixels[i] = roundf (255.0f * CLAMP (picture->pixels[i], 0.0f, 1.0f)) / 255.0f;
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < part->height; y++)
      memcpy (part->pixels + c * part->size + (gsize) y * part->width,
              picture->pixels + c * picture->size + (gsize) (y + TOP) * WIDTH + LEFT,
              part->width * sizeof (float));
  denoise (picture, &all, (DiffusionDenoiseSettings) { .sigma = sigma });
  denoise (part, &all_of_part, (DiffusionDenoiseSettings) { .sigma = sigma });

  for (int c = 0; c < 3; c++)
    for (int top = BLOCK; top + BLOCK <= part->height; top += BLOCK)
      for (int left = BLOCK; left + BLOCK <= part->width; left += BLOCK)
        {
          double difference = 0.0;

          for (int y = top; y < top + BLOCK; y++)
            for (int x = left; x < left + BLOCK; x++)
              difference +=
                part->result[c * part->size + (gsize) y * part->width + x] -
                picture->result[c * picture->size + (gsize) (y + TOP) * WIDTH + x + LEFT];
          difference = fabs (255.0 * difference / COUNT);
          worst = MAX (worst, difference);
          sum += difference;
          n++;
        }
  g_test_message ("means of blocks differ by %.3f levels, at most %.3f", sum / n, worst);
  g_assert_cmpfloat (sum / n, <, 0.1);
  g_assert_cmpfloat (worst, <=, 0.2);
  picture_free (picture);
  picture_free (part);
}

/* --- Noise of cameras -------------------------------------------------------------- */

/* Noise of blotches of some pixels, as cameras leave it. */
static void
add_coarse_noise (Picture *picture)
{
  int      width = picture->width, height = picture->height;
  Picture *fine = picture_new (width, height, 3);

  picture_add_noise (fine, 40.0, 11);
  for (int c = 0; c < 3; c++)
    for (int y = 2; y < height - 2; y++)
      for (int x = 2; x < width - 2; x++)
        for (int k = 0; k < 25; k++)
          picture->pixels[c * picture->size + y * width + x] +=
            fine->pixels[c * picture->size + (y + k / 5 - 2) * width + x + k % 5 - 2] / 25.0f;
  picture_free (fine);
}

enum
{
  SIDE = 360,
  BLOCK = 8
};

/* Of the difference of the means of blocks, in 8-bit levels. */
static double
coarse_distance (const float *a, const float *b)
{
  double sum = 0.0;
  int    n = 0;

  for (int top = BLOCK; top + 2 * BLOCK <= SIDE; top += BLOCK)
    for (int left = BLOCK; left + 2 * BLOCK <= SIDE; left += BLOCK, n++)
      {
        double difference = 0.0;

        for (int i = 0; i < BLOCK * BLOCK; i++)
          {
            gsize p = (gsize) (top + i / BLOCK) * SIDE + left + i % BLOCK;

            difference += a[p] - b[p];
          }
        sum += difference * difference;
      }
  return 255.0 / (BLOCK * BLOCK) * sqrt (sum / n);
}

/* It is found, and its low frequencies are taken out at half the size: more of them than
 * the full size can, whatever it is told. The bytes are the same for any number of workers. */
static void
test_coarse_noise (void)
{
  Picture          *clean = picture_new (SIDE, SIDE, 3), *noisy = picture_new (SIDE, SIDE, 3);
  DiffusionRect     all = whole (noisy);
  DiffusionWorkers *before = workers;
  DiffusionDenoiseSettings used;
  float                   *two_sizes;
  double                   coarse;

  picture_paint (clean);
  picture_paint (noisy);
  add_coarse_noise (noisy);

  used = denoise (noisy, &all, (DiffusionDenoiseSettings) { 0 });
  g_test_message ("σ %.2f, at half size %.2f", used.sigma, used.found.sigma_half);
  g_assert_cmpfloat (used.sigma, >, 4.0);
  g_assert_cmpfloat (used.found.sigma_half, >, 4.0);
  coarse = coarse_distance (noisy->result, clean->pixels);
  g_test_message ("means of blocks: %.3f before, %.3f after",
                  coarse_distance (noisy->pixels, clean->pixels), coarse);
  g_assert_cmpfloat (coarse, <, 0.7 * coarse_distance (noisy->pixels, clean->pixels));

  two_sizes = g_memdup2 (noisy->result, 3 * noisy->size * sizeof (float));
  workers = diffusion_workers_new (3);
  denoise (noisy, &all, (DiffusionDenoiseSettings) { 0 });
  g_assert_cmpmem (noisy->result, 3 * noisy->size * sizeof (float), two_sizes,
                   3 * noisy->size * sizeof (float));
  diffusion_workers_free (workers);
  workers = before;

  denoise (noisy, &all, (DiffusionDenoiseSettings) { .sigma = used.sigma });
  g_test_message ("at full size alone: %.3f", coarse_distance (noisy->result, clean->pixels));
  g_assert_cmpfloat (coarse, <, 0.9 * coarse_distance (noisy->result, clean->pixels));
  g_free (two_sizes);

  /* In a small selection it is the same: its surroundings tell. */
  for (gsize i = 0; i < noisy->size; i++)
    noisy->selection[i] = i % SIDE >= 100 && i % SIDE < 160 && i / SIDE >= 50 && i / SIDE < 90;
  coarse = used.sigma;
  used = denoise (noisy, &(DiffusionRect) { 100, 50, 60, 40 }, (DiffusionDenoiseSettings) { 0 });
  g_assert_cmpfloat (used.sigma, ==, coarse);
  picture_free (clean);
  picture_free (noisy);
}

/* All white noise is taken out at full size: it is as if σ had been told. */
static void
test_white_noise (void)
{
  Picture                 *clean, *found, *told;
  DiffusionRect            all;
  DiffusionDenoiseSettings used;

  make_pair (200, 180, 3, 12.0, &clean, &found);
  picture_free (clean);
  make_pair (200, 180, 3, 12.0, &clean, &told);
  all = whole (found);
  used = denoise (found, &all, (DiffusionDenoiseSettings) { 0 });
  g_assert_cmpfloat (used.found.sigma_half, ==, 0.0);
  g_assert_cmpfloat (used.sigma, ==, used.found.sigma);
  denoise (told, &all, (DiffusionDenoiseSettings) { .sigma = used.sigma });
  g_assert_cmpmem (found->result, 3 * found->size * sizeof (float), told->result,
                   3 * told->size * sizeof (float));
  picture_free (clean);
  picture_free (found);
  picture_free (told);
}

/* A smooth picture without noise is the very same afterwards. */
static void
test_untouched (void)
{
  Picture                 *picture = picture_new (150, 130, 3);
  DiffusionRect            all = whole (picture);
  DiffusionDenoiseSettings used;

  picture_paint (picture);
  for (gsize i = 0; i < 3 * picture->size; i++)
    picture->pixels[i] = roundf (255.0f * picture->pixels[i]) / 255.0f;
  used = denoise (picture, &all, (DiffusionDenoiseSettings) { 0 });
  g_test_message ("σ %.2f, at half size %.2f", used.sigma, used.found.sigma_half);
  g_assert_cmpfloat (used.sigma, ==, 0.0);
  g_assert_cmpmem (picture->result, 3 * picture->size * sizeof (float), picture->pixels,
                   3 * picture->size * sizeof (float));
  picture_free (picture);
}

/* Lightness and colours are denoised each by its own share; together they are all. */
static void
test_amounts (void)
{
  const float   luma[] = { 0.299f, 0.587f, 0.114f };
  Picture      *clean, *both, *light, *colour;
  DiffusionRect all;

  make_pair (64, 64, 3, 15.0, &clean, &both);
  picture_free (clean);
  make_pair (64, 64, 3, 15.0, &light, &colour);
  memcpy (light->pixels, both->pixels, 3 * both->size * sizeof (float));
  all = whole (both);
  denoise (both, &all, (DiffusionDenoiseSettings) { .sigma = 15.0 });
  denoise (light, &all, (DiffusionDenoiseSettings) { .sigma = 15.0, .kept_colour = 1.0 });
  denoise (colour, &all, (DiffusionDenoiseSettings) { .sigma = 15.0, .kept_lightness = 1.0 });
  for (gsize i = 0; i < both->size; i++)
    {
      float change = 0.0f, lightness = 0.0f;

      for (int c = 0; c < 3; c++)
        {
          gsize p = c * both->size + i;

          change += luma[c] * (both->result[p] - both->pixels[p]);
          lightness += luma[c] * (colour->result[p] - colour->pixels[p]);
          g_assert_cmpfloat_with_epsilon (light->result[p] + colour->result[p] - both->pixels[p],
                                          both->result[p], 1e-5f);
        }
      g_assert_cmpfloat_with_epsilon (lightness, 0.0f, 1e-5f);
      for (int c = 0; c < 3; c++)
        g_assert_cmpfloat_with_epsilon (light->result[c * both->size + i],
                                        light->pixels[c * both->size + i] + change, 1e-5f);
    }
  picture_free (both);
  picture_free (light);
  picture_free (colour);
}

/* Salt and pepper are filled, what is between them stays as it is. */
static void
test_salt_and_pepper (void)
{
  Picture      *clean = picture_new (200, 160, 3), *noisy = picture_new (200, 160, 3);
  DiffusionRect all = whole (noisy);
  guint32       random = 1;
  int           n = 0;

  picture_paint (clean);
  picture_paint (noisy);
  for (gsize i = 0; i < noisy->size; i++)
    {
      random = 1664525u * random + 1013904223u;
      if (random >> 24 < 3) /* 1.2 % */
        {
          for (int c = 0; c < 3; c++)
            noisy->pixels[c * noisy->size + i] = random >> 23 & 1;
          n++;
        }
    }

  DiffusionDenoiseSettings used = denoise (noisy, &all, (DiffusionDenoiseSettings) { 0 });

  g_assert_cmpfloat_with_epsilon (used.found.impulses, (double) n / noisy->size, 0.003);
  g_assert_cmpfloat (distance (noisy->pixels, clean->pixels, 3 * clean->size), >, 10.0);
  g_assert_cmpfloat (distance (noisy->result, clean->pixels, 3 * clean->size), <, 1.0);
  picture_free (clean);
  picture_free (noisy);
}

/* Hot pixels in one colour are no light of a picture; bright dots in all are stars, dark ones
 * ink, and stay. */
static void
test_hot_pixels (void)
{
  for (int stars = 0; stars < 2; stars++)
    {
      Picture      *picture = picture_new (256, 256, 3);
      DiffusionRect all = whole (picture);

      for (gsize i = 0; i < 3 * picture->size; i++)
        picture->pixels[i] = 0.05f + 0.02f * sinf (0.05f * (i % 256)) * cosf (0.04f * (i / 256));
      for (int k = 0; k < 30; k++)
        for (int c = 0; c < (stars ? 3 : 1); c++)
          picture->pixels[c * picture->size + (gsize) (5 + 8 * k) * 256 + (37 * k + 11) % 250] =
            0.9f;

      DiffusionDenoiseSettings used = denoise (picture, &all, (DiffusionDenoiseSettings) { 0 });

      for (int k = 0; k < 30; k++)
        {
          float v = picture->result[(gsize) (5 + 8 * k) * 256 + (37 * k + 11) % 250];

          if (stars)
            g_assert_cmpfloat (v, >, 0.85);
          else
            g_assert_cmpfloat (v, <, 0.1);
        }
      g_assert_true (stars == (used.found.impulses == 0.0));
      picture_free (picture);
    }
}

/* Values beyond 0…1 that are noise are taken out as any others are. */
static void
test_noise_beyond (void)
{
  Picture      *picture = picture_new (128, 96, 3);
  DiffusionRect all = whole (picture);
  float        *clean = g_new0 (float, 3 * picture->size);

  for (gsize i = 0; i < 3 * picture->size; i++)
    clean[i] = picture->pixels[i] = i % 128 < 64 ? 0.0f : 1.0f;
  picture_add_noise (picture, 25.0, 3);
  denoise (picture, &all, (DiffusionDenoiseSettings) { .sigma = 25.0 });
  g_assert_cmpfloat (distance (picture->result, clean, 3 * picture->size), <, 5.0);
  g_free (clean);
  picture_free (picture);
}

/* --- Settings, progress, cancel, finish --------------------------------------------------- */

static void
assert_refused (GError **error, const char *sentence)
{
  g_assert_error (*error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT);
  g_assert_cmpstr ((*error)->message, ==, sentence);
  g_clear_error (error);
}

static void
test_refused (void)
{
  static const struct
  {
    DiffusionDenoiseSettings settings;
    const char              *sentence;
  } wrong[] = {
    { { .strength = -0.1 }, "The strength has to be between 0 and 1." },
    { { .strength = NAN }, "The strength has to be between 0 and 1." },
    { { .sigma = 256.0 }, "Sigma has to be between 0 and 255." },
    { { .steps = -1 }, "The number of steps has to be between 0 and 1000." },
    { { .detail = 1.5 }, "The detail has to be between 0 and 1." },
    { { .kept_lightness = -1.0 }, "Luminance and chroma have to be between 0 and 1." },
    { { .kept_colour = NAN }, "Luminance and chroma have to be between 0 and 1." },
  };
  Picture      *picture = picture_new (20, 20, 3);
  DiffusionRect all = whole (picture), beyond = { 10, 10, 11, 1 };
  GError       *error = NULL;

  for (gsize k = 0; k < G_N_ELEMENTS (wrong); k++)
    {
      DiffusionDenoiseSettings settings = wrong[k].settings;

      g_assert_false (try_denoise (picture, &all, &settings, NULL, &error));
      assert_refused (&error, wrong[k].sentence);
    }

  DiffusionDenoiseSettings settings = { .sigma = 5.0 };

  g_assert_false (try_denoise (picture, &beyond, &settings, NULL, &error));
  assert_refused (&error, "The region to be denoised is empty or lies outside the picture.");
  picture->n_channels = 2;
  g_assert_false (try_denoise (picture, &all, &settings, NULL, &error));
  assert_refused (&error, "Only gray and colour pictures can be denoised.");
  picture->n_channels = 3;
  g_assert_cmpint (picture->n_writes, ==, 0);
  picture_free (picture);
}

typedef struct
{
  GCancellable *cancellable; /* cancelled when this many previews have come */
  int           at, n;
  double        fraction;
  int           n_steps;
} Watch;

static void
watch (gpointer data, const DiffusionStep *step)
{
  Watch *w = data;

  g_assert_cmpfloat (step->fraction, >=, w->fraction);
  g_assert_nonnull (step->x0);
  w->fraction = step->fraction;
  w->n_steps = step->n_steps;
  if (++w->n == w->at)
    g_cancellable_cancel (w->cancellable);
}

static void
test_progress (void)
{
  Picture                 *picture = picture_new (600, 30, 3);
  DiffusionRect            all = whole (picture);
  DiffusionDenoiseSettings settings = { .sigma = 5.0, .steps = 3 };
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };

  g_assert_true (try_denoise (picture, &all, &settings, &progress, NULL));
  g_assert_cmpint (w.n, ==, 3 * 3); /* windows × steps */
  g_assert_cmpint (w.n_steps, ==, 3);
  g_assert_cmpfloat_with_epsilon (w.fraction, 1.0, 1e-9);
  picture_free (picture);
}

static void
test_cancel (void)
{
  Picture                 *picture = picture_new (600, 30, 3);
  DiffusionRect            all = whole (picture);
  DiffusionDenoiseSettings settings = { .sigma = 5.0 };
  Watch                    w = { .cancellable = g_cancellable_new (), .at = 1 };
  DiffusionProgress        progress = { w.cancellable, NULL, watch, &w };
  GError                  *error = NULL;

  g_assert_false (try_denoise (picture, &all, &settings, &progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (picture->n_writes, ==, 0);
  g_clear_error (&error);
  g_object_unref (w.cancellable);
  picture_free (picture);
}

/* Stop here: windows that were done are denoised, the others stay as they are. */
static void
test_finish (void)
{
  Picture                 *clean, *noisy;
  DiffusionRect            all;
  DiffusionDenoiseSettings settings = { .sigma = 15.0, .steps = 4 };
  Watch                    w = { .cancellable = g_cancellable_new (), .at = 1 };
  DiffusionProgress        progress = { NULL, w.cancellable, watch, &w };

  make_pair (700, 30, 3, 15.0, &clean, &noisy);
  all = whole (noisy);
  g_assert_true (try_denoise (noisy, &all, &settings, &progress, NULL));
  /* One evaluation of each of the four windows, no more. */
  g_assert_cmpint (w.n, ==, 4);
  picture_assert_written (noisy, &all);
  g_assert_cmpfloat (distance (noisy->result, clean->pixels, 200), <, 8.0);
  g_assert_cmpfloat (distance (noisy->result + 500, clean->pixels + 500, 200), <, 8.0);
  picture_free (clean);
  picture_free (noisy);
  g_object_unref (w.cancellable);
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

  g_test_add_data_func ("/denoise/removes-noise/rgb", GINT_TO_POINTER (3), test_removes_noise);
  g_test_add_data_func ("/denoise/removes-noise/gray", GINT_TO_POINTER (1), test_removes_noise);
  g_test_add_func ("/denoise/estimates", test_estimates);
  g_test_add_data_func ("/denoise/methods/matched", GINT_TO_POINTER (DIFFUSION_METHOD_MATCHED),
                        test_methods);
  g_test_add_data_func ("/denoise/methods/renoise", GINT_TO_POINTER (DIFFUSION_METHOD_RENOISE),
                        test_methods);
  g_test_add_func ("/denoise/detail", test_detail);
  g_test_add_func ("/denoise/hdr", test_hdr);
  g_test_add_func ("/denoise/transparent", test_transparent);
  g_test_add_func ("/denoise/sizes", test_sizes);
  g_test_add_func ("/denoise/region", test_region);
  g_test_add_func ("/denoise/part", test_part);
  g_test_add_func ("/denoise/no-seam", test_no_seam);
  g_test_add_data_func ("/denoise/shifted-windows/25", &(Halves) { 25.0, FALSE },
                        test_shifted_windows);
  g_test_add_data_func ("/denoise/shifted-windows/50", &(Halves) { 50.0, FALSE },
                        test_shifted_windows);
  g_test_add_data_func ("/denoise/shifted-windows/25-clipped", &(Halves) { 25.0, TRUE },
                        test_shifted_windows);
  g_test_add_data_func ("/denoise/shifted-windows/50-clipped", &(Halves) { 50.0, TRUE },
                        test_shifted_windows);
  g_test_add_func ("/denoise/coarse-noise", test_coarse_noise);
  g_test_add_func ("/denoise/white-noise", test_white_noise);
  g_test_add_func ("/denoise/untouched", test_untouched);
  g_test_add_func ("/denoise/amounts", test_amounts);
  g_test_add_func ("/denoise/salt-and-pepper", test_salt_and_pepper);
  g_test_add_func ("/denoise/hot-pixels", test_hot_pixels);
  g_test_add_func ("/denoise/noise-beyond", test_noise_beyond);
  g_test_add_func ("/denoise/refused", test_refused);
  g_test_add_func ("/denoise/progress", test_progress);
  g_test_add_func ("/denoise/cancel", test_cancel);
  g_test_add_func ("/denoise/finish", test_finish);
  status = g_test_run ();

  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return status;
}
