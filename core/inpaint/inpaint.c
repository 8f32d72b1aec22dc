/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint.c: fills what is selected: part by part (partition.h), each from coarse to fine
 * (scales.h), at each scale by a few runs of the reverse process with the known pixels forced
 * (inpaint-plan.h, inpaint-planes.h). A part that is done is known to those after it.
 */
#include <glib/gi18n-lib.h>

#include "inpaint/inpaint-planes.h"
#include "inpaint/surroundings.h"

#include <math.h>

#include "base/planes.h"
#include "patches/patch-fill.h"
#include "process/reverse-process.h"
#include "model/tiled-model.h"

typedef struct
{
  DiffusionModel                 *model;
  DiffusionWorkers               *workers;
  const DiffusionInpaintSettings *settings;
  const DiffusionProgress        *progress; /* never NULL */

  Canvas              *canvas;
  InpaintPlan         *plan;
  int                  n_channels;
  int                  n_evaluations; /* done, of all stages before the present one */
  gint64               n_pixels;      /* likewise */
  const InpaintPlanes *planes;        /* the present ones */

  /* The present part's finest area, only when somebody looks: what is shown, 0…1, and
   * where it changes. */
  const DiffusionRect *shown;
  float               *preview, *unknown;
} Inpaint;

/* --- Progress --------------------------------------------------------------------- */

static void
report (Inpaint *job, double evaluations, const float *x0)
{
  const InpaintStage *stage = job->planes->stage;
  double              pixels = job->n_pixels + evaluations * stage->n_pixels;
  DiffusionStep       step = {
          .step = MIN (job->n_evaluations + (int) evaluations, job->plan->n_evaluations),
          .n_steps = job->plan->n_evaluations,
          .fraction = MIN (pixels / job->plan->n_pixels, 1.0),
          .window = *job->shown,
          .n_channels = job->n_channels,
          .x0 = x0,
  };

  if (job->progress->report != NULL)
    job->progress->report (job->progress->data, &step);
}

typedef struct
{
  Inpaint *job;
  int      n_done; /* evaluations of this stage */
} StageProgress;

/* A TiledModelReport: within an evaluation. */
static void
observe_window (gpointer data, double fraction)
{
  StageProgress *progress = data;

  report (progress->job, progress->n_done + fraction, NULL);
}

/* x̂_0 of the present scale in the hole, the picture around it. */
static void
update_preview (Inpaint *job, const float *x0)
{
  const DiffusionRect *area = &job->planes->stage->area;
  const int            scale = job->planes->stage->scale;
  float               *to = job->preview;

  for (int c = 0; c < job->n_channels; c++)
    for (int y = 0; y < job->shown->height; y++)
      {
        int          v = CLAMP (((job->shown->y + y) >> scale) - area->y, 0, area->height - 1);
        const float *row = x0 + ((gsize) c * area->height + v) * area->width;
        const float *unknown = job->unknown + (gsize) y * job->shown->width;

        for (int x = 0; x < job->shown->width; x++, to++)
          if (unknown[x] != 0.0f)
            {
              float value =
                row[CLAMP (((job->shown->x + x) >> scale) - area->x, 0, area->width - 1)];

              if (job->canvas->trend != NULL)
                value += trend_at (job->canvas->trend, c, job->shown->x + x, job->shown->y + y);
              *to = planes_from_network (value);
            }
      }
}

static void
show (Inpaint *job, int evaluations, const float *x0)
{
  if (job->preview == NULL)
    return;
  update_preview (job, x0);
  report (job, evaluations, job->preview);
}

/* After a transition. An estimate is shown when it has been averaged. */
static void
observe (gpointer data, const ReverseState *state)
{
  StageProgress *progress = data;

  progress->n_done = state->n_evaluations;
  if (!state->jump && progress->job->planes->stage->kind != STAGE_ESTIMATE)
    show (progress->job, state->n_evaluations, state->x0);
}

/* The picture around the part, to show x̂_0 in. */
static gboolean
begin_preview (Inpaint *job, const InpaintPart *part, GError **error)
{
  int    width, height;
  float *start;
  gsize  n;

  job->shown = &part->stages[part->n_stages - 1].area;
  if (job->progress->report == NULL)
    return TRUE;

  width = job->shown->width;
  height = job->shown->height;
  n = (gsize) job->n_channels * width * height;
  job->preview = planes_new (width, height, job->n_channels, error);
  job->unknown = planes_new (width, height, 1, error);
  start = planes_new (width, height, 1, error);
  if (job->preview == NULL || job->unknown == NULL || start == NULL ||
      !canvas_read (job->canvas, 0, job->shown, job->settings->strength, job->preview, job->unknown,
                    start, error))
    {
      g_free (start);
      return FALSE;
    }
  g_free (start);
  for (gsize i = 0; i < n; i++)
    job->preview[i] = planes_from_network (job->preview[i]);
  return TRUE;
}

static void
end_preview (Inpaint *job)
{
  g_clear_pointer (&job->preview, g_free);
  g_clear_pointer (&job->unknown, g_free);
}

/* --- The process -------------------------------------------------------------------- */

/* How the picture is shown to the network for the number-th estimate. All of a scale have the same
 * noise, but mirrored it is as good as another. */
static TiledModelMirror
mirror_of_estimate (int number)
{
  static const TiledModelMirror mirrors[] = { TILED_MODEL_AS_IT_IS,
                                              TILED_MODEL_MIRRORED_X | TILED_MODEL_MIRRORED_Y,
                                              TILED_MODEL_MIRRORED_X, TILED_MODEL_MIRRORED_Y };

  return number == 0 ? TILED_MODEL_AS_IT_IS : mirrors[(number - 1) % G_N_ELEMENTS (mirrors)];
}

/* *n_done: evaluations, none when "finish" came before. */
static gboolean
run_process (Inpaint *job, InpaintPlanes *planes, int *n_done, GError **error)
{
  const InpaintStage *stage = planes->stage;
  StageProgress       progress = { job, 0 };
  ReverseProcess      process = {
         .workers = job->workers,
         .area = stage->area,
         .n_channels = job->n_channels,
         .gray_noise = model_get_shape (job->model)->n_colours == 1,
         .clean = planes->clean,
         .join = planes->join,
         .data_step = job->settings->data_step,
         .t_start = planes->t_start,
         .sigma_end = planes->sigma_end,
         .spacing = job->settings->spacing,
         .steps_offset = model_get_scheduler_config (job->model)->steps_offset,
         .steps = stage->steps,
         .resample = job->settings->resample,
         .jump_length = job->settings->jump_length,
         .seed = job->settings->seed,
         .scale = stage->scale,
         .predict = tiled_model_predict,
         .observe = observe,
         .observe_data = &progress,
         .cancel = job->progress->cancel,
         .finish = job->progress->finish,
  };
  TilesCut    cut = tiled_model_cut_inpaint (job->model);
  TiledModel *tiles =
    tiled_model_new (job->model, job->workers, stage->area.width, stage->area.height,
                     job->n_channels, &cut, planes->y, planes->m, error);
  gboolean success;

  if (tiles == NULL)
    return FALSE;

  sampler_init (&process.sampler, model_get_schedule (job->model),
                model_get_scheduler_config (job->model), job->settings->sampler);
  process.sampler.eta = job->settings->eta;
  tiled_model_set_report (tiles, observe_window, &progress);
  tiled_model_set_mirror (tiles, mirror_of_estimate (stage->number));
  process.predict_data = tiles;
  reverse_process_start (&process, planes->x_t);
  success = reverse_process_run (&process, planes->x_t, planes->x0, error);
  tiled_model_free (tiles);
  *n_done = progress.n_done;
  return success;
}

/* The mean of an estimate and those before it, which its guess is the mean of: their errors average
 * out. Each begins with a better guess than the one before and counts for more: the k-th k times.
 * As the network has learned it, a guess is the picture where that is known, and in its range. */
static void
average (InpaintPlanes *planes)
{
  const float share = 2.0f / (planes->stage->number + 1);

  for (gsize p = 0; p < planes->n_channels * planes->size; p++)
    {
      float guess = planes->y[p];

      planes->x0[p] = planes->m[p % planes->size] == 1.0f
                        ? CLAMP (guess + share * (planes->x0[p] - guess), -1.0f, 1.0f)
                        : guess;
    }
}

static gboolean
anything_unknown (const InpaintPlanes *planes)
{
  for (gsize i = 0; i < planes->size; i++)
    if (planes->m[i] != 0.0f)
      return TRUE;
  return FALSE;
}

static gboolean
run_network (Inpaint *job, InpaintPlanes *planes, GError **error)
{
  int n_done;

  if (!anything_unknown (planes)) /* no seam shows */
    return TRUE;
  if (!run_process (job, planes, &n_done, error))
    return FALSE;
  if (planes->stage->kind == STAGE_ESTIMATE && n_done > 0)
    {
      average (planes);
      show (job, planes->stage->n_evaluations, planes->x0);
    }
  return TRUE;
}

/* --- Patches ------------------------------------------------------------------------------ */

/* A round is done. */
static void
observe_patches (gpointer data, double share, const float *x0)
{
  Inpaint *job = data;

  show (job, (int) (share * job->planes->stage->n_evaluations), x0);
}

/* m of the area, −1 where a pixel is unknown but not of this part. */
static void
leave_others (const InpaintPart *part, InpaintPlanes *planes)
{
  const DiffusionRect *area = &planes->stage->area, *rect = &part->rect;

  for (int y = 0; y < area->height; y++)
    for (int x = 0; x < area->width; x++)
      {
        int      u = area->x + x - rect->x, v = area->y + y - rect->y;
        gboolean own = u >= 0 && v >= 0 && u < rect->width && v < rect->height;
        float   *m = planes->m + (gsize) y * area->width + x;

        if (*m > 0.0f && !own)
          *m = -1.0f;
      }
}

/* The scale at which the old picture in the hole is covered by noise as far as coarser results are
 * that are refined. */
static int
first_scale (const Inpaint *job)
{
  double sigma = schedule_sigma (model_get_schedule (job->model), job->planes->stage->t_start);
  int    scale = 0;

  while (scale + 1 < PATCH_SCALES_MAX && ldexp (sigma, -scale - 1) >= PATCH_FILL_SIGMA)
    scale++;
  return scale;
}

/* *found: whether there are patches to take. */
static gboolean
run_patches (Inpaint           *job,
             const InpaintPart *part,
             InpaintPlanes     *planes,
             gboolean          *found,
             GError           **error)
{
  const DiffusionSource *source = job->canvas->source;
  const DiffusionRect   *area = &planes->stage->area;
  float                 *allowed = NULL;
  GError                *failure = NULL;
  PatchFill              fill;

  if (source->read_allowed != NULL)
    {
      allowed = planes_new (area->width, area->height, 1, error);
      if (allowed == NULL || !source->read_allowed (source->data, area, allowed, error))
        {
          g_free (allowed);
          return FALSE;
        }
    }
  leave_others (part, planes);
  fill = (PatchFill) {
    .picture = { .width = area->width,
                 .height = area->height,
                 .n_channels = job->n_channels,
                 .picture = planes->clean,
                 .hole = planes->m,
                 .source = allowed,
                 .reach = planes->stage->reach },
    .first_scale = job->settings->strength < 1.0 ? first_scale (job) : -1,
    .seed = job->settings->seed,
    .workers = job->workers,
    .cancel = job->progress->cancel,
    .finish = job->progress->finish,
    .observe = job->preview != NULL ? observe_patches : NULL,
    .data = job,
  };
  *found = patch_fill (&fill, planes->x0, planes->seams, &failure);
  if (*found && !(fill.finish != NULL && g_cancellable_is_cancelled (fill.finish)))
    model_add_work (job->model, planes->stage->macs);
  g_free (allowed);
  if (failure != NULL)
    g_propagate_error (error, failure);
  else if (*found)
    show (job, planes->stage->n_evaluations, planes->x0);
  return failure == NULL;
}

/* --- A part ------------------------------------------------------------------------------- */

static void
note_done (Inpaint *job, const InpaintStage *stage)
{
  job->n_evaluations += stage->n_evaluations;
  job->n_pixels += stage->n_evaluations * stage->n_pixels;
}

/* Leaves the result in the last planes' x0. *found: FALSE when it takes patches and there are
 * none. */
static gboolean
run_stages (Inpaint           *job,
            const InpaintPart *part,
            InpaintPlanes      planes[2],
            gboolean          *found,
            GError           **error)
{
  *found = TRUE;
  for (int k = 0; k < part->n_stages; k++)
    {
      InpaintPlanes *present = &planes[k & 1], *before = k > 0 ? &planes[(k - 1) & 1] : NULL;

      job->planes = present;
      if (!inpaint_planes_begin (present, &part->stages[k], job->model, job->canvas,
                                 job->settings->strength, before, error))
        return FALSE;
      if (!(part->stages[k].kind == STAGE_PATCHES ? run_patches (job, part, present, found, error)
                                                  : run_network (job, present, error)))
        return FALSE;
      if (!*found)
        return TRUE;
      note_done (job, &part->stages[k]);
    }
  return TRUE;
}

/* With what is shown of it. */
static gboolean
show_stages (Inpaint           *job,
             const InpaintPart *part,
             const Trend       *trend,
             InpaintPlanes      planes[2],
             gboolean          *found,
             GError           **error)
{
  gboolean success;

  if (!begin_preview (job, part, error))
    return FALSE;
  job->canvas->trend = trend;
  success = run_stages (job, part, planes, found, error);
  job->canvas->trend = NULL;
  return success;
}

static gboolean
run_part (Inpaint *job, const InpaintPart *part, GError **error)
{
  InpaintPlanes planes[2] = { { 0 } }; /* of this stage, and of the one before */
  InpaintPart   other;
  Surroundings  around;
  const Trend  *trend;
  gboolean      success, found = TRUE;

  if (!surroundings_look (&around, job->canvas, &part->rect, job->settings, error))
    return FALSE;
  if (around.filled)
    {
      for (int k = 0; k < part->n_stages; k++)
        note_done (job, &part->stages[k]);
      return TRUE;
    }

  trend = around.has_trend ? &around.trend : NULL;
  success = show_stages (job, part, trend, planes, &found, error);
  if (success && !found && job->canvas->source->read_allowed != NULL)
    {
      g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT,
                           _ ("The source has nothing to copy that is near enough to the "
                              "selection: paint white in it a place next to the selection."));
      success = FALSE;
    }
  if (success && !found)
    {
      inpaint_planes_clear (&planes[0]);
      inpaint_planes_clear (&planes[1]);
      end_preview (job);
      other = inpaint_plan_without_patches (job->model, job->canvas, job->settings, part);
      part = &other;
      success = show_stages (job, part, trend, planes, &found, error);
    }
  if (success)
    {
      const InpaintPlanes *last = &planes[(part->n_stages - 1) & 1];

      if (trend != NULL)
        trend_add (trend, &last->stage->area, last->x0);
      if (around.has_curve)
        colour_curve_apply (&around.curve, last->size, last->x0);
      success = canvas_fill (job->canvas, &part->rect, &last->stage->area, last->x0, error);
    }
  job->planes = NULL;
  inpaint_planes_clear (&planes[0]);
  inpaint_planes_clear (&planes[1]);
  end_preview (job);
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
    wrong = _ ("The strength has to be between 0 and 1.");
  else if (settings->steps < 0 || settings->steps > 1000)
    wrong = _ ("The number of steps has to be between 0 and 1000.");
  else if (settings->resample < 0 || settings->resample > 50)
    wrong = _ ("The number of resampling passes has to be between 0 and 50.");
  else if (settings->jump_length < 1 || settings->jump_length > 100)
    wrong = _ ("The jump length has to be between 1 and 100.");
  else if (!(settings->eta >= 0.0 && settings->eta <= 1.0))
    wrong = _ ("Eta has to be between 0 and 1.");
  else if (settings->context < 0 || settings->context > 4096)
    wrong = _ ("The context has to be between 0 and 4096 pixels.");
  else if ((int) settings->expert < 0 || settings->expert > DIFFUSION_EXPERT_PICTURE)
    wrong = _ ("The expert has to be one of those that there are.");
  else if (source->n_channels != 1 && source->n_channels != 3)
    wrong = _ ("Only gray and colour pictures can be filled.");
  else if (!planes_rect_inside (region, source->width, source->height))
    wrong = _ ("The region to be filled is empty or lies outside the picture.");

  if (wrong != NULL)
    g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT, wrong);
  return wrong == NULL;
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

  DiffusionInpaintSettings used;
  gboolean                 success = TRUE;
  Inpaint                  job = {
                     .model = model,
                     .workers = workers,
                     .settings = &used,
                     .progress = progress != NULL ? progress : &nobody,
                     .n_channels = source->n_channels,
  };

  if (!check_settings (settings, source, region, error))
    return FALSE;
  used = inpaint_plan_settings (model, settings);

  job.canvas = canvas_new (source, region, job.progress->cancel, error);
  if (job.canvas == NULL)
    return FALSE;

  if (used.strength > 0.0) /* else t = −1: the picture is what it is */
    {
      job.plan = inpaint_plan_new (model, job.canvas, &used);
      for (guint i = 0; success && i < job.plan->parts->len; i++)
        success = run_part (&job, &g_array_index (job.plan->parts, InpaintPart, i), error);
    }
  success = success && !g_cancellable_set_error_if_cancelled (job.progress->cancel, error) &&
            canvas_write (job.canvas, sink, error);

  inpaint_plan_free (job.plan);
  canvas_free (job.canvas);
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
  DiffusionInpaintSettings used;
  Canvas                  *canvas;
  InpaintPlan             *plan;

  if (!check_settings (settings, source, region, error))
    return FALSE;
  used = inpaint_plan_settings (model, settings);
  canvas = canvas_new (source, region, NULL, error);
  if (canvas == NULL)
    return FALSE;

  plan = inpaint_plan_new (model, canvas, &used);
  inpaint_plan_cost (plan, model, n_threads, cost);
  inpaint_plan_free (plan);
  canvas_free (canvas);
  return TRUE;
}
