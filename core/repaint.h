/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * repaint.h: the reverse process with known pixels and resampling (Lugmayr et
 * al. 2022, "RePaint: inpainting using denoising diffusion probabilistic
 * models", algorithm 1). Without known pixels it is the plain reverse process.
 */
#pragma once

#include "sampler.h"

/* --- The order of the transitions ------------------------------------------------ */

/* One transition between two of the run's timesteps, each counted by how many
 * reverse steps remain from there to the clean picture (sampler_timestep).
 * to < from: an evaluation and a reverse step. to > from: a jump back up. */
typedef struct
{
  int from, to;
} RepaintMove;

/* The moves of a run: `steps` reverse steps, and r − 1 extra passes over the
 * jump_length steps above each timestep of index 0, j, 2j, … < steps − j, counted
 * from the clean end. To be freed with g_array_unref. */
GArray *repaint_plan (int steps, int resample, int jump_length);

/* The network evaluations among them. */
int repaint_count (int steps, int resample, int jump_length);

/* --- The process ----------------------------------------------------------------- */

/* What stands for the network: writes the prediction at x_t and t to `out`, both
 * n_channels × height × width. The model cut in windows (tiles.h), or an oracle. */
typedef gboolean (*SamplerPredict) (gpointer      data,
                                    const float  *x_t,
                                    double        t,
                                    float        *out,
                                    GCancellable *cancel,
                                    GError      **error);

/* Times to join: never (the pixel is known throughout), and from the start of any run. */
#define REPAINT_NEVER (-2.0f)
#define REPAINT_AT_ONCE G_MAXFLOAT

/* The state after a transition. */
typedef struct
{
  guint32      number;        /* running number of the transition, from 1; the start is 0 */
  int          n_evaluations; /* so far */
  gboolean     jump;          /* this transition was a jump */
  double       s;             /* the time of x_s */
  const float *x_s, *x0;
} RepaintState;

typedef struct
{
  Sampler           sampler;
  DiffusionWorkers *workers;
  DiffusionRect     area; /* drawable coordinates: these address the noise */
  int               n_channels;

  /* The clean picture as far as it is known, n_channels × height × width in −1…1,
   * and the time at which each pixel joins the process (height × width). At a time
   * s > join the pixel is known: x_s = √ᾱ_s clean + √(1 − ᾱ_s) z with z of purpose
   * KNOWN. Both NULL: every pixel is part of the process from the start. */
  const float *clean, *join;

  double  t_start;
  int     steps, resample, jump_length;
  guint32 seed;
  int     scale;

  SamplerPredict predict;
  gpointer       predict_data;
  void (*observe) (gpointer data, const RepaintState *state); /* nullable */
  gpointer observe_data;

  GCancellable *cancel; /* nullable: fails with G_IO_ERROR_CANCELLED */
  GCancellable *finish; /* nullable: no further evaluation is begun */
} Repaint;

/* x at t_start: the clean picture forward-noised, with noise of purpose START in
 * the pixels that join at once, KNOWN in the others. */
void repaint_start (const Repaint *repaint, float *x_t);

/* Runs the process from x_t (as repaint_start or the caller made it) and leaves x̂_0
 * of the last evaluation in x0. Both n_channels × height × width. x0 is left
 * alone when `finish` comes before the first evaluation. */
gboolean repaint_run (const Repaint *repaint, float *x_t, float *x0, GError **error);
