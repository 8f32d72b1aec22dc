/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors.h: reader of the safetensors format (8 bytes little-endian length
 * of a JSON header, the header, the data). The file is mapped, never copied as
 * a whole; the whole header is checked when it is opened: names, types, shapes,
 * offsets that neither overlap nor leave gaps nor pass the end.
 */
#pragma once

#include "diffusion.h"

typedef struct Safetensors Safetensors;

Safetensors *safetensors_open (const char *path, GError **error);
void safetensors_close (Safetensors *file);

/* The tensor `name` as floats, newly allocated (g_free), after its type (F32,
 * F16 or BF16) and its shape have been found to be `shape`. The error names the
 * file, the tensor and what was expected. */
float *safetensors_load (Safetensors  *file,
                         const char   *name,
                         int           n_dims,
                         const gint64 *shape,
                         GError      **error);

/* What safetensors_load would find wrong with the tensor's type and shape, from
 * the header alone. */
gboolean safetensors_check (Safetensors  *file,
                            const char   *name,
                            int           n_dims,
                            const gint64 *shape,
                            GError      **error);

gboolean safetensors_has (Safetensors *file, const char *name);

/* Hexadecimal SHA-256 of the whole file; free with g_free. */
char *safetensors_sha256 (Safetensors *file);
