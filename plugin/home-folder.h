/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * home-folder.h: “~” in paths. A shell puts the user's folder in its place; paths in
 * a script's arguments have passed no shell.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* `path` with “~” or “~name” at its start replaced by the folder of the user or of the
 * user called so; as it is where nobody is called so. Free with g_free(). */
char *home_folder_expand (const char *path);

/* The same of a file whose path was relative to the working folder. Takes `file` over
 * and returns it or another one. */
GFile *home_folder_expand_file (GFile *file);

G_END_DECLS
