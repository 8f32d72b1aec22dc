/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-chooser.h: chooses the model: the bundled one, one of those that the user
 * has, or any folder. GIMP's own widget for files rejects an argument with the
 * action ANY. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A model as it is offered. */
typedef struct
{
  char *folder;      /* NULL: the bundled model */
  char *name;        /* in the list, UTF-8 */
  char *description; /* shown below while it is chosen, UTF-8; may be empty */
} ModelCard;

void model_card_free (ModelCard *card);

#define MODEL_TYPE_CHOOSER (model_chooser_get_type ())
G_DECLARE_FINAL_TYPE (ModelChooser, model_chooser, MODEL, CHOOSER, GtkBox)

/* property: of `config`, a GFile; NULL or an empty path is the bundled model. Bound
 * in both directions. cards: of ModelCard *, the bundled model's first; a reference
 * is kept. */
ModelChooser *model_chooser_new (GObject *config, const char *property, GPtrArray *cards);

/* A label with the description of what is chosen, hidden while there is none; owned
 * by the chooser until it is packed. */
GtkWidget *model_chooser_get_description (ModelChooser *chooser);

G_END_DECLS
