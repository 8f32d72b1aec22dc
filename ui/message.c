/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * message.c: see message.h.
 */
#include "message.h"

#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

void
message_show (const char *title, const char *sentence)
{
  GtkWidget *dialog = gtk_message_dialog_new (NULL, GTK_DIALOG_MODAL, GTK_MESSAGE_INFO,
                                              GTK_BUTTONS_CLOSE, "%s", sentence);

  gtk_window_set_title (GTK_WINDOW (dialog), title);
  gtk_window_set_role (GTK_WINDOW (dialog), "gimp-diffusion-message");
  if (gimp_get_plug_in ())
    gimp_window_set_transient (GTK_WINDOW (dialog));

  gtk_dialog_run (GTK_DIALOG (dialog));
  gtk_widget_destroy (dialog);
}
