/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare-view.h: a widget that shows a part of a picture pixel by pixel, as it is on
 * one side of a line and as it would become on the other. The line is dragged, or moved
 * by Ctrl and the arrow keys; the picture is dragged, or moved by the arrow keys. Main
 * thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Signals: "moved" (int dx, int dy): the user wants to see what lies by that many pixels
 * further right and down. "resized": there is room for more or fewer pixels. */
#define COMPARE_TYPE_VIEW (compare_view_get_type ())
G_DECLARE_FINAL_TYPE (CompareView, compare_view, COMPARE, VIEW, GtkDrawingArea)

CompareView *compare_view_new (void);

/* The room for the picture, in pixels of the screen; at least 1 × 1. */
void compare_view_get_room (CompareView *view, int *width, int *height);

/* Low screens have no room for more. */
void compare_view_set_natural_height (CompareView *view, int height);

/* width × height pixels of 4 bytes, sRGB and alpha, row by row without padding; copied. */
void compare_view_set_before (CompareView *view, const guchar *rgba, int width, int height);

/* The same for the other side; rgba NULL: none, it shows the picture before as well. */
void compare_view_set_after (CompareView *view, const guchar *rgba, int width, int height);

/* Where that lies in the picture before. */
void compare_view_place_after (CompareView *view, int x, int y);

/* Whether the other side is being computed: what it shows is out of date. */
void compare_view_set_busy (CompareView *view, gboolean is_busy);

/* Where the line is, 0…1 of the width. */
double compare_view_get_split (CompareView *view);

G_END_DECLS
