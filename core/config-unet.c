/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-unet.c: unet/config.json, the keys of diffusers' UNet2DModel and the
 * those of our own (pixel_unshuffle, conditioning, guess_deviation,
 * time_proj_channels).
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "config-reader.h"

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

static const ConfigChoice conditionings[] = {
  { "filled-image", CONDITIONING_FILLED_IMAGE },
  { "masked-image", CONDITIONING_MASKED_IMAGE },
  { NULL, 0 },
};

/* diffusers' network when the file says nothing. */
static const UnetConfig defaults = {
  .in_channels = 3,
  .out_channels = 3,
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
  .mid_block_scale_factor = 1.0,
  .downsample_padding = 1,
  .flip_sin_to_cos = TRUE,
  .pixel_unshuffle = 1,
  .conditioning = CONDITIONING_NONE,
};

/* A number, or a list of height and width, of which we take the larger. */
static int
read_sample_size (ConfigReader *reader)
{
  JsonNode *node;
  int       sizes[2] = { 0, 0 };

  if (!config_has (reader, "sample_size"))
    return 0;
  node = json_object_get_member (reader->object, "sample_size");
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return config_int (reader, "sample_size", 0, 1, 65536);
  config_ints (reader, "sample_size", 1, 65536, 2, sizes);
  return MAX (sizes[0], sizes[1]);
}

/* One list of blocks, with the type of what changes the size of those that may
 * have either. */
static void
read_blocks (ConfigReader *reader, const UnetConfig *config, const char *list_key,
             const ConfigChoice *blocks, const char *type_key, gboolean *attention,
             gboolean *resnet)
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
    config_refuse (reader, list_key, _("as many values as block_out_channels has"));

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
  for (int i = 0; i < config->n_levels; i++)
    {
      int      channels = config->block_out_channels[i];
      gboolean middle = i == config->n_levels - 1 && config->mid_attention;
      gboolean attention =
        middle || config->down_attention[i] || config->up_attention[config->n_levels - 1 - i];

      if (channels % config->norm_num_groups != 0)
        config_refuse (reader, "norm_num_groups",
                       _("a divisor of each number in block_out_channels"));
      if (attention && config->attention_head_dim > 0 && channels % config->attention_head_dim != 0)
        config_refuse (reader, "attention_head_dim",
                       _("a divisor of the channels of each block with attention"));
      if (middle && config->attn_norm_num_groups > 0 &&
          channels % config->attn_norm_num_groups != 0)
        config_refuse (reader, "attn_norm_num_groups",
                       _("a divisor of the last number in block_out_channels"));
    }

  /* The positional embedding has half as many frequencies as channels; the last
   * of them is at 1 / (half − freq_shift). */
  if (!config->fourier && config->freq_shift >= config->time_channels / 2)
    config_refuse (reader, "freq_shift",
                   _("less than half of the first number in block_out_channels"));
}

/* What goes in and out follows from the picture (3 channels), the folding and
 * the conditioning; the variance may go out with it. */
static void
check_channels (ConfigReader *reader, const UnetConfig *config)
{
  int   folded = config->pixel_unshuffle * config->pixel_unshuffle;
  int   inputs = (config->conditioning == CONDITIONING_NONE ? 3 : 7) * folded;
  int   outputs = 3 * folded;
  char *expected;

  if (config->in_channels != inputs)
    {
      expected = g_strdup_printf (config->conditioning == CONDITIONING_NONE
                                    ? _("%d (3 colours, folded by pixel_unshuffle)")
                                    : _("%d (3 + 3 + 1 planes, folded by pixel_unshuffle)"),
                                  inputs);
      config_refuse (reader, "in_channels", expected);
      g_free (expected);
    }
  if (config->out_channels != outputs && config->out_channels != 2 * outputs)
    {
      expected = g_strdup_printf (
        _("%d (3 colours, folded by pixel_unshuffle) or twice as many (with the variance)"), outputs);
      config_refuse (reader, "out_channels", expected);
      g_free (expected);
    }
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

  config->in_channels = config_int (&reader, "in_channels", 3, 1, MAX_CHANNELS);
  config->out_channels = config_int (&reader, "out_channels", 3, 1, MAX_CHANNELS);
  config->sample_size = read_sample_size (&reader);
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
  config->downsample_padding = config_int (&reader, "downsample_padding", 1, 0, 1);
  config->time_channels = config_int (&reader, "time_proj_channels", config->block_out_channels[0],
                                      1, MAX_CHANNELS);
  config->fourier = config_choice (&reader, "time_embedding_type", FALSE, time_embeddings);
  config->flip_sin_to_cos = config_bool (&reader, "flip_sin_to_cos", TRUE);
  config->freq_shift = config_double (&reader, "freq_shift", 0.0, 0.0, MAX_CHANNELS);
  config->center_input_sample = config_bool (&reader, "center_input_sample", FALSE);
  config->pixel_unshuffle = config_int (&reader, "pixel_unshuffle", 1, 1, 8);
  if (config_has (&reader, "conditioning"))
    config->conditioning =
      config_choice (&reader, "conditioning", CONDITIONING_NONE, conditionings);
  config->guess_deviation = config_double (&reader, "guess_deviation", 0.0, 0.0, 2.0);
  if (config->guess_deviation > 0.0)
    {
      if (config->conditioning != CONDITIONING_FILLED_IMAGE)
        config_refuse (&reader, "guess_deviation", _("0, for “conditioning” is not \"filled-image\""));
      else if (config->guess_deviation < 1e-3)
        config_refuse (&reader, "guess_deviation", _("0, or a number from 0.001 to 2"));
    }

  refuse_unsupported (&reader, config);
  check_divisions (&reader, config);
  check_channels (&reader, config);
  return config_reader_finish (&reader, error);
}
