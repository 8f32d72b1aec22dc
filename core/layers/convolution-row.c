/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-row.c: what a convolution sees of its sources, a row at a time.
 */
#include "layers/convolution-row.h"

#include <string.h>

const Map *
row_find_chunk (const Map *const *maps, int *chunk)
{
  const int first = maps[0]->stride / KERNEL_CHUNK;

  if (*chunk < first)
    return maps[0];
  *chunk -= first;
  return maps[1];
}

void
row_read (const ConvolutionJob *job,
          const Kernels        *kernels,
          int                   chunk,
          int                   y,
          int                   x0,
          int                   n,
          float                *out)
{
  int          at = chunk;
  const Map   *source = row_find_chunk (job->sources, &at);
  const int    enlarge = job->upsample ? 1 : 0;
  const int    width = source->width << enlarge;
  const int    left = CLAMP (-x0, 0, n);
  const int    right = CLAMP (x0 + n - width, 0, n - left);
  const int    inside = n - left - right;
  const float *in;

  if (y < 0 || y >= source->height << enlarge)
    {
      memset (out, 0, n * KERNEL_CHUNK * sizeof *out);
      return;
    }

  memset (out, 0, left * KERNEL_CHUNK * sizeof *out);
  out += left * KERNEL_CHUNK;
  x0 += left;

  in = source->data + (gsize) (y >> enlarge) * source->width * source->stride + at * KERNEL_CHUNK;
  if (job->scale)
    kernels->activate (out, KERNEL_CHUNK, in + (gsize) x0 * source->stride, source->stride, inside,
                       job->scale + chunk * KERNEL_CHUNK, job->shift + chunk * KERNEL_CHUNK,
                       job->activation);
  else
    kernels->copy (out, in, source->stride, x0, inside, enlarge);

  memset (out + inside * KERNEL_CHUNK, 0, right * KERNEL_CHUNK * sizeof *out);
}

void
row_prefetch (const Map *map, int y, int x0, int n)
{
  const int    x = MAX (x0, 0);
  const int    end = MIN (x0 + n, map->width);
  const float *row;

  if (y < 0 || y >= map->height)
    return;
  row = map->data + ((gsize) y * map->width + x) * map->stride;
  for (gsize i = 0; i < (gsize) MAX (end - x, 0) * map->stride; i += KERNEL_CHUNK)
    __builtin_prefetch (row + i);
}
