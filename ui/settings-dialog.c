/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-dialog.c: the dialogs of Inpaint and Denoise; see settings-dialog.h.
 *
 * What most users want is in sight; the rest waits under "Advanced", which is
 * open from the start when something in it is not at its default. A setting
 * that has no effect is insensitive.
 */
#include "settings-dialog.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

#include "model-chooser.h"
#include "noise-level.h"
#include "settings-grid.h"

typedef struct
{
  GtkWidget    *dialog;
  GObject      *config;
  SettingsGrid *basic;
  SettingsGrid *advanced;
  GtkLabel     *hint;
} SettingsDialog;

typedef void (*ShowEffects) (SettingsDialog *self);

static void
open_dialog (SettingsDialog      *self,
             GimpProcedure       *procedure,
             GimpProcedureConfig *config,
             const char          *title,
             const char          *ok_label)
{
  GtkSizeGroup *labels = gtk_size_group_new (GTK_SIZE_GROUP_HORIZONTAL);

  self->dialog = gimp_procedure_dialog_new (procedure, config, title);
  gimp_procedure_dialog_set_ok_label (GIMP_PROCEDURE_DIALOG (self->dialog), ok_label);

  self->config = G_OBJECT (config);
  self->basic = settings_grid_new (self->config, labels);
  self->advanced = settings_grid_new (self->config, labels);
  self->hint = NULL;
  g_object_unref (labels);
}

/* Packs the rows, lets the user work, and closes the dialog. */
static gboolean
run_dialog (SettingsDialog *self, ShowEffects show_effects, GtkWidget *cost)
{
  GtkWidget *area = gtk_dialog_get_content_area (GTK_DIALOG (self->dialog));
  GtkWidget *expander = gtk_expander_new_with_mnemonic (_ ("Ad_vanced"));
  gulong     handler;
  gboolean   accepted;

  gtk_box_pack_start (GTK_BOX (area), GTK_WIDGET (self->basic), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (area), expander, FALSE, FALSE, 6);
  gtk_box_pack_start (GTK_BOX (area), cost, FALSE, FALSE, 6);
  gtk_container_add (GTK_CONTAINER (expander), GTK_WIDGET (self->advanced));
  gtk_widget_set_margin_top (GTK_WIDGET (self->advanced), 6);
  gtk_expander_set_resize_toplevel (GTK_EXPANDER (expander), TRUE);
  gtk_expander_set_expanded (GTK_EXPANDER (expander), settings_grid_is_changed (self->advanced));
  gtk_widget_show (GTK_WIDGET (self->basic));
  gtk_widget_show (GTK_WIDGET (self->advanced));
  gtk_widget_show (expander);

  handler = g_signal_connect_swapped (self->config, "notify", G_CALLBACK (show_effects), self);
  show_effects (self);

  accepted = gimp_procedure_dialog_run (GIMP_PROCEDURE_DIALOG (self->dialog));

  g_signal_handler_disconnect (self->config, handler);
  gtk_widget_destroy (self->dialog);

  return accepted;
}

static void
add_model (SettingsDialog *self, GPtrArray *models)
{
  ModelChooser *chooser = model_chooser_new (self->config, "model", models);

  settings_grid_add_widget (self->advanced, "model", GTK_WIDGET (chooser));
  settings_grid_add_below (self->advanced, model_chooser_get_description (chooser));
}

static gboolean
choice_is (GObject *config, const char *property, const char *name)
{
  char    *value = NULL;
  gboolean is_equal;

  g_object_get (config, property, &value, NULL);
  is_equal = g_strcmp0 (value, name) == 0;
  g_free (value);

  return is_equal;
}

/* --- Inpaint ---------------------------------------------------------------- */

static void
show_inpaint_effects (SettingsDialog *self)
{
  double strength;
  int    resample;

  g_object_get (self->config, "strength", &strength, "resample", &resample, NULL);

  gtk_label_set_text (self->hint,
                      strength >= 1.0  ? _ ("Fills anew: what lies in the selection is ignored")
                      : strength > 0.5 ? _ ("Keeps the coarse shapes of what lies in the selection")
                      : strength > 0.0 ? _ ("Redraws the details only")
                                       : _ ("Changes nothing"));

  settings_grid_set_sensitive (self->advanced, "eta", choice_is (self->config, "sampler", "ddim"));
  /* One pass over each jump is no jump at all. */
  settings_grid_set_sensitive (self->advanced, "jump-length", resample != 1);
}

gboolean
settings_dialog_run_inpaint (GimpProcedure       *procedure,
                             GimpProcedureConfig *config,
                             GPtrArray           *models,
                             GtkWidget           *cost)
{
  SettingsDialog self;

  open_dialog (&self, procedure, config, _ ("Inpaint Selection"), _ ("_Inpaint"));

  settings_grid_add_scale (self.basic, "strength", 1.0, 2);
  self.hint = settings_grid_add_hint (self.basic, "");
  settings_grid_add_number (self.basic, "steps", TRUE);
  settings_grid_add_seed (self.basic, "seed");
  settings_grid_add_choice (self.basic, "output");

  settings_grid_add_choice (self.advanced, "sampler");
  settings_grid_add_choice (self.advanced, "spacing");
  settings_grid_add_scale (self.advanced, "eta", 1.0, 2);
  settings_grid_add_number (self.advanced, "resample", TRUE);
  settings_grid_add_number (self.advanced, "jump-length", FALSE);
  settings_grid_add_choice (self.advanced, "data-step");
  settings_grid_add_number (self.advanced, "context", TRUE);
  add_model (&self, models);

  return run_dialog (&self, show_inpaint_effects, cost);
}

/* --- Denoise ---------------------------------------------------------------- */

static void
show_denoise_effects (SettingsDialog *self)
{
  gboolean is_renoise = choice_is (self->config, "method", "renoise");
  gboolean draws_noise = choice_is (self->config, "sampler", "ddpm") ||
                         choice_is (self->config, "sampler", "predictor-corrector");
  int steps;

  g_object_get (self->config, "steps", &steps, NULL);

  gtk_label_set_text (self->hint, steps > 1 ? _ ("Several steps: crisper, with invented detail")
                                            : _ ("One step: the smoothest and most faithful"));

  settings_grid_set_sensitive (self->advanced, "sampler", steps > 1);
  /* Only where random numbers are drawn. */
  settings_grid_set_sensitive (self->advanced, "seed", is_renoise || (steps > 1 && draws_noise));
}

gboolean
settings_dialog_run_denoise (GimpProcedure       *procedure,
                             GimpProcedureConfig *config,
                             GPtrArray           *models,
                             GtkWidget           *cost)
{
  SettingsDialog self;

  open_dialog (&self, procedure, config, _ ("Denoise"), _ ("_Denoise"));

  settings_grid_add_group (self.basic, "sigma", GTK_WIDGET (noise_level_new (self.config)));
  settings_grid_add_scale (self.basic, "detail", 1.0, 2);
  settings_grid_add_choice (self.basic, "output");

  settings_grid_add_choice (self.advanced, "method");
  settings_grid_add_number (self.advanced, "steps", TRUE);
  self.hint = settings_grid_add_hint (self.advanced, "");
  settings_grid_add_choice (self.advanced, "sampler");
  settings_grid_add_seed (self.advanced, "seed");
  add_model (&self, models);

  return run_dialog (&self, show_denoise_effects, cost);
}
