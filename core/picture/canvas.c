/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * canvas.c: the picture that Inpaint works on.
 */
#include "picture/canvas.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/planes.h"

/* Pixels that are read at a time, about. */
#define STRIP_PIXELS (1 << 18)

/* --- Cells ---------------------------------------------------------------------- */

DiffusionRect
canvas_cells (const Canvas *canvas, const DiffusionRect *rect)
{
  const DiffusionRect *grid = &canvas->grid;
  int                  left = MAX (rect->x / CANVAS_CELL, grid->x);
  int                  top = MAX (rect->y / CANVAS_CELL, grid->y);
  int right = MIN ((rect->x + rect->width - 1) / CANVAS_CELL + 1, grid->x + grid->width);
  int bottom = MIN ((rect->y + rect->height - 1) / CANVAS_CELL + 1, grid->y + grid->height);

  return (DiffusionRect) { left, top, MAX (right - left, 0), MAX (bottom - top, 0) };
}

/* Grows `bounds` to hold `more`, which is not empty. */
static void
unite (DiffusionRect *bounds, const DiffusionRect *more)
{
  int right = MAX (bounds->x + bounds->width, more->x + more->width);
  int bottom = MAX (bounds->y + bounds->height, more->y + more->height);

  if (bounds->width == 0)
    {
      *bounds = *more;
      return;
    }
  bounds->x = MIN (bounds->x, more->x);
  bounds->y = MIN (bounds->y, more->y);
  bounds->width = right - bounds->x;
  bounds->height = bottom - bounds->y;
}

gboolean
canvas_bounds (const Canvas *canvas, const DiffusionRect *cells, DiffusionRect *bounds, int *square)
{
  *bounds = (DiffusionRect) { 0 };
  *square = 0;
  for (int row = cells->y; row < cells->y + cells->height; row++)
    for (int column = cells->x; column < cells->x + cells->width; column++)
      {
        const CanvasCell *cell = canvas_cell (canvas, column, row);

        if (cell->bounds.width == 0)
          continue;
        unite (bounds, &cell->bounds);
        *square = MAX (*square, cell->square);
      }
  return bounds->width > 0;
}

/* --- What is selected ------------------------------------------------------------- */

/* One row of the region: notes its selected pixels in the cells, and goes on with
 * `squares`, the side of the largest unknown square that ends in each pixel of the row
 * above. */
static void
scan_row (Canvas *canvas, int y, const float *alpha, const float *selection, int *squares)
{
  const DiffusionRect *region = &canvas->region;
  int                  left = 0, upper_left = 0; /* squares */

  for (int i = 0; i < region->width; i++)
    {
      int         x = region->x + i, upper = squares[i];
      gboolean    selected = selection[i] >= DIFFUSION_SELECTION_MIN;
      CanvasCell *cell = canvas_cell (canvas, x / CANVAS_CELL, y / CANVAS_CELL);

      squares[i] = selected || !(alpha[i] > 0.0f) ? 1 + MIN (MIN (left, upper), upper_left) : 0;
      left = squares[i];
      upper_left = upper;
      cell->square = MAX (cell->square, squares[i]);
      if (selected)
        {
          DiffusionRect pixel = { x, y, 1, 1 };

          canvas->n_cells += cell->bounds.width == 0;
          unite (&cell->bounds, &pixel);
        }
    }
}

static gboolean
scan (Canvas *canvas, GError **error)
{
  const DiffusionRect *region = &canvas->region;
  int                  rows = CLAMP (STRIP_PIXELS / region->width, 1, region->height);
  float               *planes = planes_new (region->width, rows, 2, error);
  int                 *squares = g_new0 (int, region->width);
  gboolean             success = planes != NULL;

  for (int top = 0; success && top < region->height; top += rows)
    {
      DiffusionRect strip = { region->x, region->y + top, region->width,
                              MIN (rows, region->height - top) };
      float        *alpha = planes, *selection = planes + (gsize) strip.width * strip.height;

      success = !g_cancellable_set_error_if_cancelled (canvas->cancel, error) &&
                canvas->source->read (canvas->source->data, &strip, NULL, alpha, selection, error);
      for (int y = 0; success && y < strip.height; y++)
        scan_row (canvas, strip.y + y, alpha + (gsize) y * strip.width,
                  selection + (gsize) y * strip.width, squares);
    }
  g_free (squares);
  g_free (planes);
  if (success && canvas->n_cells == 0)
    {
      g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT,
                           _ ("Nothing is selected here: select what is to be filled."));
      success = FALSE;
    }
  return success;
}

Canvas *
canvas_new (const DiffusionSource *source,
            const DiffusionRect   *region,
            GCancellable          *cancel,
            GError               **error)
{
  Canvas *canvas = g_new0 (Canvas, 1);
  int     column = region->x / CANVAS_CELL, row = region->y / CANVAS_CELL;

  canvas->source = source;
  canvas->region = *region;
  canvas->cancel = cancel;
  canvas->grid =
    (DiffusionRect) { column, row, (region->x + region->width - 1) / CANVAS_CELL + 1 - column,
                      (region->y + region->height - 1) / CANVAS_CELL + 1 - row };
  canvas->cells = g_new0 (CanvasCell, (gsize) canvas->grid.width * canvas->grid.height);
  if (!scan (canvas, error))
    g_clear_pointer (&canvas, canvas_free);
  return canvas;
}

void
canvas_free (Canvas *canvas)
{
  if (canvas == NULL)
    return;
  for (gsize i = 0; i < (gsize) canvas->grid.width * canvas->grid.height; i++)
    g_free (canvas->cells[i].filled);
  g_free (canvas->cells);
  g_free (canvas);
}

/* --- Reading ------------------------------------------------------------------------ */

int
canvas_width (const Canvas *canvas, int scale)
{
  return ((canvas->source->width - 1) >> scale) + 1;
}

int
canvas_height (const Canvas *canvas, int scale)
{
  return ((canvas->source->height - 1) >> scale) + 1;
}

/* What has been filled at a place, its channels CANVAS_CELL² apart; NULL: nothing. */
static const float *
filled_at (const Canvas *canvas, int x, int y)
{
  int column = x / CANVAS_CELL - canvas->grid.x, row = y / CANVAS_CELL - canvas->grid.y;
  const CanvasCell *cell;

  if (column < 0 || row < 0 || column >= canvas->grid.width || row >= canvas->grid.height)
    return NULL;
  cell = canvas->cells + (gsize) row * canvas->grid.width + column;
  return cell->filled == NULL
           ? NULL
           : cell->filled + (gsize) (y % CANVAS_CELL) * CANVAS_CELL + x % CANVAS_CELL;
}

/* Puts what has been filled over planes of `window` as they were read; there is nothing
 * selected any more then. With alpha: and nothing transparent. */
static void
put_filled (const Canvas        *canvas,
            const DiffusionRect *window,
            float               *pixels,
            float               *alpha,
            float               *selection)
{
  gsize size = (gsize) window->width * window->height;

  for (gsize i = 0; i < size; i++)
    {
      const float *filled;

      if (!(selection[i] >= DIFFUSION_SELECTION_MIN))
        continue;
      filled = filled_at (canvas, window->x + i % window->width, window->y + i / window->width);
      if (filled == NULL)
        continue;
      for (int c = 0; c < canvas->source->n_channels; c++)
        pixels[c * size + i] = filled[c * CANVAS_CELL * CANVAS_CELL];
      selection[i] = 0.0f;
      if (alpha != NULL)
        alpha[i] = 1.0f;
    }
}

/* Planes of `window` to 0…1, less the trend, which may lead beyond. */
static void
clip_and_take_trend (const Canvas *canvas, const DiffusionRect *window, float *pixels)
{
  for (int c = 0; c < canvas->source->n_channels; c++)
    for (int y = 0; y < window->height; y++)
      for (int x = 0; x < window->width; x++)
        {
          *pixels = planes_clip (*pixels);
          if (canvas->trend != NULL)
            *pixels -= 0.5f * trend_at (canvas->trend, c, window->x + x, window->y + y);
          pixels++;
        }
}

/* Sums over the picture's pixels that make one of a scale. */
typedef struct
{
  int   n, n_known, n_seen; /* all, those known, those of which something may be seen */
  float known[3], seen[3];  /* colours, 0…1 */
  float start;              /* of those seen */
} Sum;

static void
add_pixel (Sum *sum, int n_channels, const float *pixel, gsize plane, float alpha, float start)
{
  sum->n++;
  if (!(alpha > 0.0f) || start >= 1.0f)
    return;
  sum->n_seen++;
  sum->n_known += start == 0.0f;
  sum->start += start;
  for (int c = 0; c < n_channels; c++)
    {
      float v = pixel[c * plane];

      sum->seen[c] += v;
      if (start == 0.0f)
        sum->known[c] += v;
    }
}

/* One row of a scale out of a strip of the picture that holds it. */
static void
read_row (const Canvas        *canvas,
          int                  scale,
          const DiffusionRect *strip,
          const float         *pixels,
          const float         *alpha,
          const float         *start_in,
          int                  from, /* its first row in the strip */
          int                  width,
          gsize                plane,
          float               *clean,
          float               *m,
          float               *start)
{
  int   side = 1 << scale, to = MIN (from + side, strip->height);
  int   n_channels = canvas->source->n_channels;
  gsize strip_plane = (gsize) strip->width * strip->height;

  for (int x = 0; x < width; x++)
    {
      Sum          sum = { 0 };
      gboolean     known;
      const float *colours;
      float        n;

      for (int v = from; v < to; v++)
        for (int u = x * side; u < MIN ((x + 1) * side, strip->width); u++)
          {
            gsize i = (gsize) v * strip->width + u;

            add_pixel (&sum, n_channels, pixels + i, strip_plane, alpha[i], start_in[i]);
          }
      known = 2 * sum.n_known >= sum.n;
      colours = known ? sum.known : sum.seen;
      n = MAX (known ? sum.n_known : sum.n_seen, 1);
      m[x] = known ? 0.0f : 1.0f;
      start[x] = known ? 0.0f : 2 * sum.n_seen >= sum.n ? sum.start / n : 1.0f;
      for (int c = 0; c < n_channels; c++)
        clean[c * plane + x] = 2.0f * colours[c] / n - 1.0f;
    }
}

gboolean
canvas_read (const Canvas        *canvas,
             int                  scale,
             const DiffusionRect *rect,
             double               strength,
             float               *clean,
             float               *m,
             float               *start,
             GError             **error)
{
  const DiffusionSource *source = canvas->source;
  int                    n = source->n_channels;
  int                    left = rect->x << scale;
  int                    width = MIN ((rect->x + rect->width) << scale, source->width) - left;
  int                    rows = CLAMP ((STRIP_PIXELS / width) >> scale, 1, rect->height);
  float                 *planes = planes_new (width, rows << scale, n + 2, error);
  gboolean               success = planes != NULL;

  for (int top = 0; success && top < rect->height; top += rows)
    {
      int           first = (rect->y + top) << scale;
      int           end = MIN ((rect->y + MIN (top + rows, rect->height)) << scale, source->height);
      DiffusionRect strip = { left, first, width, end - first };
      gsize         plane = (gsize) strip.width * strip.height;
      float        *alpha = planes + n * plane, *selection = alpha + plane;

      success = !g_cancellable_set_error_if_cancelled (canvas->cancel, error) &&
                source->read (source->data, &strip, planes, alpha, selection, error);
      if (!success)
        break;
      put_filled (canvas, &strip, planes, alpha, selection);
      clip_and_take_trend (canvas, &strip, planes);
      for (gsize i = 0; i < plane; i++)
        {
          double selected = planes_clip (selection[i]);
          selection[i] = selected >= DIFFUSION_SELECTION_MIN ? (float) (strength * selected) : 0.0f;
        }
      for (int y = top; y < MIN (top + rows, rect->height); y++)
        {
          gsize to = (gsize) y * rect->width;

          read_row (canvas, scale, &strip, planes, alpha, selection, (y - top) << scale,
                    rect->width, (gsize) rect->width * rect->height, clean + to, m + to,
                    start + to);
        }
    }
  g_free (planes);
  return success;
}

/* --- Filling and writing -------------------------------------------------------------- */

gboolean
canvas_fill (Canvas              *canvas,
             const DiffusionRect *part,
             const DiffusionRect *area,
             const float         *x0,
             GError             **error)
{
  DiffusionRect cells = canvas_cells (canvas, part);
  int           n = canvas->source->n_channels;

  for (int row = cells.y; row < cells.y + cells.height; row++)
    for (int column = cells.x; column < cells.x + cells.width; column++)
      {
        CanvasCell          *cell = canvas_cell (canvas, column, row);
        const DiffusionRect *bounds = &cell->bounds;

        if (bounds->width == 0)
          continue;
        if (cell->filled == NULL)
          cell->filled = planes_new (CANVAS_CELL, CANVAS_CELL, n, error);
        if (cell->filled == NULL)
          return FALSE;
        for (int c = 0; c < n; c++)
          for (int y = bounds->y; y < bounds->y + bounds->height; y++)
            for (int x = bounds->x; x < bounds->x + bounds->width; x++)
              cell->filled[(c * CANVAS_CELL + y % CANVAS_CELL) * CANVAS_CELL + x % CANVAS_CELL] =
                planes_from_network (
                  x0[((gsize) c * area->height + y - area->y) * area->width + x - area->x]);
      }
  return TRUE;
}

gboolean
canvas_write (const Canvas *canvas, const DiffusionSink *sink, GError **error)
{
  const DiffusionRect *region = &canvas->region;
  int                  n = canvas->source->n_channels;
  int                  rows = CLAMP (STRIP_PIXELS / region->width, 1, region->height);
  float               *pixels = planes_new (region->width, rows, n + 1, error);
  gboolean             success = pixels != NULL;

  for (int top = 0; success && top < region->height; top += rows)
    {
      DiffusionRect strip = { region->x, region->y + top, region->width,
                              MIN (rows, region->height - top) };
      float        *selection = pixels + n * (gsize) strip.width * strip.height;

      success = canvas->source->read (canvas->source->data, &strip, pixels, NULL, selection, error);
      if (success)
        {
          put_filled (canvas, &strip, pixels, NULL, selection);
          success = sink->write (sink->data, &strip, pixels, error);
        }
    }
  g_free (pixels);
  return success;
}
