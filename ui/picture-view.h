/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * picture-view.h: a widget that shows a small picture, scaled to fit in its own
 * proportions; a checkerboard before there is one. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PICTURE_TYPE_VIEW (picture_view_get_type ())
G_DECLARE_FINAL_TYPE (PictureView, picture_view, PICTURE, VIEW, GtkDrawingArea)

PictureView *picture_view_new (void);

/* width × height pixels of 3 bytes, sRGB, row by row without padding; copied. */
void picture_view_set_picture (PictureView *view, const guchar *rgb, int width, int height);

/* The checkerboard again. */
void picture_view_clear (PictureView *view);

/* However high the picture is. */
void picture_view_set_max_height (PictureView *view, int height);

G_END_DECLS
