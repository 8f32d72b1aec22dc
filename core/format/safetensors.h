/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors.h: reader of the safetensors format (8 bytes little-endian length
 * of a JSON header, the header, the data). The file is read tensor by tensor,
 * never as a whole; the whole header is checked when it is opened: names, types, shapes,
 * offsets that neither overlap nor leave gaps nor pass the end. A file that another
 * program cuts short meanwhile is refused where it ends.
 */
#pragma once

#include "diffusion.h"

typedef struct Safetensors       Safetensors;
typedef struct SafetensorsTensor SafetensorsTensor;

Safetensors *safetensors_open (const char *path, GError **error);
void         safetensors_close (Safetensors *file);

/* The tensor `name`, after its type (F32, F16 or BF16) and its shape have been
 * found to be `shape`. The error names the file, the tensor and what was
 * expected. */
const SafetensorsTensor *safetensors_find (Safetensors  *file,
                                           const char   *name,
                                           int           n_dims,
                                           const gint64 *shape,
                                           GError      **error);

/* n of its elements, from `first` on, as floats; no other memory is taken. Errors: a
 * value that is not finite, a file that can no longer be read. */
gboolean safetensors_read (Safetensors             *file,
                           const SafetensorsTensor *tensor,
                           gint64                   first,
                           gint64                   n,
                           float                   *values,
                           GError                 **error);

/* All of it, newly allocated (g_free). */
float *safetensors_load_tensor (Safetensors *file, const SafetensorsTensor *tensor, GError **error);

/* The same of the tensor that safetensors_find would find. */
float *safetensors_load (Safetensors  *file,
                         const char   *name,
                         int           n_dims,
                         const gint64 *shape,
                         GError      **error);

gboolean safetensors_has (Safetensors *file, const char *name);

/* Bytes of the whole file. */
guint64 safetensors_get_length (const Safetensors *file);

/* Hexadecimal SHA-256 of the whole file; free with g_free. NULL when the file has been
 * changed since it was opened: then what was read of it is not what the sum is of. */
char *safetensors_sha256 (Safetensors *file, GError **error);
