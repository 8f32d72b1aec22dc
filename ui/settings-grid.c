/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-grid.c: a column of settings; see settings-grid.h.
 *
 * GimpProcedureDialog can lay out its own widgets, but has none for "a number,
 * or automatic", for a seed, or for a row with a button in it.
 */
#include "settings-grid.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#define SPACING    6
#define HINT_CHARS 44

struct _SettingsGrid
{
  GtkGrid parent_instance;

  GObject      *config;
  GtkSizeGroup *label_group;
  GHashTable   *rows; /* property name → its Row */
  int           n_rows;
};

typedef struct
{
  GtkWidget *label;
  GtkWidget *widget;
} Row;

G_DEFINE_TYPE (SettingsGrid, settings_grid, GTK_TYPE_GRID)

static void
settings_grid_finalize (GObject *object)
{
  SettingsGrid *grid = SETTINGS_GRID (object);

  g_clear_pointer (&grid->rows, g_hash_table_unref);
  g_clear_object (&grid->label_group);
  g_clear_object (&grid->config);

  G_OBJECT_CLASS (settings_grid_parent_class)->finalize (object);
}

static void
settings_grid_class_init (SettingsGridClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = settings_grid_finalize;
}

static void
settings_grid_init (SettingsGrid *grid)
{
  grid->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  gtk_grid_set_row_spacing (GTK_GRID (grid), SPACING);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 2 * SPACING);
}

static GParamSpec *
find_property (SettingsGrid *grid, const char *property)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (grid->config), property);

  if (!pspec)
    g_error ("the procedure has no argument '%s'", property);

  return pspec;
}

/* --- A number, or automatic ----------------------------------------------- */

static gboolean
automatic_output (GtkSpinButton *spin)
{
  if (gtk_adjustment_get_value (gtk_spin_button_get_adjustment (spin)) >= 0.5)
    return FALSE;

  if (strcmp (gtk_entry_get_text (GTK_ENTRY (spin)), _ ("Automatic")) != 0)
    gtk_entry_set_text (GTK_ENTRY (spin), _ ("Automatic"));

  return TRUE;
}

static int
automatic_input (GtkSpinButton *spin, double *value)
{
  char    *text = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (spin))));
  gboolean is_automatic = *text == '\0' || strcmp (text, _ ("Automatic")) == 0;

  g_free (text);
  if (is_automatic)
    *value = 0.0;

  return is_automatic;
}

static GtkWidget *
number_new (SettingsGrid *grid, const char *property, gboolean automatic)
{
  GtkWidget *spin = gimp_prop_spin_button_new (grid->config, property, 1.0, 10.0, 0);

  /* Where the row begins: GIMP's spin buttons run from left to right in every language. */
  gtk_widget_set_halign (
    spin, gtk_widget_get_direction (spin) == gtk_widget_get_default_direction () ? GTK_ALIGN_START
                                                                                 : GTK_ALIGN_END);

  if (automatic)
    {
      int n_chars = (int) g_utf8_strlen (_ ("Automatic"), -1);

      gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), FALSE);
      gtk_entry_set_width_chars (GTK_ENTRY (spin), MAX (10, n_chars + 1));
      g_signal_connect (spin, "output", G_CALLBACK (automatic_output), NULL);
      g_signal_connect (spin, "input", G_CALLBACK (automatic_input), NULL);
      gtk_spin_button_update (GTK_SPIN_BUTTON (spin));
    }
  else
    gtk_entry_set_width_chars (GTK_ENTRY (spin), 10);

  return spin;
}

/* --- A seed ----------------------------------------------------------------- */

static void
draw_seed (GtkButton *button, GObject *config)
{
  const char *property = g_object_get_data (G_OBJECT (button), "property");

  g_object_set (config, property, g_random_int_range (0, G_MAXINT), NULL);
}

static GtkWidget *
seed_new (SettingsGrid *grid, const char *property)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACING);
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_New Seed"));

  gtk_box_pack_start (GTK_BOX (box), number_new (grid, property, FALSE), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (box), button, FALSE, FALSE, 0);
  gtk_widget_set_tooltip_text (button, _ ("Draw another seed, for another result"));
  g_object_set_data_full (G_OBJECT (button), "property", g_strdup (property), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (draw_seed), grid->config, 0);

  return box;
}

/* --- Public functions ------------------------------------------------------- */

SettingsGrid *
settings_grid_new (GObject *config, GtkSizeGroup *label_group)
{
  SettingsGrid *grid = g_object_new (SETTINGS_TYPE_GRID, NULL);

  grid->config = g_object_ref (config);
  grid->label_group = g_object_ref (label_group);

  return grid;
}

/* The widget of a row that the label's mnemonic goes to. */
static GtkWidget *
first_focus (GtkWidget *widget)
{
  while (GTK_IS_BOX (widget) && !GTK_IS_SPIN_BUTTON (widget) &&
         !GTK_IS_FILE_CHOOSER_BUTTON (widget))
    {
      GList *children = gtk_container_get_children (GTK_CONTAINER (widget));

      widget = children->data;
      g_list_free (children);
    }

  return widget;
}

static void
make_accessible (GtkWidget *widget, const char *label)
{
  char **parts = g_strsplit (label, "_", -1);
  char  *name = g_strjoinv ("", parts);

  atk_object_set_name (gtk_widget_get_accessible (widget), name);
  if (GTK_IS_ENTRY (widget))
    gtk_entry_set_activates_default (GTK_ENTRY (widget), TRUE);
  g_free (name);
  g_strfreev (parts);
}

void
settings_grid_make_accessible (GtkWidget *widget, GParamSpec *pspec)
{
  make_accessible (widget, g_param_spec_get_nick (pspec));
}

GtkWidget *
settings_grid_add_row (SettingsGrid *grid, const char *text, const char *tooltip, GtkWidget *widget)
{
  GtkWidget *label = gtk_label_new_with_mnemonic (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0.0);
  gtk_label_set_mnemonic_widget (GTK_LABEL (label), first_focus (widget));
  make_accessible (first_focus (widget), text);
  gtk_widget_set_tooltip_text (label, tooltip);
  gtk_widget_set_hexpand (widget, TRUE);
  gtk_size_group_add_widget (grid->label_group, label);

  gtk_grid_attach (GTK_GRID (grid), label, 0, grid->n_rows, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), widget, 1, grid->n_rows, 1, 1);
  gtk_widget_show (label);
  gtk_widget_show_all (widget);
  grid->n_rows++;
  return label;
}

void
settings_grid_add_widget (SettingsGrid *grid, const char *property, GtkWidget *widget)
{
  GParamSpec *pspec = find_property (grid, property);
  Row        *row = g_new (Row, 1);

  row->label = settings_grid_add_row (grid, g_param_spec_get_nick (pspec),
                                      g_param_spec_get_blurb (pspec), widget);
  row->widget = widget;
  g_hash_table_insert (grid->rows, g_strdup (property), row);
}

void
settings_grid_add_group (SettingsGrid *grid, const char *property, GtkWidget *widget)
{
  GParamSpec *pspec = find_property (grid, property);
  GtkWidget  *frame = gimp_frame_new (NULL);
  GtkWidget  *label = gtk_label_new_with_mnemonic (g_param_spec_get_nick (pspec));

  gtk_frame_set_label_widget (GTK_FRAME (frame), label);
  gtk_label_set_mnemonic_widget (GTK_LABEL (label), widget);
  gtk_container_add (GTK_CONTAINER (frame), widget);
  gtk_widget_set_margin_bottom (frame, SPACING);
  gtk_grid_attach (GTK_GRID (grid), frame, 0, grid->n_rows++, 2, 1);
  gtk_widget_show_all (frame);
}

/* The limits of a number's property. */
static void
get_limits (GParamSpec *pspec, double *lower, double *upper)
{
  if (G_IS_PARAM_SPEC_INT (pspec))
    {
      *lower = G_PARAM_SPEC_INT (pspec)->minimum;
      *upper = G_PARAM_SPEC_INT (pspec)->maximum;
    }
  else
    {
      *lower = G_PARAM_SPEC_DOUBLE (pspec)->minimum;
      *upper = G_PARAM_SPEC_DOUBLE (pspec)->maximum;
    }
}

void
settings_grid_add_scale (SettingsGrid *grid,
                         const char   *property,
                         double        upper,
                         int           digits,
                         const char   *unit)
{
  double     step = digits > 1 ? 0.01 : digits > 0 ? 0.5 : 1.0;
  double     least, most;
  GtkWidget *scale = gimp_prop_spin_scale_new (grid->config, property, step, 10.0 * step, digits);

  get_limits (find_property (grid, property), &least, &most);
  gimp_spin_scale_set_label (GIMP_SPIN_SCALE (scale), NULL);
  if (upper < most)
    gimp_spin_scale_set_scale_limits (GIMP_SPIN_SCALE (scale), MAX (least, -upper), upper);

  if (unit)
    {
      GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACING);

      gtk_box_pack_start (GTK_BOX (box), scale, TRUE, TRUE, 0);
      gtk_box_pack_start (GTK_BOX (box), gtk_label_new (unit), FALSE, FALSE, 0);
      scale = box;
    }
  settings_grid_add_widget (grid, property, scale);
}

void
settings_grid_add_check (SettingsGrid *grid, const char *property)
{
  GParamSpec *pspec = find_property (grid, property);
  GtkWidget  *check =
    gimp_prop_check_button_new (grid->config, property, g_param_spec_get_nick (pspec));

  gtk_widget_set_tooltip_text (check, g_param_spec_get_blurb (pspec));
  settings_grid_add_below (grid, check);
  gtk_widget_show (check);
}

void
settings_grid_add_number (SettingsGrid *grid, const char *property, gboolean automatic)
{
  settings_grid_add_widget (grid, property, number_new (grid, property, automatic));
}

void
settings_grid_add_seed (SettingsGrid *grid, const char *property)
{
  settings_grid_add_widget (grid, property, seed_new (grid, property));
}

/* What the choice that is made means, in its own words. */
static void
show_choice_help (GtkLabel *label)
{
  GObject    *config = g_object_get_data (G_OBJECT (label), "config");
  const char *property = g_object_get_data (G_OBJECT (label), "property");
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (config), property);
  char       *value = NULL;
  const char *help;

  g_object_get (config, property, &value, NULL);
  help = gimp_choice_get_help (gimp_param_spec_choice_get_choice (pspec), value);
  gtk_label_set_text (label, help ? help : "");
  g_free (value);
}

void
settings_grid_add_choice (SettingsGrid *grid, const char *property)
{
  char     *signal = g_strconcat ("notify::", property, NULL);
  GtkLabel *label;

  settings_grid_add_widget (grid, property,
                            gimp_prop_choice_combo_box_new (grid->config, property));

  label = settings_grid_add_hint (grid, "");
  g_object_set_data (G_OBJECT (label), "config", grid->config);
  g_object_set_data_full (G_OBJECT (label), "property", g_strdup (property), g_free);
  g_signal_connect_object (grid->config, signal, G_CALLBACK (show_choice_help), label,
                           G_CONNECT_SWAPPED);
  show_choice_help (label);
  g_free (signal);
}

void
settings_grid_add_below (SettingsGrid *grid, GtkWidget *widget)
{
  gtk_grid_attach (GTK_GRID (grid), widget, 1, grid->n_rows++, 1, 1);
}

/* Small, and not dim: that has too little contrast to be read by everybody. */
static GtkWidget *
small_label_new (const char *text)
{
  GtkWidget     *label = gtk_label_new (text);
  PangoAttrList *small = pango_attr_list_new ();

  pango_attr_list_insert (small, pango_attr_scale_new (PANGO_SCALE_SMALL));
  gtk_label_set_attributes (GTK_LABEL (label), small);
  pango_attr_list_unref (small);
  gtk_label_set_xalign (GTK_LABEL (label), 0.0);
  gtk_widget_show (label);
  return label;
}

GtkLabel *
settings_grid_add_hint (SettingsGrid *grid, const char *text)
{
  GtkWidget *hint = small_label_new (text);

  gtk_label_set_line_wrap (GTK_LABEL (hint), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (hint), HINT_CHARS);
  settings_grid_add_below (grid, hint);

  return GTK_LABEL (hint);
}

void
settings_grid_add_ends (SettingsGrid *grid, const char *least, const char *most)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, SPACING);

  /* GIMP's sliders grow from the left in every language. */
  gtk_widget_set_direction (box, GTK_TEXT_DIR_LTR);
  gtk_box_pack_start (GTK_BOX (box), small_label_new (least), FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (box), small_label_new (most), FALSE, FALSE, 0);
  settings_grid_add_below (grid, box);
  gtk_widget_show (box);
}

void
settings_grid_set_sensitive (SettingsGrid *grid, const char *property, gboolean sensitive)
{
  Row *row = g_hash_table_lookup (grid->rows, property);

  g_return_if_fail (row);

  gtk_widget_set_sensitive (row->label, sensitive);
  gtk_widget_set_sensitive (row->widget, sensitive);
}

gboolean
settings_grid_is_changed (SettingsGrid *grid)
{
  GHashTableIter iter;
  gpointer       property;
  gboolean       is_changed = FALSE;

  g_hash_table_iter_init (&iter, grid->rows);
  while (!is_changed && g_hash_table_iter_next (&iter, &property, NULL))
    {
      GParamSpec *pspec = find_property (grid, property);
      GValue      value = G_VALUE_INIT;

      g_value_init (&value, pspec->value_type);
      g_object_get_property (grid->config, property, &value);
      is_changed = !g_param_value_defaults (pspec, &value);
      g_value_unset (&value);
    }

  return is_changed;
}
