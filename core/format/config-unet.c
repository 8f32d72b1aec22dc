/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-unet.c: unet/config.json, the keys of diffusers' UNet2DModel and our own:
 * time_proj_channels, timestep_scale, num_attention_heads, and those of
 * config-picture.h.
 */
#include "format/config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "format/config-picture.h"

#define MAX_CHANNELS 4096

/* What a block has. The plain ones change the size by a convolution, those with
 * attention by what downsample_type and upsample_type say. */
enum
{
  PLAIN,
  ATTENTION, /* after each residual block */
  RESNET,    /* a residual block changes the size */
};

static const ConfigChoice activations[] = {
  { "silu", ACTIVATION_SILU }, { "swish", ACTIVATION_SILU }, { "mish", ACTIVATION_MISH },
  { "gelu", ACTIVATION_GELU }, { "relu", ACTIVATION_RELU },  { NULL, 0 },
};

static const ConfigChoice down_blocks[] = {
  { "DownBlock2D", PLAIN },
  { "AttnDownBlock2D", ATTENTION },
  { "ResnetDownsampleBlock2D", RESNET },
  { NULL, 0 },
};

static const ConfigChoice up_blocks[] = {
  { "UpBlock2D", PLAIN },
  { "AttnUpBlock2D", ATTENTION },
  { "ResnetUpsampleBlock2D", RESNET },
  { NULL, 0 },
};

static const ConfigChoice sampler_types[] = {
  { "conv", FALSE },
  { "resnet", TRUE },
  { NULL, 0 },
};

static const ConfigChoice time_embeddings[] = {
  { "positional", FALSE },
  { "fourier", TRUE },
  { NULL, 0 },
};

static const ConfigChoice time_scale_shifts[] = {
  { "default", FALSE },
  { "scale_shift", TRUE },
  { NULL, 0 },
};

/* diffusers' network when the file says nothing. */
static const UnetConfig defaults = {
  .n_levels = 4,
  .block_out_channels = { 224, 448, 672, 896 },
  .down_attention = { FALSE, TRUE, TRUE, TRUE },
  .up_attention = { TRUE, TRUE, TRUE, FALSE },
  .layers_per_block = 2,
  .norm_num_groups = 32,
  .norm_eps = 1e-5,
  .activation = ACTIVATION_SILU,
  .mid_block = TRUE,
  .mid_attention = TRUE,
  .attention_head_dim = 8,
  .timestep_scale = 1.0,
  .mid_block_scale_factor = 1.0,
  .downsample_padding = 1,
  .flip_sin_to_cos = TRUE,
};

/* One list of blocks, with the type of what changes the size of those that may
 * have either. */
static void
read_blocks (ConfigReader       *reader,
             const UnetConfig   *config,
             const char         *list_key,
             const ConfigChoice *blocks,
             const char         *type_key,
             gboolean           *attention,
             gboolean           *resnet)
{
  const gboolean by_resnet = config_choice (reader, type_key, FALSE, sampler_types);
  int            values[UNET_MAX_LEVELS];
  int            n = config_choices (reader, list_key, blocks, UNET_MAX_LEVELS, values);

  for (int i = 0; i < n; i++)
    {
      attention[i] = values[i] == ATTENTION;
      resnet[i] = values[i] == RESNET;
    }
  if (n != config->n_levels && (n > 0 || config->n_levels != defaults.n_levels))
    config_refuse (reader, list_key, _ ("as many values as block_out_channels has"));

  for (int i = 0; i < config->n_levels; i++)
    if (attention[i])
      resnet[i] = by_resnet;
}

static void
read_levels (ConfigReader *reader, UnetConfig *config)
{
  int values[UNET_MAX_LEVELS];
  int n = config_ints (reader, "block_out_channels", 1, MAX_CHANNELS, UNET_MAX_LEVELS, values);

  if (n > 0)
    {
      config->n_levels = n;
      memcpy (config->block_out_channels, values, n * sizeof *values);
    }
  read_blocks (reader, config, "down_block_types", down_blocks, "downsample_type",
               config->down_attention, config->down_resnet);
  read_blocks (reader, config, "up_block_types", up_blocks, "upsample_type", config->up_attention,
               config->up_resnet);
}

/* Groups and heads have to divide what they cut up. */
static void
check_divisions (ConfigReader *reader, const UnetConfig *config)
{
  int half;

  for (int i = 0; i < config->n_levels; i++)
    {
      int      channels = config->block_out_channels[i];
      gboolean middle = i == config->n_levels - 1 && config->mid_attention;
      gboolean attention =
        middle || config->down_attention[i] || config->up_attention[config->n_levels - 1 - i];

      if (channels % config->norm_num_groups != 0)
        config_refuse (reader, "norm_num_groups",
                       _ ("a divisor of each number in block_out_channels"));
      if (attention && config->n_heads > 0 && channels % config->n_heads != 0)
        config_refuse (reader, "num_attention_heads",
                       _ ("a divisor of the channels of each block with attention"));
      if (attention && config->n_heads == 0 && config->attention_head_dim > 0 &&
          channels % config->attention_head_dim != 0)
        config_refuse (reader, "attention_head_dim",
                       _ ("a divisor of the channels of each block with attention"));
      if (middle && config->attn_norm_num_groups > 0 &&
          channels % config->attn_norm_num_groups != 0)
        config_refuse (reader, "attn_norm_num_groups",
                       _ ("a divisor of the last number in block_out_channels"));
    }

  /* The positional embedding has half as many frequencies as channels; the last
   * of them is at 1 / (half − freq_shift). */
  half = config->time_channels / 2;
  if (!config->fourier && config->freq_shift >= half)
    config_refuse (reader, "freq_shift",
                   _ ("less than half of the first number in block_out_channels"));
}

/* Keys of diffusers that change the arithmetic in ways this build does not
 * have: only the value that leaves it as it is is taken. */
static void
refuse_unsupported (ConfigReader *reader, const UnetConfig *config)
{
  config_only (reader, "_class_name", "UNet2DModel");
  if (config_has (reader, "class_embed_type"))
    config_refuse (reader, "class_embed_type", "null");
  if (config_has (reader, "num_class_embeds"))
    config_refuse (reader, "num_class_embeds", "null");
  if (config_has (reader, "time_embedding_dim"))
    config_int (reader, "time_embedding_dim", 0, 4 * config->time_channels,
                4 * config->time_channels);
}

/* The block between the way down and the way up. Without a number of its own its
 * attention's norm has the groups of all others, but none with scale-shift. */
static void
read_mid_block (ConfigReader *reader, UnetConfig *config)
{
  if (config_is_null (reader, "mid_block_type"))
    config->mid_block = FALSE;
  else
    config_only (reader, "mid_block_type", "UNetMidBlock2D");
  config->mid_attention = config_bool (reader, "add_attention", TRUE) && config->mid_block;
  config->mid_block_scale_factor = config_double (reader, "mid_block_scale_factor", 1.0, 1e-3, 1e3);

  config->attn_norm_num_groups = config->scale_shift ? 0 : config->norm_num_groups;
  if (config_has (reader, "attn_norm_num_groups"))
    config->attn_norm_num_groups = config_int (reader, "attn_norm_num_groups", 0, 1, MAX_CHANNELS);
}

gboolean
unet_config_read (UnetConfig *config, const char *path, GError **error)
{
  ConfigReader reader;

  *config = defaults;
  config_reader_init (&reader, path);

  config_read_picture (&reader, 3, 3, &config->picture);
  read_levels (&reader, config);
  config->layers_per_block = config_int (&reader, "layers_per_block", 2, 1, 16);
  config->norm_num_groups = config_int (&reader, "norm_num_groups", 32, 1, MAX_CHANNELS);
  config->norm_eps = config_double (&reader, "norm_eps", 1e-5, 1e-12, 1.0);
  config->activation = config_choice (&reader, "act_fn", ACTIVATION_SILU, activations);
  config->scale_shift =
    config_choice (&reader, "resnet_time_scale_shift", FALSE, time_scale_shifts);
  read_mid_block (&reader, config);
  if (config_is_null (&reader, "attention_head_dim"))
    config->attention_head_dim = 0; /* one head of all channels */
  else
    config->attention_head_dim = config_int (&reader, "attention_head_dim", 8, 1, MAX_CHANNELS);
  if (config_has (&reader, "num_attention_heads"))
    config->n_heads = config_int (&reader, "num_attention_heads", 0, 1, MAX_CHANNELS);
  config->downsample_padding = config_int (&reader, "downsample_padding", 1, 0, 1);
  config->timestep_scale = config_double (&reader, "timestep_scale", 1.0, 1e-6, 1e6);
  config->time_channels =
    config_int (&reader, "time_proj_channels", config->block_out_channels[0], 1, MAX_CHANNELS);
  config->fourier = config_choice (&reader, "time_embedding_type", FALSE, time_embeddings);
  config->flip_sin_to_cos = config_bool (&reader, "flip_sin_to_cos", TRUE);
  config->freq_shift = config_double (&reader, "freq_shift", 0.0, 0.0, MAX_CHANNELS);
  config->center_input_sample = config_bool (&reader, "center_input_sample", FALSE);

  refuse_unsupported (&reader, config);
  check_divisions (&reader, config);
  return config_reader_finish (&reader, error);
}
