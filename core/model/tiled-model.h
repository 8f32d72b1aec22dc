/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiled-model.h: one evaluation of the network on a picture of any size, by overlapping
 * windows (picture/tiles.h).
 */
#pragma once

#include "model/model.h"
#include "picture/tiles.h"

/* --- Windows: they follow from the model's configuration alone ------------------- */

/* Denoise. A window is 16 pixels of the network's coarsest map wide, which its blocks there
 * see across (10 convolutions of 3 × 3 in the smallest U-Net): at least 256 and at most 512
 * pixels of the picture. Neighbours share 3/16 of that. The bundled model has 256 and 48.
 * The network errs near a cut, for it sees no further: the blend takes the 8 pixels next to
 * a cut from the neighbour alone, and most of the next 8.
 * A network that was trained on whole pictures of one size (sample_size, no conditioning)
 * gets windows of that size, 64…1024. */
TilesCut tiled_model_cut_denoise (const DiffusionModel *model);

/* Inpaint. Its areas are as large as the hole and its context need. They are cut only where
 * they are longer than this, and not padded. Rounded up to what the model needs. */
#define TILED_MODEL_SIZE    512
#define TILED_MODEL_OVERLAP 96
#define TILED_MODEL_RAMP    48
TilesCut tiled_model_cut_inpaint (const DiffusionModel *model);

/* --- A model bound to a picture ------------------------------------------------- */

/* A model bound to a picture of width × height. */
typedef struct TiledModel TiledModel;

/* A gray picture (n_channels 1) is fed to a network of three colours three times, and
 * the mean of its three predictions is the prediction. A network of one colour is
 * evaluated on each channel of a colour picture by itself.
 * y (n_channels planes) and m (1 plane) are borrowed: what a mask-aware network
 * is shown; both NULL: nothing is known (m = 1, y = 0), and smaller windows than
 * cut->size are padded by their mirror image. Windows in which m is 0
 * throughout are left out: their part of the prediction is 0. A learned variance is
 * treated as the prediction is. */
TiledModel *tiled_model_new (DiffusionModel   *model,
                             DiffusionWorkers *workers,
                             int               width,
                             int               height,
                             int               n_channels,
                             const TilesCut   *cut,
                             const float      *y,
                             const float      *m,
                             GError          **error);
void        tiled_model_free (TiledModel *tiles);

/* What n_evaluations by tiled_model_predict of a picture of width × height take at most:
 * windows that have nothing unknown are counted as well. */
void tiled_model_cost (const DiffusionModel *model,
                       int                   n_threads,
                       int                   width,
                       int                   height,
                       int                   n_channels,
                       const TilesCut       *cut,
                       int                   n_evaluations,
                       DiffusionCost        *cost);

/* Called between windows with the share of the evaluation that is done. */
typedef void (*TiledModelReport) (gpointer data, double fraction);
void tiled_model_set_report (TiledModel *tiles, TiledModelReport report, gpointer data);

/* How a window is shown to the network; its prediction is mirrored back. A network that
 * has learned from mirrored pictures is as good at them, but errs otherwise: the mean of
 * several ways is better than one (the geometric self-ensemble of Lim et al., "Enhanced
 * Deep Residual Networks for Single Image Super-Resolution", 2017, section 3.3). */
typedef enum
{
  TILED_MODEL_AS_IT_IS = 0,
  TILED_MODEL_MIRRORED_X = 1 << 0, /* left and right exchanged */
  TILED_MODEL_MIRRORED_Y = 1 << 1  /* top and bottom exchanged */
} TiledModelMirror;
void tiled_model_set_mirror (TiledModel *tiles, TiledModelMirror mirror);

/* A ReversePredict (reverse-process.h) whose data is the TiledModel. */
gboolean tiled_model_predict (gpointer      tiles,
                              const float  *x_t,
                              double        t,
                              float        *out,
                              GCancellable *cancel,
                              GError      **error);
