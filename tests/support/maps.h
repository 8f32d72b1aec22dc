/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * maps.h: feature maps with memory of their own, and a layer run on them by workers, for
 * the tests of layers.
 */
#pragma once

#include <string.h>

#include "layers/convolution.h"
#include "support/numbers.h"

static inline Map *
map_new (GRand *rand, int width, int height, int channels, double scale, double mean)
{
  Map        *map = g_new0 (Map, 1);
  const gsize n = (gsize) width * height;

  map->width = width;
  map->height = height;
  map->channels = channels;
  map->stride = KERNEL_PAD (channels);
  map->data = aligned_new (n * map->stride, NULL);
  map->moments = g_new0 (double, 2 * map->stride);
  for (gsize i = 0; rand && i < n; i++)
    for (int c = 0; c < channels; c++)
      map->data[i * map->stride + c] = mean + g_rand_double_range (rand, -scale, scale);
  return map;
}

static inline void
map_free (Map *map)
{
  if (!map)
    return;
  aligned_free (map->data);
  g_free (map->moments);
  g_free (map);
}

static inline double
map_get (const Map *map, int x, int y, int c)
{
  return map->data[((gsize) y * map->width + x) * map->stride + c];
}

static inline void
workspace_init (Workspace           *workspace,
                const Kernels       *kernels,
                int                  n_workers,
                const WorkspaceSize *size)
{
  workspace->kernels = kernels;
  workspace->size = *size;
  workspace->scratch = aligned_new (size->scratch * n_workers, NULL);
  workspace->shared = aligned_new (size->shared, NULL);
  workspace->stats = aligned_new (size->stats, NULL);
}

static inline void
workspace_clear (Workspace *workspace)
{
  aligned_free (workspace->scratch);
  aligned_free (workspace->shared);
  aligned_free (workspace->stats);
}

static inline gboolean
next_phase (gpointer data, WorkersPhase *phase)
{
  return phases_next (data, phase);
}

/* Does all of a layer. Returns FALSE when cancelled. */
static inline gboolean
run_phases (Phases *phases, int n_workers, GCancellable *cancel)
{
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  const gboolean    done = workers_run_phases (workers, next_phase, phases, cancel);

  phases_clear (phases);
  diffusion_workers_free (workers);
  return done;
}

/* The moments of a map by their definition. */
static inline void
assert_moments (const Map *map)
{
  const double n = (double) map->width * map->height;

  for (int c = 0; c < map->channels; c++)
    {
      double mean = 0.0, spread = 0.0, size = 0.0;

      for (int y = 0; y < map->height; y++)
        for (int x = 0; x < map->width; x++)
          mean += map_get (map, x, y, c) / n;
      for (int y = 0; y < map->height; y++)
        for (int x = 0; x < map->width; x++)
          spread += pow (map_get (map, x, y, c) - mean, 2.0);
      size = sqrt (spread / n);
      g_assert_cmpfloat (fabs (map->moments[c] - mean), <=, 1e-6 * (fabs (mean) + size));
      g_assert_cmpfloat (fabs (map->moments[map->stride + c] - spread), <=,
                         1e-4 * spread + 1e-12 * n * mean * mean);
    }
}

static inline Convolution *
layer_new (ConvolutionKind   kind,
           ConvolutionMethod method,
           int               out,
           const int        *parts,
           int               n_parts,
           const float      *weights,
           const float      *bias)
{
  GError      *error = NULL;
  Convolution *layer = convolution_new (kind, out, parts, n_parts);

  convolution_choose (layer, method);
  convolution_prepare (layer, &error);
  g_assert_no_error (error);
  convolution_pack (layer, 0, out, weights);
  for (int i = 0; bias && i < out; i++)
    layer->bias[i] = bias[i];
  return layer;
}
