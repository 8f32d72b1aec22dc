/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-chooser.h: chooses the model folder: the bundled one, or another.
 * GIMP's own widget for files rejects an argument with the action ANY.
 * Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define MODEL_TYPE_CHOOSER (model_chooser_get_type ())
G_DECLARE_FINAL_TYPE (ModelChooser, model_chooser, MODEL, CHOOSER, GtkBox)

/* property: of `config`, a GFile; NULL or an empty path is the bundled model.
 * Bound in both directions. */
ModelChooser *model_chooser_new (GObject *config, const char *property);

G_END_DECLS
