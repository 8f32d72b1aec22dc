/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * graph.h: a network as a list of ops, each a whole layer with everything
 * that is fused into it.
 *
 * The arithmetic is that of diffusers' UNet2DModel with the parameter names it
 * writes. Maps are numbered in the order in which they are made; their sizes
 * follow from the size of the input when the network is planned (unet.c).
 */
#pragma once

#include "layers/attention.h"
#include "layers/convolution.h"

typedef enum
{
  OP_CONVOLUTION, /* 3×3 */
  OP_ATTENTION,
  OP_RESAMPLE,
} OpKind;

typedef struct
{
  OpKind           kind;
  char            *name;       /* of the module whose output it is */
  int              sources[2]; /* maps */
  int              n_sources;
  gboolean         upsample;
  const Norm      *norm;       /* of the source; or NULL */
  int              modulation; /* number of the time projection whose halves scale and shift
                                  * what is normalised; −1: none */
  Activation       activation; /* after the norm; none before attention */
  Convolution     *convolution;
  int              time;     /* number of the time projection that is added; −1: none */
  int              residual; /* map; −1: none */
  Convolution     *shortcut; /* 1×1 of the shortcut sources, in the residual's place; or NULL */
  int              shortcut_sources[2];
  int              n_shortcut_sources;
  const Attention *attention;
  float            factor;
  int              result; /* map */
} Op;

/* A map before its size is known: 1/2^level of the input's. */
typedef struct
{
  int channels;
  int level;
  int last_op; /* that reads it; it is made by op `number − 1`, map 0 is the input */
} Slot;

/* activation (embedding) to the channels of one residual block: what is added to
 * its first convolution, or the factors and then the summands of a modulation. */
typedef struct
{
  Convolution *projection;
  float       *bias; /* of the projection and of the convolution it is added to, if any */
  gsize        at;   /* where its result lies among all */
} TimeProjection;

typedef struct
{
  int          time_channels; /* of the configuration */
  float       *frequencies;   /* of the Fourier embedding, time_channels; or NULL; owned */
  Convolution *time_1, *time_2;
  GArray      *times;      /* TimeProjection */
  gsize        times_size; /* floats of all their results */

  GArray *slots; /* Slot */
  GArray *ops;   /* Op; the last makes the output */

  GPtrArray *convolutions, *norms, *attentions; /* owned */

  guint64 n_parameters;
  guint64 largest_tensor; /* elements */
} Graph;

/* Without ops. */
Graph *graph_new (void);
void   graph_free (Graph *graph);

static inline Op *
graph_op (const Graph *graph, guint i)
{
  return &g_array_index (graph->ops, Op, i);
}

static inline Slot *
graph_slot (const Graph *graph, guint i)
{
  return &g_array_index (graph->slots, Slot, i);
}
