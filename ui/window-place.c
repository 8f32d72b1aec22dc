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

static void
save (GtkWindow *window)
{
  const char *name = g_object_get_data (G_OBJECT (window), "place-name");
  char       *path = file_path (), *folder = g_path_get_dirname (path);
  GKeyFile   *file = g_key_file_new ();
  int         place[2];

  gtk_window_get_position (window, &place[0], &place[1]);
  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  g_key_file_set_integer_list (file, GROUP, name, place, 2);
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
  g_object_set_data_full (G_OBJECT (window), "place-name", g_strdup (name), g_free);
  restore (window, name);
  g_signal_connect (window, "unmap", G_CALLBACK (save), NULL);
}
