/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-estimate.c: how strong is the noise of a region?
 *
 * White noise has the same variance σ² in every DCT coefficient of a window and
 * in every colour. What is in the picture adds to it, least of all
 *   - in the smoothest windows, told by their low frequencies, which know
 *     nothing of the noise in the high ones (Ponomarenko et al. 2007, "An
 *     automatic approach to lossy compression of AVIRIS images"),
 *   - in the highest frequencies, and
 *   - in the differences of the colours (compare Chen, Zhu and Heng 2015, "An
 *     efficient statistical method for image noise level estimation", where
 *     the smallest eigenvalues find such directions).
 * How small a choice of windows, frequencies and colours has to be to hold
 * noise alone differs from picture to picture, and the smaller it is, the less
 * certain is its mean square. So many choices are tried, and the estimate is
 * the smallest of their upper confidence limits.
 *
 * Clipping at 0 and 255 takes variance away from the noise in shadows and
 * highlights. The share that is left follows from a window's mean and σ (the
 * moments of a clipped normal distribution), so σ is sought as a fixed point.
 *
 * Noise that a camera has smoothed or JPEG has thinned out has lost its high
 * frequencies or those of the colours; see luma_sigma and camera-noise.h.
 *
 * How well it does on the 68 pictures of CBSD68 with 8-bit clipped noise, in
 * whole and in one region of each: how many in a hundred are further off than
 * both 10 % and 0.7 level; for clean ones the largest estimate (printed, with
 * more, by tests/measure/noise-accuracy.py):
 *                      clean   σ 2    3    5    8   15   25   35   50
 *   colour, whole        3.0     0    0    0    0    0    0    0    0
 *   colour, 256 × 256    3.0     0    0    0    0    0    0    0    0
 *   colour, 64 × 64      0.8     0    0    0    1    3    0    0    1
 *   gray, whole          3.0     4    4    4    1    0    0    0    0
 *   gray, 256 × 256      3.9     9    6    7    3    0    0    0    1
 *   gray, 64 × 64       10.4    34   32   28   31   10    6    3   10
 * In a small gray region that is texture all over nothing tells texture from
 * noise: there the estimate is too high.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/planes.h"
#include "denoise/camera-noise.h"
#include "denoise/noise-windows.h"
#include "denoise/toned.h"

#define MAX_ITERATIONS 12
#define MIN_CHOICE     8 /* windows */

/* 8-bit levels: below it, what white noise there is may be what a camera has left of its own. */
#define WHITE 1.6

/* What is below is nothing: rounding to 8 bits alone is 0.29. */
#define NOTHING 0.5

/* In white noise above this level many pixels look like impulses. */
#define IMPULSE_SIGMA 12.0

/* The edges of a camera's noise are sought in so many pixels a side at least. */
#define CAMERA_SIDE 384

/* --- Clipped noise -------------------------------------------------------- */

/* The variance that is left of normal noise of variance 1 on a value that is
 * clipped from below at 0, over the mean that results; linear in between. */
#define CLIP_PER_UNIT 64
#define CLIP_LENGTH   (4 * CLIP_PER_UNIT)

typedef struct
{
  double left[CLIP_LENGTH + 1];
} ClipTable;

/* Mean and variance of max (x + n, 0). */
static void
clipped_moments (double x, double *mean, double *variance)
{
  double density = exp (-0.5 * x * x) / sqrt (2.0 * G_PI);
  double share = 0.5 * erfc (-x / G_SQRT2);

  *mean = x * share + density;
  *variance = (x * x + 1.0) * share + x * density - *mean * *mean;
}

static void
clip_table_init (ClipTable *table)
{
  double x = 0.0;

  for (int i = 0; i <= CLIP_LENGTH; i++)
    {
      double mean, variance;

      /* The picture itself is not below 0, so the mean is not below 0.399. */
      clipped_moments (x, &mean, &variance);
      while (mean < (double) i / CLIP_PER_UNIT)
        {
          x += 1e-3;
          clipped_moments (x, &mean, &variance);
        }
      table->left[i] = variance;
    }
}

/* The share of the noise's variance that clipping at one end left, where the
 * clipped values are `distance` from that end in the mean. */
static double
clip_table_get (const ClipTable *table, double distance, double sigma)
{
  double place = MAX (distance, 0.0) * CLIP_PER_UNIT;
  int    i;

  if (!(place < CLIP_LENGTH * sigma))
    return 1.0;
  place /= sigma;
  i = MIN ((int) place, CLIP_LENGTH - 1);
  return table->left[i] + (place - i) * (table->left[i + 1] - table->left[i]);
}

/* --- White noise ---------------------------------------------------------- */

/* Sets of colours that may hold noise alone. A gray picture has the first. */
typedef enum
{
  SET_LUMA,   /* 1 component: (1, 1, 1)/√3 */
  SET_COLOUR, /* 2: the differences of colours */
  SET_ALL,    /* 3 */
  N_SETS
} Set;

static const int set_size[N_SETS] = { 1, 2, 3 };

/* Standard errors that a mean square is given as its limit. In luma there is
 * texture more often than a few windows of pure noise mislead. */
static const double set_confidence[N_SETS] = { 1.3, 2.0, 2.0 };

/* What one window says, given σ: energies (mean squares) as they would be
 * without clipping. */
typedef struct
{
  float left; /* of the variance, after clipping, in the colour that has lost most */
  float texture;
  float energy[N_BANDS - BAND_NOISE_1][N_SETS];
} Reading;

static void
read_window (Reading           *reading,
             const NoiseWindow *window,
             int                n_channels,
             const ClipTable   *table,
             double             sigma)
{
  double gain[3] = { 1.0, 1.0, 1.0 };

  reading->left = 1.0f;
  for (int c = 0; c < n_channels; c++)
    {
      double left = clip_table_get (table, window->mean[c], sigma) *
                    clip_table_get (table, 255.0 - window->mean[c], sigma);

      gain[c] = 1.0 / sqrt (left);
      reading->left = MIN (reading->left, left);
    }

  reading->texture = 0.0f;
  for (int c = 0; c < n_channels; c++)
    reading->texture += gain[c] * gain[c] * window->product[BAND_TEXTURE][c];

  for (int band = BAND_NOISE_1; band < N_BANDS; band++)
    {
      const float *product = window->product[band];
      float       *energy = reading->energy[band - BAND_NOISE_1];
      double       sum = gain[0] * gain[0] * product[0];

      energy[SET_LUMA] = sum;
      if (n_channels == 3)
        {
          double cross = gain[0] * gain[1] * product[3] + gain[0] * gain[2] * product[4] +
                         gain[1] * gain[2] * product[5];
          double luma;

          sum += gain[1] * gain[1] * product[1] + gain[2] * gain[2] * product[2];
          luma = CLAMP ((sum + 2.0 * cross) / 3.0, 0.0, sum);
          energy[SET_LUMA] = luma;
          energy[SET_COLOUR] = (sum - luma) / 2.0;
          energy[SET_ALL] = sum / 3.0;
        }
    }
}

/* The mean square of noise alone is scattered as χ² with as many degrees of
 * freedom as there are independent values: its quantile over its mean, where
 * `z` is that of the normal distribution (Wilson and Hilferty 1931). */
static double
chi2_quantile (double freedom, double z)
{
  double v = 2.0 / (9.0 * freedom);
  double r = MAX (1.0 - v + z * sqrt (v), 0.1);

  return r * r * r;
}

/* The upper confidence limit of the variance, from the mean square over windows
 * that together cover `n_pixels`. Where windows overlap they say no more than
 * the pixels do. */
static double
upper_limit (double mean, int n_pixels, Set set, WindowBand band)
{
  double independent = (double) n_pixels / WINDOW_AREA * set_size[set] * noise_band_size (band);

  return mean / chi2_quantile (independent, -set_confidence[set]);
}

/* Marks the window's pixels; returns how many were not marked before. */
static int
cover (guint8 *covered, const NoiseWindow *window)
{
  int n = 0;

  for (int y = 0; y < WINDOW_SIZE; y++)
    {
      guint8 *row = covered + window->place + y * window->stride;

      for (int x = 0; x < WINDOW_SIZE; x++)
        {
          n += !row[x];
          row[x] = 1;
        }
    }
  return n;
}

typedef struct
{
  float texture;
  int   window;
} Ranked;

typedef struct
{
  const NoiseWindows *windows;
  Set                 first, last; /* of the sets that are looked at */
  ClipTable           clip;
  Reading            *readings; /* of each window */
  Ranked             *order;    /* windows that count, smoothest first */
  guint8             *covered;
} WhiteNoise;

/* The smallest limit over all choices of windows, bands and sets. */
static double
smallest_limit (WhiteNoise *noise, int n)
{
  static const double shares[] = { 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7 };
  double              sum[N_BANDS - BAND_NOISE_1][N_SETS] = { { 0.0 } };
  double              best = INFINITY;
  int                 n_pixels = 0, i = 0;

  memset (noise->covered, 0, noise->windows->n_pixels);
  for (gsize s = 0; s < G_N_ELEMENTS (shares); s++)
    {
      int end = CLAMP ((int) (shares[s] * n), MIN (MIN_CHOICE, n), n);

      for (; i < end; i++)
        {
          int            window = noise->order[i].window;
          const Reading *reading = &noise->readings[window];

          n_pixels += cover (noise->covered, &noise->windows->windows[window]);
          for (int band = 0; band < N_BANDS - BAND_NOISE_1; band++)
            for (int set = noise->first; set <= (int) noise->last; set++)
              sum[band][set] += reading->energy[band][set];
        }
      for (int band = 0; band < N_BANDS - BAND_NOISE_1; band++)
        for (int set = noise->first; set <= (int) noise->last; set++)
          best = MIN (best, upper_limit (sum[band][set] / end, n_pixels, set, BAND_NOISE_1 + band));
    }
  return best;
}

/* Puts the windows that count into `order` and returns how many they are: those
 * that clipping has hurt most are left out, as far as enough others are there. */
static int
choose_windows (WhiteNoise *noise)
{
  static const float limits[] = { 0.5f, 0.3f, 0.1f, 0.0f };
  int                enough = MIN (1500, 3 * noise->windows->n / 10);
  int                n = 0;

  for (gsize l = 0; l < G_N_ELEMENTS (limits) && n <= enough; l++)
    {
      n = 0;
      for (int i = 0; i < noise->windows->n; i++)
        if (noise->readings[i].left >= limits[l])
          noise->order[n++] = (Ranked) { noise->readings[i].texture, i };
    }
  return n;
}

static int
compare_ranked (gconstpointer a, gconstpointer b)
{
  const Ranked *one = a, *other = b;

  if (one->texture != other->texture)
    return one->texture < other->texture ? -1 : 1;
  return one->window - other->window;
}

/* σ of white noise, as the sets from `first` to `last` show it. */
static double
white_sigma (const NoiseWindows *windows, Set first, Set last)
{
  WhiteNoise noise = { .windows = windows, .first = first, .last = last };
  double     sigma = 0.0, before;

  noise.readings = g_new (Reading, windows->n);
  noise.order = g_new (Ranked, windows->n);
  noise.covered = g_new (guint8, windows->n_pixels);
  clip_table_init (&noise.clip);

  for (int iteration = 0; iteration < MAX_ITERATIONS; iteration++)
    {
      int n;

      for (int i = 0; i < windows->n; i++)
        read_window (&noise.readings[i], &windows->windows[i], windows->n_channels, &noise.clip,
                     sigma);
      n = choose_windows (&noise);
      qsort (noise.order, n, sizeof *noise.order, compare_ranked);

      before = sigma;
      sigma = sqrt (smallest_limit (&noise, n));
      if (fabs (sigma - before) < 0.002 * sigma + 0.001)
        break;
    }

  g_free (noise.readings);
  g_free (noise.order);
  g_free (noise.covered);
  return sigma;
}

/* --- Noise of cameras and JPEG -------------------------------------------- */

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, other = *(const double *) b;

  return one < other ? -1 : one > other;
}

/* 1 up to `low`, 0 from `high`, linear in between. */
static double
fade (double value, double low, double high)
{
  return CLAMP ((high - value) / (high - low), 0.0, 1.0);
}

/* Luma of the smoother windows in one band: the level that one in twenty stays
 * below, and how uneven it is: the ratio of two quantiles, which is 1 for noise
 * and larger for most that is in a picture. */
typedef struct
{
  double level, unevenness;
} Floor;

static Floor
luma_floor (const NoiseWindows *windows, WindowBand band)
{
  double *energies = g_new (double, windows->n);
  int     freedom = noise_band_size (band);
  double  low, high;
  Floor   floor;

  for (int i = 0; i < windows->n; i++)
    {
      const float *product = windows->windows[i].product[band];
      double       luma = product[0];

      if (windows->n_channels == 3)
        luma =
          (luma + product[1] + product[2] + 2.0 * (product[3] + product[4] + product[5])) / 3.0;
      energies[i] = MAX (luma, 0.0);
    }
  qsort (energies, windows->n, sizeof *energies, compare_doubles);

  /* The quantiles of 1, 5 and 20 in a hundred. */
  low = sqrt (energies[windows->n / 100] / chi2_quantile (freedom, -2.3263));
  floor.level = sqrt (energies[windows->n / 20] / chi2_quantile (freedom, -1.6449));
  high = sqrt (energies[windows->n / 5] / chi2_quantile (freedom, -0.8416));
  floor.unevenness = high / MAX (low, 0.1);
  g_free (energies);
  return floor;
}

/* What a small region shows may be one texture all over. */
static double
trust (const NoiseWindows *windows)
{
  return 1.0 - fade (windows->n_pixels, 80 * 80, 160 * 160);
}

/* JPEG and cameras take the noise out of the colours' differences, where
 * `white` was found. What luma shows is taken for noise when it is nearly as
 * strong in each of the smoother windows and in each of the bands. */
static double
luma_sigma (const NoiseWindows *windows, double white)
{
  double luma = white_sigma (windows, SET_LUMA, SET_LUMA);
  Floor  floor = luma_floor (windows, BAND_NOISE_1);

  return MIN (luma, floor.level) * fade (white / MAX (luma, 0.1), 0.12, 0.2) *
         fade (floor.unevenness, 1.2, 1.5) * fade (floor.level / MAX (luma, 0.1), 1.2, 1.4) *
         trust (windows);
}

/* --- Gray pictures in colour ---------------------------------------------- */

/* A gray or toned picture has one noise, not three, also where JPEG has moved its colours from their
 * curve (toned.h). True when the covariance of the colours
 * has one direction only. The low frequencies tell: what JPEG leaves of the
 * high ones is gray in coloured pictures as well. */
static gboolean
is_one_colour (const NoiseWindows *windows)
{
  double matrix[3][3] = { { 0.0 } };
  double vector[3] = { 1.0, 1.0, 1.0 };
  double trace, largest = 0.0;

  for (int i = 0; i < windows->n; i++)
    {
      const float *product = windows->windows[i].product[BAND_TEXTURE];

      matrix[0][0] += product[0] / windows->n;
      matrix[1][1] += product[1] / windows->n;
      matrix[2][2] += product[2] / windows->n;
      matrix[0][1] = matrix[1][0] += product[3] / windows->n;
      matrix[0][2] = matrix[2][0] += product[4] / windows->n;
      matrix[1][2] = matrix[2][1] += product[5] / windows->n;
    }
  trace = matrix[0][0] + matrix[1][1] + matrix[2][2];

  for (int iteration = 0; iteration < 20; iteration++) /* the power method */
    {
      double next[3];

      for (int c = 0; c < 3; c++)
        next[c] = matrix[c][0] * vector[0] + matrix[c][1] * vector[1] + matrix[c][2] * vector[2];
      largest = sqrt (next[0] * next[0] + next[1] * next[1] + next[2] * next[2]);
      if (largest == 0.0)
        return TRUE;
      for (int c = 0; c < 3; c++)
        vector[c] = next[c] / largest;
    }
  return trace - largest < 0.5 && trace - largest < 0.05 * largest;
}

static void
keep_green (NoiseWindows *windows)
{
  for (int i = 0; i < windows->n; i++)
    {
      NoiseWindow *window = &windows->windows[i];

      window->mean[0] = window->mean[1];
      for (int band = 0; band < N_BANDS; band++)
        window->product[band][0] = window->product[band][1];
    }
  windows->n_channels = 1;
}

/* --- Interface ------------------------------------------------------------ */

static double
white_noise (NoiseWindows *windows)
{
  double sigma = 0.0;

  if (windows->n == 0)
    return 0.0;
  if (windows->n_channels == 1)
    return white_sigma (windows, SET_LUMA, SET_LUMA);
  sigma = white_sigma (windows, SET_COLOUR, SET_ALL);
  return MAX (sigma, luma_sigma (windows, sigma));
}

static void
note_impulses (const ImpulseCount *count, DiffusionNoise *noise)
{
  noise->impulse_kinds = impulses_kinds (count);
  noise->impulses = 0.0;
  if (noise->impulse_kinds & IMPULSE_COLOURED)
    noise->impulses += (double) count->n_coloured / count->n_pixels;
  if (noise->impulse_kinds & IMPULSE_BRIGHT)
    noise->impulses += (double) (count->n_bright + count->n_dark) / count->n_pixels;
}

/* Impulses are no noise: where there are some, the region is read again without them. */
static gboolean
read_full (const DiffusionSource *source,
           const DiffusionRect   *region,
           GCancellable          *cancel,
           NoiseWindows          *full,
           DiffusionNoise        *noise,
           GError               **error)
{
  if (!noise_windows_read (full, source, region, 1, TRUE, 0, cancel, error))
    return FALSE;
  note_impulses (&full->impulses, noise);
  if (noise->impulse_kinds == 0)
    return TRUE;
  noise_windows_clear (full);
  return noise_windows_read (full, source, region, 1, TRUE, noise->impulse_kinds, cancel, error);
}

static gboolean
measure (const DiffusionSource *source,
         const DiffusionRect   *region,
         GCancellable          *cancel,
         NoiseWindows          *full,
         NoiseWindows          *half,
         DiffusionNoise        *noise,
         GError               **error)
{
  DiffusionRect wide = *region;
  gboolean      one_colour, wider;

  if (!read_full (source, region, cancel, full, noise, error))
    return FALSE;
  if (full->n > 0 && full->n_channels == 3 && is_one_colour (full))
    keep_green (full);
  noise->is_measured = TRUE;
  noise->blocks = jpeg_blocks_show (&full->blocks);
  noise->sigma = white_noise (full);
  if (full->n == 0)
    return TRUE;
  if (drawing_has_ground (&full->drawing) ||
      (noise->sigma >= WHITE && drawing_shows (&full->drawing, noise->sigma)))
    {
      /* Its dots are no impulses. */
      *noise = (DiffusionNoise) { .is_measured = TRUE, .blocks = noise->blocks };
      return TRUE;
    }
  if (noise->sigma >= WHITE)
    {
      noise->kind = DIFFUSION_NOISE_WHITE;
      if (noise->sigma > IMPULSE_SIGMA)
        {
          noise->impulse_kinds = 0;
          noise->impulses = 0.0;
        }
      return TRUE;
    }

  /* The noise of a camera is that of the whole picture. */
  one_colour = full->n_channels == 1;
  noise_windows_widen (&wide, source, CAMERA_SIDE);
  wider = wide.width > region->width || wide.height > region->height;
  if (wider)
    {
      noise_windows_clear (full);
      if (!noise_windows_read (full, source, &wide, 1, FALSE, noise->impulse_kinds, cancel, error))
        return FALSE;
    }
  if (!noise_windows_read (half, source, &wide, 2, !wider, noise->impulse_kinds, cancel, error))
    return FALSE;
  if (one_colour && source->n_channels == 3)
    {
      keep_green (full);
      keep_green (half);
    }
  camera_noise_measure (full, half, noise);
  if (noise->sigma < NOTHING)
    {
      noise->kind = DIFFUSION_NOISE_NONE;
      noise->sigma = noise->sigma_half = 0.0;
    }
  return TRUE;
}

gboolean
diffusion_estimate_noise (const DiffusionSource *source,
                          const DiffusionRect   *region,
                          GCancellable          *cancel,
                          DiffusionNoise        *noise,
                          GError               **error)
{
  NoiseWindows full = { 0 }, half = { 0 };
  Toned        toned;
  gboolean     is_toned, ok;
  double       none = 0.0;

  *noise = (DiffusionNoise) { 0 };
  if (!planes_rect_inside (region, source->width, source->height))
    {
      g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT,
                   _ ("The region to estimate noise in is empty or outside the picture."));
      return FALSE;
    }
  if (!toned_find (&toned, source, region, cancel, &is_toned, error))
    return FALSE;
  ok = measure (is_toned ? &toned.gray : source, region, cancel, &full, &half, noise, error);
  if (is_toned)
    toned_unscale_noise (&toned, noise, &none);
  noise_windows_clear (&full);
  noise_windows_clear (&half);
  return ok;
}
