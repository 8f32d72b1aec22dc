/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selection.h: the image's selection as seen from a drawable. The selection
 * has the size of the image and the drawable may lie anywhere on it: all
 * coordinates here are the drawable's. Main thread only.
 */
#pragma once

#include <libgimp/gimp.h>

#include "diffusion.h"

G_BEGIN_DECLS

typedef struct
{
  GeglBuffer *buffer; /* NULL: nothing is selected, which means everything */
  int         offset_x, offset_y;
} Selection;

/* Close it before other threads use GEGL: see drawable-io.h. */
void selection_open (Selection *selection, GimpDrawable *drawable);
void selection_close (Selection *selection);

/* Fills `values` (rect->width × rect->height) with the selection, 0…1; 1 where
 * nothing is selected in the image, 0 beyond the image. */
void selection_read (const Selection *selection, const GeglRectangle *rect, float *values);

/* Rectangle of the drawable that GIMP's merging touches: the bounding box of
 * all values above 0, or the whole drawable. FALSE when it is empty. */
gboolean selection_get_bounds (GimpDrawable *drawable, GeglRectangle *bounds);

/* Bounding box of the values that count (DIFFUSION_SELECTION_MIN); the whole drawable when nothing is
 * selected in the image. FALSE when it is empty. */
gboolean selection_get_region (GimpDrawable *drawable, GeglRectangle *region);

/* Tells selections of the drawable's image apart, in a moment: by their bounds and, `by_values`,
 * small ones by their values as well. 0: nothing is selected. */
guint selection_get_key (GimpDrawable *drawable, gboolean by_values);

G_END_DECLS
