/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * guard.h: a process that outlives the runs. A run that is killed cannot take away the layer by
 * which it shows its result on the canvas (canvas-layer.h); the guard does it then.
 *
 * GIMP starts plug-in-diffusion-guard with itself, where it has windows, and ends it with itself.
 * It sleeps until a run asks it to watch. Not on Windows: nothing is shown on the canvas there.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

GimpProcedure *guard_procedure_new (GimpPlugIn *plug_in, const char *name);

/* Asks the guard to take the layer away when this process is gone; it forgets the layer of
 * the time before. FALSE: there is no guard. Main thread. */
gboolean guard_watch (GimpLayer *layer);

G_END_DECLS
