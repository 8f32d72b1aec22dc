/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost-line.h: the line of a dialog that tells what a run takes, or in a bar why there can
 * be none. It shows and never computes. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Property "usable": FALSE while there can be no run. */
#define COST_TYPE_LINE (cost_line_get_type ())
G_DECLARE_FINAL_TYPE (CostLine, cost_line, COST, LINE, GtkBox)

CostLine *cost_line_new (void);

void cost_line_set_text (CostLine *line, const char *text);

/* A sentence with the cure. */
void cost_line_refuse (CostLine *line, const char *sentence);

gboolean cost_line_is_usable (CostLine *line);

G_END_DECLS
