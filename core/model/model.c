/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model.c: a model folder, loaded and checked, and one evaluation of its
 * network on a window of any size.
 */
#include "model/model.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "model/preconditioning.h"
#include "kernels/kernels.h"
#include "format/model-file.h"
#include "format/safetensors.h"

#define CONFIG_NAME    "config.json"
#define WEIGHTS_NAME   "diffusion_pytorch_model.safetensors"
#define SCHEDULER_NAME "scheduler_config.json"

/* A file of weights may be so many times as long as what the network takes out of it, in
 * single precision, and a header. */
#define MAX_SURPLUS 8
#define MAX_HEADER  (8 << 20)

struct DiffusionModel
{
  Network        *network;
  SchedulerConfig scheduler_config;
  Schedule       *schedule;
  char           *sha256; /* NULL in a model without tensors */
  DiffusionWork   work;   /* of all runs */
};

/* --- Loading -------------------------------------------------------------- */

/* FOLDER/PART/NAME, or FOLDER/NAME in a flat folder. */
static char *
file_path (const char *folder, gboolean flat, const char *part, const char *name)
{
  return flat ? g_build_filename (folder, name, NULL) : g_build_filename (folder, part, name, NULL);
}

/* Finds out which of the two layouts the folder has. */
static gboolean
find_layout (const char *folder, gboolean *flat, GError **error)
{
  char    *nested_config = file_path (folder, FALSE, "unet", CONFIG_NAME);
  char    *flat_config = file_path (folder, TRUE, NULL, CONFIG_NAME);
  gboolean found = TRUE;

  *flat = FALSE;
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    found = model_file_fail (error, folder,
                             _ ("This is not a folder; choose the folder that holds the model."));
  else if (!g_file_test (nested_config, G_FILE_TEST_EXISTS))
    {
      if (g_file_test (flat_config, G_FILE_TEST_EXISTS))
        *flat = TRUE;
      else
        found =
          model_file_fail (error, folder,
                           _ ("This folder holds no model: it has neither unet/config.json nor "
                              "config.json. Choose the folder that a diffusion pipeline was "
                              "saved to."));
    }

  g_free (nested_config);
  g_free (flat_config);
  return found;
}

/* Before a tensor is read: is there room for all of them? */
static gboolean
check_room (const DiffusionModel *metadata, const char *path, GError **error)
{
  DiffusionModelInfo info;
  guint64            available = diffusion_memory_available ();
  char              *need, *there;

  diffusion_model_get_info (metadata, &info);
  if (info.bytes_loading <= available)
    return TRUE;

  need = g_format_size (info.bytes_loading);
  there = g_format_size (available);
  g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
               _ ("%s: This model takes %s of memory and %s can be had; choose a smaller model or "
                  "close other programs."),
               path, need, there);
  g_free (need);
  g_free (there);
  return FALSE;
}

/* Do the network and the scheduler's file belong together? A learned variance that is not
 * used is no mistake. */
static gboolean
check_pair (const DiffusionModel *model, const char *scheduler_path, GError **error)
{
  const NetworkShape *shape = model_get_shape (model);

  if (shape->guess_deviation > 0.0 && model->scheduler_config.prediction != PREDICTION_V)
    return model_file_fail (error, scheduler_path,
                            _ ("With “guess_deviation” in the network's configuration "
                               "“prediction_type” must be \"v_prediction\"."));
  if (shape->out_channels < model_get_n_outputs (model) * shape->fold * shape->fold)
    return model_file_fail (error, scheduler_path,
                            _ ("“variance_type” is \"learned_range\", but the network's "
                               "“out_channels” leave no room for a variance. Use the scheduler's "
                               "file that belongs to this network."));
  return TRUE;
}

/* Reading a file to its end takes time: not longer than the network is large. Other tensors
 * beside those of the network are no mistake, such as averages of them. */
static gboolean
check_length (const DiffusionModel *metadata,
              const Safetensors    *weights,
              const char           *path,
              GError              **error)
{
  const guint64      length = safetensors_get_length (weights);
  DiffusionModelInfo info;
  char              *all, *needed;

  diffusion_model_get_info (metadata, &info);
  if (length / MAX_SURPLUS <= info.n_parameters * sizeof (float) + MAX_HEADER)
    return TRUE;

  all = g_format_size (length);
  needed = g_format_size (info.n_parameters * sizeof (float));
  model_file_fail (error, path,
                   _ ("This file has %s, and the network's configuration asks for %s of weights: "
                      "the two do not belong together."),
                   all, needed);
  g_free (all);
  g_free (needed);
  return FALSE;
}

/* No file of the folder may be a way to one elsewhere. */
static gboolean
check_links (const char *folder, const char *const *paths, GError **error)
{
  for (; *paths; paths++)
    if (!model_file_check_inside (folder, *paths, error))
      return FALSE;
  return TRUE;
}

static gboolean
load_files (DiffusionModel *model,
            gboolean        metadata_only,
            const char     *config_path,
            const char     *weights_path,
            const char     *scheduler_path,
            GError        **error)
{
  Safetensors *weights;

  if (!scheduler_config_read (&model->scheduler_config, scheduler_path, error))
    return FALSE;

  model->schedule = schedule_new (&model->scheduler_config, error);
  if (!model->schedule)
    return FALSE;

  weights = safetensors_open (weights_path, error);
  if (!weights)
    return FALSE;
  model->network = network_load (config_path, weights, TRUE, error);
  if (model->network && !check_pair (model, scheduler_path, error))
    g_clear_pointer (&model->network, network_free);
  if (model->network && !metadata_only)
    {
      gboolean fits = check_length (model, weights, weights_path, error) &&
                      check_room (model, weights_path, error);

      g_clear_pointer (&model->network, network_free);
      if (fits && (model->network = network_load (config_path, weights, FALSE, error)) &&
          !(model->sha256 = safetensors_sha256 (weights, error)))
        g_clear_pointer (&model->network, network_free);
    }
  safetensors_close (weights);

  return model->network != NULL;
}

static DiffusionModel *
new_from_folder (const char *folder, gboolean metadata_only, GError **error)
{
  DiffusionModel *model;
  gboolean        flat;
  char           *config_path, *weights_path, *scheduler_path;

  if (!find_layout (folder, &flat, error))
    return NULL;

  model = g_new0 (DiffusionModel, 1);
  config_path = file_path (folder, flat, "unet", CONFIG_NAME);
  weights_path = file_path (folder, flat, "unet", WEIGHTS_NAME);
  scheduler_path = file_path (folder, flat, "scheduler", SCHEDULER_NAME);

  if (!check_links (folder, (const char *[]) { config_path, weights_path, scheduler_path, NULL },
                    error) ||
      !load_files (model, metadata_only, config_path, weights_path, scheduler_path, error))
    g_clear_pointer (&model, diffusion_model_free);

  g_free (config_path);
  g_free (weights_path);
  g_free (scheduler_path);
  return model;
}

DiffusionModel *
diffusion_model_load (const char *folder, GError **error)
{
  g_return_val_if_fail (folder != NULL, NULL);

  return new_from_folder (folder, FALSE, error);
}

DiffusionModel *
diffusion_model_load_metadata (const char *folder, GError **error)
{
  g_return_val_if_fail (folder != NULL, NULL);

  return new_from_folder (folder, TRUE, error);
}

void
diffusion_model_free (DiffusionModel *model)
{
  if (!model)
    return;
  scheduler_config_clear (&model->scheduler_config);
  schedule_free (model->schedule);
  network_free (model->network);
  g_free (model->sha256);
  g_free (model);
}

/* --- Properties ----------------------------------------------------------- */

const char *
diffusion_model_get_sha256 (const DiffusionModel *model)
{
  return model->sha256;
}

void
diffusion_model_get_info (const DiffusionModel *model, DiffusionModelInfo *info)
{
  network_get_info (model->network, info);
}

DiffusionWork
diffusion_model_get_work (const DiffusionModel *model)
{
  return model->work;
}

void
model_add_work (DiffusionModel *model, double macs)
{
  model->work.macs += macs;
}

gboolean
diffusion_model_is_mask_aware (const DiffusionModel *model)
{
  return model_get_shape (model)->conditioning != CONDITIONING_NONE;
}

const Schedule *
model_get_schedule (const DiffusionModel *model)
{
  return model->schedule;
}

const SchedulerConfig *
model_get_scheduler_config (const DiffusionModel *model)
{
  return &model->scheduler_config;
}

const NetworkShape *
model_get_shape (const DiffusionModel *model)
{
  return network_get_shape (model->network);
}

int
model_get_n_outputs (const DiffusionModel *model)
{
  return model_get_shape (model)->n_colours *
         (model->scheduler_config.variance == VARIANCE_LEARNED_RANGE ? 2 : 1);
}

int
model_get_multiple (const DiffusionModel *model)
{
  const NetworkShape *shape = model_get_shape (model);

  return shape->fold * shape->multiple;
}

void
model_cost (const DiffusionModel *model,
            int                   n_threads,
            int                   width,
            int                   height,
            guint64               n_windows,
            DiffusionCost        *cost)
{
  const int          multiple = model_get_multiple (model);
  const int          f = model_get_shape (model)->fold;
  const int          folded_width = (width + multiple - 1) / multiple * multiple / f;
  const int          folded_height = (height + multiple - 1) / multiple * multiple / f;
  const gsize        maps = network_memory (model->network, folded_width, folded_height, n_threads);
  DiffusionModelInfo info;

  network_get_info (model->network, &info);
  *cost = (DiffusionCost) {
    .n_evaluations = n_windows,
    .macs = n_windows * network_macs (model->network, folded_width, folded_height),
    .bytes = maps > 0 ? MAX (info.bytes + maps, info.bytes_loading) : G_MAXSSIZE,
  };
}

/* --- Evaluation ----------------------------------------------------------- */

#define MAX_PLANES 7

/* Between planes of width × height and the network's map of folded_width ×
 * folded_height pixels, `stride` channels each; a block is one row of the map. */
typedef struct
{
  int          f; /* of the network's shape */
  int          width, height;
  ModelView    view;
  int          folded_width, stride;
  const int   *columns, *rows; /* where each pixel of the padded view comes from */
  int          n_planes;
  const float *planes[MAX_PLANES]; /* NULL: 0 throughout, or 1 for the mask */
  gboolean     masked;             /* the last plane is the mask: 1 beyond the view */
  float       *map;
  const float *result;
  float       *out;
  int          n_outputs; /* planes of it */
} Fold;

/* Where each of `padded` pixels of a row comes from, of which the first `seen` are the view
 * of a row of n. The view is mirrored again and again; beyond it the last pixels are mirrored
 * once, or the very last is repeated where the view is shorter than what is missing. */
static int *
new_sources (int n, int seen, gboolean mirrored, int padded)
{
  const int period = MAX (2 * (n - 1), 1);
  int      *from = g_new (int, padded);

  for (int i = 0; i < padded; i++)
    {
      int at = i < seen ? i : padded - seen < seen ? 2 * (seen - 1) - i : seen - 1;

      at = mirrored ? seen - 1 - at : at;
      at = at < n ? at : at % period;
      from[i] = at < n ? at : period - at;
    }
  return from;
}

/* PyTorch's pixel_unshuffle: channel c · f² + dy · f + dx. */
static void
fold_row (gpointer data, int row, int worker)
{
  const Fold *fold = data;
  const int   f = fold->f;
  float      *pixels = fold->map + (gsize) row * fold->folded_width * fold->stride;

  memset (pixels, 0, (gsize) fold->folded_width * fold->stride * sizeof *pixels);
  for (int p = 0; p < fold->n_planes; p++)
    for (int dy = 0; dy < f; dy++)
      {
        const gboolean mask = fold->masked && p == fold->n_planes - 1;
        const gboolean below = row * f + dy >= fold->view.height;
        const float   *in = fold->planes[p];

        if (in)
          in += (gsize) fold->rows[row * f + dy] * fold->width;

        for (int dx = 0; dx < f; dx++)
          {
            float *out = pixels + (p * f + dy) * f + dx;

            for (int x = 0; x < fold->folded_width; x++)
              out[(gsize) x * fold->stride] =
                mask && (below || x * f + dx >= fold->view.width || !in) ? 1.0f
                : in ? in[fold->columns[x * f + dx]]
                     : 0.0f;
          }
      }
}

static void
unfold_row (gpointer data, int row, int worker)
{
  const Fold  *fold = data;
  const int    f = fold->f;
  const float *pixels = fold->result + (gsize) row * fold->folded_width * fold->stride;

  for (int dy = 0; dy < f; dy++)
    {
      const int at = row * f + dy;
      const int y = fold->view.mirror_y ? fold->view.height - 1 - at : at;

      for (int c = 0; c < fold->n_outputs && y >= 0 && y < fold->height; c++)
        {
          float *out = fold->out + ((gsize) c * fold->height + y) * fold->width;

          for (int x = 0; x < fold->width; x++)
            {
              const int i = fold->view.mirror_x ? fold->view.width - 1 - x : x;

              out[x] = pixels[(gsize) (i / f) * fold->stride + (c * f + dy) * f + i % f];
            }
        }
    }
}

static void
add_planes (Fold *fold, const float *planes, int n)
{
  for (int i = 0; i < n; i++)
    fold->planes[fold->n_planes++] =
      planes ? planes + (gsize) i * fold->width * fold->height : NULL;
}

gboolean
model_predict (DiffusionModel   *model,
               DiffusionWorkers *workers,
               int               width,
               int               height,
               const ModelView  *view,
               const float      *x_t,
               const float      *y,
               const float      *m,
               double            t,
               float            *out,
               GCancellable     *cancel,
               GError          **error)
{
  const NetworkShape *shape = model_get_shape (model);
  const int           multiple = model_get_multiple (model);
  const int           f = shape->fold;
  int                 folded_height;
  int                *columns, *rows;
  Fold                fold = { .f = f, .width = width, .height = height };

  fold.view = view ? *view : (ModelView) { .width = width, .height = height };
  g_return_val_if_fail (width > 0 && height > 0, FALSE);
  g_return_val_if_fail (fold.view.width >= width && fold.view.width <= G_MAXINT - multiple, FALSE);
  g_return_val_if_fail (fold.view.height >= height && fold.view.height <= G_MAXINT - multiple,
                        FALSE);

  fold.folded_width = (fold.view.width + multiple - 1) / multiple * multiple / f;
  folded_height = (fold.view.height + multiple - 1) / multiple * multiple / f;

  add_planes (&fold, x_t, shape->n_colours);
  if (diffusion_model_is_mask_aware (model))
    {
      add_planes (&fold, y, shape->n_colours);
      add_planes (&fold, m, 1);
      fold.masked = TRUE;
    }
  else
    t = MAX (t, 0.0);

  fold.map = network_begin (model->network, workers, fold.folded_width, folded_height, error);
  if (!fold.map)
    return FALSE;

  fold.stride = KERNEL_PAD (shape->in_channels);
  fold.columns = columns =
    new_sources (width, fold.view.width, fold.view.mirror_x, fold.folded_width * f);
  fold.rows = rows = new_sources (height, fold.view.height, fold.view.mirror_y, folded_height * f);
  workers_run (workers, folded_height, fold_row, &fold, NULL);
  g_free (columns);
  g_free (rows);

  fold.result = network_run (model->network, workers, t, cancel, error);
  if (!fold.result)
    return FALSE;

  fold.stride = KERNEL_PAD (shape->out_channels);
  fold.out = out;
  fold.n_outputs = model_get_n_outputs (model);
  workers_run (workers, folded_height, unfold_row, &fold, NULL);
  if (y != NULL && shape->guess_deviation > 0.0)
    preconditioning_to_v (shape->guess_deviation, schedule_alpha_bar (model->schedule, t),
                          (gsize) shape->n_colours * width * height, x_t, y, out);
  model->work.macs += network_macs (model->network, fold.folded_width, folded_height);
  model->work.n_evaluations++;
  return TRUE;
}
