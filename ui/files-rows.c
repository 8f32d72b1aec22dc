/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files-rows.c: see files-rows.h.
 *
 * A pattern is one path to scripts. Here its folder and its last part are two widgets, and
 * without a folder there is no pattern.
 */
#include "files-rows.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

typedef struct
{
  GObject        *config;
  GtkFileChooser *pictures, *output;
  GtkEntry       *names;
  char           *first_names;
  gboolean        is_busy; /* with the pattern, lest it goes around in circles */
} FilesRows;

static void
free_rows (gpointer data)
{
  FilesRows *rows = data;

  g_free (rows->first_names);
  g_free (rows);
}

static void
name_list (GtkWidget *widget, gpointer name)
{
  if (GTK_IS_COMBO_BOX (widget))
    atk_object_set_name (gtk_widget_get_accessible (widget), name);
}

/* Its list is what has the focus. */
static GtkWidget *
folder_button_new (const char *title, gboolean may_be_made)
{
  GtkWidget *button = gtk_file_chooser_button_new (title, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER);

  gtk_file_chooser_set_create_folders (GTK_FILE_CHOOSER (button), may_be_made);
  gtk_container_forall (GTK_CONTAINER (button), name_list, (gpointer) title);
  return button;
}

static void
show_folder (GtkFileChooser *chooser, const char *path)
{
  char *shown = gtk_file_chooser_get_filename (chooser);

  if (path == NULL)
    gtk_file_chooser_unselect_all (chooser);
  else if (g_strcmp0 (shown, path) != 0)
    gtk_file_chooser_set_filename (chooser, path);
  g_free (shown);
}

static void
show_pattern (FilesRows *rows)
{
  char *pattern, *folder, *names;

  if (rows->is_busy)
    return;

  rows->is_busy = TRUE;
  g_object_get (rows->config, "pattern", &pattern, NULL);
  if (pattern && *pattern)
    {
      folder = g_path_get_dirname (pattern);
      names = g_path_get_basename (pattern);
      show_folder (rows->pictures, folder);
      gtk_entry_set_text (rows->names, names);
      g_free (names);
      g_free (folder);
    }
  else
    {
      show_folder (rows->pictures, NULL);
      gtk_entry_set_text (rows->names, rows->first_names);
    }
  rows->is_busy = FALSE;
  g_free (pattern);
}

static void
set_pattern (FilesRows *rows)
{
  char *folder, *pattern;

  if (rows->is_busy)
    return;

  folder = gtk_file_chooser_get_filename (rows->pictures);
  pattern = folder ? g_build_filename (folder, gtk_entry_get_text (rows->names), NULL) : NULL;
  rows->is_busy = TRUE;
  g_object_set (rows->config, "pattern", pattern, NULL);
  rows->is_busy = FALSE;
  g_free (pattern);
  g_free (folder);
}

static void
show_output (FilesRows *rows)
{
  GFile *file;
  char  *path;

  g_object_get (rows->config, "output-folder", &file, NULL);
  path = file ? g_file_get_path (file) : NULL;
  /* A folder of last time may be gone; the button would show none, and the run make it again. */
  if (path && *path && !g_file_test (path, G_FILE_TEST_IS_DIR))
    g_object_set (rows->config, "output-folder", NULL, NULL);
  else
    show_folder (rows->output, path && *path ? path : NULL);
  g_free (path);
  g_clear_object (&file);
}

static void
set_output (FilesRows *rows)
{
  GFile *file = gtk_file_chooser_get_file (rows->output);

  g_object_set (rows->config, "output-folder", file, NULL);
  g_clear_object (&file);
}

/* Another value from elsewhere, as by Reset. */
static void
config_changed (SettingsGrid *grid, GParamSpec *pspec)
{
  FilesRows *rows = g_object_get_data (G_OBJECT (grid), "files-rows");

  if (g_str_equal (pspec->name, "pattern"))
    show_pattern (rows);
  else if (g_str_equal (pspec->name, "output-folder"))
    show_output (rows);
}

void
files_rows_add (SettingsGrid *grid, GObject *config, const char *names)
{
  FilesRows *rows = g_new0 (FilesRows, 1);
  GtkWidget *pictures = folder_button_new (_ ("Choose the Folder of the Pictures"), FALSE);
  GtkWidget *output = folder_button_new (_ ("Choose the Output Folder"), TRUE);
  GtkWidget *entry = gtk_entry_new ();

  rows->config = config;
  rows->pictures = GTK_FILE_CHOOSER (pictures);
  rows->output = GTK_FILE_CHOOSER (output);
  rows->names = GTK_ENTRY (entry);
  rows->first_names = g_strdup (names);
  g_object_set_data_full (G_OBJECT (grid), "files-rows", rows, free_rows);

  settings_grid_add_row (grid, _ ("Pictur_es in"), NULL, pictures);
  settings_grid_add_row (grid, _ ("File _names"),
                         _ ("Which files of the folder are worked on. The wildcards *, ? and […] "
                            "can stand for what differs."),
                         entry);
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), "mask-suffix"))
    settings_grid_add_widget (grid, "mask-suffix", gimp_prop_entry_new (config, "mask-suffix", 0));
  settings_grid_add_widget (grid, "output-folder", output);
  settings_grid_add_check (grid, "overwrite");

  show_pattern (rows);
  show_output (rows);
  g_signal_connect_swapped (pictures, "file-set", G_CALLBACK (set_pattern), rows);
  g_signal_connect_swapped (entry, "changed", G_CALLBACK (set_pattern), rows);
  g_signal_connect_swapped (output, "file-set", G_CALLBACK (set_output), rows);
  g_signal_connect_object (config, "notify", G_CALLBACK (config_changed), grid, G_CONNECT_SWAPPED);
}
