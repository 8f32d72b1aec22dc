/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * canvas-layer.h: the result on the canvas while it forms and while the user chooses: a layer
 * right above the one that is worked on, which is taken away before anything is written.
 *
 * What is promised. The layer is in the image only while the window of the run has the focus:
 * the user who turns to GIMP works on the image as it is, and what they do, undo and save knows
 * nothing of the layer. It has no undo step, an image that counted as saved still does, and the
 * layers that were chosen stay chosen. It goes when the run ends, however it ends (guard.h).
 *
 * What is not: the layer goes within some hundredths of a second, later while GIMP is busy, so a
 * first click may be quicker, and then has no undo step. GIMP counts the image as changed since it
 * was last exported. What works on it without the focus (another plug-in, a script, a second run
 * whose window comes to the front) meets the layer, or makes the image count as changed.
 *
 * Nothing is shown on masks and channels, where a layer above would not look like the result
 * (new_layer_is_plain()), and where no guard answers.
 */
#pragma once

#include <gtk/gtk.h>

#include "drawable-io.h"

G_BEGIN_DECLS

typedef struct CanvasLayer CanvasLayer;

/* For a run on `io`, which must live as long, in `window`; name: of the layer. NULL where nothing
 * can be shown, which all functions take. Main thread, as all but one. */
CanvasLayer *canvas_layer_new (const DrawableIo *io, GtkWindow *window, const char *name);
void         canvas_layer_free (CanvasLayer *canvas);

/* Shows step->x0 of its window. In the job's thread, which waits meanwhile: see canvas-layer.c. */
void canvas_layer_report (CanvasLayer *canvas, const DiffusionStep *step);

/* Shows this result of `io`. No job may be running, here and in what follows. */
void canvas_layer_set_result (CanvasLayer *canvas, GeglBuffer *result);

/* Shows the image as it is, until there is something new to show. */
void canvas_layer_clear (CanvasLayer *canvas);

/* Takes such a layer, of any run, out of its image. */
void canvas_layer_take_away (GimpLayer *layer);

G_END_DECLS
