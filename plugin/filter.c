/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.c: see filter.h.
 */
#include "filter.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h>

#include "arguments.h"
#include "drawable-check.h"
#include "drawable-commit.h"
#include "model-folder.h"
#include "provenance.h"
#include "settings-dialog.h"

/* What GEGL may hold in memory for the copies in this process; GIMP's own
 * setting, often half of the machine, is meant for GIMP. The rest is swapped. */
#define GEGL_CACHE_BYTES ((guint64) 256 << 20)

/* --- Engine --------------------------------------------------------------- */

Engine *
engine_new (char *model_folder)
{
  Engine *engine = g_new0 (Engine, 1);

  engine->folder = model_folder;
  return engine;
}

void
engine_free (Engine *engine)
{
  if (engine == NULL)
    return;

  g_clear_pointer (&engine->model, diffusion_model_free);
  g_clear_pointer (&engine->workers, diffusion_workers_free);
  g_free (engine->folder);
  g_free (engine);
}

gboolean
engine_load (gpointer data, const DiffusionProgress *progress, GError **error)
{
  Engine *engine = data;

  if (engine->model == NULL)
    engine->model = diffusion_model_load (engine->folder, error);

  return engine->model != NULL;
}

/* --- One drawable --------------------------------------------------------- */

typedef struct
{
  Engine     *engine;
  Task       *task;
  DrawableIo *io;
} Run;

/* JobFunc, in the job's thread. */
static gboolean
run_task (gpointer data, const DiffusionProgress *progress, GError **error)
{
  Run          *run    = data;
  DiffusionRect region = drawable_io_get_region (run->io);

  return engine_load (run->engine, progress, error) &&
         task_run (run->task, run->engine->model, run->engine->workers, &run->io->source,
                   &run->io->sink, &region, progress, error);
}

static const char *
layer_name (TaskKind kind)
{
  return kind == TASK_INPAINT ? _("Inpainted") : _("Denoised");
}

gboolean
filter_apply (Engine        *engine,
              GimpDrawable  *drawable,
              Task          *task,
              const char    *procedure_name,
              const JobView *view,
              GError       **error)
{
  Run       run      = { .engine = engine, .task = task };
  JobView   own_view = *view;
  GVariant *record;
  gboolean  ok;

  /* On its way through floats a picture loses bits. */
  if (task_changes_nothing (task))
    return TRUE;

  if (engine->workers == NULL)
    engine->workers = diffusion_workers_new (gimp_get_num_processors ());

  run.io = drawable_io_new (drawable, task->kind, error);
  if (run.io == NULL)
    return FALSE;

  if (view->window_title && ! (own_view.preview = preview_new (run.io, error)))
    {
      drawable_io_free (run.io);
      return FALSE;
    }

  ok = job_run (run_task, &run, &own_view, error);
  preview_free (own_view.preview);

  if (ok)
    {
      record = provenance_new_run (procedure_name, task,
                                   diffusion_model_get_sha256 (engine->model));
      ok     = drawable_commit (run.io, task->output, layer_name (task->kind), record, error);
      g_variant_unref (record);
    }

  drawable_io_free (run.io);
  return ok;
}

/* --- Image procedures ----------------------------------------------------- */

void
filter_init_gegl (void)
{
  gegl_init (NULL, NULL);
  g_object_set (gegl_config (), "tile-cache-size", GEGL_CACHE_BYTES, NULL);
}

static gboolean
ask_for_settings (GimpProcedure *procedure, GimpProcedureConfig *config, TaskKind kind)
{
  if (kind == TASK_INPAINT)
    return settings_dialog_run_inpaint (procedure, config);

  return settings_dialog_run_denoise (procedure, config);
}

/* What a script can rely on seeing: with names that GIMP accepted and values
 * that were used in place of 0. */
static void
print_settings (GimpProcedure *procedure, const Task *task, const Engine *engine)
{
  char *settings = task_describe (task);

  g_print ("%s: %s, model %s\n", gimp_procedure_get_name (procedure), settings, engine->folder);
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
  Engine       *engine;
  char         *folder;
  JobView       view  = { .start = 0, .share = 1 };
  GError       *error = NULL;
  gboolean      ok;

  filter_init_gegl ();
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);

  if (run_mode == GIMP_RUN_INTERACTIVE)
    {
      /* Before the user fills in a dialog for nothing. */
      if (! drawable_check (image, drawables, kind, OUTPUT_IN_PLACE, &error))
        return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);

      gimp_ui_init ("gimp-diffusion");
      if (! ask_for_settings (procedure, config, kind))
        return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
    }
  else if (run_mode == GIMP_RUN_WITH_LAST_VALS)
    gimp_ui_init ("gimp-diffusion");

  arguments_get_task (config, kind, &task);
  drawable = drawable_check (image, drawables, kind, task.output, &error);
  if (drawable == NULL)
    return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);

  model  = arguments_get_file (config, "model");
  folder = model_folder_find (model, &error);
  g_clear_object (&model);
  if (folder == NULL)
    return return_error (procedure, GIMP_PDB_CALLING_ERROR, error);

  if (run_mode != GIMP_RUN_NONINTERACTIVE)
    {
      view.window_title = kind == TASK_INPAINT ? _("Inpaint Selection") : _("Denoise");
      view.can_keep     = task_has_steps (&task);
    }
  gimp_progress_init (kind == TASK_INPAINT ? _("Inpainting") : _("Denoising"));

  engine = engine_new (folder);
  ok     = filter_apply (engine, drawable, &task, gimp_procedure_get_name (procedure), &view,
                         &error);
  if (ok && run_mode == GIMP_RUN_NONINTERACTIVE)
    print_settings (procedure, &task, engine);
  engine_free (engine);

  if (! ok)
    return return_error (procedure, GIMP_PDB_EXECUTION_ERROR, error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}
