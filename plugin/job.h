/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * job.h: runs a job of core in a thread of its own and keeps the main loop
 * going until it has ended: GIMP's progress bar, and the progress window for
 * interactive runs. Main thread only.
 */
#pragma once

#include "preview.h"

G_BEGIN_DECLS

/* Called in the job's thread with what core's functions take. */
typedef gboolean (*JobFunc) (gpointer data, const DiffusionProgress *progress, GError **error);

typedef struct
{
  const char *window_title; /* NULL: no window, and no GTK at all */
  gboolean    can_keep;     /* the window offers "Stop here and keep this" */
  Preview    *preview;      /* nullable: the window's live picture */
  double      seconds;      /* that the job is expected to take; 0 or less: not known */
  double      start, share; /* the part of GIMP's progress bar that the job fills */
} JobView;

/* Errors: those of `func`; G_IO_ERROR_CANCELLED when the user cancelled. */
gboolean job_run (JobFunc func, gpointer data, const JobView *view, GError **error);

G_END_DECLS
