/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * map.h: feature maps, their moments, and group normalisation.
 *
 * Each layer notes the mean and the spread of every channel while it writes a
 * map; the layer that normalises the map turns them into one factor and one
 * summand for each channel. So normalising never reads a map for itself.
 */
#pragma once

#include "kernels/kernels.h"

typedef struct
{
  int     width, height; /* pixels */
  int     channels;      /* those the network has */
  int     stride;        /* channels in memory: KERNEL_PAD (channels) */
  float  *data;          /* height × width × stride */
  double *moments;       /* mean of each channel, then Σ (x − mean)²; 2 × stride */
} Map;

/* Floats that one block of work notes (Finish.stats), for `stride` channels. */
#define MAP_STATS(stride) (3 * (gsize) (stride))

/* Joins what n_blocks blocks noted (Chan, Golub and LeVeque 1979): block i saw
 * pixels (data, i) pixels of the map, its notes are MAP_STATS apart. */
typedef int (*MapPixelsFunc) (gconstpointer data, int block);
void map_join_stats (Map          *map,
                     const float  *stats,
                     int           n_blocks,
                     MapPixelsFunc pixels,
                     gconstpointer data);

/* GroupNorm over the channels of one map, or of two seen as one (the second's
 * channels behind the first's). */
typedef struct
{
  int    n_groups;
  int    channels; /* a multiple of n_groups */
  double epsilon;
  float *gamma, *beta; /* channels */
} Norm;

void norm_free (Norm *norm);

/* scale and shift with (x − mean) / √(variance + ε) · γ + β = x · scale + shift,
 * laid out as the channels of the maps are in memory; 0 for those that only
 * memory has. Variance: biased, over the group's channels and all pixels. */
void
norm_prepare (const Norm *norm, const Map *const *maps, int n_maps, float *scale, float *shift);
