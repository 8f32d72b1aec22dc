/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * guard.c: see guard.h.
 *
 * Of the kinds of processes that GIMP starts only one does without a caller that waits for its
 * end: a persistent procedure without arguments, which GIMP runs when it starts. What a run has
 * to say comes by a temporary procedure, which returns at once. GIMP frees the number of a process
 * for the next one, so the guard also keeps when the process began.
 */
#include "guard.h"

#include "canvas-layer.h"
#include "procedures.h"

#define WATCH "plug-in-diffusion-guard-watch"

/* How often it is looked whether the processes are still there. */
#define PERIOD_MS 300

#ifdef G_OS_UNIX

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  int     process;
  guint64 began; /* in the system's own unit; 0: it does not tell */
  int     image, layer;
} Watch;

static guint timer; /* 0: nothing is watched */

/* Of what Linux tells of a process: the state, and when it began, are words 1 and 20 behind
 * the name, which is in brackets. FALSE: it tells nothing. */
static gboolean
read_state (int process, char *state, guint64 *began)
{
  char    *path = g_strdup_printf ("/proc/%d/stat", process);
  char    *text = NULL, **words;
  gboolean ok = FALSE;

  if (g_file_get_contents (path, &text, NULL, NULL) && strrchr (text, ')'))
    {
      words = g_strsplit (strrchr (text, ')') + 1, " ", 0);
      ok = g_strv_length (words) > 20;
      if (ok)
        {
          *state = words[1][0];
          *began = g_ascii_strtoull (words[20], NULL, 10);
        }
      g_strfreev (words);
    }
  g_free (text);
  g_free (path);
  return ok;
}

static gboolean
is_alive (const Watch *watch)
{
  char    state;
  guint64 began;

  if (kill ((pid_t) watch->process, 0) != 0)
    return FALSE;
  return !read_state (watch->process, &state, &began) ||
         (state != 'Z' && (watch->began == 0 || began == watch->began));
}

/* What a run that is gone has left behind. */
static void
clean_up (const Watch *watch)
{
  GimpImage *image = gimp_image_get_by_id (watch->image);
  GimpItem  *item;

  if (image == NULL || !gimp_image_is_valid (image))
    return;

  /* It may have been killed in the moment in which it had frozen the undo steps. */
  if (!gimp_image_undo_is_enabled (image))
    gimp_image_undo_thaw (image);
  item = gimp_item_get_by_id (watch->layer);
  if (GIMP_IS_LAYER (item) && gimp_item_is_valid (item))
    canvas_layer_take_away (GIMP_LAYER (item));
}

static gboolean
look (gpointer data)
{
  GArray *watches = data;

  for (guint i = 0; i < watches->len;)
    {
      const Watch watch = g_array_index (watches, Watch, i);

      if (is_alive (&watch))
        {
          i++;
          continue;
        }
      /* While GIMP answers, watch_run() may be called. */
      g_array_remove_index_fast (watches, i);
      clean_up (&watch);
      i = 0;
    }
  if (watches->len > 0)
    return G_SOURCE_CONTINUE;
  timer = 0;
  return G_SOURCE_REMOVE;
}

/* The run function of the temporary procedure. */
static GimpValueArray *
watch_run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data)
{
  GArray *watches = data;
  Watch   watch = { 0 };
  char    state;

  g_object_get (config, "process", &watch.process, "image", &watch.image, "layer", &watch.layer,
                NULL);
  read_state (watch.process, &state, &watch.began);

  for (guint i = watches->len; i-- > 0;)
    if (g_array_index (watches, Watch, i).process == watch.process)
      g_array_remove_index_fast (watches, i);
  g_array_append_val (watches, watch);
  if (timer == 0)
    timer = g_timeout_add (PERIOD_MS, look, watches);

  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}

static void
serve (GimpProcedure *procedure)
{
  GimpPlugIn    *plug_in = gimp_get_plug_in ();
  GArray        *watches = g_array_new (FALSE, TRUE, sizeof (Watch));
  GimpProcedure *watch =
    gimp_procedure_new (plug_in, WATCH, GIMP_PDB_PROC_TYPE_TEMPORARY, watch_run, watches, NULL);

  gimp_procedure_set_documentation (
    watch, "Watch over the layer of a run",
    "Takes the layer away when the process is gone. Called by the filters themselves.", WATCH);
  procedures_set_attribution (watch);
  gimp_procedure_add_int_argument (watch, "process", "Process", "The number of the process", 1,
                                   G_MAXINT, 1, G_PARAM_READWRITE);
  gimp_procedure_add_int_argument (watch, "image", "Image", "The id of the image", 0, G_MAXINT, 0,
                                   G_PARAM_READWRITE);
  gimp_procedure_add_int_argument (watch, "layer", "Layer", "The id of the layer", 0, G_MAXINT, 0,
                                   G_PARAM_READWRITE);

  gimp_plug_in_set_pdb_error_handler (plug_in, GIMP_PDB_ERROR_HANDLER_PLUGIN);
  gimp_plug_in_add_temp_procedure (plug_in, watch);
  g_object_unref (watch);
  gimp_procedure_persistent_ready (procedure);
  gimp_plug_in_persistent_enable (plug_in);
  g_main_loop_run (g_main_loop_new (NULL, FALSE)); /* until GIMP ends the process */
}

gboolean
guard_watch (GimpLayer *layer)
{
  GimpProcedure       *procedure = gimp_pdb_lookup_procedure (gimp_get_pdb (), WATCH);
  GimpProcedureConfig *config;
  GimpValueArray      *values;
  gboolean             ok;

  if (procedure == NULL)
    return FALSE;

  config = gimp_procedure_create_config (procedure);
  g_object_set (config, "process", (int) getpid (), "image",
                gimp_image_get_id (gimp_item_get_image (GIMP_ITEM (layer))), "layer",
                gimp_item_get_id (GIMP_ITEM (layer)), NULL);
  values = gimp_procedure_run_config (procedure, config);
  ok = g_value_get_enum (gimp_value_array_index (values, 0)) == GIMP_PDB_SUCCESS;
  gimp_value_array_unref (values);
  g_object_unref (config);
  return ok;
}

#else

static void
serve (GimpProcedure *procedure)
{
}

gboolean
guard_watch (GimpLayer *layer)
{
  return FALSE;
}

#endif

static GimpValueArray *
run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data)
{
  if (gimp_display_name () != NULL)
    serve (procedure);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}

GimpProcedure *
guard_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  GimpProcedure *procedure =
    gimp_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PERSISTENT, run, NULL, NULL);

  gimp_procedure_set_documentation (
    procedure, "Watch over the runs of Inpaint Selection and Denoise",
    "Takes away the layer by which a run shows its result on the canvas, when the run was killed. "
    "GIMP starts it with itself.",
    name);
  procedures_set_attribution (procedure);
  return procedure;
}
