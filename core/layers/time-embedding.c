/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * time-embedding.c: what networks are told of the timestep.
 */
#include "layers/time-embedding.h"

#include <math.h>

void
time_embedding_sinusoids (float   *out,
                          int      channels,
                          gboolean flip_sin_to_cos,
                          double   freq_shift,
                          double   t)
{
  const int half = channels / 2;
  float    *sines = out + (flip_sin_to_cos ? half : 0);
  float    *cosines = out + (flip_sin_to_cos ? 0 : half);

  for (int i = 0; i < half; i++)
    {
      const float exponent = (float) -log (10000.0) * i / (float) (half - freq_shift);
      const float phase = (float) t * expf (exponent);

      sines[i] = sinf (phase);
      cosines[i] = cosf (phase);
    }
}

void
time_embedding_fourier (float *out, int n, const float *frequencies, double t)
{
  for (int i = 0; i < n; i++)
    {
      const float phase = logf (t) * frequencies[i] * 2.0f * (float) G_PI;

      out[i] = sinf (phase);
      out[n + i] = cosf (phase);
    }
}
