/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * network.c: which kind of network a configuration asks for.
 */
#include "network/network.h"

#include "format/config-reader.h"
#include "network/transformer.h"
#include "network/unet.h"

struct Network
{
  NetworkShape shape;
  Unet        *unet; /* one of the two; the other is NULL */
  Transformer *transformer;
};

typedef enum
{
  NETWORK_UNET,
  NETWORK_TRANSFORMER,
} NetworkKind;

static const ConfigChoice class_names[] = {
  { "UNet2DModel", NETWORK_UNET },
  { "DiTTransformer2DModel", NETWORK_TRANSFORMER },
  { NULL, 0 },
};

static gboolean
read_kind (const char *config_path, NetworkKind *kind, GError **error)
{
  ConfigReader reader;

  config_reader_init (&reader, config_path);
  *kind = config_choice (&reader, "_class_name", NETWORK_UNET, class_names);
  return config_reader_finish (&reader, error);
}

/* A pixel of the map is patch × patch of the configuration's folded pixels. */
static NetworkShape
shape_of (const PictureConfig *picture, int patch, int multiple)
{
  return (NetworkShape) {
    .fold = picture->pixel_unshuffle * patch,
    .multiple = multiple,
    .in_channels = picture->in_channels * patch * patch,
    .out_channels = picture->out_channels * patch * patch,
    .n_colours = picture->n_colours,
    .sample_size = picture->sample_size * picture->pixel_unshuffle,
    .conditioning = picture->conditioning,
    .guess_deviation = picture->guess_deviation,
    .guess_sweeps = picture->guess_sweeps,
    .self_condition = picture->self_condition,
  };
}

static gboolean
load_unet (Network     *network,
           const char  *config_path,
           Safetensors *weights,
           gboolean     metadata_only,
           GError     **error)
{
  UnetConfig config;

  if (!unet_config_read (&config, config_path, error))
    return FALSE;

  network->shape = shape_of (&config.picture, 1, 1 << (config.n_levels - 1));
  network->unet = metadata_only ? unet_new_metadata (&config, weights, error)
                                : unet_new (&config, weights, NULL, error);
  return network->unet != NULL;
}

/* The folding cuts the patches too: a pixel of the map is a token. */
static gboolean
load_transformer (Network     *network,
                  const char  *config_path,
                  Safetensors *weights,
                  gboolean     metadata_only,
                  GError     **error)
{
  TransformerConfig config;

  if (!transformer_config_read (&config, config_path, error))
    return FALSE;

  network->shape = shape_of (&config.picture, config.patch_size, 1);
  network->transformer = metadata_only ? transformer_new_metadata (&config, weights, error)
                                       : transformer_new (&config, weights, NULL, error);
  return network->transformer != NULL;
}

Network *
network_load (const char *config_path, Safetensors *weights, gboolean metadata_only, GError **error)
{
  Network    *network = g_new0 (Network, 1);
  NetworkKind kind;
  gboolean    loaded = FALSE;

  if (read_kind (config_path, &kind, error))
    switch (kind)
      {
      case NETWORK_UNET:
        loaded = load_unet (network, config_path, weights, metadata_only, error);
        break;
      case NETWORK_TRANSFORMER:
        loaded = load_transformer (network, config_path, weights, metadata_only, error);
        break;
      }
  if (!loaded)
    g_clear_pointer (&network, network_free);
  return network;
}

void
network_free (Network *network)
{
  if (!network)
    return;
  unet_free (network->unet);
  transformer_free (network->transformer);
  g_free (network);
}

const NetworkShape *
network_get_shape (const Network *network)
{
  return &network->shape;
}

void
network_get_info (const Network *network, DiffusionModelInfo *info)
{
  if (network->transformer)
    transformer_get_info (network->transformer, info);
  else
    unet_get_info (network->unet, info);
  info->sample_size = network->shape.sample_size;
  info->n_colours = network->shape.n_colours;
}

gsize
network_memory (const Network *network, int width, int height, int n_workers)
{
  return network->transformer ? transformer_memory (network->transformer, width, height, n_workers)
                              : unet_memory (network->unet, width, height, n_workers);
}

double
network_macs (const Network *network, int width, int height)
{
  return network->transformer ? transformer_macs (network->transformer, width, height)
                              : unet_macs (network->unet, width, height);
}

float *
network_begin (Network *network, DiffusionWorkers *workers, int width, int height, GError **error)
{
  return network->transformer
           ? transformer_begin (network->transformer, workers, width, height, error)
           : unet_begin (network->unet, workers, width, height, error);
}

const float *
network_run (Network          *network,
             DiffusionWorkers *workers,
             double            t,
             GCancellable     *cancel,
             GError          **error)
{
  return network->transformer ? transformer_run (network->transformer, workers, t, cancel, error)
                              : unet_run (network->unet, workers, t, cancel, error);
}
