/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-list.h: the models that the dialogs offer: the bundled one, and the
 * folders that the user has put into gimp-diffusion/models in GIMP's own folder.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of ModelCard * (ui/model-chooser.h), the bundled model's first, the others by name.
 * Only headers and the first lines of descriptions are read; a model that cannot be
 * used is listed with the reason. Free with g_ptr_array_unref(). */
GPtrArray *model_list_new (void);

/* The card's text for a folder: what its README.md or MODEL.md says first, its
 * parameters, its need of memory and its licence. Free with g_free(). */
char *model_list_describe (const char *folder);

G_END_DECLS
