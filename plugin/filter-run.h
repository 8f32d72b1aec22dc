/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter-run.h: one run of a task on a drawable, as a job; and how it is called before the user.
 */
#pragma once

#include <libgimp/gimp.h>

#include "canvas-layer.h"
#include "preview.h"
#include "session.h"
#include "task.h"

G_BEGIN_DECLS

typedef struct
{
  Session     *session;
  Task        *task;
  DrawableIo  *io;
  Preview     *preview; /* NULL: nobody looks at the result */
  CanvasLayer *canvas;  /* nullable */
} FilterRun;

/* JobFunc, in the job's thread; `data` is the FilterRun. */
gboolean filter_run_job (gpointer data, const DiffusionProgress *progress, GError **error);

const char *filter_run_title (TaskKind kind);

/* As "Inpainting", in GIMP's own status bar. */
const char *filter_run_text (TaskKind kind);

/* Shows the text in GIMP's own status bar, which is empty then. */
void filter_run_begin_progress (const char *text);

G_END_DECLS
