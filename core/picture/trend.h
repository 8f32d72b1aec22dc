/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trend.h: the gradient under grain or a fine texture around a hole: the smooth surface (surface.h)
 * through what is known, where that holds nothing else but what is small. Taken away before the
 * hole is filled and put back after, it goes on through the hole, and what is copied into it
 * brings no brightness of its own.
 */
#pragma once

#include "diffusion.h"
#include "picture/surface.h"

typedef struct
{
  int     x, y; /* of the area, drawable coordinates */
  int     n_channels;
  Surface surfaces[3]; /* of its blocks */
  double  means[3];    /* that stay: of the surfaces over what is known */
} Trend;

/* Planes of `area`, drawable coordinates, −1…1; hole: 0 where a pixel is known. Goes by what is known
 * within `ring` pixels of the hole. FALSE: it holds more than a gradient and what is small. */
gboolean trend_find (Trend               *trend,
                     const DiffusionRect *area,
                     int                  n_channels,
                     const float         *picture,
                     const float         *hole,
                     int                  ring);

/* Of a channel in pixel (x, y) of the drawable; beyond what is near the hole as at its edge. */
float trend_at (const Trend *trend, int channel, int x, int y);

/* Adds it to planes of `area`, −1…1. */
void trend_add (const Trend *trend, const DiffusionRect *area, float *planes);
