/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiles.h: one evaluation of the network on a picture of any size, by
 * overlapping windows of one size whose predictions are blended with weights
 * that sum to one. Where the cuts lie depends on the picture's size alone.
 */
#pragma once

#include "model.h"

/* --- Windows -------------------------------------------------------------------- */

/* Pixels. They follow from the model's configuration alone. */
typedef struct
{
  int size;    /* of a window, both sides */
  int overlap; /* the least that neighbours share */
  int ramp;    /* the middle of it, over which they are blended */
} TilesCut;

/* Denoise: 16 pixels of the network's coarsest map, which its blocks there see across
 * (10 convolutions of 3 × 3 in the smallest U-Net), at least 256 and at most 512 pixels
 * of the picture; neighbours share 3/16 of that. With the bundled model 256 and 48, its
 * coarsest map having a pixel for 16. What is nearer to a cut than 8 pixels is the
 * neighbour's alone, at 16 most is: a cut is felt (one evaluation at σ = 50 against the
 * same without cuts) as an RMS difference of 10 levels next to it, 3.5 at 8 pixels, 1.2
 * at 16, and from 20 on 0.9 that comes of the windows' own statistics in the group norms
 * (level.h).
 * Windows of 512, sharing 96, lose 0.03 dB and waste more at the borders of a picture of
 * a megapixel; windows that share 64 win nothing.
 * A picture with a side shorter than a window is padded by its mirror image.
 * A network that was trained on whole pictures of one size (sample_size, no
 * conditioning) gets windows of that size, 64…1024. */
TilesCut tiles_cut_denoise (const DiffusionModel *model);

/* Inpaint, whose areas are as large as the hole and its context need: they are cut only
 * where they are longer than this, and not padded. Rounded up to what the model needs. */
#define TILES_SIZE 512
#define TILES_OVERLAP 96
#define TILES_RAMP 48
TilesCut tiles_cut_inpaint (const DiffusionModel *model);

/* --- The cuts ----------------------------------------------------------------- */

/* One side of a picture, cut. */
typedef struct
{
  int length;  /* of the picture */
  int size;    /* of what a window shows of it: min (length, cut.size) */
  int n;       /* windows */
  int advance; /* from one to the next, but to the last, which ends with the picture */
  int ramp;
} TilesAxis;

TilesAxis tiles_axis (int length, const TilesCut *cut);
int       tiles_axis_start (const TilesAxis *axis, int i);

/* The weight of window i at `position` (0…length − 1); over all i they sum to 1. */
float tiles_axis_weight (const TilesAxis *axis, int i, int position);

/* Adds window (i, j) (n_channels × down->size × across->size), weighted, to planes of
 * across->length × n_rows whose first row is the picture's row `top`; all rows of
 * the window lie among them. */
void tiles_blend (const TilesAxis *across,
                  int              i,
                  const TilesAxis *down,
                  int              j,
                  int              n_channels,
                  const float     *window,
                  float           *out,
                  int              top,
                  int              n_rows);

/* The part of a picture of width × height to be read for `region`: with `context`
 * pixels around it, then grown to at least `least` pixels and to multiples of
 * `multiple` where the picture has them, so that real pixels are seen where padding
 * would be invented. */
DiffusionRect tiles_area (const DiffusionRect *region,
                          int                  context,
                          int                  least,
                          int                  multiple,
                          int                  width,
                          int                  height);

/* --- The model ---------------------------------------------------------------- */

/* A model bound to a picture of width × height. */
typedef struct Tiles Tiles;

/* A gray picture (n_channels 1) is fed to a network of three colours three times, and
 * the mean of its three predictions is the prediction. A network of one colour is
 * evaluated on each channel of a colour picture by itself.
 * y (n_channels planes) and m (1 plane) are borrowed: what a mask-aware network
 * is shown; both NULL: nothing is known (m = 1, y = 0), and smaller windows than
 * cut->size are padded by their mirror image. Windows in which m is 0
 * throughout are left out: their part of the prediction is 0. A learned variance is
 * treated as the prediction is. */
Tiles *tiles_new (DiffusionModel   *model,
                  DiffusionWorkers *workers,
                  int               width,
                  int               height,
                  int               n_channels,
                  const TilesCut   *cut,
                  const float      *y,
                  const float      *m,
                  GError          **error);
void tiles_free (Tiles *tiles);

/* What n_evaluations by tiles_predict of a picture of width × height take at most:
 * windows that have nothing unknown are counted as well. */
void tiles_cost (const DiffusionModel *model,
                 int                   n_threads,
                 int                   width,
                 int                   height,
                 int                   n_channels,
                 const TilesCut       *cut,
                 int                   n_evaluations,
                 DiffusionCost        *cost);

/* Called between windows with the share of the evaluation that is done. */
typedef void (*TilesReport) (gpointer data, double fraction);
void tiles_set_report (Tiles *tiles, TilesReport report, gpointer data);

/* How a window is shown to the network; its prediction is mirrored back. A network that
 * has learned from mirrored pictures is as good at them, but errs otherwise: the mean of
 * several ways is better than one (the geometric self-ensemble of Lim et al., "Enhanced
 * Deep Residual Networks for Single Image Super-Resolution", 2017, section 3.3). */
typedef enum
{
  TILES_AS_IT_IS = 0,
  TILES_MIRRORED_X = 1 << 0, /* left and right exchanged */
  TILES_MIRRORED_Y = 1 << 1  /* top and bottom exchanged */
} TilesMirror;
void tiles_set_mirror (Tiles *tiles, TilesMirror mirror);

/* A SamplerPredict (repaint.h) whose data is the Tiles. */
gboolean tiles_predict (gpointer      tiles,
                        const float  *x_t,
                        double        t,
                        float        *out,
                        GCancellable *cancel,
                        GError      **error);
