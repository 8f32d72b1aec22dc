/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole.h: what is to be filled: the selection, grown and made soft where that is asked for.
 * A copy: the selection itself stays as it is. Main thread only.
 */
#pragma once

#include <libgimp/gimp.h>

#include "task.h"

G_BEGIN_DECLS

/* FALSE: the hole is the selection. */
gboolean hole_is_shaped (const HoleShape *shape);

/* The hole as a buffer in the selection's own format and the drawable's coordinates, as large
 * as the drawable, and its bounding box, empty where it is. Values below
 * DIFFUSION_SELECTION_MIN are 0, and so is all that lies beyond the image, as with every
 * selection. There is a selection in the image. */
GeglBuffer *hole_new (GimpDrawable *drawable, const HoleShape *shape, GeglRectangle *region);

/* FALSE and a sentence where hole_new() has found an empty box. */
gboolean hole_check (const GeglRectangle *region, GError **error);

G_END_DECLS
