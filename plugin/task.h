/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * task.h: what the user asked for, one of the two pipelines of core with its
 * settings. A plain value: copy it by assignment.
 */
#pragma once

#include "diffusion.h"

G_BEGIN_DECLS

typedef enum
{
  TASK_INPAINT,
  TASK_DENOISE,
} TaskKind;

typedef enum
{
  OUTPUT_IN_PLACE,
  OUTPUT_NEW_LAYER,
} TaskOutput;

/* What becomes of the selection before it is filled. */
typedef struct
{
  int    grow;    /* pixels, below 0: it is shrunk */
  double feather; /* pixels over which its edge becomes soft */
} HoleShape;

typedef struct
{
  TaskKind                 kind;
  TaskOutput               output;
  HoleShape                hole;          /* when kind is TASK_INPAINT */
  gboolean                 sample_merged; /* then too: the surroundings are those of the visible
                                           * image, not of the drawable */
  int                      source;        /* then too: the id of the drawable that says where
                                           * patches come from; 0: none */
  DiffusionInpaintSettings inpaint;       /* when kind is TASK_INPAINT */
  DiffusionDenoiseSettings denoise;       /* when kind is TASK_DENOISE */
  gboolean                 stopped;       /* the run was ended by the user before its end */
} Task;

/* Runs the task on `region`. On success its automatic settings hold what was
 * used. Errors: those of diffusion_inpaint() and diffusion_denoise(). */
gboolean task_run (Task                    *task,
                   DiffusionModel          *model,
                   DiffusionWorkers        *workers,
                   const DiffusionSource   *source,
                   const DiffusionSink     *sink,
                   const DiffusionRect     *region,
                   const DiffusionProgress *progress,
                   GError                 **error);

/* Denoise: the pixels of `part` (inside `region`) alone, to the bit as task_run() of the whole
 * region makes them. */
gboolean task_run_part (Task                    *task,
                        DiffusionModel          *model,
                        DiffusionWorkers        *workers,
                        const DiffusionSource   *source,
                        const DiffusionSink     *sink,
                        const DiffusionRect     *region,
                        const DiffusionRect     *part,
                        const DiffusionProgress *progress,
                        GError                 **error);

/* The noise that a Denoise of `region` with automatic settings finds. `cancel` may be NULL. */
gboolean task_measure (const Task            *task,
                       const DiffusionSource *source,
                       const DiffusionRect   *region,
                       GCancellable          *cancel,
                       DiffusionNoise        *noise,
                       GError               **error);

/* What task_run() with n_threads workers will take. Errors: as there. */
gboolean task_cost (const Task            *task,
                    const DiffusionModel  *model,
                    int                    n_threads,
                    const DiffusionSource *source,
                    const DiffusionRect   *region,
                    DiffusionCost         *cost,
                    GError               **error);

/* TRUE when the settings ask for a result that is the picture as it is. */
gboolean task_changes_nothing (const Task *task);

/* TRUE when another seed gives another result. */
gboolean task_draws_noise (const Task *task);

guint32 task_get_seed (const Task *task);
void    task_set_seed (Task *task, guint32 seed);

/* TRUE when the run can be stopped between steps with a result worth keeping. */
gboolean task_has_steps (const Task *task);

/* The settings by their argument names, as a dictionary "a{sv}" of doubles,
 * ints and strings, in the order in which the procedure declares them. The
 * model is not part of it. Free with g_variant_unref(). */
GVariant *task_get_settings (const Task *task);

/* What a run of Denoise found, in words for the user; NULL for Inpaint and where the noise was
 * told. Free with g_free(). */
char *task_describe_found (const Task *task);

/* The same in one line of text: "strength 1, steps 20, sampler ddim, …". */
char *task_describe (const Task *task);

G_END_DECLS
