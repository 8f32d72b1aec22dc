/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-files.h: which files a batch reads and writes. Knows nothing of what
 * is in them.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GFile *input;
  GFile *output; /* the same name in the output folder */
} BatchFile;

/* The regular files that `pattern` matches, sorted by name: a path whose last
 * part may hold *, ? and […]; a file that is called just like the pattern is the only
 * match. Case counts unless nothing matches then. Without those whose name ends in
 * `mask_suffix` before the extension (nullable). An array of BatchFile that owns them;
 * NULL when nothing matches. Nothing is written. Errors: GIMP_PLUG_IN_ERROR. Any thread. */
GPtrArray *batch_files_find (const char *pattern,
                             const char *mask_suffix,
                             GFile      *output_folder,
                             GError    **error);

/* Whether the results of these files, one at least, are written into the folder of their
 * inputs, however the two are spelt. Any thread. */
gboolean batch_files_are_in_place (GPtrArray *files);

/* Makes it where it is missing. Errors: GIMP_PLUG_IN_ERROR. */
gboolean batch_files_make_folder (GFile *folder, GError **error);

/* The mask beside the input: its name with the suffix before the extension. The
 * extension is the input's, else ".png", else one of any picture; names are compared
 * exactly first, then whatever their case and however their accents are stored. NULL
 * when there is none. Free with g_object_unref(). */
GFile *batch_files_find_mask (const BatchFile *file, const char *mask_suffix);

/* What such a mask would be called. Free with g_free(). */
char *batch_files_mask_name (const BatchFile *file, const char *mask_suffix);

/* TRUE when the output exists and is an input other than its own. */
gboolean batch_files_output_is_taken (GPtrArray *files, const BatchFile *file);

G_END_DECLS
