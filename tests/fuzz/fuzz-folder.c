/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz-folder.c: model folders as recipe.h describes them, written to a disk, loaded and,
 * where they are accepted, run. What is loaded as metadata is loaded as a whole, and with
 * the same answers, unless a number in it is none.
 */
#include <stdio.h>

#include "fuzz/recipe.h"
#include "fuzz/running.h"
#include "support/model-maker.h"

static const char *const names[] = {
  "", /* the smallest of all, of model-maker.h */
  "transformer-conditioned",
  "transformer-gray",
  "transformer-plain",
  "transformer-variance",
  "unet-attention",
  "unet-conditioned",
  "unet-deep",
  "unet-fourier",
  "unet-plain",
  "unet-resnet",
};

static Folder models[G_N_ELEMENTS (names)];
static char  *place;
static guint  n_folders, n_accepted, n_run;

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* In either layout. */
static GString *
read_file (const char *folder, const char *name)
{
  char    *path = g_build_filename (folder, name, NULL);
  char    *flat = g_build_filename (folder, strchr (name, '/') + 1, NULL);
  char    *contents;
  gsize    length;
  GError  *error = NULL;
  GString *string;

  if (!g_file_get_contents (path, &contents, &length, NULL) &&
      !g_file_get_contents (flat, &contents, &length, &error))
    g_error ("%s", error->message);
  string = g_string_new_len (contents, (gssize) length);
  g_free (contents);
  g_free (flat);
  g_free (path);
  return string;
}

static void
tell (void)
{
  fprintf (stderr, "%u folders, %u accepted, %u run\n", n_folders, n_accepted, n_run);
  maker_remove (place);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  char *smallest = maker_new_model ();

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char *folder = i == 0 ? g_strdup (smallest)
                            : g_build_filename (g_getenv ("DIFFUSION_DATA"), names[i], NULL);

      models[i] = (Folder) { read_file (folder, MAKER_UNET), read_file (folder, MAKER_SCHEDULER),
                             read_file (folder, MAKER_WEIGHTS) };
      g_free (folder);
    }
  maker_remove (smallest);
  g_free (smallest);
  place = maker_new_folder ();
  atexit (tell);
  return 0;
}

static void
write_file (const char *name, const GString *contents)
{
  maker_write (place, name, contents->str, (gssize) contents->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  char          **lines = recipe_lines (data, size);
  const Folder   *model = &models[(guint) recipe_number (lines, "model") % G_N_ELEMENTS (names)];
  Folder          folder = { g_string_new_len (model->unet->str, (gssize) model->unet->len),
                             g_string_new_len (model->scheduler->str, (gssize) model->scheduler->len),
                             g_string_new_len (model->weights->str, (gssize) model->weights->len) };
  const int       numbers[] = { recipe_number (lines, "run"), recipe_number (lines, "steps"),
                                recipe_number (lines, "sampler"), recipe_number (lines, "way") };
  GError         *error = NULL;
  DiffusionModel *metadata, *whole;

  for (int i = 0; lines[i]; i++)
    recipe_line (&folder, lines[i]);
  write_file (MAKER_UNET, folder.unet);
  write_file (MAKER_SCHEDULER, folder.scheduler);
  write_file (MAKER_WEIGHTS, folder.weights);
  n_folders++;

  metadata = diffusion_model_load_metadata (place, &error);
  if (!metadata)
    running_check_error (g_steal_pointer (&error));
  whole = diffusion_model_load (place, &error);
  if (!whole)
    running_check_error (g_steal_pointer (&error));
  g_assert_true (metadata || !whole);
  if (whole)
    {
      DiffusionModelInfo a, b;

      diffusion_model_get_info (metadata, &a);
      diffusion_model_get_info (whole, &b);
      g_assert_cmpuint (a.n_parameters, ==, b.n_parameters);
      g_assert_cmpuint (a.bytes, ==, b.bytes);
      g_assert_cmpuint (strlen (diffusion_model_get_sha256 (whole)), ==, 64);
      n_accepted++;
      n_run += running_run (whole, numbers);
    }

  diffusion_model_free (whole);
  diffusion_model_free (metadata);
  g_string_free (folder.unet, TRUE);
  g_string_free (folder.scheduler, TRUE);
  g_string_free (folder.weights, TRUE);
  g_strfreev (lines);
  return 0;
}
