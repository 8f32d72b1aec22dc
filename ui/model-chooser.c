/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-chooser.c: chooses the model; see model-chooser.h.
 *
 * A list of the models that are known, and a label with what the one chosen says of
 * itself. The list's last row opens a folder chooser. A folder from elsewhere becomes a
 * row of its own while it is chosen.
 */
#include "model-chooser.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#define DESCRIPTION_CHARS 44

enum
{
  COLUMN_NAME,
  COLUMN_FOLDER, /* NULL: the bundled model */
  COLUMN_KIND,
  N_COLUMNS
};

enum
{
  ROW_MODEL,
  ROW_SEPARATOR,
  ROW_OTHER_FOLDER
};

struct _ModelChooser
{
  GtkBox parent_instance;

  GObject      *config;
  char         *property;
  GPtrArray    *cards;
  GtkListStore *rows;
  GtkWidget    *list;
  GtkLabel     *description;
  gboolean      is_updating;
};

G_DEFINE_TYPE (ModelChooser, model_chooser, GTK_TYPE_BOX)

void
model_card_free (ModelCard *card)
{
  g_free (card->folder);
  g_free (card->name);
  g_free (card->description);
  g_free (card);
}

/* The path of the folder chosen, or NULL for the bundled model. */
static char *
get_folder (ModelChooser *chooser)
{
  GFile *file = NULL;
  char  *path;

  g_object_get (chooser->config, chooser->property, &file, NULL);
  path = file ? g_file_get_path (file) : NULL;
  if (path && *path == '\0')
    g_clear_pointer (&path, g_free);
  g_clear_object (&file);

  return path;
}

static void
set_folder (ModelChooser *chooser, const char *path)
{
  GFile *file = path ? g_file_new_for_path (path) : NULL;

  g_object_set (chooser->config, chooser->property, file, NULL);
  g_clear_object (&file);
}

static void
add_row (ModelChooser *chooser, const char *name, const char *folder, int kind)
{
  gtk_list_store_insert_with_values (chooser->rows, NULL, -1, COLUMN_NAME, name, COLUMN_FOLDER,
                                     folder, COLUMN_KIND, kind, -1);
}

/* Fills the list and marks what is chosen. */
static void
show_folder (ModelChooser *chooser)
{
  char *folder = get_folder (chooser);
  int   active = -1;

  chooser->is_updating = TRUE;
  gtk_list_store_clear (chooser->rows);

  for (guint i = 0; i < chooser->cards->len; i++)
    {
      const ModelCard *card = g_ptr_array_index (chooser->cards, i);

      add_row (chooser, card->name, card->folder, ROW_MODEL);
      if (g_strcmp0 (card->folder, folder) == 0)
        {
          active = (int) i;
          gtk_label_set_text (chooser->description, card->description);
        }
    }
  if (active < 0)
    {
      char *name = g_path_get_basename (folder);
      char *shown = g_filename_display_name (name);
      char *shown_path = g_filename_display_name (folder);

      active = (int) chooser->cards->len;
      add_row (chooser, shown, folder, ROW_MODEL);
      gtk_label_set_text (chooser->description, shown_path);
      g_free (shown_path);
      g_free (shown);
      g_free (name);
    }
  add_row (chooser, NULL, NULL, ROW_SEPARATOR);
  add_row (chooser, _ ("Other Folder…"), NULL, ROW_OTHER_FOLDER);

  gtk_combo_box_set_active (GTK_COMBO_BOX (chooser->list), active);
  gtk_widget_set_visible (GTK_WIDGET (chooser->description),
                          *gtk_label_get_text (chooser->description) != '\0');
  chooser->is_updating = FALSE;

  g_free (folder);
}

static void
choose_folder (ModelChooser *chooser)
{
  GtkWidget *parent = gtk_widget_get_toplevel (chooser->list);
  GtkWidget *dialog = gtk_file_chooser_dialog_new (
    _ ("Choose a Model Folder"), GTK_WINDOW (parent), GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER,
    _ ("_Cancel"), GTK_RESPONSE_CANCEL, _ ("C_hoose"), GTK_RESPONSE_ACCEPT, NULL);
  char *folder = get_folder (chooser);

  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_ACCEPT);
  if (folder)
    gtk_file_chooser_set_filename (GTK_FILE_CHOOSER (dialog), folder);
  else /* not the recently used files, among which there is no folder */
    gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), g_get_home_dir ());
  g_free (folder);

  if (gtk_dialog_run (GTK_DIALOG (dialog)) == GTK_RESPONSE_ACCEPT)
    {
      char *chosen = gtk_file_chooser_get_filename (GTK_FILE_CHOOSER (dialog));

      set_folder (chooser, chosen);
      g_free (chosen);
    }

  gtk_widget_destroy (dialog);
}

static void
row_chosen (ModelChooser *chooser)
{
  GtkTreeIter row;
  char       *folder;
  int         kind;

  if (chooser->is_updating || !gtk_combo_box_get_active_iter (GTK_COMBO_BOX (chooser->list), &row))
    return;

  gtk_tree_model_get (GTK_TREE_MODEL (chooser->rows), &row, COLUMN_FOLDER, &folder, COLUMN_KIND,
                      &kind, -1);
  if (kind == ROW_OTHER_FOLDER)
    choose_folder (chooser);
  else
    set_folder (chooser, folder);
  g_free (folder);

  /* Should the chooser have been cancelled. */
  show_folder (chooser);
}

static gboolean
is_separator (GtkTreeModel *model, GtkTreeIter *row, gpointer data)
{
  int kind;

  gtk_tree_model_get (model, row, COLUMN_KIND, &kind, -1);

  return kind == ROW_SEPARATOR;
}

static void
model_chooser_finalize (GObject *object)
{
  ModelChooser *chooser = MODEL_CHOOSER (object);

  g_clear_object (&chooser->config);
  g_clear_object (&chooser->rows);
  g_clear_object (&chooser->description);
  g_clear_pointer (&chooser->property, g_free);
  g_clear_pointer (&chooser->cards, g_ptr_array_unref);

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
  GtkCellRenderer *cell = gtk_cell_renderer_text_new ();

  chooser->rows = gtk_list_store_new (N_COLUMNS, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_INT);
  chooser->list = gtk_combo_box_new_with_model (GTK_TREE_MODEL (chooser->rows));
  g_object_set (cell, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, NULL);
  gtk_cell_layout_pack_start (GTK_CELL_LAYOUT (chooser->list), cell, TRUE);
  gtk_cell_layout_add_attribute (GTK_CELL_LAYOUT (chooser->list), cell, "text", COLUMN_NAME);
  /* While it is filled anew it is empty; it would lose the keyboard's focus. */
  gtk_combo_box_set_button_sensitivity (GTK_COMBO_BOX (chooser->list), GTK_SENSITIVITY_ON);
  gtk_combo_box_set_row_separator_func (GTK_COMBO_BOX (chooser->list), is_separator, NULL, NULL);
  gtk_box_pack_start (GTK_BOX (chooser), chooser->list, TRUE, TRUE, 0);

  chooser->description = g_object_ref_sink (GTK_LABEL (gtk_label_new (NULL)));
  gtk_label_set_xalign (chooser->description, 0.0);
  gtk_label_set_line_wrap (chooser->description, TRUE);
  gtk_label_set_line_wrap_mode (chooser->description, PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars (chooser->description, DESCRIPTION_CHARS);
  gtk_widget_set_no_show_all (GTK_WIDGET (chooser->description), TRUE);

  g_signal_connect_swapped (chooser->list, "changed", G_CALLBACK (row_chosen), chooser);
}

ModelChooser *
model_chooser_new (GObject *config, const char *property, GPtrArray *cards)
{
  ModelChooser *chooser = g_object_new (MODEL_TYPE_CHOOSER, NULL);
  char         *signal = g_strconcat ("notify::", property, NULL);

  chooser->config = g_object_ref (config);
  chooser->property = g_strdup (property);
  chooser->cards = g_ptr_array_ref (cards);
  g_signal_connect_object (config, signal, G_CALLBACK (show_folder), chooser, G_CONNECT_SWAPPED);
  g_free (signal);
  show_folder (chooser);

  return chooser;
}

GtkWidget *
model_chooser_get_description (ModelChooser *chooser)
{
  g_return_val_if_fail (MODEL_IS_CHOOSER (chooser), NULL);

  return GTK_WIDGET (chooser->description);
}
