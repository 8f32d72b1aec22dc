/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch.c: see batch.h.
 */
#include "batch.h"

#include <glib/gi18n-lib.h>

#include "arguments.h"
#include "batch-files.h"
#include "batch-mask.h"
#include "drawable-check.h"
#include "filter.h"
#include "image-file.h"
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
} Batch;

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

  if (!drawable_check (image, layers, task->kind, OUTPUT_IN_PLACE, error) ||
      !filter_apply (batch->session, layers[0], task, batch->procedure_name, view, error))
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
  ok = run_image (batch, file, image, &encoding, task, view, error);
  if (ok)
    *lost = g_steal_pointer (&encoding.lost);
  image_encoding_clear (&encoding);
  gimp_image_delete (image);
  return ok;
}

/* --- All files ------------------------------------------------------------ */

static void
tell_skipped (const BatchFile *file, int number, int n)
{
  g_print (_ ("[%d/%d] %s: skipped, %s exists\n"), number, n, gimp_file_get_utf8_name (file->input),
           gimp_file_get_utf8_name (file->output));
}

/* The file with this number, from 1 on: runs it and tells of it in a line. */
static gboolean
run_one (Batch *batch, int number, GError **error)
{
  const BatchFile *file = batch->files->pdata[number - 1];
  const char      *name = gimp_file_get_utf8_name (file->input);
  int              n = (int) batch->files->len;
  JobView          view = { .start = (number - 1.0) / n, .share = 1.0 / n };
  Task             task = batch->task;
  gint64           start = g_get_monotonic_time ();
  GError          *problem = NULL;
  char            *settings, *found, *lost;

  gimp_progress_set_text_printf (_ ("%d of %d: %s"), number, n, name);
  gimp_progress_update (view.start);

  if (!batch->overwrite && g_file_query_exists (file->output, NULL))
    {
      tell_skipped (file, number, n);
      return TRUE;
    }

  if (!run_file (batch, file, &task, &view, &lost, &problem))
    {
      /* Another run into the same folder was faster. */
      if (!batch->overwrite && g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_EXISTS))
        {
          tell_skipped (file, number, n);
          g_clear_error (&problem);
          return TRUE;
        }
      g_print (_ ("[%d/%d] %s: failed, %s\n"), number, n, name, problem->message);
      g_propagate_error (error, problem);
      return FALSE;
    }

  settings = task_describe (&task);
  g_print (_ ("[%d/%d] %s: done in %.1f s, %s\n"), number, n, name,
           (g_get_monotonic_time () - start) / 1e6, settings);
  found = task_describe_found (&task);
  if (found)
    g_print ("[%d/%d] %s: %s\n", number, n, name, found);
  if (lost)
    g_print ("[%d/%d] %s: %s\n", number, n, name, lost);
  g_free (found);
  g_free (lost);
  g_free (settings);
  return TRUE;
}

/* Runs them all. Returns what failed, a line for each. */
static GString *
run_files (Batch *batch, int *n_failed)
{
  GString *failures = g_string_new (NULL);

  *n_failed = 0;
  for (int i = 0; i < (int) batch->files->len; i++)
    {
      const BatchFile *file = batch->files->pdata[i];
      GError          *error = NULL;

      if (!run_one (batch, i + 1, &error))
        {
          g_string_append_printf (failures, "\n%s: %s", gimp_file_get_utf8_name (file->input),
                                  error->message);
          g_clear_error (&error);
          (*n_failed)++;
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
  return batch->files != NULL;
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

GimpValueArray *
batch_run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data)
{
  TaskKind          kind = GPOINTER_TO_INT (data);
  Batch             batch = { .procedure_name = gimp_procedure_get_name (procedure) };
  JobView           unseen = { .share = 0 };
  GimpPDBStatusType status = GIMP_PDB_CALLING_ERROR;
  GError           *error = NULL;
  int               n_failed = 0;

  filter_init_gegl ();
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);
  batch.writable = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (read_arguments (&batch, config, kind, &error))
    {
      status = GIMP_PDB_EXECUTION_ERROR;
      gimp_progress_init (kind == TASK_INPAINT ? _ ("Inpainting") : _ ("Denoising"));

      /* A model that cannot be loaded is one error, not one for each file. */
      if (job_run (session_load, batch.session, &unseen, &error))
        {
          GString *failures = run_files (&batch, &n_failed);

          if (n_failed == 0)
            status = GIMP_PDB_SUCCESS;
          else
            g_set_error (&error, GIMP_PLUG_IN_ERROR, 0, _ ("%d of %d files failed:%s"), n_failed,
                         (int) batch.files->len, failures->str);
          g_string_free (failures, TRUE);
        }
    }

  batch_clear (&batch);
  return gimp_procedure_new_return_values (procedure, status, error);
}
