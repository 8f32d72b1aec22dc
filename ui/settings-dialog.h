/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-dialog.h: the dialogs in which the user sets up a run, on
 * GimpProcedureDialog. Main thread only, interactive runs only.
 */
#pragma once

#include <gtk/gtk.h>
#include <libgimp/gimp.h>

#include "cost-line.h"
#include "picture-view.h"
#include "preview-panel.h"

G_BEGIN_DECLS

/* Show the dialog of the procedure, with its present values in `config`; TRUE
 * when the user pressed the run button. gimp_ui_init() has been called. models: of
 * ModelCard (model-chooser.h). cost: what tells the run's cost, shown below the
 * settings; preview, picture: shown above them; source: the widget of that argument. */
gboolean settings_dialog_run_inpaint (GimpProcedure       *procedure,
                                      GimpProcedureConfig *config,
                                      GPtrArray           *models,
                                      CostLine            *cost,
                                      PictureView         *picture,
                                      GtkWidget           *source);
gboolean settings_dialog_run_denoise (GimpProcedure       *procedure,
                                      GimpProcedureConfig *config,
                                      GPtrArray           *models,
                                      CostLine            *cost,
                                      PreviewPanel        *preview);

/* The same for many files, which `config` has the pattern of. */
gboolean settings_dialog_run_inpaint_files (GimpProcedure       *procedure,
                                            GimpProcedureConfig *config,
                                            GPtrArray           *models,
                                            CostLine            *cost);
gboolean settings_dialog_run_denoise_files (GimpProcedure       *procedure,
                                            GimpProcedureConfig *config,
                                            GPtrArray           *models,
                                            CostLine            *cost);

G_END_DECLS
