/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-file.h: the files of a model folder come from strangers. Opening one,
 * reading it and saying what is wrong with one: what the readers
 * of safetensors and of the configurations share.
 */
#pragma once

#include "diffusion.h"

/* Sets a DIFFUSION_ERROR_MODEL whose message is "PATH: " and the sentence that
 * `format` makes. Returns FALSE. */
gboolean model_file_fail (GError **error, const char *path, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* A name or value from a file, fit for a message: no control characters, at
 * most 60 characters. Free with g_free. */
char *model_file_printable (const char *text);

/* FALSE when `path`, a file below `folder`, is a link or lies behind one that leads out
 * of it. The folder itself may be reached by a link: that one the user chose. In the cache
 * of Hugging Face the files of snapshots/REVISION are links to ../../blobs; these may be
 * followed. TRUE when there is no such file. */
gboolean model_file_check_inside (const char *folder, const char *path, GError **error);

/* A regular file that is open for reading. It is read and not mapped: a mapped file that
 * is cut short by another program ends the process. For one thread at a time. */
typedef struct ModelFile ModelFile;

/* Folders, devices, pipes and loops of links are refused before they are opened. */
ModelFile *model_file_open (const char *path, GError **error);
void       model_file_close (ModelFile *file);

/* Bytes, when it was opened. */
guint64 model_file_get_length (const ModelFile *file);

/* Fills `bytes` with n bytes from `offset` on, all of which were in the file when it was
 * opened. FALSE when they no longer are. */
gboolean model_file_read (ModelFile *file, guint64 offset, void *bytes, gsize n, GError **error);

/* FALSE when the file has been written to since it was opened, as far as the system tells. */
gboolean model_file_check_unchanged (const ModelFile *file, GError **error);
