/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz-config.c: configurations as recipe.h describes them, with weights that are always
 * right, and then run: whatever network a configuration can ask for is built. In place of
 * format/safetensors.c stands a file that has every tensor in every shape.
 */
#include <stdio.h>

#include "format/safetensors.h"
#include "fuzz/recipe.h"
#include "fuzz/running.h"
#include "support/model-maker.h"

#define MAX_PARAMETERS 4000000

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* --- Weights ------------------------------------------------------------------ */

struct Safetensors
{
  gint64 n_parameters;
};

struct SafetensorsTensor
{
  gint64 n;
};

Safetensors *
safetensors_open (const char *path, GError **error)
{
  return g_new0 (Safetensors, 1);
}

void
safetensors_close (Safetensors *file)
{
  g_free (file);
}

/* Small integers take the place of pointers: a tensor is its number of elements. */
const SafetensorsTensor *
safetensors_find (Safetensors  *file,
                  const char   *name,
                  int           n_dims,
                  const gint64 *shape,
                  GError      **error)
{
  gint64 n = 1;

  for (int i = 0; i < n_dims; i++)
    n = shape[i] > 0 && n <= MAX_PARAMETERS ? n * shape[i] : MAX_PARAMETERS + 1;
  file->n_parameters += n;
  if (file->n_parameters > MAX_PARAMETERS)
    {
      g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL, "Too large.");
      return NULL;
    }
  return GSIZE_TO_POINTER (n);
}

gboolean
safetensors_read (Safetensors             *file,
                  const SafetensorsTensor *tensor,
                  gint64                   first,
                  gint64                   n,
                  float                   *values,
                  GError                 **error)
{
  g_assert_true (first >= 0 && n >= 0 && first + n <= (gint64) GPOINTER_TO_SIZE (tensor));
  for (gint64 i = 0; i < n; i++)
    values[i] = (float) ((first + i) * 37 % 101 - 50) / 400;
  return TRUE;
}

float *
safetensors_load_tensor (Safetensors *file, const SafetensorsTensor *tensor, GError **error)
{
  const gint64 n = (gint64) GPOINTER_TO_SIZE (tensor);
  float       *values = g_new (float, n);

  safetensors_read (file, tensor, 0, n, values, error);
  return values;
}

gboolean
safetensors_has (Safetensors *file, const char *name)
{
  return FALSE;
}

guint64
safetensors_get_length (const Safetensors *file)
{
  return 0;
}

char *
safetensors_sha256 (Safetensors *file, GError **error)
{
  return g_strnfill (64, '0');
}

/* --- Configurations ------------------------------------------------------------ */

static const char *const beginnings[] = {
  maker_unet_json,
  "{\"_class_name\":\"DiTTransformer2DModel\",\"in_channels\":3,\"num_attention_heads\":2,"
  "\"attention_head_dim\":8,\"num_layers\":1,\"num_embeds_ada_norm\":1,\"sample_size\":16}",
  "{\"_class_name\":\"UNet2DModel\",\"block_out_channels\":[8,16],\"down_block_types\":"
  "[\"DownBlock2D\",\"AttnDownBlock2D\"],\"up_block_types\":[\"AttnUpBlock2D\",\"UpBlock2D\"],"
  "\"layers_per_block\":1,\"norm_num_groups\":4,\"attention_head_dim\":8,\"in_channels\":28,"
  "\"out_channels\":12,\"pixel_unshuffle\":2,\"conditioning\":\"filled-image\",\"sample_size\":8}",
};

static char *place;
static guint n_models, n_accepted, n_run;

static void
tell (void)
{
  fprintf (stderr, "%u configurations, %u accepted, %u run\n", n_models, n_accepted, n_run);
  maker_remove (place);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  place = maker_new_folder ();
  maker_write_text (place, MAKER_WEIGHTS, "");
  atexit (tell);
  return 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  char    **lines = recipe_lines (data, size);
  const int begin = (int) ((guint) recipe_number (lines, "model") % G_N_ELEMENTS (beginnings));
  Folder    folder = { g_string_new (beginnings[begin]), g_string_new (maker_scheduler_json),
                       g_string_new ("") };
  const int numbers[] = { recipe_number (lines, "run"), recipe_number (lines, "steps"),
                          recipe_number (lines, "sampler"), recipe_number (lines, "way") };
  GError   *error = NULL;
  DiffusionModel *model;

  for (int i = 0; lines[i]; i++)
    if (g_str_has_prefix (lines[i], "unet ") || g_str_has_prefix (lines[i], "scheduler "))
      recipe_line (&folder, lines[i]);
  maker_write (place, MAKER_UNET, folder.unet->str, (gssize) folder.unet->len);
  maker_write (place, MAKER_SCHEDULER, folder.scheduler->str, (gssize) folder.scheduler->len);
  n_models++;

  model = diffusion_model_load (place, &error);
  if (model)
    {
      n_accepted++;
      n_run += running_run (model, numbers);
    }
  else
    running_check_error (error);

  diffusion_model_free (model);
  g_string_free (folder.unet, TRUE);
  g_string_free (folder.scheduler, TRUE);
  g_string_free (folder.weights, TRUE);
  g_strfreev (lines);
  return 0;
}
