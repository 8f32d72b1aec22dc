/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-windows.h: what the estimate of the noise looks at: windows of 8×8
 * pixels spread over a region or over the same at half its size, and the energy of
 * each in some bands of its DCT coefficients.
 */
#pragma once

#include "denoise/drawing.h"
#include "denoise/impulses.h"
#include "denoise/jpeg-blocks.h"
#include "diffusion.h"

#define WINDOW_SIZE 8
#define WINDOW_AREA (WINDOW_SIZE * WINDOW_SIZE)

/* The bands; u and v count half periods, 0…7. A coefficient may be in several. */
typedef enum
{
  BAND_SMOOTH,  /* 1 ≤ u + v ≤ 2 */
  BAND_TEXTURE, /* 1 ≤ u + v ≤ 5: tells smooth windows */
  BAND_COARSE,  /* 3 ≤ u + v ≤ 5 */
  BAND_NOISE_1, /* u + v ≥ 7; this and the following ones may hold noise alone */
  BAND_NOISE_2, /* u + v ≥ 9 */
  BAND_NOISE_3, /* u + v ≥ 11 */
  BAND_NOISE_4, /* u, v ≥ 6 */
  N_BANDS
} WindowBand;

/* Pairs of colours: 00 11 22 01 02 12. A gray picture has the first only. */
#define N_PAIRS 6

typedef struct
{
  float mean[3];                   /* 8-bit levels */
  float clipped;                   /* share of the pixels, in the colour with the most */
  float product[N_BANDS][N_PAIRS]; /* mean over the band of the product of two colours'
                                    * coefficients, levels²; the transform is orthonormal */
  int   place, stride;             /* of its first pixel, and from row to row, in a numbering
                                   * of all pixels that windows are taken from */
} NoiseWindow;

typedef struct
{
  NoiseWindow *windows;
  int          n;
  int          n_pixels;
  int          n_channels;
  JpegBlocks   blocks; /* of the region as it is, not of its half */
  Drawing      drawing;
  ImpulseCount impulses;
} NoiseWindows;

/* How many coefficients a band has. */
int noise_band_size (WindowBand band);

/* Windows of pixels that are selected and not transparent, at most some 16000
 * on a fixed grid. halving: 1, or 2 for the means of 2 × 2 pixels. use_selection: FALSE, all count
 * as selected. impulses: these are filled from what is around them first. Where a region has too few of them, pixels that are not
 * selected count as well. Left out: windows of which more than three quarters are
 * clipped in some colour, and those of one colour all over (frames, letters),
 * as long as they are not the majority. May find none. FALSE when reading
 * fails or `cancel`, which may be NULL, is cancelled: it is asked before each block of at most
 * 128 × 128 pixels. Free with noise_windows_clear. */
gboolean noise_windows_read (NoiseWindows          *windows,
                             const DiffusionSource *source,
                             const DiffusionRect   *region,
                             int                    halving,
                             gboolean               use_selection,
                             ImpulseKinds           impulses,
                             GCancellable          *cancel,
                             GError               **error);
/* Widens the sides of a region that are narrower than `least`, as far as the picture goes. */
void noise_windows_widen (DiffusionRect *region, const DiffusionSource *source, int least);

void noise_windows_clear (NoiseWindows *windows);
