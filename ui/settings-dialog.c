/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-dialog.c: the dialogs of Inpaint and Denoise, for one picture and for many files; see
 * settings-dialog.h.
 *
 * What most users want is in sight; the rest waits under "Advanced", which is
 * open from the start when something in it is not at its default. A setting
 * that has no effect is insensitive.
 */
#include "settings-dialog.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

#include "files-rows.h"
#include "model-chooser.h"
#include "noise-level.h"
#include "preset-row.h"
#include "settings-grid.h"

/* Pixels: what is around the settings, frame, cost and buttons, with a refusal of two lines;
 * and what is left to the settings at least. */
#define AROUND_CONTENT 310
#define LEAST_CONTENT  150
#define CONTENT_WIDTH  440

/* Of screens lower than this most is needed for the settings. */
#define LOW_SCREEN  840
#define LOW_PREVIEW 120

/* What is not named has the default of the procedure. */
static const ShippedPreset inpaint_presets[] = {
  { N_ ("Remove an object"), "grow=2" },
  { N_ ("Repair scratches"), "grow=1\nfeather=1\nexpert=network" },
  { N_ ("Vary what is there"), "strength=0.6\nfeather=8\nexpert=network" },
  { NULL, NULL },
};
static const ShippedPreset denoise_presets[] = {
  { N_ ("Automatic"), "" },
  { N_ ("Color noise only"), "luminance=0" },
  { N_ ("Keep some grain"), "detail=0.25" },
  { NULL, NULL },
};

/* Presets of one picture are those of many. */
#define INPAINT "plug-in-diffusion-inpaint"
#define DENOISE "plug-in-diffusion-denoise"

typedef struct
{
  GtkWidget    *dialog;
  GtkWidget    *presets;
  GObject      *config;
  GtkSizeGroup *labels;
  SettingsGrid *basic;
  SettingsGrid *advanced;
  GtkLabel     *hint;
} SettingsDialog;

typedef void (*ShowEffects) (SettingsDialog *self);

static void
open_dialog (SettingsDialog      *self,
             GimpProcedure       *procedure,
             GimpProcedureConfig *config,
             const char          *filter,
             const ShippedPreset *presets,
             const char          *title,
             const char          *ok_label)
{
  self->labels = gtk_size_group_new (GTK_SIZE_GROUP_HORIZONTAL);
  self->dialog = gimp_procedure_dialog_new (procedure, config, title);
  gimp_procedure_dialog_set_ok_label (GIMP_PROCEDURE_DIALOG (self->dialog), ok_label);

  self->config = G_OBJECT (config);
  self->presets = GTK_WIDGET (preset_row_new (self->config, filter, presets));
  self->basic = settings_grid_new (self->config, self->labels);
  self->advanced = settings_grid_new (self->config, self->labels);
  self->hint = NULL;
}

/* What GTK may fill of the screen, in its own pixels. */
static int
screen_height (void)
{
  GdkDisplay  *display = gdk_display_get_default ();
  GdkMonitor  *monitor = gdk_display_get_primary_monitor (display);
  GdkRectangle area;

  if (monitor == NULL)
    monitor = gdk_display_get_monitor (display, 0);
  gdk_monitor_get_workarea (monitor, &area);
  return area.height;
}

static gboolean
screen_is_low (void)
{
  return screen_height () < LOW_SCREEN;
}

/* GIMP's theme has the bar touch the rows. */
static void
set_bar_apart (GtkWidget *window)
{
  GtkCssProvider *style = gtk_css_provider_new ();

  gtk_css_provider_load_from_data (style, "* { -GtkScrolledWindow-scrollbar-spacing: 6; }", -1,
                                   NULL);
  gtk_style_context_add_provider (gtk_widget_get_style_context (window), GTK_STYLE_PROVIDER (style),
                                  GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  g_object_unref (style);
}

static gboolean
show_focus (gpointer scrolled)
{
  GtkWidget *toplevel = gtk_widget_get_toplevel (scrolled);
  GtkWidget *viewport = gtk_bin_get_child (GTK_BIN (scrolled));
  GtkWidget *focus = GTK_IS_WINDOW (toplevel) ? gtk_window_get_focus (GTK_WINDOW (toplevel)) : NULL;
  GtkWidget *content = viewport ? gtk_bin_get_child (GTK_BIN (viewport)) : NULL;
  int        y;

  if (focus && content && gtk_widget_is_ancestor (focus, content) &&
      gtk_widget_translate_coordinates (focus, content, 0, 0, NULL, &y))
    gtk_adjustment_clamp_page (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scrolled)),
                               y, y + gtk_widget_get_allocated_height (focus));
  g_object_unref (scrolled);
  return G_SOURCE_REMOVE;
}

/* A refusal takes room from the settings: what the user is at does not go out of sight. */
static void
height_changed (GtkWidget *scrolled, GdkRectangle *room)
{
  int before = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (scrolled), "height"));

  if (room->height < before)
    g_idle_add (show_focus, g_object_ref (scrolled));
  g_object_set_data (G_OBJECT (scrolled), "height", GINT_TO_POINTER (room->height));
}

/* So that the buttons stay on the screen, whatever is opened; `other`: what is not scrolled. */
static GtkWidget *
scrolled_new (GtkWidget *content, GtkWidget *other)
{
  GtkWidget         *widget = gtk_scrolled_window_new (NULL, NULL);
  GtkScrolledWindow *window = GTK_SCROLLED_WINDOW (widget);
  int                height = 0, room;

  gtk_widget_get_preferred_height_for_width (other, CONTENT_WIDTH, NULL, &height);
  room = MAX (screen_height () - height - AROUND_CONTENT, LEAST_CONTENT);

  gtk_scrolled_window_set_policy (window, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_overlay_scrolling (window,
                                             FALSE); /* else nobody sees that there is more */
  set_bar_apart (widget);
  gtk_scrolled_window_set_propagate_natural_height (window, TRUE);
  gtk_scrolled_window_set_max_content_height (window, room);
  gtk_container_add (GTK_CONTAINER (widget), content);
  g_signal_connect (widget, "size-allocate", G_CALLBACK (height_changed), NULL);
  gtk_widget_show (widget);
  return widget;
}

/* As high as the settings then need, or the screen allows. */
static gboolean
fit_window (gpointer dialog)
{
  int width, height;

  if (!gtk_widget_get_mapped (dialog))
    {
      g_object_unref (dialog);
      return G_SOURCE_REMOVE;
    }
  gtk_window_get_size (GTK_WINDOW (dialog), &width, NULL);
  gtk_widget_get_preferred_height_for_width (GTK_WIDGET (dialog), width, NULL, &height);
  gtk_window_resize (GTK_WINDOW (dialog), width, height);
  g_object_unref (dialog);
  return G_SOURCE_REMOVE;
}

static void
fit_window_soon (GtkWidget *dialog)
{
  g_idle_add (fit_window, g_object_ref (dialog));
}

/* What cannot be run cannot be started. */
static void
show_usable (CostLine *cost, GParamSpec *pspec, GtkDialog *dialog)
{
  gtk_dialog_set_response_sensitive (dialog, GTK_RESPONSE_OK, cost_line_is_usable (cost));
}

/* Packs the rows, lets the user work, and closes the dialog. */
static gboolean
run_dialog (SettingsDialog *self, ShowEffects show_effects, CostLine *cost, GtkWidget *preview)
{
  GtkWidget *area = gtk_dialog_get_content_area (GTK_DIALOG (self->dialog));
  GtkWidget *expander = gtk_expander_new_with_mnemonic (_ ("Ad_vanced"));
  GtkWidget *advanced = GTK_WIDGET (self->advanced);
  GtkWidget *body = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gulong     handler;
  gboolean   accepted;

  gtk_box_pack_start (GTK_BOX (area), self->presets, FALSE, FALSE, 6);
  gtk_box_pack_start (GTK_BOX (area), preview, FALSE, FALSE, 6);
  gtk_box_pack_start (GTK_BOX (body), GTK_WIDGET (self->basic), FALSE, FALSE, 0);
  /* Not within it: its words would stand at the wrong end from right to left. */
  gtk_widget_set_halign (expander, GTK_ALIGN_START);
  gtk_box_pack_start (GTK_BOX (body), expander, FALSE, FALSE, 6);
  gtk_box_pack_start (GTK_BOX (body), advanced, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (area), scrolled_new (body, preview), TRUE, TRUE, 0);
  gtk_widget_show (body);
  gtk_box_pack_start (GTK_BOX (area), GTK_WIDGET (cost), FALSE, FALSE, 6);
  g_signal_connect_object (cost, "notify::usable", G_CALLBACK (show_usable), self->dialog, 0);
  show_usable (cost, NULL, GTK_DIALOG (self->dialog));
  gtk_widget_set_no_show_all (advanced, TRUE);
  g_object_bind_property (expander, "expanded", advanced, "visible", G_BINDING_SYNC_CREATE);
  g_signal_connect_object (expander, "notify::expanded", G_CALLBACK (fit_window_soon), self->dialog,
                           G_CONNECT_SWAPPED);
  gtk_expander_set_expanded (GTK_EXPANDER (expander), settings_grid_is_changed (self->advanced));
  gtk_widget_show (GTK_WIDGET (self->basic));
  gtk_widget_show (expander);

  handler = g_signal_connect_swapped (self->config, "notify", G_CALLBACK (show_effects), self);
  show_effects (self);

  /* Return presses the button, and no arrow key chooses a preset by accident. */
  if (cost_line_is_usable (cost) || !gtk_widget_child_focus (preview, GTK_DIR_TAB_FORWARD))
    gtk_widget_grab_focus (
      gtk_dialog_get_widget_for_response (GTK_DIALOG (self->dialog), GTK_RESPONSE_OK));
  accepted = gimp_procedure_dialog_run (GIMP_PROCEDURE_DIALOG (self->dialog));

  g_signal_handler_disconnect (self->config, handler);
  gtk_widget_destroy (self->dialog);
  g_object_unref (self->labels);

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
  int resample;

  g_object_get (self->config, "resample", &resample, NULL);

  /* The model copies nothing. */
  settings_grid_set_sensitive (self->advanced, "source",
                               !choice_is (self->config, "expert", "network"));
  settings_grid_set_sensitive (self->advanced, "eta", choice_is (self->config, "sampler", "ddim"));
  /* One pass over each jump is no jump at all. */
  settings_grid_set_sensitive (self->advanced, "jump-length", resample != 1);
}

static void
add_hole_rows (SettingsGrid *grid)
{
  settings_grid_add_scale (grid, "strength", 1.0, 2, NULL);
  settings_grid_add_ends (grid, _ ("Keep its shape"), _ ("Replace it"));
  settings_grid_add_scale (grid, "grow", 20.0, 0, _ ("px"));
  settings_grid_add_scale (grid, "feather", 20.0, 1, _ ("px"));
}

gboolean
settings_dialog_run_inpaint (GimpProcedure       *procedure,
                             GimpProcedureConfig *config,
                             GPtrArray           *models,
                             CostLine            *cost,
                             PictureView         *picture,
                             GtkWidget           *source)
{
  SettingsDialog self;

  if (screen_is_low ())
    picture_view_set_max_height (picture, LOW_PREVIEW);
  open_dialog (&self, procedure, config, INPAINT, inpaint_presets, _ ("Inpaint Selection"),
               _ ("_Inpaint"));

  add_hole_rows (self.basic);
  settings_grid_add_check (self.basic, "sample-merged");
  settings_grid_add_number (self.basic, "steps", TRUE);
  settings_grid_add_seed (self.basic, "seed");
  settings_grid_add_choice (self.basic, "output");

  settings_grid_add_choice (self.advanced, "expert");
  settings_grid_add_widget (self.advanced, "source", source);
  settings_grid_add_choice (self.advanced, "sampler");
  settings_grid_add_choice (self.advanced, "spacing");
  settings_grid_add_scale (self.advanced, "eta", 1.0, 2, NULL);
  settings_grid_add_number (self.advanced, "resample", TRUE);
  settings_grid_add_number (self.advanced, "jump-length", FALSE);
  settings_grid_add_choice (self.advanced, "data-step");
  settings_grid_add_number (self.advanced, "context", TRUE);
  add_model (&self, models);

  return run_dialog (&self, show_inpaint_effects, cost, GTK_WIDGET (picture));
}

/* --- Denoise ---------------------------------------------------------------- */

static void
show_steps (SettingsDialog *self)
{
  int steps;

  g_object_get (self->config, "steps", &steps, NULL);
  gtk_label_set_text (self->hint, steps > 1 ? _ ("Several steps: crisper, with invented detail")
                                            : _ ("One step: the smoothest and most faithful"));
}

static void
show_denoise_effects (SettingsDialog *self)
{
  gboolean is_renoise = choice_is (self->config, "method", "renoise");
  gboolean draws_noise = choice_is (self->config, "sampler", "ddpm") ||
                         choice_is (self->config, "sampler", "predictor-corrector");
  int steps;

  g_object_get (self->config, "steps", &steps, NULL);

  show_steps (self);
  settings_grid_set_sensitive (self->advanced, "sampler", steps > 1);
  /* Only where random numbers are drawn. */
  settings_grid_set_sensitive (self->advanced, "seed", is_renoise || (steps > 1 && draws_noise));
}

static void
add_noise_rows (SettingsGrid *grid, NoiseLevel *level)
{
  settings_grid_add_group (grid, "sigma", GTK_WIDGET (level));
  settings_grid_add_scale (grid, "luminance", 1.0, 2, NULL);
  settings_grid_add_scale (grid, "chroma", 1.0, 2, NULL);
  settings_grid_add_scale (grid, "detail", 1.0, 2, NULL);
}

static void
add_steps_rows (SettingsDialog *self)
{
  settings_grid_add_scale (self->advanced, "steps", 20.0, 0, NULL);
  settings_grid_add_ends (self->advanced, _ ("Smooth"), _ ("Crisp"));
  self->hint = settings_grid_add_hint (self->advanced, "");
}

gboolean
settings_dialog_run_denoise (GimpProcedure       *procedure,
                             GimpProcedureConfig *config,
                             GPtrArray           *models,
                             CostLine            *cost,
                             PreviewPanel        *preview)
{
  SettingsDialog self;
  NoiseLevel    *level;

  open_dialog (&self, procedure, config, DENOISE, denoise_presets, _ ("Denoise"), _ ("_Denoise"));

  if (screen_is_low ())
    compare_view_set_natural_height (preview_panel_get_view (preview), LOW_PREVIEW);
  level = noise_level_new (self.config);
  g_signal_connect_object (preview, "measured", G_CALLBACK (noise_level_set_measured), level,
                           G_CONNECT_SWAPPED);
  add_noise_rows (self.basic, level);
  settings_grid_add_choice (self.basic, "output");

  settings_grid_add_choice (self.advanced, "method");
  add_steps_rows (&self);
  settings_grid_add_choice (self.advanced, "sampler");
  settings_grid_add_seed (self.advanced, "seed");
  add_model (&self, models);

  return run_dialog (&self, show_denoise_effects, cost, GTK_WIDGET (preview));
}

/* --- Many files ------------------------------------------------------------- */

/* Where the picture is in the other dialogs. */
static GtkWidget *
files_grid_new (SettingsDialog *self, const char *names)
{
  SettingsGrid *grid = settings_grid_new (self->config, self->labels);

  files_rows_add (grid, self->config, names);
  gtk_widget_show (GTK_WIDGET (grid));
  return GTK_WIDGET (grid);
}

static void
show_nothing (SettingsDialog *self)
{
}

gboolean
settings_dialog_run_inpaint_files (GimpProcedure       *procedure,
                                   GimpProcedureConfig *config,
                                   GPtrArray           *models,
                                   CostLine            *cost)
{
  SettingsDialog self;

  open_dialog (&self, procedure, config, INPAINT, inpaint_presets, _ ("Inpaint Files"),
               _ ("_Inpaint"));

  add_hole_rows (self.basic);
  settings_grid_add_number (self.basic, "steps", TRUE);

  settings_grid_add_choice (self.advanced, "expert");
  add_model (&self, models);

  return run_dialog (&self, show_nothing, cost, files_grid_new (&self, "*.png"));
}

gboolean
settings_dialog_run_denoise_files (GimpProcedure       *procedure,
                                   GimpProcedureConfig *config,
                                   GPtrArray           *models,
                                   CostLine            *cost)
{
  SettingsDialog self;

  open_dialog (&self, procedure, config, DENOISE, denoise_presets, _ ("Denoise Files"),
               _ ("_Denoise"));

  add_noise_rows (self.basic, noise_level_new (self.config));

  add_steps_rows (&self);
  add_model (&self, models);

  return run_dialog (&self, show_steps, cost, files_grid_new (&self, "*.jpg"));
}
