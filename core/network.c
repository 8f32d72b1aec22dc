/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * network.c: which kind of network a configuration asks for.
 */
#include "network.h"

#include "config-reader.h"
#include "unet.h"

struct Network
{
  NetworkShape shape;
  Unet        *unet;
};

typedef enum
{
  NETWORK_UNET,
} NetworkKind;

static const ConfigChoice class_names[] = {
  { "UNet2DModel", NETWORK_UNET },
  { NULL, 0 },
};

static gboolean
read_kind (const char  *config_path,
           NetworkKind *kind,
           GError     **error)
{
  ConfigReader reader;

  config_reader_init (&reader, config_path);
  *kind = config_choice (&reader, "_class_name", NETWORK_UNET, class_names);
  return config_reader_finish (&reader, error);
}

static gboolean
load_unet (Network     *network,
           const char  *config_path,
           Safetensors *weights,
           gboolean     outline,
           GError     **error)
{
  UnetConfig config;

  if (!unet_config_read (&config, config_path, error))
    return FALSE;

  network->shape = (NetworkShape) {
    .fold = config.picture.pixel_unshuffle,
    .multiple = 1 << (config.n_levels - 1),
    .in_channels = config.picture.in_channels,
    .out_channels = config.picture.out_channels,
    .sample_size = config.picture.sample_size * config.picture.pixel_unshuffle,
    .conditioning = config.picture.conditioning,
    .guess_deviation = config.picture.guess_deviation,
  };
  network->unet = outline ? unet_new_outline (&config, weights, error)
                          : unet_new (&config, weights, NULL, error);
  return network->unet != NULL;
}

Network *
network_load (const char  *config_path,
              Safetensors *weights,
              gboolean     outline,
              GError     **error)
{
  Network    *network = g_new0 (Network, 1);
  NetworkKind kind;
  gboolean    loaded;

  loaded = read_kind (config_path, &kind, error)
           && load_unet (network, config_path, weights, outline, error);
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
  g_free (network);
}

const NetworkShape *
network_get_shape (const Network *network)
{
  return &network->shape;
}

void
network_get_info (const Network      *network,
                  DiffusionModelInfo *info)
{
  unet_get_info (network->unet, info);
  info->sample_size = network->shape.sample_size;
}

gsize
network_memory (const Network *network,
                int            width,
                int            height,
                int            n_workers)
{
  return unet_memory (network->unet, width, height, n_workers);
}

double
network_products (const Network *network,
                  int            width,
                  int            height)
{
  return unet_products (network->unet, width, height);
}

float *
network_begin (Network          *network,
               DiffusionWorkers *workers,
               int               width,
               int               height,
               GError          **error)
{
  return unet_begin (network->unet, workers, width, height, error);
}

const float *
network_run (Network          *network,
             DiffusionWorkers *workers,
             double            t,
             GCancellable     *cancel,
             GError          **error)
{
  return unet_run (network->unet, workers, t, cancel, error);
}
