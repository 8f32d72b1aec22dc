/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * camera-noise.c: see camera-noise.h.
 *
 * The energy of noise in a band is scattered little from window to window, as χ² is, and the
 * picture only adds to it. So where there is noise the windows' energies have a sharp lower
 * edge: few are below it, many just above. A picture's own texture has no such edge. How
 * sharp it is tells how sure it is that there is noise.
 */
#include "denoise/camera-noise.h"

#include <math.h>
#include <stdlib.h>

/* Of windows with more clipped pixels the noise is too much changed: a share. */
#define CLIPPED_MAX 0.25f

/* More bins follow the brightness more closely, fewer windows in each make the edge vague. */
#define N_BINS    8
#define BIN_LEAST 150

/* The smoother windows of a bin, by the lowest frequencies, hold less of the picture: fewer are
 * cleaner and vaguer. */
#define SMOOTH_SHARE 0.5
#define SMOOTH_LEAST 30

/* The edge: energies from so much below to so much above the level count for it, those below
 * this range against it. Wider ranges find noise that is less even, and take texture for noise. */
#define EDGE_LOW     0.45f
#define EDGE_HIGH    1.8f
#define EDGE_PENALTY 3.0

/* Levels that are tried, as energies. */
#define LEVEL_FIRST 0.05
#define LEVEL_RATIO 1.06
#define N_LEVELS    200

/* From the levels (of the middle frequencies of the lightness, and of the colours at half the size) to
 * the σ a network is to be told: by them σ is the deviation of all of the noise. Larger ones smooth
 * more. */
#define FULL_SCALE     0.99
#define HALF_SCALE     1.32
#define LEAST_SCALE    1.1
#define COLOUR_AT_FULL 0.49 /* a camera's colour noise at full size over that at half: energies */

/* One window in twenty of noise is below this share of the mean (χ² of 15 degrees). */
#define LEAST_OF_CHI2 0.484

/* How sure the edges have to be: lower ones find more of the noise of textured pictures, and
 * smooth the texture of clean ones. Noise in the colours says less than in the lightness: a
 * picture has colours of its own. */
#define SURE_FROM   0.55
#define SURE_FULL   0.65
#define COLOUR_SAYS 0.25

/* What a small picture shows may be one texture all over: pixels from which on it is believed. */
#define PIXELS_FROM (160 * 160)
#define PIXELS_FULL (320 * 320)

/* Levels from which on it is rather texture: cameras leave less, films may leave more. */
#define TOO_STRONG_FROM 10.0
#define TOO_STRONG      14.0

/* What is taken out of a photograph where nothing is sure, at both sizes. More of it takes out
 * more of real cameras' noise and of clean photographs, which keep 45 dB
 * (tests/measure/real-noise.py). Where even the smoothest windows hold next to nothing it is not
 * a photograph's noise. */
#define TRACE      2.0
#define TRACE_HALF 2.5
#define TRACE_FROM 0.8
#define TRACE_FULL 1.0

/* Fewer windows say nothing. */
#define WINDOWS_LEAST 32

typedef struct
{
  float mean;      /* of the lightness */
  float smooth[2]; /* the energy of the lowest frequencies: of lightness, of colour */
  float middle[2]; /* of the middle ones */
  int   place;
} Window;

typedef struct
{
  double energy;   /* levels² */
  double sureness; /* at most 1; negative where nothing looks like noise */
} Edge;

static int
compare_floats (gconstpointer a, gconstpointer b)
{
  float one = *(const float *) a, other = *(const float *) b;

  return one < other ? -1 : one > other;
}

static int
compare_means (gconstpointer a, gconstpointer b)
{
  const Window *one = a, *other = b;

  return one->mean != other->mean ? (one->mean < other->mean ? -1 : 1) : one->place - other->place;
}

static int
compare_lightness (gconstpointer a, gconstpointer b)
{
  const Window *one = a, *other = b;

  return one->smooth[0] != other->smooth[0] ? (one->smooth[0] < other->smooth[0] ? -1 : 1)
                                            : one->place - other->place;
}

static int
compare_colour (gconstpointer a, gconstpointer b)
{
  const Window *one = a, *other = b;

  return one->smooth[1] != other->smooth[1] ? (one->smooth[1] < other->smooth[1] ? -1 : 1)
                                            : one->place - other->place;
}

/* energies: n ≥ 1, sorted. */
static Edge
find_edge (const float *energies, int n)
{
  Edge   best = { LEVEL_FIRST, -INFINITY };
  double level = LEVEL_FIRST;
  int    below = 0, within = 0;

  for (int i = 0; i < N_LEVELS; i++, level *= LEVEL_RATIO)
    {
      double score;

      while (below < n && energies[below] < EDGE_LOW * level)
        below++;
      while (within < n && energies[within] < EDGE_HIGH * level)
        within++;
      score = (within - below - EDGE_PENALTY * below) / n;
      if (score > best.sureness)
        best = (Edge) { level, score };
    }
  return best;
}

/* colour: 0 or 1. The windows are sorted by mean and get into another order. `energies` is room
 * for n. */
static Edge
join_bins (Window *windows, int n, int colour, float *energies)
{
  int    n_bins = CLAMP (n / BIN_LEAST, 1, N_BINS);
  double energy = 0.0, weights = 0.0, sureness = 0.0;

  qsort (windows, n, sizeof *windows, compare_means);
  for (int bin = 0; bin < n_bins; bin++)
    {
      int from = n * bin / n_bins, to = n * (bin + 1) / n_bins;
      int chosen =
        CLAMP ((int) (SMOOTH_SHARE * (to - from)), MIN (SMOOTH_LEAST, to - from), to - from);
      double weight;
      Edge   edge;

      qsort (windows + from, to - from, sizeof *windows,
             colour ? compare_colour : compare_lightness);
      for (int i = 0; i < chosen; i++)
        energies[i] = windows[from + i].middle[colour];
      qsort (energies, chosen, sizeof *energies, compare_floats);
      edge = find_edge (energies, chosen);
      weight = MAX (edge.sureness, 0.0) + 1e-6;
      energy += weight * edge.energy;
      weights += weight;
      sureness += edge.sureness / n_bins;
    }
  return (Edge) { energy / weights, sureness };
}

static void
read_band (const NoiseWindow *window, int n_channels, WindowBand band, float energy[2])
{
  const float *product = window->product[band];
  double       sum, lightness;

  energy[0] = 3.0f * product[0];
  energy[1] = 0.0f;
  if (n_channels == 1)
    return;
  sum = product[0] + product[1] + product[2];
  lightness = CLAMP ((sum + 2.0 * (product[3] + product[4] + product[5])) / 3.0, 0.0, sum);
  energy[0] = lightness;
  energy[1] = (sum - lightness) / 2.0;
}

static Window *
choose_windows (const NoiseWindows *windows, int *n)
{
  Window *chosen = g_new (Window, MAX (windows->n, 1));

  *n = 0;
  for (int i = 0; i < windows->n; i++)
    {
      const NoiseWindow *from = &windows->windows[i];
      Window             to = { .place = i };

      if (from->clipped > CLIPPED_MAX)
        continue;
      for (int c = 0; c < windows->n_channels; c++)
        to.mean += from->mean[c];
      read_band (from, windows->n_channels, BAND_SMOOTH, to.smooth);
      read_band (from, windows->n_channels, BAND_COARSE, to.middle);
      chosen[(*n)++] = to;
    }
  return chosen;
}

/* The level that one window in twenty stays below, as an energy. */
static double
least_energy (const Window *windows, int n, float *energies)
{
  for (int i = 0; i < n; i++)
    energies[i] = windows[i].middle[0];
  qsort (energies, n, sizeof *energies, compare_floats);
  return energies[n / 20] / LEAST_OF_CHI2;
}

/* 0 up to `from`, 1 from `to` on, linear in between. */
static double
rise (double value, double from, double to)
{
  return CLAMP ((value - from) / (to - from), 0.0, 1.0);
}

static double
level_of (double lightness, double colour)
{
  return sqrt ((lightness + 2.0 * colour) / 3.0);
}

void
camera_noise_measure (const NoiseWindows *full, const NoiseWindows *half, DiffusionNoise *noise)
{
  int     n_full, n_half;
  Window *windows = choose_windows (full, &n_full), *half_windows = choose_windows (half, &n_half);
  float  *energies = g_new (float, MAX (MAX (n_full, n_half), 1));

  if (n_full >= WINDOWS_LEAST && n_half >= WINDOWS_LEAST)
    {
      double least = least_energy (windows, n_full, energies);
      Edge   light = join_bins (windows, n_full, 0, energies);
      Edge   light_half = join_bins (half_windows, n_half, 0, energies);
      Edge   colour_half = join_bins (half_windows, n_half, 1, energies);
      double level = FULL_SCALE * level_of (light.energy, COLOUR_AT_FULL * colour_half.energy);
      double level_half = HALF_SCALE * level_of (light_half.energy, colour_half.energy);
      double sureness =
        MAX (light.sureness, light_half.sureness) + COLOUR_SAYS * MAX (colour_half.sureness, 0.0);
      double sure = rise (sureness, SURE_FROM, SURE_FULL);
      double trace = rise (sqrt (least), TRACE_FROM, TRACE_FULL);

      level = MIN (MIN (level, level_half), LEAST_SCALE * sqrt (least));
      sure *= rise (full->n_pixels, PIXELS_FROM, PIXELS_FULL);
      sure *= 1.0 - rise (level, TOO_STRONG_FROM, TOO_STRONG);
      noise->sigma_half = trace * TRACE_HALF + sure * MAX (level - TRACE_HALF, 0.0);
      noise->kind = sure > 0.0 && level > TRACE ? DIFFUSION_NOISE_CAMERA : DIFFUSION_NOISE_TRACE;
      noise->sigma = MAX (noise->sigma, trace * TRACE + sure * MAX (level - TRACE, 0.0));
    }
  g_free (windows);
  g_free (half_windows);
  g_free (energies);
}
