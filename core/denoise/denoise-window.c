/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-window.c: see denoise-window.h.
 */
#include "denoise/denoise-window.h"

#include <math.h>
#include <string.h>

#include "base/planes.h"
#include "base/random.h"
#include "denoise/two-sizes.h"
#include "picture/local-mean.h"
#include "picture/push-pull.h"

float
denoise_window_seen (float sigma, float v)
{
  float clipped = planes_clip (v), beyond = v - clipped, u;

  if (beyond == 0.0f || !(fabsf (beyond) < 4.0f * sigma))
    return clipped;
  u = MAX (0.5f * fabsf (beyond) / sigma - 1.0f, 0.0f);
  return clipped + beyond * (1.0f - u * u * (3.0f - 2.0f * u));
}

/* --- Life --------------------------------------------------------------------------- */

TilesCut
denoise_window_half_cut (const DiffusionModel *model, const TilesCut *cut)
{
  /* Others were trained on pictures of one size. */
  if (!diffusion_model_is_mask_aware (model))
    return *cut;
  return (TilesCut) { cut->size / 2, cut->overlap / 2, cut->ramp / 2 };
}

static gboolean
init_size (const DenoiseWindow *window,
           DenoiseSize         *size,
           int                  width,
           int                  height,
           double               t,
           const TilesCut      *cut,
           GError             **error)
{
  const DiffusionDenoiseSettings *settings = window->settings;
  int                             n_channels = window->source->n_channels;

  size->width = width;
  size->height = height;
  size->process = (ReverseProcess) {
    .workers = window->workers,
    .n_channels = n_channels,
    .gray_noise = model_get_shape (window->model)->n_colours == 1,
    .t_start = t,
    .steps = settings->steps,
    .resample = 1,
    .jump_length = 1,
    .seed = settings->seed,
    .predict = tiled_model_predict,
    .cancel = window->progress->cancel,
  };
  sampler_init (&size->process.sampler, model_get_schedule (window->model),
                model_get_scheduler_config (window->model), settings->sampler);
  if (!(size->picture = planes_new (width, height, n_channels, error)) ||
      !(size->x_t = planes_new (width, height, n_channels, error)) ||
      !(size->x0 = planes_new (width, height, n_channels, error)) ||
      !(size->tiles = tiled_model_new (window->model, window->workers, width, height, n_channels,
                                       cut, NULL, NULL, error)))
    return FALSE;
  size->process.predict_data = size->tiles;
  return TRUE;
}

static void
clear_size (DenoiseSize *size)
{
  g_clear_pointer (&size->picture, g_free);
  g_clear_pointer (&size->x_t, g_free);
  g_clear_pointer (&size->x0, g_free);
  g_clear_pointer (&size->tiles, tiled_model_free);
}

gboolean
denoise_window_init (DenoiseWindow *window, GError **error)
{
  int      width = window->width, height = window->height;
  TilesCut half_cut = denoise_window_half_cut (window->model, &window->cut);

  if (!(window->known = planes_new (width, height, 1, error)) ||
      !init_size (window, &window->full, width, height, window->t, &window->cut, error) ||
      (window->half_t > -1.0 &&
       !init_size (window, &window->half, two_sizes_half (width), two_sizes_half (height),
                   window->half_t, &half_cut, error)))
    return FALSE;
  window->full.process.observe = window->observe;
  window->full.process.observe_data = window->observe_data;
  window->full.process.finish = window->progress->finish;
  return TRUE;
}

void
denoise_window_clear (DenoiseWindow *window)
{
  clear_size (&window->full);
  clear_size (&window->half);
  g_clear_pointer (&window->known, g_free);
}

/* As the above allocates, half the size counting for a quarter; and the smooth fill of a
 * window with holes or the local mean: up to five times the channels and some planes. */
int
denoise_window_planes (int n_channels, DiffusionSampler sampler, VarianceType variance)
{
  return 7 * n_channels + 4 + n_channels * reverse_process_planes (sampler, variance);
}

/* --- One window --------------------------------------------------------------------- */

/* FALSE in *visible: nothing of it is known. */
static gboolean
read_picture (DenoiseWindow       *window,
              const DiffusionRect *rect,
              ImpulseKinds         impulses,
              gboolean            *visible,
              GError             **error)
{
  const gsize size = (gsize) rect->width * rect->height;
  const int   n_channels = window->source->n_channels;
  float      *picture = window->full.picture;
  gsize       n_unknown = 0;

  if (!window->source->read (window->source->data, rect, picture, window->known, NULL, error))
    return FALSE;

  for (gsize i = 0; i < size; i++)
    {
      gboolean known = window->known[i] > 0.0f;

      for (int c = 0; c < n_channels; c++)
        {
          float *v = &picture[c * size + i];

          known &= isfinite (*v) != 0;
          *v = denoise_window_seen (window->sigma, *v);
        }
      window->known[i] = known;
      n_unknown += !known;
    }
  n_unknown +=
    impulses_mark (rect->width, rect->height, n_channels, picture, impulses, window->known);
  *visible = n_unknown < size;
  return n_unknown == 0 || !*visible ||
         push_pull_fill (rect->width, rect->height, n_channels, 0, picture, window->known, error);
}

/* x_t: the picture scaled by √ᾱ_t, with fresh noise when it is asked for. */
static void
start (const DenoiseWindow *window, DenoiseSize *size, const DiffusionRect *rect)
{
  const ReverseProcess *process = &size->process;
  SamplerStep           noise = sampler_noise (process->sampler.schedule, process->t_start);
  RandomStream          stream = { process->seed, RANDOM_FORWARD, 0, 0 };
  gsize                 plane = (gsize) size->width * size->height, n = process->n_channels * plane;

  if (window->settings->method == DIFFUSION_METHOD_RENOISE)
    {
      int drawn = process->gray_noise ? 1 : process->n_channels;

      random_window (&stream, rect, drawn, size->x_t);
      for (int c = drawn; c < process->n_channels; c++)
        memcpy (size->x_t + c * plane, size->x_t, plane * sizeof (float));
    }
  else
    {
      memset (size->x_t, 0, n * sizeof (float));
      noise.c_z = 0.0f;
    }
  for (gsize i = 0; i < n; i++)
    {
      /* The result, should "finish" come before the first evaluation. */
      size->x0[i] = 2.0f * size->picture[i] - 1.0f;
      size->x_t[i] = sampler_apply (&noise, size->x0[i], 0.0f, size->x_t[i]);
    }
}

/* x0 ← the picture without noise, 0…1. */
static gboolean
evaluate (const DenoiseWindow *window, DenoiseSize *size, const DiffusionRect *rect, GError **error)
{
  gsize n = (gsize) window->source->n_channels * size->width * size->height;

  start (window, size, rect);
  size->process.area = *rect;
  if (!reverse_process_run (&size->process, size->x_t, size->x0, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    size->x0[i] = planes_from_network (size->x0[i]);
  return TRUE;
}

/* Corrects the low frequencies of what was found at full size. */
static gboolean
evaluate_half (DenoiseWindow *window, const DiffusionRect *rect, GError **error)
{
  DenoiseSize  *full = &window->full, *half = &window->half;
  const int     n_channels = window->source->n_channels;
  const gsize   n = (gsize) n_channels * half->width * half->height;
  DiffusionRect place = { rect->x / 2, rect->y / 2, half->width, half->height };

  two_sizes_halve (full->width, full->height, n_channels, full->picture, half->picture);
  if (!evaluate (window, half, &place, error))
    return FALSE;
  two_sizes_halve (full->width, full->height, n_channels, full->x0, half->picture);
  for (gsize i = 0; i < n; i++)
    half->x0[i] -= half->picture[i];
  two_sizes_add (full->width, full->height, n_channels, half->x0, full->x0);
  for (gsize i = 0; i < (gsize) n_channels * full->width * full->height; i++)
    full->x0[i] = planes_clip (full->x0[i]);
  return TRUE;
}

gboolean
denoise_window_keeps_mean (const DiffusionDenoiseSettings *settings)
{
  return settings->method == DIFFUSION_METHOD_MATCHED && settings->steps <= 1;
}

const float *
denoise_window_run (DenoiseWindow *window, const DiffusionRect *rect, GError **error)
{
  DenoiseSize  *full = &window->full;
  GCancellable *finish = window->progress->finish, *cancel = window->progress->cancel;
  gboolean      finished = finish != NULL && g_cancellable_is_cancelled (finish), visible;

  if (g_cancellable_set_error_if_cancelled (cancel, error) ||
      !read_picture (window, rect, window->impulses, &visible, error))
    return NULL;
  if (!visible || window->t <= -1.0)
    return full->picture;
  if (finished)
    {
      full->process.steps = 1;
      full->process.finish = NULL;
    }

  /* The half size brings the low frequencies, and with them the mean. */
  if (!evaluate (window, full, rect, error) ||
      (window->half_t > -1.0 && !evaluate_half (window, rect, error)) ||
      (window->sigma > 0.0f && window->half_t <= -1.0 &&
       denoise_window_keeps_mean (window->settings) &&
       !local_mean_keep (window->workers, rect->width, rect->height, window->source->n_channels,
                         full->picture, window->known, window->sigma, full->x0, cancel, error)))
    return NULL;
  return full->x0;
}
