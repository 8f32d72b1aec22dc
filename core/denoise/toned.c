/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * toned.c: see toned.h.
 */
#include "denoise/toned.h"

#include <math.h>

#include "base/planes.h"
#include "picture/tiles.h"

/* A sample: blocks of so many pixels a side, so many of them at most. */
#define BLOCK      64
#define BLOCKS_MAX 64

/* Pixels around the region that say what it is. */
#define MARGIN 64

/* Where so many pixels have the least or the greatest brightness, noise was clipped there before the
 * tone: a share. Less contrast than this is none to go by. */
#define CLIPPED_SHARE  0.001
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

      if (gray[i] == before)
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
    if (alpha[i] > 0.0f && isfinite (brightness_of (pixels + i, size)))
      {
        for (int c = 0; c < 3; c++)
          sample[c * room + *n] = 2.0f * pixels[c * size + i] - 1.0f;
        ++*n;
      }
  return TRUE;
}

/* What was clipped before the tone is black or white in the gray picture, as all that knows of noise
 * takes it to be. */
static void
find_ends (Toned *toned, const float *sample, gsize room, gsize n)
{
  float low = 1.0f, high = -1.0f;
  gsize n_low = 0, n_high = 0;

  for (gsize i = 0; i < n; i++)
    {
      float brightness = brightness_of (sample + i, room);

      if (brightness < low)
        n_low = 0;
      if (brightness > high)
        n_high = 0;
      low = MIN (low, brightness);
      high = MAX (high, brightness);
      n_low += brightness == low;
      n_high += brightness == high;
    }
  low = n_low >= CLIPPED_SHARE * n ? 0.5f * low + 0.5f : 0.0f;
  high = n_high >= CLIPPED_SHARE * n ? 0.5f * high + 0.5f : 1.0f;
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
  int           right = area.x + area.width, bottom = area.y + area.height;
  gsize         n = 0, room;
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
  for (int y = area.y; success && y < bottom; y += step)
    for (int x = area.x; success && x < right; x += step)
      {
        DiffusionRect block = { x, y, MIN (BLOCK, right - x), MIN (BLOCK, bottom - y) };

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
  if (*found)
    find_ends (toned, sample, room, n);
  g_free (sample);
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
