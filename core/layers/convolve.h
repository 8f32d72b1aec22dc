/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolve.h: runs a 3×3 convolution by the method that was chosen for it.
 */
#pragma once

#include "layers/convolution.h"

/* What a run on a result of width × height will need. Not for 1×1. */
void convolution_size (const Convolution *convolution,
                       const Convolution *shortcut, /* or NULL */
                       int                width,
                       int                height,
                       WorkspaceSize     *size);

/* What is to be done, by `workspace`, which like all that the job names stays until
 * then. A shortcut's method is CONVOLUTION_METHOD_BF16X2 where the convolution's is, else
 * CONVOLUTION_METHOD_DIRECT. */
void convolution_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases);
