/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-encoding.c: see image-encoding.h.
 */
#include "image-encoding.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "jxl-header.h"
#include "strips.h"

/* Of a file's beginning that is looked at: metadata may stand before what is looked for. */
#define HEAD_BYTES (1 << 20)

/* More entries than any TIFF's directory has. */
#define TIFF_ENTRIES_MAX 4096

/* What GIMP takes for a JPEG and a WebP. */
#define HEIF_QUALITY 90

/* --- WebP ----------------------------------------------------------------- */

static guint32
little_endian (const guint8 *at)
{
  return (guint32) at[3] << 24 | (guint32) at[2] << 16 | (guint32) at[1] << 8 | at[0];
}

static gboolean
is_webp (const guint8 *data, gsize size)
{
  return size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0;
}

/* Chunks follow one another: four letters, a length, the content padded to an even one. */
static gboolean
webp_is_lossless (const guint8 *data, gsize size)
{
  gsize at = 12;

  while (size - at >= 8)
    {
      guint64 length = little_endian (data + at + 4);

      if (memcmp (data + at, "VP8L", 4) == 0)
        return TRUE;
      if (memcmp (data + at, "VP8 ", 4) == 0)
        return FALSE;
      length += 8 + (length & 1);
      if (length > size - at)
        return FALSE;
      at += length;
    }
  return FALSE;
}

/* --- JPEG ----------------------------------------------------------------- */

typedef struct
{
  gboolean is_cmyk, is_progressive;
} JpegFrame;

/* Segments follow one another: a marker, a length, the content. The one that begins a frame
 * tells by its marker how it is coded, and how many colours there are; 4 are those of
 * printing. */
static JpegFrame
find_jpeg_frame (const guint8 *data, gsize size)
{
  gsize at = 2;

  while (size - at >= 10 && data[at] == 0xff)
    {
      guint8 marker = data[at + 1];

      if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
        return (JpegFrame) { data[at + 9] == 4, (marker & 3) == 2 };
      at += 2 + (data[at + 2] << 8 | data[at + 3]);
      if (at > size)
        break;
    }
  return (JpegFrame) { FALSE, FALSE };
}

/* --- PNG ------------------------------------------------------------------ */

/* What GIMP takes out of a PNG's texts: the comment, metadata, and what other programs have
 * packed metadata into. */
static gboolean
is_read_by_gimp (const char *keyword)
{
  return g_str_equal (keyword, "Comment") || g_str_equal (keyword, "XML:com.adobe.xmp") ||
         g_str_has_prefix (keyword, "Raw profile type ");
}

/* Chunks follow one another: a length, four letters, the content, a checksum. A text begins with
 * its keyword of at most 79 letters and a zero. Only the beginning of the file is looked
 * through: what stands behind a large picture is not seen. */
static gboolean
png_has_other_text (const guint8 *data, gsize size)
{
  gsize at = 8;

  while (size - at >= 12)
    {
      guint64 length =
        (guint32) data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
      const guint8 *letters = data + at + 4, *keyword = data + at + 8;
      gsize         left = MIN (size - at - 8, length);

      if ((memcmp (letters, "tEXt", 4) == 0 || memcmp (letters, "zTXt", 4) == 0 ||
           memcmp (letters, "iTXt", 4) == 0) &&
          memchr (keyword, 0, left) && !is_read_by_gimp ((const char *) keyword))
        return TRUE;
      if (length + 12 > size - at)
        return FALSE;
      at += length + 12;
    }
  return FALSE;
}

/* --- TIFF ----------------------------------------------------------------- */

typedef struct
{
  GFileInputStream *stream;
  gboolean          is_big_endian;
} Tiff;

/* A number of n bytes at a place of the file; 0 beyond its end. */
static guint64
tiff_number (const Tiff *tiff, guint64 at, int n)
{
  guint8  bytes[8];
  guint64 value = 0;
  gsize   n_read = 0;

  if (at > G_MAXINT64 ||
      !g_seekable_seek (G_SEEKABLE (tiff->stream), (goffset) at, G_SEEK_SET, NULL, NULL) ||
      !g_input_stream_read_all (G_INPUT_STREAM (tiff->stream), bytes, n, &n_read, NULL, NULL) ||
      n_read < (gsize) n)
    return 0;

  for (int i = 0; i < n; i++)
    value = value << 8 | bytes[tiff->is_big_endian ? i : n - 1 - i];
  return value;
}

/* The value of tag 259 in the first directory; 0: there is none. */
static guint64
tiff_compression (const Tiff *tiff, gboolean is_big)
{
  enum
  {
    COMPRESSION = 259,
    SHORT = 3
  };

  guint64 directory = tiff_number (tiff, is_big ? 8 : 4, is_big ? 8 : 4);
  guint64 n = tiff_number (tiff, directory, is_big ? 8 : 2);
  guint64 at = directory + (is_big ? 8 : 2);

  for (guint64 i = 0; i < MIN (n, TIFF_ENTRIES_MAX); i++, at += is_big ? 20 : 12)
    if (tiff_number (tiff, at, 2) == COMPRESSION)
      return tiff_number (tiff, at + (is_big ? 12 : 8),
                          tiff_number (tiff, at + 2, 2) == SHORT ? 2 : 4);
  return 0;
}

static void
read_tiff (ImageEncoding *encoding, GFileInputStream *stream, const guint8 *head)
{
  static const struct
  {
    guint64     code;
    const char *choice, *name;
  } known[] = {
    { 1, "none", "" },
    { 5, "lzw", "" },
    { 8, "adobe_deflate", "" },
    { 32773, "packbits", "" },
    { 32946, "adobe_deflate", "" },
    { 6, NULL, "JPEG" },
    { 7, NULL, "JPEG" },
    { 34712, NULL, "JPEG 2000" },
    { 34887, NULL, "LERC" },
    { 34925, NULL, "LZMA" },
    { 50000, NULL, "Zstandard" },
    { 50001, NULL, "WebP" },
    { 50002, NULL, "JPEG XL" },
  };

  Tiff        tiff = { stream, head[0] == 'M' };
  guint64     code = tiff_compression (&tiff, head[tiff.is_big_endian ? 3 : 2] == 43);
  const char *name = NULL;

  encoding->tiff = code == 0 ? "none" : NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].code == code)
      {
        encoding->tiff = known[i].choice;
        name = known[i].name;
      }

  if (encoding->tiff == NULL)
    {
      char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, code);

      encoding->tiff = "adobe_deflate";
      encoding->lost =
        g_strdup_printf (_ ("GIMP cannot write the TIFF compression %s: Deflate, which is "
                            "lossless, took its place"),
                         name ? name : number);
      g_free (number);
    }
}

/* -------------------------------------------------------------------------- */

static gboolean
is_tiff (const guint8 *data, gsize size)
{
  return size >= 8 && (memcmp (data, "II\x2a\0", 4) == 0 || memcmp (data, "MM\0\x2a", 4) == 0 ||
                       memcmp (data, "II\x2b\0", 4) == 0 || memcmp (data, "MM\0\x2b", 4) == 0);
}

static gboolean
is_tga (GFile *file)
{
  char    *name = g_file_get_basename (file);
  char    *lower = g_ascii_strdown (name, -1);
  gboolean result = g_str_has_suffix (lower, ".tga");

  g_free (lower);
  g_free (name);
  return result;
}

static GimpDrawable *
first_layer (GimpImage *image)
{
  GimpLayer **layers = gimp_image_get_layers (image);
  GimpLayer  *layer = layers[0];

  g_free (layers);
  return GIMP_DRAWABLE (layer);
}

static gboolean
has_transparent_pixels (GimpDrawable *drawable)
{
  GeglRectangle extent = { 0, 0, gimp_drawable_get_width (drawable),
                           gimp_drawable_get_height (drawable) };
  GeglBuffer   *buffer = gimp_drawable_get_buffer (drawable);
  float        *pixels = g_new (float, 2 * strips_max_pixels (&extent)); /* gray, alpha */
  gboolean      found = FALSE;
  GeglRectangle strip;

  for (strips_first (&extent, &strip); !found && strip.height > 0; strips_next (&extent, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      gegl_buffer_get (buffer, &strip, 1.0, babl_format ("YA float"), pixels, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      for (gsize i = 0; !found && i < n; i++)
        found = pixels[2 * i + 1] <= 0;
    }

  g_free (pixels);
  g_object_unref (buffer);
  return found;
}

void
image_encoding_read (ImageEncoding *encoding, GFile *file, GimpImage *image)
{
  GFileInputStream *stream = g_file_read (file, NULL, NULL);
  guint8           *head;
  gsize             size = 0;

  *encoding = (ImageEncoding) { .run_lengths = TRUE };
  if (stream == NULL)
    return;

  head = g_malloc (HEAD_BYTES);
  g_input_stream_read_all (G_INPUT_STREAM (stream), head, HEAD_BYTES, &size, NULL, NULL);

  if (is_webp (head, size))
    {
      encoding->lossless = webp_is_lossless (head, size);
      if (encoding->lossless && has_transparent_pixels (first_layer (image)))
        encoding->lost = g_strdup (_ ("GIMP does not write into a WebP what colors transparent "
                                      "pixels have: these are lost"));
    }
  else if (is_tiff (head, size))
    read_tiff (encoding, stream, head);
  else if (size > 28 && memcmp (head, "\x89PNG", 4) == 0)
    {
      encoding->interlaced = head[28] == 1;
      if (png_has_other_text (head, size))
        encoding->lost =
          g_strdup (_ ("of a PNG's texts GIMP keeps the comment alone: the others are lost"));
    }
  else if (size > 2 && is_tga (file)) /* which has no signature */
    encoding->run_lengths = head[2] >= 8;
  else if (size > 2 && head[0] == 0xff && head[1] == 0xd8)
    {
      JpegFrame frame = find_jpeg_frame (head, size);

      encoding->progressive = frame.is_progressive;
      if (frame.is_cmyk)
        encoding->lost = g_strdup (_ ("GIMP opens a JPEG in the colors of printing as RGB, and "
                                      "writes it so"));
    }
  else if (heif_header_read (&encoding->heif, head, size))
    {
      encoding->lossless = encoding->heif.keeps_colours;
      if (!encoding->lossless)
        encoding->lost = g_strdup_printf (_ ("a HEIC or AVIF does not tell its quality: it is "
                                             "written with quality %d"),
                                          HEIF_QUALITY);
    }
  else
    encoding->lossless = jxl_header_keeps_colours (head, size);

  g_free (head);
  g_object_unref (stream);
}

void
image_encoding_clear (ImageEncoding *encoding)
{
  g_clear_pointer (&encoding->lost, g_free);
}

static gboolean
has_8_bits (GimpImage *image)
{
  GimpPrecision precision = gimp_image_get_precision (image);

  return precision == GIMP_PRECISION_U8_LINEAR || precision == GIMP_PRECISION_U8_NON_LINEAR ||
         precision == GIMP_PRECISION_U8_PERCEPTUAL;
}

/* GIMP's own quality for these is 50, at half the size of the colours and 8 bits. */
static void
keep_heif (const ImageEncoding *encoding, GimpProcedureConfig *config, GimpImage *image)
{
  int         depth = encoding->heif.depth;
  const char *layout = encoding->heif.is_subsampled ? "yuv420" : "yuv444";

  if (depth != 8 && depth != 10 && depth != 12)
    depth = has_8_bits (image) ? 8 : 12;
  g_object_set (config, "lossless", encoding->lossless, "quality", HEIF_QUALITY, "save-bit-depth",
                depth, "pixel-format", encoding->lossless ? "rgb" : layout, NULL);
}

void
image_encoding_keep (const ImageEncoding *encoding,
                     GimpProcedureConfig *config,
                     const char          *procedure_name,
                     GimpImage           *image)
{
  if (g_str_equal (procedure_name, "file-webp-export"))
    g_object_set (config, "lossless", encoding->lossless, NULL);
  else if (g_str_equal (procedure_name, "file-jpegxl-export"))
    g_object_set (config, "lossless", encoding->lossless, "save-bit-depth",
                  has_8_bits (image) ? 8 : 16, NULL);
  else if (g_str_equal (procedure_name, "file-heif-export") ||
           g_str_equal (procedure_name, "file-heif-av1-export"))
    keep_heif (encoding, config, image);
  else if (g_str_equal (procedure_name, "file-tiff-export") && encoding->tiff)
    /* The thumbnail is a second page, which GIMP itself takes for the picture. */
    g_object_set (config, "compression", encoding->tiff, "include-thumbnail", FALSE, NULL);
  else if (g_str_equal (procedure_name, "file-png-export"))
    /* The colours of transparent pixels are zeroed otherwise. */
    g_object_set (config, "interlaced", encoding->interlaced, "save-transparent", TRUE, NULL);
  else if (g_str_equal (procedure_name, "file-jpeg-export"))
    g_object_set (config, "progressive", encoding->progressive, NULL);
  else if (g_str_equal (procedure_name, "file-tga-export"))
    g_object_set (config, "rle", encoding->run_lengths, NULL);
  else if (g_str_equal (procedure_name, "file-bmp-export") &&
           gimp_drawable_has_alpha (first_layer (image)))
    g_object_set (config, "rgb-format", "rgba-8888", NULL);
}
