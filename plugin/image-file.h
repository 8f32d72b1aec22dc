/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-file.h: pictures of one layer in files, read and written by GIMP.
 */
#pragma once

#include "image-encoding.h"

G_BEGIN_DECLS

/* Loads a file that holds one layer. NULL when GIMP cannot, or when there are
 * more. Delete it with gimp_image_delete(). Errors: GIMP_PLUG_IN_ERROR. */
GimpImage *image_file_load (GFile *file, GError **error);

/* The one layer of an image from image_file_load(). */
GimpDrawable *image_file_get_layer (GimpImage *image);

/* Whether the folder of `file` takes files, and GIMP can write the format that its name
 * tells. FALSE and a sentence when not. */
gboolean image_file_check_writable (GFile *file, GError **error);

/* Writes the image in the format that the name of `file` tells, with metadata and
 * profile, encoded as the file it was loaded from. The file appears complete or not at
 * all, and takes the place of another only after it has been read back. Errors: GIMP_PLUG_IN_ERROR; G_IO_ERROR, G_IO_ERROR_EXISTS when it has come to
 * exist and is not to be overwritten. */
gboolean image_file_save (GimpImage           *image,
                          GFile               *file,
                          const ImageEncoding *encoding,
                          gboolean             overwrite,
                          GError             **error);

G_END_DECLS
