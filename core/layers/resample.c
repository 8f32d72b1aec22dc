/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * resample.c: a feature map halved or enlarged twofold. A block is one row of
 * the smaller of the two maps, done one chunk of channels after the other.
 */
#include "layers/resample.h"

typedef struct
{
  ResampleJob      job;
  const Workspace *workspace;
} Run;

void
resample_size (int width, WorkspaceSize *size)
{
  /* Two rows of a source of twice the width. */
  size->scratch = 4 * (gsize) width * KERNEL_CHUNK;
  size->shared = size->stats = 0;
}

/* The pixels of row `y` of the source, channels at … at + 15, after f: they
 * are `*stride` floats apart. `scratch`: a row of one chunk. */
static const float *
read_row (const Run *run, int y, int at, float *scratch, gsize *stride)
{
  const ResampleJob *job = &run->job;
  const Map         *source = job->source;
  const float       *row = source->data + (gsize) y * source->width * source->stride + at;

  if (!job->scale)
    {
      *stride = source->stride;
      return row;
    }
  run->workspace->kernels->activate (scratch, KERNEL_CHUNK, row, source->stride, source->width,
                                     job->scale + at, job->shift + at, job->activation);
  *stride = KERNEL_CHUNK;
  return scratch;
}

static void
halve_row (gpointer data, int y, int worker)
{
  const Run *run = data;
  const Map *source = run->job.source;
  Map       *result = run->job.result;
  float     *scratch = workspace_scratch (run->workspace, worker);

  for (int at = 0; at < result->stride; at += KERNEL_CHUNK)
    {
      gsize        stride;
      const float *upper = read_row (run, 2 * y, at, scratch, &stride);
      const float *lower =
        read_row (run, 2 * y + 1, at, scratch + (gsize) source->width * KERNEL_CHUNK, &stride);
      float *out = result->data + (gsize) y * result->width * result->stride + at;

      for (int x = 0; x < result->width; x++, upper += 2 * stride, lower += 2 * stride)
        for (int c = 0; c < KERNEL_CHUNK; c++)
          out[(gsize) x * result->stride + c] =
            0.25f * ((upper[c] + upper[stride + c]) + (lower[c] + lower[stride + c]));
    }
}

static void
enlarge_row (gpointer data, int y, int worker)
{
  const Run  *run = data;
  const Map  *source = run->job.source;
  Map        *result = run->job.result;
  float      *scratch = workspace_scratch (run->workspace, worker);
  const gsize below = (gsize) result->width * result->stride;

  for (int at = 0; at < result->stride; at += KERNEL_CHUNK)
    {
      gsize        stride;
      const float *in = read_row (run, y, at, scratch, &stride);
      float       *out = result->data + 2 * y * below + at;

      for (int x = 0; x < source->width; x++, in += stride, out += 2 * result->stride)
        for (int c = 0; c < KERNEL_CHUNK; c++)
          out[c] = out[result->stride + c] = out[below + c] = out[below + result->stride + c] =
            in[c];
    }
}

void
resample_begin (const ResampleJob *job, const Workspace *workspace, Phases *phases)
{
  Run *run = g_new (Run, 1);

  run->job = *job;
  run->workspace = workspace;

  phases_init (phases, run, NULL);
  if (job->result->width < job->source->width)
    phases_add (phases, job->result->height, halve_row);
  else
    phases_add (phases, job->source->height, enlarge_row);
}
