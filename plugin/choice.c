/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * choice.c: see choice.h.
 */
#include "choice.h"

#include <glib/gi18n-lib.h>

#include "candidates.h"
#include "message.h"

/* How often it is looked whether the drawable is still there. */
#define WATCH_MS 300

/* Shows one more result in the window. */
static void
add_candidate (Candidates *candidates, const FilterRun *run, ProgressWindow *window)
{
  /* Translators: the seed of a result, as "Seed 7". */
  char *name = g_strdup_printf (_ ("Seed %u"), task_get_seed (run->task));

  candidates_add (candidates, run->io, run->task);
  progress_window_add_result (window, run->preview->result, run->preview->width,
                              run->preview->height, name);
  g_free (name);
}

typedef struct
{
  ProgressWindow *window;
  GimpDrawable   *drawable;
  gboolean        is_gone;
} ChoiceWatch;

static gboolean
watch_choice (gpointer data)
{
  ChoiceWatch *watch = data;

  if (!watch->is_gone && !gimp_item_is_valid (GIMP_ITEM (watch->drawable)))
    {
      watch->is_gone = TRUE;
      progress_window_dismiss (watch->window);
    }
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  CanvasLayer *canvas;
  Candidates  *candidates;
  int          last; /* that the canvas shows; -1: none */
} OnCanvas;

/* The canvas shows what the window shows. */
static void
shown (ProgressWindow *window, int i, OnCanvas *on)
{
  /* The window tells of a new result more than once. */
  if (i == on->last)
    return;
  on->last = i;
  if (i < 0)
    canvas_layer_clear (on->canvas);
  else
    canvas_layer_set_result (on->canvas, on->candidates->list[i].result);
}

gboolean
choice_run (FilterRun *run, const Task *asked, const JobView *view, GError **error)
{
  ProgressWindow *window = view->window;
  Candidates      candidates = { 0 };
  Task           *kept = run->task, next = *asked;
  GError         *failure = NULL;
  gboolean        is_kept = FALSE, is_discarded = FALSE;
  ChoiceWatch     watch = { window, run->io->drawable, FALSE };
  guint           source = g_timeout_add (WATCH_MS, watch_choice, &watch);
  OnCanvas        on = { run->canvas, &candidates, -1 };
  gulong          handler = g_signal_connect (window, "shown", G_CALLBACK (shown), &on);

  progress_window_set_original (window, run->preview->original, run->preview->width,
                                run->preview->height);
  add_candidate (&candidates, run, window);
  filter_run_begin_progress (_ ("Waiting for a result to be kept or discarded"));
  while (!is_kept && !is_discarded)
    switch (progress_window_choose (window, candidates.n < CANDIDATES_MAX))
      {
      case PROGRESS_CHOICE_KEEP:
        candidates_take (&candidates, progress_window_get_chosen (window), run->io, kept);
        is_kept = TRUE;
        break;

      case PROGRESS_CHOICE_ANOTHER:
        task_set_seed (&next, (task_get_seed (kept) + (guint32) candidates.n) & G_MAXINT32);
        run->task = &next;
        preview_restart (run->preview);
        canvas_layer_clear (run->canvas);
        on.last = -1;
        filter_run_begin_progress (filter_run_text (kept->kind));
        if (!job_run (filter_run_job, run, view, &failure))
          {
            if (!watch.is_gone && !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
              message_show (filter_run_title (kept->kind), failure->message);
            is_discarded = watch.is_gone;
            g_clear_error (&failure);
          }
        else if (next.stopped)
          {
            *kept = next;
            is_kept = TRUE;
          }
        else
          add_candidate (&candidates, run, window);
        next = *asked;
        run->task = kept;
        filter_run_begin_progress (_ ("Waiting for a result to be kept or discarded"));
        break;

      default:
        is_discarded = TRUE;
        break;
      }
  g_signal_handler_disconnect (window, handler);
  canvas_layer_clear (run->canvas);
  candidates_clear (&candidates);
  g_source_remove (source);

  if (watch.is_gone)
    g_propagate_error (error, job_gone_error_new ());
  else if (is_discarded)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  return is_kept && !watch.is_gone;
}
