/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-level.h: one scale of a picture with a hole, as a set of patches: those that are known
 * throughout, which the picture's own diffusion model consists of (patch-posterior.h), and
 * those that touch the hole, each of which points to the known one that is nearest to it.
 *
 * Pixels are addressed by one index into planes with a margin around the picture. Colours are
 * in levels of 0…255.
 */
#pragma once

#include "base/workers.h"

/* A patch: so many pixels to each side of its centre, and a side of it. */
#define PATCH_RADIUS 3
#define PATCH_SIDE   (2 * PATCH_RADIUS + 1)
#define PATCH_PIXELS (PATCH_SIDE * PATCH_SIDE)

/* Patches that one block of work does. */
#define PATCH_BLOCK 128

typedef enum
{
  PATCH_KNOWN,
  PATCH_CLOSED, /* known, but nothing may be taken from here */
  PATCH_HOLE,
  PATCH_OUTSIDE, /* of the picture */
} PatchPixel;

typedef struct
{
  int   width, height; /* of the picture at this scale */
  int   stride;        /* pixels from one row to the next */
  gsize n;             /* pixels, the margin included */

  float  *colour;  /* 4 a pixel: red, green, blue, 0; of a gray picture three times the same */
  float  *texture; /* 2 a pixel: how rough it is around (patch-pyramid.h) */
  float  *weight;  /* of a pixel in the comparison of patches */
  guint8 *pixel;   /* PatchPixel */
  guint8 *source;  /* 1: centre of a patch that may be taken */
  gint16 *depth;   /* of a pixel in the hole: steps to the nearest known one; else 0 */

  int *hole, n_hole;       /* the hole's pixels, row by row */
  int *patches, n_patches; /* centres of those that touch the hole, row by row */
  int *sources, n_sources; /* centres of those that may be taken */

  int   *nearest;  /* of a patch that touches the hole: centre of a known one; else −1 */
  float *distance; /* to it: the weighted mean square of a pixel, summed over the colours */
  float *total;    /* of the weights of its pixels */
  float *use;      /* of a source: how much more often than once its pixels have been taken, and
                    * what chance adds to that */
  float *chance;   /* of a source: that alone */
} PatchLevel;

static inline int
patch_level_at (const PatchLevel *level, int x, int y)
{
  return (y + PATCH_RADIUS) * level->stride + x + PATCH_RADIUS;
}

static inline int
patch_level_x (const PatchLevel *level, int at)
{
  return at % level->stride - PATCH_RADIUS;
}

static inline int
patch_level_y (const PatchLevel *level, int at)
{
  return at / level->stride - PATCH_RADIUS;
}

/* A level of this size without anything known. NULL and DIFFUSION_ERROR_MEMORY when the
 * memory is not there. */
PatchLevel *patch_level_new (int width, int height, GError **error);
void        patch_level_free (PatchLevel *level);

/* Bytes of memory for a pixel of a level. */
gsize patch_level_bytes (void);

/* When colours, texture and `pixel` are there: all else. `reach`: pixels beyond the hole's
 * bounds that patches are taken from at most. Among those that fit about as well chance decides,
 * by the seed, the scale and where they lie. */
void patch_level_prepare (PatchLevel *level, int reach, guint32 seed, int scale);

/* After a change of the weights: their totals. */
void patch_level_sum_weights (PatchLevel *level);

/* After a change of `nearest`: how often each pixel is taken. */
void patch_level_count_use (PatchLevel *level);
