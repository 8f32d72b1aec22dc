/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * local-mean.h: keeps the brightness and colour of the surroundings of every pixel when noise
 * is taken out. Noise averages away over about 54² pixels. The network's own error does not:
 * it differs from window to window, as the group norms see other pixels there. So the local
 * mean of the residual is put back.
 *
 * Noise that was clipped at black and white has a mean that is not 0: E[clip (x + σz)] = x +
 * b(x). That much of the residual stays removed, as far as the picture shows noise of
 * that strength there, and no values beyond 0…1.
 */
#pragma once

#include "diffusion.h"

/* picture: what the network was shown, n_channels × height × width, 0…1 and somewhat
 * beyond; x0: its estimate without noise, 0…1, corrected in place. alpha (height ×
 * width): pixels where it is 0 do not count. sigma, of the noise: above 0, in the range
 * 0…1. Error: DIFFUSION_ERROR_MEMORY. */
gboolean local_mean_keep (DiffusionWorkers *workers,
                          int               width,
                          int               height,
                          int               n_channels,
                          const float      *picture,
                          const float      *alpha,
                          float             sigma,
                          float            *x0,
                          GCancellable     *cancel,
                          GError          **error);
