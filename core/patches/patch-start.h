/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-start.h: what lies in the hole at the coarsest scale, pixel by pixel from the border
 * inwards, each by the patches that fit what is there already (Efros and Leung 1999, "Texture
 * synthesis by non-parametric sampling").
 */
#pragma once

#include "patches/patch-posterior.h"

/* Known patches that are compared with n_patches: fewer, where it would take too long. */
int patch_start_sources (int n_patches);

/* Begins with colours that the hole has got otherwise: the roughness of its surroundings, and the
 * nearest patches. FALSE when cancelled. */
gboolean patch_start_from_colours (PatchLevel       *level,
                                   const PatchSet   *set,
                                   DiffusionWorkers *workers,
                                   GCancellable     *cancel);

/* Fills the hole of a level and its field. FALSE when cancelled. */
gboolean patch_start (PatchLevel       *level,
                      const PatchSet   *set,
                      DiffusionWorkers *workers,
                      GCancellable     *cancel);
