/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution-winograd.c: 3×3 convolution by Winograd's F(4×4, 3×3), with all that comes
 * before it (normalisation, SiLU, concatenation, upsampling) and after it
 * (bias, shortcut, residual, moments) done on data that is in the cache anyway.
 *
 * The map is cut into rectangles of tiles of 4×4 pixels. For each:
 *   1. the rectangle and one pixel around it are activated, row by row, into a
 *      small buffer, and each row of tiles whose six rows of pixels are there
 *      is transformed: V, 36 matrices tiles × in;
 *   2. M = V · U for each of the 36, U the transformed weights; both in floats, or rounded to
 *      bfloat16;
 *   3. M is transformed back, finished and written.
 * Usually a block does all three on its own memory. Of a map that is too small
 * to make enough blocks, step 1 is done first, and each block of steps 2 and 3
 * makes some of the output channels: so several workers find work, and none
 * reads weights that another reads too.
 */
#include "layers/grid.h"
#include "layers/convolution-row.h"
#include "layers/convolution-winograd.h"

/* V and M of a rectangle: floats that stay in the second-level cache. */
#define BLOCK_FLOATS    (300 * 1024)
#define BLOCK_TILES_MIN 16
#define BLOCK_TILES_MAX 64

/* Maps of at most so many tiles are cut by channels. */
#define SLICED_TILES  32
#define SLICE_COLUMNS 32 /* output channels of a block */
#define SLICE_CHUNKS  2  /* chunks of input channels of a block of step 1 */

/* How the work is cut. Depends on shapes alone. */
typedef struct
{
  Grid     grid; /* of the result; rectangles of whole tiles but at the edges */
  gboolean sliced;
  int      n_slices; /* of output channels; 1 unless sliced */
  int      slice_panels;
  gsize    v_product, m_product; /* floats from one of the 36 to the next */
  gsize    region;               /* floats of step 1's buffer */
  gsize    rounded;              /* floats of the part of it that is rounded to bfloat16 */
} Cut;

/* Lays 36 blocks out so that the same element of each lies in another set of
 * the first-level cache: a power of two apart they would evict each other. */
static gsize
product_stride (gsize n)
{
  return n + KERNEL_CHUNK;
}

static gboolean
is_bf16 (const Convolution *convolution)
{
  return convolution->method == CONVOLUTION_METHOD_WINOGRAD_BF16;
}

/* Floats of V for one tile and one of the 36. */
static gsize
tile_floats (const Convolution *convolution)
{
  return is_bf16 (convolution) ? convolution->n_in / 2 : convolution->n_in;
}

static void
cut_map (Cut *cut, const Convolution *convolution, int width, int height)
{
  const int panels = convolution->n_out / KERNEL_CHUNK;
  const int tiles_x = divide_up (width, WINOGRAD_OUT);
  const int tiles_y = divide_up (height, WINOGRAD_OUT);
  int       block_x, block_y; /* tiles of a rectangle */
  int       tiles;

  cut->sliced = (gint64) tiles_x * tiles_y <= SLICED_TILES && panels * KERNEL_CHUNK > SLICE_COLUMNS;
  if (cut->sliced)
    {
      block_x = tiles_x;
      block_y = tiles_y;
      cut->slice_panels = SLICE_COLUMNS / KERNEL_CHUNK;
    }
  else
    {
      /* As square as may be: the pixels around a rectangle are done twice. */
      tiles = BLOCK_FLOATS / (WINOGRAD_PRODUCTS * (tile_floats (convolution) + convolution->n_out));
      tiles = CLAMP (tiles, BLOCK_TILES_MIN, BLOCK_TILES_MAX);
      block_x = grid_even (tiles_x, MIN (8, tiles_x));
      block_y = grid_even (tiles_y, CLAMP (tiles / block_x, 1, tiles_y));
      cut->slice_panels = panels;
    }

  tiles = block_x * block_y;
  grid_init (&cut->grid, width, height, block_x * WINOGRAD_OUT, block_y * WINOGRAD_OUT);
  cut->n_slices = divide_up (panels, cut->slice_panels);
  cut->v_product = product_stride (tiles * tile_floats (convolution));
  cut->m_product = product_stride ((gsize) tiles * cut->slice_panels * KERNEL_CHUNK);
  cut->region = ((gsize) cut->grid.block_width + 2) * WINOGRAD_IN *
                (cut->sliced ? SLICE_CHUNKS * KERNEL_CHUNK : convolution->n_in);
  cut->rounded = is_bf16 (convolution) ? (gsize) block_x * KERNEL_CHUNK * WINOGRAD_PRODUCTS : 0;
  cut->region += cut->rounded;
}

void
winograd_size (const Convolution *convolution, int width, int height, WorkspaceSize *size)
{
  Cut   cut;
  gsize v, m;

  cut_map (&cut, convolution, width, height);
  v = WINOGRAD_PRODUCTS * cut.v_product;
  m = WINOGRAD_PRODUCTS * cut.m_product;

  size->scratch = cut.sliced ? MAX (cut.region, m) : cut.region + v + m;
  size->shared = cut.sliced ? v : 0;
  size->stats = cut.grid.n_blocks * MAP_STATS (convolution->n_out);
}

/* Tiles of a side of a rectangle. */
static int
count_tiles (int side)
{
  return divide_up (side, WINOGRAD_OUT);
}

typedef struct
{
  ConvolutionJob   job;
  const Workspace *workspace;
  Cut              cut;
} Run;

/* A row of tiles of one chunk to V. */
static void
transform_tiles (const Run          *run,
                 const float *const *rows,
                 int                 n_tiles,
                 float              *rounded,
                 float              *v,
                 int                 tile,
                 int                 chunk)
{
  const Kernels *kernels = run->workspace->kernels;
  const int      n_in = run->job.convolution->n_in;

  if (!is_bf16 (run->job.convolution))
    kernels->winograd_input (v + (gsize) tile * n_in + chunk * KERNEL_CHUNK, run->cut.v_product,
                             n_in, rows, n_tiles);
  else
    {
      const gsize product = (gsize) n_tiles * KERNEL_CHUNK;

      kernels->winograd_input (rounded, product, KERNEL_CHUNK, rows, n_tiles);
      for (int i = 0; i < WINOGRAD_PRODUCTS; i++)
        kernels->bf16 ((Bfloat16 *) (v + i * run->cut.v_product) + (gsize) tile * n_in +
                         chunk * KERNEL_CHUNK,
                       n_in, rounded + i * product, n_tiles);
    }
}

/* Step 1 for the chunks first … end − 1 of the input. */
static void
transform_in (const Run           *run,
              const DiffusionRect *rect,
              int                  first,
              int                  end,
              float               *region,
              float               *v)
{
  const ConvolutionJob *job = &run->job;
  float                *rows_read = region + run->cut.rounded;
  const int             tiles_x = count_tiles (rect->width);
  const int             columns = tiles_x * WINOGRAD_OUT + 2;
  const int             rows = count_tiles (rect->height) * WINOGRAD_OUT + 2;
  const int             x0 = rect->x - 1;
  const int             y0 = rect->y - 1;
  const gsize           row = (gsize) columns * KERNEL_CHUNK;

  for (int y = 0; y < rows; y++)
    {
      for (int i = 0; i < job->n_sources && !job->upsample; i++)
        row_prefetch (job->sources[i], y0 + y + 1, x0, columns);
      for (int chunk = first; chunk < end; chunk++)
        row_read (job, run->workspace->kernels, chunk, y0 + y, x0, columns,
                  rows_read + ((chunk - first) * WINOGRAD_IN + y % WINOGRAD_IN) * row);

      /* The buffer holds six rows; each takes the place of the one six before. */
      if (y >= WINOGRAD_IN - 1 && (y - (WINOGRAD_IN - 1)) % WINOGRAD_OUT == 0)
        for (int chunk = first; chunk < end; chunk++)
          {
            const int    top = y - (WINOGRAD_IN - 1);
            const float *in[WINOGRAD_IN];

            for (int i = 0; i < WINOGRAD_IN; i++)
              in[i] = rows_read + ((chunk - first) * WINOGRAD_IN + (top + i) % WINOGRAD_IN) * row;
            transform_tiles (run, in, tiles_x, region, v, top / WINOGRAD_OUT * tiles_x, chunk);
          }
    }
}

/* Step 2 for one slice of the output channels. */
static void
multiply (const Run           *run,
          const DiffusionRect *rect,
          int                  first_panel,
          int                  n_panels,
          const float         *v,
          float               *m)
{
  const Convolution *convolution = run->job.convolution;
  const Kernels     *kernels = run->workspace->kernels;
  const int          tiles = count_tiles (rect->width) * count_tiles (rect->height);

  for (int i = 0; i < WINOGRAD_PRODUCTS; i++)
    {
      const int    n_in = convolution->n_in, n_out = n_panels * KERNEL_CHUNK;
      const float *a = v + i * run->cut.v_product;
      const float *b =
        convolution->weights + i * convolution->matrix + first_panel * convolution->panel;
      float *c = m + i * run->cut.m_product;

      if (is_bf16 (convolution))
        kernels->bf16_product (c, n_out, tiles, n_out, (const Bfloat16 *) a, n_in,
                               (const Bfloat16 *) b, n_in, 2 * convolution->panel);
      else
        kernels->product (c, n_out, tiles, n_out, &(const ProductTerm) { a, n_in, b, n_in }, 1,
                          convolution->panel, FALSE);
    }
}

/* Step 3 for one slice of the output channels. */
static void
transform_out (const Run           *run,
               const DiffusionRect *rect,
               int                  block,
               int                  first_panel,
               int                  n_panels,
               const float         *m)
{
  const ConvolutionJob *job = &run->job;
  const Map            *result = job->result;
  const Kernels        *kernels = run->workspace->kernels;
  const gsize           row = (gsize) result->width * result->stride;
  const int             channel = first_panel * KERNEL_CHUNK;
  const int             n_channels = n_panels * KERNEL_CHUNK;
  const int             x0 = rect->x, x_end = x0 + rect->width;
  const int             y0 = rect->y, y_end = y0 + rect->height;
  const float          *residual = job->residual ? job->residual->data : NULL;
  Finish                finish = { 0 };

  if (job->shortcut)
    {
      for (int y = y0; y < y_end; y++)
        {
          const gsize pixel = (gsize) y * result->width + x0;

          for (int i = 0; i < job->n_shortcut_sources && y + 1 < y_end; i++)
            row_prefetch (job->shortcut_sources[i], y + 1, x0, x_end - x0);
          point_product (job->shortcut, kernels, job->shortcut_sources, job->n_shortcut_sources,
                         pixel, x_end - x0, first_panel, n_panels,
                         result->data + pixel * result->stride + channel, result->stride);
        }
      residual = result->data;
    }

  finish.bias = job->bias + channel;
  finish.scale = job->factor;
  finish.stats = run->workspace->stats + block * MAP_STATS (result->stride) + channel;
  finish.stats_stride = result->stride;
  finish.first = TRUE;

  for (int y = y0; y < y_end; y += WINOGRAD_OUT)
    for (int x = x0; x < x_end; x += WINOGRAD_OUT)
      {
        const gsize at = y * row + (gsize) x * result->stride + channel;

        kernels->winograd_output (result->data + at, row, result->stride,
                                  MIN (WINOGRAD_OUT, y_end - y), MIN (WINOGRAD_OUT, x_end - x), m,
                                  run->cut.m_product, n_channels, residual ? residual + at : NULL,
                                  &finish);
        finish.first = FALSE;
        m += n_channels;
      }
}

static void
whole_block (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const int           panels = run->cut.slice_panels;
  float              *region = workspace_scratch (run->workspace, worker);
  float              *v = region + run->cut.region;
  float              *m = v + WINOGRAD_PRODUCTS * run->cut.v_product;
  const DiffusionRect rect = grid_rect (&run->cut.grid, block);

  transform_in (run, &rect, 0, run->job.convolution->n_in / KERNEL_CHUNK, region, v);
  multiply (run, &rect, 0, panels, v, m);
  transform_out (run, &rect, block, 0, panels, m);
}

static void
sliced_in (gpointer data, int block, int worker)
{
  const Run          *run = data;
  const int           first = block * SLICE_CHUNKS;
  const int           end = MIN (first + SLICE_CHUNKS, run->job.convolution->n_in / KERNEL_CHUNK);
  const DiffusionRect rect = grid_rect (&run->cut.grid, 0);

  transform_in (run, &rect, first, end, workspace_scratch (run->workspace, worker),
                run->workspace->shared);
}

static void
sliced_out (gpointer data, int block, int worker)
{
  const Run *run = data;
  const int  first = block * run->cut.slice_panels;
  const int  panels =
    MIN (run->cut.slice_panels, run->job.convolution->n_out / KERNEL_CHUNK - first);
  float              *m = workspace_scratch (run->workspace, worker);
  const DiffusionRect rect = grid_rect (&run->cut.grid, 0);

  multiply (run, &rect, first, panels, run->workspace->shared, m);
  transform_out (run, &rect, 0, first, panels, m);
}

static void
finish_run (gpointer data)
{
  Run *run = data;

  map_join_stats (run->job.result, run->workspace->stats, run->cut.grid.n_blocks, grid_pixels,
                  &run->cut.grid);
}

void
winograd_begin (const ConvolutionJob *job, const Workspace *workspace, Phases *phases)
{
  Run *run = g_new (Run, 1);

  run->job = *job;
  run->workspace = workspace;
  cut_map (&run->cut, job->convolution, job->result->width, job->result->height);

  phases_init (phases, run, finish_run);
  if (run->cut.sliced)
    {
      phases_add (phases, divide_up (job->convolution->n_in / KERNEL_CHUNK, SLICE_CHUNKS),
                  sliced_in);
      phases_add (phases, run->cut.n_slices, sliced_out);
    }
  else
    phases_add (phases, run->cut.grid.n_blocks, whole_block);
}
