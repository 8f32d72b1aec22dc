/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-file.h: the files of a model folder come from strangers. Opening one,
 * parsing JSON out of one and saying what is wrong with one: what the readers
 * of safetensors and of the configurations share.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "diffusion.h"

/* The largest JSON text that is parsed. Forty thousand tensors or a trained
 * schedule of 100000 steps fit; the parser's tree of it stays below 1 GB. */
#define MODEL_FILE_MAX_JSON (8 * 1024 * 1024)

/* Sets a DIFFUSION_ERROR_MODEL whose message is "PATH: " and the sentence that
 * `format` makes. Returns FALSE. */
gboolean model_file_fail (GError **error, const char *path, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

/* A name or value from a file, fit for a message: no control characters, at
 * most 60 characters. Free with g_free. */
char *model_file_printable (const char *text);

/* Maps a regular file for reading. Folders, devices, pipes and loops of links
 * are refused before they are opened. */
GMappedFile *model_file_map (const char *path, GError **error);

/* Parses `length` bytes that came from `path` as strict JSON whose outermost
 * value is an object. Refused, whatever json-glib would make of them: nesting
 * deeper than 16, names that occur twice in one object, comments, NaN, whole
 * numbers of more than 18 digits, the character U+0000. The object is to be
 * given back with json_object_unref. */
JsonObject *
model_file_parse_json (const char *path, const char *text, gsize length, GError **error);
