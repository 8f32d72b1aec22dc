/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * graph-methods.h: the method that computes each 3×3 convolution of a graph.
 */
#pragma once

#include "network/graph.h"

/* Chooses each convolution's method, before there are weights. */
void graph_choose_methods (const Graph *graph, const Kernels *kernels);
