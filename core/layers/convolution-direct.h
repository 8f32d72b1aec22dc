/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-direct.h: 3×3 convolution as it is defined; CONVOLUTION_METHOD_DIRECT and CONVOLUTION_METHOD_BF16X2
 * behind convolution_size and convolution_begin.
 */
#pragma once

#include "layers/convolution.h"

void direct_size (const Convolution *convolution,
                  const Convolution *shortcut,
                  int                width,
                  int                height,
                  WorkspaceSize     *size);
void direct_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases);
