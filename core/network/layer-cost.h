/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer-cost.h: what a layer costs, counted from its shapes.
 */
#pragma once

#include "network/graph.h"

/* Multiply-accumulates of `op`, whose maps are among `maps`: those that are done, of
 * channels that only memory has and of tiles' edges too. */
double layer_cost (const Op *op, const Map *maps);
