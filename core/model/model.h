/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model.h: a loaded model seen from the samplers: its schedule, what it
 * predicts, and one evaluation on a window of any size.
 */
#pragma once

#include "network/network.h"
#include "process/schedule.h"

const Schedule        *model_get_schedule (const DiffusionModel *model);
const SchedulerConfig *model_get_scheduler_config (const DiffusionModel *model);
const NetworkShape    *model_get_shape (const DiffusionModel *model);

/* What evaluations on n_windows windows of width × height by n_threads workers take:
 * their number, the macs, and the bytes of the model with its maps. */
void model_cost (const DiffusionModel *model,
                 int                   n_threads,
                 int                   width,
                 int                   height,
                 guint64               n_windows,
                 DiffusionCost        *cost);

/* Pixels: windows are padded to multiples of this. */
int model_get_multiple (const DiffusionModel *model);

/* The planes of one evaluation: as many as the network has colours, the prediction;
 * twice as many where the variance is learned, the others saying where in its range
 * it lies (−1: β̃, 1: β). */
int model_get_n_outputs (const DiffusionModel *model);

/* How a window is shown to the network: first it goes on as its own mirror image to width ×
 * height, then it is mirrored. The prediction is that of the window as it is. */
typedef struct
{
  int      width, height;
  gboolean mirror_x, mirror_y; /* left and right, top and bottom exchanged */
} ModelView;

/* Adds what was done beside the network to diffusion_model_get_work(). */
void model_add_work (DiffusionModel *model, double macs);

/* One evaluation at the real timestep t. Planes of height × width floats in
 * the −1…1 range: x_t and y (a plane for each of the network's colours) and m (1);
 * y and m for mask-aware models, else NULL.
 * NULL for a mask-aware model: nothing is known (m = 1, y = 0), as in Denoise.
 * `view`: NULL, the window as it is.
 * out (model_get_n_outputs): ε̂, x̂_0, v̂ or μ̂ as the model predicts. Pads (reflection;
 * m = 1), folds, evaluates, unfolds, crops. Models without conditioning are fed
 * max(t, 0). */
gboolean model_predict (DiffusionModel   *model,
                        DiffusionWorkers *workers,
                        int               width,
                        int               height,
                        const ModelView  *view,
                        const float      *x_t,
                        const float      *y,
                        const float      *m,
                        double            t,
                        float            *out,
                        GCancellable     *cancel,
                        GError          **error);
