/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-files.c: see batch-files.h.
 */
#define _GNU_SOURCE /* FNM_CASEFOLD */
#include "batch-files.h"

#include <fnmatch.h>
#include <string.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>

#include "home-folder.h"

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

/* A name as people compare names: without case, and an accented letter is one letter,
 * however it is stored. Free with g_free(). */
static char *
folded (const char *name)
{
  char *normal = g_utf8_normalize (name, -1, G_NORMALIZE_ALL_COMPOSE);
  char *result = normal ? g_utf8_casefold (normal, -1) : g_ascii_strdown (name, -1);

  g_free (normal);
  return result;
}

static gboolean
is_mask (const char *name, const char *mask_suffix)
{
  char    *stem = g_strndup (name, extension (name) - name);
  char    *end = mask_suffix && mask_suffix[0] ? folded (mask_suffix) : NULL;
  char    *compared = folded (stem);
  gboolean result = end && g_str_has_suffix (compared, end);

  g_free (compared);
  g_free (end);
  g_free (stem);
  return result;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The sorted names of the regular files in the folder for which `wanted` is TRUE. NULL on
 * error. */
static GPtrArray *
list_names (const char *folder,
            gboolean (*wanted) (const char *name, const void *data),
            const void *data,
            GError    **error)
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

      if (wanted (name, data) && g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (names, g_strdup (name));
      g_free (path);
    }
  g_dir_close (dir);

  g_ptr_array_sort (names, compare_names);
  return names;
}

typedef struct
{
  const char *pattern;
  gboolean    literal; /* the pattern is the name of a file */
  int         flags;   /* of fnmatch() */
  const char *mask_suffix;
} Match;

static gboolean
matches (const char *name, const void *data)
{
  const Match *match = data;

  return !is_mask (name, match->mask_suffix) &&
         (match->literal ? g_str_equal (name, match->pattern)
                         : fnmatch (match->pattern, name, match->flags) == 0);
}

static GPtrArray *
list_inputs (const char *folder, const char *pattern, const char *mask_suffix, GError **error)
{
  char      *path = g_build_filename (folder, pattern, NULL);
  Match      match = { .pattern = pattern,
                       .literal = g_file_test (path, G_FILE_TEST_IS_REGULAR),
                       .flags = FNM_PERIOD,
                       .mask_suffix = mask_suffix };
  GPtrArray *names = list_names (folder, matches, &match, error);

  if (names && names->len == 0)
    {
      g_ptr_array_unref (names);
      match.flags |= FNM_CASEFOLD;
      names = list_names (folder, matches, &match, error);
    }

  g_free (path);
  return names;
}

gboolean
batch_files_make_folder (GFile *folder, GError **error)
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
  char      *expanded = home_folder_expand (pattern);
  char      *folder = g_path_get_dirname (expanded);
  char      *last = g_path_get_basename (expanded);
  GPtrArray *names = list_inputs (folder, last, mask_suffix, error);
  GPtrArray *files = NULL;

  if (names && names->len == 0)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("No file matches “%s”: check the folder and the pattern."), pattern);
  else if (names)
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
  g_free (expanded);
  return files;
}

char *
batch_files_mask_name (const BatchFile *file, const char *mask_suffix)
{
  char *name = g_file_get_basename (file->input);
  char *result = g_strdup_printf ("%.*s%s%s", (int) (extension (name) - name), name, mask_suffix,
                                  extension (name));

  g_free (name);
  return result;
}

typedef struct
{
  const char *name;             /* of the mask that is looked for */
  char       *stem, *extension; /* folded */
} MaskName;

#define OTHER_CASE 100 /* more than there are extensions */

/* How good a mask's name is: the less, the better; −1: it is no name of this mask. */
static int
rank (const char *name, const MaskName *wanted)
{
  static const char *const pictures[] = { ".png",  ".tif", ".tiff", ".jpg", ".jpeg",
                                          ".webp", ".bmp", ".gif",  ".jxl", ".xcf" };

  char *compared = folded (name);
  gsize n = extension (compared) - compared;
  int   result = -1;

  if (n == strlen (wanted->stem) && strncmp (compared, wanted->stem, n) == 0)
    {
      if (g_str_equal (compared + n, wanted->extension))
        result = 0;
      for (gsize i = 0; result < 0 && i < G_N_ELEMENTS (pictures); i++)
        if (g_str_equal (compared + n, pictures[i]))
          result = (int) i + 1;
      /* Where there are an “a.png” and an “A.png”, each has its own. */
      if (result >= 0 && strncmp (name, wanted->name, extension (wanted->name) - wanted->name) != 0)
        result += OTHER_CASE;
    }

  g_free (compared);
  return result;
}

static gboolean
has_rank (const char *name, const void *data)
{
  return rank (name, data) >= 0;
}

/* The best name in the folder, NULL when there is none. Free with g_free(). */
static char *
find_mask_name (const char *folder, const char *name)
{
  char      *stem = g_strndup (name, extension (name) - name);
  MaskName   wanted = { name, folded (stem), folded (extension (name)) };
  GPtrArray *names = list_names (folder, has_rank, &wanted, NULL);
  char      *best = NULL;

  for (guint i = 0; names && i < names->len; i++)
    if (best == NULL || rank (names->pdata[i], &wanted) < rank (best, &wanted))
      best = names->pdata[i];
  best = g_strdup (best);

  g_clear_pointer (&names, g_ptr_array_unref);
  g_free (wanted.extension);
  g_free (wanted.stem);
  g_free (stem);
  return best;
}

GFile *
batch_files_find_mask (const BatchFile *file, const char *mask_suffix)
{
  GFile *folder;
  char  *name, *found;
  GFile *mask;

  if (mask_suffix == NULL)
    return NULL;

  folder = g_file_get_parent (file->input);
  name = batch_files_mask_name (file, mask_suffix);
  mask = g_file_get_child (folder, name);

  if (!g_file_query_exists (mask, NULL))
    {
      found = find_mask_name (g_file_peek_path (folder), name);
      g_clear_object (&mask);
      mask = found ? g_file_get_child (folder, found) : NULL;
      g_free (found);
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

gboolean
batch_files_are_in_place (GPtrArray *files)
{
  const BatchFile *file = files->pdata[0]; /* all lie in one folder, as their results do */
  GFile           *from = g_file_get_parent (file->input), *to = g_file_get_parent (file->output);
  char            *one = identity (from), *other = identity (to);
  gboolean         are_same = one && g_strcmp0 (one, other) == 0;

  g_free (other);
  g_free (one);
  g_object_unref (to);
  g_object_unref (from);
  return are_same;
}
