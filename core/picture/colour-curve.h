/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * colour-curve.h: pictures whose pixels have one colour for each brightness: gray ones that are stored
 * in three channels, sepia, duotones. What is made of such a picture has no other colours either.
 */
#pragma once

#include "diffusion.h"

#define COLOUR_CURVE_POINTS 256

/* What the channels differ by from the brightness, their mean, at brightnesses from −1 to 1. */
typedef struct
{
  float tints[COLOUR_CURVE_POINTS][3];
} ColourCurve;

/* FALSE when the known pixels of three planes of height × width, −1…1, do not lie on one curve to
 * within a level or so, or none is known. hole: 0 where a pixel is known. */
gboolean colour_curve_find (ColourCurve *curve,
                            int          width,
                            int          height,
                            const float *picture,
                            const float *hole);

/* Whether all its colours are gray to within a level or so. */
gboolean colour_curve_is_gray (const ColourCurve *curve);

/* The colour of a brightness, −1…1; beyond it differs from gray as at the end. */
void colour_curve_look_up (const ColourCurve *curve, float brightness, float colour[3]);

/* Whether a colour of this brightness lies on the curve to within a level or so. */
gboolean colour_curve_has (const ColourCurve *curve, float brightness, const float colour[3]);

/* Moves all pixels of three planes of n onto the curve. */
void colour_curve_apply (const ColourCurve *curve, gsize n, float *picture);
