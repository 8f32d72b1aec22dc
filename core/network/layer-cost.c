/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.c: see layer-cost.h.
 */
#include "network/layer-cost.h"

static double
map_pixels (const Map *map)
{
  return (double) map->width * map->height;
}

static double
convolution_macs (const Convolution *convolution, const Map *result)
{
  const double pairs = (double) convolution->n_in * convolution->n_out;

  if (convolution_is_winograd (convolution->method))
    return pairs * WINOGRAD_PRODUCTS * divide_up (result->width, WINOGRAD_OUT) *
           divide_up (result->height, WINOGRAD_OUT);
  return pairs * (convolution->kind == CONVOLUTION_POINT ? 1.0 : 9.0) * map_pixels (result);
}

double
layer_cost (const Op *op, const Map *maps)
{
  const Map   *result = &maps[op->result];
  const double pixels = map_pixels (result), channels = result->channels;

  switch (op->kind)
    {
    case OP_ATTENTION:
      return (4.0 * channels + 2.0 * pixels) * channels * pixels;
    case OP_RESAMPLE:
      return 0.0;
    case OP_CONVOLUTION:
      break;
    }
  return convolution_macs (op->convolution, result) +
         (op->shortcut ? convolution_macs (op->shortcut, result) : 0.0);
}
