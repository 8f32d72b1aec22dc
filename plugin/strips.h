/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * strips.h: a rectangle cut into strips of whole rows, so that pictures of any
 * size are worked through in little memory:
 *
 *   for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
 */
#pragma once

#include <gegl.h>

G_BEGIN_DECLS

/* About as many pixels as there are in a strip; one row at least. */
#define STRIP_PIXELS (1 << 18)

static inline int
strips_rows (const GeglRectangle *rect)
{
  return CLAMP (STRIP_PIXELS / rect->width, 1, rect->height);
}

/* The number of pixels in the largest strip. */
static inline gsize
strips_max_pixels (const GeglRectangle *rect)
{
  return (gsize) strips_rows (rect) * rect->width;
}

static inline void
strips_first (const GeglRectangle *rect, GeglRectangle *strip)
{
  *strip = *rect;
  strip->height = strips_rows (rect);
}

/* After the last one the height is 0. */
static inline void
strips_next (const GeglRectangle *rect, GeglRectangle *strip)
{
  strip->y += strip->height;
  strip->height = MIN (strips_rows (rect), rect->y + rect->height - strip->y);
}

G_END_DECLS
