/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * job.h: runs a job of core in a thread of its own and keeps the main loop
 * going until it has ended: GIMP's progress bar, and the progress window of
 * interactive runs, which is the caller's. Main thread only.
 */
#pragma once

#include "canvas-layer.h"
#include "preview.h"
#include "progress-window.h"

G_BEGIN_DECLS

/* Called in the job's thread with what core's functions take. */
typedef gboolean (*JobFunc) (gpointer data, const DiffusionProgress *progress, GError **error);

typedef struct
{
  ProgressWindow *window;       /* NULL: none, and no GTK at all */
  Preview        *preview;      /* nullable: the window's live picture */
  CanvasLayer    *canvas;       /* nullable: the same on GIMP's canvas */
  GimpDrawable   *drawable;     /* nullable: when it goes away, the job is ended */
  double          seconds;      /* that the job is expected to take; 0 or less: not known */
  double          start, share; /* the part of GIMP's progress bar that the job fills */
  GCancellable   *cancel;       /* nullable: ends the job from outside */
  void (*tell) (gpointer data, double fraction); /* nullable: how far the job is */
  gpointer tell_data;
} JobView;

/* Errors: those of `func`; G_IO_ERROR_CANCELLED when the user cancelled; GIMP_PLUG_IN_ERROR
 * when the drawable went away. */
gboolean job_run (JobFunc func, gpointer data, const JobView *view, GError **error);

/* What is said when the drawable went away. */
GError *job_gone_error_new (void);

G_END_DECLS
