/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * time-left.h: how long a run will still take, in words.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* "about 40 seconds left". An estimate that is worth a second only near its end is told in
 * coarser units before. Below 0: not known, and no words. Free with g_free(). */
char *time_left_describe (double seconds);

G_END_DECLS
