/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * time-embedding.h: what networks are told of the timestep.
 */
#pragma once

#include <glib.h>

/* The sinusoids of get_timestep_embedding in diffusers (Vaswani et al. 2017,
 * section 3.5): frequencies 10000^(−i / (half − freq_shift)), half = channels / 2,
 * sines first or, flipped, cosines first; an odd last channel is left as it is. In
 * single precision at the places where PyTorch rounds, since at t = 999 the rounding
 * of a frequency moves the phase by 1e-4. */
void time_embedding_sinusoids (float   *out,
                               int      channels,
                               gboolean flip_sin_to_cos,
                               double   freq_shift,
                               double   t);

/* GaussianFourierProjection (Song et al. 2021, appendix C): 2π · log (t) times each of
 * n frequencies, sines before cosines; rounded likewise, for the phases reach
 * thousands. t > 0; out: 2n. */
void time_embedding_fourier (float *out, int n, const float *frequencies, double t);
