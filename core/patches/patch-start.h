/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-start.h: what lies in the hole at the coarsest scale: the reverse process of the patches'
 * diffusion model (patch-posterior.h), from noise on, over all known patches. A pixel's x̂_0 is the
 * mean of what the patches around it say, those nearer to the border counting more; the step is
 * that of DDIM (Song et al. 2021, equation 12, η = 0). The posterior mean counts how many patches
 * there are of a kind, which the nearest one does not.
 */
#pragma once

#include "patches/patch-posterior.h"

/* Known patches that are compared with n_patches: fewer, where it would take too long; and the
 * multiplications and additions of patch_start at most. */
int    patch_start_sources (int n_patches);
double patch_start_macs (double n_patches, double n_sources);

/* Begins with colours that the hole has got otherwise: the roughness of its surroundings, and the
 * nearest patches. FALSE when cancelled. */
gboolean patch_start_from_colours (PatchLevel       *level,
                                   const PatchSet   *set,
                                   DiffusionWorkers *workers,
                                   GCancellable     *cancel);

/* Fills the hole of a level and its field, by the seed's noise. FALSE when cancelled. */
gboolean patch_start (PatchLevel       *level,
                      const PatchSet   *set,
                      guint32           seed,
                      int               scale,
                      DiffusionWorkers *workers,
                      GCancellable     *cancel);
