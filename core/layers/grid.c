/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grid.c: a map cut into rectangles.
 */
#include "layers/grid.h"

#include "layers/workspace.h"

void
grid_init (Grid *grid, int width, int height, int block_width, int block_height)
{
  *grid = (Grid) { .width = width,
                   .height = height,
                   .block_width = block_width,
                   .block_height = block_height,
                   .blocks_x = divide_up (width, block_width) };
  grid->n_blocks = grid->blocks_x * divide_up (height, block_height);
}

DiffusionRect
grid_rect (const Grid *grid, int block)
{
  const int x = block % grid->blocks_x * grid->block_width;
  const int y = block / grid->blocks_x * grid->block_height;

  return (DiffusionRect) { x, y, MIN (grid->block_width, grid->width - x),
                           MIN (grid->block_height, grid->height - y) };
}

int
grid_pixels (gconstpointer grid, int block)
{
  const DiffusionRect rect = grid_rect (grid, block);

  return rect.width * rect.height;
}

int
grid_even (int n, int wanted)
{
  return divide_up (n, divide_up (n, wanted));
}
