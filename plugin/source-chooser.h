/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source-chooser.h: from where a filling may be copied, as a list: anywhere, or where a channel
 * of the image or the mask of the layer is white. What the image has is looked up again and
 * again, as a channel is made while the dialog is open. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>
#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* Bound to "source" of config in both directions. It begins with the last one, where the
 * drawable's image has it. */
GtkWidget *source_chooser_new (GimpProcedureConfig *config, GimpDrawable *drawable);

/* GIMP keeps no drawable among the last values of a filter, so the name of the channel is kept in
 * "source-name". remember: after a dialog. Repeats take it from there; errors: the image has no
 * channel of that name. */
void     source_remember (GimpProcedureConfig *config);
gboolean source_recall (GimpProcedureConfig *config, GimpImage *image, GError **error);

G_END_DECLS
