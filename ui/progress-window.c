/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * progress-window.c: the window that shows a run; see progress-window.h.
 *
 * From top to bottom: the live picture, a line that says what is being done and
 * how long it will take, the bar with the steps, and the two ways out. Once a
 * way out has been taken the window says so at once, since the job needs a
 * moment to notice, and later reports no longer overwrite that line.
 */
#include "progress-window.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "picture-view.h"

enum
{
  RESPONSE_KEEP = 1
};

enum
{
  CANCEL,
  KEEP,
  N_SIGNALS
};

struct _ProgressWindow
{
  GtkDialog parent_instance;

  PictureView *picture;
  GtkLabel    *status;
  GtkWidget   *bar;
  GtkLabel    *time_left;

  gboolean is_cancelling;
  gboolean is_keeping;
};

G_DEFINE_TYPE (ProgressWindow, progress_window, GTK_TYPE_DIALOG)

static guint signals[N_SIGNALS];

/* Without it, the time left moves to the start of the line. */
static void
show_status (ProgressWindow *window, const char *text)
{
  gtk_label_set_text (window->status, text);
  gtk_widget_set_visible (GTK_WIDGET (window->status), *text != '\0');
}

static void
leave (ProgressWindow *window, gboolean *flag, guint signal, const char *status)
{
  if (window->is_cancelling || *flag)
    return;

  *flag = TRUE;
  show_status (window, status);
  gtk_label_set_text (window->time_left, "");
  gtk_dialog_set_response_sensitive (GTK_DIALOG (window), RESPONSE_KEEP, FALSE);
  gtk_dialog_set_response_sensitive (GTK_DIALOG (window), GTK_RESPONSE_CANCEL,
                                     !window->is_cancelling);
  g_signal_emit (window, signals[signal], 0);
}

static void
progress_window_response (GtkDialog *dialog, int response)
{
  ProgressWindow *window = PROGRESS_WINDOW (dialog);

  if (response == RESPONSE_KEEP)
    leave (window, &window->is_keeping, KEEP, _ ("Finishing with the present picture…"));
  else
    leave (window, &window->is_cancelling, CANCEL, _ ("Cancelling…"));
}

/* The close button and Escape. GtkDialog has already made a response of it;
 * the window itself stays until the job has ended and its owner destroys it. */
static gboolean
progress_window_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  return TRUE;
}

static void
progress_window_class_init (ProgressWindowClass *klass)
{
  GTK_DIALOG_CLASS (klass)->response = progress_window_response;
  GTK_WIDGET_CLASS (klass)->delete_event = progress_window_delete_event;

  signals[CANCEL] = g_signal_new ("cancel", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  signals[KEEP] = g_signal_new ("keep", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
}

static void
progress_window_init (ProgressWindow *window)
{
  GtkWidget *area = gtk_dialog_get_content_area (GTK_DIALOG (window));
  GtkBox    *box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6));
  GtkBox    *line;

  gtk_window_set_role (GTK_WINDOW (window), "gimp-diffusion-progress");
  gtk_window_set_default_size (GTK_WINDOW (window), 420, -1);
  gtk_container_set_border_width (GTK_CONTAINER (box), 12);
  gtk_box_pack_start (GTK_BOX (area), GTK_WIDGET (box), TRUE, TRUE, 0);

  window->picture = picture_view_new ();
  gtk_box_pack_start (box, GTK_WIDGET (window->picture), TRUE, TRUE, 0);

  line = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12));
  window->status = GTK_LABEL (gtk_label_new (NULL));
  window->time_left = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_ellipsize (window->status, PANGO_ELLIPSIZE_END);
  gtk_label_set_xalign (window->time_left, 0.0);
  gtk_style_context_add_class (gtk_widget_get_style_context (GTK_WIDGET (window->time_left)),
                               GTK_STYLE_CLASS_DIM_LABEL);
  gtk_box_pack_start (line, GTK_WIDGET (window->status), FALSE, TRUE, 0);
  gtk_box_pack_start (line, GTK_WIDGET (window->time_left), TRUE, TRUE, 0);
  gtk_box_pack_start (box, GTK_WIDGET (line), FALSE, FALSE, 0);

  window->bar = gtk_progress_bar_new ();
  gtk_progress_bar_set_show_text (GTK_PROGRESS_BAR (window->bar), TRUE);
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (window->bar), "");
  atk_object_set_name (gtk_widget_get_accessible (window->bar), _ ("Progress"));
  gtk_box_pack_start (box, window->bar, FALSE, FALSE, 0);

  gtk_widget_show_all (GTK_WIDGET (box));
  show_status (window, "");
}

/* Public functions */

ProgressWindow *
progress_window_new (const char *title, gboolean can_keep)
{
  ProgressWindow *window = g_object_new (PROGRESS_TYPE_WINDOW, "title", title, NULL);
  GtkDialog      *dialog = GTK_DIALOG (window);

  gtk_dialog_add_button (dialog, _ ("_Cancel"), GTK_RESPONSE_CANCEL);
  if (can_keep)
    {
      GtkWidget *keep =
        gtk_dialog_add_button (dialog, _ ("_Stop Here and Keep This"), RESPONSE_KEEP);

      gtk_widget_set_tooltip_text (keep,
                                   _ ("End the run now; the picture shown becomes the result"));
    }

  /* Neither way out has the focus, so that a Return meant for the dialog before
   * this window does not end the run. */
  gtk_widget_grab_focus (GTK_WIDGET (window->picture));

  /* Above the image window, where there is a GIMP to ask for it. */
  if (gimp_get_plug_in ())
    gimp_window_set_transient (GTK_WINDOW (window));

  return window;
}

/* "about 40 seconds left". An estimate that is worth a second only near its
 * end is told in coarser units before. */
static char *
describe_time_left (double seconds)
{
  int n;

  if (seconds < 0.0)
    return g_strdup ("");

  if (seconds < 55.0)
    {
      n = seconds < 10.0 ? (int) (seconds + 0.5) : 5 * (int) (seconds / 5.0 + 0.5);
      if (n < 1)
        return g_strdup (_ ("almost done"));

      return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "about %d second left", "about %d seconds left", n), n);
    }

  if (seconds < 55.0 * 60.0)
    {
      n = MAX (1, (int) (seconds / 60.0 + 0.5));
      return g_strdup_printf (
        g_dngettext (GETTEXT_PACKAGE, "about %d minute left", "about %d minutes left", n), n);
    }

  n = MAX (1, (int) MIN (seconds / 3600.0 + 0.5, 1e6));
  return g_strdup_printf (
    g_dngettext (GETTEXT_PACKAGE, "about %d hour left", "about %d hours left", n), n);
}

void
progress_window_set_progress (ProgressWindow *window,
                              int             step,
                              int             n_steps,
                              double          fraction,
                              double          seconds_left)
{
  GtkProgressBar *bar;
  char           *text;

  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  bar = GTK_PROGRESS_BAR (window->bar);
  gtk_progress_bar_set_fraction (bar, CLAMP (fraction, 0.0, 1.0));

  if (n_steps > 0)
    {
      /* Translators: of the reverse process, as "Step 3 of 20". */
      text = g_strdup_printf (_ ("Step %d of %d"), step, n_steps);
      gtk_progress_bar_set_text (bar, text);
      g_free (text);
    }

  if (!window->is_cancelling && !window->is_keeping)
    {
      text = describe_time_left (seconds_left);
      gtk_label_set_text (window->time_left, text);
      g_free (text);
    }
}

void
progress_window_set_status (ProgressWindow *window, const char *text)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  if (!window->is_cancelling && !window->is_keeping)
    show_status (window, text ? text : "");
}

void
progress_window_set_picture (ProgressWindow *window, const guchar *rgb, int width, int height)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  picture_view_set_picture (window->picture, rgb, width, height);
}
