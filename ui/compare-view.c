/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare-view.c: a picture before and after; see compare-view.h.
 *
 * A pixel of the picture is a pixel of the screen, whatever the scale of the desktop, as
 * noise can be judged in no other way.
 */
#include "compare-view.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "checks.h"

#define NATURAL_WIDTH  400
#define NATURAL_HEIGHT 220
#define MIN_HEIGHT     120

#define GRIP       6  /* so near the line is dragged, not the picture */
#define KEY_STEP   16 /* pixels, by which an arrow key moves the picture */
#define SPLIT_STEP 0.05

enum
{
  MOVED,
  RESIZED,
  N_SIGNALS
};

typedef enum
{
  NOTHING,
  SPLIT,
  PICTURE
} Dragged;

struct _CompareView
{
  GtkDrawingArea parent_instance;

  cairo_surface_t *before, *after; /* NULL: none */
  int              after_x, after_y;
  cairo_pattern_t *checks;
  double           split;
  gboolean         is_busy;
  int              natural_height;
  Dragged          dragged;
  double           last_x, last_y; /* of the pointer, so far as it has been told of */
};

G_DEFINE_TYPE (CompareView, compare_view, GTK_TYPE_DRAWING_AREA)

static guint signals[N_SIGNALS];

/* --- Drawing ---------------------------------------------------------------- */

static void
draw_side (cairo_t *cr, cairo_surface_t *picture, double x, double y, double from, double to)
{
  if (!picture)
    return;

  cairo_save (cr);
  cairo_rectangle (cr, from, 0.0, to - from, G_MAXINT16);
  cairo_clip (cr);
  cairo_set_source_surface (cr, picture, x, y);
  cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
  cairo_paint (cr);
  cairo_restore (cr);
}

/* White on a dark ground, as it lies on any picture; alignment 0…1 of the free room. */
static void
draw_word (GtkWidget *widget, cairo_t *cr, const char *word, double from, double to, double align)
{
  PangoLayout *layout = gtk_widget_create_pango_layout (widget, word);
  int          width, height;
  double       x, y;

  pango_layout_get_pixel_size (layout, &width, &height);
  if (width + 16 <= to - from)
    {
      x = from + 4 + align * (to - from - width - 16);
      y = gtk_widget_get_allocated_height (widget) - height - 8;
      cairo_set_source_rgba (cr, 0.0, 0.0, 0.0, 0.7);
      cairo_rectangle (cr, x, y, width + 8, height + 4);
      cairo_fill (cr);
      cairo_set_source_rgb (cr, 1.0, 1.0, 1.0);
      cairo_move_to (cr, x + 4, y + 2);
      pango_cairo_show_layout (cr, layout);
    }
  g_object_unref (layout);
}

/* At a pixel of the screen. */
static double
split_position (CompareView *view)
{
  return floor (view->split * gtk_widget_get_allocated_width (GTK_WIDGET (view)));
}

static gboolean
compare_view_draw (GtkWidget *widget, cairo_t *cr)
{
  CompareView *view = COMPARE_VIEW (widget);
  double       scale = gtk_widget_get_scale_factor (widget);
  double       width = gtk_widget_get_allocated_width (widget);
  double       height = gtk_widget_get_allocated_height (widget);
  double       split = split_position (view);

  cairo_set_source (cr, view->checks);
  cairo_paint (cr);

  draw_side (cr, view->before, 0.0, 0.0, 0.0, width);
  draw_side (cr, view->after, view->after_x / scale, view->after_y / scale, split, width);

  draw_word (widget, cr, _ ("Before"), 0.0, split, 0.0);
  draw_word (widget, cr, view->is_busy ? _ ("Computing…") : _ ("After"), split, width, 1.0);

  cairo_set_source_rgba (cr, 0.0, 0.0, 0.0, 0.7);
  cairo_rectangle (cr, split - 1.5, 0.0, 3.0, height);
  cairo_fill (cr);
  cairo_set_source_rgb (cr, 1.0, 1.0, 1.0);
  cairo_rectangle (cr, split - 0.5, 0.0, 1.0, height);
  cairo_fill (cr);

  if (gtk_widget_has_visible_focus (widget))
    gtk_render_focus (gtk_widget_get_style_context (widget), cr, 0.0, 0.0, width, height);
  return FALSE;
}

/* --- Hands ------------------------------------------------------------------- */

static void
set_split (CompareView *view, double split)
{
  view->split = CLAMP (split, 0.0, 1.0);
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

static gboolean
is_near_split (CompareView *view, double x)
{
  return fabs (x - split_position (view)) <= GRIP;
}

static void
show_cursor (CompareView *view, double x)
{
  GdkWindow *window = gtk_widget_get_window (GTK_WIDGET (view));
  gboolean   on_split =
    view->dragged == SPLIT || (view->dragged == NOTHING && is_near_split (view, x));
  GdkCursor *cursor = gdk_cursor_new_from_name (gdk_window_get_display (window),
                                                on_split                   ? "col-resize"
                                                : view->dragged == PICTURE ? "grabbing"
                                                                           : "grab");

  gdk_window_set_cursor (window, cursor);
  g_clear_object (&cursor);
}

static gboolean
compare_view_button_press_event (GtkWidget *widget, GdkEventButton *event)
{
  CompareView *view = COMPARE_VIEW (widget);

  if (event->button != GDK_BUTTON_PRIMARY || event->type != GDK_BUTTON_PRESS)
    return FALSE;

  gtk_widget_grab_focus (widget);
  view->dragged = is_near_split (view, event->x) ? SPLIT : PICTURE;
  view->last_x = event->x;
  view->last_y = event->y;
  show_cursor (view, event->x);
  return TRUE;
}

static gboolean
compare_view_button_release_event (GtkWidget *widget, GdkEventButton *event)
{
  CompareView *view = COMPARE_VIEW (widget);

  if (event->button != GDK_BUTTON_PRIMARY)
    return FALSE;

  view->dragged = NOTHING;
  show_cursor (view, event->x);
  return TRUE;
}

static gboolean
compare_view_motion_notify_event (GtkWidget *widget, GdkEventMotion *event)
{
  CompareView *view = COMPARE_VIEW (widget);
  int          scale = gtk_widget_get_scale_factor (widget);

  if (view->dragged == SPLIT)
    set_split (view, event->x / MAX (1, gtk_widget_get_allocated_width (widget)));
  else if (view->dragged == PICTURE)
    {
      int dx = (int) (scale * (view->last_x - event->x));
      int dy = (int) (scale * (view->last_y - event->y));

      view->last_x -= (double) dx / scale;
      view->last_y -= (double) dy / scale;
      if (dx != 0 || dy != 0)
        g_signal_emit (view, signals[MOVED], 0, dx, dy);
    }

  show_cursor (view, event->x);
  return TRUE;
}

static gboolean
compare_view_key_press_event (GtkWidget *widget, GdkEventKey *event)
{
  CompareView *view = COMPARE_VIEW (widget);
  gboolean     ctrl = (event->state & GDK_CONTROL_MASK) != 0;
  int          dx = 0, dy = 0;

  switch (event->keyval)
    {
    case GDK_KEY_Left:
    case GDK_KEY_KP_Left:
      dx = -1;
      break;
    case GDK_KEY_Right:
    case GDK_KEY_KP_Right:
      dx = 1;
      break;
    case GDK_KEY_Up:
    case GDK_KEY_KP_Up:
      dy = -1;
      break;
    case GDK_KEY_Down:
    case GDK_KEY_KP_Down:
      dy = 1;
      break;
    default:
      return GTK_WIDGET_CLASS (compare_view_parent_class)->key_press_event (widget, event);
    }

  if (ctrl)
    set_split (view, view->split + SPLIT_STEP * dx);
  else
    g_signal_emit (view, signals[MOVED], 0, KEY_STEP * dx, KEY_STEP * dy);
  return TRUE;
}

/* --- Size --------------------------------------------------------------------- */

static void
compare_view_get_preferred_width (GtkWidget *widget, int *minimum, int *natural)
{
  *minimum = NATURAL_WIDTH / 2;
  *natural = NATURAL_WIDTH;
}

static void
compare_view_get_preferred_height (GtkWidget *widget, int *minimum, int *natural)
{
  *minimum = MIN_HEIGHT;
  *natural = COMPARE_VIEW (widget)->natural_height;
}

static void
compare_view_size_allocate (GtkWidget *widget, GtkAllocation *area)
{
  GtkAllocation before;

  gtk_widget_get_allocation (widget, &before);
  GTK_WIDGET_CLASS (compare_view_parent_class)->size_allocate (widget, area);
  if (area->width != before.width || area->height != before.height)
    g_signal_emit (widget, signals[RESIZED], 0);
}

/* --- Life ---------------------------------------------------------------------- */

static void
compare_view_finalize (GObject *object)
{
  CompareView *view = COMPARE_VIEW (object);

  g_clear_pointer (&view->before, cairo_surface_destroy);
  g_clear_pointer (&view->after, cairo_surface_destroy);
  g_clear_pointer (&view->checks, cairo_pattern_destroy);

  G_OBJECT_CLASS (compare_view_parent_class)->finalize (object);
}

static void
compare_view_class_init (CompareViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = compare_view_finalize;
  widget_class->draw = compare_view_draw;
  widget_class->button_press_event = compare_view_button_press_event;
  widget_class->button_release_event = compare_view_button_release_event;
  widget_class->motion_notify_event = compare_view_motion_notify_event;
  widget_class->key_press_event = compare_view_key_press_event;
  widget_class->get_preferred_width = compare_view_get_preferred_width;
  widget_class->get_preferred_height = compare_view_get_preferred_height;
  widget_class->size_allocate = compare_view_size_allocate;

  signals[MOVED] = g_signal_new ("moved", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 2, G_TYPE_INT, G_TYPE_INT);
  signals[RESIZED] = g_signal_new ("resized", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
compare_view_init (CompareView *view)
{
  GtkWidget *widget = GTK_WIDGET (view);
  AtkObject *accessible = gtk_widget_get_accessible (widget);

  view->checks = checks_new ();
  view->split = 0.5;
  view->natural_height = NATURAL_HEIGHT;
  gtk_widget_set_can_focus (widget, TRUE);
  gtk_widget_add_events (widget, GDK_BUTTON_PRESS_MASK | GDK_BUTTON_RELEASE_MASK |
                                   GDK_POINTER_MOTION_MASK | GDK_KEY_PRESS_MASK);
  atk_object_set_role (accessible, ATK_ROLE_IMAGE);
  atk_object_set_name (accessible, _ ("Preview: before and after"));
}

CompareView *
compare_view_new (void)
{
  return g_object_new (COMPARE_TYPE_VIEW, NULL);
}

void
compare_view_set_natural_height (CompareView *view, int height)
{
  g_return_if_fail (COMPARE_IS_VIEW (view));

  view->natural_height = MAX (height, MIN_HEIGHT);
  gtk_widget_queue_resize (GTK_WIDGET (view));
}

void
compare_view_get_room (CompareView *view, int *width, int *height)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (view));

  *width = MAX (1, scale * gtk_widget_get_allocated_width (GTK_WIDGET (view)));
  *height = MAX (1, scale * gtk_widget_get_allocated_height (GTK_WIDGET (view)));
}

/* cairo's own form: premultiplied, in one word. */
static cairo_surface_t *
surface_new (CompareView *view, const guchar *rgba, int width, int height)
{
  double           scale = gtk_widget_get_scale_factor (GTK_WIDGET (view));
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, width, height);
  guchar          *pixels = cairo_image_surface_get_data (surface);
  int              stride = cairo_image_surface_get_stride (surface);

  if (!pixels) /* a size cairo refuses */
    {
      cairo_surface_destroy (surface);
      return NULL;
    }

  for (int y = 0; y < height; y++)
    {
      guint32 *out = (guint32 *) (gpointer) (pixels + (gsize) y * stride);

      for (int x = 0; x < width; x++, rgba += 4)
        {
          guint32 alpha = rgba[3], word = alpha;

          for (int c = 0; c < 3; c++)
            word = word << 8 | (rgba[c] * alpha + 127) / 255;
          out[x] = word;
        }
    }

  cairo_surface_mark_dirty (surface);
  cairo_surface_set_device_scale (surface, scale, scale);
  return surface;
}

void
compare_view_set_before (CompareView *view, const guchar *rgba, int width, int height)
{
  g_return_if_fail (COMPARE_IS_VIEW (view));

  g_clear_pointer (&view->before, cairo_surface_destroy);
  view->before = surface_new (view, rgba, width, height);
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

void
compare_view_set_after (CompareView *view, const guchar *rgba, int width, int height)
{
  g_return_if_fail (COMPARE_IS_VIEW (view));

  g_clear_pointer (&view->after, cairo_surface_destroy);
  if (rgba)
    view->after = surface_new (view, rgba, width, height);
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

void
compare_view_place_after (CompareView *view, int x, int y)
{
  g_return_if_fail (COMPARE_IS_VIEW (view));

  view->after_x = x;
  view->after_y = y;
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

void
compare_view_set_busy (CompareView *view, gboolean is_busy)
{
  g_return_if_fail (COMPARE_IS_VIEW (view));

  view->is_busy = is_busy;
  atk_object_set_description (gtk_widget_get_accessible (GTK_WIDGET (view)),
                              is_busy ? _ ("Computing…") : "");
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

double
compare_view_get_split (CompareView *view)
{
  return view->split;
}
