/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-border.h: the pieces of a fill brought to fit each other and the picture: their steps
 * from pixel to pixel are kept and their colours given up, as in seamless cloning (Pérez et
 * al. 2003, "Poisson image editing"), but where a seam does not fit at all, an edge is left
 * (weights of Geman and McClure's estimator): a colour that does not belong there would
 * be smeared over the piece.
 */
#pragma once

#include "patches/patch-level.h"

/* For a hole with the colours of its pieces, `from` as in patch-pieces.h. FALSE when cancelled. */
gboolean patch_border_match (PatchLevel       *level,
                             const int        *from,
                             DiffusionWorkers *workers,
                             GCancellable     *cancel);
