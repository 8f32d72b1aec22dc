/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preset-row.h: the presets of a filter as a list to choose from, with a button that saves the
 * settings as one and a button that deletes one. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

#include "presets.h"

G_BEGIN_DECLS

#define PRESET_TYPE_ROW (preset_row_get_type ())
G_DECLARE_FINAL_TYPE (PresetRow, preset_row, PRESET, ROW, GtkBox)

/* Parameters: those of presets_new(). */
PresetRow *preset_row_new (GObject *config, const char *filter, const ShippedPreset *shipped);

G_END_DECLS
