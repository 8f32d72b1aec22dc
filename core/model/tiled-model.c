/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiled-model.c: see tiled-model.h.
 */
#include "model/tiled-model.h"

#include <string.h>

#include "base/planes.h"

/* Of windows of a network's own size: smaller ones are mostly overlap, larger ones take
 * more memory than a picture is worth. */
#define OWN_MIN 64
#define OWN_MAX 1024

/* --- Windows -------------------------------------------------------------------- */

static int
round_up (int n, int multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

/* The side of the whole pictures that the network was trained on; 0: it was trained on
 * patches, or does not say. */
static int
own_size (const DiffusionModel *model)
{
  int size = model_get_shape (model)->sample_size;

  return diffusion_model_is_mask_aware (model) || size == 0 ? 0 : CLAMP (size, OWN_MIN, OWN_MAX);
}

TilesCut
tiled_model_cut_denoise (const DiffusionModel *model)
{
  int multiple = model_get_multiple (model);
  int own = own_size (model);
  int size = round_up (own > 0 ? own : CLAMP (16 * multiple, 256, 512), multiple);

  return (TilesCut) {
    .size = size,
    .overlap = round_up (3 * size / 16, multiple),
    .ramp = size / 8,
  };
}

TilesCut
tiled_model_cut_inpaint (const DiffusionModel *model)
{
  int multiple = model_get_multiple (model);

  return (TilesCut) {
    .size = round_up (TILED_MODEL_SIZE, multiple),
    .overlap = round_up (TILED_MODEL_OVERLAP, multiple),
    .ramp = TILED_MODEL_RAMP,
  };
}

/* --- A model bound to a picture ------------------------------------------------- */

struct TiledModel
{
  DiffusionModel   *model;
  DiffusionWorkers *workers;
  int               width, height, n_channels;
  int               n_colours; /* the network's */
  int               at_once;   /* of the picture's channels, in one evaluation */
  int               n_halves;  /* of an output: 2 with a learned variance */
  TilesAxis         across, down;
  const float      *y, *m;
  gboolean          mask_aware;
  ModelView         view;

  /* Planes of one window; those that the network does not ask for stay NULL. */
  float *window_x, *window_y, *window_m, *window_out;

  TiledModelReport report;
  gpointer         report_data;
};

TiledModel *
tiled_model_new (DiffusionModel   *model,
                 DiffusionWorkers *workers,
                 int               width,
                 int               height,
                 int               n_channels,
                 const TilesCut   *cut,
                 const float      *y,
                 const float      *m,
                 GError          **error)
{
  TiledModel *tiles = g_new0 (TiledModel, 1);

  tiles->model = model;
  tiles->workers = workers;
  tiles->width = width;
  tiles->height = height;
  tiles->n_channels = n_channels;
  tiles->n_colours = model_get_shape (model)->n_colours;
  tiles->at_once = MIN (n_channels, tiles->n_colours);
  tiles->n_halves = model_get_n_outputs (model) / tiles->n_colours;
  tiles->across = tiles_axis (width, cut);
  tiles->down = tiles_axis (height, cut);
  tiles->y = y;
  tiles->m = m;
  tiles->mask_aware = diffusion_model_is_mask_aware (model);

  tiles->view.width = m == NULL ? cut->size : tiles->across.size;
  tiles->view.height = m == NULL ? cut->size : tiles->down.size;

  int w = tiles->across.size, h = tiles->down.size, n = tiles->n_colours;

  if (!(tiles->window_x = planes_new (w, h, n, error)) ||
      !(tiles->window_out = planes_new (w, h, n * tiles->n_halves, error)) ||
      (m != NULL && !(tiles->window_m = planes_new (w, h, 1, error))) ||
      (m != NULL && tiles->mask_aware && !(tiles->window_y = planes_new (w, h, n, error))))
    {
      tiled_model_free (tiles);
      return NULL;
    }
  return tiles;
}

void
tiled_model_free (TiledModel *tiles)
{
  if (tiles == NULL)
    return;
  g_free (tiles->window_x);
  g_free (tiles->window_y);
  g_free (tiles->window_m);
  g_free (tiles->window_out);
  g_free (tiles);
}

/* window_x; y and m as cut out of the picture or as nothing. window_out comes to it. */
#define TILED_MODEL_PLANES 7

void
tiled_model_cost (const DiffusionModel *model,
                  int                   n_threads,
                  int                   width,
                  int                   height,
                  int                   n_channels,
                  const TilesCut       *cut,
                  int                   n_evaluations,
                  DiffusionCost        *cost)
{
  TilesAxis across = tiles_axis (width, cut);
  TilesAxis down = tiles_axis (height, cut);
  guint64   n_passes = MAX (n_channels / model_get_shape (model)->n_colours, 1);

  model_cost (model, n_threads, across.size, down.size,
              n_passes * n_evaluations * across.n * down.n, cost);
  cost->bytes += (guint64) (TILED_MODEL_PLANES + model_get_n_outputs (model)) * sizeof (float) *
                 across.size * down.size;
}

void
tiled_model_set_report (TiledModel *tiles, TiledModelReport report, gpointer data)
{
  tiles->report = report;
  tiles->report_data = data;
}

void
tiled_model_set_mirror (TiledModel *tiles, TiledModelMirror mirror)
{
  tiles->view.mirror_x = (mirror & TILED_MODEL_MIRRORED_X) != 0;
  tiles->view.mirror_y = (mirror & TILED_MODEL_MIRRORED_Y) != 0;
}

/* Cuts a window out of the picture's planes, those of one evaluation from `channel` on;
 * a gray one becomes as many as the network takes. */
static void
cut_colour (const TiledModel    *tiles,
            const float         *planes,
            int                  channel,
            const DiffusionRect *window,
            float               *out)
{
  gsize size = (gsize) window->width * window->height;

  planes += (gsize) channel * tiles->width * tiles->height;
  planes_cut (planes, tiles->width, tiles->height, tiles->at_once, window, out);
  for (int c = tiles->at_once; c < tiles->n_colours; c++)
    memcpy (out + c * size, out, size * sizeof (float));
}

/* The three planes of each half of an output become their mean. */
static void
mean_colour (float *planes, int n_halves, gsize size)
{
  for (int h = 0; h < n_halves; h++)
    {
      const float *in = planes + 3 * h * size;
      float       *out = planes + h * size;

      for (gsize i = 0; i < size; i++)
        out[i] = (in[i] + in[i + size] + in[i + 2 * size]) / 3.0f;
    }
}

/* Cuts m of a window out as the network is to see it; FALSE: all of it is known. */
static gboolean
cut_mask (TiledModel *tiles, int i, int j)
{
  DiffusionRect window = {
    .x = tiles_axis_start (&tiles->across, i),
    .y = tiles_axis_start (&tiles->down, j),
    .width = tiles->across.size,
    .height = tiles->down.size,
  };
  gsize size = (gsize) window.width * window.height;

  planes_cut (tiles->m, tiles->width, tiles->height, 1, &window, tiles->window_m);
  for (gsize p = 0; p < size; p++)
    if (tiles->window_m[p] != 0.0f)
      return TRUE;
  return FALSE;
}

/* One evaluation: what the network says about the channels from `channel` on in a window,
 * whose m is in window_m, added to `out`. */
static gboolean
predict_window (TiledModel   *tiles,
                int           i,
                int           j,
                int           channel,
                const float  *x_t,
                double        t,
                float        *out,
                GCancellable *cancel,
                GError      **error)
{
  DiffusionRect window = {
    .x = tiles_axis_start (&tiles->across, i),
    .y = tiles_axis_start (&tiles->down, j),
    .width = tiles->across.size,
    .height = tiles->down.size,
  };
  gsize        size = (gsize) window.width * window.height;
  gsize        plane = (gsize) tiles->width * tiles->height;
  const float *y = NULL, *m = NULL;

  if (tiles->mask_aware && tiles->m != NULL)
    {
      cut_colour (tiles, tiles->y, channel, &window, tiles->window_y);
      y = tiles->window_y;
      m = tiles->window_m;
    }
  cut_colour (tiles, x_t, channel, &window, tiles->window_x);

  if (!model_predict (tiles->model, tiles->workers, window.width, window.height, &tiles->view,
                      tiles->window_x, y, m, t, tiles->window_out, cancel, error))
    return FALSE;

  if (tiles->at_once < tiles->n_colours)
    mean_colour (tiles->window_out, tiles->n_halves, size);
  for (int h = 0; h < tiles->n_halves; h++)
    tiles_blend (&tiles->across, i, &tiles->down, j, tiles->at_once,
                 tiles->window_out + h * tiles->at_once * size,
                 out + (h * tiles->n_channels + channel) * plane, 0, tiles->height);
  return TRUE;
}

gboolean
tiled_model_predict (gpointer      data,
                     const float  *x_t,
                     double        t,
                     float        *out,
                     GCancellable *cancel,
                     GError      **error)
{
  TiledModel *tiles = data;
  int         n_windows = tiles->across.n * tiles->down.n;
  gsize       plane = (gsize) tiles->width * tiles->height;

  memset (out, 0, tiles->n_halves * tiles->n_channels * plane * sizeof (float));

  for (int k = 0; k < n_windows; k++)
    {
      int i = k % tiles->across.n, j = k / tiles->across.n;

      if (tiles->m != NULL && !cut_mask (tiles, i, j))
        continue;
      for (int c = 0; c < tiles->n_channels; c += tiles->at_once)
        {
          double done = k + (double) (c + tiles->at_once) / tiles->n_channels;

          if (!predict_window (tiles, i, j, c, x_t, t, out, cancel, error))
            return FALSE;
          if (tiles->report != NULL && done < n_windows)
            tiles->report (tiles->report_data, done / n_windows);
        }
    }
  return TRUE;
}
