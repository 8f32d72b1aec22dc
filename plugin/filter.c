/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.c: see filter.h.
 */
#include "filter.h"

#include <stdlib.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

#include "arguments.h"
#include "drawable-check.h"
#include "drawable-commit.h"
#include "forecast-line.h"
#include "forecast.h"
#include "model-folder.h"
#include "model-list.h"
#include "provenance.h"
#include "settings-dialog.h"

/* --- One drawable --------------------------------------------------------- */

typedef struct
{
  Session    *session;
  Task       *task;
  DrawableIo *io;
  gboolean    stopped; /* before its end, by the user */
} Run;

/* JobFunc, in the job's thread. */
static gboolean
run_task (gpointer data, const DiffusionProgress *progress, GError **error)
{
  Run          *run = data;
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
  run->stopped = g_cancellable_is_cancelled (progress->finish);
  return TRUE;
}

static const char *
layer_name (TaskKind kind)
{
  return kind == TASK_INPAINT ? _ ("Inpainted") : _ ("Denoised");
}

/* What the run will take; refuses it when the memory is not there. */
static gboolean
foretell (Session       *session,
          GimpDrawable  *drawable,
          const Task    *task,
          const JobView *view,
          Forecast      *forecast,
          GError       **error)
{
  const JobView   unseen = { .share = 0 };
  ForecastSource *source = forecast_source_new (drawable, task->kind);
  gboolean        ok;

  ok = forecast_make (session, source, task, forecast, error) && forecast_check (forecast, error);

  /* The first run on this machine has to measure its speed. In a window it does so
   * before the user's eyes. */
  if (ok && forecast->seconds < 0 && !view->window_title)
    ok = job_run (session_load, session, &unseen, error) &&
         forecast_make (session, source, task, forecast, error);

  forecast_source_free (source);
  return ok;
}

/* For scripts. Not translated, as it may be read by one. */
static void
print_line (const char *what, double seconds, guint64 bytes)
{
  char *text = forecast_describe_plainly (seconds, bytes);

  g_print ("gimp-diffusion: %s %s\n", what, text);
  g_free (text);
}

gboolean
filter_apply (Session       *session,
              GimpDrawable  *drawable,
              Task          *task,
              const char    *procedure_name,
              const JobView *view,
              GError       **error)
{
  Run       run = { .session = session, .task = task };
  JobView   own_view = *view;
  Forecast  forecast;
  GVariant *record;
  gboolean  ok;
  gint64    start;

  /* On its way through floats a picture loses bits. */
  if (task_changes_nothing (task))
    return TRUE;

  if (task->kind == TASK_INPAINT &&
      !drawable_check_surroundings (drawable, task->inpaint.strength, error))
    return FALSE;

  if (!foretell (session, drawable, task, view, &forecast, error))
    return FALSE;
  if (!view->window_title)
    print_line ("expects", forecast.seconds, forecast.bytes);
  own_view.seconds = forecast.seconds;
  start = g_get_monotonic_time ();

  run.io = drawable_io_new (drawable, task->kind, error);
  if (run.io == NULL)
    return FALSE;
  if (task->source > 0 && !drawable_io_set_allowed (run.io, task->source, error))
    {
      drawable_io_free (run.io);
      return FALSE;
    }

  if (view->window_title && !(own_view.preview = preview_new (run.io, error)))
    {
      drawable_io_free (run.io);
      return FALSE;
    }

  ok = job_run (run_task, &run, &own_view, error);
  preview_free (own_view.preview);

  if (ok)
    {
      record =
        provenance_new_run (procedure_name, task, diffusion_model_get_sha256 (session->model));
      ok = drawable_commit (run.io, task->output, layer_name (task->kind), record, error);
      g_variant_unref (record);
    }

  drawable_io_free (run.io);

  if (ok && !run.stopped)
    {
      double  seconds = (g_get_monotonic_time () - start) / 1e6;
      guint64 bytes = diffusion_memory_peak ();

      if (!view->window_title)
        print_line ("took", seconds, bytes);
      forecast_note_truth (session, procedure_name, &forecast, seconds, bytes);
    }
  return ok;
}

/* --- Image procedures ----------------------------------------------------- */

void
filter_init_gegl (void)
{
  gegl_init (NULL, NULL);
  g_object_set (gegl_config (), "tile-cache-size", GEGL_CACHE_BYTES, NULL);

  /* Deletes the swap file, and tells of buffers that were not freed. */
  atexit (gegl_exit);
}

/* `session`: of the model that the dialog was left with, or NULL. */
static gboolean
ask_for_settings (GimpProcedure       *procedure,
                  GimpProcedureConfig *config,
                  TaskKind             kind,
                  GimpDrawable        *drawable,
                  Session            **session)
{
  ForecastLine *line =
    forecast_line_new (config, gimp_procedure_get_name (procedure), kind, drawable);
  GPtrArray *models = model_list_new ();
  gboolean   accepted;

  if (kind == TASK_INPAINT)
    accepted =
      settings_dialog_run_inpaint (procedure, config, models, forecast_line_get_widget (line));
  else
    accepted =
      settings_dialog_run_denoise (procedure, config, models, forecast_line_get_widget (line));

  *session = forecast_line_free (line);
  g_ptr_array_unref (models);
  return accepted;
}

/* The session for the model in `folder`, which is taken over: `session`, if it has that
 * model; else that is freed. */
static Session *
take_engine (Session *session, char *folder)
{
  if (session && g_str_equal (session->folder, folder))
    {
      g_free (folder);
      return session;
    }
  session_free (session);
  return session_new (folder);
}

/* What a script can rely on seeing: with names that GIMP accepted and values
 * that were used in place of 0. */
static void
print_settings (GimpProcedure *procedure, const Task *task, const Session *session)
{
  char *settings = task_describe (task), *found = task_describe_found (task);

  g_print ("%s: %s, model %s\n", gimp_procedure_get_name (procedure), settings, session->folder);
  if (found)
    g_print ("gimp-diffusion: %s\n", found);
  g_free (found);
  g_free (settings);
}

static GimpValueArray *
return_error (GimpProcedure *procedure, GimpPDBStatusType status, GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_clear_error (&error);
      status = GIMP_PDB_CANCEL;
    }

  return gimp_procedure_new_return_values (procedure, status, error);
}

GimpValueArray *
filter_run (GimpProcedure       *procedure,
            GimpRunMode          run_mode,
            GimpImage           *image,
            GimpDrawable       **drawables,
            GimpProcedureConfig *config,
            gpointer             data)
{
  TaskKind      kind = GPOINTER_TO_INT (data);
  Task          task;
  GFile        *model;
  GimpDrawable *drawable;
  Session      *session = NULL;
  char         *folder;
  JobView       view = { .start = 0, .share = 1 };
  GError       *error = NULL;
  gboolean      has_window;
  gboolean      ok;

  filter_init_gegl ();
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);

  /* GIMP without windows hands on any mode; GTK would end the process there. */
  has_window = run_mode != GIMP_RUN_NONINTERACTIVE && gimp_display_name () != NULL;
  if (run_mode == GIMP_RUN_INTERACTIVE && !has_window)
    {
      g_set_error_literal (&error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("GIMP runs without windows here: run the filter with "
                              "RUN-NONINTERACTIVE and its settings as arguments."));
      return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);
    }

  if (run_mode == GIMP_RUN_INTERACTIVE)
    {
      /* Before the user fills in a dialog for nothing. */
      drawable = drawable_check (image, drawables, kind, OUTPUT_IN_PLACE, &error);
      if (drawable == NULL)
        return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);

      gimp_ui_init ("gimp-diffusion");
      if (!ask_for_settings (procedure, config, kind, drawable, &session))
        {
          session_free (session);
          return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
        }
    }
  else if (has_window)
    gimp_ui_init ("gimp-diffusion");

  arguments_get_task (config, kind, &task);
  drawable = drawable_check (image, drawables, kind, task.output, &error);
  if (drawable == NULL)
    {
      session_free (session);
      return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);
    }

  model = arguments_get_file (config, "model");
  folder = model_folder_find (model, &error);
  g_clear_object (&model);
  if (folder == NULL)
    {
      session_free (session);
      return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);
    }

  if (has_window)
    {
      view.window_title = kind == TASK_INPAINT ? _ ("Inpaint Selection") : _ ("Denoise");
      view.can_keep = task_has_steps (&task);
    }
  gimp_progress_init (kind == TASK_INPAINT ? _ ("Inpainting") : _ ("Denoising"));

  session = take_engine (session, folder);
  ok = filter_apply (session, drawable, &task, gimp_procedure_get_name (procedure), &view, &error);
  if (ok && !has_window)
    print_settings (procedure, &task, session);
  session_free (session);

  if (!ok)
    return return_error (procedure, GIMP_PDB_EXECUTION_ERROR, error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}
