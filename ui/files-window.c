/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files-window.c: see files-window.h.
 */
#include "files-window.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "time-left.h"
#include "window-place.h"

#define WIDTH      520
#define LOG_HEIGHT 200

enum
{
  CANCEL,
  N_SIGNALS
};

struct _FilesWindow
{
  GtkDialog parent_instance;

  GtkLabel    *status, *time_left;
  GtkWidget   *bar;
  GtkTextView *log;
  GtkTextMark *log_end; /* moves with what is added; the log's buffer owns it */
  GtkWidget   *cancel, *close;
  gboolean     is_cancelling;
  GMainLoop   *loop; /* at the end, else NULL */
};

G_DEFINE_TYPE (FilesWindow, files_window, GTK_TYPE_DIALOG)

static guint signals[N_SIGNALS];

static void
files_window_response (GtkDialog *dialog, int response)
{
  FilesWindow *window = FILES_WINDOW (dialog);

  if (window->loop)
    {
      g_main_loop_quit (window->loop);
      return;
    }
  if (window->is_cancelling)
    return;

  window->is_cancelling = TRUE;
  gtk_label_set_text (window->status, _ ("Cancelling…"));
  gtk_label_set_text (window->time_left, "");
  gtk_widget_set_sensitive (window->cancel, FALSE);
  g_signal_emit (window, signals[CANCEL], 0);
}

/* GtkDialog has already made a response of it; the owner destroys the window. */
static gboolean
files_window_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  return TRUE;
}

static void
files_window_class_init (FilesWindowClass *klass)
{
  GTK_DIALOG_CLASS (klass)->response = files_window_response;
  GTK_WIDGET_CLASS (klass)->delete_event = files_window_delete_event;

  signals[CANCEL] = g_signal_new ("cancel", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

/* What can be read, marked and copied. */
static GtkWidget *
log_new (FilesWindow *window)
{
  GtkWidget         *scrolled = gtk_scrolled_window_new (NULL, NULL);
  GtkScrolledWindow *area = GTK_SCROLLED_WINDOW (scrolled);
  GtkWidget         *view = gtk_text_view_new ();
  GtkTextBuffer     *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (view));
  GtkTextIter        end;

  gtk_text_buffer_get_end_iter (buffer, &end);
  window->log_end = gtk_text_buffer_create_mark (buffer, NULL, &end, FALSE);
  window->log = GTK_TEXT_VIEW (view);
  gtk_text_view_set_editable (window->log, FALSE);
  gtk_text_view_set_cursor_visible (window->log, FALSE);
  gtk_text_view_set_wrap_mode (window->log, GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (window->log, FALSE);
  gtk_text_view_set_left_margin (window->log, 6);
  gtk_text_view_set_right_margin (window->log, 6);
  atk_object_set_name (gtk_widget_get_accessible (view), _ ("Log"));

  gtk_scrolled_window_set_policy (area, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type (area, GTK_SHADOW_IN);
  gtk_scrolled_window_set_min_content_height (area, LOG_HEIGHT);
  gtk_container_add (GTK_CONTAINER (scrolled), view);
  return scrolled;
}

static void
files_window_init (FilesWindow *window)
{
  GtkDialog *dialog = GTK_DIALOG (window);
  GtkBox    *box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 6));
  GtkBox    *line = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12));

  gtk_window_set_role (GTK_WINDOW (window), "gimp-diffusion-files");
  gtk_window_set_default_size (GTK_WINDOW (window), WIDTH, -1);
  gtk_container_set_border_width (GTK_CONTAINER (box), 12);
  gtk_box_pack_start (GTK_BOX (gtk_dialog_get_content_area (dialog)), GTK_WIDGET (box), TRUE, TRUE,
                      0);

  window->status = GTK_LABEL (gtk_label_new (NULL));
  window->time_left = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_xalign (window->status, 0.0);
  gtk_label_set_ellipsize (window->status, PANGO_ELLIPSIZE_MIDDLE);
  gtk_box_pack_start (line, GTK_WIDGET (window->status), TRUE, TRUE, 0);
  gtk_box_pack_end (line, GTK_WIDGET (window->time_left), FALSE, FALSE, 0);
  gtk_box_pack_start (box, GTK_WIDGET (line), FALSE, FALSE, 0);

  window->bar = gtk_progress_bar_new ();
  gtk_progress_bar_set_show_text (GTK_PROGRESS_BAR (window->bar), TRUE);
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (window->bar), "");
  atk_object_set_name (gtk_widget_get_accessible (window->bar), _ ("Progress"));
  gtk_box_pack_start (box, window->bar, FALSE, FALSE, 0);
  gtk_box_pack_start (box, log_new (window), TRUE, TRUE, 0);
  gtk_widget_show_all (GTK_WIDGET (box));

  window->cancel = gtk_dialog_add_button (dialog, _ ("_Cancel"), GTK_RESPONSE_CANCEL);
  window->close = gtk_dialog_add_button (dialog, _ ("_Close"), GTK_RESPONSE_CLOSE);
  gtk_widget_hide (window->close);
}

/* Public functions */

FilesWindow *
files_window_new (const char *title)
{
  FilesWindow *window = g_object_new (FILES_TYPE_WINDOW, "title", title, NULL);

  /* Not on Cancel, lest a Return that was meant for the dialog before ends the run. */
  gtk_widget_grab_focus (GTK_WIDGET (window->log));
  if (gimp_get_plug_in ())
    {
      gimp_window_set_transient (GTK_WINDOW (window));
      window_place_keep (GTK_WINDOW (window), "files");
    }
  return window;
}

void
files_window_set_status (FilesWindow *window, const char *text)
{
  g_return_if_fail (FILES_IS_WINDOW (window));

  if (!window->is_cancelling)
    gtk_label_set_text (window->status, text);
}

void
files_window_set_progress (FilesWindow *window, double fraction, double seconds_left)
{
  char *text;

  g_return_if_fail (FILES_IS_WINDOW (window));

  fraction = CLAMP (fraction, 0.0, 1.0);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (window->bar), fraction);
  /* Translators: of the run, as "26 %". */
  text = g_strdup_printf (_ ("%d %%"), (int) (100.0 * fraction));
  gtk_progress_bar_set_text (GTK_PROGRESS_BAR (window->bar), text);
  g_free (text);

  if (!window->is_cancelling)
    {
      text = time_left_describe (seconds_left);
      gtk_label_set_text (window->time_left, text);
      g_free (text);
    }
}

void
files_window_add_line (FilesWindow *window, const char *text)
{
  GtkTextBuffer *buffer;
  GtkTextIter    end;

  g_return_if_fail (FILES_IS_WINDOW (window));

  buffer = gtk_text_view_get_buffer (window->log);
  gtk_text_buffer_get_end_iter (buffer, &end);
  if (gtk_text_buffer_get_char_count (buffer) > 0)
    gtk_text_buffer_insert (buffer, &end, "\n", 1);
  gtk_text_buffer_insert (buffer, &end, text, -1);
  /* Not by the cursor: what the user has marked stays so. */
  gtk_text_view_scroll_mark_onscreen (window->log, window->log_end);
}

void
files_window_finish (FilesWindow *window, const char *text)
{
  g_return_if_fail (FILES_IS_WINDOW (window));

  gtk_label_set_text (window->status, text);
  gtk_label_set_text (window->time_left, "");
  gtk_widget_hide (window->cancel);
  gtk_widget_show (window->close);
  gtk_dialog_set_default_response (GTK_DIALOG (window), GTK_RESPONSE_CLOSE);
  gtk_widget_grab_focus (window->close);

  window->loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (window->loop);
  g_clear_pointer (&window->loop, g_main_loop_unref);
}
