/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transformer-weights.h: the layers of a Transformer, built from a configuration
 * and a file of weights with the names of diffusers' DiTTransformer2DModel.
 *
 * A token is one pixel of the folded map: the patches are cut by the folding
 * (network.h), and the first and the last layer have their weights in its order of
 * channels.
 */
#pragma once

#include "layers/attention.h"
#include "format/config-transformer.h"
#include "layers/convolution.h"
#include "format/safetensors.h"

/* Sinusoids of the timestep. */
#define TRANSFORMER_TIME_CHANNELS 256

typedef struct
{
  Convolution *time_1,
    *time_2;               /* sinusoids to channels, to channels; a class is in the last bias */
  Convolution *modulation; /* to shift, scale and gate of the attention, then of the MLP,
                                 * each KERNEL_PAD (channels) long */
  Attention    attention;
  float       *gamma, *beta; /* of the MLP's norm; NULL: 1 and 0 */
  Convolution *up, *down;    /* the MLP: channels to 4 · channels, and back */
} TransformerBlock;

typedef struct
{
  TransformerBlock *blocks; /* n_layers */
  int               n_blocks;
  Convolution      *patches;      /* folded inputs to channels */
  Convolution      *modulation;   /* to shift and scale of the last norm */
  Convolution      *out;          /* channels to folded outputs */
  GPtrArray        *convolutions; /* all of them, owned */

  guint64 n_parameters;
  guint64 largest_tensor; /* elements */
} TransformerWeights;

/* `metadata_only`: the tensors are checked by the file's header and not read, the layers have
 * sizes and no weights. Errors: DIFFUSION_ERROR_MODEL, DIFFUSION_ERROR_MEMORY. */
TransformerWeights *transformer_weights_new (const TransformerConfig *config,
                                             Safetensors             *file,
                                             gboolean                 metadata_only,
                                             GError                 **error);
void                transformer_weights_free (TransformerWeights *weights);
