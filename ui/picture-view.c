/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * picture-view.c: a widget that shows a small picture; see picture-view.h.
 */
#include "picture-view.h"

#include <glib/gi18n-lib.h>

#include "checks.h"

#define NATURAL_WIDTH  420
#define NATURAL_HEIGHT 300
#define MIN_HEIGHT     120
#define MAX_HEIGHT     440

/* Small regions are enlarged, but not until their pixels become boulders. */
#define MAX_SCALE 6.0

struct _PictureView
{
  GtkDrawingArea parent_instance;

  cairo_surface_t *picture; /* NULL before the first one */
  int              max_height;
  cairo_pattern_t *checks;
};

G_DEFINE_TYPE (PictureView, picture_view, GTK_TYPE_DRAWING_AREA)

static gboolean
picture_view_draw (GtkWidget *widget, cairo_t *cr)
{
  PictureView *view = PICTURE_VIEW (widget);
  const double area_width = gtk_widget_get_allocated_width (widget);
  const double area_height = gtk_widget_get_allocated_height (widget);
  double       width, height, scale;

  if (!view->picture)
    {
      cairo_set_source (cr, view->checks);
      cairo_paint (cr);
      return FALSE;
    }

  width = cairo_image_surface_get_width (view->picture);
  height = cairo_image_surface_get_height (view->picture);
  scale = MIN (MIN (area_width / width, area_height / height), MAX_SCALE);

  cairo_translate (cr, (area_width - scale * width) / 2.0, (area_height - scale * height) / 2.0);
  cairo_scale (cr, scale, scale);
  cairo_set_source_surface (cr, view->picture, 0.0, 0.0);
  /* Without it the border of an enlarged picture fades into the checks. */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_rectangle (cr, 0.0, 0.0, width, height);
  cairo_fill (cr);

  return FALSE;
}

static GtkSizeRequestMode
picture_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
picture_view_get_preferred_width (GtkWidget *widget, int *minimum, int *natural)
{
  *minimum = NATURAL_WIDTH / 2;
  *natural = NATURAL_WIDTH;
}

/* As high as the picture then is, within reason. */
static void
picture_view_get_preferred_height_for_width (GtkWidget *widget,
                                             int        width,
                                             int       *minimum,
                                             int       *natural)
{
  cairo_surface_t *picture = PICTURE_VIEW (widget)->picture;

  *minimum = MIN_HEIGHT;
  *natural = MIN (NATURAL_HEIGHT, PICTURE_VIEW (widget)->max_height);
  if (picture)
    {
      double height = (double) width * cairo_image_surface_get_height (picture) /
                      cairo_image_surface_get_width (picture);

      *natural = (int) CLAMP (height, MIN_HEIGHT, PICTURE_VIEW (widget)->max_height);
    }
}

static void
picture_view_get_preferred_height (GtkWidget *widget, int *minimum, int *natural)
{
  picture_view_get_preferred_height_for_width (widget, NATURAL_WIDTH, minimum, natural);
}

static void
picture_view_finalize (GObject *object)
{
  PictureView *view = PICTURE_VIEW (object);

  g_clear_pointer (&view->picture, cairo_surface_destroy);
  g_clear_pointer (&view->checks, cairo_pattern_destroy);

  G_OBJECT_CLASS (picture_view_parent_class)->finalize (object);
}

static void
picture_view_class_init (PictureViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = picture_view_finalize;
  widget_class->draw = picture_view_draw;
  widget_class->get_request_mode = picture_view_get_request_mode;
  widget_class->get_preferred_width = picture_view_get_preferred_width;
  widget_class->get_preferred_height = picture_view_get_preferred_height;
  widget_class->get_preferred_height_for_width = picture_view_get_preferred_height_for_width;
}

static void
picture_view_init (PictureView *view)
{
  AtkObject *accessible = gtk_widget_get_accessible (GTK_WIDGET (view));

  view->checks = checks_new ();
  view->max_height = MAX_HEIGHT;
  gtk_widget_set_can_focus (GTK_WIDGET (view), TRUE);

  atk_object_set_role (accessible, ATK_ROLE_IMAGE);
  atk_object_set_name (accessible, _ ("Present estimate of the picture"));
}

PictureView *
picture_view_new (void)
{
  return g_object_new (PICTURE_TYPE_VIEW, NULL);
}

void
picture_view_set_picture (PictureView *view, const guchar *rgb, int width, int height)
{
  guchar *pixels;
  int     stride;

  g_return_if_fail (PICTURE_IS_VIEW (view));
  g_return_if_fail (rgb && width > 0 && height > 0);

  if (!view->picture || cairo_image_surface_get_width (view->picture) != width ||
      cairo_image_surface_get_height (view->picture) != height)
    {
      g_clear_pointer (&view->picture, cairo_surface_destroy);
      view->picture = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
      gtk_widget_queue_resize (GTK_WIDGET (view));
    }

  cairo_surface_flush (view->picture);
  pixels = cairo_image_surface_get_data (view->picture);
  stride = cairo_image_surface_get_stride (view->picture);

  if (!pixels) /* a size cairo refuses: keep showing the checks */
    {
      g_clear_pointer (&view->picture, cairo_surface_destroy);
      return;
    }

  for (int y = 0; y < height; y++)
    {
      guint32      *out = (guint32 *) (gpointer) (pixels + (gsize) y * stride);
      const guchar *in = rgb + (gsize) y * width * 3;

      for (int x = 0; x < width; x++, in += 3)
        out[x] = (guint32) in[0] << 16 | (guint32) in[1] << 8 | in[2];
    }

  cairo_surface_mark_dirty (view->picture);
  gtk_widget_queue_draw (GTK_WIDGET (view));
}

void
picture_view_clear (PictureView *view)
{
  g_return_if_fail (PICTURE_IS_VIEW (view));

  g_clear_pointer (&view->picture, cairo_surface_destroy);
  gtk_widget_queue_resize (GTK_WIDGET (view));
}

void
picture_view_set_max_height (PictureView *view, int height)
{
  g_return_if_fail (PICTURE_IS_VIEW (view));

  view->max_height = MAX (height, MIN_HEIGHT);
  gtk_widget_queue_resize (GTK_WIDGET (view));
}
