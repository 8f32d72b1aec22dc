/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-row.h: what a convolution sees of its sources, a row at a time.
 */
#pragma once

#include "layers/convolution.h"

/* Chunk number `chunk` of all sources' channels, of n pixels of row y from x0 on,
 * activated and enlarged as the job says, to `out`, 16 floats a pixel. Outside of
 * the map: 0. */
void row_read (const ConvolutionJob *job,
               const Kernels        *kernels,
               int                   chunk,
               int                   y,
               int                   x0,
               int                   n,
               float                *out);

/* Asks for a row of a map that will be read next. */
void row_prefetch (const Map *map, int y, int x0, int n);

/* The map that chunk number `chunk` of several maps' channels is in; `chunk` ←
 * its number there. */
const Map *row_find_chunk (const Map *const *maps, int *chunk);
