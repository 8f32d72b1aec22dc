/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * window-place.c: see window-place.h.
 *
 * Places are kept in gimp-diffusion/windows.ini of the user's GIMP folder. They are worth no
 * error: a file that is missing or damaged means that nothing is known.
 */
#include "window-place.h"

#include <libgimp/gimp.h>

#define GROUP "places"

static char *
file_path (void)
{
  return g_build_filename (gimp_directory (), "gimp-diffusion", "windows.ini", NULL);
}

/* Where the window is while it is seen: GTK forgets it with the end of that. */
typedef struct
{
  char    *name;
  gboolean is_known;
  int      place[2];
  int      height;
} Seen;

static void
free_seen (gpointer data)
{
  Seen *seen = data;

  g_free (seen->name);
  g_free (seen);
}

/* A window that has grown beyond the screen's lower edge goes up as far as it can; so does one
 * that opens there. What the user then moves there stays. */
static void
stay_on_screen (GtkWindow *window)
{
  GdkWindow   *surface = gtk_widget_get_window (GTK_WIDGET (window));
  GdkMonitor  *monitor = gdk_display_get_monitor_at_window (gdk_display_get_default (), surface);
  GdkRectangle area, frame;

  gdk_monitor_get_workarea (monitor, &area);
  gdk_window_get_frame_extents (surface, &frame);
  if (frame.y + frame.height > area.y + area.height)
    gtk_window_move (window, frame.x, MAX (area.y, area.y + area.height - frame.height));
}

static gboolean
note (GtkWindow *window, GdkEvent *event, Seen *seen)
{
  int height;

  if (gtk_widget_get_mapped (GTK_WIDGET (window)))
    {
      gtk_window_get_position (window, &seen->place[0], &seen->place[1]);
      gtk_window_get_size (window, NULL, &height);
      if (height > seen->height)
        stay_on_screen (window);
      seen->height = height;
      seen->is_known = TRUE;
    }
  return GDK_EVENT_PROPAGATE;
}

static void
save (GtkWindow *window, Seen *seen)
{
  char     *path, *folder;
  GKeyFile *file;

  if (!seen->is_known)
    return;

  path = file_path ();
  folder = g_path_get_dirname (path);
  file = g_key_file_new ();
  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  g_key_file_set_integer_list (file, GROUP, seen->name, seen->place, 2);
  g_mkdir_with_parents (folder, 0700);
  g_key_file_save_to_file (file, path, NULL);

  g_key_file_unref (file);
  g_free (folder);
  g_free (path);
}

static gboolean
is_on_screen (int x, int y)
{
  GdkDisplay *display = gdk_display_get_default ();

  for (int i = 0; i < gdk_display_get_n_monitors (display); i++)
    {
      GdkRectangle area, point = { x, y, 64, 32 }; /* so much of the title has to be seen */

      gdk_monitor_get_workarea (gdk_display_get_monitor (display, i), &area);
      if (gdk_rectangle_intersect (&area, &point, &point) && point.width == 64 &&
          point.height == 32)
        return TRUE;
    }
  return FALSE;
}

static void
restore (GtkWindow *window, const char *name)
{
  char     *path = file_path ();
  GKeyFile *file = g_key_file_new ();
  gsize     n = 0;
  int      *place = NULL;

  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    place = g_key_file_get_integer_list (file, GROUP, name, &n, NULL);
  if (n == 2 && is_on_screen (place[0], place[1]))
    {
      gtk_window_set_position (window, GTK_WIN_POS_NONE);
      gtk_window_move (window, place[0], place[1]);
    }

  g_free (place);
  g_key_file_unref (file);
  g_free (path);
}

void
window_place_keep (GtkWindow *window, const char *name)
{
  Seen *seen = g_new0 (Seen, 1);

  seen->name = g_strdup (name);
  g_object_set_data_full (G_OBJECT (window), "place-seen", seen, free_seen);
  restore (window, name);
  g_signal_connect (window, "configure-event", G_CALLBACK (note), seen);
  g_signal_connect_after (window, "map-event", G_CALLBACK (note), seen);
  g_signal_connect (window, "unmap", G_CALLBACK (save), seen);
}
