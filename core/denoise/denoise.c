/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise.c: removes noise. At the timestep whose σ is that of the picture's noise,
 * the picture scaled by √ᾱ_t is an x_t, and x̂_0 of one evaluation is the mean of
 * the posterior p(x_0 | x_t). Noise that is coarser than white noise is taken out at half
 * the picture's size as well (two-sizes.h).
 *
 * The picture goes through window by window (denoise-window.h), so that memory is bounded
 * by one row of windows whatever the picture's size. With several steps, each
 * window runs its whole chain before it is blended: the noise is addressed by
 * drawable coordinates, so neighbours take the same path where they overlap.
 */
#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/planes.h"
#include "denoise/denoise-window.h"
#include "denoise/toned.h"

/* Pixels around the region that the network sees, so that its border is as good as
 * its middle. */
#define CONTEXT 32 /* beyond about 20 a cut is no longer felt (tiles.h) */

#define ROWS_PER_WRITE 64

/* Above it, no value beyond 0…1 would be light. */
#define SIGMA_MAX 0.3

typedef struct
{
  DiffusionModel                 *model;
  DiffusionWorkers               *workers;
  const DiffusionSource          *source;
  const DiffusionSink            *sink;
  const DiffusionDenoiseSettings *settings;
  const DiffusionProgress        *progress; /* never NULL */

  DiffusionRect region; /* that is denoised */
  DiffusionRect part;   /* of it, what is written: all of it, but for a preview */
  DiffusionRect area;   /* the region and its context: what is cut into windows */
  TilesCut      cut;
  TilesAxis     across, down;
  int           n_channels;
  int           n_evaluations; /* of a window, ≥ 1 */
  int           n_windows, n_done;
  DenoiseWindow window;
  gboolean      is_toned;
  Toned         toned;

  float *band;     /* n_channels × window height × area width: Σ weight · x̂_0, 0…1 */
  int    band_top; /* first row of the band, in the area */
  float *preview;  /* only when somebody looks */
} Denoise;

/* After an evaluation of the present window. */
static void
observe (gpointer data, const ReverseState *state)
{
  Denoise      *job = data;
  double        done = job->n_done + (double) state->n_evaluations / job->n_evaluations;
  double        fraction = done / job->n_windows;
  DiffusionStep step = {
    .step = (int) (fraction * job->n_evaluations),
    .n_steps = job->n_evaluations,
    .fraction = fraction,
    .window = job->window.full.process.area,
    .n_channels = job->n_channels,
    .x0 = job->preview,
  };
  gsize n = (gsize) job->n_channels * step.window.width * step.window.height;

  if (job->preview == NULL)
    return;
  for (gsize i = 0; i < n; i++)
    job->preview[i] = planes_from_network (state->x0[i]);
  job->progress->report (job->progress->data, &step);
}

/* Whether the side of a window is felt in start … start + size − 1 of the area. */
static gboolean
reaches (const TilesAxis *axis, int i, int start, int size)
{
  for (int position = start; position < start + size; position++)
    if (tiles_axis_weight (axis, i, position) > 0.0f)
      return TRUE;
  return FALSE;
}

static gboolean
column_reaches (const Denoise *job, int i)
{
  return reaches (&job->across, i, job->part.x - job->area.x, job->part.width);
}

static gboolean
row_reaches (const Denoise *job, int j)
{
  return reaches (&job->down, j, job->part.y - job->area.y, job->part.height);
}

/* Denoises window (i, j) of the area and adds it to the band. */
static gboolean
do_window (Denoise *job, int i, int j, GError **error)
{
  DiffusionRect rect = { job->area.x + tiles_axis_start (&job->across, i),
                         job->area.y + tiles_axis_start (&job->down, j), job->across.size,
                         job->down.size };
  const float  *result = denoise_window_run (&job->window, &rect, error);

  if (result == NULL)
    return FALSE;
  tiles_blend (&job->across, i, &job->down, j, job->n_channels, result, job->band, job->band_top,
               job->down.size);
  job->n_done++;
  return TRUE;
}

/* --- Finished rows --------------------------------------------------------------------- */

/* Takes the residual from a row of the picture as it was read, its channels `stride` apart: x0
 * is the same row without noise, 0…1, its channels x0_stride apart. What was beyond 0…1, which
 * the network has not seen, stays beyond by as much; what is not a number becomes one. */
static void
take_residual (const Denoise *job,
               float         *v,
               gsize          stride,
               const float   *x0,
               gsize          x0_stride,
               const float   *alpha,
               int            n)
{
  static const float luma[3] = { 0.299f, 0.587f, 0.114f };

  const DiffusionDenoiseSettings *settings = job->settings;
  const int                       n_channels = job->n_channels;
  const float                     share = 1.0f - (float) settings->detail;
  const float                     lightness = share * (1.0f - (float) settings->kept_lightness);
  const float                     colour = share * (1.0f - (float) settings->kept_colour);

  for (int i = 0; i < n; i++)
    {
      float change[3] = { 0 }, light;

      if (!(alpha[i] > 0.0f))
        continue;
      for (int c = 0; c < n_channels; c++)
        {
          change[c] =
            x0[c * x0_stride + i] - denoise_window_seen (job->window.sigma, v[c * stride + i]);
          /* Where only impulses go, the others stay to the bit. */
          if (job->window.t <= -1.0 && fabsf (change[c]) <= 1e-5f)
            change[c] = 0.0f;
        }
      light = change[0];
      if (n_channels == 3)
        light = luma[0] * change[0] + luma[1] * change[1] + luma[2] * change[2];
      for (int c = 0; c < n_channels; c++)
        if (!isfinite (v[c * stride + i]))
          v[c * stride + i] = x0[c * x0_stride + i];
        else if (lightness == colour)
          v[c * stride + i] += lightness * change[c];
        else
          v[c * stride + i] += lightness * light + colour * (change[c] - light);
    }
}

/* Writes the rows from…to − 1 (drawable coordinates) of the part; without a band as they
 * are. */
static gboolean
write_rows (Denoise *job, int from, int to, GError **error)
{
  int      rows = MIN (ROWS_PER_WRITE, to - from), width = job->part.width;
  float   *pixels = planes_new (width, rows, job->n_channels + 1, error);
  gboolean success = pixels != NULL;

  for (int top = from; success && top < to; top += rows)
    {
      DiffusionRect strip = { job->part.x, top, width, MIN (rows, to - top) };
      gsize         size = (gsize) strip.width * strip.height;
      float        *alpha = pixels + job->n_channels * size;

      success = !g_cancellable_set_error_if_cancelled (job->progress->cancel, error) &&
                job->source->read (job->source->data, &strip, pixels, alpha, NULL, error);
      for (int y = 0; success && job->band != NULL && y < strip.height; y++)
        {
          gsize row = top + y - job->area.y - job->band_top;

          take_residual (job, pixels + (gsize) y * width, size,
                         job->band + row * job->area.width + strip.x - job->area.x,
                         (gsize) job->down.size * job->area.width, alpha + (gsize) y * width,
                         width);
        }
      success = success && job->sink->write (job->sink->data, &strip, pixels, error);
    }
  g_free (pixels);
  return success;
}

/* Row j of windows is done: writes the rows that no later window touches and moves
 * the others to the band's top. */
static gboolean
finish_band (Denoise *job, int j, GError **error)
{
  int   height = job->down.size, width = job->area.width;
  int   next = j + 1 < job->down.n ? tiles_axis_start (&job->down, j + 1) : job->area.height;
  int   from = MAX (job->area.y + job->band_top, job->part.y);
  int   to = MIN (job->area.y + next, job->part.y + job->part.height);
  gsize done = next - job->band_top, left = height - done;

  if (from < to && !write_rows (job, from, to, error))
    return FALSE;

  for (int c = 0; c < job->n_channels; c++)
    {
      float *plane = job->band + (gsize) c * height * width;

      memmove (plane, plane + done * width, left * width * sizeof (float));
      memset (plane + left * width, 0, done * width * sizeof (float));
    }
  job->band_top = next;
  return TRUE;
}

/* --- The job ------------------------------------------------------------------------------ */

static gboolean
check_settings (const DiffusionDenoiseSettings *settings,
                const DiffusionSource          *source,
                const DiffusionRect            *region,
                const DiffusionRect            *part,
                GError                        **error)
{
  const char *wrong = NULL;

  if (!(settings->strength >= 0.0 && settings->strength <= 1.0))
    wrong = _ ("The strength has to be between 0 and 1.");
  else if (!(settings->sigma >= 0.0 && settings->sigma <= 255.0))
    wrong = _ ("Sigma has to be between 0 and 255.");
  else if (settings->steps < 0 || settings->steps > 1000)
    wrong = _ ("The number of steps has to be between 0 and 1000.");
  else if (!(settings->detail >= 0.0 && settings->detail <= 1.0))
    wrong = _ ("The detail has to be between 0 and 1.");
  else if (!(settings->kept_lightness >= 0.0 && settings->kept_lightness <= 1.0) ||
           !(settings->kept_colour >= 0.0 && settings->kept_colour <= 1.0))
    wrong = _ ("Luminance and chroma have to be between 0 and 1.");
  else if (source->n_channels != 1 && source->n_channels != 3)
    wrong = _ ("Only gray and colour pictures can be denoised.");
  else if (!planes_rect_inside (region, source->width, source->height))
    wrong = _ ("The region to be denoised is empty or lies outside the picture.");
  else if (part->width <= 0 || part->height <= 0 || part->x < region->x || part->y < region->y ||
           part->width > region->width - (part->x - region->x) ||
           part->height > region->height - (part->y - region->y))
    wrong = _ ("The part to be denoised is empty or lies outside the region.");

  if (wrong != NULL)
    g_set_error_literal (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT, wrong);
  return wrong == NULL;
}

/* A toned picture is denoised as the gray one that it was. */
static gboolean
look_for_tone (Denoise *job, DiffusionDenoiseSettings *used, GError **error)
{
  if (!toned_find (&job->toned, job->source, &job->region, job->progress->cancel, &job->is_toned,
                   error))
    return FALSE;
  if (job->is_toned)
    {
      toned_connect (&job->toned, job->sink, job->progress);
      toned_scale_noise (&job->toned, &used->found, &used->sigma);
      job->source = &job->toned.gray;
      job->sink = &job->toned.toning;
      job->progress = &job->toned.shown;
      job->n_channels = 1;
    }
  return TRUE;
}

/* t from sigma, else from strength, else from the picture; −1: nothing to do. */
static gboolean
choose (Denoise *job, DiffusionDenoiseSettings *used, GError **error)
{
  const Schedule *schedule = model_get_schedule (job->model);
  double          T = schedule_get_T (schedule);
  gboolean        told = used->sigma > 0.0 || used->strength > 0.0;
  DenoiseWindow  *window = &job->window;

  used->steps = MAX (used->steps, 1);
  if (told)
    used->found = (DiffusionNoise) { 0 };
  else
    {
      if (!used->found.is_measured &&
          !diffusion_estimate_noise (job->source, &job->region, job->progress->cancel, &used->found,
                                     error))
        return FALSE;
      used->sigma = used->found.sigma;
    }
  if (!told || used->sigma > 0.0)
    window->t = schedule_t_of_sigma (schedule, 2.0 * used->sigma / 255.0);
  else
    {
      window->t = used->strength * T - 1.0;
      /* ∞, where no signal is left, is no setting. */
      used->sigma = MIN (255.0 / 2.0 * schedule_sigma (schedule, window->t), 1e6);
    }
  used->strength = (window->t + 1.0) / T;

  window->sigma = (float) MIN (used->sigma / 255.0, SIGMA_MAX);
  window->impulses = used->found.impulse_kinds;
  window->half_t = -1.0;
  if (denoise_window_keeps_mean (used))
    window->half_t = schedule_t_of_sigma (schedule, 2.0 * used->found.sigma_half / 255.0);
  return TRUE;
}

/* Which windows there are. */
static void
cut_region (Denoise *job)
{
  job->cut = tiled_model_cut_denoise (job->model);
  job->area =
    tiles_area (&job->region, CONTEXT, job->cut.size, 1, job->source->width, job->source->height);
  job->across = tiles_axis (job->area.width, &job->cut);
  job->down = tiles_axis (job->area.height, &job->cut);
}

static gboolean
run (Denoise *job, GError **error)
{
  gsize band_size = (gsize) job->n_channels * job->down.size * job->area.width;

  job->window.width = job->across.size;
  job->window.height = job->down.size;
  job->window.cut = job->cut;
  job->window.observe = observe;
  job->window.observe_data = job;
  if (!(job->band = planes_new (job->area.width, job->down.size, job->n_channels, error)) ||
      (job->progress->report != NULL &&
       !(job->preview = planes_new (job->across.size, job->down.size, job->n_channels, error))) ||
      !denoise_window_init (&job->window, error))
    return FALSE;
  memset (job->band, 0, band_size * sizeof (float));

  for (int j = 0; j < job->down.n; j++)
    {
      for (int i = 0; row_reaches (job, j) && i < job->across.n; i++)
        if (column_reaches (job, i) && !do_window (job, i, j, error))
          return FALSE;
      if (!finish_band (job, j, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
diffusion_denoise (DiffusionModel           *model,
                   DiffusionWorkers         *workers,
                   const DiffusionSource    *source,
                   const DiffusionSink      *sink,
                   const DiffusionRect      *region,
                   DiffusionDenoiseSettings *settings,
                   const DiffusionProgress  *progress,
                   GError                  **error)
{
  return diffusion_denoise_part (model, workers, source, sink, region, region, settings, progress,
                                 error);
}

gboolean
diffusion_denoise_part (DiffusionModel           *model,
                        DiffusionWorkers         *workers,
                        const DiffusionSource    *source,
                        const DiffusionSink      *sink,
                        const DiffusionRect      *region,
                        const DiffusionRect      *part,
                        DiffusionDenoiseSettings *settings,
                        const DiffusionProgress  *progress,
                        GError                  **error)
{
  static const DiffusionProgress nobody = { 0 };

  int n_columns = 0, n_rows = 0;

  DiffusionDenoiseSettings used = *settings;
  gboolean                 success;
  Denoise                  job = {
                     .model = model,
                     .workers = workers,
                     .source = source,
                     .sink = sink,
                     .settings = &used,
                     .progress = progress != NULL ? progress : &nobody,
                     .region = *region,
                     .part = *part,
                     .n_channels = source->n_channels,
  };

  if (!check_settings (settings, source, region, part, error) ||
      !look_for_tone (&job, &used, error))
    return FALSE;
  job.window = (DenoiseWindow) { .model = model,
                                 .workers = workers,
                                 .source = job.source,
                                 .settings = &used,
                                 .progress = job.progress };
  if (!choose (&job, &used, error))
    return FALSE;
  job.n_evaluations = reverse_process_count (used.steps, 1, 1, used.sampler);
  cut_region (&job);
  for (int i = 0; i < job.across.n; i++)
    n_columns += column_reaches (&job, i);
  for (int j = 0; j < job.down.n; j++)
    n_rows += row_reaches (&job, j);
  job.n_windows = n_columns * n_rows;

  if (job.window.t > -1.0 || job.window.impulses != 0)
    success = run (&job, error);
  else
    success = write_rows (&job, part->y, part->y + part->height, error);

  denoise_window_clear (&job.window);
  g_free (job.band);
  g_free (job.preview);
  if (job.is_toned)
    toned_unscale_noise (&job.toned, &used.found, &used.sigma);
  if (success)
    *settings = used;
  return success;
}

gboolean
diffusion_denoise_cost (const DiffusionModel           *model,
                        int                             n_threads,
                        const DiffusionSource          *source,
                        const DiffusionRect            *region,
                        const DiffusionDenoiseSettings *settings,
                        DiffusionCost                  *cost,
                        GError                        **error)
{
  Denoise job = {
    .model = (DiffusionModel *) model, /* only asked for its shape */
    .source = source,
    .region = *region,
  };
  DiffusionDenoiseSettings used = *settings;
  DiffusionCost            half;
  TilesCut                 half_cut;
  int                      n_planes;
  guint64                  planes;

  if (!check_settings (settings, source, region, region, error))
    return FALSE;

  used.steps = MAX (used.steps, 1);
  cut_region (&job);
  tiled_model_cost (model, n_threads, job.cut.size, job.cut.size, source->n_channels, &job.cut,
                    reverse_process_count (used.steps, 1, 1, used.sampler), cost);
  if (used.sigma == 0.0 && used.strength == 0.0 && denoise_window_keeps_mean (&used))
    {
      half_cut = denoise_window_half_cut (model, &job.cut);
      tiled_model_cost (model, n_threads, half_cut.size, half_cut.size, source->n_channels,
                        &half_cut, 1, &half);
      cost->macs += half.macs;
    }
  cost->n_evaluations *= (guint64) job.across.n * job.down.n;
  cost->macs *= (double) job.across.n * job.down.n;

  n_planes = denoise_window_planes (source->n_channels, used.sampler,
                                    model_get_scheduler_config (model)->variance);
  planes = (guint64) n_planes * job.across.size * job.down.size;
  planes += (guint64) source->n_channels * job.down.size * job.area.width; /* the band */
  cost->bytes += planes * sizeof (float);
  return TRUE;
}
