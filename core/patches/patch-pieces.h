/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-pieces.h: the fill as a mosaic: every pixel of the hole is taken from one pixel of the known
 * picture, and neighbours that are taken from neighbours make a piece of it. Seams between
 * pieces are moved to where these fit (Kwatra et al. 2003, "Graphcut textures", whose cost of
 * a seam this is).
 */
#pragma once

#include "patches/patch-level.h"

/* from[pixel] for each pixel of the hole: where it is taken from, by the patch of the least error
 * (patch-vote.h); as many as the level has pixels. */
void patch_pieces_find (const PatchLevel *level, int *from);

/* Moves the seams until none gets better. FALSE when cancelled. */
gboolean patch_pieces_move_seams (const PatchLevel *level,
                                  int              *from,
                                  DiffusionWorkers *workers,
                                  GCancellable     *cancel);

/* Gives the hole the colours of its pieces. */
void patch_pieces_lay (PatchLevel *level, const int *from);

/* Marks in `seams` (height × width of the level; 1, all else 0) what lies around the seams across
 * which the level's colours step otherwise than either piece does, by more than `misfit`
 * levels. Returns how many pixels are marked. */
int patch_pieces_find_seams (const PatchLevel *level, const int *from, float misfit, float *seams);
