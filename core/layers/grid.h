/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grid.h: a map cut into rectangles, each a block of work.
 */
#pragma once

#include "diffusion.h"

typedef struct
{
  int width, height;             /* pixels of the map */
  int block_width, block_height; /* of a rectangle; those at the right and below may be smaller */
  int blocks_x, n_blocks;
} Grid;

void          grid_init (Grid *grid, int width, int height, int block_width, int block_height);
DiffusionRect grid_rect (const Grid *grid, int block);

/* Pixels of a block of a Grid; for map_join_stats. */
int grid_pixels (gconstpointer grid, int block);

/* A side of about `wanted` that cuts `n` into equal parts, but for rounding: the last
 * part is no sliver. */
int grid_even (int n, int wanted);
