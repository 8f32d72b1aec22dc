/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * impulses.h: single pixels that hold nothing of the picture: hot and dead ones, salt and
 * pepper. They are no noise that a level could be told of, and a network that expects such
 * noise leaves them. So they are found first and count as unknown.
 *
 * A pixel is one where it lies far beyond all its neighbours but one in some colour, by
 * their own spread and by a constant. A glint, a star or a dot of a drawing can look the
 * same; what the picture holds as a whole tells them apart.
 */
#pragma once

#include "diffusion.h"

typedef enum
{
  IMPULSE_COLOURED = 1 << 0, /* not in all colours: no light of the picture does that */
  IMPULSE_BRIGHT = 1 << 1,
  IMPULSE_DARK = 1 << 2,
} ImpulseKinds;

typedef struct
{
  guint64 n_pixels; /* that were looked at */
  guint64 n_coloured, n_bright, n_dark;
  guint64 n_flat; /* of these: in surroundings of one value, as in drawings */
} ImpulseCount;

/* Adds those of n_channels planes of width × height, 0…1, where `known` (a plane) is not 0. */
void impulses_count (int           width,
                     int           height,
                     int           n_channels,
                     const float  *pixels,
                     const float  *known,
                     ImpulseCount *count);

/* The kinds that are no part of the picture; 0: none. */
ImpulseKinds impulses_kinds (const ImpulseCount *count);

/* known ← 0 where one of `kinds` is. Returns how many there are. */
gsize impulses_mark (int          width,
                     int          height,
                     int          n_channels,
                     const float *pixels,
                     ImpulseKinds kinds,
                     float       *known);
