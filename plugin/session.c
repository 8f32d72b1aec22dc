/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session.c: see session.h.
 */
#include "session.h"

#include <libgimp/gimp.h>

Session *
session_new (char *model_folder)
{
  Session *session = g_new0 (Session, 1);

  session->folder = model_folder;
  session->n_refs = 1;
  g_mutex_init (&session->use);
  session->n_threads = gimp_get_num_processors ();
  session->workers = diffusion_workers_new (session->n_threads);
  session->base_bytes = diffusion_memory_used ();
  session->machine = speed_file_machine (session->n_threads);
  session->speed_path = g_build_filename (gimp_directory (), "gimp-diffusion", "speed.ini", NULL);
  return session;
}

Session *
session_ref (Session *session)
{
  g_atomic_int_inc (&session->n_refs);
  return session;
}

void
session_free (Session *session)
{
  if (session == NULL || !g_atomic_int_dec_and_test (&session->n_refs))
    return;

  g_mutex_clear (&session->use);

  g_clear_pointer (&session->model, diffusion_model_free);
  g_clear_pointer (&session->metadata, diffusion_model_free);
  g_clear_pointer (&session->workers, diffusion_workers_free);
  g_free (session->speed_path);
  g_free (session->machine);
  g_free (session->folder);
  g_free (session);
}

/* Models with as many parameters are taken to be of one kind. */
static char *
model_key (const DiffusionModel *model)
{
  DiffusionModelInfo info;

  diffusion_model_get_info (model, &info);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, info.n_parameters);
}

static void
write_speed (const Session *session)
{
  char *key = model_key (session->metadata);

  speed_file_set (session->speed_path, session->machine, key, &session->speed);
  g_free (key);
}

const DiffusionModel *
session_get_metadata (Session *session, GError **error)
{
  if (session->metadata == NULL)
    {
      session->metadata = diffusion_model_load_metadata (session->folder, error);
      if (session->metadata)
        {
          char *key = model_key (session->metadata);

          speed_file_get (session->speed_path, session->machine, key, &session->speed);
          g_free (key);
        }
    }

  return session->metadata;
}

gboolean
session_load (gpointer data, const DiffusionProgress *progress, GError **error)
{
  Session       *session = data;
  gint64         start = g_get_monotonic_time ();
  DiffusionSpeed speed;

  if (session->model == NULL)
    {
      if (session_get_metadata (session, error) == NULL ||
          (session->model = diffusion_model_load (session->folder, error)) == NULL)
        return FALSE;
      session->speed.loading = (g_get_monotonic_time () - start) / 1e6;
    }
  if (session->speed.speed > 0)
    return TRUE;

  if (!diffusion_model_measure (session->model, session->workers, &speed, progress->cancel, error))
    return FALSE;

  session->speed.speed = speed.macs;
  session->speed.evaluation = speed.evaluation;
  write_speed (session);
  return TRUE;
}

void
session_note_work (Session *session, const DiffusionWork *before, double seconds)
{
  DiffusionWork after = diffusion_model_get_work (session->model);

  speed_learn (&session->speed, after.macs - before->macs,
               (double) (after.n_evaluations - before->n_evaluations), seconds);
  write_speed (session);
}
