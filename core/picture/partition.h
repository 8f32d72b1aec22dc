/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * partition.h: the selection cut into parts, each of which is a job of its own. What
 * lies further apart than jobs can see is apart; what one job cannot hold, or
 * would pay for mostly in surroundings (a long scratch), is cut.
 */
#pragma once

#include "picture/canvas.h"

/* What a job on a part would be like. */
typedef struct
{
  int      reach;     /* pixels around the part that it sees */
  double   cost;      /* of any unit */
  gboolean fits;      /* in memory */
  gboolean divisible; /* it may be cut though it fits */
} PartitionPart;

/* `bounds` of the selected pixels and the side of the largest unknown square in them. */
typedef PartitionPart (*PartitionJudge) (gpointer             data,
                                         const Canvas        *canvas,
                                         const DiffusionRect *bounds,
                                         int                  square);

/* The parts: DiffusionRects, each the bounds of what is selected in some cells, no cell
 * in two parts, every cell with something selected in one. In the order in which they
 * are to be done. To be freed with g_array_unref. */
GArray *partition_cut (const Canvas *canvas, PartitionJudge judge, gpointer data);
