/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-search.h: the field of nearest patches. Where the known patches are few, every patch that
 * touches the hole is compared with all of them (patch-posterior.h). At finer scales hardly
 * any but a few candidates have a weight at all ("Fast and scalable analytical diffusion", 2026,
 * arXiv 2602.16498): what the coarser scale has found, where the neighbours' patches go on
 * (Ashikhmin 2001, "Synthesizing natural textures"), and a small window around. Nothing is
 * drawn at random; all patches look at the same field at the same time.
 */
#pragma once

#include "patches/patch-posterior.h"

/* Whether all are compared with all, and what a round takes either way, so that it may be told
 * beforehand: the multiplications and additions of a product of matrices that takes as long. */
gboolean patch_search_is_exact (double n_patches, double n_sources);
double   patch_search_macs (double n_patches, double n_sources);

/* The field of a level from that of the next coarser one, with its distances. */
void patch_search_begin (PatchLevel *level, const PatchLevel *coarse);

/* Every patch looks for a nearer one than it has, after the colours of the hole have changed.
 * `set`: the level's, where the search is exact; else NULL. FALSE when cancelled. */
gboolean patch_search_round (PatchLevel       *level,
                             PatchSet         *set,
                             DiffusionWorkers *workers,
                             GCancellable     *cancel);
