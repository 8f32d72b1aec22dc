/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preview-panel.h: the preview of a dialog: the picture before and after, a check to do
 * without, and a line that tells how much noise was measured or what went wrong. It shows
 * and never computes. Main thread only.
 */
#pragma once

#include "compare-view.h"

G_BEGIN_DECLS

/* Property "active": whether the user wants the preview. Signal "measured" (double σ). */
#define PREVIEW_TYPE_PANEL (preview_panel_get_type ())
G_DECLARE_FINAL_TYPE (PreviewPanel, preview_panel, PREVIEW, PANEL, GtkBox)

PreviewPanel *preview_panel_new (void);

CompareView *preview_panel_get_view (PreviewPanel *panel);
gboolean     preview_panel_is_active (PreviewPanel *panel);

/* The noise of the picture, σ in 8-bit levels: shown, and told by the signal. */
void preview_panel_set_measured (PreviewPanel *panel, double sigma);

/* A sentence in place of that; NULL: that again. */
void preview_panel_set_message (PreviewPanel *panel, const char *text);

/* How noise of this standard deviation looks, in a word. */
const char *preview_panel_describe_noise (double sigma);

G_END_DECLS
