/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast-line.c: see forecast-line.h.
 *
 * While the thread measures, the session is the thread's; what changes in the
 * dialog meanwhile is looked at when it has ended.
 */
#include "forecast-line.h"

#include <glib/gi18n-lib.h>

#include "arguments.h"
#include "drawable-check.h"
#include "drawable-io.h"
#include "forecast.h"
#include "model-folder.h"
#include "selection.h"

/* A slider that is dragged tells of every pixel. */
#define DELAY_MS 80

/* How often the selection is looked at. */
#define POLL_MS 1000

struct ForecastLine
{
  GimpProcedureConfig *config;
  const char          *procedure_name;
  TaskKind             kind;
  GimpDrawable        *drawable;
  ForecastSource      *source;    /* NULL: to be made */
  HoleShape            shape;     /* that it was made for */
  guint                selection; /* as it was then, see selection_get_key() */
  CostLine            *label;
  gulong               handler;
  guint                update_source, done_source, poll_source; /* 0: none */

  Session      *session; /* NULL before there is a model */
  GThread      *thread;  /* that loads and measures; NULL: none */
  GCancellable *cancel;
  GError       *error;     /* of the thread */
  gboolean      is_usable; /* the session, for the settings */
};

static gboolean update (gpointer data);
static void     update_soon (ForecastLine *line);

/* --- The thread ----------------------------------------------------------- */

static gboolean
measured (gpointer data)
{
  ForecastLine *line = data;

  g_thread_join (line->thread); /* which has noted this source before it ended */
  line->thread = NULL;
  line->done_source = 0;
  update (line);
  return G_SOURCE_REMOVE;
}

static gpointer
measure (gpointer data)
{
  ForecastLine     *line = data;
  DiffusionProgress progress = { .cancel = line->cancel };

  g_mutex_lock (&line->session->use);
  session_load (line->session, &progress, &line->error);
  g_mutex_unlock (&line->session->use);
  line->done_source = g_idle_add (measured, line);
  return NULL;
}

static void
start_measuring (ForecastLine *line)
{
  g_cancellable_reset (line->cancel);
  line->thread = g_thread_new ("measure", measure, line);
}

/* --- The text ------------------------------------------------------------- */

static void
show_text (ForecastLine *line, const char *text)
{
  cost_line_set_text (line->label, text);
}

static void
show_forecast (ForecastLine *line, const Forecast *forecast)
{
  char    *expected = forecast_describe (forecast->seconds, forecast->bytes);
  GString *text = g_string_new (NULL);
  SpeedRun last;

  g_string_append_printf (text, _ ("Takes about %s."), expected);
  if (speed_file_get_run (line->session->speed_path, line->session->machine, line->procedure_name,
                          &last) &&
      last.key == forecast->key)
    {
      char *took = forecast_describe (last.seconds, (guint64) last.bytes);

      g_string_append_printf (text, " ");
      g_string_append_printf (text, _ ("The last run took %s."), took);
      g_free (took);
    }
  show_text (line, text->str);

  g_string_free (text, TRUE);
  g_free (expected);
}

/* The session of the model that the settings name. */
static gboolean
choose_engine (ForecastLine *line, GError **error)
{
  GFile *model = arguments_get_file (line->config, "model");
  char  *folder = model_folder_find (model, error);

  g_clear_object (&model);
  if (folder == NULL)
    return FALSE;

  if (line->session && g_str_equal (line->session->folder, folder))
    g_free (folder);
  else
    {
      session_free (line->session);
      line->session = session_new (folder);
    }
  return TRUE;
}

/* Where the hole has another shape, it is looked at anew. */
static gboolean
look_at_selection (ForecastLine *line, const Task *task, GError **error)
{
  GimpDrawable *drawables[] = { line->drawable, NULL };
  GimpImage    *image = NULL;

  /* What can change while the dialog is open: all that a run would be refused for. */
  if (gimp_item_is_valid (GIMP_ITEM (line->drawable)))
    image = gimp_item_get_image (GIMP_ITEM (line->drawable));
  if (!drawable_check (image, drawables, line->kind, task->output, error) ||
      (task->source > 0 && !drawable_io_find_source (image, task->source, error)))
    return FALSE;

  if (line->source && task->hole.grow == line->shape.grow &&
      task->hole.feather == line->shape.feather)
    return TRUE;

  forecast_source_free (line->source);
  line->source = forecast_source_new (line->drawable, task, error);
  line->shape = task->hole;
  return line->source != NULL;
}

/* The user goes on working in the image. */
static gboolean
poll (gpointer data)
{
  ForecastLine *line = data;
  guint         selection;

  if (line->thread)
    return G_SOURCE_CONTINUE;
  if (!gimp_item_is_valid (GIMP_ITEM (line->drawable)))
    {
      update_soon (line);
      return G_SOURCE_CONTINUE;
    }

  /* While a preview computes (Denoise), GIMP's buffers are left alone: drawable-io.h. */
  selection = selection_get_key (line->drawable, line->kind == TASK_INPAINT);
  if (selection != line->selection)
    {
      line->selection = selection;
      g_clear_pointer (&line->source, forecast_source_free);
      update_soon (line);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
update (gpointer data)
{
  ForecastLine *line = data;
  GError       *error;
  Forecast      forecast;
  Task          task;

  line->update_source = 0;
  if (line->thread)
    return G_SOURCE_REMOVE;

  line->is_usable = FALSE;
  arguments_get_task (line->config, line->kind, &task);
  error = g_steal_pointer (&line->error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&error);

  if (error == NULL && task_changes_nothing (&task))
    cost_line_refuse (line->label, _ ("At this strength nothing changes: choose a larger one."));
  else if (error == NULL && look_at_selection (line, &task, &error) &&
           choose_engine (line, &error) &&
           forecast_make (line->session, line->source, &task, &forecast, &error) &&
           forecast_check (&forecast, &error))
    {
      if (forecast.seconds >= 0)
        {
          line->is_usable = TRUE;
          show_forecast (line, &forecast);
        }
      else
        {
          show_text (line, _ ("Measuring the speed of this computer…"));
          start_measuring (line);
        }
    }
  else
    cost_line_refuse (line->label, error->message);

  g_clear_error (&error);
  return G_SOURCE_REMOVE;
}

/* A setting has changed. */
static void
update_soon (ForecastLine *line)
{
  if (line->update_source == 0)
    line->update_source = g_timeout_add (DELAY_MS, update, line);
}

/* --- Life ----------------------------------------------------------------- */

ForecastLine *
forecast_line_new (GimpProcedureConfig *config,
                   const char          *procedure_name,
                   TaskKind             kind,
                   GimpDrawable        *drawable)
{
  ForecastLine *line = g_new0 (ForecastLine, 1);

  line->config = config;
  line->procedure_name = procedure_name;
  line->kind = kind;
  line->drawable = drawable;
  line->cancel = g_cancellable_new ();

  line->label = g_object_ref_sink (cost_line_new ());
  line->selection = selection_get_key (line->drawable, line->kind == TASK_INPAINT);
  line->poll_source = g_timeout_add (POLL_MS, poll, line);
  line->handler = g_signal_connect_swapped (config, "notify", G_CALLBACK (update_soon), line);
  update (line);
  return line;
}

CostLine *
forecast_line_get_widget (ForecastLine *line)
{
  return line->label;
}

void
forecast_line_refresh (ForecastLine *line)
{
  update_soon (line);
}

Session *
forecast_line_get_session (ForecastLine *line)
{
  /* A change that has not been looked at may be one of the model. */
  return line->thread == NULL && line->update_source == 0 && line->is_usable ? line->session : NULL;
}

Session *
forecast_line_free (ForecastLine *line)
{
  Session *session = line->session;

  g_signal_handler_disconnect (line->config, line->handler);
  if (line->thread)
    {
      g_cancellable_cancel (line->cancel);
      g_thread_join (line->thread);
    }
  g_source_remove (line->poll_source);
  if (line->update_source)
    g_source_remove (line->update_source);
  if (line->done_source)
    g_source_remove (line->done_source);

  g_clear_error (&line->error);
  g_object_unref (line->cancel);
  g_object_unref (line->label);
  forecast_source_free (line->source);
  g_free (line);
  return session;
}
