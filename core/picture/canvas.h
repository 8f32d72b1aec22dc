/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * canvas.h: the picture that Inpaint works on, as it stands: what is selected is
 * unknown until it has been filled, then it is known like the rest. It is read
 * from the Source a window at a time and at any scale; only what has been filled
 * is kept, in square cells, so that memory grows with the selection and not with
 * its bounding box.
 *
 * Scale s has pixels of 2^s × 2^s of the picture's own; pixel (X, Y) begins at
 * (X·2^s, Y·2^s). The last ones may hang over the picture's edge: only what lies
 * in it counts.
 */
#pragma once

#include "diffusion.h"
#include "picture/trend.h"

/* Pixels; cells begin at its multiples in the drawable, whatever the selection. */
#define CANVAS_CELL 32

typedef struct
{
  DiffusionRect bounds; /* of the pixels that are selected; width 0: none */
  int           square; /* side of the largest square of unknown pixels of the region that has
                         * its lower right corner here */
  float        *filled; /* n_channels × CANVAS_CELL × CANVAS_CELL, 0…1; NULL: not yet filled */
} CanvasCell;

typedef struct
{
  const DiffusionSource *source;
  DiffusionRect          region;
  DiffusionRect          grid; /* of the cells; times CANVAS_CELL: drawable coordinates */
  CanvasCell            *cells;
  int                    n_cells; /* with something selected */
  const Trend           *trend;   /* nullable, borrowed: taken away from what is read */
  GCancellable          *cancel;  /* nullable, borrowed: ends reading and writing */
} Canvas;

/* Looks through the selection of `region`, which lies inside the source. Borrows the
 * source. Errors: the source's, DIFFUSION_ERROR_ARGUMENT when nothing is selected,
 * DIFFUSION_ERROR_MEMORY, cancellation. */
Canvas *canvas_new (const DiffusionSource *source,
                    const DiffusionRect   *region,
                    GCancellable          *cancel,
                    GError               **error);
void    canvas_free (Canvas *canvas);

/* The cells that `rect` (drawable coordinates) touches, cut to the grid; may be empty. */
DiffusionRect canvas_cells (const Canvas *canvas, const DiffusionRect *rect);

static inline CanvasCell *
canvas_cell (const Canvas *canvas, int column, int row)
{
  return &canvas
            ->cells[(gsize) (row - canvas->grid.y) * canvas->grid.width + column - canvas->grid.x];
}

/* The bounds of what is selected in the cells (column, row, columns, rows) and their
 * largest square; FALSE when nothing is. */
gboolean canvas_bounds (const Canvas        *canvas,
                        const DiffusionRect *cells,
                        DiffusionRect       *bounds,
                        int                 *square);

/* The picture's sides at a scale. */
int canvas_width (const Canvas *canvas, int scale);
int canvas_height (const Canvas *canvas, int scale);

/* `rect` in pixels of a scale, inside the picture. Planes of its size:
 *   clean  n_channels, −1…1, clipped: the mean of what may be seen of each pixel, of what
 *          is known alone where m = 0; finite and without meaning where nothing may be
 *   m      1: unknown (selected and not yet filled, or transparent), 0: at least half of
 *          the pixel is known
 *   start  strength × selection, the strength at which a pixel joins the process: 0 where
 *          it is known, 1 where nothing of it may be seen (selected at full strength, or
 *          transparent) */
gboolean canvas_read (const Canvas        *canvas,
                      int                  scale,
                      const DiffusionRect *rect,
                      double               strength,
                      float               *clean,
                      float               *m,
                      float               *start,
                      GError             **error);

/* Keeps what is selected in the cells that `part` (drawable coordinates) touches from planes
 * of `area` (drawable coordinates, around the part), −1…1. */
gboolean canvas_fill (Canvas              *canvas,
                      const DiffusionRect *part,
                      const DiffusionRect *area,
                      const float         *x0,
                      GError             **error);

/* Writes the region: what has been filled, all else exactly as it is read. */
gboolean canvas_write (const Canvas *canvas, const DiffusionSink *sink, GError **error);
