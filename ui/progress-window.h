/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * progress-window.h: the window that shows a run: how far it is, the time left, the
 * live x̂_0, Cancel and "Stop here and keep this"; and then, where the user is to choose,
 * the results: thumbnails, the one chosen, Try Another, Discard and Keep. It shows and
 * never computes; it knows neither drawables nor models. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Signals: "cancel" and "keep" (no arguments), emitted once a run at most.
 * Closing the window or pressing Escape means cancel. "shown" (an int), while the user
 * chooses: which result the window shows now, -1: the original. */
#define PROGRESS_TYPE_WINDOW (progress_window_get_type ())
G_DECLARE_FINAL_TYPE (ProgressWindow, progress_window, PROGRESS, WINDOW, GtkDialog)

/* can_keep: FALSE hides "Stop here and keep this" (a run of one step). */
ProgressWindow *progress_window_new (const char *title, gboolean can_keep);

/* step of n_steps; fraction 0…1 of the work, which is what is told: steps of several passes
 * and parts are no measure; seconds_left < 0: not known yet. */
void progress_window_set_progress (ProgressWindow *window,
                                   int             step,
                                   int             n_steps,
                                   double          fraction,
                                   double          seconds_left);

/* A line of text above the bar, as "Estimating the noise…". */
void progress_window_set_status (ProgressWindow *window, const char *text);

/* The live picture: width × height pixels of 3 bytes, sRGB; copied. */
void progress_window_set_picture (ProgressWindow *window, const guchar *rgb, int width, int height);

/* Another run begins: both ways out are open again. */
void progress_window_restart (ProgressWindow *window);

/* --- The results ------------------------------------------------------------ */

typedef enum
{
  PROGRESS_CHOICE_KEEP,
  PROGRESS_CHOICE_ANOTHER,
  PROGRESS_CHOICE_DISCARD
} ProgressChoice;

/* A result, as set_picture takes it; copied. name: as "Seed 7". */
void progress_window_add_result (ProgressWindow *window,
                                 const guchar   *rgb,
                                 int             width,
                                 int             height,
                                 const char     *name);

/* What is shown in place of the results while the user holds the picture or the button. */
void
progress_window_set_original (ProgressWindow *window, const guchar *rgb, int width, int height);

/* Lets the user choose: runs a main loop. Closing the window or Escape is DISCARD. */
ProgressChoice progress_window_choose (ProgressWindow *window, gboolean can_try_another);

/* Ends a choice from outside, as DISCARD. */
void progress_window_dismiss (ProgressWindow *window);

/* The number of the result that is chosen, in the order in which they were added. */
int progress_window_get_chosen (ProgressWindow *window);

G_END_DECLS
