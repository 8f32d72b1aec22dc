/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-window.h: one window of a picture without its noise.
 */
#pragma once

#include "denoise/impulses.h"
#include "model/tiled-model.h"
#include "process/reverse-process.h"

/* A window of one size, as the network is asked for it. */
typedef struct
{
  int            width, height;
  ReverseProcess process;
  TiledModel    *tiles;
  float         *picture; /* 0…1 and somewhat beyond, without holes */
  float         *x_t, *x0;
} DenoiseSize;

typedef struct
{
  /* Set by the caller. */
  DiffusionModel                 *model;
  DiffusionWorkers               *workers;
  const DiffusionSource          *source;
  const DiffusionDenoiseSettings *settings;
  const DiffusionProgress        *progress;
  int                             width, height;
  TilesCut                        cut;
  double                          t; /* −1: nothing goes but impulses */
  ImpulseKinds                    impulses;
  double                          half_t; /* at half the size; −1: nothing is done there */
  float                           sigma;  /* of the noise, in the range 0…1, ≥ 0 */

  /* Called after each evaluation at full size. */
  void (*observe) (gpointer data, const ReverseState *state);
  gpointer observe_data;

  DenoiseSize full, half;
  float      *known; /* 0 where there is no colour: transparent, not a number, an impulse */
} DenoiseWindow;

/* Of the picture's values: beyond 0…1 by up to two σ it is noise, by more than four it is
 * light that the network does not know, and none of it is seen. What is not a number counts
 * as 0. */
float denoise_window_seen (float sigma, float v);

/* TRUE where the local mean of the picture is kept: the residual is the noise of the
 * picture alone. */
gboolean denoise_window_keeps_mean (const DiffusionDenoiseSettings *settings);

/* The windows at half the size. */
TilesCut denoise_window_half_cut (const DiffusionModel *model, const TilesCut *cut);

gboolean denoise_window_init (DenoiseWindow *window, GError **error);
void     denoise_window_clear (DenoiseWindow *window);

/* Planes of the window that are held at once, those of the model apart. */
int denoise_window_planes (int n_channels, DiffusionSampler sampler, VarianceType variance);

/* The window without its noise, n_channels × height × width in the range 0…1, owned by the
 * window; as denoise_window_seen shows it where nothing can be seen. All windows after "finish"
 * get one evaluation. NULL on error. */
const float *denoise_window_run (DenoiseWindow *window, const DiffusionRect *rect, GError **error);
