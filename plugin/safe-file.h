/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safe-file.h: a file takes the place of another only when it is there as a whole: written
 * beside it under a hidden name, flushed to the disk, and then renamed. Knows nothing of
 * what is in it.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A hidden name beside the file: the same folder, so that renaming is atomic, and the same
 * extension, for by this GIMP chooses the format. */
GFile *safe_file_new_temporary (GFile *file);

/* Deletes what runs on this machine that were killed have left under such names. Files of
 * the last ten minutes stay: their process may be one that cannot be seen from here. */
void safe_file_sweep (GFile *folder);

/* Fails with a sentence that names the folder when it has gone away, or when its disk (or
 * what a user may have of it) has not room for so many bytes more. Errors: GIMP_PLUG_IN_ERROR. */
gboolean safe_file_check_disk (GFile *folder, gsize room, GError **error);

/* Returns once the file is on the disk. FALSE when the system says that it is not. */
gboolean safe_file_flush (GFile *file);

/* Renames. Without `overwrite` it fails with G_IO_ERROR_EXISTS where there is a file, one
 * that came this very moment included, as far as the file system can do that. */
gboolean safe_file_move (GFile *from, GFile *to, gboolean overwrite, GError **error);

G_END_DECLS
