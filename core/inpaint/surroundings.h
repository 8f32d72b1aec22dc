/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surroundings.h: what the picture around a part of the selection is like, as far as it decides what
 * the fill may be.
 */
#pragma once

#include "picture/canvas.h"
#include "picture/colour-curve.h"
#include "picture/trend.h"

typedef struct
{
  gboolean    filled;    /* they hold no detail, and the part has been filled with a membrane */
  gboolean    has_curve; /* they have one colour for each brightness: so has the fill */
  ColourCurve curve;
  gboolean    has_trend; /* they are a gradient under grain or a fine texture */
  Trend       trend;
} Surroundings;

/* Looks around `rect`, drawable coordinates, and fills it where nothing but a membrane is wanted: by
 * the automatic expert, without steps that are asked for. At less than full strength what is left
 * of the old picture may look otherwise: then nothing is found. Errors: the source's,
 * DIFFUSION_ERROR_MEMORY, cancellation. */
gboolean surroundings_look (Surroundings                   *around,
                            Canvas                         *canvas,
                            const DiffusionRect            *rect,
                            const DiffusionInpaintSettings *settings,
                            GError                        **error);
