/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * camera-noise.h: how strong is noise that is not white?
 *
 * What a camera writes has been demosaiced, smoothed, sharpened and compressed: little of its
 * noise is left in the high frequencies and in the colours, and there is more of it in
 * mid-tones than in shadows and highlights. So it is sought in the middle frequencies of
 * the lightness, for each brightness by itself, at two sizes.
 */
#pragma once

#include "denoise/noise-windows.h"

/* Sets the levels of `noise` from windows of a region and of the same at half its size, where
 * no white noise worth mentioning was found; noise->sigma is then what there is of it. In a
 * photograph that shows no noise they are small, as a trace of it always remains. */
void
camera_noise_measure (const NoiseWindows *full, const NoiseWindows *half, DiffusionNoise *noise);
