/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-transformer.c: the Transformer, layer by layer and as a whole, against what
 * tests/network/dump-transformer.py evaluated with PyTorch in double precision, for every
 * folder data/transformer-… (or of the folder that is the argument); the same
 * bytes from any number of workers; and what happens when it is cancelled. What is
 * refused, and the two filters: test-transformer-folder.c.
 */
#include <string.h>

#include "support/tables.h"
#include "support/model-maker.h"
#include "support/parity.h"
#include "network/transformer.h"

/* As in tests/network/dump-transformer.py. */
#define WRONG_STEP 97

static const int sizes[][2] = { { 112, 80 }, { 105, 73 }, { 1, 1 } };
static const int layer_tokens[] = { 7, 5 };

/* The largest error over the RMS of what is expected: of any layer, of the result. */
#define TOLERANCE       1e-4
#define WHOLE_TOLERANCE 4e-5

/* What a result with one point wrong is away from the right one at least. */
#define WRONG_LEAST (5 * WHOLE_TOLERANCE)

/* --- Folders -------------------------------------------------------------- */

static void
read_config (const char *folder, TransformerConfig *config)
{
  char   *path = g_build_filename (folder, MAKER_UNET, NULL);
  GError *error = NULL;

  transformer_config_read (config, path, &error);
  g_assert_no_error (error);
  g_free (path);
}

/* --- Parity --------------------------------------------------------------- */

static void
test_whole (gconstpointer data)
{
  const char     *folder = data;
  DiffusionModel *model = parity_load_model (folder);
  Safetensors    *reference = parity_open (folder, "reference.safetensors");

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const int    width = sizes[i][0], height = sizes[i][1];
      const int    step = width * height == 1 ? 1 : PARITY_OUT_STEP;
      const gint64 n = (model_get_n_outputs (model) * width * height + step - 1) / step;
      char        *name = g_strdup_printf ("%dx%d", width, height);
      float       *expected = parity_expected (reference, "out", name, 1, &n);
      float       *out = parity_predict (model, 2, width, height);
      double       worst = parity_difference (out, step, expected, n);

      g_test_message ("%s: max |a - b| / RMS (b) = %.2g", name, worst);
      g_assert_cmpfloat (worst, <=, WHOLE_TOLERANCE);
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
  double       worst;
} Trace;

static void
check_layer (gpointer data, const char *name, const Map *map)
{
  Trace       *trace = data;
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
  if (!(worst <= TOLERANCE))
    g_error ("%s (%d x %d): max |a - b| / RMS (b) = %g", name, map->width, map->height, worst);
  trace->worst = MAX (trace->worst, worst);
  trace->n_layers++;
  g_free (values);
  g_free (expected);
}

/* Folds the numbers as model.c does and runs the bare network on width × height tokens. */
static void
run_bare (const TransformerConfig *config, Transformer *transformer, int width, int height)
{
  const int         f = config->picture.pixel_unshuffle * config->patch_size;
  const gboolean    aware = config->picture.conditioning != CONDITIONING_NONE;
  const int         n_planes = config->picture.n_colours * (aware ? 2 : 1) + aware;
  const int         stride = KERNEL_PAD (n_planes * f * f);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  float            *in = parity_planes (n_planes, width * f, height * f);
  GError           *error = NULL;
  float            *map = transformer_begin (transformer, workers, width, height, &error);

  g_assert_no_error (error);
  memset (map, 0, (gsize) width * height * stride * sizeof *map);
  for (int p = 0; p < n_planes; p++)
    for (int y = 0; y < height * f; y++)
      for (int x = 0; x < width * f; x++)
        {
          float v = in[(p * height * f + y) * width * f + x];

          map[((gsize) (y / f) * width + x / f) * stride + (p * f + y % f) * f + x % f] =
            aware && p == n_planes - 1 ? v > 0.0f : v;
        }
  transformer_run (transformer, workers, PARITY_TIMESTEP, NULL, &error);
  g_assert_no_error (error);
  g_free (in);
  diffusion_workers_free (workers);
}

static void
test_layers (gconstpointer data)
{
  const char       *folder = data;
  GError           *error = NULL;
  Safetensors      *weights = parity_open (folder, MAKER_WEIGHTS);
  TransformerConfig config;

  read_config (folder, &config);
  /* A wide network takes the scalar reference too long. */
  for (const Kernels *const *table = kernels_list () + (config.channels > 256); *table; table++)
    {
      const int    f = config.picture.pixel_unshuffle * config.patch_size;
      Trace        trace = { parity_open (folder, "reference.safetensors"), FALSE, 0, 0.0 };
      Transformer *transformer = transformer_new (&config, weights, *table, &error);

      g_assert_no_error (error);
      transformer_set_trace (transformer, check_layer, &trace);
      run_bare (&config, transformer, layer_tokens[0], layer_tokens[1]);
      if (sizes[0][0] % f == 0 && sizes[0][1] % f == 0)
        {
          trace.samples = TRUE;
          run_bare (&config, transformer, sizes[0][0] / f, sizes[0][1] / f);
        }
      g_test_message ("%s: %d layers, max |a - b| / RMS (b) = %.2g", (*table)->name, trace.n_layers,
                      trace.worst);
      g_assert_cmpint (trace.n_layers, ==, (trace.samples ? 2 : 1) * (2 + 2 * config.n_layers));
      safetensors_close (trace.reference);
      transformer_free (transformer);
    }

  safetensors_close (weights);
}

/* What comes out when one point of the arithmetic is wrong is told from the right. */
static void
test_points (gconstpointer data)
{
  static const char *const points[] = {
    "patch-order",
    "position-axis",
    "position-sine",
    "position-span",
    "time-cosine",
    "time-shift",
    "time-first",
    "class-row",
    "heads",
    "attention-scale",
    "modulation-shift",
    "modulation-gate",
    "attention-epsilon",
    "mlp-epsilon",
    "out-epsilon",
    "gelu",
    "out-shift",
    "out-order",
  };

  const char     *folder = data;
  DiffusionModel *model = parity_load_model (folder);
  Safetensors    *reference = parity_open (folder, "reference.safetensors");
  const int       width = sizes[0][0], height = sizes[0][1];
  const gint64    n = (3 * width * height + WRONG_STEP - 1) / WRONG_STEP;
  float          *out = parity_predict (model, 2, width, height);

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      float *wrong = parity_expected (reference, "wrong", points[i], 1, &n);
      double least = parity_difference (out, WRONG_STEP, wrong, n);

      g_test_message ("%s: max |a - b| / RMS (b) = %.2g", points[i], least);
      g_assert_cmpfloat (least, >, WRONG_LEAST);
      g_free (wrong);
    }
  g_free (out);
  safetensors_close (reference);
  diffusion_model_free (model);
}

/* --- Workers, cancelling -------------------------------------------------- */

static void
test_workers (gconstpointer data)
{
  static const int worker_sizes[][2] = { { 73, 41 }, { 96, 80 } };
  DiffusionModel  *model = parity_load_model (data);

  for (guint i = 0; i < G_N_ELEMENTS (worker_sizes); i++)
    parity_check_workers (model, worker_sizes[i][0], worker_sizes[i][1]);
  diffusion_model_free (model);
}

static void
test_cancel (gconstpointer data)
{
  DiffusionModel *model = parity_load_model (data);

  parity_check_cancel (model, 256);
  diffusion_model_free (model);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (gconstpointer);
  } each[] = {
    { "whole", test_whole },
    { "layers", test_layers },
    { "workers", test_workers },
  };
  char       *data, *plain;
  gboolean    live;
  GDir       *dir;
  GError     *error = NULL;
  const char *name;
  GPtrArray  *folders = g_ptr_array_new_with_free_func (g_free);
  int         result;

  g_test_init (&argc, &argv, NULL);

  /* dump-transformer.py --live names a folder of its own: only parity, with what is there. */
  live = argc > 1;
  data = live ? g_strdup (argv[1]) : g_test_build_filename (G_TEST_DIST, "data", NULL);
  plain = g_build_filename (data, "transformer-plain", NULL);

  dir = g_dir_open (data, 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, "transformer-"))
      {
        char *folder = g_build_filename (data, name, NULL);

        g_ptr_array_add (folders, folder);
        for (guint i = 0; i < G_N_ELEMENTS (each); i++)
          {
            char *path = g_strdup_printf ("/transformer/%s/%s", name, each[i].name);

            g_test_add_data_func (path, folder, each[i].test);
            g_free (path);
          }
      }
  g_dir_close (dir);
  g_assert_cmpint (folders->len, >=, 4);

  if (!live)
    {
      g_test_add_data_func ("/transformer/points", plain, test_points);
      g_test_add_data_func ("/transformer/cancel", plain, test_cancel);
    }
  tables_add_missing ("/transformer/layers");
  result = g_test_run ();

  g_ptr_array_unref (folders);
  g_free (plain);
  g_free (data);
  return result;
}
