/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-transformer.c: the Transformer, layer by layer and as a whole, against what
 * tests/dump-transformer.py evaluated with PyTorch in double precision, for every
 * folder data/transformer-… (or of the folder that is the argument); the same
 * bytes from any number of workers; what happens when it is cancelled; wrong
 * configurations and weights; and the two filters with it.
 */
#include <math.h>
#include <string.h>

#include "model.h"
#include "model-maker.h"
#include "picture.h"
#include "transformer.h"

/* As in tests/dump-transformer.py. */
#define TIMESTEP 437.25
#define OUT_STEP 11
#define WRONG_STEP 97
#define SAMPLES 64
#define SAMPLE_STEP 997

static const int sizes[][2] = { { 112, 80 }, { 105, 73 }, { 1, 1 } };
static const int layer_tokens[] = { 7, 5 };

/* The largest error over the RMS of what is expected: of any layer, of the result. */
#define TOLERANCE 1e-4
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
open_in (const char *folder,
         const char *name)
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
read_config (const char        *folder,
             TransformerConfig *config)
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
planes (int n,
        int width,
        int height)
{
  const guint32 size = n * width * height;
  float        *values = g_new (float, size);

  for (guint32 i = 0; i < size; i++)
    values[i] = ((guint32) (i * 2654435761u + 12345u) >> 8) / 8388608.0 - 1.0;
  return values;
}

/* max |a − b| / RMS (b) over n values, a in steps of `step`. */
static double
difference (const float *a,
            gsize        step,
            const float *b,
            gsize        n)
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

/* The planes that come out: 3, or 6 with a learned variance. */
static float *
predict (DiffusionModel *model,
         int             n_workers,
         int             width,
         int             height)
{
  const gboolean    aware = diffusion_model_is_mask_aware (model);
  const gsize       plane = (gsize) width * height;
  float            *in = planes (aware ? 7 : 3, width, height);
  float            *mask = in + 6 * plane;
  float            *out = g_new (float, model_get_n_outputs (model) * plane);
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  GError           *error = NULL;

  for (gsize i = 0; aware && i < plane; i++)
    mask[i] = mask[i] > 0.0f;
  model_predict (model, workers, width, height, in, aware ? in + 3 * plane : NULL,
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
check_layer (gpointer    data,
             const char *name,
             const Map  *map)
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

  worst = difference (values, trace->samples ? SAMPLE_STEP : 1, expected, trace->samples ? n : size);
  if (!(worst <= TOLERANCE))
    g_error ("%s (%d x %d): max |a - b| / RMS (b) = %g", name, map->width, map->height, worst);
  trace->worst = MAX (trace->worst, worst);
  trace->n_layers++;
  g_free (values);
  g_free (expected);
}

/* Folds the numbers as model.c does and runs the bare network on width × height tokens. */
static void
run_bare (const TransformerConfig *config,
          Transformer             *transformer,
          int                      width,
          int                      height)
{
  const int         f = config->picture.pixel_unshuffle * config->patch_size;
  const int         n_planes = config->picture.conditioning == CONDITIONING_NONE ? 3 : 7;
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

          map[((gsize) (y / f) * width + x / f) * stride + (p * f + y % f) * f + x % f]
            = p == 6 ? v > 0.0f : v;
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
    "patch-order",       "position-axis",   "position-sine", "position-span",
    "time-cosine",       "time-shift",      "time-first",    "class-row",
    "heads",             "attention-scale", "modulation-shift", "modulation-gate",
    "attention-epsilon", "mlp-epsilon",     "out-epsilon",   "gelu",
    "out-shift",         "out-order",
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
      g_assert_false (model_predict (model, workers, size, size, in, NULL, NULL, TIMESTEP, out,
                                     cancel, &error));
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

/* --- A small folder, right and wrong -------------------------------------- */

static const char right_json[] = "{\n"
                                 "  \"_class_name\": \"DiTTransformer2DModel\",\n"
                                 "  \"activation_fn\": \"gelu-approximate\",\n"
                                 "  \"attention_bias\": true,\n"
                                 "  \"attention_head_dim\": 4,\n"
                                 "  \"dropout\": 0.0,\n"
                                 "  \"in_channels\": 3,\n"
                                 "  \"norm_elementwise_affine\": false,\n"
                                 "  \"norm_eps\": 1e-05,\n"
                                 "  \"norm_num_groups\": 32,\n"
                                 "  \"norm_type\": \"ada_norm_zero\",\n"
                                 "  \"num_attention_heads\": 1,\n"
                                 "  \"num_embeds_ada_norm\": 1,\n"
                                 "  \"num_layers\": 1,\n"
                                 "  \"out_channels\": null,\n"
                                 "  \"patch_size\": 2,\n"
                                 "  \"sample_size\": 16,\n"
                                 "  \"upcast_attention\": false\n"
                                 "}\n";

/* The header of the weights that fit, and how long the data is. The last tensor is
 * proj_out_2.bias. */
static char *
right_header (gsize *n_bytes)
{
  static const char prefix[] = "transformer_blocks.0.";
  MakerWeights      weights = { g_string_new (NULL), 0 };

  maker_add_layer (&weights, "", "pos_embed.proj", 4, 3, 2);
  maker_add_layer (&weights, prefix, "norm1.emb.timestep_embedder.linear_1", 4, 256, 0);
  maker_add_layer (&weights, prefix, "norm1.emb.timestep_embedder.linear_2", 4, 4, 0);
  maker_add_tensor (&weights, prefix, "norm1.emb.class_embedder.embedding_table.weight", 2,
                    (int[]) { 2, 4 });
  maker_add_layer (&weights, prefix, "norm1.linear", 24, 4, 0);
  maker_add_layer (&weights, prefix, "attn1.to_q", 4, 4, 0);
  maker_add_layer (&weights, prefix, "attn1.to_k", 4, 4, 0);
  maker_add_layer (&weights, prefix, "attn1.to_v", 4, 4, 0);
  maker_add_layer (&weights, prefix, "attn1.to_out.0", 4, 4, 0);
  maker_add_layer (&weights, prefix, "ff.net.0.proj", 16, 4, 0);
  maker_add_layer (&weights, prefix, "ff.net.2", 4, 16, 0);
  maker_add_layer (&weights, "", "proj_out_1", 8, 4, 0);
  maker_add_layer (&weights, "", "proj_out_2", 12, 4, 0);
  g_string_append_c (weights.header, '}');

  *n_bytes = weights.n_bytes;
  return g_string_free (weights.header, FALSE);
}

/* A folder whose network answers `colour` whatever it is asked. Free with maker_remove,
 * g_free. */
static char *
new_folder (const char  *json,
            const char  *scheduler,
            const float *colour)
{
  char   *folder = maker_new_folder ();
  gsize   n_bytes;
  char   *header = right_header (&n_bytes);
  guint8 *data = g_malloc0 (n_bytes);

  for (int i = 0; i < 12; i++)
    {
      union { float f; guint32 bits; } value = { colour[i % 3] };

      value.bits = GUINT32_TO_LE (value.bits);
      memcpy (data + n_bytes - 48 + 4 * i, &value.bits, 4);
    }
  maker_write_text (folder, MAKER_UNET, json);
  maker_write_text (folder, MAKER_SCHEDULER, scheduler);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes);
  g_free (data);
  g_free (header);
  return folder;
}

static const float black[] = { 0.0f, 0.0f, 0.0f };

static void
test_configurations (void)
{
  static const struct
  {
    const char *search, *replacement;
    const char *pattern;
  } cases[] = {
    { "\"DiTTransformer2DModel\"", "\"Transformer2DModel\"", "*“_class_name” is \"Transformer2DModel\"*" },
    { "\"DiTTransformer2DModel\"", "7", "*“_class_name” is 7*" },
    { "\"DiTTransformer2DModel\"", "\"UNet2DModel\"", "*" },
    { "\"gelu-approximate\"", "\"gelu\"", "*“activation_fn” is \"gelu\", expected \"gelu-approximate\".*" },
    { "\"gelu-approximate\"", "\"geglu\"", "*“activation_fn” is \"geglu\"*" },
    { "\"ada_norm_zero\"", "\"ada_norm_single\"", "*“norm_type” is \"ada_norm_single\"*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 6", "*“attention_head_dim” is 6*multiple of 4*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 0", "*“attention_head_dim” is 0*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 8192, \"x\": 1", "*has the shape*expected*8192*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 4096", "*“attention_head_dim” is 4*at most 8192*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": -1", "*“num_attention_heads” is -1*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 2", "*has the shape*expected*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 1e9", "*“num_attention_heads” is 1000000000*" },
    { "\"attention_bias\": true", "\"attention_bias\": 1", "*“attention_bias” is 1*true or false*" },
    { "\"in_channels\": 3", "\"in_channels\": 4", "*“in_channels” is 4, expected 3*" },
    { "\"in_channels\"", "\"n_channels\"", "*“in_channels” is missing, expected 3*" },
    { "\"out_channels\": null", "\"out_channels\": 8", "*“out_channels” is 8, expected 3*" },
    { "\"out_channels\": null", "\"out_channels\": 6", "*“proj_out_2.weight” has the shape*expected [24, 4]*" },
    { "\"num_layers\": 1", "\"num_layers\": 2", "*“transformer_blocks.1.*is missing*" },
    { "\"num_layers\": 1", "\"num_layers\": 0", "*“num_layers” is 0*" },
    { "\"num_layers\": 1", "\"num_layers\": 100000", "*“num_layers” is 100000*" },
    { "\"norm_eps\": 1e-05", "\"norm_eps\": -1", "*“norm_eps” is -1*" },
    { "\"norm_elementwise_affine\": false", "\"norm_elementwise_affine\": true", "*“transformer_blocks.0.norm3.weight” is missing*" },
    { "\"num_embeds_ada_norm\": 1", "\"num_embeds_ada_norm\": 0", "*“num_embeds_ada_norm” is 0*" },
    { "\"num_embeds_ada_norm\": 1", "\"num_embeds_ada_norm\": 1000", "*embedding_table.weight” has the shape*expected [1001, 4]*" },
    { "\"num_embeds_ada_norm\"", "\"n_classes\"", "*embedding_table.weight” has the shape*expected [1001, 4]*" },
    { "\"patch_size\": 2", "\"patch_size\": 0", "*“patch_size” is 0*" },
    { "\"patch_size\": 2", "\"patch_size\": 65", "*“patch_size” is 65*" },
    { "\"patch_size\": 2", "\"patch_size\": 4", "*“pos_embed.proj.weight” has the shape*" },
    { "\"patch_size\": 2", "\"patch_size\": 32", "*“sample_size” is 16, expected at least patch_size*" },
    { "\"sample_size\": 16", "\"sample_size\": [16, 0]", "*“sample_size” is [16,0]*" },
    { "\"sample_size\": 16", "\"sample_size\": 0", "*“sample_size” is 0*" },
    { "\"sample_size\": 16", "\"conditioning\": \"depth\"", "*“conditioning” is \"depth\"*" },
    { "\"sample_size\": 16", "\"conditioning\": \"filled-image\"", "*“out_channels” is null, expected 1*" },
    { "\"sample_size\": 16", "\"pixel_unshuffle\": 2", "*“in_channels” is 3, expected 12*" },
    { "\"sample_size\": 16", "\"pixel_unshuffle\": 99", "*“pixel_unshuffle” is 99*" },
    { "\"upcast_attention\": false", "\"upcast_attention\": null", "*“upcast_attention” is null*" },
    { "\"dropout\": 0.0", "\"dropout\": \"no\"", "*“dropout” is \"no\"*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char           *wrong = maker_replace (right_json, cases[i].search, cases[i].replacement);
      char           *folder = new_folder (wrong, maker_scheduler_json, black);
      GError         *error = NULL;
      DiffusionModel *model = diffusion_model_load (folder, &error);

      g_assert_null (model);
      maker_assert_refused (error, cases[i].pattern);
      maker_remove (folder);
      g_free (folder);
      g_free (wrong);
    }
}

/* Each tensor missing, and of another shape, is named. */
static void
test_tensors (void)
{
  gsize       n_bytes;
  char       *header = right_header (&n_bytes);
  guint8     *data = g_malloc0 (n_bytes);
  const char *at = header;
  int         n = 0;

  while ((at = strstr (at, "\":{\"dtype\"")) != NULL)
    {
      const char *start = at;
      char       *name, *quoted, *wrong, *pattern, *folder = maker_new_folder ();
      GError     *error = NULL;

      while (start[-1] != '"')
        start--;
      name = g_strndup (start, at - start);
      quoted = g_strdup_printf ("\"%s\"", name);
      wrong = maker_replace (header, quoted, "\"another\"");
      pattern = g_strdup_printf ("*“%s” is missing*", name);

      maker_write_text (folder, MAKER_UNET, right_json);
      maker_write_text (folder, MAKER_SCHEDULER, maker_scheduler_json);
      maker_write_safetensors (folder, MAKER_WEIGHTS, wrong, data, n_bytes);
      g_assert_null (diffusion_model_load (folder, &error));
      maker_assert_refused (error, pattern);

      maker_remove (folder);
      g_free (name);
      g_free (quoted);
      g_free (wrong);
      g_free (pattern);
      g_free (folder);
      at++;
      n++;
    }
  g_assert_cmpint (n, ==, 25);
  g_free (data);
  g_free (header);
}

/* A window that no machine has the memory for is refused in words, and a right one
 * runs after it. */
static void
test_memory (void)
{
  char             *folder = new_folder (right_json, maker_scheduler_json, black);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  GError           *error = NULL;
  Safetensors      *weights = open_in (folder, MAKER_WEIGHTS);
  TransformerConfig config;
  Transformer      *transformer;

  read_config (folder, &config);
  transformer = transformer_new (&config, weights, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (transformer_begin (transformer, workers, 32769, 32769, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
  g_clear_error (&error);
  run_bare (&config, transformer, 3, 2);

  transformer_free (transformer);
  safetensors_close (weights);
  diffusion_workers_free (workers);
  maker_remove (folder);
  g_free (folder);
}

/* What is told from the header alone is what the loaded model says, and counts every
 * tensor once. */
static void
test_outline (void)
{
  char              *folder = new_folder (right_json, maker_scheduler_json, black);
  gsize              n_bytes;
  char              *header = right_header (&n_bytes);
  GError            *error = NULL;
  DiffusionModel    *outline = diffusion_model_outline (folder, &error);
  DiffusionModel    *model = load_model (folder);
  DiffusionModelInfo told, loaded;

  g_assert_no_error (error);
  diffusion_model_get_info (outline, &told);
  diffusion_model_get_info (model, &loaded);
  g_assert_cmpuint (told.n_parameters, ==, n_bytes / 4);
  g_assert_cmpuint (told.n_parameters, ==, loaded.n_parameters);
  g_assert_cmpuint (told.bytes, ==, loaded.bytes);
  g_assert_cmpuint (told.bytes_loading, >, told.bytes);
  g_assert_cmpint (told.sample_size, ==, 16);

  diffusion_model_free (outline);
  diffusion_model_free (model);
  maker_remove (folder);
  g_free (folder);
  g_free (header);
}

/* --- The two filters ------------------------------------------------------ */

static const DiffusionRect hole = { 30, 20, 25, 18 };

static Picture *
inpaint (DiffusionModel *model,
         int             n_workers)
{
  Picture                 *picture = picture_new (90, 70, 3);
  DiffusionWorkers        *workers = diffusion_workers_new (n_workers);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings
    = { .strength = 1.0, .steps = 4, .sampler = DIFFUSION_SAMPLER_DDPM, .resample = 2,
        .jump_length = 2, .seed = 5 };
  GError *error = NULL;

  picture_paint (picture);
  picture_select (picture, &hole, 1.0f);
  diffusion_inpaint (model, workers, &source, &sink, &hole, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &hole);
  diffusion_workers_free (workers);
  return picture;
}

static Picture *
denoise (DiffusionModel *model,
         int             n_workers)
{
  const DiffusionRect      all = { 0, 0, 90, 70 };
  Picture                 *picture = picture_new (90, 70, 3);
  DiffusionWorkers        *workers = diffusion_workers_new (n_workers);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionDenoiseSettings settings = { .sigma = 25.0, .steps = 1, .seed = 5 };
  GError                  *error = NULL;

  picture_paint (picture);
  picture_add_noise (picture, 25.0, 3);
  picture_select (picture, &all, 1.0f);
  diffusion_denoise (model, workers, &source, &sink, &all, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &all);
  diffusion_workers_free (workers);
  return picture;
}

/* With the random network: numbers, and the same from any number of workers. */
static void
test_filters (gconstpointer data)
{
  Picture *(*const filters[]) (DiffusionModel *, int) = { inpaint, denoise };
  DiffusionModel *model = load_model (data);

  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      Picture *one = filters[i] (model, 1), *two = filters[i] (model, 2);

      g_assert_cmpmem (one->result, 3 * one->size * sizeof (float), two->result,
                       3 * two->size * sizeof (float));
      for (gsize p = 0; p < 3 * one->size; p++)
        g_assert_true (isfinite (one->result[p]));
      picture_free (one);
      picture_free (two);
    }
  diffusion_model_free (model);
}

/* The mean difference of neighbours in the rows of the first channel. */
static double
roughness (const float   *plane,
           const Picture *picture)
{
  double sum = 0.0;

  for (int y = 0; y < picture->height; y++)
    for (int x = 1; x < picture->width; x++)
      sum += fabsf (plane[(gsize) y * picture->width + x] - plane[(gsize) y * picture->width + x - 1]);
  return sum / picture->size;
}

/* A network that answers x̂_0 = one colour fills with that colour and denoises to it. */
static void
test_colour (void)
{
  const float     colour[] = { -0.5f, 0.25f, 0.75f };
  char           *scheduler = maker_replace (maker_scheduler_json, "\"epsilon\"", "\"sample\"");
  char           *folder = new_folder (right_json, scheduler, colour);
  DiffusionModel *model = load_model (folder);
  Picture        *filled = inpaint (model, 2), *clean = denoise (model, 2);

  for (int c = 0; c < 3; c++)
    for (int y = hole.y; y < hole.y + hole.height; y++)
      for (int x = hole.x; x < hole.x + hole.width; x++)
        {
          const gsize p = c * filled->size + (gsize) y * filled->width + x;
          const float expected = 0.5f * (1.0f + colour[c]);

          g_assert_cmpfloat (fabsf (filled->result[p] - expected), <, 1e-5f);
        }

  /* Denoise keeps the local level of the picture (level.h): its noise alone is gone. */
  g_assert_cmpfloat (roughness (clean->result, clean), <, 0.2 * roughness (clean->pixels, clean));
  picture_free (filled);
  picture_free (clean);
  diffusion_model_free (model);
  maker_remove (folder);
  g_free (folder);
  g_free (scheduler);
}

int
main (int    argc,
      char **argv)
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
  g_assert_cmpint (folders->len, >=, 3);

  if (!live)
    {
      g_test_add_data_func ("/transformer/points", plain, test_points);
      g_test_add_data_func ("/transformer/cancel", plain, test_cancel);
      g_test_add_func ("/transformer/configurations", test_configurations);
      g_test_add_func ("/transformer/tensors", test_tensors);
      g_test_add_func ("/transformer/memory", test_memory);
      g_test_add_func ("/transformer/outline", test_outline);
      g_test_add_data_func ("/transformer/filters", plain, test_filters);
      g_test_add_func ("/transformer/colour", test_colour);
    }
  result = g_test_run ();

  g_ptr_array_unref (folders);
  g_free (plain);
  g_free (data);
  return result;
}
