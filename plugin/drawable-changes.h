/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-changes.h: is everything as it was when the run began? The user can go on working
 * while a filter runs. Main thread.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* FALSE, with a sentence for the user, when the layer is gone, another or locked, or when
 * something else is selected. Errors: GIMP_PLUG_IN_ERROR. */
gboolean drawable_changes_check (const DrawableIo *io, TaskOutput output, GError **error);

/* Are all selected pixels of `now`, which covers the region, what the run has read? */
gboolean drawable_changes_none_in (const DrawableIo *io, GeglBuffer *now);

G_END_DECLS
