/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safe-file.c: see safe-file.h.
 */
#define _GNU_SOURCE /* renameat2 */

#include "safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libgimp/gimp.h>

#define PREFIX         ".gimp-diffusion-"
#define MIN_AGE        (10 * 60) /* seconds */
#define ROOM_AT_A_TIME (1 << 16)

/* --- Names ---------------------------------------------------------------- */

/* A folder may be shared by machines, each with its own processes. */
static guint
this_machine (void)
{
  return g_str_hash (g_get_host_name ());
}

GFile *
safe_file_new_temporary (GFile *file)
{
  GFile      *folder = g_file_get_parent (file);
  char       *name = g_file_get_basename (file);
  const char *dot = strrchr (name, '.');
  char       *hidden = g_strdup_printf (PREFIX "%08x-%d-%08x%s", this_machine (), (int) getpid (),
                                        g_random_int (), dot ? dot : "");
  GFile      *result = g_file_get_child (folder, hidden);

  g_free (hidden);
  g_free (name);
  g_object_unref (folder);
  return result;
}

static gboolean
is_left_behind (const char *path, const char *name)
{
  GStatBuf info;
  guint    machine;
  int      pid, end = 0;

  return sscanf (name, PREFIX "%8x-%d-%*8x%n", &machine, &pid, &end) == 2 && end > 0 &&
         machine == this_machine () && pid > 0 && kill (pid, 0) != 0 && errno == ESRCH &&
         g_lstat (path, &info) == 0 && S_ISREG (info.st_mode) &&
         g_get_real_time () / G_USEC_PER_SEC - (gint64) info.st_mtime > MIN_AGE;
}

void
safe_file_sweep (GFile *folder)
{
  const char *place = g_file_peek_path (folder);
  GDir       *dir = place ? g_dir_open (place, 0, NULL) : NULL;
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      char *path = g_build_filename (place, name, NULL);

      if (is_left_behind (path, name))
        g_unlink (path);
      g_free (path);
    }
  g_clear_pointer (&dir, g_dir_close);
}

/* --- The disk ------------------------------------------------------------- */

/* 0, or what the system says against so many bytes more. */
static int
try_room (const char *path, gsize room)
{
  static const char zeros[ROOM_AT_A_TIME];
  int               fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int               code = fd < 0 ? errno : 0;

  for (gsize n = 0; code == 0 && n < room;)
    {
      const gssize written = write (fd, zeros, MIN (sizeof zeros, room - n));

      if (written > 0)
        n += (gsize) written;
      else if (written == 0)
        code = ENOSPC;
      else if (errno != EINTR)
        code = errno;
    }
  if (code == 0 && fsync (fd) != 0)
    code = errno;
  if (fd >= 0 && close (fd) != 0 && code == 0)
    code = errno;
  if (fd >= 0)
    g_unlink (path);
  return code;
}

gboolean
safe_file_check_disk (GFile *folder, gsize room, GError **error)
{
  GFile      *file = g_file_get_child (folder, "room");
  GFile      *hidden = safe_file_new_temporary (file);
  const char *path = g_file_peek_path (hidden);
  const int   code = path ? try_room (path, room) : 0;

  g_object_unref (hidden);
  g_object_unref (file);
  if (code == 0)
    return TRUE;

  if (code == ENOSPC || code == EDQUOT)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("the disk of %s is full: free some space, then run it again"),
                 gimp_file_get_utf8_name (folder));
  else if (code == ENOENT || code == ENOTDIR)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("the folder %s has gone away"),
                 gimp_file_get_utf8_name (folder));
  else
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("nothing can be written into the folder %s: %s"),
                 gimp_file_get_utf8_name (folder), g_strerror (code));
  return FALSE;
}

static gboolean
flush_path (const char *path, int flags)
{
  const int fd = path ? g_open (path, flags | O_CLOEXEC, 0) : -1;
  gboolean  ok = fd >= 0 && (fsync (fd) == 0 || errno == EINVAL); /* no such thing there */

  if (fd >= 0)
    ok = close (fd) == 0 && ok;
  return ok;
}

gboolean
safe_file_flush (GFile *file)
{
  return g_file_peek_path (file) == NULL || flush_path (g_file_peek_path (file), O_RDONLY);
}

/* --- Renaming ------------------------------------------------------------- */

gboolean
safe_file_move (GFile *from, GFile *to, gboolean overwrite, GError **error)
{
  gboolean ok = FALSE;

#ifdef RENAME_NOREPLACE
  const char *old = g_file_peek_path (from), *new = g_file_peek_path (to);

  if (!overwrite && old && new)
    {
      if (renameat2 (AT_FDCWD, old, AT_FDCWD, new, RENAME_NOREPLACE) == 0)
        ok = TRUE;
      else if (errno == EEXIST)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _ ("%s exists"),
                       gimp_file_get_utf8_name (to));
          return FALSE;
        }
    }
#endif
  /* Where that is not known: looks first, and renames then. */
  ok = ok || g_file_move (from, to, overwrite ? G_FILE_COPY_OVERWRITE : G_FILE_COPY_NONE, NULL,
                          NULL, NULL, error);

  /* The name too shall outlive a power cut. */
  if (ok)
    {
      GFile *folder = g_file_get_parent (to);

      if (g_file_peek_path (folder))
        flush_path (g_file_peek_path (folder), O_RDONLY);
      g_object_unref (folder);
    }
  return ok;
}
