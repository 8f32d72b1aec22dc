/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * time-left.c: see time-left.h.
 */
#include "time-left.h"

#include <glib/gi18n-lib.h>

char *
time_left_describe (double seconds)
{
  int n;

  if (seconds < 0.0)
    return g_strdup ("");

  if (seconds < 55.0)
    {
      n = seconds < 10.0 ? (int) (seconds + 0.5) : 5 * (int) (seconds / 5.0 + 0.5);
      if (n < 1)
        return g_strdup (_ ("almost done"));

      return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "about %d second left", "about %d seconds left", n), n);
    }

  if (seconds < 55.0 * 60.0)
    {
      n = MAX (1, (int) (seconds / 60.0 + 0.5));
      return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "about %d minute left", "about %d minutes left", n), n);
    }

  n = MAX (1, (int) MIN (seconds / 3600.0 + 0.5, 1e6));
  return g_strdup_printf (
    g_dngettext (GETTEXT_PACKAGE, "about %d hour left", "about %d hours left", n), n);
}
