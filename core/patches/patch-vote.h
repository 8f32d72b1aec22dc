/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-vote.h: the colours of the hole from the patches that cover its pixels. Each pixel is
 * seen by all patches around it, each of which says what lies there; the nearer a patch is to
 * the border the more its word counts, since deeper ones agree with each other at first and
 * with the picture last.
 */
#pragma once

#include "patches/patch-level.h"

/* New colours and roughness of the hole's pixels: the mean of what the patches around each say,
 * by weights exp (−e / s) of their errors e = (distance + a constant) · 2^depth relative to
 * the least, with s = `temperature` times the upper quartile of e. Temperature 0: what the
 * patch of the least error says. Returns FALSE when cancelled; *change: the mean change of a
 * colour, levels. */
gboolean patch_vote (PatchLevel       *level,
                     double            temperature,
                     DiffusionWorkers *workers,
                     GCancellable     *cancel,
                     double           *change);

/* The patch of the least error around a pixel of the hole: the place in the known picture that
 * it says lies there; −1: no patch is around. */
int patch_vote_best (const PatchLevel *level, int pixel);
