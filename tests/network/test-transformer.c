/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-transformer.c: the Transformer, layer by layer and as a whole, against what
 * tests/network/dump-transformer.py evaluated with PyTorch in double precision, for every
 * folder data/transformer-… (or of the folder that is the argument); the same
 * bytes from any number of workers; and what happens when it is cancelled. What is
 * refused, and the two filters: test-transformer-folder.c.
 */
#include <math.h>
#include <string.h>

#include "support/tables.h"
#include "model/model.h"
#include "support/model-maker.h"
#include "network/transformer.h"

/* As in tests/network/dump-transformer.py. */
#define TIMESTEP    437.25
#define OUT_STEP    11
#define WRONG_STEP  97
#define SAMPLES     64
#define SAMPLE_STEP 997

static const int sizes[][2] = { { 112, 80 }, { 105, 73 }, { 1, 1 } };
static const int layer_tokens[] = { 7, 5 };

/* The largest error over the RMS of what is expected: of any layer, of the result. */
#define TOLERANCE       1e-4
#define WHOLE_TOLERANCE 4e-5

/* What a result with one point wrong is away from the right one at least. */
#define WRONG_LEAST (5 * WHOLE_TOLERANCE)

/* --- Folders -------------------------------------------------------------- */

static DiffusionModel *
load_model (const char *folder)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_no_error (error);
  return model;
}

static Safetensors *
open_in (const char *folder, const char *name)
{
  char        *path = g_build_filename (folder, name, NULL);
  GError      *error = NULL;
  Safetensors *file = safetensors_open (path, &error);

  g_assert_no_error (error);
  g_free (path);
  return file;
}

static float *
load_reference (Safetensors  *file,
                const char   *kind,
                const char   *name,
                int           n_dims,
                const gint64 *shape)
{
  char   *full = g_strconcat (kind, ".", name, NULL);
  GError *error = NULL;
  float  *values = safetensors_load (file, full, n_dims, shape, &error);

  g_assert_no_error (error);
  g_free (full);
  return values;
}

static void
read_config (const char *folder, TransformerConfig *config)
{
  char   *path = g_build_filename (folder, MAKER_UNET, NULL);
  GError *error = NULL;

  transformer_config_read (config, path, &error);
  g_assert_no_error (error);
  g_free (path);
}

/* --- Numbers -------------------------------------------------------------- */

/* The numbers of the script's function of that name. */
static float *
planes (int n, int width, int height)
{
  const guint32 size = n * width * height;
  float        *values = g_new (float, size);

  for (guint32 i = 0; i < size; i++)
    values[i] = ((guint32) (i * 2654435761u + 12345u) >> 8) / 8388608.0 - 1.0;
  return values;
}

/* max |a − b| / RMS (b) over n values, a in steps of `step`. */
static double
difference (const float *a, gsize step, const float *b, gsize n)
{
  double worst = 0.0, sum = 0.0;

  for (gsize i = 0; i < n; i++)
    {
      const double error = fabs ((double) a[i * step] - b[i]);

      /* Also true for what is not a number. */
      if (!(error <= worst))
        worst = error;
      sum += (double) b[i] * b[i];
    }
  return worst / sqrt (sum / n);
}

/* The planes that come out: one a colour, or two with a learned variance. */
static float *
predict (DiffusionModel *model, int n_workers, int width, int height)
{
  const gboolean    aware = diffusion_model_is_mask_aware (model);
  const int         n_colours = model_get_shape (model)->n_colours;
  const gsize       plane = (gsize) width * height;
  float            *in = planes (aware ? 2 * n_colours + 1 : n_colours, width, height);
  float            *mask = in + 2 * n_colours * plane;
  float            *out = g_new (float, model_get_n_outputs (model) * plane);
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  GError           *error = NULL;

  for (gsize i = 0; aware && i < plane; i++)
    mask[i] = mask[i] > 0.0f;
  model_predict (model, workers, width, height, in, aware ? in + n_colours * plane : NULL,
                 aware ? mask : NULL, TIMESTEP, out, NULL, &error);
  g_assert_no_error (error);
  diffusion_workers_free (workers);
  g_free (in);
  return out;
}

/* --- Parity --------------------------------------------------------------- */

static void
test_whole (gconstpointer data)
{
  const char     *folder = data;
  DiffusionModel *model = load_model (folder);
  Safetensors    *reference = open_in (folder, "reference.safetensors");

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const int    width = sizes[i][0], height = sizes[i][1];
      const int    step = width * height == 1 ? 1 : OUT_STEP;
      const gint64 n = (model_get_n_outputs (model) * width * height + step - 1) / step;
      char        *name = g_strdup_printf ("%dx%d", width, height);
      float       *expected = load_reference (reference, "out", name, 1, &n);
      float       *out = predict (model, 2, width, height);
      double       worst = difference (out, step, expected, n);

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
  const gint64 n = MIN ((size + SAMPLE_STEP - 1) / SAMPLE_STEP, SAMPLES);
  float       *expected = trace->samples ? load_reference (trace->reference, "sample", name, 1, &n)
                                         : load_reference (trace->reference, "layer", name, 3, whole);
  float       *values = g_new (float, size);
  double       worst;

  for (int c = 0; c < map->channels; c++)
    for (gsize i = 0; i < plane; i++)
      values[c * plane + i] = map->data[i * map->stride + c];
  /* What only memory has must be zero: the next layer multiplies it. */
  for (gsize i = 0; i < plane; i++)
    for (int c = map->channels; c < map->stride; c++)
      g_assert_cmpfloat (map->data[i * map->stride + c], ==, 0.0f);

  worst =
    difference (values, trace->samples ? SAMPLE_STEP : 1, expected, trace->samples ? n : size);
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
  float            *in = planes (n_planes, width * f, height * f);
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
  transformer_run (transformer, workers, TIMESTEP, NULL, &error);
  g_assert_no_error (error);
  g_free (in);
  diffusion_workers_free (workers);
}

static void
test_layers (gconstpointer data)
{
  const char       *folder = data;
  GError           *error = NULL;
  Safetensors      *weights = open_in (folder, MAKER_WEIGHTS);
  TransformerConfig config;

  read_config (folder, &config);
  /* A wide network takes the scalar reference too long. */
  for (const Kernels *const *table = kernels_list () + (config.channels > 256); *table; table++)
    {
      const int    f = config.picture.pixel_unshuffle * config.patch_size;
      Trace        trace = { open_in (folder, "reference.safetensors"), FALSE, 0, 0.0 };
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
  DiffusionModel *model = load_model (folder);
  Safetensors    *reference = open_in (folder, "reference.safetensors");
  const int       width = sizes[0][0], height = sizes[0][1];
  const gint64    n = (3 * width * height + WRONG_STEP - 1) / WRONG_STEP;
  float          *out = predict (model, 2, width, height);

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    {
      float *wrong = load_reference (reference, "wrong", points[i], 1, &n);
      double least = difference (out, WRONG_STEP, wrong, n);

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
  DiffusionModel  *model = load_model (data);

  for (guint i = 0; i < G_N_ELEMENTS (worker_sizes); i++)
    {
      const int   width = worker_sizes[i][0], height = worker_sizes[i][1];
      const gsize n = model_get_n_outputs (model) * (gsize) width * height;
      float      *one = predict (model, 1, width, height);

      for (int n_workers = 2; n_workers <= 3; n_workers++)
        {
          float *more = predict (model, n_workers, width, height);

          g_assert_cmpmem (more, n * sizeof *more, one, n * sizeof *one);
          g_free (more);
        }
      g_free (one);
    }
  diffusion_model_free (model);
}

/* Cancelled before and while it runs; afterwards it works as ever. */
static gpointer
cancel_soon (gpointer cancel)
{
  g_usleep (3000);
  g_cancellable_cancel (cancel);
  return NULL;
}

static void
test_cancel (gconstpointer data)
{
  const int         size = 256;
  const gsize       n = 3 * size * size;
  DiffusionModel   *model = load_model (data);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  float            *in = planes (3, size, size);
  float            *before = predict (model, 2, size, size);
  float            *out = g_new0 (float, n);
  float            *after;

  for (int i = 0; i < 2; i++)
    {
      GCancellable *cancel = g_cancellable_new ();
      GThread      *thread = NULL;
      GError       *error = NULL;

      if (i == 0)
        g_cancellable_cancel (cancel);
      else
        thread = g_thread_new ("cancel", cancel_soon, cancel);
      g_assert_false (
        model_predict (model, workers, size, size, in, NULL, NULL, TIMESTEP, out, cancel, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      if (thread)
        g_thread_join (thread);
      g_object_unref (cancel);
    }

  after = predict (model, 2, size, size);
  g_assert_cmpmem (after, n * sizeof *after, before, n * sizeof *before);
  g_free (in);
  g_free (before);
  g_free (out);
  g_free (after);
  diffusion_workers_free (workers);
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
  result = g_test_run ();

  g_ptr_array_unref (folders);
  g_free (plain);
  g_free (data);
  return result;
}
