/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * home-folder.c: see home-folder.h.
 */
#include "home-folder.h"

#include <string.h>

#ifdef G_OS_UNIX
#include <pwd.h>
#endif

/* NULL: nobody is called so. */
static const char *
folder_of (const char *name)
{
#ifdef G_OS_UNIX
  const struct passwd *user = name[0] ? getpwnam (name) : NULL;

  if (user)
    return user->pw_dir;
#endif
  return name[0] ? NULL : g_get_home_dir ();
}

char *
home_folder_expand (const char *path)
{
  gsize       n = strcspn (path, "/" G_DIR_SEPARATOR_S);
  char       *name;
  const char *folder;
  char       *result;

  if (path[0] != '~')
    return g_strdup (path);

  name = g_strndup (path + 1, n - 1);
  folder = folder_of (name);
  result = folder ? g_strconcat (folder, path + n, NULL) : g_strdup (path);
  g_free (name);
  return result;
}

GFile *
home_folder_expand_file (GFile *file)
{
  char  *here = g_get_current_dir ();
  GFile *working_folder = g_file_new_for_path (here);
  char  *path = g_file_get_relative_path (working_folder, file);

  if (path && path[0] == '~')
    {
      char *expanded = home_folder_expand (path);

      if (g_path_is_absolute (expanded))
        {
          g_object_unref (file);
          file = g_file_new_for_path (expanded);
        }
      g_free (expanded);
    }

  g_free (path);
  g_object_unref (working_folder);
  g_free (here);
  return file;
}
