/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-verify.c: see image-verify.h.
 */
#include "image-verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "image-file.h"

/* Rows that are compared at a time, and how far their mean may be off, of 255. */
#define ROWS         16
#define MAX_DISTANCE 32.0

/* --- The end of the file ---------------------------------------------------- */

/* A cut JPEG is opened all the same, gray from the cut on. */
static gboolean
has_end (const guint8 head[12], const guint8 tail[12], gint64 length)
{
  if (memcmp (head, "\xff\xd8\xff", 3) == 0)
    return memcmp (tail + 10, "\xff\xd9", 2) == 0;
  if (memcmp (head, "\x89PNG", 4) == 0)
    return memcmp (tail, "\0\0\0\0IEND\xae\x42\x60\x82", 12) == 0;
  if (memcmp (head, "RIFF", 4) == 0 && memcmp (head + 8, "WEBP", 4) == 0)
    return (head[4] | head[5] << 8 | head[6] << 16 | (gint64) head[7] << 24) + 8 == length;
  return TRUE;
}

static gboolean
is_complete (const char *path)
{
  guint8    head[12], tail[12];
  const int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gboolean  ok = FALSE;

  if (fd < 0)
    return FALSE;
  if (read (fd, head, sizeof head) == sizeof head)
    {
      const gint64 length = lseek (fd, 0, SEEK_END);

      ok = lseek (fd, -(off_t) sizeof tail, SEEK_END) >= 0 &&
           read (fd, tail, sizeof tail) == sizeof tail && has_end (head, tail, length);
    }
  close (fd);
  return ok;
}

/* --- The picture -------------------------------------------------------------- */

/* Values as they are stored, whatever the profile: a format may drop it. */
static void
read_rows (GeglBuffer *buffer, const Babl *own, const GeglRectangle *rows, guchar *rgba)
{
  gegl_buffer_get (buffer, rows, 1.0, babl_format_with_space ("R'G'B'A u8", own), rgba,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
}

/* The mean distance of n pixels, of 255; what cannot be seen does not count. */
static double
distance (const guchar *a, const guchar *b, gsize n)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++, a += 4, b += 4)
    for (int c = 0; c < 3; c++)
      sum += abs (a[c] * a[3] - b[c] * b[3]) / 255.0;
  return sum / (3 * (double) n);
}

static gboolean
is_alike (GimpDrawable *one, GimpDrawable *other)
{
  const int   width = gimp_drawable_get_width (one), height = gimp_drawable_get_height (one);
  const Babl *own = gimp_drawable_get_format (one), *others = gimp_drawable_get_format (other);
  GeglBuffer *a, *b;
  guchar     *p, *q;
  gboolean    ok = TRUE;

  if (width != gimp_drawable_get_width (other) || height != gimp_drawable_get_height (other))
    return FALSE;

  a = gimp_drawable_get_buffer (one);
  b = gimp_drawable_get_buffer (other);
  p = g_malloc ((gsize) 4 * width * ROWS);
  q = g_malloc ((gsize) 4 * width * ROWS);
  for (int y = 0; ok && y < height; y += ROWS)
    {
      const GeglRectangle rows = { 0, y, width, MIN (ROWS, height - y) };

      read_rows (a, own, &rows, p);
      read_rows (b, others, &rows, q);
      ok = distance (p, q, (gsize) width * rows.height) <= MAX_DISTANCE;
    }
  g_free (q);
  g_free (p);
  g_object_unref (b);
  g_object_unref (a);
  return ok;
}

/* Formats of pages have no pixels of their own: opened again they may have another size. */
static gboolean
is_of_pages (GFile *file)
{
  static const char *const suffixes[] = { ".pdf", ".ps", ".eps" };
  char                    *name = g_file_get_basename (file);
  char                    *lower = g_ascii_strdown (name, -1);
  gboolean                 found = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    found = found || g_str_has_suffix (lower, suffixes[i]);
  g_free (lower);
  g_free (name);
  return found;
}

gboolean
image_verify (GimpImage *image, GFile *file)
{
  GimpImage *read_back;
  gboolean   ok;

  if (g_file_peek_path (file) && !is_complete (g_file_peek_path (file)))
    return FALSE;
  read_back = image_file_load (file, NULL);
  if (read_back == NULL)
    return FALSE;

  ok =
    is_of_pages (file) || is_alike (image_file_get_layer (image), image_file_get_layer (read_back));
  gimp_image_delete (read_back);
  return ok;
}
