/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-file.c: opening, reading and blaming the files of a model folder.
 */
#include "format/model-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define MAX_PRINTABLE 60
#define MAX_READ      ((gsize) 1 << 30) /* bytes at a time: more than any system refuses */

gboolean
model_file_fail (GError **error, const char *path, const char *format, ...)
{
  va_list args;
  char   *sentence;
  char   *name;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  name = g_filename_display_name (path);

  g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL, "%s: %s", name, sentence);

  g_free (name);
  g_free (sentence);
  return FALSE;
}

char *
model_file_printable (const char *text)
{
  char    *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  int      n = 0;

  for (const char *p = valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (n++ == MAX_PRINTABLE)
        {
          g_string_append (out, "…");
          break;
        }
      g_string_append_unichar (out, g_unichar_isprint (c) ? c : 0xFFFD);
    }
  g_free (valid);
  return g_string_free (out, FALSE);
}

/* --- Opening -------------------------------------------------------------- */

struct ModelFile
{
  char    *path;
  int      fd;
  GStatBuf info; /* when it was opened */
};

static gboolean
fail_by_system (GError **error, const char *path, int code)
{
  if (code == ENOENT || code == ENOTDIR)
    return model_file_fail (error, path, _ ("This file of the model is missing."));
  return model_file_fail (error, path, _ ("This file of the model cannot be opened (%s)."),
                          g_strerror (code));
}

static gboolean
fail_as_changed (GError **error, const char *path)
{
  return model_file_fail (error, path,
                          _ ("This file of the model was changed while it was read: wait until it "
                             "is complete, then try again."));
}

ModelFile *
model_file_open (const char *path, GError **error)
{
  ModelFile *file;
  GStatBuf   info;
  int        fd;

  /* Opening a pipe or a device could wait for ever, so look first. */
  if (g_stat (path, &info) != 0)
    {
      fail_by_system (error, path, errno);
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    {
      model_file_fail (error, path, _ ("A file was expected, this is something else."));
      return NULL;
    }

  fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      int code = errno;

      if (fd >= 0)
        close (fd);
      model_file_fail (error, path, _ ("This file of the model cannot be read (%s)."),
                       g_strerror (code));
      return NULL;
    }

  file = g_new0 (ModelFile, 1);
  file->path = g_strdup (path);
  file->fd = fd;
  file->info = info;
  return file;
}

void
model_file_close (ModelFile *file)
{
  if (!file)
    return;
  close (file->fd);
  g_free (file->path);
  g_free (file);
}

guint64
model_file_get_length (const ModelFile *file)
{
  return file->info.st_size;
}

gboolean
model_file_read (ModelFile *file, guint64 offset, void *bytes, gsize n, GError **error)
{
  guint8 *to = bytes;

  g_return_val_if_fail (
    n <= model_file_get_length (file) && offset <= model_file_get_length (file) - n, FALSE);

  if (lseek (file->fd, (off_t) offset, SEEK_SET) < 0)
    return fail_by_system (error, file->path, errno);
  while (n > 0)
    {
      const gssize got = read (file->fd, to, MIN (n, MAX_READ));

      if (got == 0)
        return fail_as_changed (error, file->path);
      if (got < 0 && errno != EINTR)
        return model_file_fail (
          error, file->path, _ ("This file of the model cannot be read (%s)."), g_strerror (errno));
      if (got > 0)
        {
          to += got;
          n -= got;
        }
    }
  return TRUE;
}

gboolean
model_file_check_unchanged (const ModelFile *file, GError **error)
{
  struct stat now;

  if (fstat (file->fd, &now) == 0 && now.st_size == file->info.st_size &&
      now.st_mtim.tv_sec == file->info.st_mtim.tv_sec &&
      now.st_mtim.tv_nsec == file->info.st_mtim.tv_nsec)
    return TRUE;
  return fail_as_changed (error, file->path);
}

/* --- Links ---------------------------------------------------------------- */

static gboolean
is_below (const char *folder, const char *path)
{
  const gsize n = strlen (folder);

  return strncmp (folder, path, n) == 0 && (path[n] == '/' || (n > 0 && folder[n - 1] == '/'));
}

gboolean
model_file_check_inside (const char *folder, const char *path, GError **error)
{
  char    *own = realpath (folder, NULL);
  char    *target = realpath (path, NULL);
  char    *snapshots = own ? g_path_get_dirname (own) : g_strdup ("");
  char    *revision_of = g_path_get_basename (snapshots);
  char    *blobs = g_build_filename (snapshots, "..", "blobs", NULL);
  char    *cache = realpath (blobs, NULL);
  gboolean inside = !own || !target || is_below (own, target) ||
                    (strcmp (revision_of, "snapshots") == 0 && cache && is_below (cache, target));

  free (own);
  free (target);
  free (cache);
  g_free (snapshots);
  g_free (revision_of);
  g_free (blobs);
  return inside || model_file_fail (error, path,
                                    _ ("This is a link to a file outside the model's folder: put "
                                       "the file itself here."));
}
