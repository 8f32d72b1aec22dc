/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-commit.h: writes a finished result into the image: the one moment
 * at which a filter touches it. One short undo group.
 *
 * What is promised when the process is killed. Before the merge, or before the new layer is
 * there, the image is as it was. After it, the call fails although the result stands: GIMP
 * closes the undo group, one undo step takes it back, and nothing outside the selection is
 * lost. What may then be missing is what comes after the merge: the exact last bits of pixels
 * (those outside of the selection included, in formats where GIMP's merge changes them), and
 * the parasite. GIMP has no call that would do all of it at once. Where the hole has another
 * shape than the selection, it takes the selection's place while GIMP merges: killed in that
 * moment, the image has another selection and two channels more, which that step takes back.
 *
 * What is promised when the drawable is edited, by its user or another filter. Until the
 * merge: selected pixels that are no longer those the run has read are not replaced; the
 * result becomes a new layer above, of which the caller tells the user. (A channel or a mask:
 * refused.)
 * After the merge: the edit stays, on top of the result. GIMP cannot be stopped between our
 * calls: what it does between the last look and the merge, which is the time that reading
 * the region takes, is kept in the undo step and not on the layer.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* Writes the result of `io` into its drawable, or as a new layer above it, and
 * attaches the parasite that provenance_append() makes from `run`. Pixels
 * whose selection is below DIFFUSION_SELECTION_MIN keep every bit. Fails without a
 * change when the layer or the selection is no longer what the result was made
 * for. *is_beside: the result lies on a new layer that was not asked for, as selected pixels
 * are no longer those, see above. Main thread. Errors: GIMP_PLUG_IN_ERROR. */
gboolean drawable_commit (DrawableIo *io,
                          TaskOutput  output,
                          const char *layer_name, /* of a new layer */
                          GVariant   *run,        /* see provenance.h */
                          gboolean   *is_beside,
                          GError    **error);

G_END_DECLS
