/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-mask.h: what a batch of Inpaint fills: the picture's mask file, or its
 * transparent pixels, made the image's selection.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* Selects where the mask (a file with one layer, as large as the image as viewers show
 * it) is painted: white or any full colour on black or on transparency, or black on
 * transparency; gray selects in part. NULL: where the layer is transparent. A mask that is
 * painted nowhere, or nowhere fully, or everywhere is refused, the last but for
 * `may_be_all`. Errors: GIMP_PLUG_IN_ERROR, also when this selects nothing. */
gboolean batch_mask_select (GimpImage    *image,
                            GimpDrawable *layer,
                            GFile        *mask,
                            gboolean      may_be_all,
                            GError      **error);

G_END_DECLS
