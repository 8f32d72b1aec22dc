/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * numbers.h: random floats and their comparison, for the tests of the kernels
 * and of the layers made of them.
 */
#pragma once

#include <math.h>

#include "layers/workspace.h"

/* Aligned floats, −scale…scale. */
static inline float *
random_new (GRand *rand, gsize n, double scale)
{
  float *values = aligned_new (n, NULL);

  g_assert_nonnull (values);
  for (gsize i = 0; i < n; i++)
    values[i] = g_rand_double_range (rand, -scale, scale);
  return values;
}

static inline double
rms (const float *values, gsize n)
{
  double sum = 0.0;

  for (gsize i = 0; i < n; i++)
    sum += (double) values[i] * values[i];
  return sqrt (sum / MAX (n, 1));
}

/* max |a − b| ≤ tolerance · RMS (b). */
static inline void
assert_close (const float *a, const float *b, gsize n, double tolerance, const char *what)
{
  const double limit = tolerance * rms (b, n);

  for (gsize i = 0; i < n; i++)
    if (!(fabs ((double) a[i] - b[i]) <= limit))
      g_error ("%s: element %" G_GSIZE_FORMAT " is %.9g, expected %.9g ± %.2g", what, i, a[i], b[i],
               limit);
}
