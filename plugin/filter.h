/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.h: one task on one drawable, from the pixels in GIMP to the pixels in
 * GIMP: what the image procedures do once and the batch procedures per file.
 */
#pragma once

#include <libgimp/gimp.h>

#include "session.h"
#include "job.h"

G_BEGIN_DECLS

/* Runs the task on the drawable, which has passed drawable_check(), and writes
 * the result. On success the task's automatic settings hold what was used.
 * view->preview is made here when view has a window; without one, a line on
 * standard output tells before the run what it is expected to take, and one
 * after it what it took:
 *   gimp-diffusion: expects 12.3 s and 300 MB
 *   gimp-diffusion: took 11.0 s and 287 MB
 * Errors: those of forecast.h, before any work; job.h; drawable-commit.h. */
gboolean filter_apply (Session       *session,
                       GimpDrawable  *drawable,
                       Task          *task,
                       const char    *procedure_name,
                       const JobView *view,
                       GError       **error);

/* Whether a run in this mode may open windows. GIMP without any hands on every mode, and GTK would
 * end the process there. FALSE with an error: the mode cannot do without. */
gboolean filter_has_window (GimpRunMode run_mode, GError **error);

/* Once per process, before GEGL is used: see the .c file. */
void filter_init_gegl (void);

/* The run function of the image procedures; `data` is the TaskKind. */
GimpValueArray *filter_run (GimpProcedure       *procedure,
                            GimpRunMode          run_mode,
                            GimpImage           *image,
                            GimpDrawable       **drawables,
                            GimpProcedureConfig *config,
                            gpointer             data);

G_END_DECLS
