/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-cost.c: what a run takes, told before it: the metadata knows what the model
 * that is loaded knows, the cost follows the settings, and what does not fit is
 * refused before it is read.
 */
#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "support/model-maker.h"
#include "model/model.h"
#include "process/reverse-process.h"
#include "format/safetensors.h"
#include "model/tiled-model.h"
#include "network/unet.h"

#define BUNDLED g_getenv ("DIFFUSION_WEIGHTS")

static DiffusionModel *
metadata_new (const char *folder)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load_metadata (folder, &error);

  g_assert_no_error (error);
  return model;
}

/* --- Models --------------------------------------------------------------- */

static void
test_metadata (void)
{
  DiffusionModel    *metadata = metadata_new (BUNDLED);
  DiffusionModel    *model = diffusion_model_load (BUNDLED, NULL);
  DiffusionModelInfo a, b;
  DiffusionCost      cost, cost_of_metadata;

  diffusion_model_get_info (metadata, &a);
  diffusion_model_get_info (model, &b);
  g_assert_cmpuint (a.n_parameters, ==, b.n_parameters);
  g_assert_cmpuint (a.bytes, ==, b.bytes);
  g_assert_cmpuint (a.bytes_loading, ==, b.bytes_loading);
  g_assert_cmpint (a.sample_size, ==, b.sample_size);
  g_assert_cmpuint (a.n_parameters, >, 1000000);
  g_assert_cmpuint (a.bytes, >=, 4 * a.n_parameters);
  g_assert_cmpuint (a.bytes_loading, >, a.bytes);

  model_cost (model, 2, 300, 200, 7, &cost);
  model_cost (metadata, 2, 300, 200, 7, &cost_of_metadata);
  g_assert_cmpuint (cost.n_evaluations, ==, 7);
  g_assert_cmpuint (cost.bytes, ==, cost_of_metadata.bytes);
  g_assert_cmpfloat (cost.macs, ==, cost_of_metadata.macs);

  g_assert_null (diffusion_model_get_sha256 (metadata));
  diffusion_model_free (metadata);
  diffusion_model_free (model);
}

static void
add_products (gpointer data, const UnetLayer *layer)
{
  *(double *) data += layer->macs;
}

/* The products that are told are those that are done. */
static void
test_products (void)
{
  char             *config_path = g_build_filename (BUNDLED, MAKER_UNET, NULL);
  char             *weights_path = g_build_filename (BUNDLED, MAKER_WEIGHTS, NULL);
  Safetensors      *file = safetensors_open (weights_path, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  UnetConfig        config;
  Unet             *unet;
  double            done = 0.0;

  g_assert_true (unet_config_read (&config, config_path, NULL));
  unet = unet_new (&config, file, NULL, NULL);
  unet_set_trace (unet, add_products, &done);
  g_assert_nonnull (unet_begin (unet, workers, 48, 40, NULL));
  g_assert_nonnull (unet_run (unet, workers, 100.0, NULL, NULL));
  g_assert_cmpfloat (done, >, 0.0);
  g_assert_cmpfloat (unet_macs (unet, 48, 40), ==, done);

  unet_free (unet);
  diffusion_workers_free (workers);
  safetensors_close (file);
  g_free (weights_path);
  g_free (config_path);
}

/* Cancelled, nothing is told; else something that can be. How much, no test decides. */
static void
test_measure (void)
{
  DiffusionModel   *model = diffusion_model_load (BUNDLED, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  GCancellable     *cancel = g_cancellable_new ();
  DiffusionSpeed    speed = { -1.0, -1.0 };
  GError           *error = NULL;

  g_cancellable_cancel (cancel);
  g_assert_false (diffusion_model_measure (model, workers, &speed, cancel, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (speed.macs == -1.0 && speed.evaluation == -1.0);
  g_clear_error (&error);

  g_assert_true (diffusion_model_measure (model, workers, &speed, NULL, &error));
  g_assert_no_error (error);
  g_test_message ("%.1f billion a second, %.4f s an evaluation", speed.macs / 1e9,
                  speed.evaluation);
  g_assert_true (speed.macs > 0.0 && isfinite (speed.macs));
  g_assert_true (speed.evaluation >= 0.0 && isfinite (speed.evaluation));

  g_object_unref (cancel);
  diffusion_workers_free (workers);
  diffusion_model_free (model);
}

/* Tensors are checked by the header: one that has another shape is found. */
static void
test_metadata_refuses (void)
{
  char   *folder = maker_new_model ();
  guint64 n_bytes;
  char   *header = maker_header (&n_bytes);
  char   *wrong = maker_replace (header, "\"shape\":[8,3,3,3]", "\"shape\":[3,8,3,3]");
  guint8 *data = g_malloc0 (n_bytes);
  GError *error = NULL;

  diffusion_model_free (metadata_new (folder));

  maker_write_safetensors (folder, MAKER_WEIGHTS, wrong, data, n_bytes);
  g_assert_null (diffusion_model_load_metadata (folder, &error));
  maker_assert_refused (error, "*conv_in.weight*expected ?8, 3, 3, 3?.");

  maker_remove (folder);
  g_free (data);
  g_free (wrong);
  g_free (header);
  g_free (folder);
}

/* A model of some hundred gigabytes, in a file that has a header and a hole. */
static void
test_too_large (void)
{
  char              *folder = maker_new_model ();
  char              *path = g_build_filename (folder, MAKER_WEIGHTS, NULL);
  char              *few = maker_replace (maker_unet_json, "[8]", "[4096]");
  char              *config = maker_replace (few, "_block\": 1", "_block\": 16");
  guint64            n_bytes;
  char              *header = maker_header_of (4096, 16, &n_bytes);
  char              *need, *pattern;
  gint64             before = g_get_monotonic_time ();
  DiffusionModel    *metadata;
  DiffusionModelInfo info;
  GError            *error = NULL;

  maker_write_text (folder, MAKER_UNET, config);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, NULL, 0);
  if (truncate (path, (off_t) (8 + strlen (header) + n_bytes)) != 0)
    g_error ("%s: %s", path, g_strerror (errno));

  metadata = metadata_new (folder);
  diffusion_model_get_info (metadata, &info);
  g_assert_cmpuint (info.n_parameters, ==, n_bytes / 4);
  g_assert_cmpuint (info.bytes, >=, n_bytes);
  diffusion_model_free (metadata);

  g_assert_null (diffusion_model_load (folder, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
  g_test_message ("%s", error->message);
  need = g_format_size (info.bytes_loading);
  pattern = g_strdup_printf (
    "*: This model takes %s of memory and ?*B can be had; choose a smaller model or *", need);
  g_assert_true (g_pattern_match_simple (pattern, error->message));
  g_free (pattern);
  g_free (need);
  g_clear_error (&error);
  g_assert_cmpfloat ((g_get_monotonic_time () - before) / 1e6, <, 30.0); /* it was not read */

  maker_remove (folder);
  g_free (header);
  g_free (config);
  g_free (few);
  g_free (path);
  g_free (folder);
}

/* The windows of Denoise are as large as the pictures that a model was trained on,
 * within reason; the bundled model was trained on patches. */
static void
test_own_size (void)
{
  static const struct
  {
    const char *told;
    int         size;
  } cases[] = { { "320", 320 }, { "16", 64 }, { "60000", 1024 }, { "null", 256 } };
  DiffusionModel *bundled = metadata_new (BUNDLED);
  char           *folder = maker_new_model ();

  g_assert_cmpint (tiled_model_cut_denoise (bundled).size, ==, 256);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char           *told = g_strdup_printf ("\"sample_size\": %s", cases[i].told);
      char           *config = maker_replace (maker_unet_json, "\"sample_size\": 16", told);
      DiffusionModel *model;

      maker_write_text (folder, MAKER_UNET, config);
      model = metadata_new (folder);
      g_assert_cmpint (tiled_model_cut_denoise (model).size, ==, cases[i].size);
      diffusion_model_free (model);
      g_free (config);
      g_free (told);
    }

  maker_remove (folder);
  g_free (folder);
  diffusion_model_free (bundled);
}

/* --- Runs ----------------------------------------------------------------- */

static DiffusionCost
denoise_cost (const DiffusionModel *model, int width, int height, int steps)
{
  DiffusionSource          source = { .width = width, .height = height, .n_channels = 3 };
  DiffusionRect            region = { 0, 0, width, height };
  DiffusionDenoiseSettings settings = { .sigma = 10.0, .steps = steps };
  DiffusionCost            cost;
  GError                  *error = NULL;

  diffusion_denoise_cost (model, 2, &source, &region, &settings, &cost, &error);
  g_assert_no_error (error);
  return cost;
}

static void
test_denoise (void)
{
  DiffusionModel *model = metadata_new (BUNDLED);
  DiffusionCost   one = denoise_cost (model, 2000, 2000, 0);
  DiffusionCost   ten = denoise_cost (model, 2000, 2000, 10);
  DiffusionCost   long_one = denoise_cost (model, 2000, 20000, 0);

  g_assert_cmpuint (ten.n_evaluations, ==, 10 * one.n_evaluations);
  g_assert_cmpfloat_with_epsilon (ten.macs / one.macs, 10.0, 1e-9);
  g_assert_cmpuint (ten.bytes, ==, one.bytes);

  /* Ten times as long: as many times the work, but for the overlap; not a byte more. */
  g_assert_cmpfloat_with_epsilon (long_one.macs / one.macs, 10.0, 1.0);
  g_assert_cmpuint (long_one.bytes, ==, one.bytes);
  diffusion_model_free (model);
}

/* Everything is selected. */
static gboolean
read_selected (gpointer             data,
               const DiffusionRect *window,
               float               *pixels,
               float               *alpha,
               float               *selection,
               GError             **error)
{
  for (gsize i = 0; i < (gsize) window->width * window->height; i++)
    alpha[i] = selection[i] = 1.0f;
  return TRUE;
}

static void
test_inpaint (void)
{
  DiffusionModel *model = metadata_new (BUNDLED);
  DiffusionSource source = {
    .width = 6000, .height = 4000, .n_channels = 3, .read = read_selected
  };
  DiffusionRect            small = { 3000, 2000, 64, 64 }, outside = { 5999, 0, 2, 2 };
  DiffusionInpaintSettings settings = { .strength = 1.0, .jump_length = 10 };
  DiffusionCost            automatic, usual, twice, resampled;
  GError                  *error = NULL;

  g_assert_true (diffusion_inpaint_cost (model, 2, &source, &small, &settings, &automatic, &error));
  g_assert_no_error (error);

  settings.steps = 12; /* at the coarse scale too, where one is enough */
  g_assert_true (diffusion_inpaint_cost (model, 2, &source, &small, &settings, &usual, NULL));
  g_assert_cmpfloat (usual.macs, >, automatic.macs);

  settings.steps = 24;
  g_assert_true (diffusion_inpaint_cost (model, 2, &source, &small, &settings, &twice, NULL));
  g_assert_cmpfloat_with_epsilon (twice.macs / usual.macs, 2.0, 1e-9);

  settings.resample = 3;
  g_assert_true (diffusion_inpaint_cost (model, 2, &source, &small, &settings, &resampled, NULL));
  /* Finer scales have too few steps for a jump. */
  g_assert_cmpfloat (resampled.macs, >, 1.5 * twice.macs);
  g_assert_cmpfloat (resampled.macs, <=,
                     1.001 * twice.macs * reverse_process_count (24, 3, 10, settings.sampler) /
                       24.0);

  /* However large the picture around a small hole. */
  source.width = source.height = 30000;
  g_assert_true (diffusion_inpaint_cost (model, 2, &source, &small, &settings, &twice, NULL));
  g_assert_cmpfloat (twice.macs, ==, resampled.macs);
  g_assert_cmpuint (twice.bytes, ==, resampled.bytes);

  source.width = 6000;
  g_assert_false (diffusion_inpaint_cost (model, 2, &source, &outside, &settings, &usual, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT);
  g_clear_error (&error);
  diffusion_model_free (model);
}

/* --- Memory --------------------------------------------------------------- */

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cost/metadata", test_metadata);
  g_test_add_func ("/cost/products", test_products);
  g_test_add_func ("/cost/measure", test_measure);
  g_test_add_func ("/cost/metadata/refuses", test_metadata_refuses);
  g_test_add_func ("/cost/too-large", test_too_large);
  g_test_add_func ("/cost/own-size", test_own_size);
  g_test_add_func ("/cost/denoise", test_denoise);
  g_test_add_func ("/cost/inpaint", test_inpaint);
  return g_test_run ();
}
