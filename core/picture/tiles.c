/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiles.c: see tiles.h.
 */
#include "picture/tiles.h"

/* --- One side ---------------------------------------------------------------- */

TilesAxis
tiles_axis (int length, const TilesCut *cut)
{
  int advance = cut->size - cut->overlap;

  return (TilesAxis) {
    .length = length,
    .size = MIN (length, cut->size),
    .n = length <= cut->size ? 1 : 1 + (length - cut->size + advance - 1) / advance,
    .advance = advance,
    .ramp = cut->ramp,
  };
}

int
tiles_axis_start (const TilesAxis *axis, int i)
{
  return i < axis->n - 1 ? i * axis->advance : axis->length - axis->size;
}

/* 0 before, 1 after the cut between the windows i and i + 1, smooth between. */
static float
cut (const TilesAxis *axis, int i, int position)
{
  float middle = 0.5f * (tiles_axis_start (axis, i + 1) + tiles_axis_start (axis, i) + axis->size);
  float u = (position + 0.5f - middle) / axis->ramp + 0.5f;

  u = CLAMP (u, 0.0f, 1.0f);
  return u * u * (3.0f - 2.0f * u);
}

float
tiles_axis_weight (const TilesAxis *axis, int i, int position)
{
  /* A telescope: all but the first window's 1 cancels in the sum. */
  float from = i == 0 ? 1.0f : cut (axis, i - 1, position);
  float to = i == axis->n - 1 ? 0.0f : cut (axis, i, position);

  return from - to;
}

/* --- Both sides ---------------------------------------------------------------- */

void
tiles_blend (const TilesAxis *across,
             int              i,
             const TilesAxis *down,
             int              j,
             int              n_channels,
             const float     *window,
             float           *out,
             int              top,
             int              n_rows)
{
  int    left = tiles_axis_start (across, i), first = tiles_axis_start (down, j);
  float *weight = g_new (float, across->size);

  for (int x = 0; x < across->size; x++)
    weight[x] = tiles_axis_weight (across, i, left + x);

  for (int y = 0; y < down->size; y++)
    {
      float weight_y = tiles_axis_weight (down, j, first + y);

      for (int c = 0; c < n_channels; c++)
        {
          const float *from = window + ((gsize) c * down->size + y) * across->size;
          float       *to = out + ((gsize) c * n_rows + first + y - top) * across->length + left;

          for (int x = 0; x < across->size; x++)
            to[x] += weight_y * weight[x] * from[x];
        }
    }
  g_free (weight);
}

/* One side of the area: the region with its context inside 0…length, then grown, first
 * onwards, then backwards. */
static void
grow_side (int *start, int *size, int context, int least, int multiple, int length)
{
  int from = MAX (*start - context, 0);
  int to = (int) MIN ((gint64) *start + *size + context, length);
  int missing = MAX (least - (to - from), 0);
  int after;

  missing += (multiple - (to - from + missing) % multiple) % multiple;
  after = MIN (missing, length - to);
  to += after;
  from -= MIN (missing - after, from);
  *start = from;
  *size = to - from;
}

DiffusionRect
tiles_area (const DiffusionRect *region,
            int                  context,
            int                  least,
            int                  multiple,
            int                  width,
            int                  height)
{
  DiffusionRect area = *region;

  grow_side (&area.x, &area.width, context, least, multiple, width);
  grow_side (&area.y, &area.height, context, least, multiple, height);
  return area;
}
