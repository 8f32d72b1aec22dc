/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-windows.c: reads blocks of the region and cuts them into windows.
 */
#include "denoise/noise-windows.h"

#include <math.h>
#include <string.h>

#include "base/planes.h"
#include "picture/push-pull.h"

#define BLOCK_SIDE  128 /* pixels read at once in each direction, at most */
#define MAX_BLOCKS  64
#define MAX_WINDOWS 16384
#define MIN_SIDE    32 /* narrower regions look beyond themselves */
#define MIN_WINDOWS 32 /* fewer selected ones: look at the rest as well */
#define MAX_CLIPPED (3 * WINDOW_AREA / 4)

static gboolean
band_has (WindowBand band, int u, int v)
{
  switch (band)
    {
    case BAND_SMOOTH:
      return u + v >= 1 && u + v <= 2;
    case BAND_TEXTURE:
      return u + v >= 1 && u + v <= 5;
    case BAND_COARSE:
      return u + v >= 3 && u + v <= 5;
    case BAND_NOISE_1:
      return u + v >= 7;
    case BAND_NOISE_2:
      return u + v >= 9;
    case BAND_NOISE_3:
      return u + v >= 11;
    case BAND_NOISE_4:
      return u >= 6 && v >= 6;
    default:
      return FALSE;
    }
}

int
noise_band_size (WindowBand band)
{
  int n = 0;

  for (int i = 0; i < WINDOW_AREA; i++)
    n += band_has (band, i % WINDOW_SIZE, i / WINDOW_SIZE);
  return n;
}

/* --- One window ----------------------------------------------------------- */

typedef struct
{
  float basis[WINDOW_SIZE][WINDOW_SIZE]; /* [frequency][place], orthonormal */
  float weight[WINDOW_AREA][N_BANDS];    /* 1 / size of the band, or 0 */
} Transform;

static void
transform_init (Transform *transform)
{
  for (int k = 0; k < WINDOW_SIZE; k++)
    for (int x = 0; x < WINDOW_SIZE; x++)
      transform->basis[k][x] =
        (k == 0 ? sqrt (0.5) : 1.0) * 0.5 * cos (G_PI / 16.0 * (2 * x + 1) * k);

  for (int band = 0; band < N_BANDS; band++)
    for (int i = 0; i < WINDOW_AREA; i++)
      transform->weight[i][band] =
        band_has (band, i % WINDOW_SIZE, i / WINDOW_SIZE) ? 1.0 / noise_band_size (band) : 0.0;
}

/* The DCT of the window at `pixels`, whose rows are `stride` apart. */
static void
transform_apply (const Transform *transform, const float *pixels, int stride, float *out)
{
  float rows[WINDOW_SIZE][WINDOW_SIZE];

  for (int y = 0; y < WINDOW_SIZE; y++)
    for (int u = 0; u < WINDOW_SIZE; u++)
      {
        float sum = 0.0f;

        for (int x = 0; x < WINDOW_SIZE; x++)
          sum += transform->basis[u][x] * pixels[y * stride + x];
        rows[y][u] = sum;
      }
  for (int v = 0; v < WINDOW_SIZE; v++)
    for (int u = 0; u < WINDOW_SIZE; u++)
      {
        float sum = 0.0f;

        for (int y = 0; y < WINDOW_SIZE; y++)
          sum += transform->basis[v][y] * rows[y][u];
        out[v * WINDOW_SIZE + u] = sum;
      }
}

/* How evenly the energy lies on the frequencies of BAND_NOISE_1. Rounding to 8 bits adds to each. */
static float
evenness_of (const Transform *transform, const float *dct)
{
  float sum = 0.0f, logs = 0.0f;

  for (int i = 0; i < WINDOW_AREA; i++)
    {
      float weight = transform->weight[i][BAND_NOISE_1], energy = dct[i] * dct[i] + 1.0f / 12.0f;

      sum += weight * energy;
      if (weight > 0.0f)
        logs += weight * logf (energy);
    }
  return expf (logs) / sum;
}

/* Returns the evenness in the middle colour. */
static float
window_measure (NoiseWindow     *window,
                const Transform *transform,
                const float     *pixels, /* 8-bit levels */
                int              stride,
                gsize            plane,
                int              n_channels)
{
  static const int pairs[N_PAIRS][2] = {
    { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, 1 }, { 0, 2 }, { 1, 2 }
  };
  float dct[3][WINDOW_AREA];

  g_assert (n_channels == 1 || n_channels == 3);
  memset (window, 0, sizeof *window);
  for (int c = 0; c < n_channels; c++)
    {
      transform_apply (transform, pixels + c * plane, stride, dct[c]);
      window->mean[c] = dct[c][0] / WINDOW_SIZE;
    }
  for (int p = 0; p < (n_channels == 3 ? N_PAIRS : 1); p++)
    for (int i = 1; i < WINDOW_AREA; i++)
      {
        float product = dct[pairs[p][0]][i] * dct[pairs[p][1]][i];

        for (int band = 0; band < N_BANDS; band++)
          window->product[band][p] += transform->weight[i][band] * product;
      }
  return evenness_of (transform, dct[n_channels / 2]);
}

/* --- Blocks --------------------------------------------------------------- */

typedef enum
{
  WINDOW_GOOD,
  WINDOW_OUTSIDE, /* not selected, or transparent */
  WINDOW_CLIPPED,
  WINDOW_CONSTANT, /* of one colour all over */
} WindowKind;

typedef struct
{
  const DiffusionSource *source;
  GCancellable          *cancel;
  DiffusionRect          region;
  int                    halving;
  int                    columns, rows; /* of blocks */
  int                    step;          /* from one window to the next, in both directions */
  gboolean               use_selection;
  float                 *pixels, *alpha, *selection, *known; /* of one block */
  JpegBlocks             blocks;
  Drawing                drawing;
  ImpulseKinds           impulses; /* that are filled */
  ImpulseCount           count;    /* of all */
  int                    n_constant;
} Reader;

static WindowKind
classify (const Reader *reader, gsize place, int stride, gsize plane, float *share_clipped)
{
  gboolean constant = TRUE;
  int      most = 0;

  for (int y = 0; y < WINDOW_SIZE; y++)
    for (int x = 0; x < WINDOW_SIZE; x++)
      {
        gsize i = place + y * stride + x;

        if (!(reader->alpha[i] > 0.0f) ||
            (reader->use_selection && !(reader->selection[i] >= DIFFUSION_SELECTION_MIN)))
          return WINDOW_OUTSIDE;
      }
  for (int c = 0; c < reader->source->n_channels; c++)
    {
      const float *pixels = reader->pixels + c * plane + place;
      int          clipped = 0;

      for (int y = 0; y < WINDOW_SIZE; y++)
        for (int x = 0; x < WINDOW_SIZE; x++)
          {
            float value = pixels[y * stride + x];

            clipped += value <= 0.0f || value >= 255.0f;
            constant = constant && value == pixels[0];
          }
      if (clipped > MAX_CLIPPED)
        return WINDOW_CLIPPED;
      most = MAX (most, clipped);
    }
  *share_clipped = (float) most / WINDOW_AREA;
  return constant ? WINDOW_CONSTANT : WINDOW_GOOD;
}

/* The middle of cell (column, row) of the grid of blocks, at most BLOCK_SIDE
 * in each direction. */
static DiffusionRect
block_rect (const Reader *reader, int column, int row)
{
  const DiffusionRect *region = &reader->region;
  gint64               left = (gint64) region->width * column / reader->columns;
  gint64               right = (gint64) region->width * (column + 1) / reader->columns;
  gint64               top = (gint64) region->height * row / reader->rows;
  gint64               bottom = (gint64) region->height * (row + 1) / reader->rows;
  DiffusionRect        rect = { .width = MIN (right - left, BLOCK_SIDE),
                                .height = MIN (bottom - top, BLOCK_SIDE) };

  rect.x = region->x + left + (right - left - rect.width) / 2;
  rect.y = region->y + top + (bottom - top - rect.height) / 2;
  return rect;
}

/* The means of 2 × 2 values, or the least of them, in place. */
static void
halve (float *plane, int width, int height, gboolean least, float *out)
{
  for (int y = 0; y + 1 < height; y += 2)
    for (int x = 0; x + 1 < width; x += 2)
      {
        const float *v = plane + (gsize) y * width + x;

        *out++ = least ? MIN (MIN (v[0], v[1]), MIN (v[width], v[width + 1]))
                       : 0.25f * (v[0] + v[1] + v[width] + v[width + 1]);
      }
}

/* Counts impulses, and fills those of the kinds that are asked for. Pixels are in 0…1. */
static gboolean
do_impulses (Reader *reader, const DiffusionRect *rect, GError **error)
{
  gsize size = (gsize) rect->width * rect->height;
  int   n_channels = reader->source->n_channels;

  for (gsize i = 0; i < size; i++)
    reader->known[i] = reader->alpha[i] > 0.0f &&
                       (!reader->use_selection || reader->selection[i] >= DIFFUSION_SELECTION_MIN);
  impulses_count (rect->width, rect->height, n_channels, reader->pixels, reader->known,
                  &reader->count);
  if (reader->impulses == 0)
    return TRUE;

  for (gsize i = 0; i < size; i++)
    reader->known[i] = reader->alpha[i] > 0.0f;
  return impulses_mark (rect->width, rect->height, n_channels, reader->pixels, reader->impulses,
                        reader->known) == 0 ||
         push_pull_fill (rect->width, rect->height, n_channels, 0, reader->pixels, reader->known,
                         error);
}

/* *rect: what is read, then its size as it is looked at. */
static gboolean
read_block (Reader *reader, DiffusionRect *rect, GError **error)
{
  int   width = rect->width / 2, height = rect->height / 2;
  gsize size = (gsize) rect->width * rect->height, n = size * reader->source->n_channels;

  if (g_cancellable_set_error_if_cancelled (reader->cancel, error) ||
      !reader->source->read (reader->source->data, rect, reader->pixels, reader->alpha,
                             reader->selection, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    reader->pixels[i] = planes_clip (reader->pixels[i]);
  if (!do_impulses (reader, rect, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    reader->pixels[i] *= 255.0f;
  if (reader->halving == 1)
    {
      /* Green of three colours, where JPEG has it as fine as the lightness. */
      jpeg_blocks_add (&reader->blocks, rect->x, rect->y, rect->width, rect->height,
                       reader->pixels + (reader->source->n_channels == 3 ? size : 0));
      return TRUE;
    }

  for (int c = 0; c < reader->source->n_channels; c++)
    halve (reader->pixels + c * size, rect->width, rect->height, FALSE,
           reader->pixels + (gsize) c * width * height);
  halve (reader->alpha, rect->width, rect->height, TRUE, reader->alpha);
  halve (reader->selection, rect->width, rect->height, TRUE, reader->selection);
  rect->width = width;
  rect->height = height;
  return TRUE;
}

static gboolean
read_windows (Reader          *reader,
              const Transform *transform,
              GArray          *windows,
              int             *n_pixels,
              GError         **error)
{
  reader->n_constant = 0;
  reader->blocks = (JpegBlocks) { 0 };
  reader->drawing = (Drawing) { 0 };
  reader->count = (ImpulseCount) { 0 };
  *n_pixels = 0;
  g_array_set_size (windows, 0);

  for (int row = 0; row < reader->rows; row++)
    for (int column = 0; column < reader->columns; column++)
      {
        DiffusionRect rect = block_rect (reader, column, row);
        gsize         plane;

        if (!read_block (reader, &rect, error))
          return FALSE;
        plane = (gsize) rect.width * rect.height;
        for (int y = 0; y + WINDOW_SIZE <= rect.height; y += reader->step)
          for (int x = 0; x + WINDOW_SIZE <= rect.width; x += reader->step)
            {
              gsize       place = (gsize) y * rect.width + x;
              float       clipped = 0.0f, evenness;
              WindowKind  kind = classify (reader, place, rect.width, plane, &clipped);
              NoiseWindow window;

              reader->n_constant += kind == WINDOW_CONSTANT;
              if (kind != WINDOW_GOOD)
                continue;
              evenness = window_measure (&window, transform, reader->pixels + place, rect.width,
                                         plane, reader->source->n_channels);
              drawing_add (&reader->drawing, reader->pixels + place, rect.width, plane,
                           reader->source->n_channels, evenness);
              window.place = *n_pixels + place;
              window.stride = rect.width;
              window.clipped = clipped;
              g_array_append_val (windows, window);
            }
        *n_pixels += plane;
      }
  return TRUE;
}

/* --- The region ----------------------------------------------------------- */

/* Widens a narrow side, as far as the picture goes. */
static void
widen (int *start, int *length, int least, int limit)
{
  int wanted = MIN (least, limit);

  if (*length >= wanted)
    return;
  *start = CLAMP (*start - (wanted - *length) / 2, 0, limit - wanted);
  *length = wanted;
}

void
noise_windows_widen (DiffusionRect *region, const DiffusionSource *source, int least)
{
  widen (&region->x, &region->width, least, source->width);
  widen (&region->y, &region->height, least, source->height);
}

static void
lay_out (Reader *reader)
{
  const DiffusionRect *region = &reader->region;
  gint64               places = 0;

  reader->columns = (region->width - 1) / BLOCK_SIDE + 1;
  reader->rows = (region->height - 1) / BLOCK_SIDE + 1;
  while ((gint64) reader->columns * reader->rows > MAX_BLOCKS)
    {
      if (reader->columns >= reader->rows)
        reader->columns = MIN (reader->columns - 1, MAX_BLOCKS);
      else
        reader->rows = MIN (reader->rows - 1, MAX_BLOCKS);
    }

  for (int row = 0; row < reader->rows; row++)
    for (int column = 0; column < reader->columns; column++)
      {
        DiffusionRect rect = block_rect (reader, column, row);

        places += (gint64) MAX (rect.width / reader->halving - WINDOW_SIZE + 1, 0) *
                  MAX (rect.height / reader->halving - WINDOW_SIZE + 1, 0);
      }
  reader->step = MAX (1, (int) ceil (sqrt ((double) places / MAX_WINDOWS)));
  /* A step of 8 would always meet JPEG's own 8×8 blocks in the same way; so would an even one at half
   * the size, where its blocks of colours are. */
  if (reader->step % 4 == 0 || (reader->halving == 2 && reader->step % 2 == 0))
    reader->step++;
}

gboolean
noise_windows_read (NoiseWindows          *windows,
                    const DiffusionSource *source,
                    const DiffusionRect   *region,
                    int                    halving,
                    gboolean               use_selection,
                    ImpulseKinds           impulses,
                    GCancellable          *cancel,
                    GError               **error)
{
  Reader    reader = { .source = source,
                       .cancel = cancel,
                       .region = *region,
                       .halving = halving,
                       .use_selection = use_selection,
                       .impulses = impulses };
  Transform transform;
  GArray   *array;
  gboolean  ok;

  memset (windows, 0, sizeof *windows);
  windows->n_channels = source->n_channels;
  noise_windows_widen (&reader.region, source, halving * MIN_SIDE);
  lay_out (&reader);
  transform_init (&transform);

  reader.pixels = planes_new (BLOCK_SIDE, BLOCK_SIDE, source->n_channels + 3, error);
  if (!reader.pixels)
    return FALSE;
  reader.alpha = reader.pixels + source->n_channels * BLOCK_SIDE * BLOCK_SIDE;
  reader.selection = reader.alpha + BLOCK_SIDE * BLOCK_SIDE;
  reader.known = reader.selection + BLOCK_SIDE * BLOCK_SIDE;

  array = g_array_new (FALSE, FALSE, sizeof (NoiseWindow));
  ok = read_windows (&reader, &transform, array, &windows->n_pixels, error);
  if (ok && array->len + reader.n_constant < MIN_WINDOWS)
    {
      reader.use_selection = FALSE;
      ok = read_windows (&reader, &transform, array, &windows->n_pixels, error);
    }
  /* A picture that is flat for the greater part has no noise. */
  if (array->len <= (guint) reader.n_constant)
    g_array_set_size (array, 0);

  g_free (reader.pixels);
  windows->blocks = reader.blocks;
  windows->drawing = reader.drawing;
  windows->impulses = reader.count;
  windows->n = array->len;
  windows->windows = (NoiseWindow *) g_array_free (array, FALSE);
  if (!ok)
    noise_windows_clear (windows);
  return ok;
}

void
noise_windows_clear (NoiseWindows *windows)
{
  g_clear_pointer (&windows->windows, g_free);
  windows->n = 0;
}
