/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * window-place.h: a window opens where the user has left it: beside what is worked on, once
 * it has been moved there; and when it grows, it stays on the screen. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* For a window that is not shown yet. name: of the window, a key: letters and "-". Where the
 * desktop tells no places (Wayland), or the place is on no screen any more, GTK's own. */
void window_place_keep (GtkWindow *window, const char *name);

G_END_DECLS
