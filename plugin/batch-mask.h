/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-mask.h: what a batch of Inpaint fills: the picture's mask file, or its
 * transparent pixels, made the image's selection.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* Selects where the mask (a file with one layer, as large as the image) is
 * white; gray selects in part. NULL: where the layer is transparent. Errors:
 * GIMP_PLUG_IN_ERROR, also when this selects nothing. */
gboolean batch_mask_select (GimpImage *image, GimpDrawable *layer, GFile *mask, GError **error);

G_END_DECLS
