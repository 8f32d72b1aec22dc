/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-transformer.c: the configuration of a Transformer.
 */
#include "format/config-transformer.h"

#include <glib/gi18n-lib.h>

#include "format/config-picture.h"

#define MAX_CHANNELS 8192
#define MAX_CLASSES  1000000

/* num_embeds_ada_norm: null, which diffusers writes for no network of its own, is a
 * network without classes. */
static int
read_n_classes (ConfigReader *reader)
{
  if (config_is_null (reader, "num_embeds_ada_norm"))
    return 0;
  return config_int (reader, "num_embeds_ada_norm", 1000, 1, MAX_CLASSES);
}

/* The heads, side by side, are the channels; the position embedding splits them in
 * four: sine and cosine of column and row. */
static void
read_heads (ConfigReader *reader, TransformerConfig *config)
{
  config->n_heads = config_int (reader, "num_attention_heads", 16, 1, MAX_CHANNELS);
  config->channels =
    config->n_heads * config_int (reader, "attention_head_dim", 72, 1, MAX_CHANNELS);
  if (config->channels % 4 != 0 || config->channels > MAX_CHANNELS)
    config_refuse (
      reader, "attention_head_dim",
      _ ("a number that times num_attention_heads is a multiple of 4 and at most 8192"));
}

/* Only the value that leaves the arithmetic as it is is taken. Dropout is for
 * training, and upcast_attention for less than single precision: both change nothing. */
static void
refuse_unsupported (ConfigReader *reader)
{
  config_only (reader, "_class_name", "DiTTransformer2DModel");
  config_only (reader, "activation_fn", "gelu-approximate");
  config_only (reader, "norm_type", "ada_norm_zero");
  config_double (reader, "dropout", 0.0, 0.0, 1.0);
  config_bool (reader, "upcast_attention", FALSE);
}

gboolean
transformer_config_read (TransformerConfig *config, const char *path, GError **error)
{
  ConfigReader reader;

  *config = (TransformerConfig) { 0 };
  config_reader_init (&reader, path);

  config_read_picture (&reader, 4, 0, &config->picture);
  if (config->picture.sample_size == 0)
    config->picture.sample_size = 32;
  config->patch_size = config_int (&reader, "patch_size", 2, 1, 64);
  if (config->picture.sample_size < config->patch_size)
    config_refuse (&reader, "sample_size", _ ("at least patch_size"));
  config->n_layers = config_int (&reader, "num_layers", 28, 1, 256);
  read_heads (&reader, config);
  config->attention_bias = config_bool (&reader, "attention_bias", TRUE);
  config->norm_affine = config_bool (&reader, "norm_elementwise_affine", FALSE);
  config->norm_eps = config_double (&reader, "norm_eps", 1e-5, 1e-12, 1.0);
  config->n_classes = read_n_classes (&reader);

  refuse_unsupported (&reader);
  return config_reader_finish (&reader, error);
}
