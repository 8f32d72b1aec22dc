/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-commit.h: writes a finished result into the image: the one moment
 * at which a filter touches it. One short undo group.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* Writes the result of `io` into its drawable, or as a new layer above it, and
 * attaches the parasite that provenance_append() makes from `run`. Pixels
 * whose selection is below DIFFUSION_SELECTION_MIN keep every bit. Fails without a
 * change when the layer or the selection is no longer what the result was made
 * for. Main thread. Errors: GIMP_PLUG_IN_ERROR. */
gboolean drawable_commit (DrawableIo *io,
                          TaskOutput  output,
                          const char *layer_name, /* of a new layer */
                          GVariant   *run,        /* see provenance.h */
                          GError    **error);

G_END_DECLS
