/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-planes.h: what a stage of Inpaint (inpaint-plan.h) begins with: the picture of its
 * scale, a guess of what is unknown, the times at which pixels join the process.
 */
#pragma once

#include "inpaint/inpaint-plan.h"

/* The planes of one stage's area, height × width, of colours n_channels times as many in
 * −1…1. All 0: none. */
typedef struct
{
  const InpaintStage *stage;
  int                 n_channels;
  gsize               size;               /* pixels */
  double              t_start, sigma_end; /* of the process (reverse-process.h) */
  float              *clean; /* what the process starts from: the picture, the guess or the
                              * coarser result where nothing of it may be used */
  float              *y;     /* the picture, the guess where m = 1 */
  float              *m;     /* 1: unknown */
  float              *start; /* the strength at which a pixel starts (canvas_read) */
  float              *join;  /* when it joins the process */
  float              *x_t;   /* not set */
  float              *x0;    /* the result, should the process make none */
  float              *seams; /* of patches: their result's seams that show; else NULL */
} InpaintPlanes;

/* Borrows the stage. `before`: of the stage before, with its result in x0, of which this one
 * makes something better; is cleared. NULL: this is the first of its part. Errors: the
 * source's, DIFFUSION_ERROR_MEMORY, cancellation; then both are left to be cleared. */
gboolean inpaint_planes_begin (InpaintPlanes        *planes,
                               const InpaintStage   *stage,
                               const DiffusionModel *model,
                               const Canvas         *canvas,
                               double                strength,
                               InpaintPlanes        *before,
                               GError              **error);
void     inpaint_planes_clear (InpaintPlanes *planes);
