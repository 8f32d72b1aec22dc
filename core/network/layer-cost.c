/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.c: what a layer costs, counted from its shapes: the arithmetic of
 * the direct way and ours, the memory touched by our op and by an engine that
 * runs the operations in it one after the other.
 */
#include "network/layer-cost.h"

static double
map_pixels (const Map *map)
{
  return (double) map->width * map->height;
}

static double
map_bytes (const Map *map)
{
  return sizeof (float) * map_pixels (map) * map->stride;
}

static double
weight_bytes (const Convolution *convolution)
{
  return sizeof (float) * (double) convolution->size;
}

/* Multiplications of channels that are in memory, edges of tiles included. */
static double
convolution_macs (const Convolution *convolution, const Map *result)
{
  const double pairs = (double) convolution->n_in * convolution->n_out;

  if (convolution->method == CONVOLUTION_METHOD_WINOGRAD)
    return pairs * WINOGRAD_PRODUCTS * divide_up (result->width, WINOGRAD_OUT) *
           divide_up (result->height, WINOGRAD_OUT);
  return pairs * (convolution->kind == CONVOLUTION_POINT ? 1.0 : 9.0) * map_pixels (result);
}

static void
convolution_cost (const Op *op, const Map *maps, UnetLayer *layer)
{
  const Map   *result = layer->map;
  const double out = map_bytes (result);
  const double per_channel = (double) result->channels * map_pixels (result);
  double       in = 0.0, shortcut = 0.0;

  layer->macs = convolution_macs (op->convolution, result);
  for (int i = 0; i < op->n_sources; i++)
    {
      in += map_bytes (&maps[op->sources[i]]);
      layer->multiplications += 9.0 * maps[op->sources[i]].channels * per_channel;
    }
  layer->bytes = in + weight_bytes (op->convolution) + out;

  /* One operation after the other. */
  layer->bytes_unfused = layer->bytes;
  if (op->n_sources > 1)
    layer->bytes_unfused += 2.0 * in; /* concatenation */
  if (op->norm)
    layer->bytes_unfused += 5.0 * in; /* moments; x · scale + shift; SiLU */
  if (op->upsample)
    layer->bytes_unfused += 8.0 * in; /* four times the pixels, written and read */
  if (op->time >= 0)
    layer->bytes_unfused += 2.0 * out;
  if (op->factor != 1.0f)
    layer->bytes_unfused += 2.0 * out;

  if (op->shortcut)
    {
      for (int i = 0; i < op->n_shortcut_sources; i++)
        {
          shortcut += map_bytes (&maps[op->shortcut_sources[i]]);
          layer->multiplications += maps[op->shortcut_sources[i]].channels * per_channel;
        }
      shortcut += weight_bytes (op->shortcut);
      layer->macs += convolution_macs (op->shortcut, result);
      layer->bytes += shortcut;
      layer->bytes_unfused += shortcut + 4.0 * out; /* written; a sum of two */
    }
  if (op->residual >= 0)
    {
      layer->bytes += out;
      layer->bytes_unfused += 3.0 * out;
    }
}

static void
attention_cost (const Op *op, UnetLayer *layer)
{
  const double map = map_bytes (layer->map);
  const double pixels = map_pixels (layer->map);
  const double channels = layer->map->channels;
  const double scores = sizeof (float) * pixels * pixels * op->attention->n_heads;

  layer->multiplications = (4.0 * channels + 2.0 * pixels) * channels * pixels;
  layer->macs = layer->multiplications;

  /* The source twice and the result; queries, keys, values and sums, each
   * written and read; four matrices. */
  layer->bytes = 11.0 * map + 4.0 * weight_bytes (op->attention->out);
  /* The norm, three layers that each read its result, the scores (made,
   * normalised, used), another layer and the sum. */
  layer->bytes_unfused = 3.0 * map + 6.0 * map + 2.0 * map + 4.0 * scores + 2.0 * map + 2.0 * map +
                         3.0 * map + 4.0 * weight_bytes (op->attention->out);
}

void
layer_cost (const Op *op, const Map *maps, UnetLayer *layer)
{
  if (op->kind == OP_ATTENTION)
    attention_cost (op, layer);
  else if (op->kind == OP_RESAMPLE)
    {
      const double in = map_bytes (&maps[op->sources[0]]);

      layer->bytes = in + map_bytes (layer->map);
      layer->bytes_unfused = layer->bytes + (op->norm ? 5.0 * in : 0.0);
    }
  else
    convolution_cost (op, maps, layer);
}
