/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * progress-window.h: the window that shows a run: step n of N, time left, the
 * live x̂_0, Cancel and "Stop here and keep this". It shows and never computes;
 * it knows neither drawables nor models. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Signals: "cancel" and "keep" (no arguments), emitted once each at most.
 * Closing the window or pressing Escape means cancel. */
#define PROGRESS_TYPE_WINDOW (progress_window_get_type ())
G_DECLARE_FINAL_TYPE (ProgressWindow, progress_window, PROGRESS, WINDOW, GtkDialog)

/* can_keep: FALSE hides "Stop here and keep this" (a run of one step). */
ProgressWindow *progress_window_new (const char *title, gboolean can_keep);

/* step of n_steps; fraction 0…1 of the work; seconds_left < 0: not known yet. */
void progress_window_set_progress (ProgressWindow *window,
                                   int             step,
                                   int             n_steps,
                                   double          fraction,
                                   double          seconds_left);

/* A line of text above the bar, as "Estimating the noise…". */
void progress_window_set_status (ProgressWindow *window, const char *text);

/* The live picture: width × height pixels of 3 bytes, sRGB; copied. */
void progress_window_set_picture (ProgressWindow *window, const guchar *rgb, int width, int height);

G_END_DECLS
