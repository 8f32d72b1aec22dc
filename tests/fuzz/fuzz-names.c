/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz-names.c: patterns, mask suffixes and names of files of a batch. The input is the
 * pattern, the suffix and names, a line each; the files are made, as far as the system
 * allows the name. No output lies elsewhere than in the output folder, no input in
 * another folder than the pattern says, no mask among the inputs.
 */
#include <stdio.h>
#include <string.h>

#include "batch-files.h"
#include "fuzz/recipe.h"
#include "support/model-maker.h"

int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static char *place;
static guint n_batches, n_found, n_files, n_masks;

static void
tell (void)
{
  fprintf (stderr, "%u batches, %u found files, %u of them, %u with a mask\n", n_batches, n_found,
           n_files, n_masks);
  maker_remove (place);
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  place = maker_new_folder ();
  atexit (tell);
  return 0;
}

/* The stem of a name, as the header describes it. */
static gboolean
is_mask (const char *name, const char *suffix)
{
  const char *dot = strrchr (name, '.');
  char       *stem = dot && dot != name ? g_strndup (name, (gsize) (dot - name)) : g_strdup (name);
  gboolean    mask = suffix && suffix[0] && g_str_has_suffix (stem, suffix);

  g_free (stem);
  return mask;
}

static void
check (GPtrArray *files, const char *in, GFile *out, const char *suffix)
{
  GFile *folder = g_file_new_for_path (in);
  char  *before = NULL;

  g_assert_cmpuint (files->len, >, 0);
  for (guint i = 0; i < files->len; i++)
    {
      const BatchFile *file = files->pdata[i];
      GFile           *parent = g_file_get_parent (file->input);
      char            *name = g_file_get_basename (file->input);
      char            *output_name = g_file_get_basename (file->output);
      GFile           *mask = batch_files_find_mask (file, suffix);

      g_assert_true (g_file_equal (parent, folder));
      g_object_unref (parent);
      parent = g_file_get_parent (file->output);
      g_assert_true (g_file_equal (parent, out));
      g_object_unref (parent);
      g_assert_cmpstr (name, ==, output_name);
      g_assert_false (is_mask (name, suffix));
      g_assert_true (before == NULL || strcmp (before, name) < 0);
      if (mask)
        {
          g_assert_true (g_file_query_exists (mask, NULL));
          n_masks++;
          g_object_unref (mask);
        }
      g_assert_false (batch_files_output_is_taken (files, file));

      g_free (output_name);
      g_free (before);
      before = name;
      n_files++;
    }
  g_free (before);
  g_object_unref (folder);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  char    **lines = recipe_lines (data, size);
  const int n = (int) g_strv_length (lines);
  char     *in = g_build_filename (place, "in", NULL), *out = g_build_filename (place, "out", NULL);
  const char *suffix = n > 1 ? lines[1] : NULL;
  char       *pattern = g_build_filename (in, n > 0 ? lines[0] : "", NULL);
  GFile      *output = g_file_new_for_path (out);
  GError     *error = NULL;
  GPtrArray  *files;

  maker_remove (in);
  g_assert_cmpint (g_mkdir (in, 0700), ==, 0);
  for (int i = 2; i < n; i++)
    if (lines[i][0] && !strchr (lines[i], '/') && strlen (lines[i]) < 200)
      {
        char *path = g_build_filename (in, lines[i], NULL);

        g_file_set_contents (path, "", 0, NULL);
        g_free (path);
      }
  n_batches++;

  /* A "/" in the pattern leads elsewhere, which is allowed; not here. */
  if (n > 0 && !strchr (lines[0], '/') && strlen (lines[0]) < 40)
    {
      files = batch_files_find (pattern, suffix, output, &error);
      g_assert_true ((files == NULL) == (error != NULL));
      if (files)
        {
          n_found++;
          check (files, in, output, suffix);
          g_ptr_array_unref (files);
        }
      else
        {
          g_assert_true (error->message[0] != '\0');
          g_error_free (error);
        }
    }

  maker_remove (out);
  g_object_unref (output);
  g_free (pattern);
  g_free (out);
  g_free (in);
  g_strfreev (lines);
  return 0;
}
