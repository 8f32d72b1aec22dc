/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heif-header.c: see heif-header.h.
 */
#include "heif-header.h"

#include <string.h>

typedef struct
{
  const guint8 *data;
  gsize         size;
} Bytes;

static guint32
big_endian (const guint8 *at)
{
  return (guint32) at[0] << 24 | (guint32) at[1] << 16 | (guint32) at[2] << 8 | at[3];
}

/* Takes the next box, or what is there of it, from the front of `from`; FALSE: none. */
static gboolean
next_box (Bytes *from, const guint8 **type, Bytes *content)
{
  guint64 length;
  gsize   head = 8;

  if (from->size < 8)
    return FALSE;
  length = big_endian (from->data);
  if (length == 1 && from->size >= 16)
    {
      length = (guint64) big_endian (from->data + 8) << 32 | big_endian (from->data + 12);
      head = 16;
    }
  else if (length == 0)
    length = from->size;
  if (length < head)
    return FALSE;

  length = MIN (length, from->size);
  *type = from->data + 4;
  *content = (Bytes) { from->data + head, (gsize) length - head };
  from->data += length;
  from->size -= (gsize) length;
  return TRUE;
}

/* The first box of that type, of which `skip` bytes are passed over. */
static gboolean
find_box (Bytes from, const char *wanted, gsize skip, Bytes *content)
{
  const guint8 *type;

  while (next_box (&from, &type, content))
    if (memcmp (type, wanted, 4) == 0)
      {
        if (content->size < skip)
          return FALSE;
        content->data += skip;
        content->size -= skip;
        return TRUE;
      }
  return FALSE;
}

/* Among several profiles the one that is told by numbers. */
static gboolean
has_rgb_matrix (Bytes properties)
{
  const guint8 *type;
  Bytes         colour;

  while (next_box (&properties, &type, &colour))
    if (memcmp (type, "colr", 4) == 0 && colour.size >= 10 && memcmp (colour.data, "nclx", 4) == 0)
      return colour.data[8] == 0 && colour.data[9] == 0;
  return FALSE;
}

gboolean
heif_header_read (HeifHeader *header, const guint8 *data, gsize size)
{
  static const char *const brands[] = { "heic", "heix", "heim", "heis", "mif1", "avif", "avis" };

  Bytes    all = { data, size }, meta, properties, codec;
  gboolean is_heif = FALSE;

  *header = (HeifHeader) { .keeps_colours = FALSE };
  if (size < 12 || memcmp (data + 4, "ftyp", 4) != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (brands); i++)
    is_heif |= memcmp (data + 8, brands[i], 4) == 0;
  if (!is_heif)
    return FALSE;

  if (!find_box (all, "meta", 4, &meta) || !find_box (meta, "iprp", 0, &properties) ||
      !find_box (properties, "ipco", 0, &properties))
    return TRUE;

  if (find_box (properties, "av1C", 0, &codec) && codec.size >= 3)
    {
      header->depth = !(codec.data[2] & 0x40) ? 8 : codec.data[2] & 0x20 ? 12 : 10;
      header->is_subsampled = (codec.data[2] & 0x0c) != 0;
    }
  else if (find_box (properties, "hvcC", 0, &codec) && codec.size >= 18)
    {
      header->depth = 8 + (codec.data[17] & 7);
      header->is_subsampled = (codec.data[16] & 3) != 3;
    }
  header->keeps_colours = !header->is_subsampled && has_rgb_matrix (properties);
  return TRUE;
}
