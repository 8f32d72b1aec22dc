/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preview-panel.c: the preview of a dialog; see preview-panel.h.
 */
#include "preview-panel.h"

#include <glib/gi18n-lib.h>

#define MIN_CHARS  32
#define LINE_CHARS 52

enum
{
  MEASURED,
  N_SIGNALS
};

enum
{
  PROP_ACTIVE = 1
};

struct _PreviewPanel
{
  GtkBox parent_instance;

  CompareView *view;
  GtkWidget   *check;
  GtkLabel    *line;
  double       sigma; /* < 0: not measured yet */
};

G_DEFINE_TYPE (PreviewPanel, preview_panel, GTK_TYPE_BOX)

static guint signals[N_SIGNALS];

const char *
preview_panel_describe_noise (double sigma)
{
  return sigma < 1.0    ? _ ("none to be seen")
         : sigma < 4.0  ? _ ("faint")
         : sigma < 10.0 ? _ ("moderate")
         : sigma < 25.0 ? _ ("strong")
                        : _ ("very strong");
}

static void
show_measured (PreviewPanel *panel)
{
  char *text;

  if (panel->sigma < 0.0)
    {
      gtk_label_set_text (panel->line, _ ("Measuring the noise…"));
      return;
    }
  /* Translators: the standard deviation in levels of 255, then a word as "moderate". */
  text = g_strdup_printf (_ ("Measured noise: %.1f (%s)"), panel->sigma,
                          preview_panel_describe_noise (panel->sigma));
  gtk_label_set_text (panel->line, text);
  g_free (text);
}

static void
toggled (PreviewPanel *panel)
{
  gtk_widget_set_visible (GTK_WIDGET (panel->view), preview_panel_is_active (panel));
  g_object_notify (G_OBJECT (panel), "active");
}

static void
preview_panel_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean (value, preview_panel_is_active (PREVIEW_PANEL (object)));
}

static void
preview_panel_class_init (PreviewPanelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = preview_panel_get_property;
  g_object_class_install_property (
    object_class, PROP_ACTIVE,
    g_param_spec_boolean ("active", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));

  signals[MEASURED] = g_signal_new ("measured", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
}

static void
preview_panel_init (PreviewPanel *panel)
{
  GtkBox *box = GTK_BOX (panel);
  GtkBox *line = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12));

  gtk_orientable_set_orientation (GTK_ORIENTABLE (panel), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (box, 6);
  panel->sigma = -1.0;

  panel->view = compare_view_new ();
  gtk_box_pack_start (box, GTK_WIDGET (panel->view), TRUE, TRUE, 0);

  panel->check = gtk_check_button_new_with_mnemonic (_ ("Previe_w"));
  /* Not on the picture, which it would cover. */
  gtk_widget_set_tooltip_text (
    panel->check, _ ("Drag the picture to see another part of it, the line to compare before and "
                     "after. (Keys: the arrows move the picture, with Ctrl the line.)"));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (panel->check), TRUE);
  g_signal_connect_swapped (panel->check, "toggled", G_CALLBACK (toggled), panel);
  gtk_box_pack_start (line, panel->check, FALSE, FALSE, 0);

  panel->line = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (panel->line, 1.0);
  gtk_label_set_line_wrap (panel->line, TRUE);
  gtk_label_set_width_chars (panel->line, MIN_CHARS); /* the window keeps its size */
  gtk_label_set_max_width_chars (panel->line, LINE_CHARS);
  gtk_box_pack_end (line, GTK_WIDGET (panel->line), TRUE, TRUE, 0);
  gtk_box_pack_start (box, GTK_WIDGET (line), FALSE, FALSE, 0);

  show_measured (panel);
  gtk_widget_show_all (GTK_WIDGET (panel));
}

PreviewPanel *
preview_panel_new (void)
{
  return g_object_new (PREVIEW_TYPE_PANEL, NULL);
}

CompareView *
preview_panel_get_view (PreviewPanel *panel)
{
  return panel->view;
}

gboolean
preview_panel_is_active (PreviewPanel *panel)
{
  return gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (panel->check));
}

void
preview_panel_set_measured (PreviewPanel *panel, double sigma)
{
  panel->sigma = sigma;
  show_measured (panel);
  g_signal_emit (panel, signals[MEASURED], 0, sigma);
}

void
preview_panel_set_message (PreviewPanel *panel, const char *text)
{
  if (text)
    gtk_label_set_text (panel->line, text);
  else
    show_measured (panel);
}
