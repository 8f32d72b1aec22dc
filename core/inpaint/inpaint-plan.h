/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-plan.h: all that a run of Inpaint will do, before it does it: the parts of
 * the selection, the scales of each, the network's work at each.
 */
#pragma once

#include "picture/canvas.h"
#include "model/model.h"
#include "picture/scales.h"

/* One run of the reverse process at one scale. */
typedef struct
{
  int           scale;
  DiffusionRect area;       /* what is computed, pixels of the scale */
  double        t_start;    /* at most, where it refines */
  double        refining;   /* σ at the start over the detail around (scales.h), where the
                                * result of the stage before is refined; 0 where there is none,
                                * or only its place as the guess is taken */
  double        ending;     /* σ of the last evaluation over that at the start; 0: as the
                                * spacing has it */
  int           look;       /* k: the k-th look at this scale; 0: no look, something is drawn */
  double        relaxation; /* ω of a look after the first: its result is as many times as far
                                * from its guess as x̂_0; 1/k for a mean of k, above 1 beyond x̂_0 */
  double        relaxation_colour; /* the same for what the channels differ by */
  int           steps;             /* reverse steps */
  int           n_evaluations;     /* passes of resampling included */
  int           n_windows;         /* that the network sees in one of them (tiles.h) */
  int           window_width, window_height;
} InpaintStage;

/* The pixels that the network sees in one evaluation. */
static inline gint64
inpaint_stage_pixels (const InpaintStage *stage)
{
  return (gint64) stage->n_windows * stage->window_width * stage->window_height;
}

typedef struct
{
  DiffusionRect rect; /* bounds of the selected pixels, drawable coordinates */
  int           n_stages;
  InpaintStage  stages[5 * SCALES_MAX]; /* the coarsest first, the last one at scale 0; a few
                                        * looks and what is drawn at each scale */
} InpaintPart;

typedef struct
{
  int     n_channels;    /* of the picture */
  GArray *parts;         /* InpaintPart, in the order in which they are done */
  int     n_evaluations; /* of all stages of all parts */
  gint64  n_pixels;      /* evaluations × pixels of all of them */
  gsize   bytes;         /* of the planes that are held at a time, beside the network's memory */
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
void         inpaint_plan_free (InpaintPlan *plan);

/* What it takes by n_threads workers. */
void inpaint_plan_cost (const InpaintPlan    *plan,
                        const DiffusionModel *model,
                        int                   n_threads,
                        DiffusionCost        *cost);
