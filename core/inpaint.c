/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint.c: fills what is selected. Reads the region and its surroundings, makes
 * a smooth first guess, runs the reverse process with the known pixels forced,
 * and writes the region.
 */
#include <string.h>

#include <glib/gi18n-lib.h>

#include "fill.h"
#include "model.h"
#include "planes.h"
#include "repaint.h"
#include "tiles.h"

/* What a setting of 0 means. A network that sees the mask needs few steps and no
 * resampling; others are brought into harmony with the known pixels by RePaint's
 * passes. */
#define STEPS_MASK_AWARE 20
#define STEPS_UNCONDITIONAL 100
#define RESAMPLE_MASK_AWARE 1
#define RESAMPLE_UNCONDITIONAL 5

/* Automatic context: half as wide as the region, at least CONTEXT_MIN pixels and at
 * most CONTEXT_MAX_CELLS pixels of the network's coarsest level (256 pixels of the
 * picture for the bundled model: its convolutions see about 270 pixels far). */
#define CONTEXT_MIN 64
#define CONTEXT_MAX_CELLS 16

#define ROWS_PER_WRITE 64

typedef struct
{
  DiffusionModel                 *model;
  DiffusionWorkers               *workers;
  const DiffusionSource          *source;
  const DiffusionSink            *sink;
  const DiffusionInpaintSettings *settings;
  const DiffusionProgress        *progress; /* never NULL */

  DiffusionRect region; /* what is written */
  DiffusionRect area;   /* the region and its context: what is computed */
  gsize         size;   /* pixels of the area */
  int           n_channels;
  Repaint       repaint;
  int           n_evaluations; /* of the whole run */
  int           n_done;        /* of them */

  /* Planes of the area; colours in −1…1. */
  float *clean; /* the picture, the guess where nothing of it may be used */
  float *y;     /* the picture, the guess where m = 1 */
  float *m;     /* 1: unknown */
  float *join;  /* when a pixel joins the process */
  float *x_t, *x0;
  float *preview; /* 0…1, only when somebody looks */
} Inpaint;

/* --- What is read --------------------------------------------------------------- */

static int
automatic_context (const DiffusionModel *model, const DiffusionRect *region)
{
  int longer = MAX (region->width, region->height);
  int most = MAX (CONTEXT_MAX_CELLS * model_get_multiple (model), CONTEXT_MIN);
  int context = CLAMP (longer / 2, CONTEXT_MIN, most);

  /* A network trained on whole pictures of one size expects to see about as much. */
  if (!diffusion_model_is_mask_aware (model))
    {
      int seen = model_get_shape (model)->sample_size;
      int missing = seen - MIN (region->width, region->height);

      context = MAX (context, MIN ((missing + 1) / 2, most));
    }
  return context;
}

/* Reads the area, clips what is outside 0…1 (the network never sees it), and turns
 * alpha and selection into m and join. */
static gboolean
read_area (Inpaint *job, GError **error)
{
  const double T = schedule_get_T (job->repaint.sampler.schedule);
  float       *alpha = job->m, *selection = job->join; /* replaced pixel by pixel */
  gboolean     any = FALSE;

  if (!job->source->read (job->source->data, &job->area, job->clean, alpha, selection, error))
    return FALSE;

  planes_to_network (job->clean, job->n_channels * job->size);
  for (gsize i = 0; i < job->size; i++)
    {
      gboolean transparent = !(alpha[i] > 0.0f);
      double   selected = planes_clip (selection[i]);
      gboolean counts = selected >= SELECTION_MIN;
      double   strength = job->settings->strength * selected;

      any |= counts;
      job->m[i] = transparent || counts ? 1.0f : 0.0f;
      /* Nothing may be seen of a pixel that is transparent, nor at full strength of one
       * that is fully selected. The others start from what they hold, each at its time. */
      if (transparent || strength >= 1.0)
        job->join[i] = REPAINT_AT_ONCE;
      else
        job->join[i] = counts ? (float) (strength * T - 1.0) : REPAINT_NEVER;
    }
  if (!any)
    {
      g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT,
                           _("Nothing is selected here: select what is to be filled."));
      return FALSE;
    }
  return TRUE;
}

/* y: the picture, the guess where m = 1; where nothing of the picture may be seen the
 * process starts from the guess as well. */
static gboolean
make_guess (Inpaint *job, GError **error)
{
  float *w = job->x_t; /* not in use yet */

  memcpy (job->y, job->clean, job->n_channels * job->size * sizeof (float));
  for (gsize i = 0; i < job->size; i++)
    w[i] = 1.0f - job->m[i];
  if (!fill_push_pull (job->area.width, job->area.height, job->n_channels, job->y, w, error))
    return FALSE;

  for (int c = 0; c < job->n_channels; c++)
    {
      float *y = job->y + c * job->size, *clean = job->clean + c * job->size;

      for (gsize i = 0; i < job->size; i++)
        if (job->m[i] == 0.0f)
          y[i] = clean[i]; /* the fill of a tiny area has lost it */
        else if (job->join[i] == REPAINT_AT_ONCE)
          clean[i] = y[i];
    }
  return TRUE;
}

/* --- Progress --------------------------------------------------------------------- */

static void
report (Inpaint *job, double evaluations, const float *x0)
{
  DiffusionStep step = {
    .step = (int) evaluations,
    .n_steps = job->n_evaluations,
    .fraction = MIN (evaluations / job->n_evaluations, 1.0),
    .window = job->area,
    .n_channels = job->n_channels,
    .x0 = x0,
  };

  if (job->progress->report != NULL)
    job->progress->report (job->progress->data, &step);
}

/* A TilesReport: within an evaluation. */
static void
observe_window (gpointer data, double fraction)
{
  Inpaint *job = data;

  report (job, job->n_done + fraction, NULL);
}

/* After a transition: x̂_0 in the hole, the picture around it. */
static void
observe (gpointer data, const RepaintState *state)
{
  Inpaint *job = data;

  job->n_done = state->n_evaluations;
  if (state->jump || job->preview == NULL)
    return;
  for (int c = 0; c < job->n_channels; c++)
    for (gsize i = 0; i < job->size; i++)
      {
        gsize p = c * job->size + i;
        job->preview[p] = planes_from_network (job->m[i] != 0.0f ? state->x0[p] : job->clean[p]);
      }
  report (job, state->n_evaluations, job->preview);
}

/* --- The result --------------------------------------------------------------------- */

/* Writes the region: x̂_0 where the selection counts, all else exactly as it is read
 * once more. */
static gboolean
write_region (Inpaint *job, const float *x0, GError **error)
{
  const DiffusionRect *region = &job->region;
  int                  rows = MIN (ROWS_PER_WRITE, region->height);
  float               *pixels = planes_new (region->width, rows, job->n_channels + 1, error);
  gboolean             success = pixels != NULL;

  for (int top = 0; success && top < region->height; top += rows)
    {
      DiffusionRect strip = { region->x, region->y + top, region->width,
                              MIN (rows, region->height - top) };
      gsize         strip_size = (gsize) strip.width * strip.height;
      float        *selection = pixels + job->n_channels * strip_size;

      success = job->source->read (job->source->data, &strip, pixels, NULL, selection, error);
      for (gsize i = 0; success && x0 != NULL && i < strip_size; i++)
        if (selection[i] >= SELECTION_MIN)
          {
            gsize p = (strip.y - job->area.y + i / strip.width) * (gsize) job->area.width +
                      (strip.x - job->area.x + i % strip.width);

            for (int c = 0; c < job->n_channels; c++)
              pixels[c * strip_size + i] = planes_from_network (x0[c * job->size + p]);
          }
      success = success && job->sink->write (job->sink->data, &strip, pixels, error);
    }
  g_free (pixels);
  return success;
}

/* --- The job -------------------------------------------------------------------------- */

static gboolean
check_settings (const DiffusionInpaintSettings *settings,
                const DiffusionSource          *source,
                const DiffusionRect            *region,
                GError                        **error)
{
  const char *wrong = NULL;

  if (!(settings->strength >= 0.0 && settings->strength <= 1.0))
    wrong = _("The strength has to be between 0 and 1.");
  else if (settings->steps < 0 || settings->steps > 1000)
    wrong = _("The number of steps has to be between 0 and 1000.");
  else if (settings->resample < 0 || settings->resample > 50)
    wrong = _("The number of resampling passes has to be between 0 and 50.");
  else if (settings->jump_length < 1 || settings->jump_length > 100)
    wrong = _("The jump length has to be between 1 and 100.");
  else if (settings->context < 0 || settings->context > 4096)
    wrong = _("The context has to be between 0 and 4096 pixels.");
  else if (source->n_channels != 1 && source->n_channels != 3)
    wrong = _("Only gray and colour pictures can be filled.");
  else if (!planes_rect_inside (region, source->width, source->height))
    wrong = _("The region to be filled is empty or lies outside the picture.");

  if (wrong != NULL)
    g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT, wrong);
  return wrong == NULL;
}

/* What the model asks for in place of each 0. */
static void
choose_settings (const DiffusionModel     *model,
                 const DiffusionRect      *region,
                 DiffusionInpaintSettings *used)
{
  gboolean mask_aware = diffusion_model_is_mask_aware (model);

  if (used->steps == 0)
    used->steps = mask_aware ? STEPS_MASK_AWARE : STEPS_UNCONDITIONAL;
  if (used->resample == 0)
    used->resample = mask_aware ? RESAMPLE_MASK_AWARE : RESAMPLE_UNCONDITIONAL;
  if (used->context == 0)
    used->context = automatic_context (model, region);
}

/* As allocate() does, and the pyramid of the smooth fill. */
#define AREA_PLANES(n_channels) (7 * (n_channels) + 3)

static gboolean
allocate (Inpaint *job, GError **error)
{
  int width = job->area.width, height = job->area.height, n = job->n_channels;

  return (job->clean = planes_new (width, height, n, error)) &&
         (job->y = planes_new (width, height, n, error)) &&
         (job->m = planes_new (width, height, 1, error)) &&
         (job->join = planes_new (width, height, 1, error)) &&
         (job->x_t = planes_new (width, height, n, error)) &&
         (job->x0 = planes_new (width, height, n, error)) &&
         (job->progress->report == NULL || (job->preview = planes_new (width, height, n, error)));
}

static void
release (Inpaint *job)
{
  g_free (job->clean);
  g_free (job->y);
  g_free (job->m);
  g_free (job->join);
  g_free (job->x_t);
  g_free (job->x0);
  g_free (job->preview);
}

/* The process on the area that has been read. */
static gboolean
run (Inpaint *job, GError **error)
{
  Repaint *repaint = &job->repaint;
  Tiles   *tiles = tiles_new (job->model, job->workers, job->area.width, job->area.height,
                              job->n_channels, job->y, job->m, error);
  gboolean success;

  if (tiles == NULL)
    return FALSE;

  tiles_set_report (tiles, observe_window, job);
  repaint->clean = job->clean;
  repaint->join = job->join;
  repaint->predict = tiles_predict;
  repaint->predict_data = tiles;
  repaint_start (repaint, job->x_t);
  /* The result, should "finish" come before the first evaluation. */
  memcpy (job->x0, job->clean, job->n_channels * job->size * sizeof (float));
  success = repaint_run (repaint, job->x_t, job->x0, error);
  tiles_free (tiles);
  return success;
}

gboolean
diffusion_inpaint (DiffusionModel           *model,
                   DiffusionWorkers         *workers,
                   const DiffusionSource    *source,
                   const DiffusionSink      *sink,
                   const DiffusionRect      *region,
                   DiffusionInpaintSettings *settings,
                   const DiffusionProgress  *progress,
                   GError                  **error)
{
  static const DiffusionProgress nobody = { 0 };

  const Schedule          *schedule = model_get_schedule (model);
  DiffusionInpaintSettings used = *settings;
  gboolean                 success;

  if (!check_settings (settings, source, region, error))
    return FALSE;
  choose_settings (model, region, &used);

  Inpaint job = {
    .model = model,
    .workers = workers,
    .source = source,
    .sink = sink,
    .settings = &used,
    .progress = progress != NULL ? progress : &nobody,
    .region = *region,
    .area = tiles_area (region, used.context, model_get_multiple (model), source->width,
                        source->height),
    .n_channels = source->n_channels,
  };

  job.size = (gsize) job.area.width * job.area.height;
  job.repaint = (Repaint){
    .workers = workers,
    .area = job.area,
    .n_channels = job.n_channels,
    .t_start = used.strength * schedule_get_T (schedule) - 1.0,
    .steps = used.steps,
    .resample = used.resample,
    .jump_length = used.jump_length,
    .seed = used.seed,
    .observe = observe,
    .observe_data = &job,
    .cancel = job.progress->cancel,
    .finish = job.progress->finish,
  };
  sampler_init (&job.repaint.sampler, schedule, model_get_scheduler_config (model), used.sampler);
  job.n_evaluations = repaint_count (used.steps, used.resample, used.jump_length);

  success = allocate (&job, error) && read_area (&job, error);
  if (success && used.strength > 0.0)
    success = make_guess (&job, error) && run (&job, error) && write_region (&job, job.x0, error);
  else if (success)
    success = write_region (&job, NULL, error); /* t = −1: the picture is what it is */
  release (&job);

  if (success)
    *settings = used;
  return success;
}

gboolean
diffusion_inpaint_cost (const DiffusionModel           *model,
                        int                             n_threads,
                        const DiffusionSource          *source,
                        const DiffusionRect            *region,
                        const DiffusionInpaintSettings *settings,
                        DiffusionCost                  *cost,
                        GError                        **error)
{
  DiffusionInpaintSettings used = *settings;
  DiffusionRect            area;

  if (!check_settings (settings, source, region, error))
    return FALSE;

  choose_settings (model, region, &used);
  area = tiles_area (region, used.context, model_get_multiple (model), source->width,
                     source->height);
  tiles_cost (model, n_threads, area.width, area.height,
              repaint_count (used.steps, used.resample, used.jump_length), cost);
  cost->bytes += (guint64) AREA_PLANES (source->n_channels) * area.width * area.height *
                 sizeof (float);
  return TRUE;
}
