/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dtype.c: from the bytes of a file, in little-endian order whatever the machine's, to
 * floats.
 */
#include "format/dtype.h"

#include <string.h>

static guint32
read_u32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint16
read_u16 (const guint8 *bytes)
{
  guint16 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT16_FROM_LE (value);
}

static float
float_of_bits (guint32 bits)
{
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

/* IEEE 754 binary16 ⇒ binary32, exact. */
static float
float_of_half (guint16 half)
{
  guint32 sign = (guint32) (half & 0x8000) << 16;
  guint32 exponent = (half >> 10) & 0x1F;
  guint32 mantissa = half & 0x3FF;

  if (exponent == 0x1F) /* infinite, or not a number */
    return float_of_bits (sign | 0x7F800000 | mantissa << 13);
  if (exponent == 0) /* subnormal: mantissa · 2^−24 */
    return sign ? -(float) mantissa * 0x1p-24f : (float) mantissa * 0x1p-24f;
  return float_of_bits (sign | (exponent + 112) << 23 | mantissa << 13);
}

static void
load_f32 (float *values, const guint8 *bytes, gint64 n)
{
  for (gint64 i = 0; i < n; i++)
    values[i] = float_of_bits (read_u32 (bytes + 4 * i));
}

static void
load_f16 (float *values, const guint8 *bytes, gint64 n)
{
  for (gint64 i = 0; i < n; i++)
    values[i] = float_of_half (read_u16 (bytes + 2 * i));
}

/* bfloat16 is the upper half of binary32. */
static void
load_bf16 (float *values, const guint8 *bytes, gint64 n)
{
  for (gint64 i = 0; i < n; i++)
    values[i] = float_of_bits ((guint32) read_u16 (bytes + 2 * i) << 16);
}

static const Dtype dtypes[] = {
  { "F32", 32, load_f32 }, { "F16", 16, load_f16 }, { "BF16", 16, load_bf16 },
  { "F64", 64, NULL },     { "C64", 64, NULL },     { "BOOL", 8, NULL },
  { "I8", 8, NULL },       { "I16", 16, NULL },     { "I32", 32, NULL },
  { "I64", 64, NULL },     { "U8", 8, NULL },       { "U16", 16, NULL },
  { "U32", 32, NULL },     { "U64", 64, NULL },     { "F8_E4M3", 8, NULL },
  { "F8_E5M2", 8, NULL },  { "F8_E8M0", 8, NULL },  { "F6_E2M3", 6, NULL },
  { "F6_E3M2", 6, NULL },  { "F4", 4, NULL },
};

const Dtype *
dtype_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dtypes); i++)
    if (strcmp (dtypes[i].name, name) == 0)
      return &dtypes[i];
  return NULL;
}

/* Not isfinite (): what the compiler's floating-point options assume does not
 * matter here. */
gboolean
dtype_are_finite (const float *values, gint64 n)
{
  for (gint64 i = 0; i < n; i++)
    {
      guint32 bits;

      memcpy (&bits, &values[i], sizeof bits);
      if ((bits & 0x7F800000) == 0x7F800000)
        return FALSE;
    }
  return TRUE;
}
