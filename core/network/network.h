/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * network.h: the denoising network of a model folder, of whatever kind, as
 * model.c sees it. `_class_name` in its configuration says the kind, and
 * network.c is the one place that asks.
 */
#pragma once

#include "format/config.h"
#include "format/safetensors.h"
#include "base/workers.h"

typedef struct Network Network;

/* A network runs on maps: a window of the picture, folded fold × fold pixels
 * into channels (channel c · fold² + dy · fold + dx, as PyTorch's
 * pixel_unshuffle has it). */
typedef struct
{
  int          fold;                      /* pixels of the picture, 1 or more */
  int          multiple;                  /* of which both sides of a map have to be multiples */
  int          in_channels, out_channels; /* of the maps */
  int          n_colours;                 /* of the picture: 3, or 1 (gray) */
  int          sample_size; /* pixels of the picture that it was trained on; 0: not said */
  Conditioning conditioning;
  double       guess_deviation; /* s of preconditioning.h; 0: the output is the prediction */
  int          guess_sweeps;    /* of push-pull.h */
  gboolean     self_condition;  /* an estimate of its own may stand for the guess (Chen et al. 2023,
                                 * "Analog bits", section 3.2) */
} NetworkShape;

/* Reads the configuration and takes the weights out of `weights`. `metadata_only`: the
 * tensors are checked by the file's header and not read; then only functions that
 * take a const Network may be called. Errors: DIFFUSION_ERROR_MODEL,
 * DIFFUSION_ERROR_MEMORY. */
Network *network_load (const char  *config_path,
                       Safetensors *weights,
                       gboolean     metadata_only,
                       GError     **error);
void     network_free (Network *network);

const NetworkShape *network_get_shape (const Network *network);
void                network_get_info (const Network *network, DiffusionModelInfo *info);

/* What an evaluation of a map of width × height takes: bytes beside the weights (0
 * when no machine has so many), and multiply-accumulates. */
gsize  network_memory (const Network *network, int width, int height, int n_workers);
double network_macs (const Network *network, int width, int height);

/* Makes room for a map of width × height, channels last, KERNEL_PAD (in_channels)
 * floats a pixel. The caller fills it, zeros in the channels that only memory has.
 * Valid until network_run. Memory is kept until another size, or network_free. */
float *
network_begin (Network *network, DiffusionWorkers *workers, int width, int height, GError **error);

/* Evaluates the network at timestep t on what network_begin returned, by the same
 * workers. The result has KERNEL_PAD (out_channels) floats a pixel and is valid
 * until the next network_begin. */
const float *network_run (Network          *network,
                          DiffusionWorkers *workers,
                          double            t,
                          GCancellable     *cancel,
                          GError          **error);
