/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawing.h: is a picture drawn, not photographed? Hatching, text, screentone and pixel art are
 * as strong in the high frequencies as noise. But a drawing says the same value again: on its
 * ground, in its strokes. Noise never does, but where it is clipped. And noise has all frequencies,
 * a grating has few.
 */
#pragma once

#include <glib.h>

#define DRAWING_BINS 256

/* Sums over windows of 8 × 8 pixels that hold more than one value. */
typedef struct
{
  int    n_windows;
  int    n_unclipped;  /* windows in which next to nothing is black or white */
  int    n_flat;       /* windows with 3 × 3 pixels of one value that is neither */
  int    n_strokes;    /* of these, windows with values far apart too */
  int    n_waves;      /* windows whose energy is in few frequencies */
  double flat_clipped; /* shares of places where 3 × 3 pixels are black or white */
  double chance;       /* the same, if the clipped pixels lay at random */
  int    n_between;    /* windows with several pixels that are neither black nor white */
  int    meetings[DRAWING_BINS + 1]; /* of these, by the share of pairs that have the same value */
} Drawing;

/* Adds a window: n_channels planes, 8-bit levels; the geometric over the arithmetic mean of the
 * energies of its high frequencies. */
void drawing_add (Drawing     *drawing,
                  const float *pixels,
                  int          stride,
                  gsize        plane,
                  int          n_channels,
                  float        evenness);

/* TRUE: what looked like white noise of σ = sigma, 8-bit levels, is drawn. */
gboolean drawing_shows (const Drawing *drawing, double sigma);

/* TRUE: most of it is of one value in each place, or strokes on such a ground are all over it: so
 * there is no weaker noise either. */
gboolean drawing_has_ground (const Drawing *drawing);
