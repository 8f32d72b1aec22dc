/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.h: from coarse to fine. A hole wider than the network has learned to fill is
 * filled at a reduced scale first, where it is small enough; the result, enlarged, is
 * noised up to a small t at the next finer scale, and the reverse process adds what that
 * scale has more to show (as the cascades of Ho et al. 2022, "Cascaded diffusion models
 * for high fidelity image generation", do with a model for each scale, and SDEdit of Meng
 * et al. 2022 with a given picture).
 */
#pragma once

#include "network/network.h"
#include "process/schedule.h"

/* Scales of a picture: halved this often at most. */
#define SCALES_MAX 12

/* Pixels: what the network has learned to look at together, the size of the pictures it
 * was trained on; where it does not say, four pixels of its coarsest map. */
int scales_view (const NetworkShape *shape, int multiple);

/* How often a hole whose largest square has `square` pixels a side has to be halved until
 * it is at most half as wide as the view, so that as much is seen around it. */
int scales_halvings (int view, int square);

/* The t at which a picture reduced to `scale` is as far covered by noise as the picture
 * itself is at t: the mean of 4^scale pixels has 2^−scale of their σ. */
double scales_time (const Schedule *schedule, double t, int scale);

/* In common photographs, −1…1 range. */
#define SCALES_COMMON_DETAIL 0.05

/* The detail of a picture that its next coarser scale does not have: the mean over blocks
 * of 2×2 known pixels of their deviation from the block's mean. n_channels planes of
 * width × height, −1…1; m: 1 where a pixel is unknown, one plane. With nothing known,
 * SCALES_COMMON_DETAIL. */
double scales_detail (int width, int height, int n_channels, const float *picture, const float *m);

/* σ (−1…1 range) to which a result is noised that is to be refined: `refining` times the
 * detail around the hole, so that little is drawn into a sky, within what is of use. */
double scales_refining_sigma (double refining, double detail);

/* `coarse` (n_channels planes of `coarse_area`, in pixels of its scale, −1…1) twice as large,
 * by Catmull and Rom's cubic (1974) with half-pixel centres, in `area`, pixels of the next
 * finer scale, −1…1; what lies beyond coarse_area is its border, repeated. */
void scales_enlarge (const float         *coarse,
                     const DiffusionRect *coarse_area,
                     int                  n_channels,
                     const DiffusionRect *area,
                     float               *out);
