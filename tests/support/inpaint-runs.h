/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-runs.h: runs of diffusion_inpaint on pictures in memory with the bundled model,
 * for tests.
 */
#pragma once

#include "support/picture.h"

static DiffusionModel   *model;
static DiffusionWorkers *workers;

static const DiffusionInpaintSettings few_steps = { .strength = 1.0,
                                                    .steps = 2,
                                                    .sampler = DIFFUSION_SAMPLER_DDIM,
                                                    .jump_length = 10,
                                                    .seed = 5 };

static inline gboolean
try_inpaint (Picture                  *picture,
             const DiffusionRect      *region,
             DiffusionInpaintSettings *settings,
             const DiffusionProgress  *progress,
             GError                  **error)
{
  DiffusionSource source = picture_source (picture);
  DiffusionSink   sink = picture_sink (picture);

  return diffusion_inpaint (model, workers, &source, &sink, region, settings, progress, error);
}

static inline void
inpaint (Picture *picture, const DiffusionRect *region, DiffusionInpaintSettings settings)
{
  GError *error = NULL;

  try_inpaint (picture, region, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, region);
}

typedef struct
{
  GCancellable *cancellable; /* cancelled when x̂_0 of this step, or a later one, has come */
  int           at;
  int           step, n_steps, n_previews, n_reports;
  double        fraction;
} Watch;

static inline void
watch (gpointer data, const DiffusionStep *step)
{
  Watch *w = data;

  g_assert_cmpint (step->step, >=, w->step);
  g_assert_cmpfloat (step->fraction, >=, w->fraction);
  g_assert_cmpfloat (step->fraction, <=, 1.0);
  w->step = step->step;
  w->n_steps = step->n_steps;
  w->fraction = step->fraction;
  w->n_reports++;
  if (step->x0 == NULL)
    return;
  w->n_previews++;
  for (int i = 0; i < step->n_channels * step->window.width * step->window.height; i++)
    g_assert_true (step->x0[i] >= 0.0f && step->x0[i] <= 1.0f);
  if (w->cancellable != NULL && step->step >= w->at)
    g_cancellable_cancel (w->cancellable);
}

/* What main() of such a test does around g_test_run(). */
static inline int
inpaint_run_tests (void)
{
  GError *error = NULL;
  int     status;

  model = diffusion_model_load (g_getenv ("DIFFUSION_WEIGHTS"), &error);
  g_assert_no_error (error);
  workers = diffusion_workers_new (2);
  status = g_test_run ();
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return status;
}
