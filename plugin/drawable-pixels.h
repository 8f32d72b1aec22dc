/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-pixels.h: what becomes of each pixel of a drawable, in its own format.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* The selection of the run in `rect`, 0…1: what merging and comparing goes by, whatever the
 * user selects now. Any thread. */
void drawable_pixels_read_mask (const DrawableIo *io, const GeglRectangle *rect, float *mask);

/* What becomes of n pixels of the drawable, in its format: `result` as computed is turned
 * into what is written; `old` are the pixels as they are, `mask` the selection there. Any
 * thread. */
void drawable_pixels_compose (const DrawableIo *io,
                              const guchar     *old,
                              guchar           *result,
                              const float      *mask,
                              gsize             n);

/* All of that for the pixels of `rect`, which lies within the region: `old`, `result` and `mask`
 * have room for them, and `result` is as it is written. Any thread. */
void drawable_pixels_read_result (const DrawableIo    *io,
                                  const GeglRectangle *rect,
                                  guchar              *old,
                                  guchar              *result,
                                  float               *mask);

/* Whether they are blended by the rule above. The user can switch off colour channels of an
 * image; then GIMP's own blend, which obeys, stands. Main thread. */
gboolean drawable_pixels_are_blended (const DrawableIo *io);

/* After GIMP's merge: every pixel within `bounds` as it shall be, to the last bit. `original`
 * is the drawable before it. A pixel that is not what the merge has made of it was edited
 * since, and stays. Main thread. */
void drawable_pixels_write_exactly (const DrawableIo    *io,
                                    GeglBuffer          *original,
                                    const GeglRectangle *bounds);

G_END_DECLS
