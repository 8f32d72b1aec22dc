/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-files.c: see batch-files.h.
 */
#include "batch-files.h"

#include <fnmatch.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>

static void
batch_file_free (gpointer data)
{
  BatchFile *file = data;

  g_object_unref (file->input);
  g_object_unref (file->output);
  g_free (file);
}

/* Where the extension starts, the end of the name when there is none. */
static const char *
extension (const char *name)
{
  const char *dot = strrchr (name, '.');

  return dot && dot != name ? dot : name + strlen (name);
}

static gboolean
is_mask (const char *name, const char *mask_suffix)
{
  gsize stem = extension (name) - name;
  gsize n = mask_suffix ? strlen (mask_suffix) : 0;

  return n > 0 && stem >= n && strncmp (name + stem - n, mask_suffix, n) == 0;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The sorted names in the folder that match. NULL on error. */
static GPtrArray *
list_names (const char *folder, const char *pattern, const char *mask_suffix, GError **error)
{
  GPtrArray  *names;
  const char *name;
  GDir       *dir = g_dir_open (folder, 0, error);

  if (dir == NULL)
    return NULL;

  names = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)))
    {
      char *path = g_build_filename (folder, name, NULL);

      if (fnmatch (pattern, name, FNM_PERIOD) == 0 && !is_mask (name, mask_suffix) &&
          g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (names, g_strdup (name));
      g_free (path);
    }
  g_dir_close (dir);

  g_ptr_array_sort (names, compare_names);
  return names;
}

static gboolean
make_folder (GFile *folder, GError **error)
{
  GError *problem = NULL;

  if (g_file_make_directory_with_parents (folder, NULL, &problem) ||
      (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_EXISTS) &&
       g_file_query_file_type (folder, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY))
    {
      g_clear_error (&problem);
      return TRUE;
    }

  g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
               _ ("The output folder “%s” cannot be made: %s. Name another one."),
               gimp_file_get_utf8_name (folder), problem->message);
  g_clear_error (&problem);
  return FALSE;
}

GPtrArray *
batch_files_find (const char *pattern,
                  const char *mask_suffix,
                  GFile      *output_folder,
                  GError    **error)
{
  char      *folder = g_path_get_dirname (pattern);
  char      *last = g_path_get_basename (pattern);
  GPtrArray *names = list_names (folder, last, mask_suffix, error);
  GPtrArray *files = NULL;

  if (names && names->len == 0)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("No file matches “%s”: check the folder and the pattern."), pattern);
  else if (names && make_folder (output_folder, error))
    {
      files = g_ptr_array_new_with_free_func (batch_file_free);
      for (guint i = 0; i < names->len; i++)
        {
          const char *name = names->pdata[i];
          char       *path = g_build_filename (folder, name, NULL);
          BatchFile  *file = g_new (BatchFile, 1);

          file->input = g_file_new_for_path (path);
          file->output = g_file_get_child (output_folder, name);
          g_ptr_array_add (files, file);
          g_free (path);
        }
    }

  g_clear_pointer (&names, g_ptr_array_unref);
  g_free (last);
  g_free (folder);
  return files;
}

GFile *
batch_files_find_mask (const BatchFile *file, const char *mask_suffix)
{
  GFile *folder = g_file_get_parent (file->input);
  char  *name = g_file_get_basename (file->input);
  int    stem = (int) (extension (name) - name);
  GFile *mask = NULL;

  const char *extensions[] = { name + stem, ".png" };

  for (gsize i = 0; mask == NULL && mask_suffix && i < G_N_ELEMENTS (extensions); i++)
    {
      char *mask_name = g_strdup_printf ("%.*s%s%s", stem, name, mask_suffix, extensions[i]);

      mask = g_file_get_child (folder, mask_name);
      if (!g_file_query_exists (mask, NULL))
        g_clear_object (&mask);
      g_free (mask_name);
    }

  g_free (name);
  g_object_unref (folder);
  return mask;
}

/* Tells files apart however their paths are spelt. NULL when there is none. */
static char *
identity (GFile *file)
{
  GFileInfo *info =
    g_file_query_info (file, G_FILE_ATTRIBUTE_ID_FILE, G_FILE_QUERY_INFO_NONE, NULL, NULL);
  char *id = NULL;

  if (info)
    {
      id = g_strdup (g_file_info_get_attribute_string (info, G_FILE_ATTRIBUTE_ID_FILE));
      g_object_unref (info);
    }
  return id;
}

gboolean
batch_files_output_is_taken (GPtrArray *files, const BatchFile *file)
{
  char    *output = identity (file->output);
  gboolean taken = FALSE;

  for (guint i = 0; output && !taken && i < files->len; i++)
    {
      const BatchFile *other = files->pdata[i];
      char            *input = identity (other->input);

      taken = other != file && g_strcmp0 (input, output) == 0;
      g_free (input);
    }

  g_free (output);
  return taken;
}
