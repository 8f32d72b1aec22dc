/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-model.c: what a model folder has to be. One that is not gets a sentence
 * that names the file; nothing is lost and nothing crashes. (What can be wrong
 * inside a file: test-config.c and test-safetensors.c.)
 */
#include <string.h>

#include <glib/gstdio.h>

#include "model/model.h"

/* The files of tests/data/NAME in the nested layout. */
static const char *const nested[] = { "unet/config.json",
                                      "unet/diffusion_pytorch_model.safetensors",
                                      "scheduler/scheduler_config.json" };

static const char *good = "unet-attention";

static char *
read_file (const char *name, gsize *length)
{
  char   *path = g_test_build_filename (G_TEST_DIST, "data", good, name, NULL);
  char   *text;
  GError *error = NULL;

  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  g_free (path);
  return text;
}

static void
write_file (const char *folder, const char *name, const char *text, gssize length)
{
  char   *path = g_build_filename (folder, name, NULL);
  char   *parent = g_path_get_dirname (path);
  GError *error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
  g_free (parent);
  g_free (path);
}

/* A copy of a good folder in which `from` has become `to` in one of the files
 * (NULL: that file is left out). */
static char *
folder_new (const char *file, const char *from, const char *to)
{
  char *folder = g_dir_make_tmp ("diffusion-XXXXXX", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (nested); i++)
    {
      gsize length;
      char *text = read_file (nested[i], &length);

      if (g_strcmp0 (nested[i], file) != 0)
        write_file (folder, nested[i], text, length);
      else if (from)
        {
          char **parts = g_strsplit (text, from, -1);
          char  *changed = g_strjoinv (to, parts);

          g_assert_nonnull (parts[1]);
          write_file (folder, nested[i], changed, -1);
          g_strfreev (parts);
          g_free (changed);
        }
      g_free (text);
    }
  return folder;
}

static void
folder_free (char *folder)
{
  static const char *const names[] = { "unet", "scheduler", "." };

  for (guint i = 0; i < G_N_ELEMENTS (nested); i++)
    {
      char *path = g_build_filename (folder, nested[i], NULL);

      g_unlink (path);
      g_free (path);
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char *path = i < 2 ? g_build_filename (folder, names[i], NULL) : g_strdup (folder);

      g_rmdir (path);
      g_free (path);
    }
  g_free (folder);
}

static void
assert_refused (const char *folder, const char *file, const char *word)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_null (model);
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, file));
  g_assert_nonnull (strstr (error->message, word));
  g_error_free (error);
}

static void
test_good (void)
{
  char           *folder = folder_new (NULL, NULL, NULL);
  char           *flat = g_test_build_filename (G_TEST_DIST, "data", "unet-plain", NULL);
  char           *aware = g_test_build_filename (G_TEST_DIST, "data", "unet-conditioned", NULL);
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_no_error (error);
  g_assert_false (diffusion_model_is_mask_aware (model));
  g_assert_cmpuint (strlen (diffusion_model_get_sha256 (model)), ==, 64);
  g_assert_cmpint (model_get_multiple (model), ==, 2);
  g_assert_cmpint (schedule_get_T (model_get_schedule (model)), ==, 1000);
  diffusion_model_free (model);

  model = diffusion_model_load (flat, &error);
  g_assert_no_error (error);
  diffusion_model_free (model);

  model = diffusion_model_load (aware, &error);
  g_assert_no_error (error);
  g_assert_true (diffusion_model_is_mask_aware (model));
  g_assert_cmpint (model_get_multiple (model), ==, 8);
  diffusion_model_free (model);

  folder_free (folder);
  g_free (flat);
  g_free (aware);
}

static void
test_missing (void)
{
  char *empty = g_dir_make_tmp ("diffusion-XXXXXX", NULL);

  assert_refused ("/nonexistent/model", "/nonexistent/model", "folder");
  assert_refused (empty, empty, "unet/config.json");
  folder_free (empty);

  for (guint i = 1; i < G_N_ELEMENTS (nested); i++)
    {
      char *folder = folder_new (nested[i], NULL, NULL);

      assert_refused (folder, nested[i], "missing");
      folder_free (folder);
    }
}

/* Configurations that are well-formed but are not those of the weights. */
static void
test_mismatch (void)
{
  static const struct
  {
    const char *from, *to, *word;
  } changes[] = {
    { "8,\n    16\n", "8,\n    24\n", "expected" },
    { "\"layers_per_block\": 2", "\"layers_per_block\": 3", "missing" },
    { "\"AttnUpBlock2D\",\n    \"UpBlock2D\"", "\"AttnUpBlock2D\",\n    \"AttnUpBlock2D\"",
      "missing" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      char *folder = folder_new ("unet/config.json", changes[i].from, changes[i].to);

      assert_refused (folder, ".safetensors", changes[i].word);
      folder_free (folder);
    }
}

/* The skip around the guess is one of v. */
static void
test_guess_without_v (void)
{
  char *folder;

  good = "unet-conditioned";
  folder = folder_new ("scheduler/scheduler_config.json", "v_prediction", "epsilon");
  good = "unet-attention";
  assert_refused (folder, "scheduler_config.json", "guess_deviation");
  folder_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/good", test_good);
  g_test_add_func ("/model/missing", test_missing);
  g_test_add_func ("/model/mismatch", test_mismatch);
  g_test_add_func ("/model/guess-without-v", test_guess_without_v);
  return g_test_run ();
}
