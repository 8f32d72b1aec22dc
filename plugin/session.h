/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session.h: a model, the threads that run it, and how fast they are here.
 */
#pragma once

#include "diffusion.h"
#include "speed-file.h"

G_BEGIN_DECLS

typedef struct
{
  char             *folder;
  DiffusionModel   *metadata; /* NULL until it is asked for */
  DiffusionModel   *model;    /* NULL until it is loaded */
  DiffusionWorkers *workers;
  int               n_threads;
  guint64           base_bytes; /* what this process held before it had a model */

  char *speed_path, *machine; /* see speed-file.h */
  Speed speed;                /* all 0: not known yet */

  GMutex use;    /* held by the thread that runs the model */
  int    n_refs; /* atomic */
} Session;

/* `model_folder` is taken over. Nothing is loaded yet. */
Session *session_new (char *model_folder);

/* Who has asked for a reference frees the session as well: the last one ends it. */
Session *session_ref (Session *session);
void     session_free (Session *session);

/* What is known of the model before it is loaded, its speed here included. Owned by
 * the session. */
const DiffusionModel *session_get_metadata (Session *session, GError **error);

/* A JobFunc with an Session as its data: loads the model and measures its speed,
 * unless that is done. */
gboolean session_load (gpointer session, const DiffusionProgress *progress, GError **error);

/* Notes what the model has done since `before` (diffusion_model_get_work()) in that time. */
void session_note_work (Session *session, const DiffusionWork *before, double seconds);

G_END_DECLS
