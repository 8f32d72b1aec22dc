/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preset-row.c: see preset-row.h.
 *
 * The list shows what is in force: once a setting is changed that is no preset any more, or
 * another one.
 */
#include "preset-row.h"

#include <stdlib.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "message.h"

#define NONE "-1"

struct _PresetRow
{
  GtkBox parent_instance;

  Presets         *presets;
  GtkComboBoxText *list;
  GtkWidget       *delete_button;
  gboolean         is_showing;
};

G_DEFINE_TYPE (PresetRow, preset_row, GTK_TYPE_BOX)

static void
show_present (PresetRow *row)
{
  int   found = presets_find (row->presets);
  char *id = g_strdup_printf ("%d", found);

  row->is_showing = TRUE;
  gtk_combo_box_set_active_id (GTK_COMBO_BOX (row->list), id);
  row->is_showing = FALSE;
  gtk_widget_set_sensitive (row->delete_button, found >= 0 && presets_is_own (row->presets, found));
  g_free (id);
}

static void
fill (PresetRow *row)
{
  row->is_showing = TRUE;
  gtk_combo_box_text_remove_all (row->list);
  gtk_combo_box_text_append (row->list, NONE, _ ("None"));
  for (int i = 0; i < presets_count (row->presets); i++)
    {
      char *id = g_strdup_printf ("%d", i);

      gtk_combo_box_text_append (row->list, id, presets_get_name (row->presets, i));
      g_free (id);
    }
  row->is_showing = FALSE;
  show_present (row);
}

static void
choose (PresetRow *row)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (row->list));

  if (row->is_showing || id == NULL)
    return;

  if (atoi (id) >= 0)
    {
      row->is_showing = TRUE; /* not each value on the way */
      presets_apply (row->presets, atoi (id));
    }
  show_present (row);
}

static void
setting_changed (PresetRow *row)
{
  if (!row->is_showing)
    show_present (row);
}

static void
say (GError *error)
{
  message_show (_ ("Presets"), error->message);
  g_error_free (error);
}

static void
save (GtkWidget *box, const char *name, gpointer data)
{
  PresetRow *row = data;
  GError    *error = NULL;

  if (!presets_save (row->presets, name, &error))
    say (error);
  fill (row);
}

static void
ask_for_name (PresetRow *row)
{
  int        found = presets_find (row->presets);
  GtkWidget *box = gimp_query_string_box (
    _ ("Save Preset"), gtk_widget_get_toplevel (GTK_WIDGET (row)), NULL, NULL,
    _ ("The settings are saved under this name:"),
    found >= 0 && presets_is_own (row->presets, found) ? presets_get_name (row->presets, found)
                                                       : "",
    G_OBJECT (row), "destroy", save, row, NULL);

  gtk_window_set_role (GTK_WINDOW (box), "gimp-diffusion-preset");
  gtk_widget_show (box);
}

static void
delete_present (PresetRow *row)
{
  int     found = presets_find (row->presets);
  GError *error = NULL;

  if (found >= 0 && presets_is_own (row->presets, found) &&
      !presets_remove (row->presets, found, &error))
    say (error);
  fill (row);
}

static GtkWidget *
add_button (PresetRow *row, const char *icon, const char *words, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon, GTK_ICON_SIZE_BUTTON);

  gtk_widget_set_tooltip_text (button, words);
  atk_object_set_name (gtk_widget_get_accessible (button), words);
  g_signal_connect_swapped (button, "clicked", clicked, row);
  gtk_box_pack_start (GTK_BOX (row), button, FALSE, FALSE, 0);
  return button;
}

static void
preset_row_finalize (GObject *object)
{
  g_clear_pointer (&PRESET_ROW (object)->presets, presets_free);

  G_OBJECT_CLASS (preset_row_parent_class)->finalize (object);
}

static void
preset_row_class_init (PresetRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = preset_row_finalize;
}

static void
preset_row_init (PresetRow *row)
{
  GtkWidget *list = gtk_combo_box_text_new ();

  gtk_box_set_spacing (GTK_BOX (row), 6);
  row->list = GTK_COMBO_BOX_TEXT (list);
  atk_object_set_name (gtk_widget_get_accessible (list), _ ("Presets"));
  g_signal_connect_swapped (list, "changed", G_CALLBACK (choose), row);
  gtk_box_pack_start (GTK_BOX (row), gtk_label_new (_ ("Presets")), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (row), list, TRUE, TRUE, 0);
  add_button (row, GIMP_ICON_DOCUMENT_SAVE_AS, _ ("Save the settings as a preset"),
              G_CALLBACK (ask_for_name));
  row->delete_button =
    add_button (row, GIMP_ICON_EDIT_DELETE, _ ("Delete this preset"), G_CALLBACK (delete_present));
}

PresetRow *
preset_row_new (GObject *config, const char *filter, const ShippedPreset *shipped)
{
  PresetRow *row = g_object_new (PRESET_TYPE_ROW, NULL);

  row->presets = presets_new (config, filter, shipped);
  g_signal_connect_object (config, "notify", G_CALLBACK (setting_changed), row, G_CONNECT_SWAPPED);
  fill (row);
  gtk_widget_show_all (GTK_WIDGET (row));
  return row;
}
