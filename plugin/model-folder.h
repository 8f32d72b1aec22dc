/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-folder.h: which model folder a run takes.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* The folder in `argument`; when it is NULL the bundled model: "model" beside the
 * plug-in, which is where it was installed, or in the user's plug-ins folder.
 * Errors: GIMP_PLUG_IN_ERROR with the cure, when there is no such folder. What
 * lies in it is checked when it is loaded. Free with g_free(). */
char *model_folder_find (GFile *argument, GError **error);

G_END_DECLS
