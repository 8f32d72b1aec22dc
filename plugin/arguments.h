/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * arguments.h: the arguments of the procedures, each declared once for the
 * image procedure and the batch procedure of its filter, and their values as a
 * Task.
 */
#pragma once

#include <libgimp/gimp.h>

#include "task.h"

G_BEGIN_DECLS

/* Declares every setting of the filter on its image procedure. */
void arguments_add (GimpProcedure *procedure, TaskKind kind);

/* Declares the files of a batch and every setting but "output". */
void arguments_add_batch (GimpProcedure *procedure, TaskKind kind);

/* The settings in `config`, of an image procedure or a batch procedure. */
void arguments_get_task (GimpProcedureConfig *config, TaskKind kind, Task *task);

/* The value of a file argument, “~” replaced (home-folder.h); NULL where none was
 * given. Free with g_object_unref(). */
GFile *arguments_get_file (GimpProcedureConfig *config, const char *name);

G_END_DECLS
