/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch.h: the batch procedures: a filter on many files, from scripts and from the menu.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* The run function of the batch procedures; `data` is the TaskKind. Files that
 * fail do not stop the others; the return status tells that there were some. With a run-mode
 * that allows windows there are a dialog and a window, which tells of them instead. */
GimpValueArray *batch_run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data);

G_END_DECLS
