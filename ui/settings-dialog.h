/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings-dialog.h: the dialogs in which the user sets up a run, on
 * GimpProcedureDialog. Main thread only, interactive runs only.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* Show the dialog of the procedure, with its present values in `config`; TRUE
 * when the user pressed the run button. gimp_ui_init() has been called. */
gboolean settings_dialog_run_inpaint (GimpProcedure *procedure, GimpProcedureConfig *config);
gboolean settings_dialog_run_denoise (GimpProcedure *procedure, GimpProcedureConfig *config);

G_END_DECLS
