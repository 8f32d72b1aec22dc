/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-chooser.c: chooses the model folder; see model-chooser.h.
 *
 * A button that carries the name of the model and opens a folder chooser, and
 * beside it one that goes back to the bundled model. (GtkFileChooserButton
 * would say "(None)" for the bundled one.)
 */
#include "model-chooser.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

struct _ModelChooser
{
  GtkBox parent_instance;

  GObject *config;
  char *property;
  GtkWidget *button;
  GtkWidget *reset;
};

G_DEFINE_TYPE (ModelChooser, model_chooser, GTK_TYPE_BOX)

/* The folder chosen, or NULL for the bundled model. */
static GFile *
get_folder (ModelChooser *chooser)
{
  GFile *file = NULL;
  const char *path;

  g_object_get (chooser->config, chooser->property, &file, NULL);
  path = file ? g_file_peek_path (file) : NULL;
  if (!path || *path == '\0')
    g_clear_object (&file);

  return file;
}

static void
show_folder (ModelChooser *chooser)
{
  GFile *folder = get_folder (chooser);
  char *name = folder ? g_file_get_basename (folder) : g_strdup (_("Bundled model"));
  char *shown = g_filename_display_name (name);

  gtk_button_set_label (GTK_BUTTON (chooser->button), shown);
  gtk_widget_set_tooltip_text (chooser->button,
                               folder ? g_file_peek_path (folder)
                                      : _("The model that came with the plug-in; press to choose "
                                          "the folder of another"));
  gtk_widget_set_sensitive (chooser->reset, folder != NULL);

  g_free (shown);
  g_free (name);
  g_clear_object (&folder);
}

static void
choose_folder (ModelChooser *chooser)
{
  GtkWidget *parent = gtk_widget_get_toplevel (chooser->button);
  GtkWidget *dialog = gtk_file_chooser_dialog_new (
    _("Choose a Model Folder"), GTK_WINDOW (parent), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
    _("_Cancel"), GTK_RESPONSE_CANCEL, _("C_hoose"), GTK_RESPONSE_ACCEPT, NULL);
  GFile *folder = get_folder (chooser);

  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_ACCEPT);
  if (folder)
    gtk_file_chooser_set_file (GTK_FILE_CHOOSER (dialog), folder, NULL);
  else /* not the recently used files, among which there is no folder */
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), g_get_home_dir ());
  g_clear_object (&folder);

  if (gtk_dialog_run (GTK_DIALOG (dialog)) == GTK_RESPONSE_ACCEPT)
    {
      folder = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_object_set (chooser->config, chooser->property, folder, NULL);
      g_clear_object (&folder);
    }

  gtk_widget_destroy (dialog);
}

static void
use_bundled (ModelChooser *chooser)
{
  g_object_set (chooser->config, chooser->property, NULL, NULL);
}

static void
model_chooser_finalize (GObject *object)
{
  ModelChooser *chooser = MODEL_CHOOSER (object);

  g_clear_object (&chooser->config);
  g_clear_pointer (&chooser->property, g_free);

  G_OBJECT_CLASS (model_chooser_parent_class)->finalize (object);
}

static void
model_chooser_class_init (ModelChooserClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = model_chooser_finalize;
}

static void
model_chooser_init (ModelChooser *chooser)
{
  GtkWidget *label;

  gtk_box_set_spacing (GTK_BOX (chooser), 6);

  chooser->button = gtk_button_new_with_label ("");
  label = gtk_bin_get_child (GTK_BIN (chooser->button));
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_box_pack_start (GTK_BOX (chooser), chooser->button, TRUE, TRUE, 0);

  chooser->reset = gtk_button_new_from_icon_name (GIMP_ICON_EDIT_CLEAR, GTK_ICON_SIZE_BUTTON);
  gtk_widget_set_tooltip_text (chooser->reset, _("Go back to the bundled model"));
  atk_object_set_name (gtk_widget_get_accessible (chooser->reset), _("Use the bundled model"));
  gtk_box_pack_start (GTK_BOX (chooser), chooser->reset, FALSE, FALSE, 0);

  g_signal_connect_swapped (chooser->button, "clicked", G_CALLBACK (choose_folder), chooser);
  g_signal_connect_swapped (chooser->reset, "clicked", G_CALLBACK (use_bundled), chooser);
}

ModelChooser *
model_chooser_new (GObject *config, const char *property)
{
  ModelChooser *chooser = g_object_new (MODEL_TYPE_CHOOSER, NULL);
  char *signal = g_strconcat ("notify::", property, NULL);

  chooser->config = g_object_ref (config);
  chooser->property = g_strdup (property);
  g_signal_connect_object (config, signal, G_CALLBACK (show_folder), chooser, G_CONNECT_SWAPPED);
  g_free (signal);
  show_folder (chooser);

  return chooser;
}
