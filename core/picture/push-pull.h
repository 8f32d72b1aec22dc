/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * push-pull.h: push-pull fill (Gortler et al. 1996, "The lumigraph", section 3.4): a
 * smooth first guess of unknown pixels from a weighted pyramid of the known
 * ones. With sweeps after each enlargement it comes close to the membrane that is
 * stretched between the known pixels (Laplace's equation, solved from coarse to fine as in
 * multigrid), the mean of what may lie there were photographs random fields with a
 * spectrum of 1/f². Its arithmetic is part of a model's contract (`filled-image`,
 * `guess_sweeps`): models are trained with exactly this guess in the hole.
 */
#pragma once

#include "diffusion.h"

/* x: n_channels × height × width, filled in place; w: height × width, 0…1, 1
 * where a pixel is known. Known pixels stay as they are (but see push-pull.c on
 * pictures at most 2 pixels high or wide), unknown ones need a finite value that
 * has no influence. n_sweeps: 0 or more, after each enlargement. With no known
 * pixel at all the guess is 0. Error: DIFFUSION_ERROR_MEMORY. */
gboolean push_pull_fill (int          width,
                         int          height,
                         int          n_channels,
                         int          n_sweeps,
                         float       *x,
                         const float *w,
                         GError     **error);
