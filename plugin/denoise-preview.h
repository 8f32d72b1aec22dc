/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-preview.h: computes what the preview of the Denoise dialog shows: the bytes that
 * the run would write, of the part that is seen. Main thread only; the work is done in a
 * thread that is cancelled by the next change.
 */
#pragma once

#include "forecast-line.h"
#include "preview-panel.h"

G_BEGIN_DECLS

typedef struct DenoisePreview DenoisePreview;

/* For a dialog that sets up `config` for the drawable, which has passed drawable_check().
 * The model and its threads are those of `line`, which outlives the preview. */
DenoisePreview *
denoise_preview_new (GimpProcedureConfig *config, GimpDrawable *drawable, ForecastLine *line);

/* Owned by the preview until it is packed. */
PreviewPanel *denoise_preview_get_panel (DenoisePreview *preview);

/* Runs the main loop until the thread has noticed. */
void denoise_preview_free (DenoisePreview *preview);

G_END_DECLS
