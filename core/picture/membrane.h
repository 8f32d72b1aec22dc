/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * membrane.h: the membrane that is stretched over a hole between the known pixels around it
 * (Laplace's equation), which is the fill where these hold no detail: one colour, a gradient.
 */
#pragma once

#include "diffusion.h"

/* Planes of height × width, n_channels of the picture, −1…1; hole: 0 where a pixel is known. */

/* Sets near[i], which is 0 before, to 1 within `ring` pixels of the hole to each side. */
void membrane_mark_near (int width, int height, const float *hole, int ring, guint8 *near);

/* TRUE when what is known within `ring` pixels of the hole is smooth: no pixel is far from the mean
 * of its neighbours, hardly any more than 8 bits round it to. Nothing known: FALSE. */
gboolean membrane_suits (int          width,
                         int          height,
                         int          n_channels,
                         const float *picture,
                         const float *hole,
                         int          ring);

/* Fills `picture` in place where `hole` is not 0. The membrane is stretched over what is left
 * when the smooth surface (surface.h) through the known pixels within `ring` of the hole is taken
 * away: so a gradient goes on to the picture's edge too, and a bent one through the hole. Where
 * the surface does not fit, nothing goes beyond the values around the hole. Error:
 * DIFFUSION_ERROR_MEMORY. */
gboolean membrane_fill (int          width,
                        int          height,
                        int          n_channels,
                        float       *picture,
                        const float *hole,
                        int          ring,
                        GError     **error);
