/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-pyramid.h: a picture with a hole at all the scales at which its patches fill it. A
 * pixel of the next coarser scale is the mean of what is known of 2 × 2.
 */
#pragma once

#include "patches/patch-level.h"

#define PATCH_SCALES_MAX 12

/* By so many pixels of its own a coarse scale's patches come from farther than `reach`. */
#define PATCH_MARGIN (2 * PATCH_RADIUS + 2)

/* The picture that is filled. Planes of height × width. */
typedef struct
{
  int          width, height;
  int          n_channels; /* 1 or 3 */
  const float *picture;    /* n_channels planes, −1…1; of the hole any finite values */
  const float *hole;       /* above 0: to be filled; below: nothing is known, nothing filled */
  const float *source;     /* patches come from where it is above one half; NULL: from anywhere */
  int          reach;      /* and from so many pixels beyond the hole's bounds, somewhat more at
                            * coarse scales */
} PatchPicture;

typedef struct
{
  int n_scales;
  int reach;
  int inradius; /* of the hole, pixels of the picture: steps from its deepest pixel out of it */

  /* Of scale s, all but the finest halved so often. Planes: red, green, blue in levels of
   * 0…255, the roughness across and down, how much of a pixel is known, how much is to be
   * filled, and how much may be taken. */
  struct
  {
    int    width, height;
    float *planes;
  } scales[PATCH_SCALES_MAX];
} PatchPyramid;

/* Pixels by which the picture has to reach farther than `reach` around a hole of this inradius, so
 * that its coarsest scale has a margin. */
int patch_pyramid_margin (int inradius);

/* How often a hole of this inradius in a picture of this size is halved, and once more. */
int patch_pyramid_count (int width, int height, int inradius);

/* Error: DIFFUSION_ERROR_MEMORY. */
PatchPyramid *patch_pyramid_new (const PatchPicture *picture, GError **error);
void          patch_pyramid_free (PatchPyramid *pyramid);

/* One scale. The seed is that of patch_level_prepare. Error: DIFFUSION_ERROR_MEMORY. */
PatchLevel *
patch_pyramid_level (const PatchPyramid *pyramid, int scale, guint32 seed, GError **error);
