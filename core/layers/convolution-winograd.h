/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-winograd.h: 3×3 convolution by Winograd's F(4×4, 3×3); CONVOLUTION_METHOD_WINOGRAD behind
 * convolution_size and convolution_begin (convolve.h).
 */
#pragma once

#include "layers/convolution.h"

void winograd_size (const Convolution *convolution, int width, int height, WorkspaceSize *size);
void winograd_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases);
