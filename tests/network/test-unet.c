/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-unet.c: the network, layer by layer and as a whole, against what
 * tests/network/dump-reference.py evaluated with PyTorch in double precision; the same
 * bytes from any number of workers; and what happens when it is cancelled.
 */
#include <string.h>

#include "support/tables.h"
#include "support/parity.h"
#include "network/unet.h"

/* The largest error over the RMS of what is expected: of any layer, of the result. */
#define TOLERANCE       1e-4
#define BF16_TOLERANCE  1e-1 /* of a layer whose products are in single bfloat16 */
#define BF16_WHOLE      2e-2
#define WHOLE_TOLERANCE 2e-5

typedef struct
{
  const char *name; /* of the folder in tests/data */
  gboolean    bundled;
  gboolean    flat;
} Case;

static const Case cases[] = {
  { "unet-attention", FALSE, FALSE }, { "unet-conditioned", FALSE, FALSE },
  { "unet-plain", FALSE, TRUE },      { "unet-resnet", FALSE, FALSE },
  { "unet-fourier", FALSE, FALSE },   { "unet-deep", FALSE, FALSE },
  { "unet-bundled", TRUE, FALSE },
};

static char *
model_folder (const Case *test)
{
  return test->bundled ? g_strdup (g_getenv ("DIFFUSION_WEIGHTS"))
                       : g_test_build_filename (G_TEST_DIST, "data", test->name, NULL);
}

static Safetensors *
open_reference (const Case *test)
{
  char        *folder = g_test_build_filename (G_TEST_DIST, "data", test->name, NULL);
  Safetensors *file = parity_open (folder, "reference.safetensors");

  g_free (folder);
  return file;
}

static DiffusionModel *
load_model (const Case *test)
{
  char           *folder = model_folder (test);
  DiffusionModel *model = parity_load_model (folder);

  g_free (folder);
  return model;
}

static void
test_whole (gconstpointer data)
{
  static const int sizes[][2] = { { 112, 80 }, { 105, 73 }, { 1, 1 } };
  const Case      *test = data;
  DiffusionModel  *model = load_model (test);
  Safetensors     *reference = open_reference (test);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const int    width = sizes[i][0], height = sizes[i][1];
      const int    step = test->bundled || width * height == 1 ? 1 : PARITY_OUT_STEP;
      const gint64 n = (model_get_n_outputs (model) * width * height + step - 1) / step;
      char        *name = g_strdup_printf ("%dx%d", width, height);
      float       *expected = parity_expected (reference, "out", name, 1, &n);
      float       *out = parity_predict (model, 2, width, height);
      double       worst = parity_difference (out, step, expected, n);

      g_test_message ("%s: max |a - b| / RMS (b) = %.2g", name, worst);
      g_assert_cmpfloat (worst, <=,
                         kernels_get ()->prefers_bf16 && diffusion_model_is_mask_aware (model)
                           ? BF16_WHOLE
                           : WHOLE_TOLERANCE);
      g_free (name);
      g_free (expected);
      g_free (out);
    }

  safetensors_close (reference);
  diffusion_model_free (model);
}

typedef struct
{
  Safetensors *reference;
  gboolean     samples; /* the tensors "sample…", else "layer…" */
  int          n_layers;
  double       tolerance, worst;
} Trace;

static void
check_layer (gpointer data, const UnetLayer *layer)
{
  Trace       *trace = data;
  const char  *name = layer->name;
  const Map   *map = layer->map;
  const gsize  plane = (gsize) map->width * map->height;
  const gint64 whole[] = { map->channels, map->height, map->width };
  const gint64 size = map->channels * plane;
  const gint64 n = MIN ((size + PARITY_SAMPLE_STEP - 1) / PARITY_SAMPLE_STEP, PARITY_SAMPLES);
  float       *expected = trace->samples ? parity_expected (trace->reference, "sample", name, 1, &n)
                                         : parity_expected (trace->reference, "layer", name, 3, whole);
  float       *values = g_new (float, size);
  double       worst;

  for (int c = 0; c < map->channels; c++)
    for (gsize i = 0; i < plane; i++)
      values[c * plane + i] = map->data[i * map->stride + c];
  /* What only memory has must be zero: the next layer multiplies it. */
  for (gsize i = 0; i < plane; i++)
    for (int c = map->channels; c < map->stride; c++)
      g_assert_cmpfloat (map->data[i * map->stride + c], ==, 0.0f);

  worst = parity_difference (values, trace->samples ? PARITY_SAMPLE_STEP : 1, expected,
                             trace->samples ? n : size);
  if (!(worst <= trace->tolerance))
    g_error ("%s (%d x %d): max |a - b| / RMS (b) = %g", name, map->width, map->height, worst);
  trace->worst = MAX (trace->worst, worst);
  trace->n_layers++;
  g_free (values);
  g_free (expected);
}

/* Folds the numbers as the script does and runs the bare network. */
static void
run_unet (const UnetConfig *config, Unet *unet, int width, int height)
{
  const int         f = config->picture.pixel_unshuffle;
  const int         n_planes = config->picture.conditioning == CONDITIONING_NONE ? 3 : 7;
  const int         stride = KERNEL_PAD (config->picture.in_channels);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  float            *in = parity_planes (n_planes, width, height);
  GError           *error = NULL;
  float            *map = unet_begin (unet, workers, width / f, height / f, &error);

  g_assert_no_error (error);
  memset (map, 0, (gsize) (width / f) * (height / f) * stride * sizeof *map);
  for (int p = 0; p < n_planes; p++)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++)
        {
          float v = in[(p * height + y) * width + x];

          map[((gsize) (y / f) * (width / f) + x / f) * stride + (p * f + y % f) * f + x % f] =
            p == 6 ? v > 0.0f : v;
        }
  unet_run (unet, workers, PARITY_TIMESTEP, NULL, &error);
  g_assert_no_error (error);
  g_free (in);
  diffusion_workers_free (workers);
}

static void
test_layers (gconstpointer data)
{
  const Case *test = data;
  char       *folder = model_folder (test);
  const char *part = test->flat ? "." : "unet";
  char       *config_path = g_build_filename (folder, part, "config.json", NULL);
  char *weights_path = g_build_filename (folder, part, "diffusion_pytorch_model.safetensors", NULL);
  GError      *error = NULL;
  UnetConfig   config;
  Safetensors *weights;

  unet_config_read (&config, config_path, &error);
  g_assert_no_error (error);
  weights = safetensors_open (weights_path, &error);
  g_assert_no_error (error);

  /* The bundled network takes the scalar reference minutes. */
  for (const Kernels *const *table = kernels_list () + test->bundled; *table; table++)
    {
      const int f = config.picture.pixel_unshuffle;
      const int deep = config.n_levels >= 5;
      Trace     trace = { open_reference (test), FALSE, 0,
                      (*table)->prefers_bf16 ? BF16_TOLERANCE : TOLERANCE, 0.0 };
      Unet     *unet = unet_new (&config, weights, *table, &error);

      g_assert_no_error (error);
      unet_set_trace (unet, check_layer, &trace);
      run_unet (&config, unet, (deep ? 32 : 16) * f, (deep ? 32 : 8) * f);
      trace.samples = TRUE;
      run_unet (&config, unet, deep ? 128 : 112, deep ? 96 : 80);
      g_test_message ("%s: %d layers, max |a - b| / RMS (b) = %.2g", (*table)->name, trace.n_layers,
                      trace.worst);
      g_assert_cmpint (trace.n_layers, >=, 2 * (1 + 7 * config.n_levels));
      safetensors_close (trace.reference);
      unet_free (unet);
    }

  safetensors_close (weights);
  g_free (folder);
  g_free (config_path);
  g_free (weights_path);
}

/* What the header alone tells is what the loaded network has. */
static void
test_metadata (gconstpointer data)
{
  const Case *test = data;
  char       *folder = model_folder (test);
  const char *part = test->flat ? "." : "unet";
  char       *config_path = g_build_filename (folder, part, "config.json", NULL);
  char *weights_path = g_build_filename (folder, part, "diffusion_pytorch_model.safetensors", NULL);
  GError            *error = NULL;
  UnetConfig         config;
  Safetensors       *weights;
  Unet              *metadata, *unet;
  DiffusionModelInfo a, b;

  unet_config_read (&config, config_path, &error);
  g_assert_no_error (error);
  weights = safetensors_open (weights_path, &error);
  g_assert_no_error (error);
  metadata = unet_new_metadata (&config, weights, &error);
  g_assert_no_error (error);
  unet = unet_new (&config, weights, NULL, &error);
  g_assert_no_error (error);

  unet_get_info (metadata, &a);
  unet_get_info (unet, &b);
  g_assert_cmpuint (a.n_parameters, ==, b.n_parameters);
  g_assert_cmpuint (a.bytes, ==, b.bytes);
  g_assert_cmpuint (a.bytes_loading, ==, b.bytes_loading);
  g_assert_cmpfloat (unet_macs (metadata, 64, 96), ==, unet_macs (unet, 64, 96));
  g_assert_cmpuint (unet_memory (metadata, 64, 96, 2), ==, unet_memory (unet, 64, 96, 2));
  /* Refused, or counted in full; also where pointers have 32 bits. */
  for (int side = 64; side <= 1 << 16; side *= 2)
    {
      const gsize bytes = unet_memory (metadata, side, side, 2);

      g_assert_true (bytes == 0 || bytes / 2 > (double) side * side * sizeof (float));
    }

  unet_free (metadata);
  unet_free (unet);
  safetensors_close (weights);
  g_free (folder);
  g_free (config_path);
  g_free (weights_path);
}

static void
test_workers (gconstpointer data)
{
  DiffusionModel *model = load_model (data);

  parity_check_workers (model, 73, 41);
  parity_check_workers (model, 96, 80);
  diffusion_model_free (model);
}

static void
test_cancel (gconstpointer data)
{
  DiffusionModel *model = load_model (data);

  parity_check_cancel (model, 256);
  diffusion_model_free (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *whole = g_strconcat ("/unet/whole/", cases[i].name, NULL);
      char *layers = g_strconcat ("/unet/layers/", cases[i].name, NULL);
      char *workers = g_strconcat ("/unet/workers/", cases[i].name, NULL);
      char *metadata = g_strconcat ("/unet/metadata/", cases[i].name, NULL);

      g_test_add_data_func (whole, &cases[i], test_whole);
      g_test_add_data_func (layers, &cases[i], test_layers);
      g_test_add_data_func (workers, &cases[i], test_workers);
      g_test_add_data_func (metadata, &cases[i], test_metadata);
      g_free (metadata);
      g_free (whole);
      g_free (layers);
      g_free (workers);
    }
  g_test_add_data_func ("/unet/cancel", &cases[G_N_ELEMENTS (cases) - 1], test_cancel);

  tables_add_missing ("/unet/layers");
  return g_test_run ();
}
