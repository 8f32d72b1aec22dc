/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * labels.c: a GTK module (GTK_MODULES) by which tests read windows: what the labels of
 * a program's dialogs say is written to the file DIFFUSION_LABELS/PROGRAM whenever it
 * changes: for each dialog that is seen its role, then each label, a line each, and each
 * drawing area: its type, place on the screen, size, and what it says to a screen reader;
 * with DIFFUSION_EXPAND=1 expanders are opened;
 * what is chosen in lists of texts; of texts that can be marked, "Log " and each of their lines; "Cut off: " and a label's words when it has less room than they take;
 * of other windows the progress bars, how full they are and what they say.
 * Of a dialog with a role the file DIFFUSION_LABELS/ROLE has the same lines, whatever another process
 * of the program says.
 * The file DIFFUSION_LABELS/PROGRAM.busy holds the longest time, in milliseconds of work of
 * the main thread, that passed between two turns of the main loop while the same dialog was seen:
 * by the processor's clock, so that other programs do not count.
 */
#include <gtk/gtk.h>
#include <time.h>

#define PERIOD_MS 50
#define TURN_MS   2

void gtk_module_init (int *argc, char ***argv);

static void
append_area (GtkWidget *widget, GString *text)
{
  GdkWindow  *window = gtk_widget_get_window (widget);
  const char *words = atk_object_get_description (gtk_widget_get_accessible (widget));
  int         x, y;

  gdk_window_get_origin (window, &x, &y);
  g_string_append_printf (text, "%s %d %d %d %d %s\n", G_OBJECT_TYPE_NAME (widget), x, y,
                          gtk_widget_get_allocated_width (widget),
                          gtk_widget_get_allocated_height (widget), words ? words : "");
}

static gboolean
is_cut_off (GtkLabel *label)
{
  PangoLayout *layout = gtk_label_get_layout (label);
  int          width, height;

  /* In an expander that is shut there is no room for anything. */
  if (gtk_widget_get_allocated_width (GTK_WIDGET (label)) <= 1)
    return FALSE;
  pango_layout_get_pixel_size (layout, &width, &height);
  return pango_layout_is_ellipsized (layout) ||
         width > gtk_widget_get_allocated_width (GTK_WIDGET (label)) ||
         height > gtk_widget_get_allocated_height (GTK_WIDGET (label));
}

static void
append_lines (GtkTextView *view, GString *text)
{
  GtkTextIter start, end;
  char       *words, **lines;

  gtk_text_buffer_get_bounds (gtk_text_view_get_buffer (view), &start, &end);
  words = gtk_text_iter_get_text (&start, &end);
  lines = g_strsplit (words, "\n", -1);
  for (char **line = lines; *line; line++)
    g_string_append_printf (text, "Log %s\n", *line);
  g_strfreev (lines);
  g_free (words);
}

static void
append_labels (GtkWidget *widget, gpointer data)
{
  GString *text = data;

  if (!gtk_widget_get_mapped (widget))
    return;

  if (GTK_IS_EXPANDER (widget) && g_getenv ("DIFFUSION_EXPAND"))
    gtk_expander_set_expanded (GTK_EXPANDER (widget), TRUE);
  if (GTK_IS_LABEL (widget))
    {
      g_string_append_printf (text, "%s\n", gtk_label_get_text (GTK_LABEL (widget)));
      if (is_cut_off (GTK_LABEL (widget)))
        g_string_append_printf (text, "Cut off: %s\n", gtk_label_get_text (GTK_LABEL (widget)));
    }
  else if (GTK_IS_COMBO_BOX_TEXT (widget))
    {
      char *chosen = gtk_combo_box_text_get_active_text (GTK_COMBO_BOX_TEXT (widget));

      g_string_append_printf (text, "Combo %s\n", chosen);
      g_free (chosen);
    }
  else if (GTK_IS_DRAWING_AREA (widget))
    append_area (widget, text);
  else if (GTK_IS_TEXT_VIEW (widget))
    append_lines (GTK_TEXT_VIEW (widget), text);
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), append_labels, text);
}

static void
append_bars (GtkWidget *widget, gpointer data)
{
  GtkProgressBar *bar = GTK_IS_PROGRESS_BAR (widget) ? GTK_PROGRESS_BAR (widget) : NULL;

  if (bar && gtk_widget_get_mapped (widget))
    g_string_append_printf (data, "Bar %.2f %s\n", gtk_progress_bar_get_fraction (bar),
                            gtk_progress_bar_get_text (bar));
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), append_bars, data);
}

static void
write_dialog (GtkWindow *dialog, const char *text)
{
  const char *role = gtk_window_get_role (dialog);
  char       *path;

  if (role == NULL || g_strcmp0 (text, g_object_get_data (G_OBJECT (dialog), "written")) == 0)
    return;
  path = g_build_filename (g_getenv ("DIFFUSION_LABELS"), role, NULL);
  g_file_set_contents (path, text, -1, NULL);
  g_free (path);
  g_object_set_data_full (G_OBJECT (dialog), "written", g_strdup (text), g_free);
}

static gboolean
write_labels (gpointer data)
{
  char   **written = data;
  GList   *windows = gtk_window_list_toplevels ();
  GString *text = g_string_new (NULL);
  char    *path;

  for (GList *window = windows; window; window = window->next)
    if (GTK_IS_DIALOG (window->data) && gtk_widget_get_mapped (window->data))
      {
        gsize start = text->len;

        g_string_append_printf (text, "%s\n", gtk_window_get_role (window->data));
        append_labels (window->data, text);
        write_dialog (window->data, text->str + start);
      }
    else
      append_bars (window->data, text);
  g_list_free (windows);

  if (g_strcmp0 (text->str, *written) != 0)
    {
      path = g_build_filename (g_getenv ("DIFFUSION_LABELS"), g_get_prgname (), NULL);
      g_file_set_contents (path, text->str, -1, NULL);
      g_free (path);
      g_free (*written);
      *written = g_strdup (text->str);
    }
  g_string_free (text, TRUE);
  return G_SOURCE_CONTINUE;
}

/* The first that is seen; NULL: none. */
static GtkWidget *
seen_dialog (void)
{
  GList     *windows = gtk_window_list_toplevels ();
  GtkWidget *seen = NULL;

  for (GList *window = windows; window; window = window->next)
    if (GTK_IS_DIALOG (window->data) && gtk_widget_get_mapped (window->data))
      seen = window->data;
  g_list_free (windows);
  return seen;
}

static gboolean
watch_work (gpointer data)
{
  static double     last = 0.0, longest = 0.0;
  static GtkWidget *last_seen = NULL;
  GtkWidget        *seen = seen_dialog ();

  struct timespec t;
  double          now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  now = 1e3 * (double) t.tv_sec + 1e-6 * (double) t.tv_nsec;
  if (seen && seen == last_seen && now - last > longest)
    {
      char *name = g_strconcat (g_get_prgname (), ".busy", NULL);
      char *path = g_build_filename (g_getenv ("DIFFUSION_LABELS"), name, NULL);
      char *text = g_strdup_printf ("%.1f\n", longest = now - last);

      g_file_set_contents (path, text, -1, NULL);
      g_free (text);
      g_free (path);
      g_free (name);
    }
  /* Without what writing has cost. */
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  last = 1e3 * (double) t.tv_sec + 1e-6 * (double) t.tv_nsec;
  last_seen = seen;
  return G_SOURCE_CONTINUE;
}

void
gtk_module_init (int *argc, char ***argv)
{
  static char *written;

  if (g_getenv ("DIFFUSION_LABELS"))
    {
      g_timeout_add (PERIOD_MS, write_labels, &written);
      g_timeout_add (TURN_MS, watch_work, NULL);
    }
}
