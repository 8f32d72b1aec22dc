/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-verify.h: is in a file what was written into it? GIMP's exporters do not all look
 * whether the disk took what they gave it.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* TRUE when the file has its end, GIMP can open it, and the picture in it is that of the
 * image but for what a format loses. */
gboolean image_verify (GimpImage *image, GFile *file);

G_END_DECLS
