/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-grid.h: a column of settings, a label and a widget a row. Labels
 * and tooltips are the nick and the blurb of the property, and every widget is
 * bound to its property of the config in both directions, so that the Reset
 * and presets of GimpProcedureDialog need no help. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define SETTINGS_TYPE_GRID (settings_grid_get_type ())
G_DECLARE_FINAL_TYPE (SettingsGrid, settings_grid, SETTINGS, GRID, GtkGrid)

/* label_group: grids that share one have label columns of the same width. */
SettingsGrid *settings_grid_new (GObject *config, GtkSizeGroup *label_group);

/* A double or an int. `upper` is where the slider ends, as far below 0 where the property
 * goes there; by typing the user goes on up to the limit of the property. unit: nullable. */
void settings_grid_add_scale (SettingsGrid *grid,
                              const char   *property,
                              double        upper,
                              int           digits,
                              const char   *unit);

/* What the two ends of the slider that was added last mean. */
void settings_grid_add_ends (SettingsGrid *grid, const char *least, const char *most);

/* An int; where automatic is TRUE 0 is shown as the word "Automatic". */
void settings_grid_add_number (SettingsGrid *grid, const char *property, gboolean automatic);

/* An int with a button that draws another. */
void settings_grid_add_seed (SettingsGrid *grid, const char *property);

/* A boolean. */
void settings_grid_add_check (SettingsGrid *grid, const char *property);

/* A choice, as a drop-down list, and below it what the one chosen means. */
void settings_grid_add_choice (SettingsGrid *grid, const char *property);

/* Names the widget for screen readers as its label does, and lets Return in it, where it is
 * an entry, press the dialog's button. */
void settings_grid_make_accessible (GtkWidget *widget, GParamSpec *pspec);

/* Any widget that is bound to no property or to several. Returns the label; tooltip: nullable. */
GtkWidget *settings_grid_add_row (SettingsGrid *grid,
                                  const char   *label,
                                  const char   *tooltip,
                                  GtkWidget    *widget);

/* Any widget that takes care of `property` itself. */
void settings_grid_add_widget (SettingsGrid *grid, const char *property, GtkWidget *widget);

/* The same below a title of its own, for a widget of several lines. */
void settings_grid_add_group (SettingsGrid *grid, const char *property, GtkWidget *widget);

/* Any widget below that of the row added last. */
void settings_grid_add_below (SettingsGrid *grid, GtkWidget *widget);

/* A line of smaller letters there. */
GtkLabel *settings_grid_add_hint (SettingsGrid *grid, const char *text);

void settings_grid_set_sensitive (SettingsGrid *grid, const char *property, gboolean sensitive);

/* TRUE when a setting of this grid differs from its default. */
gboolean settings_grid_is_changed (SettingsGrid *grid);

G_END_DECLS
