/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory.c: how much memory this process may still take. The least of what the
 * machine, the control groups that the process is in, and its limit of address
 * space leave it. Where nothing is told nothing is refused.
 */
#include "base/memory.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#ifdef G_OS_UNIX
#include <sys/resource.h>
#include <unistd.h>
#endif

/* --- Texts ---------------------------------------------------------------- */

/* The number behind `name` at the start of a line; FALSE when there is none. */
static gboolean
find_number (const char *text, const char *name, guint64 *number)
{
  gsize length = strlen (name);

  for (const char *line = text; line; line = strchr (line, '\n'))
    {
      if (*line == '\n')
        line++;
      if (strncmp (line, name, length) == 0 && g_ascii_isspace (line[length]))
        {
          *number = g_ascii_strtoull (line + length, NULL, 10);
          return TRUE;
        }
    }
  return FALSE;
}

guint64
memory_from_meminfo (const char *text)
{
  guint64 available, swap = 0;

  if (!find_number (text, "MemAvailable:", &available))
    return MEMORY_UNKNOWN;
  find_number (text, "SwapFree:", &swap);
  available = MIN (available, G_MAXUINT64 / 4096) * 1024;
  return available + MIN (swap, G_MAXUINT64 / 4096) * 1024;
}

guint64
memory_from_cgroup (const char *limit, const char *usage, const char *stat)
{
  guint64 most, used, active = 0, inactive = 0;

  if (!limit || !usage || !g_ascii_isdigit (*limit) || !g_ascii_isdigit (*usage))
    return MEMORY_UNKNOWN;

  most = g_ascii_strtoull (limit, NULL, 10);
  used = g_ascii_strtoull (usage, NULL, 10);
  if (stat)
    {
      /* The sums over the groups inside have another name in version 1. */
      if (!find_number (stat, "total_active_file", &active))
        find_number (stat, "active_file", &active);
      if (!find_number (stat, "total_inactive_file", &inactive))
        find_number (stat, "inactive_file", &inactive);
    }
  used -= MIN (used, active);
  used -= MIN (used, inactive);
  if (most > G_MAXINT64 / 2)
    return MEMORY_UNKNOWN;
  return most - MIN (most, used);
}

/* --- The system ----------------------------------------------------------- */

static char *
read_text (const char *path)
{
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static char *
read_in (const char *folder, const char *name)
{
  char *path = g_build_filename (folder, name, NULL);
  char *text = read_text (path);

  g_free (path);
  return text;
}

static guint64
from_machine (void)
{
  char   *text = read_text ("/proc/meminfo");
  guint64 bytes = text ? memory_from_meminfo (text) : MEMORY_UNKNOWN;

  g_free (text);
  return bytes;
}

/* The group PATH below `root` and those around it: each may set a limit. */
static guint64
from_groups (const char *root, const char *path, const char *limit_name, const char *usage_name)
{
  guint64 least = MEMORY_UNKNOWN;
  char   *group = g_strdup (path);

  for (;;)
    {
      char    *folder = g_build_filename (root, group, NULL);
      char    *limit = read_in (folder, limit_name);
      char    *usage = read_in (folder, usage_name);
      char    *stat = read_in (folder, "memory.stat");
      char    *parent = g_path_get_dirname (group);
      gboolean at_root = strcmp (parent, group) == 0;

      least = MIN (least, memory_from_cgroup (limit, usage, stat));
      g_free (folder);
      g_free (limit);
      g_free (usage);
      g_free (stat);
      g_free (group);
      group = parent;
      if (at_root)
        break;
    }
  g_free (group);
  return least;
}

/* A line of /proc/self/cgroup is NUMBER:CONTROLLERS:PATH; in version 2 of
 * control groups there is one, without controllers. */
static guint64
from_control_groups (void)
{
  char   *text = read_text ("/proc/self/cgroup");
  char  **lines = g_strsplit (text ? text : "", "\n", -1);
  guint64 least = MEMORY_UNKNOWN;

  for (int i = 0; lines[i]; i++)
    {
      char **parts = g_strsplit (lines[i], ":", 3);

      if (g_strv_length (parts) == 3 && parts[2][0] == '/')
        {
          char **controllers = g_strsplit (parts[1], ",", -1);

          if (parts[1][0] == '\0')
            least =
              MIN (least, from_groups ("/sys/fs/cgroup", parts[2], "memory.max", "memory.current"));
          else if (g_strv_contains ((const char *const *) controllers, "memory"))
            least = MIN (least, from_groups ("/sys/fs/cgroup/memory", parts[2],
                                             "memory.limit_in_bytes", "memory.usage_in_bytes"));
          g_strfreev (controllers);
        }
      g_strfreev (parts);
    }
  g_strfreev (lines);
  g_free (text);
  return least;
}

/* What pointers of 32 bits reach where the kernel keeps most for itself. */
#define REACH_32 (G_GUINT64_CONSTANT (3) << 30)

/* What "ulimit -v" leaves, and no more than pointers reach. */
static guint64
from_address_space (void)
{
  guint64 reach = sizeof (gpointer) == 4 ? REACH_32 : MEMORY_UNKNOWN, left = reach;

#ifdef G_OS_UNIX
  struct rlimit limit;
  char         *text;

  if (getrlimit (RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    left = reach = MIN (reach, (guint64) limit.rlim_cur);
  if (reach == MEMORY_UNKNOWN)
    return reach;
  text = read_text ("/proc/self/statm"); /* in pages, the first number is the address space */
  if (text)
    {
      guint64 used = g_ascii_strtoull (text, NULL, 10) * (guint64) sysconf (_SC_PAGESIZE);

      left = reach - MIN (reach, used);
    }
  g_free (text);
#endif
  return left;
}

guint64
diffusion_memory_available (void)
{
  return MIN (MIN (from_machine (), from_control_groups ()), from_address_space ());
}

guint64
diffusion_memory_used (void)
{
  char   *text = read_text ("/proc/self/status");
  guint64 kilobytes = 0;

  if (text)
    find_number (text, "VmRSS:", &kilobytes);
  g_free (text);
  return kilobytes * 1024;
}

guint64
diffusion_memory_peak (void)
{
  /* Not getrusage(): on Linux it counts what the process was before exec, too. */
  char   *text = read_text ("/proc/self/status");
  guint64 kilobytes = 0;

  if (text)
    find_number (text, "VmHWM:", &kilobytes);
  g_free (text);
  return kilobytes * 1024;
}

gboolean
diffusion_memory_check (guint64 needed, guint64 available, GError **error)
{
  char *need, *there;

  if (needed <= available)
    return TRUE;

  need = g_format_size (needed);
  there = g_format_size (available);
  g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
               _ ("This takes about %s of memory and %s can be had: select less, choose a smaller "
                  "model, or close other programs."),
               need, there);
  g_free (need);
  g_free (there);
  return FALSE;
}
