/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dtype.h: the types that a tensor's elements have in a safetensors file.
 */
#pragma once

#include <glib.h>

typedef struct
{
  const char *name; /* as in the file: "F32" */
  int         bits; /* of one element */

  /* Loads n elements as floats, exactly. `bytes` may be the last bytes of `values`: one
   * element after the other is read and then written. NULL: may lie in a file, is never
   * loaded. */
  void (*load) (float *values, const guint8 *bytes, gint64 n);
} Dtype;

/* NULL: the format has no such type. */
const Dtype *dtype_find (const char *name);

/* None of n values is infinite or not a number. */
gboolean dtype_are_finite (const float *values, gint64 n);
