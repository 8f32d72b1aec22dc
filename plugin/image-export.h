/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-export.h: writing an image with all that it brought along. What GIMP
 * saves for a script loses metadata and color profile by default.
 */
#pragma once

#include "image-encoding.h"

G_BEGIN_DECLS

/* Writes the image to `file`, in the format that its name tells, with metadata
 * and profile, and encoded as it was. FALSE on failure, with the reason in
 * gimp_pdb_get_last_error(). */
gboolean image_export (GimpImage *image, GFile *file, const ImageEncoding *encoding);

G_END_DECLS
