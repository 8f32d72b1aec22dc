/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-transformer-folder.c: folders with a Transformer: wrong configurations and
 * weights, what is told before they are read, and the two filters with one.
 */
#include <math.h>
#include <string.h>

#include "support/model-maker.h"
#include "model/model.h"
#include "support/picture.h"
#include "network/transformer.h"

static DiffusionModel *
load_model (const char *folder)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_no_error (error);
  return model;
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

/* The header of the weights that fit, and how long the data is. */
static char *
right_header (guint64 *n_bytes)
{
  return maker_transformer_header (4, 1, n_bytes);
}

/* A folder whose network answers `colour` whatever it is asked. Free with maker_remove,
 * g_free. */
static char *
new_folder (const char *json, const char *scheduler, const float *colour)
{
  char   *folder = maker_new_folder ();
  guint64 n_bytes;
  char   *header = right_header (&n_bytes);
  guint8 *data = g_malloc0 (n_bytes);

  for (int i = 0; i < 12; i++)
    {
      union
      {
        float   f;
        guint32 bits;
      } value = { colour[i % 3] };

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
    { "\"DiTTransformer2DModel\"", "\"Transformer2DModel\"",
      "*“_class_name” is \"Transformer2DModel\"*" },
    { "\"DiTTransformer2DModel\"", "7", "*“_class_name” is 7*" },
    { "\"DiTTransformer2DModel\"", "\"UNet2DModel\"", "*" },
    { "\"gelu-approximate\"", "\"gelu\"",
      "*“activation_fn” is \"gelu\", expected \"gelu-approximate\".*" },
    { "\"gelu-approximate\"", "\"geglu\"", "*“activation_fn” is \"geglu\"*" },
    { "\"ada_norm_zero\"", "\"ada_norm_single\"", "*“norm_type” is \"ada_norm_single\"*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 6",
      "*“attention_head_dim” is 6*multiple of 4*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 0", "*“attention_head_dim” is 0*" },
    { "\"attention_head_dim\": 4", "\"attention_head_dim\": 8192, \"x\": 1",
      "*has the shape*expected*8192*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 4096",
      "*“attention_head_dim” is 4*at most 8192*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": -1",
      "*“num_attention_heads” is -1*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 2", "*has the shape*expected*" },
    { "\"num_attention_heads\": 1", "\"num_attention_heads\": 1e9",
      "*“num_attention_heads” is 1000000000*" },
    { "\"attention_bias\": true", "\"attention_bias\": 1",
      "*“attention_bias” is 1*true or false*" },
    { "\"in_channels\": 3", "\"in_channels\": 4", "*“in_channels” is 4, expected 3*" },
    { "\"in_channels\"", "\"n_channels\"", "*“in_channels” is missing, expected 3*" },
    { "\"out_channels\": null", "\"out_channels\": 8", "*“out_channels” is 8, expected 3*" },
    { "\"out_channels\": null", "\"out_channels\": 6",
      "*“proj_out_2.weight” has the shape*expected [24, 4]*" },
    { "\"num_layers\": 1", "\"num_layers\": 2", "*“transformer_blocks.1.*is missing*" },
    { "\"num_layers\": 1", "\"num_layers\": 0", "*“num_layers” is 0*" },
    { "\"num_layers\": 1", "\"num_layers\": 100000", "*“num_layers” is 100000*" },
    { "\"norm_eps\": 1e-05", "\"norm_eps\": -1", "*“norm_eps” is -1*" },
    { "\"norm_elementwise_affine\": false", "\"norm_elementwise_affine\": true",
      "*“transformer_blocks.0.norm3.weight” is missing*" },
    { "\"num_embeds_ada_norm\": 1", "\"num_embeds_ada_norm\": 0", "*“num_embeds_ada_norm” is 0*" },
    { "\"num_embeds_ada_norm\": 1", "\"num_embeds_ada_norm\": 1000",
      "*embedding_table.weight” has the shape*expected [1001, 4]*" },
    { "\"num_embeds_ada_norm\"", "\"n_classes\"",
      "*embedding_table.weight” has the shape*expected [1001, 4]*" },
    { "\"patch_size\": 2", "\"patch_size\": 0", "*“patch_size” is 0*" },
    { "\"patch_size\": 2", "\"patch_size\": 65", "*“patch_size” is 65*" },
    { "\"patch_size\": 2", "\"patch_size\": 4", "*“pos_embed.proj.weight” has the shape*" },
    { "\"patch_size\": 2", "\"patch_size\": 32",
      "*“sample_size” is 16, expected at least patch_size*" },
    { "\"sample_size\": 16", "\"sample_size\": [16, 0]", "*“sample_size” is [16,0]*" },
    { "\"sample_size\": 16", "\"sample_size\": 0", "*“sample_size” is 0*" },
    { "\"sample_size\": 16", "\"conditioning\": \"depth\"", "*“conditioning” is \"depth\"*" },
    { "\"sample_size\": 16", "\"conditioning\": \"filled-image\"",
      "*“out_channels” is null, expected 1*" },
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
  guint64     n_bytes;
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
  char             *config_path = g_build_filename (folder, MAKER_UNET, NULL);
  char             *weights_path = g_build_filename (folder, MAKER_WEIGHTS, NULL);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  GError           *error = NULL;
  Safetensors      *weights = safetensors_open (weights_path, NULL);
  TransformerConfig config;
  Transformer      *transformer;
  float            *map;

  g_assert_true (transformer_config_read (&config, config_path, NULL));
  transformer = transformer_new (&config, weights, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (transformer_begin (transformer, workers, 32769, 32769, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "close other programs or work on a smaller region"));
  g_clear_error (&error);
  map = transformer_begin (transformer, workers, 3, 2, &error);
  g_assert_no_error (error);
  memset (map, 0, 3 * 2 * KERNEL_PAD (3 * 2 * 2) * sizeof *map);
  g_assert_nonnull (transformer_run (transformer, workers, 437.25, NULL, &error));

  transformer_free (transformer);
  safetensors_close (weights);
  diffusion_workers_free (workers);
  maker_remove (folder);
  g_free (weights_path);
  g_free (config_path);
  g_free (folder);
}

/* What is told from the header alone is what the loaded model says, and counts every
 * tensor once. */
static void
test_metadata (void)
{
  char              *folder = new_folder (right_json, maker_scheduler_json, black);
  guint64            n_bytes;
  char              *header = right_header (&n_bytes);
  GError            *error = NULL;
  DiffusionModel    *metadata = diffusion_model_load_metadata (folder, &error);
  DiffusionModel    *model = load_model (folder);
  DiffusionModelInfo told, loaded;

  g_assert_no_error (error);
  diffusion_model_get_info (metadata, &told);
  diffusion_model_get_info (model, &loaded);
  g_assert_cmpuint (told.n_parameters, ==, n_bytes / 4);
  g_assert_cmpuint (told.n_parameters, ==, loaded.n_parameters);
  g_assert_cmpuint (told.bytes, ==, loaded.bytes);
  g_assert_cmpuint (told.bytes_loading, >, told.bytes);
  g_assert_cmpint (told.sample_size, ==, 16);

  diffusion_model_free (metadata);
  diffusion_model_free (model);
  maker_remove (folder);
  g_free (folder);
  g_free (header);
}

/* --- The two filters ------------------------------------------------------ */

static const DiffusionRect hole = { 30, 20, 25, 18 };

static Picture *
inpaint (DiffusionModel *model, int n_workers)
{
  Picture                 *picture = picture_new (90, 70, 3);
  DiffusionWorkers        *workers = diffusion_workers_new (n_workers);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = { .strength = 1.0,
                                        .steps = 4,
                                        .sampler = DIFFUSION_SAMPLER_DDPM,
                                        .resample = 2,
                                        .jump_length = 2,
                                        .seed = 5 };
  GError                  *error = NULL;

  picture_paint (picture);
  picture_select (picture, &hole, 1.0f);
  diffusion_inpaint (model, workers, &source, &sink, &hole, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &hole);
  diffusion_workers_free (workers);
  return picture;
}

static Picture *
denoise (DiffusionModel *model, int n_workers)
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
test_filters (void)
{
  Picture *(*const filters[]) (DiffusionModel *, int) = { inpaint, denoise };
  char           *folder = g_test_build_filename (G_TEST_DIST, "data", "transformer-plain", NULL);
  DiffusionModel *model = load_model (folder);

  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      Picture *one = filters[i](model, 1), *two = filters[i](model, 2);

      g_assert_cmpmem (one->result, 3 * one->size * sizeof (float), two->result,
                       3 * two->size * sizeof (float));
      for (gsize p = 0; p < 3 * one->size; p++)
        g_assert_true (isfinite (one->result[p]));
      picture_free (one);
      picture_free (two);
    }
  diffusion_model_free (model);
  g_free (folder);
}

/* The mean difference of neighbours in the rows of the first channel. */
static double
roughness (const float *plane, const Picture *picture)
{
  double sum = 0.0;

  for (int y = 0; y < picture->height; y++)
    for (int x = 1; x < picture->width; x++)
      sum +=
        fabsf (plane[(gsize) y * picture->width + x] - plane[(gsize) y * picture->width + x - 1]);
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

  /* Denoise keeps the local level of the picture (local-mean.h): its noise alone is gone. */
  g_assert_cmpfloat (roughness (clean->result, clean), <, 0.2 * roughness (clean->pixels, clean));
  picture_free (filled);
  picture_free (clean);
  diffusion_model_free (model);
  maker_remove (folder);
  g_free (folder);
  g_free (scheduler);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transformer-folder/configurations", test_configurations);
  g_test_add_func ("/transformer-folder/tensors", test_tensors);
  g_test_add_func ("/transformer-folder/memory", test_memory);
  g_test_add_func ("/transformer-folder/metadata", test_metadata);
  g_test_add_func ("/transformer-folder/filters", test_filters);
  g_test_add_func ("/transformer-folder/colour", test_colour);
  return g_test_run ();
}
