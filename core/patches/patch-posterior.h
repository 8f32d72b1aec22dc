/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-posterior.h: the diffusion model of a picture's own patches, in closed form. If the
 * patches of a clean picture are drawn from the known ones y_i, all alike, a patch noised to
 * x_t has the posterior mean
 *
 *   x̂_0 (x_t) = Σ_i softmax_i (−‖x_t − √ᾱ_t y_i‖² / 2(1 − ᾱ_t)) y_i
 *
 * (Scarvelis et al. 2023, arXiv 2310.12395; Kamb and Ganguli 2024, arXiv 2412.20292; Qiu et
 * al. 2026, arXiv 2606.04299), and its score is (√ᾱ_t x̂_0 − x_t) / (1 − ᾱ_t). For σ → 0 it is
 * the nearest known patch (Wexler et al. 2007, "Space-time completion of video"). In the norm
 * each pixel counts by its weight, so that known pixels may lie at a smaller σ than those of
 * the hole, and the roughness counts beside the colours.
 *
 * It is an attention over all known patches, and computed as one: blocks of queries times all
 * keys by matrix products, the softmax kept stable as it goes along (Milakov and Gimelshein
 * 2018, "Online normalizer calculation for softmax").
 */
#pragma once

#include "patches/patch-level.h"

/* What a difference of the roughness of 1 level and a patch that is taken once too often cost,
 * in the units of a distance (patch-level.h). */
#define PATCH_TEXTURE_PRICE 50.0f
#define PATCH_USE_PRICE     150.0f

/* The colours of a patch. */
#define PATCH_COLOURS (3 * PATCH_PIXELS)

/* Known patches of a level, evenly taken where they are many. */
typedef struct PatchSet PatchSet;

#define PATCH_SET_MAX 32768

/* Borrows the level, whose known pixels stay as they are. `most`: patches, within PATCH_SET_MAX.
 * Error: DIFFUSION_ERROR_MEMORY. */
PatchSet *patch_set_new (const PatchLevel *level, int most, GError **error);
void      patch_set_free (PatchSet *set);

/* After a change of the level's `use`. */
void patch_set_update_use (PatchSet *set, const PatchLevel *level);

/* Multiplications and additions by which n patches are compared with a set of n_sources. */
double patch_set_macs (double n, double n_sources);

/* For n patches of the level, by their centres: the nearest one of the set and the distance to
 * it, in the level's own planes. FALSE when cancelled. */
gboolean patch_set_find_nearest (const PatchSet   *set,
                                 PatchLevel       *level,
                                 const int        *patches,
                                 int               n,
                                 DiffusionWorkers *workers,
                                 GCancellable     *cancel);

/* For n patches x of the level: x̂_0, PATCH_COLOURS each, red, green and blue of a pixel side by
 * side. σ, levels: of a pixel of weight 1. FALSE when cancelled. */
gboolean patch_set_find_means (const PatchSet   *set,
                               const PatchLevel *level,
                               const int        *patches,
                               int               n,
                               double            sigma,
                               float            *means,
                               DiffusionWorkers *workers,
                               GCancellable     *cancel);
