/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preview.h: the live picture of a run: the region with a little of its
 * surroundings in 8-bit sRGB, at most PREVIEW_SIZE pixels wide or high, into
 * which each x̂_0 is pasted where it belongs.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

#define PREVIEW_SIZE 640

typedef struct
{
  GeglRectangle rect;          /* what it shows, drawable coordinates */
  int           width, height; /* of the picture */
  guchar       *rgb;           /* width × height × 3 */
  guchar       *original;      /* the same of the drawable as it is */
  guchar       *result;        /* the same of a finished run; NULL before */
  const Babl   *fish;          /* from core's floats to sRGB bytes */
} Preview;

/* Starts with the drawable as it is. Main thread. */
Preview *preview_new (DrawableIo *io, GError **error);
void     preview_free (Preview *preview);

/* Pastes step->x0. Any thread, one at a time. */
void preview_paste (Preview *preview, const DiffusionStep *step);

/* Draws the result of `io`, as the drawable would hold it, into `result`. Any thread. */
void preview_draw_result (Preview *preview, const DrawableIo *io);

/* Shows the drawable as it is again. */
void preview_restart (Preview *preview);

G_END_DECLS
