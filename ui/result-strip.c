/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * result-strip.c: several results to choose from; see result-strip.h.
 */
#include "result-strip.h"

#define THUMBNAIL 84 /* the longer side */
#define COLUMNS   4

struct _ResultStrip
{
  GtkGrid parent_instance;

  GPtrArray *buttons; /* of GtkRadioButton */
};

enum
{
  CHOSEN,
  N_SIGNALS
};

G_DEFINE_TYPE (ResultStrip, result_strip, GTK_TYPE_GRID)

static guint signals[N_SIGNALS];

static void
toggled (ResultStrip *strip, GtkToggleButton *button)
{
  if (gtk_toggle_button_get_active (button))
    g_signal_emit (strip, signals[CHOSEN], 0);
}

static GtkWidget *
thumbnail_new (ResultStrip *strip, const guchar *rgb, int width, int height)
{
  int        screen = gtk_widget_get_scale_factor (GTK_WIDGET (strip));
  double     scale = MIN (1.0, (double) screen * THUMBNAIL / MAX (width, height));
  GdkPixbuf *whole, *small;
  GtkWidget *image;

  cairo_surface_t *surface;

  whole = gdk_pixbuf_new_from_data (rgb, GDK_COLORSPACE_RGB, FALSE, 8, width, height, 3 * width,
                                    NULL, NULL);
  small = gdk_pixbuf_scale_simple (whole, MAX (1, (int) (scale * width)),
                                   MAX (1, (int) (scale * height)), GDK_INTERP_BILINEAR);
  surface = gdk_cairo_surface_create_from_pixbuf (small, screen, NULL);
  image = gtk_image_new_from_surface (surface);
  gtk_widget_set_size_request (image, THUMBNAIL, -1);

  cairo_surface_destroy (surface);
  g_object_unref (small);
  g_object_unref (whole);
  return image;
}

static void
result_strip_finalize (GObject *object)
{
  g_ptr_array_unref (RESULT_STRIP (object)->buttons);

  G_OBJECT_CLASS (result_strip_parent_class)->finalize (object);
}

static void
result_strip_class_init (ResultStripClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = result_strip_finalize;

  signals[CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

static void
result_strip_init (ResultStrip *strip)
{
  strip->buttons = g_ptr_array_new ();
  gtk_grid_set_row_spacing (GTK_GRID (strip), 6);
  gtk_grid_set_column_spacing (GTK_GRID (strip), 6);
  gtk_widget_set_halign (GTK_WIDGET (strip), GTK_ALIGN_CENTER);
}

ResultStrip *
result_strip_new (void)
{
  return g_object_new (RESULT_TYPE_STRIP, NULL);
}

void
result_strip_add (ResultStrip *strip, const guchar *rgb, int width, int height, const char *name)
{
  int             n = (int) strip->buttons->len;
  GtkRadioButton *first = n > 0 ? g_ptr_array_index (strip->buttons, 0) : NULL;
  GtkWidget      *button = gtk_radio_button_new_from_widget (first);

  gtk_toggle_button_set_mode (GTK_TOGGLE_BUTTON (button), FALSE);
  gtk_container_add (GTK_CONTAINER (button), thumbnail_new (strip, rgb, width, height));
  gtk_widget_set_tooltip_text (button, name);
  atk_object_set_name (gtk_widget_get_accessible (button), name);
  gtk_grid_attach (GTK_GRID (strip), button, n % COLUMNS, n / COLUMNS, 1, 1);
  gtk_widget_show_all (button);
  g_ptr_array_add (strip->buttons, button);

  g_signal_connect_swapped (button, "toggled", G_CALLBACK (toggled), strip);
  if (n > 0)
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), TRUE);
  else
    g_signal_emit (strip, signals[CHOSEN], 0);
}

int
result_strip_get_chosen (ResultStrip *strip)
{
  for (guint i = 0; i < strip->buttons->len; i++)
    if (gtk_toggle_button_get_active (g_ptr_array_index (strip->buttons, i)))
      return (int) i;

  return -1;
}

void
result_strip_focus (ResultStrip *strip)
{
  int chosen = result_strip_get_chosen (strip);

  if (chosen >= 0)
    gtk_widget_grab_focus (g_ptr_array_index (strip->buttons, chosen));
}

gboolean
result_strip_key (ResultStrip *strip, const GdkEventKey *event)
{
  gboolean is_mirrored = gtk_widget_get_direction (GTK_WIDGET (strip)) == GTK_TEXT_DIR_RTL;
  int      chosen = result_strip_get_chosen (strip), step;

  switch (event->keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      step = is_mirrored ? 1 : -1;
      break;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      step = is_mirrored ? -1 : 1;
      break;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
      step = -COLUMNS;
      break;
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
      step = COLUMNS;
      break;
    default:
      return FALSE;
    }

  chosen += step;
  if (chosen >= 0 && chosen < (int) strip->buttons->len)
    {
      gtk_toggle_button_set_active (g_ptr_array_index (strip->buttons, chosen), TRUE);
      result_strip_focus (strip);
    }
  return TRUE;
}
