/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * files-rows.h: the rows of a dialog that say which files are worked on and where the results
 * go. Main thread only.
 */
#pragma once

#include "settings-grid.h"

G_BEGIN_DECLS

/* Bound in both directions to the properties of `config`, which outlives the grid: "pattern"
 * (a folder, and the names in it), "mask-suffix" where there is one, "output-folder" and
 * "overwrite". names: as "*.jpg", where no pattern is known. */
void files_rows_add (SettingsGrid *grid, GObject *config, const char *names);

G_END_DECLS
