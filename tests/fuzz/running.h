/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * running.h: what the fuzzers do with a model that was accepted: it is asked all it can be
 * asked, and run on a small picture where that takes no more than a moment.
 */
#pragma once

#include <string.h>

#include "diffusion.h"

#define RUNNING_MAX_MACS  1e8
#define RUNNING_MAX_BYTES ((guint64) 1 << 29)

typedef struct
{
  int width, height, n_channels;
  int n_written; /* pixels, each perhaps more than once */
} Running;

static inline gboolean
running_read (gpointer             data,
              const DiffusionRect *window,
              float               *pixels,
              float               *alpha,
              float               *selection,
              GError             **error)
{
  const Running *running = data;
  const int      n = window->width * window->height;

  g_assert_true (window->x >= 0 && window->y >= 0 && window->width > 0 && window->height > 0 &&
                 window->x + window->width <= running->width &&
                 window->y + window->height <= running->height);
  for (int i = 0; i < n; i++)
    {
      const int x = window->x + i % window->width, y = window->y + i / window->width;

      for (int c = 0; pixels && c < running->n_channels; c++)
        pixels[c * n + i] = (float) ((x * 7 + y * 3 + c * 5) % 16) / 15;
      if (alpha)
        alpha[i] = 1;
      if (selection)
        selection[i] = x >= 5 && x < 11 && y >= 4 && y < 9;
    }
  return TRUE;
}

static inline gboolean
running_write (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  Running *running = data;

  /* Reading them is what a sanitizer sees. */
  for (int i = 0; i < running->n_channels * window->width * window->height; i++)
    if (pixels[i] == 12345)
      return FALSE;
  running->n_written += window->width * window->height;
  return TRUE;
}

/* One sentence of the house's own kinds. */
static inline void
running_check_error (GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == DIFFUSION_ERROR || error->domain == G_IO_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (g_str_has_suffix (error->message, "."));
  g_error_free (error);
}

/* `numbers`: settings of the run, each anything. Returns whether the network was run. */
static inline gboolean
running_run (DiffusionModel *model, const int numbers[4])
{
  static DiffusionWorkers *workers;
  const DiffusionRect      part = { 5, 4, 6, 5 };
  Running                  running = { 17, 13, numbers[0] & 1 ? 1 : 3, 0 };
  const DiffusionSource source = { running.width, running.height, running.n_channels, running_read,
                                   &running };
  const DiffusionSink   sink = { running_write, &running };
  DiffusionModelInfo    info;
  DiffusionCost         cost;
  GError               *error = NULL;
  gboolean              ok;
  const gboolean        inpaint = numbers[0] & 2;
  DiffusionInpaintSettings fill = { .strength = 1,
                                    .steps = 1 + (numbers[1] & 3),
                                    .sampler = (numbers[2] & 255) % 5,
                                    .spacing = (numbers[2] >> 8 & 255) % 6,
                                    .eta = 0.5,
                                    .resample = 1 + (numbers[3] & 1),
                                    .jump_length = 1,
                                    .data_step = numbers[3] >> 1 & 1,
                                    .context = 4 };
  DiffusionDenoiseSettings clean = { .strength = 0,
                                     .sigma = 20,
                                     .method = numbers[3] >> 2 & 1,
                                     .steps = numbers[1] & 3,
                                     .sampler = (numbers[2] & 255) % 5 };

  if (!workers)
    workers = diffusion_workers_new (2);
  diffusion_model_get_info (model, &info);
  diffusion_model_is_mask_aware (model);

  ok = inpaint ? diffusion_inpaint_cost (model, 2, &source, &part, &fill, &cost, &error)
               : diffusion_denoise_cost (model, 2, &source, &part, &clean, &cost, &error);
  if (!ok)
    {
      running_check_error (error);
      return FALSE;
    }
  if (cost.macs > RUNNING_MAX_MACS || cost.bytes > RUNNING_MAX_BYTES)
    return FALSE;

  ok = inpaint ? diffusion_inpaint (model, workers, &source, &sink, &part, &fill, NULL, &error)
               : diffusion_denoise (model, workers, &source, &sink, &part, &clean, NULL, &error);
  if (!ok)
    running_check_error (error);
  else
    g_assert_cmpint (running.n_written, >=, part.width * part.height);
  return ok;
}
