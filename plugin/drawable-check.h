/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-check.h: what the filters refuse, in words. GIMP checks none of it
 * for calls from scripts, and finding out after the computation would lose the
 * user's minutes: it is checked before any work.
 */
#pragma once

#include <libgimp/gimp.h>

#include "task.h"

G_BEGIN_DECLS

/* Finds the one drawable of the NULL-terminated list that the filter can work
 * on now. NULL and a sentence that names the cure when there is none. Errors:
 * GIMP_PLUG_IN_ERROR. */
GimpDrawable *drawable_check (GimpImage     *image,
                              GimpDrawable **drawables,
                              TaskKind       kind,
                              TaskOutput     output,
                              GError       **error);

G_END_DECLS
