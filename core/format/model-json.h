/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-json.h: JSON out of the files of a model folder, which come from strangers: a text
 * is parsed in milliseconds and a few megabytes of memory, or refused.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "diffusion.h"

/* Bytes of the largest text that is parsed. */
#define MODEL_JSON_MAX_LENGTH (8 * 1024 * 1024)

/* Parses `length` bytes that came from `path` as strict JSON whose outermost
 * value is an object. Refused, whatever json-glib would make of them: nesting
 * deeper than 16, names that occur twice in one object, comments, NaN, whole
 * numbers of more than 18 digits, the character U+0000, more names, values or brackets
 * than any model has. The object is to be given back with json_object_unref. Errors:
 * DIFFUSION_ERROR_MODEL. */
JsonObject *model_json_parse (const char *path, const char *text, gsize length, GError **error);

/* The same, entry by entry in the order of the text, for an object that may have ten
 * thousand of them; names that occur twice in the outermost object are not found. `take` is
 * called with each and returns FALSE to end it with an error of its own. */
typedef gboolean (*ModelJsonEntry) (gpointer    data,
                                    const char *name,
                                    JsonNode   *value,
                                    GError    **error);
gboolean model_json_parse_entries (const char    *path,
                                   const char    *text,
                                   gsize          length,
                                   ModelJsonEntry take,
                                   gpointer       data,
                                   GError       **error);

/* model_json_parse() of all that is in the file. */
JsonObject *model_json_load (const char *path, GError **error);
