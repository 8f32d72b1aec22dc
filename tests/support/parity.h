/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * parity.h: what the tests of whole networks share: inputs that dump-reference.py and
 * dump-transformer.py know too, what they expect, and how far a result is from it.
 */
#pragma once

#include <math.h>

#include "format/safetensors.h"
#include "model/model.h"

/* As in the scripts. */
#define PARITY_TIMESTEP    437.25
#define PARITY_OUT_STEP    11
#define PARITY_SAMPLES     64
#define PARITY_SAMPLE_STEP 997

static inline DiffusionModel *
parity_load_model (const char *folder)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_no_error (error);
  return model;
}

static inline Safetensors *
parity_open (const char *folder, const char *name)
{
  char        *path = g_build_filename (folder, name, NULL);
  GError      *error = NULL;
  Safetensors *file = safetensors_open (path, &error);

  g_assert_no_error (error);
  g_free (path);
  return file;
}

static inline float *
parity_expected (Safetensors  *file,
                 const char   *kind,
                 const char   *name,
                 int           n_dims,
                 const gint64 *shape)
{
  char   *full = g_strconcat (kind, ".", name, NULL);
  GError *error = NULL;
  float  *values = safetensors_load (file, full, n_dims, shape, &error);

  g_assert_no_error (error);
  g_free (full);
  return values;
}

/* The numbers of the script's function of that name. */
static inline float *
parity_planes (int n, int width, int height)
{
  const guint32 size = n * width * height;
  float        *values = g_new (float, size);

  for (guint32 i = 0; i < size; i++)
    values[i] = ((guint32) (i * 2654435761u + 12345u) >> 8) / 8388608.0 - 1.0;
  return values;
}

/* max |a − b| / RMS (b) over n values, a in steps of `step`. */
static inline double
parity_difference (const float *a, gsize step, const float *b, gsize n)
{
  double worst = 0.0, sum = 0.0;

  for (gsize i = 0; i < n; i++)
    {
      const double error = fabs ((double) a[i * step] - b[i]);

      /* Also true for what is not a number. */
      if (!(error <= worst))
        worst = error;
      sum += (double) b[i] * b[i];
    }
  return worst / sqrt (sum / n);
}

/* The planes that come out: one a colour, or two with a learned variance. */
static inline float *
parity_predict (DiffusionModel *model, int n_workers, int width, int height)
{
  const gboolean    aware = diffusion_model_is_mask_aware (model);
  const int         n_colours = model_get_shape (model)->n_colours;
  const gsize       plane = (gsize) width * height;
  float            *in = parity_planes (aware ? 2 * n_colours + 1 : n_colours, width, height);
  float            *mask = in + 2 * n_colours * plane;
  float            *out = g_new (float, model_get_n_outputs (model) * plane);
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  GError           *error = NULL;

  for (gsize i = 0; aware && i < plane; i++)
    mask[i] = mask[i] > 0.0f;
  model_predict (model, workers, width, height, NULL, in, aware ? in + n_colours * plane : NULL,
                 aware ? mask : NULL, PARITY_TIMESTEP, out, NULL, &error);
  g_assert_no_error (error);
  diffusion_workers_free (workers);
  g_free (in);
  return out;
}

/* The same bytes from one, two and three workers. */
static inline void
parity_check_workers (DiffusionModel *model, int width, int height)
{
  const gsize n = model_get_n_outputs (model) * (gsize) width * height;
  float      *one = parity_predict (model, 1, width, height);

  for (int n_workers = 2; n_workers <= 3; n_workers++)
    {
      float *more = parity_predict (model, n_workers, width, height);

      g_assert_cmpmem (more, n * sizeof *more, one, n * sizeof *one);
      g_free (more);
    }
  g_free (one);
}

static inline gpointer
parity_cancel_soon (gpointer cancel)
{
  g_usleep (3000);
  g_cancellable_cancel (cancel);
  return NULL;
}

/* Cancelled before and while it runs; afterwards it works as ever. */
static inline void
parity_check_cancel (DiffusionModel *model, int size)
{
  const gsize       n = 3 * size * size;
  const gboolean    aware = diffusion_model_is_mask_aware (model);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  float            *in = parity_planes (aware ? 7 : 3, size, size);
  float            *before = parity_predict (model, 2, size, size);
  float            *out = g_new0 (float, model_get_n_outputs (model) * (gsize) size * size);
  float            *after;

  for (int i = 0; i < 2; i++)
    {
      GCancellable *cancel = g_cancellable_new ();
      GThread      *thread = NULL;
      GError       *error = NULL;

      if (i == 0)
        g_cancellable_cancel (cancel);
      else
        thread = g_thread_new ("cancel", parity_cancel_soon, cancel);
      g_assert_false (model_predict (model, workers, size, size, NULL, in, aware ? in + n : NULL,
                                     aware ? in + 2 * n : NULL, PARITY_TIMESTEP, out, cancel,
                                     &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      if (thread)
        g_thread_join (thread);
      g_object_unref (cancel);
    }

  after = parity_predict (model, 2, size, size);
  g_assert_cmpmem (after, n * sizeof *after, before, n * sizeof *before);
  g_free (in);
  g_free (before);
  g_free (out);
  g_free (after);
  diffusion_workers_free (workers);
}
