/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * two-sizes.h: a picture at half its size and back. A camera's noise is blotches of
 * several pixels as well, which a network takes for the picture; at half the size they are
 * fine again. So the low frequencies come from there:
 *   D + enlarge (denoise (halve (y)) − halve (D)),   D = denoise (y).
 */
#pragma once

#include <glib.h>

/* The size of a half. */
static inline int
two_sizes_half (int n)
{
  return (n + 1) / 2;
}

/* out: the means of 2 × 2 pixels of n_channels planes; the last row and column count twice
 * where the size is odd. */
void two_sizes_halve (int width, int height, int n_channels, const float *in, float *out);

/* x ← x + enlarge (half): twice as large, bilinear, half-pixel centres, the border
 * repeated. Planes of width × height, half's as two_sizes_halve makes them. */
void two_sizes_add (int width, int height, int n_channels, const float *half, float *x);
