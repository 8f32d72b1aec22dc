/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast-line.h: the line of a dialog that tells what a run with the present
 * settings will take, and what the last one took. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>
#include <libgimp/gimp.h>

#include "cost-line.h"
#include "session.h"
#include "task.h"

G_BEGIN_DECLS

typedef struct ForecastLine ForecastLine;

/* For a dialog that sets up `config` for the drawable, which has passed
 * drawable_check(). Where this machine's speed with the model is not known it is
 * measured meanwhile, in a thread. */
ForecastLine *forecast_line_new (GimpProcedureConfig *config,
                                 const char          *procedure_name,
                                 TaskKind             kind,
                                 GimpDrawable        *drawable);

/* Owned by the line until it is packed. */
CostLine *forecast_line_get_widget (ForecastLine *line);

/* The session of the model that is chosen, for a preview; NULL without one, and while it is
 * being measured. A preview holds session->use. */
Session *forecast_line_get_session (ForecastLine *line);

/* Tells it anew: something that was not known has become so. */
void forecast_line_refresh (ForecastLine *line);

/* Waits for the measuring to end. Returns the session of the model that was chosen
 * last, so that a model which has been loaded is not loaded again; NULL without one. */
Session *forecast_line_free (ForecastLine *line);

G_END_DECLS
