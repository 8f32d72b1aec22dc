/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jpeg-blocks.c: see jpeg-blocks.h.
 */
#include "denoise/jpeg-blocks.h"

#include <math.h>

/* The steps between blocks over the mean of those within, and over the largest of them:
 * JPEG of quality 50 gets there in most photographs, of 90 in none. */
#define OVER_MEAN 1.45
#define OVER_NEXT 1.1

static void
add (double sums[8], int first, const float *v, gsize step, int n)
{
  for (int i = 1; i + 2 < n; i++)
    sums[(first + i) % 8] +=
      fabsf (v[(i - 1) * step] - 3.0f * (v[i * step] - v[(i + 1) * step]) - v[(i + 2) * step]);
}

void
jpeg_blocks_add (JpegBlocks *blocks, int x, int y, int width, int height, const float *plane)
{
  for (int row = 0; row < height; row++)
    add (blocks->across, x, plane + (gsize) row * width, 1, width);
  for (int column = 0; column < width; column++)
    add (blocks->down, y, plane + column, width, height);
}

static gboolean
stands_out (const double sums[8])
{
  double largest = 0.0, next = 0.0, sum = 0.0;

  for (int i = 0; i < 8; sum += sums[i], i++)
    if (sums[i] > largest)
      {
        next = largest;
        largest = sums[i];
      }
    else
      next = MAX (next, sums[i]);
  return largest > OVER_NEXT * next && 7.0 * largest > OVER_MEAN * (sum - largest);
}

gboolean
jpeg_blocks_show (const JpegBlocks *blocks)
{
  return stands_out (blocks->across) && stands_out (blocks->down);
}
