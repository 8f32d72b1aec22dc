/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-folder.c: see model-folder.h.
 */
#include "model-folder.h"

#include <glib/gi18n-lib.h>

static gboolean
is_folder (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_DIR);
}

static char *
find_given (GFile *argument, GError **error)
{
  char *path = g_file_get_path (argument);

  if (path && is_folder (path))
    return path;

  g_set_error (
    error, GIMP_PLUG_IN_ERROR, 0,
    _ ("The model “%s” is no folder on this computer: choose a folder that holds unet and "
       "scheduler, or no model to use the one that came with the plug-in."),
    gimp_file_get_utf8_name (argument));
  g_free (path);
  return NULL;
}

static char *
find_bundled (GError **error)
{
  char *beside = g_path_get_dirname (gimp_get_progname ());
  char *places[] = {
    g_build_filename (beside, "model", NULL),
    g_build_filename (gimp_directory (), "plug-ins", "gimp-diffusion", "model", NULL),
  };
  char *found = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (found == NULL && is_folder (places[i]))
        found = places[i];
      else
        g_free (places[i]);
    }

  if (found == NULL)
    g_set_error (
      error, GIMP_PLUG_IN_ERROR, 0,
      _ ("The model that comes with the plug-in is missing: install the plug-in again, or "
         "put the folder “model” beside it, in %s."),
      beside);

  g_free (beside);
  return found;
}

char *
model_folder_find (GFile *argument, GError **error)
{
  return argument ? find_given (argument, error) : find_bundled (error);
}
