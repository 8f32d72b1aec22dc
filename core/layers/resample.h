/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * resample.h: a feature map halved or enlarged twofold, as residual blocks
 * that change the size do it.
 */
#pragma once

#include "layers/map.h"
#include "layers/phases.h"
#include "layers/workspace.h"

/* result = r (f (source)), r the mean of 2×2 pixels, or each pixel four times,
 * as the sizes of the maps say. The result's moments are not noted: no layer
 * normalises such a map. */
typedef struct
{
  const Map   *source;
  const float *scale, *shift; /* f: activation (x · scale + shift); NULL: f (x) = x */
  Activation   activation;
  Map         *result;
} ResampleJob;

/* What a run on a result `width` pixels wide will need. */
void resample_size (int width, WorkspaceSize *size);

/* What is to be done, by `workspace`, which like all that the job names stays until then. */
void resample_begin (const ResampleJob *job, const Workspace *workspace, Phases *phases);
