/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reverse-process.h: the reverse process with known pixels and resampling (Lugmayr et
 * al. 2022, "RePaint: inpainting using denoising diffusion probabilistic
 * models", algorithm 1). Without known pixels it is the plain reverse process.
 *
 * It runs any sampler. RePaint was made for DDPM, whose steps draw noise; with a sampler
 * that draws none a jump back up still does, and the passes bring hole and surroundings
 * together in the same way, but one pass is a function of its start alone.
 */
#pragma once

#include "process/sampler.h"
#include "process/timesteps.h"

/* --- The order of the transitions ------------------------------------------------ */

/* One transition between two of the run's timesteps, each counted by how many
 * reverse steps remain from there to the clean picture (timesteps_get).
 * to < from: an evaluation and a reverse step. to == from: an evaluation and a
 * correction of the reverse step just made. to > from: a jump back up. */
typedef struct
{
  int from, to;
} ReverseMove;

/* The moves of a run: `steps` reverse steps, each but those to the clean picture with a
 * correction where the sampler makes them, and r − 1 extra passes over the jump_length
 * steps above each timestep of index 0, j, 2j, … < steps − j, counted from the clean
 * end. To be freed with g_array_unref. */
GArray *reverse_process_order (int steps, int resample, int jump_length, gboolean corrects);

/* The network evaluations among them. */
int reverse_process_count (int steps, int resample, int jump_length, DiffusionSampler kind);

/* What a run takes beside x_t and x0, in planes for each channel. */
int reverse_process_planes (DiffusionSampler kind, VarianceType variance);

/* --- The process ----------------------------------------------------------------- */

/* What stands for the network: writes the prediction at x_t and t to `out`, both
 * n_channels × height × width; where the variance is learned as many planes more, which
 * say where in its range it lies. The model cut in windows (tiles.h), or an oracle. */
typedef gboolean (*ReversePredict) (gpointer      data,
                                    const float  *x_t,
                                    double        t,
                                    float        *out,
                                    GCancellable *cancel,
                                    GError      **error);

/* Times to join: never (the pixel is known throughout), and from the start of any run. */
#define JOIN_NEVER   (-2.0f)
#define JOIN_AT_ONCE G_MAXFLOAT

/* The state after a transition. */
typedef struct
{
  guint32      number;        /* running number of the transition, from 1; the start is 0 */
  int          n_evaluations; /* so far */
  gboolean     jump;          /* this transition was a jump */
  double       s;             /* the time of x_s, of a correction also the time before it */
  const float *x_s, *x0;
} ReverseState;

typedef struct
{
  Sampler           sampler;
  DiffusionWorkers *workers;
  DiffusionRect     area; /* drawable coordinates: these address the noise */
  int               n_channels;
  gboolean          gray_noise; /* every channel gets the first one's: what is gray stays so with a
                                 * network that sees each channel by itself */

  /* The clean picture as far as it is known, n_channels × height × width in −1…1,
   * and the time at which each pixel joins the process (height × width). At a time
   * s > join the pixel is known. With DIFFUSION_DATA_REPLACE it is x_s = √ᾱ_s clean +
   * √(1 − ᾱ_s) z there, z of purpose KNOWN; with DIFFUSION_DATA_PASTE its x̂_0 is `clean`
   * and it makes the sampler's step as all others do (Zhu et al. 2023, "Denoising
   * diffusion models for plug-and-play image restoration", DiffPIR, algorithm 1 without
   * noise in what is known; their ζ is the share of noise in the sampler's step).
   * Both NULL: every pixel is part of the process from the start. */
  const float      *clean, *join;
  DiffusionDataStep data_step;

  double           t_start;
  double           sigma_end; /* of the last evaluation at least; 0: what the spacing has */
  DiffusionSpacing spacing;
  int              steps_offset; /* of leading spacing */
  int              steps, resample, jump_length;
  guint32          seed;
  int              scale;

  ReversePredict predict;
  gpointer       predict_data;
  void (*observe) (gpointer data, const ReverseState *state); /* nullable */
  gpointer observe_data;

  GCancellable *cancel; /* nullable: fails with G_IO_ERROR_CANCELLED */
  GCancellable *finish; /* nullable: no further evaluation is begun */
} ReverseProcess;

/* x where the run begins (timesteps.h): the clean picture forward-noised, with noise of purpose START in
 * the pixels that join at once, KNOWN in the others. */
void reverse_process_start (const ReverseProcess *process, float *x_t);

/* Runs the process from x_t (as reverse_process_start or the caller made it) and leaves x̂_0
 * of the last evaluation in x0. Both n_channels × height × width. x0 is left
 * alone when `finish` comes before the first evaluation. Errors: those of `predict`,
 * DIFFUSION_ERROR_MEMORY, G_IO_ERROR_CANCELLED. */
gboolean reverse_process_run (const ReverseProcess *process, float *x_t, float *x0, GError **error);
