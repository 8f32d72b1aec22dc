/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * progress-window.c: the window that shows a run; see progress-window.h.
 *
 * From top to bottom: the live picture, a line that says what is being done and
 * how long it will take, the bar with the steps, and the two ways out. Once a
 * way out has been taken the window says so at once, since the job needs a
 * moment to notice, and later reports no longer overwrite that line.
 *
 * While the user chooses among results, they take the place of the bar, and other buttons
 * that of the two ways out.
 */
#include "progress-window.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "picture-view.h"
#include "result-strip.h"
#include "time-left.h"
#include "window-place.h"

enum
{
  RESPONSE_KEEP = 1,
  RESPONSE_ANOTHER,
  RESPONSE_DISCARD,
  RESPONSE_ACCEPT
};

typedef struct
{
  guchar *rgb;
  int     width, height;
} Picture;

enum
{
  CANCEL,
  KEEP,
  SHOWN,
  N_SIGNALS
};

struct _ProgressWindow
{
  GtkDialog parent_instance;

  PictureView *picture;
  GtkLabel    *status;
  GtkWidget   *bar;
  GtkLabel    *time_left;
  GtkWidget   *cancel, *keep;                        /* while it runs; keep: nullable */
  GtkWidget   *results, *another, *discard, *accept; /* while the user chooses */
  ResultStrip *strip;
  GtkWidget   *hold;

  gboolean is_cancelling;
  gboolean is_keeping;

  GPtrArray *pictures; /* of Picture, the results */
  Picture   *original; /* nullable */
  GMainLoop *loop;     /* while the user chooses, else NULL */
  int        response;
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

  if (window->loop)
    {
      window->response = response;
      g_main_loop_quit (window->loop);
      return;
    }

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

/* --- Results ---------------------------------------------------------------- */

static Picture *
picture_new (const guchar *rgb, int width, int height)
{
  Picture *picture = g_new (Picture, 1);

  picture->rgb = g_memdup2 (rgb, (gsize) 3 * width * height);
  picture->width = width;
  picture->height = height;
  return picture;
}

static void
picture_free (gpointer data)
{
  Picture *picture = data;

  if (picture == NULL)
    return;
  g_free (picture->rgb);
  g_free (picture);
}

static void
show_picture (ProgressWindow *window, const Picture *picture)
{
  picture_view_set_picture (window->picture, picture->rgb, picture->width, picture->height);
}

/* The result that is chosen. */
static void
show_chosen (ProgressWindow *window)
{
  int   chosen = result_strip_get_chosen (window->strip);
  char *text;

  if (chosen < 0)
    return;

  show_picture (window, g_ptr_array_index (window->pictures, chosen));
  /* Translators: of the results of several runs, as "Result 2 of 3". */
  text = g_strdup_printf (_ ("Result %d of %d"), chosen + 1, (int) window->pictures->len);
  show_status (window, text);
  g_free (text);
  g_signal_emit (window, signals[SHOWN], 0, chosen);
}

static void
hold_original (ProgressWindow *window, gboolean is_held)
{
  if (window->loop == NULL || window->original == NULL)
    return;

  if (is_held)
    {
      show_picture (window, window->original);
      show_status (window, _ ("Before"));
      g_signal_emit (window, signals[SHOWN], 0, -1);
    }
  else
    show_chosen (window);
}

static gboolean
hold_pressed (GtkWidget *widget, GdkEventButton *event, ProgressWindow *window)
{
  if (event->button == GDK_BUTTON_PRIMARY)
    hold_original (window, event->type != GDK_BUTTON_RELEASE);
  return FALSE;
}

/* The space bar is held as the mouse button is. */
static gboolean
hold_key (GtkWidget *widget, GdkEventKey *event, ProgressWindow *window)
{
  if (event->keyval != GDK_KEY_space)
    return FALSE;

  hold_original (window, event->type == GDK_KEY_PRESS);
  return TRUE;
}

static void
connect_hold (ProgressWindow *window, GtkWidget *widget)
{
  g_signal_connect (widget, "button-press-event", G_CALLBACK (hold_pressed), window);
  g_signal_connect (widget, "button-release-event", G_CALLBACK (hold_pressed), window);
  g_signal_connect (widget, "key-press-event", G_CALLBACK (hold_key), window);
  g_signal_connect (widget, "key-release-event", G_CALLBACK (hold_key), window);
}

/* The widgets of a run, or those of a choice. */
static void
show_widgets (ProgressWindow *window, gboolean is_choice)
{
  gtk_widget_set_visible (window->bar, !is_choice);
  gtk_widget_set_visible (window->cancel, !is_choice);
  if (window->keep)
    gtk_widget_set_visible (window->keep, !is_choice);

  gtk_widget_set_visible (window->results, window->pictures->len > 0);
  gtk_widget_set_sensitive (window->results, is_choice);
  gtk_widget_set_visible (window->hold, is_choice);
  gtk_widget_set_visible (window->another, is_choice);
  gtk_widget_set_visible (window->discard, is_choice);
  gtk_widget_set_visible (window->accept, is_choice);
}

/* The arrow keys choose wherever the focus is. */
static gboolean
progress_window_key_press_event (GtkWidget *widget, GdkEventKey *event)
{
  ProgressWindow *window = PROGRESS_WINDOW (widget);

  if (window->loop && result_strip_key (window->strip, event))
    return TRUE;

  return GTK_WIDGET_CLASS (progress_window_parent_class)->key_press_event (widget, event);
}

static void
progress_window_finalize (GObject *object)
{
  ProgressWindow *window = PROGRESS_WINDOW (object);

  g_ptr_array_unref (window->pictures);
  picture_free (window->original);

  G_OBJECT_CLASS (progress_window_parent_class)->finalize (object);
}

static void
progress_window_class_init (ProgressWindowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = progress_window_finalize;
  GTK_DIALOG_CLASS (klass)->response = progress_window_response;
  GTK_WIDGET_CLASS (klass)->delete_event = progress_window_delete_event;
  GTK_WIDGET_CLASS (klass)->key_press_event = progress_window_key_press_event;

  signals[CANCEL] = g_signal_new ("cancel", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
  signals[KEEP] = g_signal_new ("keep", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  signals[SHOWN] = g_signal_new ("shown", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
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
  gtk_box_pack_start (line, GTK_WIDGET (window->status), FALSE, TRUE, 0);
  gtk_box_pack_start (line, GTK_WIDGET (window->time_left), TRUE, TRUE, 0);
  gtk_box_pack_start (box, GTK_WIDGET (line), FALSE, FALSE, 0);

  window->bar = gtk_progress_bar_new ();
  gtk_progress_bar_set_show_text (GTK_PROGRESS_BAR (window->bar), TRUE);
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (window->bar), "");
  atk_object_set_name (gtk_widget_get_accessible (window->bar), _ ("Progress"));
  gtk_box_pack_start (box, window->bar, FALSE, FALSE, 0);

  window->pictures = g_ptr_array_new_with_free_func (picture_free);
  window->results = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  window->strip = result_strip_new ();
  window->hold = gtk_button_new_with_mnemonic (_ ("Hold to See the _Original"));
  gtk_widget_set_halign (window->hold, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (window->strip, "chosen", G_CALLBACK (show_chosen), window);
  gtk_box_pack_start (GTK_BOX (window->results), window->hold, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (window->results), GTK_WIDGET (window->strip), FALSE, FALSE, 0);
  gtk_box_pack_start (box, window->results, FALSE, FALSE, 0);

  gtk_widget_add_events (GTK_WIDGET (window->picture),
                         GDK_BUTTON_PRESS_MASK | GDK_BUTTON_RELEASE_MASK);
  connect_hold (window, GTK_WIDGET (window->picture));
  connect_hold (window, window->hold);

  gtk_widget_show_all (GTK_WIDGET (box));
  gtk_widget_set_no_show_all (window->results, TRUE);
  show_status (window, "");
}

/* Public functions */

ProgressWindow *
progress_window_new (const char *title, gboolean can_keep)
{
  ProgressWindow *window = g_object_new (PROGRESS_TYPE_WINDOW, "title", title, NULL);
  GtkDialog      *dialog = GTK_DIALOG (window);

  window->another = gtk_dialog_add_button (dialog, _ ("_Try Another"), RESPONSE_ANOTHER);
  gtk_widget_set_tooltip_text (window->another,
                               _ ("Run again with the next seed, and choose between the results"));
  window->discard = gtk_dialog_add_button (dialog, _ ("_Discard"), RESPONSE_DISCARD);
  gtk_widget_set_tooltip_text (window->discard, _ ("Leave the image as it was"));
  window->accept = gtk_dialog_add_button (dialog, _ ("_Keep"), RESPONSE_ACCEPT);
  gtk_widget_set_tooltip_text (window->accept, _ ("Put the result that is shown into the image"));

  window->cancel = gtk_dialog_add_button (dialog, _ ("_Cancel"), GTK_RESPONSE_CANCEL);
  if (can_keep)
    {
      window->keep = gtk_dialog_add_button (dialog, _ ("_Stop Here and Keep This"), RESPONSE_KEEP);
      gtk_widget_set_tooltip_text (window->keep,
                                   _ ("End the run now; the picture shown becomes the result"));
    }
  show_widgets (window, FALSE);

  /* Neither way out has the focus, so that a Return meant for the dialog before
   * this window does not end the run. */
  gtk_widget_grab_focus (GTK_WIDGET (window->picture));

  /* Above the image window, where there is a GIMP to ask for it. */
  if (gimp_get_plug_in ())
    {
      gimp_window_set_transient (GTK_WINDOW (window));
      window_place_keep (GTK_WINDOW (window), "progress");
    }

  return window;
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
      /* Translators: of the run, as "26 %". */
      text = g_strdup_printf (_ ("%d %%"), (int) (100.0 * CLAMP (fraction, 0.0, 1.0)));
      gtk_progress_bar_set_text (bar, text);
      g_free (text);
    }

  if (!window->is_cancelling && !window->is_keeping)
    {
      text = time_left_describe (seconds_left);
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

void
progress_window_restart (ProgressWindow *window)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  window->is_cancelling = window->is_keeping = FALSE;
  gtk_dialog_set_response_sensitive (GTK_DIALOG (window), GTK_RESPONSE_CANCEL, TRUE);
  gtk_dialog_set_response_sensitive (GTK_DIALOG (window), RESPONSE_KEEP, TRUE);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (window->bar), 0.0);
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (window->bar), "");
  gtk_label_set_text (window->time_left, "");
  show_widgets (window, FALSE);
  gtk_widget_grab_focus (GTK_WIDGET (window->picture));
}

/* --- Choosing --------------------------------------------------------------- */

void
progress_window_add_result (ProgressWindow *window,
                            const guchar   *rgb,
                            int             width,
                            int             height,
                            const char     *name)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  g_ptr_array_add (window->pictures, picture_new (rgb, width, height));
  result_strip_add (window->strip, rgb, width, height, name);
}

void
progress_window_set_original (ProgressWindow *window, const guchar *rgb, int width, int height)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  picture_free (window->original);
  window->original = picture_new (rgb, width, height);
}

ProgressChoice
progress_window_choose (ProgressWindow *window, gboolean can_try_another)
{
  GMainLoop *loop = g_main_loop_new (NULL, FALSE);

  gtk_label_set_text (window->time_left, "");
  gtk_dialog_set_response_sensitive (GTK_DIALOG (window), RESPONSE_ANOTHER, can_try_another);
  gtk_dialog_set_default_response (GTK_DIALOG (window), RESPONSE_ACCEPT);
  show_widgets (window, TRUE);
  show_chosen (window);
  result_strip_focus (window->strip);

  window->loop = loop;
  g_main_loop_run (loop);
  window->loop = NULL;
  g_main_loop_unref (loop);

  return window->response == RESPONSE_ACCEPT    ? PROGRESS_CHOICE_KEEP
         : window->response == RESPONSE_ANOTHER ? PROGRESS_CHOICE_ANOTHER
                                                : PROGRESS_CHOICE_DISCARD;
}

int
progress_window_get_chosen (ProgressWindow *window)
{
  return result_strip_get_chosen (window->strip);
}

void
progress_window_dismiss (ProgressWindow *window)
{
  g_return_if_fail (PROGRESS_IS_WINDOW (window));

  if (window->loop)
    progress_window_response (GTK_DIALOG (window), RESPONSE_DISCARD);
}
