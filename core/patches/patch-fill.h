/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-fill.h: a hole filled from the picture's own patches: the reverse process of their
 * diffusion model (patch-posterior.h) from coarse to fine, the noise being what the patches
 * around a pixel disagree by. At each scale rounds of two steps: every patch finds the nearest
 * known one (patch-search.h), every pixel becomes the mean of what the patches say by their
 * weights (patch-vote.h), at a temperature that falls from round to round. Then seams are moved
 * (patch-pieces.h) and colours matched (patch-border.h).
 */
#pragma once

#include "patches/patch-pyramid.h"

/* A scale begins where the coarser result is covered by so much noise, −1…1 range. */
#define PATCH_FILL_SIGMA 0.4

typedef struct
{
  PatchPicture      picture;
  int               first_scale; /* where the process begins with what the picture has in the hole;
                                  * −1: at the coarsest, with nothing of that */
  guint32           seed;
  DiffusionWorkers *workers;
  GCancellable     *cancel; /* nullable: fails with G_IO_ERROR_CANCELLED */
  GCancellable     *finish; /* nullable: no further round is begun */

  /* After a round: the share of the work that is done, and the picture as it stands (as x0
   * below). Nullable. */
  void (*observe) (gpointer data, double share, const float *x0);
  gpointer data;
} PatchFill;

/* x0: n_channels × height × width, −1…1: the picture with the hole filled. seams: height × width,
 * 1 around seams that show, else 0. FALSE without an error when there are no patches to take. Errors:
 * DIFFUSION_ERROR_MEMORY, G_IO_ERROR_CANCELLED. */
gboolean patch_fill (const PatchFill *fill, float *x0, float *seams, GError **error);

/* At most, for a hole of n_hole pixels and this inradius in a picture of this size: the
 * multiplications and additions, the rounds, and the bytes of memory. */
typedef struct
{
  double  macs;
  int     n_rounds;
  guint64 bytes;
} PatchFillCost;

void patch_fill_cost (int width, int height, gsize n_hole, int inradius, PatchFillCost *cost);
