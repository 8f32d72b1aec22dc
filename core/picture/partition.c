/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * partition.c: the selection cut into parts, from side to side each time.
 */
#include "picture/partition.h"

/* Cutting what could stay whole has to save this share of the cost: each cut is a
 * place where one job has to go on with what another began. */
#define SAVING 0.3

typedef struct
{
  const Canvas  *canvas;
  PartitionJudge judge;
  gpointer       data;
  GArray        *parts;
} Cutter;

/* The widest band without anything selected between columns (or rows) of `cells` that
 * have something: its width in pixels, and the first column after it. */
static int
widest_gap (const Canvas *canvas, const DiffusionRect *cells, gboolean across, int *after)
{
  int first = across ? cells->x : cells->y, n = across ? cells->width : cells->height;
  int widest = 0, end = -1; /* of what is selected so far, in pixels */

  *after = first;

  for (int i = first; i < first + n; i++)
    {
      DiffusionRect line = across ? (DiffusionRect) { i, cells->y, 1, cells->height }
                                  : (DiffusionRect) { cells->x, i, cells->width, 1 };
      DiffusionRect bounds;
      int           square, start;

      if (!canvas_bounds (canvas, &line, &bounds, &square))
        continue;
      start = across ? bounds.x : bounds.y;
      if (end >= 0 && start - end > widest)
        {
          widest = start - end;
          *after = i;
        }
      end = MAX (end, across ? bounds.x + bounds.width : bounds.y + bounds.height);
    }
  return widest;
}

static double divide (Cutter *cutter, const DiffusionRect *cells);

/* The two sides of a cut before column (row) `at`; returns their cost. */
static double
divide_at (Cutter *cutter, const DiffusionRect *cells, gboolean across, int at)
{
  DiffusionRect before = *cells, after = *cells;

  if (across)
    {
      before.width = at - cells->x;
      after.x = at;
      after.width -= before.width;
    }
  else
    {
      before.height = at - cells->y;
      after.y = at;
      after.height -= before.height;
    }
  return divide (cutter, &before) + divide (cutter, &after);
}

/* Appends the parts of `cells`; returns their cost. */
static double
divide (Cutter *cutter, const DiffusionRect *cells)
{
  const Canvas *canvas = cutter->canvas;
  DiffusionRect bounds, inner;
  PartitionPart job;
  int           square, columns_after, rows_after;
  guint         n_parts = cutter->parts->len;
  int           column_gap, row_gap;

  if (!canvas_bounds (canvas, cells, &bounds, &square))
    return 0.0;

  inner = canvas_cells (canvas, &bounds);
  job = cutter->judge (cutter->data, canvas, &bounds, square);
  column_gap = widest_gap (canvas, &inner, TRUE, &columns_after);
  row_gap = widest_gap (canvas, &inner, FALSE, &rows_after);

  if (MAX (column_gap, row_gap) >= 2 * job.reach)
    return column_gap >= row_gap ? divide_at (cutter, &inner, TRUE, columns_after)
                                 : divide_at (cutter, &inner, FALSE, rows_after);

  if ((!job.fits || job.divisible) && MAX (inner.width, inner.height) > 1)
    {
      gboolean across = inner.width >= inner.height;
      int      middle = across ? inner.x + inner.width / 2 : inner.y + inner.height / 2;
      double   cost = divide_at (cutter, &inner, across, middle);

      if (!job.fits || cost <= (1.0 - SAVING) * job.cost)
        return cost;
      g_array_set_size (cutter->parts, n_parts);
    }
  g_array_append_val (cutter->parts, bounds);
  return job.cost;
}

GArray *
partition_cut (const Canvas *canvas, PartitionJudge judge, gpointer data)
{
  Cutter cutter = { canvas, judge, data, g_array_new (FALSE, FALSE, sizeof (DiffusionRect)) };

  divide (&cutter, &canvas->grid);
  return cutter.parts;
}
