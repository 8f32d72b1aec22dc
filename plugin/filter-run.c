/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter-run.c: see filter-run.h.
 */
#include "filter-run.h"

#include <glib/gi18n-lib.h>

gboolean
filter_run_job (gpointer data, const DiffusionProgress *progress, GError **error)
{
  FilterRun    *run = data;
  Session      *session = run->session;
  DiffusionRect region = drawable_io_get_region (run->io);
  DiffusionWork work;
  gint64        start;

  if (!session_load (session, progress, error))
    return FALSE;

  work = diffusion_model_get_work (session->model);
  start = g_get_monotonic_time ();
  if (!task_run (run->task, session->model, session->workers, &run->io->source, &run->io->sink,
                 &region, progress, error))
    return FALSE;

  session_note_work (session, &work, (g_get_monotonic_time () - start) / 1e6);
  run->task->stopped = g_cancellable_is_cancelled (progress->finish);
  if (run->preview)
    preview_draw_result (run->preview, run->io);
  return TRUE;
}

const char *
filter_run_title (TaskKind kind)
{
  return kind == TASK_INPAINT ? _ ("Inpaint Selection") : _ ("Denoise");
}

/* A bar that is there already would keep its fraction when it gets a new
 * text, and libgimp drops an update that follows another too soon. So the old bar ends first. */
void
filter_run_begin_progress (const char *text)
{
  gimp_progress_end ();
  gimp_progress_init (text);
}

const char *
filter_run_text (TaskKind kind)
{
  return kind == TASK_INPAINT ? _ ("Inpainting") : _ ("Denoising");
}
