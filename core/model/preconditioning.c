/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preconditioning.c: the skip around the guess.
 */
#include "model/preconditioning.h"

#include <math.h>

void
preconditioning_to_v (double       s,
                      double       alpha_bar,
                      gsize        n,
                      const float *x_t,
                      const float *y,
                      float       *v)
{
  const double d = s * s * alpha_bar + 1.0 - alpha_bar;
  const double noise = sqrt (1.0 - alpha_bar);
  const float  of_f = s / sqrt (d);
  const float  of_x_t = noise * sqrt (alpha_bar) * (1.0 - s * s) / d;
  const float  of_y = -noise / d;

  for (gsize i = 0; i < n; i++)
    v[i] = of_f * v[i] + of_x_t * x_t[i] + of_y * y[i];
}
