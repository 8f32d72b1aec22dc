/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transformer.h: a diffusion Transformer (Peebles and Xie 2023, DiT, with
 * adaLN-Zero) ready to run on inputs of any size. The arithmetic is that of
 * diffusers' DiTTransformer2DModel.
 */
#pragma once

#include "format/config-transformer.h"
#include "kernels/kernels.h"
#include "layers/map.h"
#include "format/safetensors.h"
#include "base/workers.h"

typedef struct Transformer Transformer;

/* `config` as transformer_config_read made it. `kernels`: NULL for the fastest.
 * Errors: DIFFUSION_ERROR_MODEL, DIFFUSION_ERROR_MEMORY. */
Transformer *transformer_new (const TransformerConfig *config,
                              Safetensors             *file,
                              const Kernels           *kernels,
                              GError                 **error);
void         transformer_free (Transformer *transformer);

/* As in unet.h: what is known without the tensors, and what a run takes. */
Transformer       *
transformer_new_metadata (const TransformerConfig *config, Safetensors *file, GError **error);
void  transformer_get_info (const Transformer *transformer, DiffusionModelInfo *info);
gsize transformer_memory (const Transformer *transformer, int width, int height, int n_workers);
double transformer_macs (const Transformer *transformer, int width, int height);

/* Makes room for width × height tokens, each F × F pixels of the picture folded into
 * channels, F = pixel_unshuffle · patch_size: KERNEL_PAD (in_channels · patch_size²)
 * floats. The rest as unet_begin and unet_run in unet.h. */
float       *transformer_begin (Transformer      *transformer,
                                DiffusionWorkers *workers,
                                int               width,
                                int               height,
                                GError          **error);
const float *transformer_run (Transformer      *transformer,
                              DiffusionWorkers *workers,
                              double            t,
                              GCancellable     *cancel,
                              GError          **error);

/* For tests: called with the state after each layer, and the name of the module that
 * changed it. NULL: not at all. */
typedef void (*TransformerTrace) (gpointer data, const char *name, const Map *map);
void transformer_set_trace (Transformer *transformer, TransformerTrace trace, gpointer data);
