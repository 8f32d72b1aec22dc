/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * direct.h: 3×3 convolution as it is defined; METHOD_DIRECT and METHOD_SPLIT
 * behind convolution_size and convolution_begin.
 */
#pragma once

#include "convolution.h"

void direct_size (const Convolution *convolution,
                  const Convolution *shortcut,
                  int                width,
                  int                height,
                  WorkspaceSize     *size);
void direct_begin (const ConvolutionJob *job, const Workspace *workspace, Passes *passes);
