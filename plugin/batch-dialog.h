/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-dialog.h: the dialog in which a batch is set up: which files, and how.
 */
#pragma once

#include <libgimp/gimp.h>

#include "task.h"

G_BEGIN_DECLS

/* Main thread, interactive runs. gimp_ui_init() has been called. TRUE when the user pressed the
 * run button; then `config` has the arguments. */
gboolean batch_dialog_run (GimpProcedure *procedure, GimpProcedureConfig *config, TaskKind kind);

G_END_DECLS
