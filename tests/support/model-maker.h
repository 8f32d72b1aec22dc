/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-maker.h: makes small model folders for the tests, right ones and wrong
 * ones, in temporary folders.
 */
#pragma once

#include <string.h>

#include <glib/gstdio.h>

#include "diffusion.h"

#define MAKER_UNET      "unet/config.json"
#define MAKER_WEIGHTS   "unet/diffusion_pytorch_model.safetensors"
#define MAKER_SCHEDULER "scheduler/scheduler_config.json"

/* --- Files ---------------------------------------------------------------- */

static inline char *
maker_new_folder (void)
{
  GError *error = NULL;
  char   *folder = g_dir_make_tmp ("diffusion-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

/* Removes `path` and all that is in it; links are not followed. */
static inline void
maker_remove (const char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    {
      GDir       *dir = g_dir_open (path, 0, NULL);
      const char *name;

      while (dir && (name = g_dir_read_name (dir)))
        {
          char *child = g_build_filename (path, name, NULL);

          maker_remove (child);
          g_free (child);
        }
      g_clear_pointer (&dir, g_dir_close);
    }
  g_remove (path);
}

static inline void
maker_write (const char *folder, const char *name, const void *contents, gssize length)
{
  char   *path = g_build_filename (folder, name, NULL);
  char   *parent = g_path_get_dirname (path);
  GError *error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (path, contents, length, &error);
  g_assert_no_error (error);
  g_free (parent);
  g_free (path);
}

static inline void
maker_write_text (const char *folder, const char *name, const char *text)
{
  maker_write (folder, name, text, strlen (text));
}

/* --- Safetensors ---------------------------------------------------------- */

/* The 8 bytes of length, the header, the data. */
static inline GByteArray *
maker_safetensors (const char *header, gsize header_length, const guint8 *data, gsize data_length)
{
  GByteArray *file = g_byte_array_new ();
  guint64     length = GUINT64_TO_LE ((guint64) header_length);

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header, header_length);
  g_byte_array_append (file, data, data_length);
  return file;
}

static inline void
maker_write_safetensors (const char   *folder,
                         const char   *name,
                         const char   *header,
                         const guint8 *data,
                         gsize         data_length)
{
  GByteArray *file = maker_safetensors (header, strlen (header), data, data_length);

  maker_write (folder, name, file->data, file->len);
  g_byte_array_unref (file);
}

/* --- A right model -------------------------------------------------------- */

/* One level of 8 channels, without attention: 43 tensors. */
static const char maker_unet_json[] = "{\n"
                                      "  \"_class_name\": \"UNet2DModel\",\n"
                                      "  \"add_attention\": false,\n"
                                      "  \"block_out_channels\": [8],\n"
                                      "  \"down_block_types\": [\"DownBlock2D\"],\n"
                                      "  \"in_channels\": 3,\n"
                                      "  \"layers_per_block\": 1,\n"
                                      "  \"norm_num_groups\": 4,\n"
                                      "  \"out_channels\": 3,\n"
                                      "  \"sample_size\": 16,\n"
                                      "  \"up_block_types\": [\"UpBlock2D\"]\n"
                                      "}\n";

static const char maker_scheduler_json[] = "{\n"
                                           "  \"_class_name\": \"DDPMScheduler\",\n"
                                           "  \"beta_end\": 0.02,\n"
                                           "  \"beta_schedule\": \"linear\",\n"
                                           "  \"beta_start\": 0.0001,\n"
                                           "  \"clip_sample\": true,\n"
                                           "  \"num_train_timesteps\": 1000,\n"
                                           "  \"prediction_type\": \"epsilon\",\n"
                                           "  \"trained_betas\": null,\n"
                                           "  \"variance_type\": \"fixed_small\"\n"
                                           "}\n";

typedef struct
{
  GString *header;
  guint64  n_bytes;
} MakerWeights;

static inline void
maker_add_tensor (MakerWeights *weights,
                  const char   *prefix,
                  const char   *name,
                  int           n_dims,
                  const int    *shape)
{
  guint64 n = 4;

  g_string_append_printf (weights->header, "%c\"%s%s\":{\"dtype\":\"F32\",\"shape\":[",
                          weights->n_bytes == 0 ? '{' : ',', prefix, name);
  for (int i = 0; i < n_dims; i++)
    {
      g_string_append_printf (weights->header, "%s%d", i ? "," : "", shape[i]);
      n *= shape[i];
    }
  g_string_append_printf (weights->header,
                          "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}",
                          weights->n_bytes, weights->n_bytes + n);
  weights->n_bytes += n;
}

/* A linear layer (size 0) or a convolution of size × size. */
static inline void
maker_add_layer (MakerWeights *weights,
                 const char   *prefix,
                 const char   *name,
                 int           n_out,
                 int           n_in,
                 int           size)
{
  char *weight = g_strconcat (name, ".weight", NULL);
  char *bias = g_strconcat (name, ".bias", NULL);

  maker_add_tensor (weights, prefix, weight, size ? 4 : 2, (int[]) { n_out, n_in, size, size });
  maker_add_tensor (weights, prefix, bias, 1, &n_out);
  g_free (weight);
  g_free (bias);
}

static inline void
maker_add_norm (MakerWeights *weights, const char *prefix, const char *name, int n)
{
  char *weight = g_strconcat (name, ".weight", NULL);
  char *bias = g_strconcat (name, ".bias", NULL);

  maker_add_tensor (weights, prefix, weight, 1, &n);
  maker_add_tensor (weights, prefix, bias, 1, &n);
  g_free (weight);
  g_free (bias);
}

static inline void
maker_add_resnet (MakerWeights *weights, const char *prefix, int n_in, int n_out)
{
  /* One level: all blocks have as many channels as the first. */
  maker_add_norm (weights, prefix, "norm1", n_in);
  maker_add_layer (weights, prefix, "conv1", n_out, n_in, 3);
  maker_add_layer (weights, prefix, "time_emb_proj", n_out, 4 * n_out, 0);
  maker_add_norm (weights, prefix, "norm2", n_out);
  maker_add_layer (weights, prefix, "conv2", n_out, n_out, 3);
  if (n_in != n_out)
    maker_add_layer (weights, prefix, "conv_shortcut", n_out, n_in, 1);
}

/* The header of the weights of one level of n channels with so many layers_per_block,
 * `in` and `out` channels, and how long the data is. */
static inline char *
maker_header_between (int in, int n, int layers, int out, guint64 *n_bytes)
{
  MakerWeights weights = { g_string_new (NULL), 0 };

  maker_add_layer (&weights, "", "conv_in", n, in, 3);
  maker_add_layer (&weights, "", "time_embedding.linear_1", 4 * n, n, 0);
  maker_add_layer (&weights, "", "time_embedding.linear_2", 4 * n, 4 * n, 0);
  for (int i = 0; i < layers; i++)
    {
      char *prefix = g_strdup_printf ("down_blocks.0.resnets.%d.", i);

      maker_add_resnet (&weights, prefix, n, n);
      g_free (prefix);
    }
  maker_add_resnet (&weights, "mid_block.resnets.0.", n, n);
  maker_add_resnet (&weights, "mid_block.resnets.1.", n, n);
  for (int i = 0; i < layers + 1; i++)
    {
      char *prefix = g_strdup_printf ("up_blocks.0.resnets.%d.", i);

      maker_add_resnet (&weights, prefix, 2 * n, n);
      g_free (prefix);
    }
  maker_add_norm (&weights, "", "conv_norm_out", n);
  maker_add_layer (&weights, "", "conv_out", out, n, 3);
  g_string_append_c (weights.header, '}');

  *n_bytes = weights.n_bytes;
  return g_string_free (weights.header, FALSE);
}

/* The same between 3 channels and 3. */
static inline char *
maker_header_of (int n, int layers, guint64 *n_bytes)
{
  return maker_header_between (3, n, layers, 3, n_bytes);
}

/* The header of the weights of a Transformer of n channels, with one class and patches of
 * 2 × 2, between 3 colours and 3. The last tensor is proj_out_2.bias. */
static inline char *
maker_transformer_header (int n, int layers, guint64 *n_bytes)
{
  MakerWeights weights = { g_string_new (NULL), 0 };

  maker_add_layer (&weights, "", "pos_embed.proj", n, 3, 2);
  for (int i = 0; i < layers; i++)
    {
      char *prefix = g_strdup_printf ("transformer_blocks.%d.", i);

      maker_add_layer (&weights, prefix, "norm1.emb.timestep_embedder.linear_1", n, 256, 0);
      maker_add_layer (&weights, prefix, "norm1.emb.timestep_embedder.linear_2", n, n, 0);
      maker_add_tensor (&weights, prefix, "norm1.emb.class_embedder.embedding_table.weight", 2,
                        (int[]) { 2, n });
      maker_add_layer (&weights, prefix, "norm1.linear", 6 * n, n, 0);
      maker_add_layer (&weights, prefix, "attn1.to_q", n, n, 0);
      maker_add_layer (&weights, prefix, "attn1.to_k", n, n, 0);
      maker_add_layer (&weights, prefix, "attn1.to_v", n, n, 0);
      maker_add_layer (&weights, prefix, "attn1.to_out.0", n, n, 0);
      maker_add_layer (&weights, prefix, "ff.net.0.proj", 4 * n, n, 0);
      maker_add_layer (&weights, prefix, "ff.net.2", n, 4 * n, 0);
      g_free (prefix);
    }
  maker_add_layer (&weights, "", "proj_out_1", 2 * n, n, 0);
  maker_add_layer (&weights, "", "proj_out_2", 12, n, 0);
  g_string_append_c (weights.header, '}');

  *n_bytes = weights.n_bytes;
  return g_string_free (weights.header, FALSE);
}

/* Those that fit maker_unet_json. */
static inline char *
maker_header (guint64 *n_bytes)
{
  return maker_header_of (8, 1, n_bytes);
}

/* A folder with a right model, all weights 0. Free with maker_remove, g_free. */
static inline char *
maker_new_model (void)
{
  char   *folder = maker_new_folder ();
  guint64 n_bytes;
  char   *header = maker_header (&n_bytes);
  guint8 *data = g_malloc0 (n_bytes);

  maker_write_text (folder, MAKER_UNET, maker_unet_json);
  maker_write_text (folder, MAKER_SCHEDULER, maker_scheduler_json);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes);
  g_free (data);
  g_free (header);
  return folder;
}

/* `text` with `search`, which has to occur, replaced the first time. */
static inline char *
maker_replace (const char *text, const char *search, const char *replacement)
{
  const char *found = strstr (text, search);

  g_assert_nonnull (found);
  return g_strdup_printf ("%.*s%s%s", (int) (found - text), text, replacement,
                          found + strlen (search));
}

/* --- What a wrong one is answered with ------------------------------------- */

/* `error` is of the domain's kind MODEL, is one sentence and matches `pattern`
 * (with * and ?). Frees it. */
static inline void
maker_assert_refused (GError *error, const char *pattern)
{
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL);
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("expected “%s”, got “%s”", pattern, error->message);
  g_error_free (error);
}
