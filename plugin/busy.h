/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * busy.h: one run at a time on a drawable, across the processes of this plug-in: a mark on the
 * drawable that is neither saved nor part of the undo steps. Main thread only.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* FALSE and a sentence where another run is at work on the drawable. */
gboolean busy_begin (GimpDrawable *drawable, GError **error);
void     busy_end (GimpDrawable *drawable);

G_END_DECLS
