/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * halving.c: 3×3 convolution with stride 2, as one product of nine terms for
 * each row of the result: in a map with its channels last the pixels that one
 * tap meets are the rows of a matrix, two pixels apart. Taps that fall outside
 * of the map are left out.
 */
#include "convolution.h"

/* Pixels of the result in a block, about. */
#define BLOCK_PIXELS 128

typedef struct
{
  const ConvolutionJob *job;
  const Workspace      *workspace;
  int                   rows; /* of a block */
} Run;

static int
block_rows (int width)
{
  return MAX (BLOCK_PIXELS / width, 1);
}

static int
block_pixels (gconstpointer data,
              int           block)
{
  const Run *run = data;
  const Map *result = run->job->result;

  return MIN (run->rows, result->height - block * run->rows) * result->width;
}

void
halving_size (const Convolution *convolution,
              int                width,
              int                height,
              WorkspaceSize     *size)
{
  const int rows = block_rows (width);

  size->scratch = size->shared = 0;
  size->stats = (height + rows - 1) / rows * MAP_STATS (convolution->n_out);
}

/* n results from (x, y) on, all of which meet the same taps. */
static void
multiply (const Run *run,
          int        x,
          int        y,
          int        n)
{
  const Convolution *convolution = run->job->convolution;
  const Map         *source = run->job->sources[0];
  const Map         *result = run->job->result;
  const int          padding = convolution->kind == CONVOLUTION_HALVING ? 1 : 0;
  ProductTerm        terms[9];
  int                n_terms = 0;

  for (int tap = 0; tap < 9; tap++)
    {
      const int in_x = 2 * x + tap % 3 - padding;
      const int in_y = 2 * y + tap / 3 - padding;

      if (in_x < 0 || in_x >= source->width || in_y < 0 || in_y >= source->height)
        continue;
      terms[n_terms].a = source->data + ((gsize) in_y * source->width + in_x) * source->stride;
      terms[n_terms].a_stride = 2 * (gsize) source->stride;
      terms[n_terms].b = convolution->weights + tap * convolution->matrix;
      terms[n_terms].k = source->stride;
      n_terms++;
    }

  run->workspace->kernels->product (result->data + ((gsize) y * result->width + x) * result->stride,
                                    result->stride, n, result->stride,
                                    terms, n_terms, convolution->panel, FALSE);
}

static void
rows_block (gpointer data,
            int      block,
            int      worker)
{
  const Run            *run = data;
  const ConvolutionJob *job = run->job;
  Map                  *result = job->result;
  const int             y0 = block * run->rows;
  const int             y_end = MIN (y0 + run->rows, result->height);
  const int             last = result->width - 1;
  const int             padding = job->convolution->kind == CONVOLUTION_HALVING ? 1 : 0;
  Finish                finish = { 0 };

  /* The first column meets other taps than the rest where one zero is to the
   * left, the last one where it is to the right (source->width is even). */
  for (int y = y0; y < y_end; y++)
    {
      if (padding)
        {
          multiply (run, 0, y, 1);
          if (last > 0)
            multiply (run, 1, y, last);
        }
      else
        {
          if (last > 0)
            multiply (run, 0, y, last);
          multiply (run, last, y, 1);
        }
    }

  finish.bias = job->bias;
  finish.scale = job->factor;
  finish.stats = run->workspace->stats + block * MAP_STATS (result->stride);
  finish.stats_stride = result->stride;
  finish.first = TRUE;
  run->workspace->kernels->finish (result->data + (gsize) y0 * result->width * result->stride,
                                   result->stride, (y_end - y0) * result->width, result->stride,
                                   NULL, &finish);
}

gboolean
halving_run (const ConvolutionJob *job,
             const Workspace      *workspace)
{
  Run run = { .job = job, .workspace = workspace };
  int n_blocks;

  run.rows = block_rows (job->result->width);
  n_blocks = (job->result->height + run.rows - 1) / run.rows;

  if (!workers_run (workspace->workers, n_blocks, rows_block, &run, workspace->cancel))
    return FALSE;

  map_join_stats (job->result, workspace->stats, n_blocks, block_pixels, &run);
  return TRUE;
}
