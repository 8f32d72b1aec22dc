/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * graph-methods.c: which method computes a 3×3 convolution. Its place, its shape and the
 * processor's kernels decide: split numbers where they are faster and little is lost; else
 * Winograd's method, from the largest maps on, as long as it pays and the room lasts; else
 * the direct one.
 */
#include "network/graph-methods.h"

/* A model of more parameters than this is big: its weights, laid out for the kernels, take
 * at most BIG_GROWTH times the room of the parameters. */
#define BIG_PARAMETERS 50e6
#define BIG_GROWTH     1.5

/* Winograd's method pays on maps of at least so many tiles: on smaller ones reading four
 * times the weights takes longer than it saves. The tiles are counted for an input of
 * NOMINAL_SIDE pixels a side (tests/measure/benchmark-unet.c times the layers). */
#define WINOGRAD_TILES_MIN 16
#define NOMINAL_SIDE       128

/* Fewer channels than this are not split. */
#define BF16X2_CHANNELS_MIN 32

/* May an op be done in split numbers, each of which loses 2^-17 of itself? The first may
 * not: its result goes past all others to the end. The last two may not: nothing follows
 * that would diminish what they lose. Ops of few channels would not fill the tiles. */
static gboolean
may_bf16x2 (const Graph *graph, guint number)
{
  const Convolution *convolution = graph_op (graph, number)->convolution;

  return number > 0 && number + 2 < graph->ops->len &&
         MIN (convolution_in_channels (convolution), convolution->out_channels) >=
           BF16X2_CHANNELS_MIN;
}

/* In single bfloat16? Only what is normalised: beside a large mean the rounding would take
 * what matters. */
static gboolean
may_bf16 (const Graph *graph, guint number)
{
  return may_bf16x2 (graph, number) && graph_op (graph, number)->norm;
}

static gboolean
may_winograd (const Convolution *convolution, int level)
{
  const int side = NOMINAL_SIDE >> level;
  const int tiles = (side / WINOGRAD_OUT) * (side / WINOGRAD_OUT);

  return convolution->kind == CONVOLUTION_SAME && tiles >= WINOGRAD_TILES_MIN;
}

void
graph_choose_methods (const Graph *graph, const Kernels *kernels)
{
  const double parameters = graph->n_parameters;
  double       room = G_MAXDOUBLE; /* floats that Winograd may take more than the parameters */
  int          last_level = 0;

  if (parameters > BIG_PARAMETERS)
    room = (BIG_GROWTH - 1.0) * parameters;
  for (guint i = 0; i < graph->slots->len; i++)
    last_level = MAX (last_level, graph_slot (graph, i)->level);

  for (int level = 0; level <= last_level; level++)
    for (guint i = 0; i < graph->ops->len; i++)
      {
        const Op         *op = graph_op (graph, i);
        Convolution      *convolution = op->convolution;
        ConvolutionMethod winograd = CONVOLUTION_METHOD_WINOGRAD;
        double            more;

        if (!convolution || graph_slot (graph, op->result)->level != level)
          continue;

        if (kernels->prefers_bf16 && may_bf16 (graph, i))
          winograd = CONVOLUTION_METHOD_WINOGRAD_BF16;
        more = (double) convolution_weights_size (convolution, winograd) -
               convolution_weights_size (convolution, CONVOLUTION_METHOD_DIRECT);
        if (kernels->prefers_bf16x2 && may_bf16x2 (graph, i))
          {
            convolution_choose (convolution, CONVOLUTION_METHOD_BF16X2);
            if (op->shortcut)
              convolution_choose (op->shortcut, CONVOLUTION_METHOD_BF16X2);
          }
        else if (may_winograd (convolution, level) && more <= room)
          {
            convolution_choose (convolution, winograd);
            room -= more;
          }
      }
}
