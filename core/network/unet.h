/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unet.h: a network ready to run on inputs of any size it admits.
 */
#pragma once

#include "format/config.h"
#include "kernels/kernels.h"
#include "layers/map.h"
#include "format/safetensors.h"
#include "base/workers.h"

typedef struct Unet Unet;

/* `config` as unet_config_read made it. `kernels`: NULL for the fastest that suit it.
 * Errors: DIFFUSION_ERROR_MODEL, DIFFUSION_ERROR_MEMORY. */
Unet      *
unet_new (const UnetConfig *config, Safetensors *file, const Kernels *kernels, GError **error);
void unet_free (Unet *unet);

/* The same without the tensors: they are checked by the file's header and not
 * read. Of what follows only the functions that take a const Unet may be called. */
Unet *unet_new_metadata (const UnetConfig *config, Safetensors *file, GError **error);

/* Fills in the parameters and the bytes: of the weights as the kernels want them,
 * and the most that is held while they are made of the file's. */
void unet_get_info (const Unet *unet, DiffusionModelInfo *info);

/* Multiply-accumulates that an input of width × height takes (layer-cost.h). */
double unet_macs (const Unet *unet, int width, int height);

/* Bytes that an input of width × height takes beside the weights; 0 when no
 * machine has so many. */
gsize unet_memory (const Unet *unet, int width, int height, int n_workers);

/* Makes room for an input of width × height (both multiples of
 * 2^(levels − 1)), channels last, KERNEL_PAD (in_channels) floats a pixel.
 * The caller fills it, zeros in the channels that only memory has. Valid until
 * unet_run. Memory is kept until a larger size, or unet_free. */
float *unet_begin (Unet *unet, DiffusionWorkers *workers, int width, int height, GError **error);

/* Evaluates the network at timestep t on what unet_begin returned, by the same
 * workers. The result has KERNEL_PAD (out_channels) floats a pixel and is valid
 * until the next unet_begin. A network with the Fourier embedding, whose result
 * is divided by t, gets at least t = 1: the reference has no value at 0. */
const float *
unet_run (Unet *unet, DiffusionWorkers *workers, double t, GCancellable *cancel, GError **error);

typedef struct
{
  const char *name; /* of the module whose output `map` is */
  const Map  *map;
  double      macs;
} UnetLayer;

/* For tests and benchmarks: called after each layer, by any worker while no other
 * is at work. NULL: not at all. */
typedef void (*UnetTrace) (gpointer data, const UnetLayer *layer);
void unet_set_trace (Unet *unet, UnetTrace trace, gpointer data);
