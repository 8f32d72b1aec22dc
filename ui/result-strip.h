/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * result-strip.h: several results side by side, small, of which one is chosen by a click or
 * by the arrow keys. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Signal: "chosen" (no arguments), when the choice has changed. */
#define RESULT_TYPE_STRIP (result_strip_get_type ())
G_DECLARE_FINAL_TYPE (ResultStrip, result_strip, RESULT, STRIP, GtkGrid)

ResultStrip *result_strip_new (void);

/* Adds a picture, width × height pixels of 3 bytes (sRGB), and chooses it. name: what a
 * screen reader and the tooltip say, as "Seed 7". */
void
result_strip_add (ResultStrip *strip, const guchar *rgb, int width, int height, const char *name);

/* The number of the one chosen, from 0; −1: there is none. */
int result_strip_get_chosen (ResultStrip *strip);

/* Gives the keyboard to the one chosen. */
void result_strip_focus (ResultStrip *strip);

/* Chooses by an arrow key; FALSE: another key. */
gboolean result_strip_key (ResultStrip *strip, const GdkEventKey *event);

G_END_DECLS
