/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-dialog.c: see batch-dialog.h.
 *
 * A line below the settings tells how many files the pattern matches. A folder can be long or far
 * away, so that a thread looks; what it finds for values that have changed since is dropped.
 */
#include "batch-dialog.h"

#include <glib/gi18n-lib.h>

#include "arguments.h"
#include "batch-files.h"
#include "diffusion.h"
#include "model-folder.h"
#include "model-list.h"
#include "settings-dialog.h"

/* Somebody types a pattern. */
#define DELAY_MS 150

typedef struct
{
  GimpProcedureConfig *config;
  TaskKind             kind;
  CostLine            *label;
  GCancellable        *cancel; /* of the thread; NULL: none */
  guint                source; /* 0: none */
} FilesLine;

/* --- The thread ----------------------------------------------------------- */

typedef struct
{
  char    *pattern, *mask_suffix;
  GFile   *output_folder, *model;
  gboolean overwrite;
  int      n, n_existing; /* files, and results that are there already */
  gboolean is_in_place;   /* the results would be written over the pictures */
} Look;

static void
look_free (gpointer data)
{
  Look *look = data;

  g_clear_object (&look->output_folder);
  g_clear_object (&look->model);
  g_free (look->mask_suffix);
  g_free (look->pattern);
  g_free (look);
}

static gboolean
check_model (GFile *argument, GError **error)
{
  char           *folder = model_folder_find (argument, error);
  DiffusionModel *model = folder ? diffusion_model_load_metadata (folder, error) : NULL;
  gboolean        ok = model != NULL;

  diffusion_model_free (model);
  g_free (folder);
  return ok;
}

static gboolean
look_at_files (Look *look, GCancellable *cancel, GError **error)
{
  GPtrArray *files =
    batch_files_find (look->pattern, look->mask_suffix, look->output_folder, error);

  if (files == NULL)
    return FALSE;

  look->n = (int) files->len;
  look->is_in_place = batch_files_are_in_place (files);
  for (guint i = 0; i < files->len && !g_cancellable_is_cancelled (cancel); i++)
    {
      const BatchFile *file = files->pdata[i];

      look->n_existing += g_file_query_exists (file->output, NULL);
    }
  g_ptr_array_unref (files);
  return TRUE;
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
  GError *error = NULL;

  if (look_at_files (data, cancel, &error) && check_model (((Look *) data)->model, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* --- The line ------------------------------------------------------------- */

static void
show (FilesLine *line, const Look *look)
{
  int      n_skipped = look->overwrite ? 0 : look->n_existing;
  GString *text = g_string_new (NULL);

  if (n_skipped == look->n)
    {
      cost_line_refuse (line->label, _ ("Every file has its result already: choose another output "
                                        "folder, or replace existing results."));
      g_string_free (text, TRUE);
      return;
    }

  g_string_append_printf (text,
                          g_dngettext (GETTEXT_PACKAGE, "%d file to work on.",
                                       "%d files to work on.", (gulong) (look->n - n_skipped)),
                          look->n - n_skipped);
  if (n_skipped > 0)
    {
      g_string_append_c (text, ' ');
      g_string_append_printf (
        text,
        g_dngettext (GETTEXT_PACKAGE, "%d other has its result already and is skipped.",
                     "%d others have their results already and are skipped.", (gulong) n_skipped),
        n_skipped);
    }
  if (look->is_in_place && look->overwrite)
    {
      g_string_append_c (text, ' ');
      g_string_append (text, _ ("The results replace the pictures themselves."));
    }
  cost_line_set_text (line->label, text->str);
  g_string_free (text, TRUE);
}

static void
looked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask     *task = G_TASK (result);
  FilesLine *line = data;
  GError    *error = NULL;

  if (g_task_propagate_boolean (task, &error))
    show (line, g_task_get_task_data (task));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) /* else there is no line */
    cost_line_refuse (line->label, error->message);
  g_clear_error (&error);
}

static void
stop_looking (FilesLine *line)
{
  if (line->cancel)
    g_cancellable_cancel (line->cancel);
  g_clear_object (&line->cancel);
}

static gboolean
update (gpointer data)
{
  FilesLine *line = data;
  Look      *look = g_new0 (Look, 1);
  GTask     *task;

  line->source = 0;
  stop_looking (line);
  g_object_get (line->config, "pattern", &look->pattern, "overwrite", &look->overwrite, NULL);
  if (line->kind == TASK_INPAINT)
    g_object_get (line->config, "mask-suffix", &look->mask_suffix, NULL);
  look->output_folder = arguments_get_file (line->config, "output-folder");
  look->model = arguments_get_file (line->config, "model");

  if (look->pattern == NULL || look->pattern[0] == '\0')
    cost_line_refuse (line->label, _ ("Choose the folder of the pictures."));
  else if (look->output_folder == NULL)
    cost_line_refuse (line->label, _ ("Choose the output folder."));
  else
    {
      line->cancel = g_cancellable_new ();
      task = g_task_new (NULL, line->cancel, looked, line);
      g_task_set_task_data (task, look, look_free);
      g_task_run_in_thread (task, look_in_thread);
      g_object_unref (task);
      return G_SOURCE_REMOVE;
    }

  look_free (look);
  return G_SOURCE_REMOVE;
}

/* What the line is about: a folder is not looked through at each step of a slider. */
static void
update_soon (FilesLine *line, GParamSpec *pspec)
{
  static const char *const looked_at[] = { "pattern", "mask-suffix", "output-folder",
                                           "model",   "overwrite",   NULL };

  if (line->source == 0 && g_strv_contains (looked_at, pspec->name))
    line->source = g_timeout_add (DELAY_MS, update, line);
}

/* -------------------------------------------------------------------------- */

gboolean
batch_dialog_run (GimpProcedure *procedure, GimpProcedureConfig *config, TaskKind kind)
{
  FilesLine  line = { .config = config, .kind = kind, .label = cost_line_new () };
  GPtrArray *models = model_list_new ();
  gulong     handler;
  gboolean   accepted;

  g_object_ref_sink (line.label);
  /* One run's leave to replace is none for the next. */
  g_object_set (config, "overwrite", FALSE, NULL);
  handler = g_signal_connect_swapped (config, "notify", G_CALLBACK (update_soon), &line);
  update (&line);
  accepted = kind == TASK_INPAINT
               ? settings_dialog_run_inpaint_files (procedure, config, models, line.label)
               : settings_dialog_run_denoise_files (procedure, config, models, line.label);

  g_signal_handler_disconnect (config, handler);
  if (line.source)
    g_source_remove (line.source);
  stop_looking (&line);
  g_object_unref (line.label);
  g_ptr_array_unref (models);
  return accepted;
}
