/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-plan.h: all that a run of Inpaint will do, before it does it: the parts of
 * the selection, the scales of each, the network's work at each.
 */
#pragma once

#include "picture/canvas.h"
#include "model/model.h"
#include "picture/scales.h"

typedef enum
{
  STAGE_PROCESS,  /* the network's reverse process, from noise or from what the strength leaves */
  STAGE_ESTIMATE, /* its first evaluation alone: x̂_0, the mean of all that may lie there */
  STAGE_REFINE,   /* its reverse process from the result of the stage before, noised */
  STAGE_PATCHES,  /* the picture's own patches (patch-fill.h); what it leaves to the next stage as
                   * unknown is the seams that show */
} InpaintStageKind;

/* One run of one expert at one scale. */
typedef struct
{
  InpaintStageKind kind;
  int              scale;
  DiffusionRect    area; /* what is computed, pixels of the scale */
  int    number;   /* of an estimate: the how many-th in a row; its result is their weighted mean */
  double t_start;  /* at most, where it refines */
  double refining; /* σ at the start over the detail around (scales.h) */
  double ending;   /* σ of the last evaluation over that at the start; 0: as the
                              * spacing has it */
  int    reach;    /* of patches: how far around the hole they come from */
  int    steps;    /* reverse steps */
  int    n_evaluations; /* passes of resampling included; of patches: rounds */
  int    n_windows;     /* that the network sees in one of them (tiles.h) */
  int    window_width, window_height;
  gint64 n_pixels; /* that the network sees in one of them, or could in the time */
  double macs;     /* of patches: of all rounds, as many as the network's in the time */
} InpaintStage;

typedef struct
{
  DiffusionRect rect; /* bounds of the selected pixels, drawable coordinates */
  int           n_stages;
  InpaintStage  stages[2 * SCALES_MAX]; /* the coarsest first, the last one at scale 0 */
} InpaintPart;

typedef struct
{
  int     n_channels;    /* of the picture */
  GArray *parts;         /* InpaintPart, in the order in which they are done */
  int     n_evaluations; /* of all stages of all parts */
  gint64  n_pixels;      /* evaluations × pixels of all of them */
  guint64 bytes;         /* of the planes that are held at a time, beside the network's memory */
} InpaintPlan;

/* The settings that `settings` leaves to the model, filled in; but `steps` stays 0 with a
 * mask-aware model: each part gets its own. */
DiffusionInpaintSettings inpaint_plan_settings (const DiffusionModel           *model,
                                                const DiffusionInpaintSettings *settings);

/* The plan for what is selected in `canvas`; `settings` as filled in. Depends on the
 * selection, the settings and the model's configuration alone. */
InpaintPlan *inpaint_plan_new (const DiffusionModel           *model,
                               const Canvas                   *canvas,
                               const DiffusionInpaintSettings *settings);

/* The same part by the network alone, where there are no patches to take. */
InpaintPart inpaint_plan_without_patches (const DiffusionModel           *model,
                                          const Canvas                   *canvas,
                                          const DiffusionInpaintSettings *settings,
                                          const InpaintPart              *part);
void        inpaint_plan_free (InpaintPlan *plan);

/* What it takes by n_threads workers. */
void inpaint_plan_cost (const InpaintPlan    *plan,
                        const DiffusionModel *model,
                        int                   n_threads,
                        DiffusionCost        *cost);
