/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * timesteps.h: at which times a run of few steps stops on its way from t_start
 * to the clean picture, t = −1.
 */
#pragma once

#include "process/schedule.h"

/* The time with `remaining` (0…steps) reverse steps to go; 0: −1. Falls strictly as
 * `remaining` does. The run begins at the time of remaining = steps: t_start, but with
 * leading spacing, which begins a step lower; there `offset` is added to all times but
 * the last, as far as t_start allows. A t_start too low for a spacing has trailing.
 * Of DIFFUSION_SPACING_…, all but MODEL. */
double timesteps_get (const Schedule  *schedule,
                      DiffusionSpacing spacing,
                      int              offset,
                      double           t_start,
                      int              steps,
                      int              remaining);
