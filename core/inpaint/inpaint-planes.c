/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-planes.c: see inpaint-planes.h.
 */
#include "inpaint/inpaint-planes.h"

#include <string.h>

#include "picture/push-pull.h"
#include "base/planes.h"
#include "process/reverse-process.h"

/* Of the membrane that joins a coarser result to the picture (push-pull.h). */
#define BORDER_SWEEPS 8

/* Only x0 is needed at the next scale. */
static void
planes_keep_result (InpaintPlanes *planes)
{
  g_clear_pointer (&planes->clean, g_free);
  g_clear_pointer (&planes->y, g_free);
  g_clear_pointer (&planes->m, g_free);
  g_clear_pointer (&planes->start, g_free);
  g_clear_pointer (&planes->join, g_free);
  g_clear_pointer (&planes->x_t, g_free);
  g_clear_pointer (&planes->seams, g_free);
}

/* The stage before was one of patches: its fill is the picture now, and its seams unknown. */
static gboolean
follows_patches (const InpaintPlanes *before)
{
  return before != NULL && before->stage->kind == STAGE_PATCHES;
}

/* The picture as the stage before has read it at the same scale: at a coarse one that takes
 * longer than an estimate. That has written into `clean` only where start = 1, and there what
 * follows does so, too. */
static void
planes_take_picture (InpaintPlanes *planes, InpaintPlanes *before)
{
  if (follows_patches (before))
    {
      planes->clean = g_memdup2 (before->x0, planes->n_channels * planes->size * sizeof (float));
      planes->m = g_steal_pointer (&before->seams);
      planes->start = g_memdup2 (planes->m, planes->size * sizeof (float));
      return;
    }
  g_assert (before->stage->kind == STAGE_ESTIMATE);
  planes->clean = g_steal_pointer (&before->clean);
  planes->m = g_steal_pointer (&before->m);
  planes->start = g_steal_pointer (&before->start);
}

static gboolean
planes_read_picture (InpaintPlanes *planes, const Canvas *canvas, double strength, GError **error)
{
  const DiffusionRect *area = &planes->stage->area;

  return (planes->clean = planes_new (area->width, area->height, planes->n_channels, error)) &&
         (planes->m = planes_new (area->width, area->height, 1, error)) &&
         (planes->start = planes_new (area->width, area->height, 1, error)) &&
         canvas_read (canvas, planes->stage->scale, area, strength, planes->clean, planes->m,
                      planes->start, error);
}

/* Of the stage before, NULL at the first, x0 is left. */
static gboolean
planes_allocate (InpaintPlanes      *planes,
                 const InpaintStage *stage,
                 const Canvas       *canvas,
                 double              strength,
                 InpaintPlanes      *before,
                 GError            **error)
{
  int width = stage->area.width, height = stage->area.height, n = canvas->source->n_channels;

  *planes = (InpaintPlanes) { .stage = stage, .n_channels = n, .size = (gsize) width * height };
  if (before != NULL && before->stage->scale == stage->scale)
    planes_take_picture (planes, before);
  if (before != NULL)
    planes_keep_result (before);

  return (planes->clean != NULL || planes_read_picture (planes, canvas, strength, error)) &&
         (planes->y = planes_new (width, height, n, error)) &&
         (planes->join = planes_new (width, height, 1, error)) &&
         (planes->x_t = planes_new (width, height, n, error)) &&
         (planes->x0 = planes_new (width, height, n, error));
}

/* Where the process begins and ends. */
static void
set_times (const DiffusionModel *model, InpaintPlanes *planes)
{
  const InpaintStage *stage = planes->stage;
  double              detail, sigma;

  planes->t_start = stage->t_start;
  if (stage->kind != STAGE_REFINE)
    return;
  /* A network of one colour fills each channel as if there were no other. */
  detail = model_get_shape (model)->n_colours == 1
             ? SCALES_COMMON_DETAIL
             : scales_detail (stage->area.width, stage->area.height, planes->n_channels,
                              planes->clean, planes->m);
  sigma = scales_refining_sigma (stage->refining, detail);
  planes->t_start = MIN (stage->t_start, schedule_t_of_sigma (model_get_schedule (model), sigma));
  planes->sigma_end = stage->ending * sigma;
}

/* The strength at which a pixel starts → the time at which it joins the process. What has
 * joined before a refinement begins has done so at once; an estimate has no other start than
 * the picture where something of it is to be seen. */
static void
set_join_times (const DiffusionModel *model, InpaintPlanes *planes, gboolean refines)
{
  const Schedule     *schedule = model_get_schedule (model);
  const InpaintStage *stage = planes->stage;
  const double        T = schedule_get_T (schedule);

  for (gsize i = 0; i < planes->size; i++)
    {
      float  start = planes->start[i];
      double t;

      if (planes->m[i] == 0.0f)
        {
          planes->join[i] = JOIN_NEVER;
          continue;
        }
      if (start < 1.0f)
        {
          t = scales_time (schedule, start * T - 1.0, stage->scale);
          planes->join[i] = refines && t >= planes->t_start ? JOIN_AT_ONCE : (float) t;
        }
      else
        planes->join[i] = JOIN_AT_ONCE;
    }
}

/* With self-conditioning the result of the stage before is the better guess. */
static gboolean
has_guess (const DiffusionModel *model, const InpaintPlanes *before)
{
  return before != NULL && !follows_patches (before) && model_get_shape (model)->self_condition;
}

/* y: the picture, and where m = 1 a smooth guess, unless set_start has a better one. */
static gboolean
make_guess (const DiffusionModel *model,
            InpaintPlanes        *planes,
            const InpaintPlanes  *before,
            GError              **error)
{
  const DiffusionRect *area = &planes->stage->area;
  const int            n_sweeps = model_get_shape (model)->guess_sweeps;
  float               *w = planes->x_t; /* not in use yet */

  memcpy (planes->y, planes->clean, planes->n_channels * planes->size * sizeof (float));
  if (has_guess (model, before))
    return TRUE;
  for (gsize i = 0; i < planes->size; i++)
    w[i] = 1.0f - planes->m[i];
  if (!push_pull_fill (area->width, area->height, planes->n_channels, n_sweeps, planes->y, w,
                       error))
    return FALSE;

  for (int c = 0; c < planes->n_channels; c++)
    for (gsize i = 0; i < planes->size; i++)
      if (planes->m[i] == 0.0f) /* the fill of a tiny area has lost it */
        planes->y[c * planes->size + i] = planes->clean[c * planes->size + i];
  return TRUE;
}

/* What the picture around the hole differs by from a coarser result in x0 is stretched over
 * the hole and added, as in seamless cloning (Pérez et al. 2003): without it a large hole's
 * outline is seen. The more of the old picture stays the less: that may differ from what is
 * around it as it likes. */
static gboolean
match_border (InpaintPlanes *planes, GError **error)
{
  const DiffusionRect *area = &planes->stage->area;
  float               *w = planes->y, *difference = planes->x_t; /* not in use yet */
  gsize                n = planes->n_channels * planes->size;

  for (gsize p = 0; p < n; p++)
    difference[p] = planes->m[p % planes->size] == 0.0f ? planes->clean[p] - planes->x0[p] : 0.0f;
  for (gsize i = 0; i < planes->size; i++)
    w[i] = 1.0f - planes->m[i];
  if (!push_pull_fill (area->width, area->height, planes->n_channels, BORDER_SWEEPS, difference, w,
                       error))
    return FALSE;
  for (gsize p = 0; p < n; p++)
    planes->x0[p] =
      CLAMP (planes->x0[p] + planes->start[p % planes->size] * difference[p], -1.0f, 1.0f);
  return TRUE;
}

/* x0: the result of the stage before, at this one's scale. */
static gboolean
take_result (InpaintPlanes *planes, const InpaintPlanes *before, GError **error)
{
  const InpaintStage *stage = planes->stage;

  if (before->stage->scale == stage->scale)
    {
      memcpy (planes->x0, before->x0, planes->n_channels * planes->size * sizeof (float));
      return TRUE;
    }
  scales_enlarge (before->x0, &before->stage->area, planes->n_channels, &stage->area, planes->x0);
  return match_border (planes, error);
}

/* Where nothing of the picture may be seen the process starts from the result of the stage
 * before or, without one, from the guess; that result may be the guess, too. */
static void
set_start (const DiffusionModel *model, InpaintPlanes *planes, const InpaintPlanes *before)
{
  gsize        n = planes->n_channels * planes->size;
  const float *from = before != NULL && !follows_patches (before) ? planes->x0 : planes->y;

  for (gsize p = 0; p < n; p++)
    {
      if (planes->join[p % planes->size] == JOIN_AT_ONCE)
        planes->clean[p] = from[p];
      if (has_guess (model, before) && planes->m[p % planes->size] == 1.0f)
        planes->y[p] = from[p];
    }
  /* The result, should "finish" come before the first evaluation: what is there already, if
   * something is. */
  for (gsize p = 0; p < n; p++)
    if ((planes->stage->number < 2 && !follows_patches (before)) ||
        planes->m[p % planes->size] == 0.0f)
      planes->x0[p] = planes->clean[p];
}

/* What patches begin with: the picture alone. */
static gboolean
begin_patches (InpaintPlanes      *planes,
               const InpaintStage *stage,
               const Canvas       *canvas,
               double              strength,
               GError            **error)
{
  int width = stage->area.width, height = stage->area.height, n = canvas->source->n_channels;

  *planes = (InpaintPlanes) { .stage = stage, .n_channels = n, .size = (gsize) width * height };
  return planes_read_picture (planes, canvas, strength, error) &&
         (planes->x0 = planes_new (width, height, n, error)) &&
         (planes->seams = planes_new (width, height, 1, error));
}

gboolean
inpaint_planes_begin (InpaintPlanes        *planes,
                      const InpaintStage   *stage,
                      const DiffusionModel *model,
                      const Canvas         *canvas,
                      double                strength,
                      InpaintPlanes        *before,
                      GError              **error)
{
  if (stage->kind == STAGE_PATCHES)
    return begin_patches (planes, stage, canvas, strength, error);
  if (!planes_allocate (planes, stage, canvas, strength, before, error))
    return FALSE;

  set_times (model, planes);
  set_join_times (model, planes, stage->kind == STAGE_REFINE);
  if ((before != NULL && !take_result (planes, before, error)) ||
      !make_guess (model, planes, before, error))
    return FALSE;
  set_start (model, planes, before);
  if (before != NULL)
    inpaint_planes_clear (before);
  return TRUE;
}

void
inpaint_planes_clear (InpaintPlanes *planes)
{
  planes_keep_result (planes);
  g_free (planes->x0);
  *planes = (InpaintPlanes) { 0 };
}
