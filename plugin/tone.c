/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tone.c: see tone.h.
 */
#include "tone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values are looked at as means of such blocks: noise is no light. */
#define BLOCK        8
#define BLOCKS_MAX   16384
#define SELECTED_MIN (1.0f / 512)

/* Pixels around the selection, as far as the first copy of drawable-io.c reaches. */
#define MARGIN_MIN 32
#define MARGIN_MAX 128

/* Beyond 0…1 by more than this there is light that the network does not see. */
#define BEYOND 0.1

/* A picture that is nowhere brighter is dark. */
#define DARK 0.25

/* Nowhere: but for so many of its blocks. A sun of a few pixels is none of a picture's
 * brightness. */
#define RARE 0.02

/* Where the brightest goes, and where the median may be pressed to. */
#define BRIGHTEST 0.9
#define MIDDLE    0.3

/* --- The curve ------------------------------------------------------------ */

float
tone_apply (const Tone *tone, float v)
{
  double u = (v - tone->low) * tone->scale;

  if (tone->bend > 0)
    u = copysign (log1p (tone->bend * fabs (u)) / log1p (tone->bend), u);
  return (float) u;
}

float
tone_undo (const Tone *tone, float v)
{
  double u = v;

  if (tone->bend > 0)
    u = copysign (expm1 (fabs (u) * log1p (tone->bend)) / tone->bend, u);
  return (float) (u / tone->scale + tone->low);
}

/* The bend that lifts u to `target`, both in 0…1. */
static double
bend_for (double u, double target)
{
  double least = 0, most = 1e6;

  for (int i = 0; i < 100; i++)
    {
      double bend = 0.5 * (least + most);

      if (log1p (bend * u) / log1p (bend) < target)
        least = bend;
      else
        most = bend;
    }
  return most;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x > y) - (x < y);
}

/* From the n values of blocks, which are sorted here. */
static void
choose (Tone *tone, gboolean may_lift, float *values, gsize n)
{
  double low, high, median, shown, target;

  if (n == 0)
    return;

  qsort (values, n, sizeof *values, compare);
  low = values[(gsize) (RARE * (double) (n - 1))];
  high = values[(gsize) ((1 - RARE) * (double) (n - 1))];
  median = values[n / 2];

  tone->is_on = low < -BEYOND || high > 1 + BEYOND || (may_lift && high > 0 && high < DARK);
  if (!tone->is_on)
    return;

  tone->low = MIN (low, 0);
  tone->scale = BRIGHTEST / (high - tone->low);

  shown = (median - tone->low) * tone->scale;
  target = MIN (MIDDLE, median - tone->low);
  if (high > 1 && shown > 0 && shown < target)
    tone->bend = bend_for (shown, target);

  tone->slope = tone->scale;
  if (tone->bend > 0)
    tone->slope *= tone->bend / ((1 + tone->bend * shown) * log1p (tone->bend));
}

/* --- The sample ----------------------------------------------------------- */

typedef struct
{
  const Task            *task;
  const DiffusionSource *source;
  float                 *values;
  gsize                  n;
} Sample;

/* What the task goes by. */
static gboolean
is_seen (const Task *task, float alpha, float selection)
{
  gboolean selected = selection >= SELECTED_MIN;

  if (!(alpha > 0))
    return FALSE;
  if (task->kind == TASK_DENOISE)
    return selected;
  return !selected || task->inpaint.strength < 1;
}

/* Adds the mean of each channel of the block that begins in column x of the strip. */
static void
add_block (Sample *sample, const DiffusionRect *strip, int x, const float *planes)
{
  const int    n_channels = sample->source->n_channels;
  const gsize  size = (gsize) strip->width * strip->height;
  const float *alpha = planes + n_channels * size, *selection = alpha + size;
  double       sum[3] = { 0 };
  int          n = 0;

  for (int v = 0; v < strip->height; v++)
    for (int u = x; u < MIN (x + BLOCK, strip->width); u++)
      {
        gsize i = (gsize) v * strip->width + u;

        if (!is_seen (sample->task, alpha[i], selection[i]))
          continue;
        n++;
        for (int c = 0; c < n_channels; c++)
          sum[c] += planes[c * size + i];
      }
  for (int c = 0; n > 0 && c < n_channels; c++)
    sample->values[sample->n++] = (float) (sum[c] / n);
}

/* The part of the picture that is looked at. */
static DiffusionRect
area_of (const Task *task, const DiffusionSource *source, const DiffusionRect *region)
{
  int margin = task->kind == TASK_INPAINT
                 ? CLAMP (MAX (region->width, region->height) / 2, MARGIN_MIN, MARGIN_MAX)
                 : 0;
  int left = MAX (region->x - margin, 0), top = MAX (region->y - margin, 0);
  int right = MIN (region->x + region->width + margin, source->width);
  int bottom = MIN (region->y + region->height + margin, source->height);

  return (DiffusionRect) { left, top, right - left, bottom - top };
}

/* Blocks at even distances, BLOCKS_MAX at most. */
static gboolean
take_sample (Sample *sample, const DiffusionRect *area, GError **error)
{
  const DiffusionSource *source = sample->source;
  int                    step = 1;
  float                 *planes;
  gboolean               ok = TRUE;

  while ((guint64) (area->width / (BLOCK * step) + 1) * (area->height / (BLOCK * step) + 1) >
         BLOCKS_MAX)
    step++;
  step *= BLOCK;

  sample->values = g_new (float, (gsize) BLOCKS_MAX * source->n_channels);
  planes = g_new (float, (gsize) area->width *BLOCK *(source->n_channels + 2));

  for (int y = 0; ok && y < area->height; y += step)
    {
      DiffusionRect strip = { area->x, area->y + y, area->width, MIN (BLOCK, area->height - y) };
      gsize         size = (gsize) strip.width * strip.height;
      float        *alpha = planes + source->n_channels * size;

      ok = source->read (source->data, &strip, planes, alpha, alpha + size, error);
      for (int x = 0; ok && x < area->width; x += step)
        add_block (sample, &strip, x, planes);
    }

  g_free (planes);
  return ok;
}

/* --- Source, Sink, progress ----------------------------------------------- */

static gboolean
read_toned (gpointer             data,
            const DiffusionRect *window,
            float               *pixels,
            float               *alpha,
            float               *selection,
            GError             **error)
{
  const Tone *tone = data;
  gsize       n = (gsize) tone->from->n_channels * window->width * window->height;

  if (!tone->from->read (tone->from->data, window, pixels, alpha, selection, error))
    return FALSE;
  for (gsize i = 0; pixels && i < n; i++)
    pixels[i] = tone_apply (tone, pixels[i]);
  return TRUE;
}

/* What is as it was read stays so to the last bit. */
static gboolean
write_toned (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  const Tone *tone = data;
  gsize       n = (gsize) tone->from->n_channels * window->width * window->height;
  float      *out = g_new (float, n);
  gboolean    ok = tone->from->read (tone->from->data, window, out, NULL, NULL, error);

  for (gsize i = 0; ok && i < n; i++)
    if (pixels[i] != tone_apply (tone, out[i]))
      out[i] = tone_undo (tone, pixels[i]);

  ok = ok && tone->to->write (tone->to->data, window, out, error);
  g_free (out);
  return ok;
}

static void
report_toned (gpointer data, const DiffusionStep *step)
{
  const Tone   *tone = data;
  DiffusionStep toned = *step;
  gsize         n = (gsize) step->n_channels * step->window.width * step->window.height;
  float        *x0 = step->x0 ? g_new (float, n) : NULL;

  for (gsize i = 0; x0 && i < n; i++)
    x0[i] = CLAMP (tone_undo (tone, step->x0[i]), 0, 1);
  toned.x0 = x0;
  tone->reported->report (tone->reported->data, &toned);
  g_free (x0);
}

static gboolean
read_allowed (gpointer data, const DiffusionRect *window, float *allowed, GError **error)
{
  Tone *tone = data;

  return tone->from->read_allowed (tone->from->data, window, allowed, error);
}

gboolean
tone_init (Tone                    *tone,
           const Task              *task,
           const DiffusionSource   *source,
           const DiffusionSink     *sink,
           const DiffusionRect     *region,
           const DiffusionProgress *progress,
           GError                 **error)
{
  Sample        sample = { .task = task, .source = source };
  DiffusionRect area = area_of (task, source, region);
  gboolean      ok = take_sample (&sample, &area, error);

  *tone = (Tone) { .scale = 1,
                   .slope = 1,
                   .source = *source,
                   .sink = *sink,
                   .progress = *progress,
                   .from = source,
                   .to = sink,
                   .reported = progress };
  if (ok)
    choose (tone, task->kind == TASK_INPAINT, sample.values, sample.n);
  g_free (sample.values);

  if (tone->is_on)
    {
      tone->source.read = read_toned;
      tone->source.data = tone;
      if (source->read_allowed)
        tone->source.read_allowed = read_allowed;
      tone->sink = (DiffusionSink) { .write = write_toned, .data = tone };
      if (progress->report)
        {
          tone->progress.report = report_toned;
          tone->progress.data = tone;
        }
    }
  return ok;
}
