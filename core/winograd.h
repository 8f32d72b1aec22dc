/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * winograd.h: 3×3 convolution by Winograd's F(4×4, 3×3); METHOD_WINOGRAD behind
 * convolution_size and convolution_begin.
 */
#pragma once

#include "convolution.h"

void winograd_size (const Convolution *convolution, int width, int height, WorkspaceSize *size);
void winograd_begin (const ConvolutionJob *job, const Workspace *workspace, Passes *passes);
