/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surface.h: the smooth surface through what is known around a hole: a polynomial of the third
 * degree in the two coordinates, by least squares. It goes on where a gradient is bent too; the
 * worse it fits, the less it bends.
 */
#pragma once

#include <glib.h>

#define SURFACE_TERMS 10

typedef struct
{
  double across, left;           /* u = across · x + left: −1…1 over what is near the hole */
  double down, top;              /* v = down · y + top, likewise */
  double weights[SURFACE_TERMS]; /* 1, u, v, u², uv, v², u³, u²v, uv², v³ */
  double off;                    /* root of the mean square of what it misses the known by */
  float  least, most;            /* of the known */
} Surface;

/* Of a plane of height × width, where `near` is not 0; known where `hole` is 0 too. A term that the
 * known pixels tell too little of is left out, so a few rows give no curve for what is far from them.
 * Nothing known: 0 everywhere. */
void surface_fit (Surface      *surface,
                  int           width,
                  int           height,
                  const float  *plane,
                  const float  *hole,
                  const guint8 *near);

/* In pixel (x, y); beyond what is near the hole as at its edge. */
double surface_at (const Surface *surface, double x, double y);

/* Adds it `times` times to the plane. */
void surface_add (const Surface *surface, int width, int height, float *plane, double times);
