/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files-window.h: the window that shows a run over many files: which one, how far all of them
 * are, the time left, a line on each that is through, and Cancel. It shows and never computes.
 * Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Signal: "cancel" (no arguments), emitted once at most. Closing the window or pressing Escape
 * means cancel. */
#define FILES_TYPE_WINDOW (files_window_get_type ())
G_DECLARE_FINAL_TYPE (FilesWindow, files_window, FILES, WINDOW, GtkDialog)

FilesWindow *files_window_new (const char *title);

/* Which file is at work, as "3 of 12: a.png". */
void files_window_set_status (FilesWindow *window, const char *text);

/* fraction: 0…1 of all files; seconds_left < 0: not known yet. */
void files_window_set_progress (FilesWindow *window, double fraction, double seconds_left);

/* A line of the log, which scrolls to it. */
void files_window_add_line (FilesWindow *window, const char *text);

/* The end: says `text` in place of the status, and returns once the user has closed the window:
 * runs a main loop. */
void files_window_finish (FilesWindow *window, const char *text);

G_END_DECLS
