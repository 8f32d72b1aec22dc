/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.c: self-attention over the pixels of a feature map.
 *
 * The matrix of scores, pixels × pixels, never exists as a whole: a block takes
 * some queries of one head through all keys, a stretch of keys at a time, and
 * rescales what it has summed up when a greater score turns up (Milakov and
 * Gimelshein 2018; Dao et al. 2022). The products are OpenBLAS's, of sizes that
 * depend on the shapes alone, so that their bits do.
 */
#include "layers/attention.h"

#include <math.h>
#include <string.h>

#include <cblas.h>

#define PIXELS  64  /* of a block, where each pixel is on its own */
#define QUERIES 64  /* of a block */
#define KEYS    512 /* of a stretch */

typedef struct
{
  AttentionJob     job;
  const Workspace *workspace;
  int              n_pixels;
  int              stride;
  float           *query, *key, *value; /* n_pixels × stride each; query ends up as the sum */
} Run;

void
attention_size (const Attention *attention, int width, int height, WorkspaceSize *size)
{
  const gsize n_pixels = (gsize) width * height;
  const gsize stride = attention->out->n_out;

  size->scratch = MAX (PIXELS * stride, QUERIES * (KEYS + stride));
  size->shared = 3 * n_pixels * stride;
  size->stats = (n_pixels + PIXELS - 1) / PIXELS * MAP_STATS (stride);
}

static int
block_pixels (gconstpointer data, int block)
{
  const Run *run = data;

  return MIN (PIXELS, run->n_pixels - block * PIXELS);
}

/* Normalises some pixels and makes their queries, keys and values. */
static void
project_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const AttentionJob *job = &run->job;
  const Kernels      *kernels = run->workspace->kernels;
  const Convolution  *layers[] = { job->attention->query, job->attention->key,
                                   job->attention->value };
  float              *results[] = { run->query, run->key, run->value };
  const gsize         first = (gsize) block * PIXELS;
  const int           n = block_pixels (run, block);
  float              *normalised = workspace_scratch (run->workspace, worker);
  const Map           map = { .stride = run->stride, .data = normalised };
  const Map          *maps[] = { &map };

  if (job->gate)
    kernels->layer_norm (normalised, run->stride, job->source->data + first * run->stride,
                         run->stride, n, job->source->channels, job->epsilon, job->scale,
                         job->shift);
  else
    for (int c = 0; c < run->stride; c += KERNEL_CHUNK)
      kernels->activate (normalised + c, run->stride, job->source->data + first * run->stride + c,
                         run->stride, n, job->scale + c, job->shift + c, ACTIVATION_IDENTITY);

  for (int i = 0; i < 3; i++)
    {
      float *result = results[i] + first * run->stride;
      Finish finish = { .bias = layers[i]->bias, .scale = 1.0f };

      point_product (layers[i], kernels, maps, 1, 0, n, 0, run->stride / KERNEL_CHUNK, result,
                     run->stride);
      kernels->finish (result, run->stride, n, run->stride, NULL, &finish);
    }
}

/* The greatest of n numbers and `max`, sixteen at a time: one at a time each would
 * wait for the one before, a third of the attention's time. */
static float
greatest_of (const float *x, int n, float max)
{
  float most[16];
  int   i = 0;

  for (int j = 0; j < 16; j++)
    most[j] = max;
  for (; i <= n - 16; i += 16)
    for (int j = 0; j < 16; j++)
      most[j] = x[i + j] > most[j] ? x[i + j] : most[j];
  for (; i < n; i++)
    max = MAX (max, x[i]);
  for (int j = 0; j < 16; j++)
    max = MAX (max, most[j]);
  return max;
}

/* Takes one row of new scores into account: scores become weights; what was
 * summed up so far shrinks where the greatest score has grown. */
static void
weigh_row (const Kernels *kernels,
           float         *scores,
           int            n,
           int            depth,
           float         *greatest,
           float         *total,
           float         *sum)
{
  const float max = greatest_of (scores, n, *greatest);
  const float shrink = expf (*greatest - max); /* 0 the first time, from −∞ */

  for (int i = 0; i < depth; i++)
    sum[i] *= shrink;
  *total = *total * shrink + kernels->exp_sum (scores, n, max);
  *greatest = max;
}

/* Some queries of one head; their sums replace them. */
static void
attend_block (gpointer data, int block, int worker)
{
  const Run *run = data;
  const int  heads = run->job.attention->n_heads;
  const int  depth = run->job.source->channels / heads;
  const int  stride = run->stride;
  const int  first = block / heads * QUERIES;
  const int  channel = block % heads * depth;
  const int  n = MIN (QUERIES, run->n_pixels - first);
  float     *scores = workspace_scratch (run->workspace, worker);
  float     *sums = scores + QUERIES * KEYS;
  float     *query = run->query + (gsize) first * stride + channel;
  float      greatest[QUERIES], total[QUERIES];

  for (int i = 0; i < n; i++)
    {
      greatest[i] = -INFINITY;
      total[i] = 0.0f;
    }
  memset (sums, 0, (gsize) n * depth * sizeof *sums);

  for (int key = 0; key < run->n_pixels; key += KEYS)
    {
      const int   n_keys = MIN (KEYS, run->n_pixels - key);
      const gsize at = (gsize) key * stride + channel;

      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, n, n_keys, depth, 1.0f / sqrtf (depth),
                   query, stride, run->key + at, stride, 0.0f, scores, KEYS);
      for (int i = 0; i < n; i++)
        weigh_row (run->workspace->kernels, scores + i * KEYS, n_keys, depth, &greatest[i],
                   &total[i], sums + i * depth);
      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, depth, n_keys, 1.0f, scores, KEYS,
                   run->value + at, stride, 1.0f, sums, depth);
    }

  for (int i = 0; i < n; i++)
    for (int c = 0; c < depth; c++)
      query[(gsize) i * stride + c] = sums[i * depth + c] / total[i];
}

/* The last layer, for some pixels, behind a gate. */
static void
gated_out_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const AttentionJob *job = &run->job;
  const Convolution  *out = job->attention->out;
  const Kernels      *kernels = run->workspace->kernels;
  const int           stride = run->stride;
  const gsize         first = (gsize) block * PIXELS;
  const int           n = block_pixels (run, block);
  float              *value = workspace_scratch (run->workspace, worker);
  const Map           map = { .stride = stride, .data = run->query };
  const Map          *maps[] = { &map };

  point_product (out, kernels, maps, 1, first, n, 0, stride / KERNEL_CHUNK, value, stride);
  kernels->add_gated (job->result->data + first * stride, value, stride, n, stride, out->bias,
                      job->gate);
}

/* The last layer, for some pixels. */
static void
out_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const AttentionJob *job = &run->job;
  const Kernels      *kernels = run->workspace->kernels;
  const int           stride = run->stride;
  const gsize         first = (gsize) block * PIXELS;
  const int           n = block_pixels (run, block);
  float              *result = job->result->data + first * stride;
  const Map           map = { .stride = stride, .data = run->query };
  const Map          *maps[] = { &map };
  Finish              finish = { 0 };

  point_product (job->attention->out, kernels, maps, 1, first, n, 0, stride / KERNEL_CHUNK, result,
                 stride);

  finish.bias = job->attention->out->bias;
  finish.scale = job->factor;
  finish.stats = run->workspace->stats + block * MAP_STATS (stride);
  finish.stats_stride = stride;
  finish.first = TRUE;
  kernels->finish (result, stride, n, stride, job->source->data + first * stride, &finish);
}

static void
finish_run (gpointer data)
{
  Run *run = data;

  if (!run->job.gate)
    map_join_stats (run->job.result, run->workspace->stats, divide_up (run->n_pixels, PIXELS),
                    block_pixels, run);
}

void
attention_begin (const AttentionJob *job, const Workspace *workspace, Phases *phases)
{
  const int   n_pixels = job->source->width * job->source->height;
  const int   n_blocks = divide_up (n_pixels, PIXELS);
  const gsize floats = (gsize) n_pixels * job->source->stride;
  Run        *run = g_new (Run, 1);

  run->job = *job;
  run->workspace = workspace;
  run->n_pixels = n_pixels;
  run->stride = job->source->stride;
  run->query = workspace->shared;
  run->key = run->query + floats;
  run->value = run->key + floats;

  phases_init (phases, run, finish_run);
  phases_add (phases, n_blocks, project_block);
  phases_add (phases, divide_up (n_pixels, QUERIES) * job->attention->n_heads, attend_block);
  phases_add (phases, n_blocks, job->gate ? gated_out_block : out_block);
}
