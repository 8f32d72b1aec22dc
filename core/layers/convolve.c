/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolve.c: see convolve.h.
 */
#include "layers/convolve.h"

#include "layers/convolution-direct.h"
#include "layers/convolution-winograd.h"

void
convolution_size (const Convolution *convolution,
                  const Convolution *shortcut,
                  int                width,
                  int                height,
                  WorkspaceSize     *size)
{
  if (convolution_is_winograd (convolution->method))
    winograd_size (convolution, width, height, size);
  else
    direct_size (convolution, shortcut, width, height, size);
}

void
convolution_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases)
{
  g_return_if_fail (!job->shortcut || (job->shortcut->method == CONVOLUTION_METHOD_BF16X2) ==
                                        (job->convolution->method == CONVOLUTION_METHOD_BF16X2));

  if (convolution_is_winograd (job->convolution->method))
    winograd_begin (job, workspace, phases);
  else
    direct_begin (job, workspace, phases);
}
