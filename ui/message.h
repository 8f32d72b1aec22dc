/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * message.h: says one sentence in a window of its own: why a filter does not run, or what
 * else the user has to know. GIMP would put a warning sign or "Calling error" before it. Main thread only.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Until the user closes it. */
void message_show (const char *title, const char *sentence);

G_END_DECLS
