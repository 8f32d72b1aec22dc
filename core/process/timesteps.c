/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * timesteps.c: the spacings. "leading", "linspace" and "trailing" are diffusers'
 * words (compared in Lin et al. 2024, "Common diffusion noise schedules and sample steps
 * are flawed", table 2), here over real times.
 */
#include "process/timesteps.h"

#include <math.h>

/* Karras et al. 2022, eq. 5: σ^(1/ρ) in equal steps from σ(t_start) to σ_min, with their
 * ρ = 7; σ_min is the schedule's own least, at t = 0. */
static double
karras (const Schedule *schedule, double t_start, int steps, int remaining)
{
  const double rho = 7.0;
  double       max = schedule_sigma (schedule, t_start);
  double       from, to, u;

  if (isinf (max)) /* no signal at all at t_start: count from where there is some */
    max = schedule_sigma (schedule, t_start - 1.0);
  from = pow (max, 1.0 / rho);
  to = pow (schedule_sigma (schedule, 0.0), 1.0 / rho);
  u = (double) (steps - remaining) / (steps - 1);
  return schedule_t_of_sigma (schedule, pow (from + u * (to - from), rho));
}

double
timesteps_get (const Schedule  *schedule,
               DiffusionSpacing spacing,
               int              offset,
               double           t_start,
               int              steps,
               int              remaining)
{
  double even = (t_start + 1.0) / steps; /* a step of trailing */

  if (remaining == 0)
    return -1.0;

  /* Spacings that end at t = 0 need room above it. */
  if (t_start <= 0.0 || (spacing == DIFFUSION_SPACING_LEADING && even < 1.0))
    spacing = DIFFUSION_SPACING_TRAILING;

  if (spacing == DIFFUSION_SPACING_LEADING)
    return MIN ((remaining - 1) * even + MIN (offset, even - 1.0), t_start); /* rounding */
  if (remaining == steps)
    return t_start;

  switch (spacing)
    {
    case DIFFUSION_SPACING_LINSPACE:
      return t_start * (remaining - 1) / (steps - 1);
    case DIFFUSION_SPACING_QUADRATIC:
      return remaining * even * remaining / steps - 1.0;
    case DIFFUSION_SPACING_KARRAS:
      return karras (schedule, t_start, steps, remaining);
    default:
      return remaining * (t_start + 1.0) / steps - 1.0;
    }
}
