/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost-line.c: see cost-line.h.
 */
#include "cost-line.h"

#define LINE_CHARS 52

enum
{
  PROP_USABLE = 1
};

struct _CostLine
{
  GtkBox parent_instance;

  GtkWidget *label;
  GtkWidget *bar;
  GtkWidget *sentence; /* in the bar */
};

G_DEFINE_TYPE (CostLine, cost_line, GTK_TYPE_BOX)

static GtkWidget *
label_new (void)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0.0);
  gtk_label_set_line_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), LINE_CHARS);
  gtk_widget_show (label);
  return label;
}

static void
show (CostLine *line, gboolean is_usable, const char *text)
{
  gboolean was_usable = cost_line_is_usable (line);

  gtk_label_set_text (GTK_LABEL (is_usable ? line->label : line->sentence), text);
  gtk_widget_set_visible (line->label, is_usable);
  gtk_widget_set_visible (line->bar, !is_usable);
  if (is_usable != was_usable)
    g_object_notify (G_OBJECT (line), "usable");
}

static void
cost_line_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  g_value_set_boolean (value, cost_line_is_usable (COST_LINE (object)));
}

static void
cost_line_class_init (CostLineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = cost_line_get_property;
  g_object_class_install_property (
    object_class, PROP_USABLE,
    g_param_spec_boolean ("usable", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
cost_line_init (CostLine *line)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (line), GTK_ORIENTATION_VERTICAL);

  line->label = label_new ();
  gtk_box_pack_start (GTK_BOX (line), line->label, FALSE, FALSE, 0);

  line->bar = gtk_info_bar_new ();
  line->sentence = label_new ();
  gtk_info_bar_set_message_type (GTK_INFO_BAR (line->bar), GTK_MESSAGE_WARNING);
  gtk_container_add (GTK_CONTAINER (gtk_info_bar_get_content_area (GTK_INFO_BAR (line->bar))),
                     line->sentence);
  gtk_widget_set_no_show_all (line->bar, TRUE);
  gtk_box_pack_start (GTK_BOX (line), line->bar, FALSE, FALSE, 0);
  gtk_widget_show (GTK_WIDGET (line));
}

CostLine *
cost_line_new (void)
{
  return g_object_new (COST_TYPE_LINE, NULL);
}

void
cost_line_set_text (CostLine *line, const char *text)
{
  g_return_if_fail (COST_IS_LINE (line));

  show (line, TRUE, text);
}

void
cost_line_refuse (CostLine *line, const char *sentence)
{
  g_return_if_fail (COST_IS_LINE (line));

  show (line, FALSE, sentence);
}

gboolean
cost_line_is_usable (CostLine *line)
{
  return !gtk_widget_get_visible (line->bar);
}
