/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.h: what a layer costs, counted from its shapes.
 */
#pragma once

#include "network/graph.h"

/* Of one op. */
typedef struct
{
  const char *name; /* of the module whose output `map` is */
  const Map  *map;
  double      multiplications; /* with additions, of the direct way */
  double      macs;            /* those that are done, on all that is in memory */
  double      bytes;           /* of maps read and written and of weights, each once */
  double      bytes_unfused;   /* were each operation to read and write its maps */
} UnetLayer;

/* Fills in the costs of `op`, whose maps are among `maps`. */
void layer_cost (const Op *op, const Map *maps, UnetLayer *layer);
