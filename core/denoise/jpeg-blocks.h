/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jpeg-blocks.h: has a picture been compressed so strongly that JPEG's blocks of 8 × 8
 * pixels show? They are no noise and stay; the user is told.
 */
#pragma once

#include <glib.h>

/* How much the second differences between pixels i and i + 1 are, by i mod 8 of the picture. */
typedef struct
{
  double across[8], down[8];
} JpegBlocks;

/* Adds a plane of width × height whose first pixel is (x, y) of the picture. */
void jpeg_blocks_add (JpegBlocks *blocks, int x, int y, int width, int height, const float *plane);

/* TRUE where one in eight steps is much larger than all others, in both directions. */
gboolean jpeg_blocks_show (const JpegBlocks *blocks);
