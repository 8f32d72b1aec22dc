/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * new-layer.h: when a result in a layer of its own looks as it would in its place.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* TRUE when an ordinary layer over the drawable, the result in it and masked by the
 * selection, looks the same as the result in the drawable. It does not where the
 * drawable is blended with what lies below, or has effects, or shows through
 * a result that is not opaque. Main thread, after the run. */
gboolean new_layer_can_cover (const DrawableIo *io);

/* Seen, and blended as a layer is that nobody has touched. Main thread. */
gboolean new_layer_is_plain (GimpLayer *layer);

G_END_DECLS
