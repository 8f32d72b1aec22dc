/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-heif-header.c: boxes of HEIC and AVIF files, written byte by byte, whole, cut off
 * and with lengths that lead nowhere.
 */
#include "heif-header.h"

#include <string.h>

static GByteArray *
box (const char *type, const void *content, gsize size)
{
  GByteArray  *bytes = g_byte_array_new ();
  const guint8 length[4] = { 0, 0, (guint8) ((size + 8) >> 8), (guint8) (size + 8) };

  g_byte_array_append (bytes, length, 4);
  g_byte_array_append (bytes, (const guint8 *) type, 4);
  g_byte_array_append (bytes, content, size);
  return bytes;
}

/* Takes both. */
static GByteArray *
join (GByteArray *a, GByteArray *b)
{
  g_byte_array_append (a, b->data, b->len);
  g_byte_array_unref (b);
  return a;
}

static GByteArray *
around (const char *type, const char *before, gsize n_before, GByteArray *content)
{
  GByteArray *inside = g_byte_array_new (), *result;

  g_byte_array_append (inside, (const guint8 *) before, n_before);
  join (inside, content);
  result = box (type, inside->data, inside->len);
  g_byte_array_unref (inside);
  return result;
}

/* matrix < 0: no colours are told; codec: "av1C" or "hvcC". */
static GByteArray *
file_of (const char *brand, int matrix, const char *codec, const guint8 *setup, gsize size)
{
  guint8      colour[11] = { 'n', 'c', 'l', 'x', 0, 1, 0, 13, 0, (guint8) matrix, 0x80 };
  GByteArray *properties =
    join (box ("ispe", "\0\0\0\0\0\0\1\0\0\0\1", 12), box ("colr", "prof", 4));

  if (matrix >= 0)
    join (properties, box ("colr", colour, sizeof colour));
  join (properties, box (codec, setup, size));
  properties = around ("ipco", "", 0, properties);
  properties = around ("iprp", "", 0, properties);
  properties = around ("meta", "\0\0\0\0", 4, join (box ("hdlr", "\0\0\0\0", 4), properties));
  return join (box ("ftyp", brand, 4), properties);
}

static const guint8 av1_444_12[] = { 0x81, 0x40, 0x62, 0 }, av1_420_8[] = { 0x81, 0, 0x0c, 0 },
                    av1_444_10[] = { 0x81, 0x20, 0x42, 0 };
static const guint8 hevc_444_8[23] = { 1, [16] = 0xff, 0xf8, 0xf8 },
                    hevc_420_10[23] = { 1, [16] = 0xfd, 0xfa, 0xfa };

static void
assert_read (const char   *brand,
             int           matrix,
             const char   *codec,
             const guint8 *setup,
             gsize         size,
             HeifHeader    wanted)
{
  GByteArray *file = file_of (brand, matrix, codec, setup, size);
  HeifHeader  header;

  g_assert_true (heif_header_read (&header, file->data, file->len));
  g_assert_cmpint (header.keeps_colours, ==, wanted.keeps_colours);
  g_assert_cmpint (header.is_subsampled, ==, wanted.is_subsampled);
  g_assert_cmpint (header.depth, ==, wanted.depth);
  g_byte_array_unref (file);
}

static void
test_files (void)
{
  assert_read ("avif", 0, "av1C", av1_444_12, 4, (HeifHeader) { TRUE, FALSE, 12 });
  assert_read ("avif", 0, "av1C", av1_444_10, 4, (HeifHeader) { TRUE, FALSE, 10 });
  assert_read ("avif", 6, "av1C", av1_420_8, 4, (HeifHeader) { FALSE, TRUE, 8 });
  assert_read ("avif", -1, "av1C", av1_444_10, 4, (HeifHeader) { FALSE, FALSE, 10 });
  assert_read ("heic", 0, "hvcC", hevc_444_8, 23, (HeifHeader) { TRUE, FALSE, 8 });
  assert_read ("mif1", 0, "hvcC", hevc_420_10, 23, (HeifHeader) { FALSE, TRUE, 10 });
  assert_read ("heix", 1, "hvcC", hevc_444_8, 23, (HeifHeader) { FALSE, FALSE, 8 });
}

static void
test_others (void)
{
  HeifHeader header;

  g_assert_false (heif_header_read (&header, NULL, 0));
  g_assert_false (heif_header_read (&header, (const guint8 *) "\0\0\0\14ftypisom", 12));
  g_assert_false (heif_header_read (&header, (const guint8 *) "\x89PNG\r\n\x1a\n0000", 12));
}

/* Every beginning, and every byte of the whole turned over: read with a length that ends
 * where the memory does. */
static void
test_hostile (void)
{
  GByteArray *file = file_of ("avif", 0, "av1C", av1_444_12, 4);
  HeifHeader  header;

  for (guint n = 0; n <= file->len; n++)
    {
      guint8 *cut = g_memdup2 (file->data, n);

      heif_header_read (&header, cut, n);
      g_free (cut);
    }
  for (guint i = 0; i < file->len; i++)
    for (int value = 0; value < 256; value += 51)
      {
        guint8 *changed = g_memdup2 (file->data, file->len);

        changed[i] = (guint8) value;
        heif_header_read (&header, changed, file->len);
        g_assert_true (header.depth == 0 || header.depth == 8 || header.depth == 10 ||
                       header.depth == 12);
        g_free (changed);
      }
  g_byte_array_unref (file);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/heif-header/files", test_files);
  g_test_add_func ("/heif-header/others", test_others);
  g_test_add_func ("/heif-header/hostile", test_hostile);
  return g_test_run ();
}
