/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-unet.c: unet/config.json, the keys of diffusers' UNet2DModel and the
 * three of our own (pixel_unshuffle, conditioning, guess_deviation).
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "config-reader.h"

#define MAX_CHANNELS 4096

enum
{
  PLAIN_BLOCK,
  ATTENTION_BLOCK,
};

static const ConfigChoice activations[] = {
  { "silu", 0 },
  { "swish", 0 }, /* another name for it */
  { NULL, 0 },
};

static const ConfigChoice down_blocks[] = {
  { "DownBlock2D", PLAIN_BLOCK },
  { "AttnDownBlock2D", ATTENTION_BLOCK },
  { NULL, 0 },
};

static const ConfigChoice up_blocks[] = {
  { "UpBlock2D", PLAIN_BLOCK },
  { "AttnUpBlock2D", ATTENTION_BLOCK },
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

/* The levels: three lists of one length. */
static void
read_levels (ConfigReader *reader, UnetConfig *config)
{
  int values[UNET_MAX_LEVELS];
  int n;

  n = config_ints (reader, "block_out_channels", 1, MAX_CHANNELS, UNET_MAX_LEVELS, values);
  if (n > 0)
    {
      config->n_levels = n;
      memcpy (config->block_out_channels, values, n * sizeof *values);
    }

  n = config_choices (reader, "down_block_types", down_blocks, UNET_MAX_LEVELS, values);
  for (int i = 0; i < n; i++)
    config->down_attention[i] = values[i] == ATTENTION_BLOCK;
  if (n != config->n_levels && (n > 0 || config->n_levels != defaults.n_levels))
    config_refuse (reader, "down_block_types", _("as many values as block_out_channels has"));

  n = config_choices (reader, "up_block_types", up_blocks, UNET_MAX_LEVELS, values);
  for (int i = 0; i < n; i++)
    config->up_attention[i] = values[i] == ATTENTION_BLOCK;
  if (n != config->n_levels && (n > 0 || config->n_levels != defaults.n_levels))
    config_refuse (reader, "up_block_types", _("as many values as block_out_channels has"));
}

/* Groups and heads have to divide what they cut up. */
static void
check_divisions (ConfigReader *reader, const UnetConfig *config)
{
  for (int i = 0; i < config->n_levels; i++)
    {
      int      channels = config->block_out_channels[i];
      gboolean attention = config->down_attention[i] ||
                           config->up_attention[config->n_levels - 1 - i] ||
                           (i == config->n_levels - 1 && config->mid_attention);

      if (channels % config->norm_num_groups != 0)
        config_refuse (reader, "norm_num_groups",
                       _("a divisor of each number in block_out_channels"));
      if (attention && config->attention_head_dim > 0 && channels % config->attention_head_dim != 0)
        config_refuse (reader, "attention_head_dim",
                       _("a divisor of the channels of each block with attention"));
    }

  /* Half of the first level's channels are the frequencies of the time
   * embedding; the last of them is at 1 / (half − freq_shift). */
  if (config->block_out_channels[0] % 2 != 0)
    config_refuse (reader, "block_out_channels", _("an even number first"));
  if (config->freq_shift >= config->block_out_channels[0] / 2)
    config_refuse (reader, "freq_shift",
                   _("less than half of the first number in block_out_channels"));
}

/* What goes in and out follows from the picture (3 channels), the folding and
 * the conditioning. */
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
  if (config->out_channels != outputs)
    {
      expected = g_strdup_printf (_("%d (3 colours, folded by pixel_unshuffle)"), outputs);
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
  config_choice (reader, "act_fn", 0, activations);
  config_only (reader, "time_embedding_type", "positional");
  config_only (reader, "resnet_time_scale_shift", "default");
  config_only (reader, "downsample_type", "conv");
  config_only (reader, "upsample_type", "conv");
  config_only (reader, "mid_block_type", "UNetMidBlock2D");
  if (config_has (reader, "class_embed_type"))
    config_refuse (reader, "class_embed_type", "null");
  if (config_has (reader, "num_class_embeds"))
    config_refuse (reader, "num_class_embeds", "null");
  if (config_has (reader, "attn_norm_num_groups"))
    config_int (reader, "attn_norm_num_groups", 0, config->norm_num_groups,
                config->norm_num_groups);
  if (config_has (reader, "time_embedding_dim"))
    config_int (reader, "time_embedding_dim", 0, 4 * config->block_out_channels[0],
                4 * config->block_out_channels[0]);
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
  config->mid_attention = config_bool (&reader, "add_attention", TRUE);
  if (config_is_null (&reader, "attention_head_dim"))
    config->attention_head_dim = 0; /* one head of all channels */
  else
    config->attention_head_dim = config_int (&reader, "attention_head_dim", 8, 1, MAX_CHANNELS);
  config->mid_block_scale_factor =
    config_double (&reader, "mid_block_scale_factor", 1.0, 1e-3, 1e3);
  config->downsample_padding = config_int (&reader, "downsample_padding", 1, 0, 1);
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
