/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * toned.h: a gray picture in three channels, as it is or toned: sepia, a duotone. Its noise was there
 * before the tone and is one, not three: its brightness is measured and denoised as a gray picture is,
 * and the tone laid on again.
 */
#pragma once

#include "picture/colour-curve.h"

typedef struct
{
  ColourCurve curve;
  float       black, scale; /* the gray value of a brightness: (brightness − black) · scale */
  const DiffusionSource   *colours;
  const DiffusionSink     *sink;
  const DiffusionProgress *progress;

  /* For the job: the gray picture, where that goes to, and who is shown it. */
  DiffusionSource   gray;
  DiffusionSink     toning;
  DiffusionProgress shown;
} Toned;

/* *found: whether the region and what is next to it have one colour for each brightness; of a large one
 * a sample is looked at. Then `gray` can be read, as long as the source. Errors: the source's,
 * DIFFUSION_ERROR_MEMORY, cancellation. */
gboolean toned_find (Toned                 *toned,
                     const DiffusionSource *source,
                     const DiffusionRect   *region,
                     GCancellable          *cancel,
                     gboolean              *found,
                     GError               **error);

/* σ, what was told and what was found, from the levels of the colours' mean to the gray picture's, or
 * back. */
void toned_scale_noise (const Toned *toned, DiffusionNoise *noise, double *sigma);
void toned_unscale_noise (const Toned *toned, DiffusionNoise *noise, double *sigma);

/* Where the result goes, and who is shown it, in colours. A pixel that does not change stays to the bit;
 * one that is not on the curve, such as a red stamp's, keeps its colour and gets another brightness. */
void toned_connect (Toned *toned, const DiffusionSink *sink, const DiffusionProgress *progress);
