/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-loading.c: the memory that a big model's weights take, and that loading
 * them takes: with every table of kernels at most 1.5 times the parameters in
 * single precision, and beside that no more than one tensor. The model is a file
 * of a header and a hole.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "kernels.h"
#include "model-maker.h"
#include "safetensors.h"
#include "unet.h"

/* One level: 53 million parameters. */
#define CHANNELS 704
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

static void
test_big (gconstpointer data)
{
  const Kernels  *kernels = data;
  char           *folder = maker_new_model ();
  char           *config_path = g_build_filename (folder, MAKER_UNET, NULL);
  char           *weights_path = g_build_filename (folder, MAKER_WEIGHTS, NULL);
  char           *channels = g_strdup_printf ("[%d]", CHANNELS);
  char           *json = maker_replace (maker_unet_json, "[8]", channels);
  gsize           n_bytes, before;
  char           *header = maker_header_of (CHANNELS, 1, &n_bytes);
  GError         *error = NULL;
  UnetConfig      config;
  Safetensors    *file;
  DiffusionModelInfo info = { 0 };
  Unet           *unet;

  maker_write_text (folder, MAKER_UNET, json);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, NULL, 0);
  if (truncate (weights_path, (off_t) (8 + strlen (header) + n_bytes)) != 0)
    g_error ("%s: %s", weights_path, g_strerror (errno));
  g_assert_true (unet_config_read (&config, config_path, &error));
  file = safetensors_open (weights_path, &error);
  g_assert_no_error (error);

  reset_peak ();
  before = get_status ("VmRSS:");
  unet = unet_new (&config, file, kernels, &error);
  g_assert_no_error (error);
  unet_get_info (unet, &info);
  g_test_message ("%s: %.0f MB of parameters, %.0f laid out, %.0f while loading (told: %.0f)", kernels->name,
                  n_bytes / 1e6, info.bytes / 1e6, (get_status ("VmHWM:") - before) / 1e6,
                  info.bytes_loading / 1e6);

  g_assert_cmpuint (info.n_parameters, ==, n_bytes / 4);
  g_assert_cmpuint (info.n_parameters, >, 50000000);
  g_assert_cmpfloat (info.bytes, <=, GROWTH * n_bytes);
#ifndef __SANITIZE_ADDRESS__ /* which takes memory of its own */
  g_assert_cmpuint (get_status ("VmHWM:") - before, <=, info.bytes_loading);
#endif

  unet_free (unet);
  safetensors_close (file);
  maker_remove (folder);
  g_free (header);
  g_free (json);
  g_free (channels);
  g_free (weights_path);
  g_free (config_path);
  g_free (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const Kernels *const *table = kernels_list (); *table; table++)
    {
      char *path = g_strdup_printf ("/loading/big/%s", (*table)->name);

      g_test_add_data_func (path, *table, test_big);
      g_free (path);
    }
  return g_test_run ();
}
