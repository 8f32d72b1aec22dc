/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jpeg-quality.h: writing a JPEG as good as the one that the image came from.
 * GIMP notes quality and subsampling when it loads a JPEG, in the image
 * parasite "jpeg-settings", but a script that saves gets its defaults.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* Sets quality and subsampling in the arguments of file-jpeg-export; leaves
 * them alone when the image came from no JPEG. */
void jpeg_quality_keep (GimpProcedureConfig *config, GimpImage *image);

G_END_DECLS
