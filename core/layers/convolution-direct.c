/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-direct.c: 3×3 convolution, stride 1 or 2, as a sum of products over its taps,
 * in floats or in split numbers.
 *
 * The map is cut into rectangles. For each:
 *   1. what the rectangle reads of the sources is activated and laid out in
 *      planes, one for each chunk of channels, pixel after pixel and line after
 *      line: in one plane the pixels that a tap meets are the rows of a matrix;
 *   2. the products of all taps and chunks, and the shortcut's, are summed up
 *      where the result is to be;
 *   3. which is finished while it is in the cache.
 * Usually a block does all three on its own memory. Of a small map step 1 is done
 * first, and each block of steps 2 and 3 makes some of the output channels: so
 * several workers find work, and none reads weights that another reads too.
 */
#include "layers/convolution-direct.h"

#include <string.h>

#include "layers/grid.h"
#include "layers/convolution-row.h"

#define TAPS 9

/* Pixels of a rectangle's result, about; planes of a rectangle: floats that stay
 * in the second-level cache beside the weights. */
#define BLOCK_PIXELS     512
#define BLOCK_PIXELS_MIN 64
#define BLOCK_FLOATS     (192 * 1024)
#define BLOCK_WIDTH      64
/* A map makes at least so many rectangles. */
#define BLOCKS_MIN 4

/* Maps of at most so many pixels are cut by channels. */
#define SLICED_PIXELS 576
#define SLICE_PANELS  2

/* How the work is cut. Depends on shapes alone. */
typedef struct
{
  Grid     grid; /* of the result */
  int      stride, padding;
  gboolean sliced;
  int      slice_panels, n_slices; /* 1 unless sliced */

  int   chunk;                       /* channels of a plane */
  int   n_planes, n_shortcut_planes; /* the shortcut's: of split numbers only */
  gsize line, plane;                 /* floats from one line or plane to the next */
  gsize shortcut_line, shortcut_plane;
  gsize planes; /* floats of all */
  gsize row;    /* floats of one row of one chunk, as it is read */
} Cut;

static void
cut_pixels (Cut *cut, const Convolution *convolution, int width, int height)
{
  const int panels = convolution->n_out / KERNEL_CHUNK;
  const int all = width * height;

  cut->sliced = all <= SLICED_PIXELS && panels > SLICE_PANELS;
  if (cut->sliced)
    {
      grid_init (&cut->grid, width, height, width, height);
      cut->slice_panels = SLICE_PANELS;
    }
  else
    {
      const int fitting =
        MIN (BLOCK_PIXELS, BLOCK_FLOATS / (convolution->n_in * cut->stride * cut->stride));
      const int pixels =
        CLAMP (all / BLOCKS_MIN, BLOCK_PIXELS_MIN, MAX (fitting, BLOCK_PIXELS_MIN));
      const int columns =
        MIN (KERNEL_PAD (grid_even (width, BLOCK_WIDTH)), width); /* whole tiles of pixels */

      grid_init (&cut->grid, width, height, columns,
                 grid_even (height, CLAMP (pixels / columns, 1, height)));
      cut->slice_panels = panels;
    }

  cut->n_slices = divide_up (panels, cut->slice_panels);
}

static void
cut_map (Cut               *cut,
         const Convolution *convolution,
         const Convolution *shortcut,
         int                width,
         int                height)
{
  const gboolean split = convolution->method == CONVOLUTION_METHOD_BF16X2;
  int            columns, lines;

  cut->stride = convolution->kind == CONVOLUTION_SAME ? 1 : 2;
  cut->padding = convolution->kind == CONVOLUTION_HALVING_CORNER ? 0 : 1;
  cut_pixels (cut, convolution, width, height);

  columns = (cut->grid.block_width - 1) * cut->stride + 3;
  lines = (cut->grid.block_height - 1) * cut->stride + 3;
  cut->chunk = split ? KERNEL_BF16X2 : KERNEL_CHUNK;
  cut->n_planes = divide_up (convolution->n_in, cut->chunk);
  cut->line = (gsize) columns * cut->chunk;
  cut->plane = lines * cut->line;
  cut->n_shortcut_planes = split && shortcut ? divide_up (shortcut->n_in, cut->chunk) : 0;
  cut->shortcut_line = (gsize) cut->grid.block_width * cut->chunk;
  cut->shortcut_plane = cut->grid.block_height * cut->shortcut_line;
  cut->planes = cut->n_planes * cut->plane + cut->n_shortcut_planes * cut->shortcut_plane;
  cut->row = (gsize) columns * KERNEL_CHUNK;
}

void
direct_size (const Convolution *convolution,
             const Convolution *shortcut,
             int                width,
             int                height,
             WorkspaceSize     *size)
{
  Cut cut;

  cut_map (&cut, convolution, shortcut, width, height);
  size->scratch = 2 * cut.row + (cut.sliced ? 0 : cut.planes);
  size->shared = cut.sliced ? cut.planes : 0;
  size->stats = cut.grid.n_blocks * MAP_STATS (convolution->n_out);
}

typedef struct
{
  ConvolutionJob   job;
  const Workspace *workspace;
  Cut              cut;
} Run;

/* --- Step 1 --------------------------------------------------------------- */

/* Lays out one line of a pair of chunks: split where planes are of split numbers. */
static void
lay_out_row (const Run *run, const float *row, gboolean pair, int n, float *plane)
{
  run->workspace->kernels->bf16x2 (plane, row, pair ? row + run->cut.row : NULL, KERNEL_CHUNK, n);
}

/* The planes first … end − 1 of the sources. `row`: room for two rows. */
static void
fill_planes (const Run           *run,
             const DiffusionRect *rect,
             int                  first,
             int                  end,
             float               *row,
             float               *planes)
{
  const ConvolutionJob *job = &run->job;
  const Cut            *cut = &run->cut;
  const Kernels        *kernels = run->workspace->kernels;
  const int             columns = (rect->width - 1) * cut->stride + 3;
  const int             lines = (rect->height - 1) * cut->stride + 3;
  const int             x0 = rect->x * cut->stride - cut->padding;
  const int             y0 = rect->y * cut->stride - cut->padding;

  for (int y = 0; y < lines; y++)
    {
      for (int i = 0; i < job->n_sources && !job->upsample; i++)
        row_prefetch (job->sources[i], y0 + y + 1, x0, columns);

      for (int number = first; number < end; number++)
        {
          const int      chunk = number * cut->chunk / KERNEL_CHUNK;
          const gboolean pair = (chunk + 1) * KERNEL_CHUNK < job->convolution->n_in;
          float         *plane = planes + number * cut->plane + y * cut->line;

          if (cut->chunk == KERNEL_CHUNK)
            {
              row_read (job, kernels, chunk, y0 + y, x0, columns, plane);
              continue;
            }
          row_read (job, kernels, chunk, y0 + y, x0, columns, row);
          if (pair)
            row_read (job, kernels, chunk + 1, y0 + y, x0, columns, row + cut->row);
          lay_out_row (run, row, pair, columns, plane);
        }
    }
}

/* And of the shortcut's sources. */
static void
fill_shortcut_planes (const Run           *run,
                      const DiffusionRect *rect,
                      int                  first,
                      int                  end,
                      float               *row,
                      float               *planes)
{
  const ConvolutionJob *job = &run->job;

  for (int y = rect->y; y < rect->y + rect->height; y++, planes += run->cut.shortcut_line)
    {
      for (int i = 0; i < job->n_shortcut_sources; i++)
        row_prefetch (job->shortcut_sources[i], y + 1, rect->x, rect->width);

      for (int number = first; number < end; number++)
        {
          const gboolean pair = (2 * number + 1) * KERNEL_CHUNK < job->shortcut->n_in;

          for (int i = 0; i <= pair; i++)
            {
              int        chunk = 2 * number + i;
              const Map *source = row_find_chunk (job->shortcut_sources, &chunk);

              run->workspace->kernels->copy (
                row + i * run->cut.row,
                source->data + (gsize) y * source->width * source->stride + chunk * KERNEL_CHUNK,
                source->stride, rect->x, rect->width, 0);
            }
          lay_out_row (run, row, pair, rect->width, planes + number * run->cut.shortcut_plane);
        }
    }
}

/* The planes first … end − 1 of all; the shortcut's follow the others. */
static void
fill (const Run *run, const DiffusionRect *rect, int first, int end, float *row, float *planes)
{
  const Cut *cut = &run->cut;
  const int  n = cut->n_planes;

  if (first < n)
    fill_planes (run, rect, first, MIN (end, n), row, planes);
  if (end > n)
    fill_shortcut_planes (run, rect, MAX (first - n, 0), end - n, row, planes + n * cut->plane);
}

/* --- Step 2 --------------------------------------------------------------- */

static void
multiply_bf16x2 (const Run           *run,
                 const DiffusionRect *rect,
                 const gsize         *taps,
                 int                  first_panel,
                 int                  n_panels,
                 const float         *planes)
{
  const ConvolutionJob *job = &run->job;
  const Cut            *cut = &run->cut;
  const Map            *result = job->result;
  Bf16x2Product         product = {
            .a = planes, .n_pixels = rect->width, .n_lines = rect->height, .n_panels = n_panels
  };

  product.a_pixel = (gsize) cut->stride * cut->chunk;
  product.a_line = cut->stride * cut->line;
  product.a_chunk = cut->plane;
  product.taps = taps;
  product.n_taps = TAPS;
  product.n_chunks = cut->n_planes;
  product.b = job->convolution->weights + first_panel * job->convolution->panel;
  product.b_panel = job->convolution->panel;
  product.c = result->data + ((gsize) rect->y * result->width + rect->x) * result->stride +
              first_panel * KERNEL_CHUNK;
  product.c_pixel = result->stride;
  product.c_line = (gsize) result->width * result->stride;
  run->workspace->kernels->bf16x2_product (&product);

  if (job->shortcut)
    {
      const gsize here = 0;

      product.a = planes + cut->n_planes * cut->plane;
      product.a_pixel = cut->chunk;
      product.a_line = cut->shortcut_line;
      product.a_chunk = cut->shortcut_plane;
      product.taps = &here;
      product.n_taps = 1;
      product.n_chunks = cut->n_shortcut_planes;
      product.b = job->shortcut->weights + first_panel * job->shortcut->panel;
      product.b_panel = job->shortcut->panel;
      product.add = TRUE;
      run->workspace->kernels->bf16x2_product (&product);
    }
}

/* Chunk by chunk, so that its weights serve all lines. */
static void
multiply_floats (const Run           *run,
                 const DiffusionRect *rect,
                 const gsize         *taps,
                 int                  first_panel,
                 int                  n_panels,
                 const float         *planes)
{
  const ConvolutionJob *job = &run->job;
  const Convolution    *convolution = job->convolution;
  const Cut            *cut = &run->cut;
  const Map            *result = job->result;
  const gsize           tap_weights = KERNEL_CHUNK * KERNEL_CHUNK;
  const float          *b = convolution->weights + first_panel * convolution->panel;

  for (int number = 0; number < cut->n_planes; number++, b += TAPS * tap_weights)
    for (int y = 0; y < rect->height; y++)
      {
        const gsize pixel = (gsize) (rect->y + y) * result->width + rect->x;
        float      *c = result->data + pixel * result->stride + first_panel * KERNEL_CHUNK;
        ProductTerm terms[TAPS];

        for (int tap = 0; tap < TAPS; tap++)
          {
            terms[tap].a = planes + number * cut->plane + y * cut->stride * cut->line + taps[tap];
            terms[tap].a_stride = (gsize) cut->stride * KERNEL_CHUNK;
            terms[tap].b = b + tap * tap_weights;
            terms[tap].k = KERNEL_CHUNK;
          }
        if (job->shortcut && number == 0)
          point_product (job->shortcut, run->workspace->kernels, job->shortcut_sources,
                         job->n_shortcut_sources, pixel, rect->width, first_panel, n_panels, c,
                         result->stride);
        run->workspace->kernels->product (c, result->stride, rect->width, n_panels * KERNEL_CHUNK,
                                          terms, TAPS, convolution->panel,
                                          number > 0 || job->shortcut);
      }
}

/* --- Steps 2 and 3 -------------------------------------------------------- */

/* For one slice of the output channels. */
static void
make_result (const Run           *run,
             const DiffusionRect *rect,
             int                  block,
             int                  first_panel,
             int                  n_panels,
             const float         *planes)
{
  const ConvolutionJob *job = &run->job;
  const Map            *result = job->result;
  const int             channel = first_panel * KERNEL_CHUNK;
  Finish                finish = { 0 };
  gsize                 taps[TAPS];

  for (int tap = 0; tap < TAPS; tap++)
    taps[tap] = tap / 3 * run->cut.line + tap % 3 * run->cut.chunk;
  if (job->convolution->method == CONVOLUTION_METHOD_BF16X2)
    multiply_bf16x2 (run, rect, taps, first_panel, n_panels, planes);
  else
    multiply_floats (run, rect, taps, first_panel, n_panels, planes);

  finish.bias = job->bias + channel;
  finish.scale = job->factor;
  finish.stats = run->workspace->stats + block * MAP_STATS (result->stride) + channel;
  finish.stats_stride = result->stride;
  for (int y = 0; y < rect->height; y++)
    {
      const gsize at = ((gsize) (rect->y + y) * result->width + rect->x) * result->stride + channel;

      finish.first = y == 0;
      run->workspace->kernels->finish (result->data + at, result->stride, rect->width,
                                       n_panels * KERNEL_CHUNK,
                                       job->residual ? job->residual->data + at : NULL, &finish);
    }
}

/* --- Blocks --------------------------------------------------------------- */

static void
whole_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const DiffusionRect rect = grid_rect (&run->cut.grid, block);
  float              *row = workspace_scratch (run->workspace, worker);
  float              *planes = row + 2 * run->cut.row;

  fill (run, &rect, 0, run->cut.n_planes + run->cut.n_shortcut_planes, row, planes);
  make_result (run, &rect, block, 0, run->cut.slice_panels, planes);
}

static void
fill_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const DiffusionRect rect = grid_rect (&run->cut.grid, 0);

  fill (run, &rect, block, block + 1, workspace_scratch (run->workspace, worker),
        run->workspace->shared);
}

static void
slice_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const DiffusionRect rect = grid_rect (&run->cut.grid, 0);
  const int           first = block * run->cut.slice_panels;

  make_result (run, &rect, 0, first,
               MIN (run->cut.slice_panels, run->job.convolution->n_out / KERNEL_CHUNK - first),
               run->workspace->shared);
}

static void
finish_run (gpointer data)
{
  Run *run = data;

  map_join_stats (run->job.result, run->workspace->stats, run->cut.grid.n_blocks, grid_pixels,
                  &run->cut.grid);
}

void
direct_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases)
{
  Run *run = g_new (Run, 1);

  run->job = *job;
  run->workspace = workspace;
  cut_map (&run->cut, job->convolution, job->shortcut, job->result->width, job->result->height);

  phases_init (phases, run, finish_run);
  if (run->cut.sliced)
    {
      phases_add (phases, run->cut.n_planes + run->cut.n_shortcut_planes, fill_block);
      phases_add (phases, run->cut.n_slices, slice_block);
    }
  else
    phases_add (phases, run->cut.grid.n_blocks, whole_block);
}
