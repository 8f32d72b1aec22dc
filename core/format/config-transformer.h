/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-transformer.h: unet/config.json of a Transformer, the keys of diffusers'
 * DiTTransformer2DModel and our own of config-picture.h.
 */
#pragma once

#include "format/config.h"

typedef struct
{
  PictureConfig picture;    /* its sample_size is at least patch_size */
  int           patch_size; /* pixels after folding, 1…64 */
  int           n_layers;   /* 1…256 */
  int           n_heads;
  int           channels; /* n_heads · attention_head_dim, a multiple of 4, 4…8192 */
  gboolean      attention_bias;
  gboolean      norm_affine; /* the MLP's norm has weights of its own */
  double        norm_eps;    /* of the MLP's norm; the others have 1e-6 */
  int           n_classes;   /* 0: the network knows none */
} TransformerConfig;

/* As unet_config_read in config.h. */
gboolean transformer_config_read (TransformerConfig *config, const char *path, GError **error);
