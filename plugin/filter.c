/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.c: see filter.h.
 */
#include "filter.h"

#include <stdlib.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

#include "arguments.h"
#include "busy.h"
#include "choice.h"
#include "denoise-preview.h"
#include "drawable-check.h"
#include "drawable-commit.h"
#include "filter-run.h"
#include "forecast-line.h"
#include "forecast.h"
#include "hole-picture.h"
#include "message.h"
#include "model-folder.h"
#include "model-list.h"
#include "provenance.h"
#include "settings-dialog.h"
#include "source-chooser.h"
#include "hole-surroundings.h"

/* Pixels: a selection drawn around something leaves a rim of it. */
#define DIALOG_GROW 2

/* --- One drawable --------------------------------------------------------- */

/* Free with g_free(). */
static char *
layer_name (const Task *task)
{
  if (task->kind == TASK_DENOISE)
    return g_strdup (_ ("Denoised"));

  /* Translators: the name of a layer, as "Inpainted (seed 7)". */
  return g_strdup_printf (_ ("Inpainted (seed %u)"), task_get_seed (task));
}

/* What the run will take; refuses it when the memory is not there. */
static gboolean
foretell (Session          *session,
          const DrawableIo *io,
          const Task       *task,
          const JobView    *view,
          Forecast         *forecast,
          GError          **error)
{
  const JobView   unseen = { .share = 0 };
  ForecastSource *source = forecast_source_new_from_io (io);
  gboolean        ok;

  ok = forecast_make (session, source, task, forecast, error) && forecast_check (forecast, error);

  /* The first run on this machine has to measure its speed. In a window it does so
   * before the user's eyes. */
  if (ok && forecast->seconds < 0 && !view->window)
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

/* `asks`: the user chooses among results. *is_beside: see drawable_commit(). */
static gboolean
apply (Session       *session,
       GimpDrawable  *drawable,
       Task          *task,
       const char    *procedure_name,
       const JobView *view,
       gboolean       asks,
       gboolean      *is_beside,
       GError       **error)
{
  FilterRun run = { .session = session, .task = task };
  JobView   own_view = *view;
  Task      asked = *task;
  Forecast  forecast;
  GVariant *record;
  char     *name;
  gboolean  ok;
  gint64    start;
  double    seconds;

  *is_beside = FALSE;
  /* On its way through floats a picture loses bits. */
  if (task_changes_nothing (task))
    return TRUE;

  start = g_get_monotonic_time ();
  run.io = drawable_io_new (drawable, task, error);
  if (run.io == NULL)
    return FALSE;

  if ((task->kind == TASK_INPAINT &&
       !hole_surroundings_check (run.io, task->inpaint.strength, error)) ||
      (task->source > 0 && !drawable_io_set_allowed (run.io, task->source, error)) ||
      !foretell (session, run.io, task, view, &forecast, error) ||
      (view->window && !(own_view.preview = preview_new (run.io, error))))
    {
      drawable_io_free (run.io);
      return FALSE;
    }
  if (!view->window)
    print_line ("expects", forecast.seconds, forecast.bytes);
  own_view.seconds = forecast.seconds;
  own_view.drawable = view->window ? drawable : NULL;
  asks = asks && task_draws_noise (task);
  if (asks)
    run.preview = own_view.preview;
  if (view->window)
    {
      name = layer_name (task);
      own_view.canvas = run.canvas = canvas_layer_new (run.io, GTK_WINDOW (view->window), name);
      g_free (name);
    }

  ok = job_run (filter_run_job, &run, &own_view, error);
  seconds = (g_get_monotonic_time () - start) / 1e6;
  if (ok && asks && !task->stopped)
    ok = choice_run (&run, &asked, &own_view, error);
  preview_free (own_view.preview);
  canvas_layer_free (run.canvas);

  start = g_get_monotonic_time ();
  if (ok)
    {
      record =
        provenance_new_run (procedure_name, task, diffusion_model_get_sha256 (session->model));
      name = layer_name (task);
      ok = drawable_commit (run.io, task->output, name, record, is_beside, error);
      g_free (name);
      g_variant_unref (record);
    }

  drawable_io_free (run.io);

  if (ok && !task->stopped)
    {
      guint64 bytes = diffusion_memory_peak ();

      seconds += (g_get_monotonic_time () - start) / 1e6;
      if (!view->window)
        print_line ("took", seconds, bytes);
      forecast_note_truth (session, procedure_name, &forecast, seconds, bytes);
    }
  return ok;
}

/* The user has edited what was to be filled. */
static void
say_beside (TaskKind kind, gboolean has_window)
{
  const char *sentence = _ ("The layer was edited while the filter ran. The result is a new layer "
                            "above it, so that nothing is lost.");

  if (has_window)
    message_show (filter_run_title (kind), sentence);
  else
    gimp_message (sentence);
}

gboolean
filter_apply (Session       *session,
              GimpDrawable  *drawable,
              Task          *task,
              const char    *procedure_name,
              const JobView *view,
              GError       **error)
{
  gboolean is_beside;
  gboolean ok = apply (session, drawable, task, procedure_name, view, FALSE, &is_beside, error);

  if (is_beside)
    say_beside (task->kind, view->window != NULL);
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

gboolean
filter_has_window (GimpRunMode run_mode, GError **error)
{
  if (run_mode == GIMP_RUN_NONINTERACTIVE)
    return FALSE;
  if (gimp_display_name () != NULL)
    return TRUE;

  if (run_mode == GIMP_RUN_INTERACTIVE)
    g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                         _ ("GIMP runs without windows here: run the filter with "
                            "RUN-NONINTERACTIVE and its settings as arguments."));
  return FALSE;
}

/* Where a dialog begins otherwise than a script, until the user has left it once with other
 * values, which are the last ones then. */
static void
set_first_values (GimpProcedureConfig *config, TaskKind kind)
{
  gboolean is_known;

  if (kind != TASK_INPAINT)
    return;

  g_object_get (config, "dialog-seen", &is_known, NULL);
  if (!is_known)
    g_object_set (config, "grow", DIALOG_GROW, "dialog-seen", TRUE, NULL);
}

/* `session`: of the model that the dialog was left with, or NULL. */
static gboolean
ask_for_settings (GimpProcedure       *procedure,
                  GimpProcedureConfig *config,
                  TaskKind             kind,
                  GimpDrawable        *drawable,
                  Session            **session)
{
  GPtrArray      *models = model_list_new ();
  GtkWidget      *source;
  ForecastLine   *line;
  HolePicture    *picture;
  DenoisePreview *preview;
  gboolean        accepted;

  if (kind == TASK_INPAINT && hole_surroundings_are_empty (drawable))
    g_object_set (config, "sample-merged", TRUE, NULL);
  set_first_values (config, kind);
  source = kind == TASK_INPAINT ? source_chooser_new (config, drawable) : NULL;
  line = forecast_line_new (config, gimp_procedure_get_name (procedure), kind, drawable);

  if (kind == TASK_INPAINT)
    {
      picture = hole_picture_new (config, drawable);
      accepted =
        settings_dialog_run_inpaint (procedure, config, models, forecast_line_get_widget (line),
                                     hole_picture_get_widget (picture), source);
      hole_picture_free (picture);
    }
  else
    {
      preview = denoise_preview_new (config, drawable, line);
      accepted =
        settings_dialog_run_denoise (procedure, config, models, forecast_line_get_widget (line),
                                     denoise_preview_get_panel (preview));
      denoise_preview_free (preview);
    }

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

/* The user is told in a window of our own; GIMP would call it a calling error. */
static GimpValueArray *
say_error (GimpProcedure *procedure, TaskKind kind, GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      gimp_ui_init ("gimp-diffusion");
      message_show (filter_run_title (kind), error->message);
    }
  g_error_free (error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
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

/* Names the image and the layer, as several may be worked on. */
static ProgressWindow *
open_window (GimpImage *image, GimpDrawable *drawable, const Task *task)
{
  char *image_name = gimp_image_get_name (image);
  char *item_name = gimp_item_get_name (GIMP_ITEM (drawable));
  /* Translators: the filter, then the names of the layer and the image. */
  char *title =
    g_strdup_printf (_ ("%s: %s (%s)"), filter_run_title (task->kind), item_name, image_name);
  ProgressWindow *window = progress_window_new (title, task_has_steps (task));

  g_free (title);
  g_free (item_name);
  g_free (image_name);
  return window;
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
  gboolean      ok, is_beside = FALSE;

  filter_init_gegl ();
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);

  has_window = filter_has_window (run_mode, &error);
  if (error)
    return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);

  if (run_mode == GIMP_RUN_INTERACTIVE)
    {
      /* Before the user fills in a dialog for nothing. */
      drawable = drawable_check (image, drawables, kind, OUTPUT_IN_PLACE, &error);
      if (drawable == NULL)
        return say_error (procedure, kind, error);

      gimp_ui_init ("gimp-diffusion");
      if (!ask_for_settings (procedure, config, kind, drawable, &session))
        {
          session_free (session);
          return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
        }
    }
  else if (has_window)
    gimp_ui_init ("gimp-diffusion");

  drawable = NULL;
  if (run_mode != GIMP_RUN_WITH_LAST_VALS || kind != TASK_INPAINT ||
      source_recall (config, image, &error))
    {
      arguments_get_task (config, kind, &task);
      drawable = drawable_check (image, drawables, kind, task.output, &error);
    }
  if (kind == TASK_INPAINT && run_mode == GIMP_RUN_INTERACTIVE)
    source_remember (config);
  if (drawable == NULL)
    {
      session_free (session);
      return has_window ? say_error (procedure, kind, error)
                        : return_error (procedure, GIMP_PDB_CALLING_ERROR, error);
    }

  model = arguments_get_file (config, "model");
  folder = model_folder_find (model, &error);
  g_clear_object (&model);
  if (folder == NULL)
    {
      session_free (session);
      return has_window ? say_error (procedure, kind, error)
                        : return_error (procedure, GIMP_PDB_CALLING_ERROR, error);
    }

  if (has_window)
    view.window = open_window (image, drawable, &task);
  filter_run_begin_progress (filter_run_text (kind));

  session = take_engine (session, folder);
  ok = !has_window || busy_begin (drawable, &error);
  if (ok)
    {
      ok = apply (session, drawable, &task, gimp_procedure_get_name (procedure), &view,
                  run_mode == GIMP_RUN_INTERACTIVE, &is_beside, &error);
      if (has_window)
        busy_end (drawable);
    }
  if (view.window)
    gtk_widget_destroy (GTK_WIDGET (view.window));
  if (is_beside)
    say_beside (kind, has_window);
  /* The one that was kept is the last one used. */
  if (ok && run_mode == GIMP_RUN_INTERACTIVE)
    g_object_set (config, "seed", (int) task_get_seed (&task), NULL);
  if (ok && !has_window)
    print_settings (procedure, &task, session);
  session_free (session);

  if (!ok)
    return has_window ? say_error (procedure, kind, error)
                      : return_error (procedure, GIMP_PDB_EXECUTION_ERROR, error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}
