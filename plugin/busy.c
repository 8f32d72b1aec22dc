/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * busy.c: see busy.h.
 *
 * The mark holds the number of the process. One that was killed cannot take its mark away,
 * so a mark counts only while there is such a process.
 */
#include "busy.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#ifdef G_OS_UNIX
#include <signal.h>
#include <unistd.h>
#endif

#define MARK "diffusion-running"

#ifdef G_OS_UNIX

static gboolean
is_running (const GimpParasite *mark)
{
  guint32       size = 0;
  gconstpointer data = gimp_parasite_get_data ((GimpParasite *) mark, &size);
  char         *text = g_strndup (data, size);
  gint64        pid = g_ascii_strtoll (text, NULL, 10);

  g_free (text);
  return pid > 0 && pid <= G_MAXINT32 && pid != getpid () && kill ((pid_t) pid, 0) == 0;
}

gboolean
busy_begin (GimpDrawable *drawable, GError **error)
{
  GimpItem     *item = GIMP_ITEM (drawable);
  GimpParasite *mark = gimp_item_get_parasite (item, MARK);
  gboolean      is_busy = mark && is_running (mark);
  char         *text;

  g_clear_pointer (&mark, gimp_parasite_free);
  if (is_busy)
    {
      g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("A filter of this plug-in is at work on this layer: wait for it, or "
                              "cancel it in its window."));
      return FALSE;
    }

  text = g_strdup_printf ("%d", (int) getpid ());
  mark = gimp_parasite_new (MARK, 0, (guint32) strlen (text) + 1, text);
  gimp_item_attach_parasite (item, mark);
  gimp_parasite_free (mark);
  g_free (text);
  return TRUE;
}

#else /* processes have other names there */

gboolean
busy_begin (GimpDrawable *drawable, GError **error)
{
  return TRUE;
}

#endif

void
busy_end (GimpDrawable *drawable)
{
  if (gimp_item_is_valid (GIMP_ITEM (drawable)))
    gimp_item_detach_parasite (GIMP_ITEM (drawable), MARK);
}
