/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * toned.c: see toned.h.
 */
#include "denoise/toned.h"

#include <math.h>

#include "base/planes.h"
#include "denoise/impulses.h"
#include "picture/tiles.h"

/* A sample: blocks of so many pixels a side, so many of them at most. What lies between them is not
 * seen: in 48 megapixels it is 200 pixels wide. */
#define BLOCK      16
#define BLOCKS_MAX 1024

/* Pixels around the region that say what it is. */
#define MARGIN 64

/* Brighter ones are no light: the ground of a depth map. */
#define BRIGHTNESS_MAX 1e6f

/* Less contrast than this is none to go by. */
#define CONTRAST_LEAST 0.5f

/* The mean of pixel 0 of three planes; of gray, that to the bit. */
static float
brightness_of (const float *colours, gsize plane)
{
  return colours[plane] +
         ((colours[0] - colours[plane]) + (colours[2 * plane] - colours[plane])) / 3.0f;
}

static float
gray_of (const Toned *toned, const float *colours, gsize plane)
{
  return (brightness_of (colours, plane) - toned->black) * toned->scale;
}

/* --- The source ----------------------------------------------------------------------- */

static gboolean
read_gray (gpointer             data,
           const DiffusionRect *window,
           float               *pixels,
           float               *alpha,
           float               *selection,
           GError             **error)
{
  const Toned           *toned = data;
  const DiffusionSource *colours = toned->colours;
  gsize                  size = (gsize) window->width * window->height;
  float                 *read = NULL;
  gboolean               success;

  if (pixels != NULL && !(read = planes_new (window->width, window->height, 3, error)))
    return FALSE;
  success = colours->read (colours->data, window, read, alpha, selection, error);
  for (gsize i = 0; success && pixels != NULL && i < size; i++)
    pixels[i] = gray_of (toned, read + i, size);
  g_free (read);
  return success;
}

/* --- The sink ------------------------------------------------------------------------- */

/* Pixel 0 of three planes, 0…1. */
static void
tone (const Toned *toned, float gray, float *colours, gsize plane)
{
  float brightness = gray / toned->scale + toned->black, colour[3];

  colour_curve_look_up (&toned->curve, 2.0f * brightness - 1.0f, colour);
  for (int c = 0; c < 3; c++)
    colours[c * plane] = 0.5f * colour[c] + 0.5f;
}

static gboolean
is_on_curve (const ColourCurve *curve, const float *colours, gsize plane)
{
  float colour[3];

  for (int c = 0; c < 3; c++)
    colour[c] = 2.0f * colours[c * plane] - 1.0f;
  return colour_curve_has (curve, brightness_of (colour, 1), colour);
}

static gboolean
write_colours (gpointer data, const DiffusionRect *window, const float *gray, GError **error)
{
  const Toned *toned = data;
  gsize        size = (gsize) window->width * window->height;
  float       *colours = planes_new (window->width, window->height, 3, error);
  gboolean     success;

  success = colours != NULL &&
            toned->colours->read (toned->colours->data, window, colours, NULL, NULL, error);
  for (gsize i = 0; success && i < size; i++)
    {
      float before = gray_of (toned, colours + i, size);

      if (gray[i] == before || isnan (gray[i]))
        continue;
      if (!isfinite (before) || is_on_curve (&toned->curve, colours + i, size))
        tone (toned, gray[i], colours + i, size);
      else
        for (int c = 0; c < 3; c++)
          colours[c * size + i] += (gray[i] - before) / toned->scale;
    }
  success = success && toned->sink->write (toned->sink->data, window, colours, error);
  g_free (colours);
  return success;
}

static void
show_colours (gpointer data, const DiffusionStep *step)
{
  const Toned  *toned = data;
  DiffusionStep shown = *step;
  gsize         size = (gsize) step->window.width * step->window.height;
  float        *colours = NULL;

  if (step->x0 != NULL)
    colours = planes_new (step->window.width, step->window.height, 3, NULL);
  for (gsize i = 0; colours != NULL && i < size; i++)
    tone (toned, step->x0[i], colours + i, size);
  shown.n_channels = 3;
  shown.x0 = colours;
  toned->progress->report (toned->progress->data, &shown);
  g_free (colours);
}

void
toned_connect (Toned *toned, const DiffusionSink *sink, const DiffusionProgress *progress)
{
  toned->sink = sink;
  toned->progress = progress;
  toned->toning = (DiffusionSink) { .write = write_colours, .data = toned };
  toned->shown = *progress;
  if (progress->report != NULL)
    {
      toned->shown.report = show_colours;
      toned->shown.data = toned;
    }
}

/* --- The sample ----------------------------------------------------------------------- */

static gsize
n_blocks (const DiffusionRect *area, int step)
{
  return (gsize) ((area->width - 1) / step + 1) * ((area->height - 1) / step + 1);
}

/* Block i of the area, those of a row one behind the other. */
static DiffusionRect
block_at (const DiffusionRect *area, int step, gsize i)
{
  int n = (area->width - 1) / step + 1;
  int x = (int) (i % n) * step, y = (int) (i / n) * step;

  return (DiffusionRect) { area->x + x, area->y + y, MIN (BLOCK, area->width - x),
                           MIN (BLOCK, area->height - y) };
}

/* Adds to a sample of `room` pixels, n of which are there, those of a block that are seen. */
static gboolean
add_block (const DiffusionSource *source,
           const DiffusionRect   *block,
           float                 *sample,
           gsize                  room,
           gsize                 *n,
           GError               **error)
{
  float pixels[3 * BLOCK * BLOCK], alpha[BLOCK * BLOCK];
  gsize size = (gsize) block->width * block->height;

  if (!source->read (source->data, block, pixels, alpha, NULL, error))
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (alpha[i] > 0.0f && fabsf (brightness_of (pixels + i, size)) < BRIGHTNESS_MAX)
      {
        for (int c = 0; c < 3; c++)
          sample[c * room + *n] = 2.0f * pixels[c * size + i] - 1.0f;
        ++*n;
      }
  return TRUE;
}

/* Counts the impulses among the pixels of a block that are not on the curve. */
static gboolean
count_block (const Toned *toned, const DiffusionRect *block, ImpulseCount *impulses, GError **error)
{
  float pixels[3 * BLOCK * BLOCK], strays[BLOCK * BLOCK];
  gsize size = (gsize) block->width * block->height;

  if (!toned->colours->read (toned->colours->data, block, pixels, strays, NULL, error))
    return FALSE;
  for (gsize i = 0; i < size; i++)
    if (is_on_curve (&toned->curve, pixels + i, size))
      strays[i] = 0.0f;
  impulses_count (block->width, block->height, 3, pixels, strays, impulses);
  return TRUE;
}

/* Whether noise was clipped before the tone at the least or (sign −1) the greatest brightness of the
 * sample: more pixels have it than the next one, by three standard deviations of their number. *end: it. */
static gboolean
is_clipped (const float *sample, gsize room, gsize n, float sign, float *end)
{
  float  least = G_MAXFLOAT, next = G_MAXFLOAT;
  double n_least = 0.0, n_next = 0.0;

  for (gsize i = 0; i < n; i++)
    {
      float v = sign * brightness_of (sample + i, room);

      if (v < least)
        {
          next = least;
          n_next = n_least;
          least = v;
          n_least = 0.0;
        }
      else if (v > least && v < next)
        {
          next = v;
          n_next = 0.0;
        }
      n_least += v == least;
      n_next += v == next;
    }
  *end = sign * least;
  return n_least - n_next >= 3.0 * sqrt (n_least + n_next);
}

/* What was clipped before the tone is black or white in the gray picture, as all that knows of noise
 * takes it to be. */
static void
find_ends (Toned *toned, const float *sample, gsize room, gsize n)
{
  float low, high;

  low = is_clipped (sample, room, n, 1.0f, &low) ? MAX (0.5f * low + 0.5f, 0.0f) : 0.0f;
  high = is_clipped (sample, room, n, -1.0f, &high) ? MIN (0.5f * high + 0.5f, 1.0f) : 1.0f;
  if (high - low >= CONTRAST_LEAST)
    {
      toned->black = low;
      toned->scale = 1.0f / (high - low);
    }
}

gboolean
toned_find (Toned                 *toned,
            const DiffusionSource *source,
            const DiffusionRect   *region,
            GCancellable          *cancel,
            gboolean              *found,
            GError               **error)
{
  DiffusionRect area = tiles_area (region, MARGIN, 1, 1, source->width, source->height);
  int           step = BLOCK;
  gsize         n = 0, room;
  ImpulseCount  impulses = { 0 };
  float        *sample, *hole;
  gboolean      success = TRUE;

  *found = FALSE;
  if (source->n_channels != 3)
    return TRUE;

  while (n_blocks (&area, step) > BLOCKS_MAX)
    step += BLOCK;
  room = n_blocks (&area, step) * BLOCK * BLOCK;
  sample = planes_new (BLOCK, (int) (room / BLOCK), 4, error);
  if (sample == NULL)
    return FALSE;
  for (gsize i = 0; success && i < n_blocks (&area, step); i++)
    {
      DiffusionRect block = block_at (&area, step, i);

      success = !g_cancellable_set_error_if_cancelled (cancel, error) &&
                add_block (source, &block, sample, room, &n, error);
    }

  hole = sample + 3 * room;
  for (gsize i = 0; i < room; i++)
    hole[i] = i < n ? 0.0f : 1.0f;
  *found = success && colour_curve_find (&toned->curve, BLOCK, (int) (room / BLOCK), sample, hole);
  toned->colours = source;
  toned->black = 0.0f;
  toned->scale = 1.0f;
  toned->gray = (DiffusionSource) { .width = source->width,
                                    .height = source->height,
                                    .n_channels = 1,
                                    .read = read_gray,
                                    .data = toned };
  if (*found && !colour_curve_is_gray (&toned->curve))
    find_ends (toned, sample, room, n);
  g_free (sample);

  /* The gray picture would not show that a hot pixel has a colour. */
  for (gsize i = 0; *found && success && i < n_blocks (&area, step); i++)
    {
      DiffusionRect block = block_at (&area, step, i);

      success = !g_cancellable_set_error_if_cancelled (cancel, error) &&
                count_block (toned, &block, &impulses, error);
    }
  impulses.n_pixels = n;
  *found = *found && success && !(impulses_kinds (&impulses) & IMPULSE_COLOURED);
  return success;
}

/* --- Noise ---------------------------------------------------------------------------- */

void
toned_scale_noise (const Toned *toned, DiffusionNoise *noise, double *sigma)
{
  noise->sigma *= toned->scale;
  noise->sigma_half *= toned->scale;
  *sigma *= toned->scale;
}

void
toned_unscale_noise (const Toned *toned, DiffusionNoise *noise, double *sigma)
{
  noise->sigma /= toned->scale;
  noise->sigma_half /= toned->scale;
  *sigma /= toned->scale;
}
