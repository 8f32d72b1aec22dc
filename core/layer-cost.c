/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.c: what a layer costs, counted from its shapes: the arithmetic of
 * the direct way and ours, the memory touched by our step and by an engine that
 * runs the operations in it one after the other.
 */
#include "layer-cost.h"

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
convolution_products (const Convolution *convolution,
                      const Map         *result)
{
  const double pairs = (double) convolution->n_in * convolution->n_out;

  if (convolution->method == METHOD_WINOGRAD)
    return pairs * WINOGRAD_PRODUCTS * divide_up (result->width, WINOGRAD_OUT)
           * divide_up (result->height, WINOGRAD_OUT);
  return pairs * (convolution->kind == CONVOLUTION_POINT ? 1.0 : 9.0) * map_pixels (result);
}

static void
convolution_cost (const Step *step,
                  const Map  *maps,
                  UnetLayer  *layer)
{
  const Map   *result = layer->map;
  const double out = map_bytes (result);
  const double per_channel = (double) result->channels * map_pixels (result);
  double       in = 0.0, shortcut = 0.0;

  layer->products = convolution_products (step->convolution, result);
  for (int i = 0; i < step->n_sources; i++)
    {
      in += map_bytes (&maps[step->sources[i]]);
      layer->multiplications += 9.0 * maps[step->sources[i]].channels * per_channel;
    }
  layer->bytes = in + weight_bytes (step->convolution) + out;

  /* One operation after the other. */
  layer->bytes_unfused = layer->bytes;
  if (step->n_sources > 1)
    layer->bytes_unfused += 2.0 * in; /* concatenation */
  if (step->norm)
    layer->bytes_unfused += 5.0 * in; /* moments; x · scale + shift; SiLU */
  if (step->upsample)
    layer->bytes_unfused += 8.0 * in; /* four times the pixels, written and read */
  if (step->time >= 0)
    layer->bytes_unfused += 2.0 * out;
  if (step->factor != 1.0f)
    layer->bytes_unfused += 2.0 * out;

  if (step->shortcut)
    {
      for (int i = 0; i < step->n_shortcut_sources; i++)
        {
          shortcut += map_bytes (&maps[step->shortcut_sources[i]]);
          layer->multiplications += maps[step->shortcut_sources[i]].channels * per_channel;
        }
      shortcut += weight_bytes (step->shortcut);
      layer->products += convolution_products (step->shortcut, result);
      layer->bytes += shortcut;
      layer->bytes_unfused += shortcut + 4.0 * out; /* written; a sum of two */
    }
  if (step->residual >= 0)
    {
      layer->bytes += out;
      layer->bytes_unfused += 3.0 * out;
    }
}

static void
attention_cost (const Step *step,
                UnetLayer  *layer)
{
  const double map = map_bytes (layer->map);
  const double pixels = map_pixels (layer->map);
  const double channels = layer->map->channels;
  const double scores = sizeof (float) * pixels * pixels * step->attention->n_heads;

  layer->multiplications = (4.0 * channels + 2.0 * pixels) * channels * pixels;
  layer->products = layer->multiplications;

  /* The source twice and the result; queries, keys, values and sums, each
   * written and read; four matrices. */
  layer->bytes = 11.0 * map + 4.0 * weight_bytes (step->attention->out);
  /* The norm, three layers that each read its result, the scores (made,
   * normalised, used), another layer and the sum. */
  layer->bytes_unfused = 3.0 * map + 6.0 * map + 2.0 * map + 4.0 * scores + 2.0 * map + 2.0 * map
                         + 3.0 * map + 4.0 * weight_bytes (step->attention->out);
}

void
layer_cost (const Step *step,
            const Map  *maps,
            UnetLayer  *layer)
{
  if (step->kind == STEP_ATTENTION)
    attention_cost (step, layer);
  else if (step->kind == STEP_RESAMPLE)
    {
      const double in = map_bytes (&maps[step->sources[0]]);

      layer->bytes = in + map_bytes (layer->map);
      layer->bytes_unfused = layer->bytes + (step->norm ? 5.0 * in : 0.0);
    }
  else
    convolution_cost (step, maps, layer);
}
