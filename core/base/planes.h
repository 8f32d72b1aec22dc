/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * planes.h: planar float pictures: memory that scales with the picture, the
 * change between the picture's range and the network's, and windows cut out.
 */
#pragma once

#include "diffusion.h"

/* n_planes × height × width floats, to be freed with g_free; all sizes ≥ 1.
 * NULL and DIFFUSION_ERROR_MEMORY when they are not to be had. */
float *planes_new (int width, int height, int n_planes, GError **error);

/* A value of the picture limited to 0…1; what is not a number counts as 0. */
static inline float
planes_clip (float v)
{
  return v > 0.0f ? (v < 1.0f ? v : 1.0f) : 0.0f;
}

/* −1…1 of the network → 0…1, clipped. */
static inline float
planes_from_network (float v)
{
  return planes_clip (0.5f * v + 0.5f);
}

/* Copies `window` (in coordinates of the source planes, inside them) out of
 * n_planes planes of source_width × source_height. */
void planes_cut (const float         *source,
                 int                  source_width,
                 int                  source_height,
                 int                  n_planes,
                 const DiffusionRect *window,
                 float               *out);

/* TRUE when `inner` is not empty and lies inside 0…width, 0…height. */
gboolean planes_rect_inside (const DiffusionRect *inner, int width, int height);
