/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-progress-window.c: the progress window tells what it is told, and each
 * way out is taken once. Needs a display, and no GIMP.
 */
#include "progress-window.h"

typedef struct
{
  ProgressWindow *window;
  int             n_cancels;
  int             n_keeps;
} Fixture;

static void
count (ProgressWindow *window, int *counter)
{
  ++*counter;
}

static void
set_up (Fixture *f, gconstpointer can_keep)
{
  f->window = progress_window_new ("Title", GPOINTER_TO_INT (can_keep));
  f->n_cancels = f->n_keeps = 0;
  g_signal_connect (f->window, "cancel", G_CALLBACK (count), &f->n_cancels);
  g_signal_connect (f->window, "keep", G_CALLBACK (count), &f->n_keeps);
  gtk_widget_show (GTK_WIDGET (f->window));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gpointer window = f->window;

  g_object_add_weak_pointer (G_OBJECT (window), &window);
  gtk_widget_destroy (GTK_WIDGET (f->window));
  g_assert_null (window);
}

/* --- Looking at it ---------------------------------------------------------- */

typedef struct
{
  GType       type;
  const char *text; /* NULL: any */
  GtkWidget  *found;
} Search;

static const char *
text_of (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget))
    return gtk_label_get_text (GTK_LABEL (widget));
  if (GTK_IS_PROGRESS_BAR (widget))
    return gtk_progress_bar_get_text (GTK_PROGRESS_BAR (widget));
  if (GTK_IS_BUTTON (widget))
    return gtk_button_get_label (GTK_BUTTON (widget));
  return NULL;
}

static void
search (GtkWidget *widget, gpointer data)
{
  Search *s = data;

  if (g_type_is_a (G_OBJECT_TYPE (widget), s->type) &&
      (!s->text || g_strcmp0 (text_of (widget), s->text) == 0))
    s->found = widget;
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), search, s);
}

static GtkWidget *
find (Fixture *f, GType type, const char *text)
{
  Search s = { type, text, NULL };

  search (GTK_WIDGET (f->window), &s);
  return s.found;
}

static gboolean
can_press (Fixture *f, const char *label)
{
  GtkWidget *button = find (f, GTK_TYPE_BUTTON, label);

  g_assert_nonnull (button);
  return gtk_widget_is_sensitive (button);
}

static void
press (Fixture *f, const char *label)
{
  gtk_button_clicked (GTK_BUTTON (find (f, GTK_TYPE_BUTTON, label)));
}

#define CANCEL_LABEL "_Cancel"
#define KEEP_LABEL   "_Stop Here and Keep This"

static void
settle (void)
{
  while (gtk_events_pending ())
    gtk_main_iteration ();
}

/* --- Promises --------------------------------------------------------------- */

static void
test_steps (Fixture *f, gconstpointer data)
{
  GtkWidget *bar;

  progress_window_set_progress (f->window, 3, 20, 0.15, 40.0);
  bar = find (f, GTK_TYPE_PROGRESS_BAR, "15 %");
  g_assert_nonnull (bar);
  g_assert_cmpfloat (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (bar)), ==, 0.15);

  /* What rounding makes of a sum of shares is no reason to complain. */
  progress_window_set_progress (f->window, 20, 20, 1.0 + 1e-9, 0.0);
  g_assert_cmpfloat (gtk_progress_bar_get_fraction (GTK_PROGRESS_BAR (bar)), ==, 1.0);
}

static void
test_time_left (Fixture *f, gconstpointer data)
{
  static const struct
  {
    double      seconds;
    const char *text;
  } cases[] = {
    { 0.2, "almost done" },
    { 1.0, "about 1 second left" },
    { 7.4, "about 7 seconds left" },
    { 41.0, "about 40 seconds left" },
    { 54.9, "about 55 seconds left" },
    { 60.0, "about 1 minute left" },
    { 200.0, "about 3 minutes left" },
    { 3600.0, "about 1 hour left" },
    { 8000.0, "about 2 hours left" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      progress_window_set_progress (f->window, 1, 2, 0.5, cases[i].seconds);
      g_test_message ("%g: %s", cases[i].seconds, cases[i].text);
      g_assert_nonnull (find (f, GTK_TYPE_LABEL, cases[i].text));
    }

  progress_window_set_progress (f->window, 1, 2, 0.5, -1.0);
  g_assert_null (find (f, GTK_TYPE_LABEL, "about 2 hours left"));
}

static void
test_cancel (Fixture *f, gconstpointer data)
{
  press (f, CANCEL_LABEL);
  g_assert_cmpint (f->n_cancels, ==, 1);
  g_assert_false (can_press (f, CANCEL_LABEL));
  g_assert_false (can_press (f, KEEP_LABEL));

  /* The job may go on reporting for a moment. */
  progress_window_set_status (f->window, "Something else");
  progress_window_set_progress (f->window, 4, 20, 0.2, 30.0);
  g_assert_nonnull (find (f, GTK_TYPE_LABEL, "Cancelling…"));
  g_assert_null (find (f, GTK_TYPE_LABEL, "about 30 seconds left"));

  gtk_dialog_response (GTK_DIALOG (f->window), GTK_RESPONSE_CANCEL);
  gtk_window_close (GTK_WINDOW (f->window));
  settle ();
  g_assert_cmpint (f->n_cancels, ==, 1);
  g_assert_cmpint (f->n_keeps, ==, 0);
}

static void
test_escape (Fixture *f, gconstpointer data)
{
  g_signal_emit_by_name (f->window, "close"); /* what Escape is bound to */
  settle ();
  g_assert_cmpint (f->n_cancels, ==, 1);
  /* It is the owner's to destroy. */
  g_assert_true (GTK_IS_WIDGET (f->window));
  g_assert_nonnull (find (f, GTK_TYPE_LABEL, "Cancelling…"));
}

static void
test_keep (Fixture *f, gconstpointer data)
{
  press (f, KEEP_LABEL);
  g_assert_cmpint (f->n_keeps, ==, 1);
  g_assert_false (can_press (f, KEEP_LABEL));

  /* Who thinks better of it can still cancel. */
  g_assert_true (can_press (f, CANCEL_LABEL));
  press (f, CANCEL_LABEL);
  g_assert_cmpint (f->n_cancels, ==, 1);
  g_assert_cmpint (f->n_keeps, ==, 1);
}

static void
test_one_step (Fixture *f, gconstpointer data)
{
  g_assert_null (find (f, GTK_TYPE_BUTTON, KEEP_LABEL));
  press (f, CANCEL_LABEL);
  g_assert_cmpint (f->n_cancels, ==, 1);
}

/* A picture of one colour, drawn: the middle has that colour, whatever the
 * sizes, one after the other. */
static void
test_picture (Fixture *f, gconstpointer data)
{
  static const int sizes[][2] = { { 1, 1 }, { 7, 3 }, { 640, 360 }, { 90, 2000 } };
  GtkWidget       *view = find (f, GTK_TYPE_DRAWING_AREA, NULL);
  GtkAllocation    area = { 0, 0, 400, 300 };
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, 400, 300);

  gtk_widget_realize (view);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      int            n_pixels = sizes[i][0] * sizes[i][1];
      guchar        *rgb = g_malloc (3 * n_pixels);
      cairo_t       *cr = cairo_create (surface);
      const guint32 *row;

      for (int k = 0; k < n_pixels; k++)
        {
          rgb[3 * k] = 10 * (i + 1);
          rgb[3 * k + 1] = 200;
          rgb[3 * k + 2] = 30;
        }
      progress_window_set_picture (f->window, rgb, sizes[i][0], sizes[i][1]);
      g_free (rgb);
      settle ();
      gtk_widget_size_allocate (view, &area);

      gtk_widget_draw (view, cr);
      cairo_destroy (cr);
      cairo_surface_flush (surface);
      row = (const guint32 *) (gpointer) (cairo_image_surface_get_data (surface) +
                                          150 * cairo_image_surface_get_stride (surface));
      g_assert_cmphex (row[200] & 0xffffff, ==, 10 * (i + 1) << 16 | 200 << 8 | 30);
    }

  cairo_surface_destroy (surface);
}

int
main (int argc, char *argv[])
{
  gtk_test_init (&argc, &argv, NULL);

#define ADD(name, can_keep, function)                                                          \
  g_test_add ("/progress-window/" name, Fixture, GINT_TO_POINTER (can_keep), set_up, function, \
              tear_down)
  ADD ("steps", TRUE, test_steps);
  ADD ("time-left", TRUE, test_time_left);
  ADD ("cancel", TRUE, test_cancel);
  ADD ("escape", TRUE, test_escape);
  ADD ("keep", TRUE, test_keep);
  ADD ("one-step", FALSE, test_one_step);
  ADD ("picture", TRUE, test_picture);

  return g_test_run ();
}
