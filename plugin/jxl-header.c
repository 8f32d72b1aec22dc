/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jxl-header.c: see jxl-header.h.
 *
 * A codestream begins with FF 0A; then come the picture's size and its metadata, packed in
 * bits, the lowest of a byte first. "xyb_encoded" stands behind everything whose length
 * varies, so all of that is read.
 */
#include "jxl-header.h"

#include <string.h>

typedef struct
{
  const guint8 *data;
  gsize         n_bits, at;
  gboolean      ok; /* FALSE: it went on beyond the end */
} Bits;

/* One way of writing a number: `base` + that many bits. */
typedef struct
{
  guint32 base;
  int     n_bits;
} Form;

static guint32
bits (Bits *in, int n)
{
  guint32 value = 0;

  for (int i = 0; i < n; i++, in->at++)
    {
      if (in->at >= in->n_bits)
        {
          in->ok = FALSE;
          return 0;
        }
      value |= (guint32) (in->data[in->at / 8] >> (in->at % 8) & 1) << i;
    }
  return value;
}

/* A number in one of four forms. */
static guint32
number (Bits *in, Form a, Form b, Form c, Form d)
{
  const Form  forms[] = { a, b, c, d };
  const Form *form = &forms[bits (in, 2)];

  return form->base + bits (in, form->n_bits);
}

#define NUMBER(in, a, na, b, nb, c, nc, d, nd) \
  number (in, (Form) { a, na }, (Form) { b, nb }, (Form) { c, nc }, (Form) { d, nd })

/* Width and height of the picture. */
static void
skip_size (Bits *in)
{
  gboolean in_eights = bits (in, 1);

  for (int side = 0; side < 2; side++)
    {
      if (in_eights)
        bits (in, 5);
      else
        NUMBER (in, 1, 9, 1, 13, 1, 18, 1, 30);
      /* The width may be told by the ratio. */
      if (side == 0 && bits (in, 3) != 0)
        return;
    }
}

static void
skip_preview_size (Bits *in)
{
  gboolean in_eights = bits (in, 1);

  for (int side = 0; side < 2; side++)
    {
      if (in_eights)
        NUMBER (in, 16, 0, 32, 0, 1, 5, 33, 9);
      else
        NUMBER (in, 1, 6, 65, 8, 321, 10, 1345, 12);
      if (side == 0 && bits (in, 3) != 0)
        return;
    }
}

static void
skip_animation (Bits *in)
{
  NUMBER (in, 100, 0, 1000, 0, 1, 10, 1, 30);
  NUMBER (in, 1, 0, 1001, 0, 1, 8, 1, 10);
  NUMBER (in, 0, 0, 0, 3, 0, 16, 0, 32);
  bits (in, 1);
}

static void
skip_bit_depth (Bits *in)
{
  if (bits (in, 1))
    {
      NUMBER (in, 32, 0, 16, 0, 24, 0, 1, 6);
      bits (in, 4);
    }
  else
    NUMBER (in, 8, 0, 10, 0, 12, 0, 1, 6);
}

/* Alpha, depth and the like. */
static void
skip_extra_channel (Bits *in)
{
  enum
  {
    ALPHA = 0,
    SPOT = 2,
    FILTER_ARRAY = 5
  };

  guint32 type, name;

  if (bits (in, 1))
    return;

  type = NUMBER (in, 0, 0, 1, 0, 2, 4, 18, 6);
  skip_bit_depth (in);
  NUMBER (in, 0, 0, 3, 0, 4, 0, 1, 3);
  name = NUMBER (in, 0, 0, 0, 4, 16, 5, 48, 10);
  for (guint32 i = 0; i < name && in->ok; i++)
    bits (in, 8);

  if (type == ALPHA)
    bits (in, 1);
  else if (type == SPOT)
    for (int i = 0; i < 4; i++)
      bits (in, 16);
  else if (type == FILTER_ARRAY)
    NUMBER (in, 1, 0, 0, 2, 3, 4, 19, 8);
}

static gboolean
codestream_keeps_colours (const guint8 *data, gsize size)
{
  Bits    in = { data, 8 * size, 16, TRUE };
  guint32 n_extra;

  if (size < 2 || data[0] != 0xff || data[1] != 0x0a)
    return FALSE;

  skip_size (&in);
  if (bits (&in, 1)) /* all as usual: XYB */
    return FALSE;

  if (bits (&in, 1))
    {
      bits (&in, 3); /* orientation */
      if (bits (&in, 1))
        skip_size (&in);
      if (bits (&in, 1))
        skip_preview_size (&in);
      if (bits (&in, 1))
        skip_animation (&in);
    }
  skip_bit_depth (&in);
  bits (&in, 1); /* whether 16 bits are enough for decoding */
  n_extra = NUMBER (&in, 0, 0, 1, 0, 2, 4, 1, 12);
  for (guint32 i = 0; i < n_extra && in.ok; i++)
    skip_extra_channel (&in);

  return !bits (&in, 1) && in.ok;
}

static guint32
big_endian (const guint8 *at)
{
  return (guint32) at[0] << 24 | (guint32) at[1] << 16 | (guint32) at[2] << 8 | at[3];
}

gboolean
jxl_header_keeps_colours (const guint8 *data, gsize size)
{
  static const guint8 container[] = { 0, 0, 0, 12, 'J', 'X', 'L', ' ', 13, 10, 0x87, 10 };

  gsize at = 0;

  if (size < sizeof container || memcmp (data, container, sizeof container) != 0)
    return codestream_keeps_colours (data, size);

  while (size - at >= 8)
    {
      guint64 length = big_endian (data + at);
      gsize   head = 8;

      if (length == 1 && size - at >= 16)
        {
          length = (guint64) big_endian (data + at + 8) << 32 | big_endian (data + at + 12);
          head = 16;
        }
      if (memcmp (data + at + 4, "jxlc", 4) == 0)
        return codestream_keeps_colours (data + at + head, size - at - head);
      if (memcmp (data + at + 4, "jxlp", 4) == 0 && size - at >= head + 4)
        return codestream_keeps_colours (data + at + head + 4, size - at - head - 4);
      if (length < head || length > size - at)
        return FALSE;
      at += length;
    }
  return FALSE;
}
