/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-loading.c: the memory that a big model's weights take, and that loading
 * them takes: with every table of kernels at most 1.5 times the parameters in
 * single precision, and beside that no more than the largest tensor. The model is
 * a file of a header and a hole.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/config.h"
#include "support/model-maker.h"
#include "support/tables.h"
#include "format/safetensors.h"
#include "network/unet.h"

/* One level: 53 million parameters. */
#define CHANNELS     704
#define UNET_LARGEST (sizeof (float) * CHANNELS * 2 * CHANNELS * 3 * 3) /* conv1 on the way up */

/* Three blocks: 60 million. */
#define WIDTH               1024
#define TRANSFORMER_LARGEST (sizeof (float) * 6 * WIDTH * WIDTH) /* the modulations */

#define GROWTH 1.5

/* Bytes, from /proc. */
static gsize
get_status (const char *key)
{
  char       *text = NULL;
  const char *line;
  gsize       kilobytes;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  line = strstr (text, key);
  g_assert_nonnull (line);
  kilobytes = strtoul (line + strlen (key), NULL, 10);
  g_free (text);
  return 1024 * kilobytes;
}

static void
reset_peak (void)
{
  FILE *file = fopen ("/proc/self/clear_refs", "w");

  g_assert_nonnull (file);
  g_assert_cmpint (fputs ("5", file), >=, 0);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* A model folder whose weights are a header and a hole. Takes both texts. */
static char *
new_folder (char *json, char *header, guint64 n_bytes)
{
  char *folder = maker_new_folder ();
  char *path = g_build_filename (folder, MAKER_WEIGHTS, NULL);

  maker_write_text (folder, MAKER_UNET, json);
  maker_write_text (folder, MAKER_SCHEDULER, maker_scheduler_json);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, NULL, 0);
  if (truncate (path, (off_t) (8 + strlen (header) + n_bytes)) != 0)
    g_error ("%s: %s", path, g_strerror (errno));
  g_free (path);
  g_free (json);
  g_free (header);
  return folder;
}

static char *
new_unet (guint64 *n_bytes)
{
  char *channels = g_strdup_printf ("[%d]", CHANNELS);
  char *json = maker_replace (maker_unet_json, "[8]", channels);
  char *header = maker_header_of (CHANNELS, 1, n_bytes);

  g_free (channels);
  return new_folder (json, header, *n_bytes);
}

static char *
new_transformer (guint64 *n_bytes)
{
  char *header = maker_transformer_header (WIDTH, 3, n_bytes);

  return new_folder (
    g_strdup_printf ("{\"_class_name\": \"DiTTransformer2DModel\", \"in_channels\": 3,"
                     " \"num_attention_heads\": 16, \"attention_head_dim\": %d,"
                     " \"num_layers\": 3, \"num_embeds_ada_norm\": 1}",
                     WIDTH / 16),
    header, *n_bytes);
}

/* What loading took since `before`, when no more was held than `before`. */
static void
check (const char               *name,
       const DiffusionModelInfo *info,
       guint64                   n_bytes,
       gsize                     largest,
       gsize                     before)
{
  gsize peak = get_status ("VmHWM:") - before;

  g_test_message ("%s: %.0f MB of parameters, %.0f laid out, %.0f while loading (told: %.0f)", name,
                  n_bytes / 1e6, info->bytes / 1e6, peak / 1e6, info->bytes_loading / 1e6);
  g_assert_cmpuint (info->n_parameters, ==, n_bytes / sizeof (float));
  g_assert_cmpuint (info->n_parameters, >, 50000000);
  g_assert_cmpfloat (info->bytes, <=, GROWTH * n_bytes);
  g_assert_cmpuint (info->bytes_loading, <=, info->bytes + largest);
#ifndef __SANITIZE_ADDRESS__ /* which takes memory of its own */
  g_assert_cmpuint (peak, <=, info->bytes_loading);
#endif
}

static void
test_big (Fixture *fixture)
{
  guint64            n_bytes, before;
  char              *folder = new_unet (&n_bytes);
  char              *config_path = g_build_filename (folder, MAKER_UNET, NULL);
  char              *weights_path = g_build_filename (folder, MAKER_WEIGHTS, NULL);
  GError            *error = NULL;
  UnetConfig         config;
  Safetensors       *file;
  DiffusionModelInfo info = { 0 };
  Unet              *unet;

  g_assert_true (unet_config_read (&config, config_path, &error));
  file = safetensors_open (weights_path, &error);
  g_assert_no_error (error);

  reset_peak ();
  before = get_status ("VmRSS:");
  unet = unet_new (&config, file, fixture->fast, &error);
  g_assert_no_error (error);
  unet_get_info (unet, &info);
  check (fixture->fast->name, &info, n_bytes, UNET_LARGEST, before);

  unet_free (unet);
  safetensors_close (file);
  maker_remove (folder);
  g_free (weights_path);
  g_free (config_path);
  g_free (folder);
}

/* The whole way, from the folder to the hash of the weights. */
static void
test_folder (gconstpointer data)
{
  const gboolean     is_unet = data != NULL;
  guint64            n_bytes, before;
  char              *folder = is_unet ? new_unet (&n_bytes) : new_transformer (&n_bytes);
  GError            *error = NULL;
  DiffusionModelInfo info = { 0 };
  DiffusionModel    *model;

  reset_peak ();
  before = get_status ("VmRSS:");
  model = diffusion_model_load (folder, &error);
  g_assert_no_error (error);
  diffusion_model_get_info (model, &info);
  check (is_unet ? "unet" : "transformer", &info, n_bytes,
         is_unet ? UNET_LARGEST : TRANSFORMER_LARGEST, before);

  diffusion_model_free (model);
  maker_remove (folder);
  g_free (folder);
}

/* --- A file that shrinks ---------------------------------------------------- */

typedef struct
{
  char  *path;
  gulong wait; /* microseconds */
} Cut;

static gpointer
cut_file (gpointer data)
{
  const Cut *cut = data;

  g_usleep (cut->wait);
  if (truncate (cut->path, 1 << 20) != 0)
    g_error ("%s: %s", cut->path, g_strerror (errno));
  return NULL;
}

/* What fetches the file begins anew, at one moment of loading or another: a sentence, or,
 * where it was too late, a model. A mapped file ended the process. */
static void
test_cut (void)
{
  int n_refused = 0;

  for (int i = 0; i < 12; i++)
    {
      guint64         n_bytes;
      char           *folder = new_unet (&n_bytes);
      Cut             cut = { g_build_filename (folder, MAKER_WEIGHTS, NULL), i * 25000 };
      GError         *error = NULL;
      GThread        *thread = g_thread_new ("cut", cut_file, &cut);
      DiffusionModel *model = diffusion_model_load (folder, &error);

      g_thread_join (thread);
      if (model)
        diffusion_model_free (model);
      else
        {
          maker_assert_refused (error, "*diffusion_pytorch_model.safetensors: *");
          n_refused++;
        }
      maker_remove (folder);
      g_free (cut.path);
      g_free (folder);
    }
  g_test_message ("%d of 12 were cut before they had been read", n_refused);
  g_assert_cmpint (n_refused, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tables_add_one ("/loading/big", "reference", test_big);
  tables_add ("/loading/big", test_big);
  g_test_add_data_func ("/loading/folder/unet", "", test_folder);
  g_test_add_data_func ("/loading/folder/transformer", NULL, test_folder);
  g_test_add_func ("/loading/cut", test_cut);
  return g_test_run ();
}
