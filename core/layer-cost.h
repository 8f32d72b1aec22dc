/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.h: what a layer costs, counted from its shapes.
 */
#pragma once

#include "graph.h"
#include "map.h"
#include "unet.h"

/* Fills in the costs of `step`, whose maps are among `maps`. */
void layer_cost (const Step *step, const Map *maps, UnetLayer *layer);
