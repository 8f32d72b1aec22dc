/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * labels.c: a GTK module (GTK_MODULES) by which tests read windows: what the labels of
 * a program's dialogs say is written to the file DIFFUSION_LABELS/PROGRAM whenever it
 * changes: for each dialog that is seen its role, then each label, a line each.
 */
#include <gtk/gtk.h>

#define PERIOD_MS 50

void gtk_module_init (int *argc, char ***argv);

static void
append_labels (GtkWidget *widget, gpointer data)
{
  GString *text = data;

  if (!gtk_widget_get_mapped (widget))
    return;

  if (GTK_IS_LABEL (widget))
    g_string_append_printf (text, "%s\n", gtk_label_get_text (GTK_LABEL (widget)));
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), append_labels, text);
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
        g_string_append_printf (text, "%s\n", gtk_window_get_role (window->data));
        append_labels (window->data, text);
      }
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

void
gtk_module_init (int *argc, char ***argv)
{
  static char *written;

  if (g_getenv ("DIFFUSION_LABELS"))
    g_timeout_add (PERIOD_MS, write_labels, &written);
}
