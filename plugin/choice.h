/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * choice.h: after a run: the user looks at the result, has others, and keeps one or none.
 */
#pragma once

#include "filter-run.h"
#include "job.h"

G_BEGIN_DECLS

/* The one that is kept becomes the result of run->io, its settings *run->task. `asked`: the
 * settings before the run. `view` has a window and a preview, which is that of the run.
 * Errors: G_IO_ERROR_CANCELLED when all are discarded; GIMP_PLUG_IN_ERROR when the drawable
 * went away. */
gboolean choice_run (FilterRun *run, const Task *asked, const JobView *view, GError **error);

G_END_DECLS
