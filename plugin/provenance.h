/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * provenance.h: how a drawable came about, kept with it: the parasite
 * "diffusion-provenance", persistent and undoable, a JSON array with one
 * object a run, newest last.
 */
#pragma once

#include <libgimp/gimp.h>

#include "task.h"

G_BEGIN_DECLS

#define PROVENANCE_PARASITE "diffusion-provenance"

/* What is kept of a run: the procedure, the settings in force, the version of
 * the plug-in and the SHA-256 of the model, a dictionary "a{sv}". Free with
 * g_variant_unref(). */
GVariant *provenance_new_run (const char *procedure, const Task *task, const char *model_sha256);

/* Attaches the runs of `origin` (which may be `target` itself) and `run` to
 * `target`. What the parasite holds that is no such array is dropped. */
void provenance_attach (GimpItem *target, GimpItem *origin, GVariant *run);

G_END_DECLS
