/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.h: one task on one drawable, from the pixels in GIMP to the pixels in
 * GIMP: what the image procedures do once and the batch procedures per file.
 */
#pragma once

#include <libgimp/gimp.h>

#include "job.h"

G_BEGIN_DECLS

/* A model in memory and the threads that run it. */
typedef struct
{
  char             *folder;
  DiffusionModel   *model;   /* NULL until it is needed */
  DiffusionWorkers *workers;
} Engine;

/* `model_folder` is taken over. Nothing is loaded yet. */
Engine *engine_new (char *model_folder);
void engine_free (Engine *engine);

/* A JobFunc with an Engine as its data: loads the model unless that is done. */
gboolean engine_load (gpointer engine, const DiffusionProgress *progress, GError **error);

/* Runs the task on the drawable, which has passed drawable_check(), and writes
 * the result. On success the task's automatic settings hold what was used.
 * view->preview is made here when view has a window. Errors: those of job.h
 * and drawable-commit.h. */
gboolean filter_apply (Engine        *engine,
                       GimpDrawable  *drawable,
                       Task          *task,
                       const char    *procedure_name,
                       const JobView *view,
                       GError       **error);

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
