/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiles.h: a picture of any size cut into overlapping windows of one size, which are
 * blended with weights that sum to one. Where the cuts lie depends on the picture's
 * size alone.
 */
#pragma once

#include "diffusion.h"

/* --- Windows -------------------------------------------------------------------- */

/* Pixels. */
typedef struct
{
  int size;    /* of a window, both sides */
  int overlap; /* the least that neighbours share */
  int ramp;    /* the middle of it, over which they are blended */
} TilesCut;

/* --- The cuts ----------------------------------------------------------------- */

/* One side of a picture, cut. */
typedef struct
{
  int length;  /* of the picture */
  int size;    /* of what a window shows of it: min (length, cut.size) */
  int n;       /* windows */
  int advance; /* from one to the next, but to the last, which ends with the picture */
  int ramp;
} TilesAxis;

TilesAxis tiles_axis (int length, const TilesCut *cut);
int       tiles_axis_start (const TilesAxis *axis, int i);

/* The weight of window i at `position` (0…length − 1); over all i they sum to 1. */
float tiles_axis_weight (const TilesAxis *axis, int i, int position);

/* Adds window (i, j) (n_channels × down->size × across->size), weighted, to planes of
 * across->length × n_rows whose first row is the picture's row `top`; all rows of
 * the window lie among them. */
void tiles_blend (const TilesAxis *across,
                  int              i,
                  const TilesAxis *down,
                  int              j,
                  int              n_channels,
                  const float     *window,
                  float           *out,
                  int              top,
                  int              n_rows);

/* The part of a picture of width × height to be read for `region`: with `context`
 * pixels around it, then grown to at least `least` pixels and to multiples of
 * `multiple` where the picture has them, so that real pixels are seen where padding
 * would be invented. */
DiffusionRect tiles_area (const DiffusionRect *region,
                          int                  context,
                          int                  least,
                          int                  multiple,
                          int                  width,
                          int                  height);
