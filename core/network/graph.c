/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * graph.c: see graph.h.
 */
#include "network/graph.h"

static void
clear_op (gpointer op)
{
  g_free (((Op *) op)->name);
}

Graph *
graph_new (void)
{
  Graph *graph = g_new0 (Graph, 1);

  graph->times = g_array_new (FALSE, FALSE, sizeof (TimeProjection));
  graph->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  graph->ops = g_array_new (FALSE, FALSE, sizeof (Op));
  g_array_set_clear_func (graph->ops, clear_op);
  graph->convolutions = g_ptr_array_new_with_free_func ((GDestroyNotify) convolution_free);
  graph->norms = g_ptr_array_new_with_free_func ((GDestroyNotify) norm_free);
  graph->attentions = g_ptr_array_new_with_free_func (g_free);

  return graph;
}

void
graph_free (Graph *graph)
{
  if (!graph)
    return;
  g_array_free (graph->times, TRUE);
  g_array_free (graph->slots, TRUE);
  g_array_free (graph->ops, TRUE);
  g_ptr_array_unref (graph->convolutions);
  g_ptr_array_unref (graph->norms);
  g_ptr_array_unref (graph->attentions);
  g_free (graph->frequencies);
  g_free (graph);
}
