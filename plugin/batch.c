/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch.c: see batch.h.
 */
#include "batch.h"

#include <glib/gi18n-lib.h>

#include <libgimp/gimpui.h>

#include "arguments.h"
#include "batch-dialog.h"
#include "batch-files.h"
#include "batch-mask.h"
#include "drawable-check.h"
#include "files-window.h"
#include "filter.h"
#include "image-file.h"
#include "message.h"
#include "model-folder.h"

typedef struct
{
  const char *procedure_name;
  Task        task; /* as asked for; each file works on a copy */
  char       *pattern;
  char       *mask_suffix; /* NULL for Denoise */
  GFile      *output_folder;
  gboolean    overwrite;
  GPtrArray  *files;
  Session    *session;
  GHashTable *writable; /* extensions that GIMP has been seen to write */

  FilesWindow  *window; /* NULL: none, and no GTK at all */
  GCancellable *cancel; /* then NULL too */
  int           number; /* of the file that is at work, from 1 on */
  int           n_run, n_skipped, n_failed;
  gint64        started; /* monotonic microseconds, when the first one began that was run; 0 */
} Batch;

/* GIMP opens and writes files while this process waits. Between that the window is looked after.
 * FALSE: the user has pressed Cancel. */
static gboolean
go_on (const Batch *batch, GError **error)
{
  while (batch->window && g_main_context_iteration (NULL, FALSE))
    ;
  return !g_cancellable_set_error_if_cancelled (batch->cancel, error);
}

/* --- One file ------------------------------------------------------------- */

/* Before the work, not after it. */
static gboolean
check_output (Batch *batch, const BatchFile *file, GError **error)
{
  char       *name = g_file_get_basename (file->output);
  const char *dot = strrchr (name, '.');
  char       *key = g_ascii_strdown (dot ? dot : "", -1);
  gboolean    ok = g_hash_table_contains (batch->writable, key);

  if (!ok && image_file_check_writable (file->output, error))
    {
      g_hash_table_add (batch->writable, g_strdup (key));
      ok = TRUE;
    }

  g_free (key);
  g_free (name);
  return ok;
}

static gboolean
select_what_to_fill (Batch *batch, const BatchFile *file, GimpImage *image, GError **error)
{
  GimpDrawable *layer = image_file_get_layer (image);
  GFile        *mask = batch_files_find_mask (file, batch->mask_suffix);
  GError       *problem = NULL;
  gboolean      ok;

  /* With less than full strength a picture can be gone over everywhere. */
  ok = batch_mask_select (image, layer, mask, batch->task.inpaint.strength < 1, &problem);

  if (!ok && mask == NULL && batch->mask_suffix)
    {
      char *name = batch_files_mask_name (file, batch->mask_suffix);

      g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("%s: there is no mask called %s beside it"),
                   problem->message, name);
      g_clear_error (&problem);
      g_free (name);
    }
  else if (!ok)
    g_propagate_error (error, problem);

  g_clear_object (&mask);
  return ok;
}

/* On the image of a file that GIMP has opened. */
static gboolean
run_image (Batch           *batch,
           const BatchFile *file,
           GimpImage       *image,
           ImageEncoding   *encoding,
           Task            *task,
           const JobView   *view,
           GError         **error)
{
  GimpDrawable *layers[] = { image_file_get_layer (image), NULL };

  gimp_image_undo_disable (image);

  if (task->kind == TASK_INPAINT && !select_what_to_fill (batch, file, image, error))
    return FALSE;

  if (!go_on (batch, error) ||
      !drawable_check (image, layers, task->kind, OUTPUT_IN_PLACE, error) ||
      !filter_apply (batch->session, layers[0], task, batch->procedure_name, view, error) ||
      !go_on (batch, error))
    return FALSE;

  /* Formats that keep a selection would show it. */
  gimp_selection_none (image);

  return image_file_save (image, file->output, encoding, batch->overwrite, error);
}

/* *lost: a sentence on what could not be kept, or NULL. Free with g_free(). */
static gboolean
run_file (Batch           *batch,
          const BatchFile *file,
          Task            *task,
          const JobView   *view,
          char           **lost,
          GError         **error)
{
  GimpImage    *image;
  ImageEncoding encoding;
  gboolean      ok;

  *lost = NULL;
  if (batch_files_output_is_taken (batch->files, file))
    {
      g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                   _ ("its output %s is another input: choose another output folder"),
                   gimp_file_get_utf8_name (file->output));
      return FALSE;
    }

  if (!check_output (batch, file, error))
    return FALSE;

  image = image_file_load (file->input, error);
  if (image == NULL)
    return FALSE;

  image_encoding_read (&encoding, file->input, image);
  ok = go_on (batch, error) && run_image (batch, file, image, &encoding, task, view, error);
  if (ok)
    *lost = g_steal_pointer (&encoding.lost);
  image_encoding_clear (&encoding);
  gimp_image_delete (image);
  return ok;
}

/* --- All files ------------------------------------------------------------ */

static const char *
name_of (const BatchFile *file)
{
  return gimp_file_get_utf8_name (file->input);
}

/* The name in its folder, which is enough in a window. Free with g_free(). */
static char *
short_name_of (const BatchFile *file)
{
  return g_path_get_basename (name_of (file));
}

/* Takes the line over. */
static void
log_line (const Batch *batch, char *line)
{
  files_window_add_line (batch->window, line);
  g_free (line);
}

/* JobView's. */
static void
tell_progress (gpointer data, double fraction)
{
  Batch *batch = data;
  int    n = (int) batch->files->len;
  double elapsed = (g_get_monotonic_time () - batch->started) / 1e6;
  double worked = batch->n_run + batch->n_failed + fraction;
  double left = n - batch->number + 1 - fraction;
  double seconds = elapsed < 1 || worked < 0.02 ? -1 : elapsed * left / worked;

  files_window_set_progress (batch->window, (batch->number - 1 + fraction) / n, seconds);
}

static void
begin_file (Batch *batch, const BatchFile *file, double fraction)
{
  int   n = (int) batch->files->len;
  char *name, *status;

  gimp_progress_set_text_printf (_ ("%d of %d: %s"), batch->number, n, name_of (file));
  gimp_progress_update (fraction);

  if (batch->window)
    {
      name = short_name_of (file);
      status = g_strdup_printf (_ ("%d of %d: %s"), batch->number, n, name);
      files_window_set_status (batch->window, status);
      tell_progress (batch, 0);
      g_free (status);
      g_free (name);
    }
}

static void
tell_skipped (Batch *batch, const BatchFile *file)
{
  batch->n_skipped++;
  if (batch->window)
    {
      char *name = short_name_of (file);

      log_line (batch, g_strdup_printf (_ ("%s: skipped, its result exists"), name));
      g_free (name);
    }
  else
    g_print (_ ("[%d/%d] %s: skipped, %s exists\n"), batch->number, (int) batch->files->len,
             name_of (file), gimp_file_get_utf8_name (file->output));
}

static void
tell_failed (Batch *batch, const BatchFile *file, const GError *error)
{
  batch->n_failed++;
  if (batch->window)
    {
      char *name = short_name_of (file);

      log_line (batch, g_strdup_printf (_ ("%s: failed, %s"), name, error->message));
      g_free (name);
    }
  else
    g_print (_ ("[%d/%d] %s: failed, %s\n"), batch->number, (int) batch->files->len, name_of (file),
             error->message);
}

/* found, lost: nullable sentences. */
static void
tell_done (Batch           *batch,
           const BatchFile *file,
           const Task      *task,
           double           seconds,
           const char      *found,
           const char      *lost)
{
  int   n = (int) batch->files->len;
  char *name = short_name_of (file);
  char *settings = task_describe (task);

  batch->n_run++;
  if (batch->window)
    log_line (batch, g_strdup_printf (_ ("%s: done in %.1f s"), name, seconds));
  else
    g_print (_ ("[%d/%d] %s: done in %.1f s, %s\n"), batch->number, n, name_of (file), seconds,
             settings);

  for (int i = 0; i < 2; i++)
    {
      const char *sentence = i == 0 ? found : lost;

      if (sentence && batch->window)
        log_line (batch, g_strdup_printf ("%s: %s", name, sentence));
      else if (sentence)
        g_print ("[%d/%d] %s: %s\n", batch->number, n, name_of (file), sentence);
    }
  g_free (settings);
  g_free (name);
}

/* The file at work: runs it and tells of it in a line. */
static gboolean
run_one (Batch *batch, GError **error)
{
  const BatchFile *file = batch->files->pdata[batch->number - 1];
  int              n = (int) batch->files->len;
  JobView          view = { .start = (batch->number - 1.0) / n,
                            .share = 1.0 / n,
                            .cancel = batch->cancel,
                            .tell = batch->window ? tell_progress : NULL,
                            .tell_data = batch };
  Task             task = batch->task;
  gint64           start = g_get_monotonic_time ();
  GError          *problem = NULL;
  char            *found, *lost;

  begin_file (batch, file, view.start);
  if (!go_on (batch, error))
    return FALSE;

  if (!batch->overwrite && g_file_query_exists (file->output, NULL))
    {
      tell_skipped (batch, file);
      return TRUE;
    }

  if (batch->started == 0)
    batch->started = start;
  if (!run_file (batch, file, &task, &view, &lost, &problem))
    {
      /* Another run into the same folder was faster. */
      if (!batch->overwrite && g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          tell_skipped (batch, file);
          g_clear_error (&problem);
          return TRUE;
        }
      if (!g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        tell_failed (batch, file, problem);
      g_propagate_error (error, problem);
      return FALSE;
    }

  found = task_describe_found (&task);
  tell_done (batch, file, &task, (g_get_monotonic_time () - start) / 1e6, found, lost);
  g_free (found);
  g_free (lost);
  return TRUE;
}

/* Runs them all. Returns what failed, a line for each. */
static GString *
run_files (Batch *batch)
{
  GString *failures = g_string_new (NULL);

  for (guint i = 0; i < batch->files->len && !g_cancellable_is_cancelled (batch->cancel); i++)
    {
      const BatchFile *file = batch->files->pdata[i];
      GError          *error = NULL;

      batch->number = (int) i + 1;
      if (!run_one (batch, &error))
        {
          g_string_append_printf (failures, "\n%s: %s", name_of (file), error->message);
          g_clear_error (&error);
        }
    }

  return failures;
}

static gboolean
read_arguments (Batch *batch, GimpProcedureConfig *config, TaskKind kind, GError **error)
{
  GFile *model;
  char  *folder;

  arguments_get_task (config, kind, &batch->task);
  g_object_get (config, "pattern", &batch->pattern, "overwrite", &batch->overwrite, NULL);
  if (kind == TASK_INPAINT)
    g_object_get (config, "mask-suffix", &batch->mask_suffix, NULL);
  if (batch->mask_suffix && batch->mask_suffix[0] == '\0')
    g_clear_pointer (&batch->mask_suffix, g_free);
  batch->output_folder = arguments_get_file (config, "output-folder");

  if (batch->pattern == NULL || batch->pattern[0] == '\0')
    {
      g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("There is no pattern: name the files to work on, such as "
                              "#:pattern \"photos/*.jpg\"."));
      return FALSE;
    }
  if (batch->output_folder == NULL)
    {
      g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("There is no output folder: name one, such as "
                              "#:output-folder \"results\"."));
      return FALSE;
    }

  model = arguments_get_file (config, "model");
  folder = model_folder_find (model, error);
  g_clear_object (&model);
  if (folder == NULL)
    return FALSE;
  batch->session = session_new (folder);

  batch->files = batch_files_find (batch->pattern, batch->mask_suffix, batch->output_folder, error);
  return batch->files != NULL && batch_files_make_folder (batch->output_folder, error);
}

static void
batch_clear (Batch *batch)
{
  g_clear_pointer (&batch->files, g_ptr_array_unref);
  g_clear_pointer (&batch->session, session_free);
  g_clear_pointer (&batch->writable, g_hash_table_unref);
  g_clear_object (&batch->output_folder);
  g_clear_pointer (&batch->mask_suffix, g_free);
  g_clear_pointer (&batch->pattern, g_free);
}

/* --- With windows --------------------------------------------------------- */

static const char *
title_of (TaskKind kind)
{
  return kind == TASK_INPAINT ? _ ("Inpaint Files") : _ ("Denoise Files");
}

static void
open_window (Batch *batch, TaskKind kind)
{
  batch->cancel = g_cancellable_new ();
  batch->window = files_window_new (title_of (kind));
  g_signal_connect_swapped (batch->window, "cancel", G_CALLBACK (g_cancellable_cancel),
                            batch->cancel);
  gtk_window_present (GTK_WINDOW (batch->window));
  go_on (batch, NULL);
}

/* Says how it ended, until the user has read it. `error`: why nothing was done, or NULL. */
static void
close_window (Batch *batch, TaskKind kind, const GError *error)
{
  gboolean is_cancelled = g_cancellable_is_cancelled (batch->cancel);
  char    *text;

  if (batch->files && !error)
    {
      int n_left = (int) batch->files->len - batch->n_run - batch->n_skipped - batch->n_failed;

      /* Translators: numbers of files. */
      text = n_left > 0 ? g_strdup_printf (_ ("Done: %d, skipped: %d, failed: %d, cancelled: %d"),
                                           batch->n_run, batch->n_skipped, batch->n_failed, n_left)
                        : g_strdup_printf (_ ("Done: %d, skipped: %d, failed: %d"), batch->n_run,
                                           batch->n_skipped, batch->n_failed);
      files_window_set_progress (batch->window, 1 - (double) n_left / batch->files->len, -1);
      gimp_progress_end ();
      files_window_finish (batch->window, text);
      g_free (text);
    }
  gtk_widget_destroy (GTK_WIDGET (batch->window));
  g_clear_object (&batch->cancel);

  if (error && !is_cancelled)
    message_show (title_of (kind), error->message);
}

/* The mode that the procedure was called with; those for scripts have none. */
static GimpRunMode
run_mode_of (GimpProcedureConfig *config)
{
  GimpRunMode mode = GIMP_RUN_NONINTERACTIVE;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), "run-mode"))
    g_object_get (config, "run-mode", &mode, NULL);
  return mode;
}

/* -------------------------------------------------------------------------- */

GimpValueArray *
batch_run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data)
{
  TaskKind          kind = GPOINTER_TO_INT (data);
  GimpRunMode       mode = run_mode_of (config);
  Batch             batch = { .procedure_name = gimp_procedure_get_name (procedure) };
  GimpPDBStatusType status = GIMP_PDB_CALLING_ERROR;
  GError           *error = NULL;
  gboolean          has_window;

  has_window = filter_has_window (mode, &error);
  if (error)
    return gimp_procedure_new_return_values (procedure, GIMP_PDB_CALLING_ERROR, error);
  if (has_window)
    {
      gimp_ui_init ("gimp-diffusion");
      if (mode == GIMP_RUN_INTERACTIVE && !batch_dialog_run (procedure, config, kind))
        return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
    }

  filter_init_gegl ();
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);
  batch.writable = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (has_window)
    open_window (&batch, kind);

  if (read_arguments (&batch, config, kind, &error))
    {
      JobView loading = { .share = 0, .cancel = batch.cancel };

      status = GIMP_PDB_EXECUTION_ERROR;
      gimp_progress_init (kind == TASK_INPAINT ? _ ("Inpainting") : _ ("Denoising"));

      /* A model that cannot be loaded is one error, not one for each file. */
      if (job_run (session_load, batch.session, &loading, &error))
        {
          GString *failures = run_files (&batch);

          /* The window has told of those. */
          if (batch.n_failed == 0 || batch.window)
            status = GIMP_PDB_SUCCESS;
          else
            g_set_error (&error, GIMP_PLUG_IN_ERROR, 0, _ ("%d of %d files failed:%s"),
                         batch.n_failed, (int) batch.files->len, failures->str);
          g_string_free (failures, TRUE);
        }
    }

  if (batch.window)
    {
      close_window (&batch, kind, error);
      if (error)
        status = GIMP_PDB_CANCEL;
      g_clear_error (&error);
    }
  batch_clear (&batch);
  return gimp_procedure_new_return_values (procedure, status, error);
}
