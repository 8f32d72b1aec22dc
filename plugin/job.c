/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * job.c: see job.h.
 *
 * The job's thread only notes how far it is and leaves a note in the main
 * loop; all of GIMP and GTK is called by the main thread.
 */
#include "job.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

/* How often it is looked whether the drawable is still there. */
#define WATCH_MS 300

/* The time left is shown once the run has told something about its speed. */
#define SECONDS_UNTIL_ESTIMATE  1.0
#define FRACTION_UNTIL_ESTIMATE 0.02

typedef struct
{
  JobFunc        func;
  gpointer       data;
  const JobView *view;

  GCancellable *cancel;
  GCancellable *finish;
  GMainLoop    *loop;
  guint         watch_source; /* 0: none */
  gboolean      is_gone;      /* the drawable */

  GMutex   lock; /* of what follows, and of the preview */
  gboolean has_news;
  gboolean has_new_picture;
  int      step;
  int      n_steps;
  double   fraction;
  gint64   started;       /* monotonic microseconds of the first report, 0 before it */
  double   done_at_start; /* fraction in the first report */

  gboolean ok;
  GError  *error;
} Job;

/* --- Main thread ---------------------------------------------------------- */

/* From the speed since the first report; the job's lock is held. */
static double
seconds_left (const Job *job)
{
  double elapsed = (g_get_monotonic_time () - job->started) / 1e6;
  double done = job->fraction - job->done_at_start;

  if (elapsed < SECONDS_UNTIL_ESTIMATE || done < FRACTION_UNTIL_ESTIMATE)
    return -1;

  return elapsed * (1 - job->fraction) / done;
}

static gboolean
show_news (gpointer data)
{
  Job   *job = data;
  int    step, n_steps;
  double fraction, seconds;

  g_mutex_lock (&job->lock);
  job->has_news = FALSE;
  step = job->step;
  n_steps = job->n_steps;
  fraction = job->fraction;
  seconds = seconds_left (job);
  if (job->view->window && job->has_new_picture)
    {
      const Preview *preview = job->view->preview;

      progress_window_set_picture (job->view->window, preview->rgb, preview->width,
                                   preview->height);
      job->has_new_picture = FALSE;
    }
  g_mutex_unlock (&job->lock);

  if (job->view->window)
    {
      progress_window_set_status (job->view->window, NULL);
      progress_window_set_progress (job->view->window, step, n_steps, fraction, seconds);
    }
  if (job->view->tell)
    job->view->tell (job->view->tell_data, fraction);
  gimp_progress_update (job->view->start + job->view->share * fraction);

  return G_SOURCE_REMOVE;
}

/* The user can close the image meanwhile: what is computed then is of no use. */
static gboolean
watch_drawable (gpointer data)
{
  Job *job = data;

  if (gimp_item_is_valid (GIMP_ITEM (job->view->drawable)))
    return G_SOURCE_CONTINUE;

  job->is_gone = TRUE;
  job->watch_source = 0;
  g_cancellable_cancel (job->cancel);
  return G_SOURCE_REMOVE;
}

static gboolean
quit_loop (gpointer data)
{
  Job *job = data;

  g_main_loop_quit (job->loop);
  return G_SOURCE_REMOVE;
}

/* --- Job's thread --------------------------------------------------------- */

static void
report (gpointer data, const DiffusionStep *step)
{
  Job *job = data;

  /* Not with the lock held: the main thread is waited for. */
  if (step->x0)
    canvas_layer_report (job->view->canvas, step);

  g_mutex_lock (&job->lock);

  if (job->started == 0)
    {
      job->started = g_get_monotonic_time ();
      job->done_at_start = step->fraction;
    }
  job->step = step->step;
  job->n_steps = step->n_steps;
  job->fraction = CLAMP (step->fraction, 0, 1);
  if (step->x0 && job->view->preview)
    {
      preview_paste (job->view->preview, step);
      job->has_new_picture = TRUE;
    }

  /* However often core reports, one note at a time waits in the main loop. */
  if (!job->has_news)
    {
      job->has_news = TRUE;
      g_idle_add (show_news, job);
    }

  g_mutex_unlock (&job->lock);
}

static gpointer
work (gpointer data)
{
  Job              *job = data;
  DiffusionProgress progress = {
    .cancel = job->cancel, .finish = job->finish, .report = report, .data = job
  };

  job->ok = job->func (job->data, &progress, &job->error);

  /* Behind the last note of the same priority. */
  g_idle_add (quit_loop, job);
  return NULL;
}

/* --- Window --------------------------------------------------------------- */

static void
cancelled (ProgressWindow *window, Job *job)
{
  g_cancellable_cancel (job->cancel);
}

static void
kept (ProgressWindow *window, Job *job)
{
  g_cancellable_cancel (job->finish);
}

static void
watch_window (Job *job)
{
  ProgressWindow *window = job->view->window;
  const Preview  *preview = job->view->preview;

  progress_window_restart (window);
  progress_window_set_status (window, _ ("Preparing…"));
  if (job->view->seconds > 0)
    progress_window_set_progress (window, 0, 0, 0, job->view->seconds);
  if (preview)
    progress_window_set_picture (window, preview->rgb, preview->width, preview->height);

  g_signal_connect (window, "cancel", G_CALLBACK (cancelled), job);
  g_signal_connect (window, "keep", G_CALLBACK (kept), job);
  gtk_window_present (GTK_WINDOW (window));
}

/* -------------------------------------------------------------------------- */

GError *
job_gone_error_new (void)
{
  return g_error_new_literal (GIMP_PLUG_IN_ERROR, 0,
                              _ ("The layer went away while the filter ran. Nothing was changed."));
}

gboolean
job_run (JobFunc func, gpointer data, const JobView *view, GError **error)
{
  Job      job = { .func = func, .data = data, .view = view };
  GThread *thread;

  g_mutex_init (&job.lock);
  job.cancel = view->cancel ? g_object_ref (view->cancel) : g_cancellable_new ();
  job.finish = g_cancellable_new ();
  job.loop = g_main_loop_new (NULL, FALSE);
  if (view->window)
    watch_window (&job);

  if (view->drawable)
    job.watch_source = g_timeout_add (WATCH_MS, watch_drawable, &job);
  thread = g_thread_new ("diffusion", work, &job);
  g_main_loop_run (job.loop);
  g_thread_join (thread);

  if (job.watch_source)
    g_source_remove (job.watch_source);

  /* A press on Cancel holds, even while the last step is being finished. */
  if (job.ok && g_cancellable_set_error_if_cancelled (job.cancel, &job.error))
    job.ok = FALSE;

  if (job.is_gone)
    {
      g_clear_error (&job.error);
      job.error = job_gone_error_new ();
    }
  if (view->window)
    g_signal_handlers_disconnect_by_data (view->window, &job);
  g_main_loop_unref (job.loop);
  g_object_unref (job.finish);
  g_object_unref (job.cancel);
  g_mutex_clear (&job.lock);

  if (!job.ok)
    g_propagate_error (error, job.error);
  return job.ok;
}
