/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * engine.c: see engine.h.
 */
#include "engine.h"

#include <libgimp/gimp.h>

Engine *
engine_new (char *model_folder)
{
  Engine *engine = g_new0 (Engine, 1);

  engine->folder     = model_folder;
  engine->n_threads  = gimp_get_num_processors ();
  engine->workers    = diffusion_workers_new (engine->n_threads);
  engine->base_bytes = diffusion_memory_used ();
  engine->machine    = speed_file_machine (engine->n_threads);
  engine->speed_path = g_build_filename (gimp_directory (), "gimp-diffusion", "speed.ini", NULL);
  return engine;
}

void
engine_free (Engine *engine)
{
  if (engine == NULL)
    return;

  g_clear_pointer (&engine->model, diffusion_model_free);
  g_clear_pointer (&engine->outline, diffusion_model_free);
  g_clear_pointer (&engine->workers, diffusion_workers_free);
  g_free (engine->speed_path);
  g_free (engine->machine);
  g_free (engine->folder);
  g_free (engine);
}

/* Models with as many parameters are taken to be of one kind. */
static char *
model_key (const DiffusionModel *model)
{
  DiffusionModelInfo info;

  diffusion_model_get_info (model, &info);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, info.n_parameters);
}

static void
write_speed (const Engine *engine)
{
  char *key = model_key (engine->outline);

  speed_file_set (engine->speed_path, engine->machine, key, &engine->speed);
  g_free (key);
}

const DiffusionModel *
engine_get_outline (Engine *engine, GError **error)
{
  if (engine->outline == NULL)
    {
      engine->outline = diffusion_model_outline (engine->folder, error);
      if (engine->outline)
        {
          char *key = model_key (engine->outline);

          speed_file_get (engine->speed_path, engine->machine, key, &engine->speed);
          g_free (key);
        }
    }

  return engine->outline;
}

gboolean
engine_load (gpointer data, const DiffusionProgress *progress, GError **error)
{
  Engine        *engine = data;
  gint64         start  = g_get_monotonic_time ();
  DiffusionSpeed speed;

  if (engine->model == NULL)
    {
      if (engine_get_outline (engine, error) == NULL ||
          (engine->model = diffusion_model_load (engine->folder, error)) == NULL)
        return FALSE;
      engine->speed.loading = (g_get_monotonic_time () - start) / 1e6;
    }
  if (engine->speed.speed > 0)
    return TRUE;

  if (! diffusion_model_measure (engine->model, engine->workers, &speed, progress->cancel, error))
    return FALSE;

  engine->speed.speed      = speed.products;
  engine->speed.evaluation = speed.evaluation;
  write_speed (engine);
  return TRUE;
}

void
engine_note_work (Engine *engine, const DiffusionWork *before, double seconds)
{
  DiffusionWork after = diffusion_model_get_work (engine->model);

  speed_learn (&engine->speed, after.products - before->products,
               (double) (after.n_evaluations - before->n_evaluations), seconds);
  write_speed (engine);
}
