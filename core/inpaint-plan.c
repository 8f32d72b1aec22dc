/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-plan.c: all that a run of Inpaint will do.
 */
#include "inpaint-plan.h"

#include "islands.h"
#include "repaint.h"
#include "tiles.h"

/* What a setting of 0 means. A network that sees the mask needs no resampling and few
 * steps: one to the mean of all that may lie in the hole, x̂_0 of the first evaluation, at
 * the coarsest scale; so many to what is drawn at each scale from there on. Others are
 * brought into harmony with the known pixels by RePaint's passes. */
#define STEPS_MASK_AWARE 12
#define STEPS_UNCONDITIONAL 100
#define RESAMPLE_MASK_AWARE 1
#define RESAMPLE_UNCONDITIONAL 5

/* With self-conditioning a second evaluation takes that mean for its guess, and makes a
 * better one of it. */
#define LOOKS 1
#define LOOKS_SELF_CONDITION 2

/* A hole whose largest unknown square has at most so many pixels a side is thin: its
 * borders say what lies in it, and a sample is hardly sharper than the mean, but has up to
 * twice its squared error. One more evaluation, from a σ as large as the detail around,
 * adds the grain. */
#define THIN_SQUARE 12
#define THIN_REFINING 1.0

/* Larger ones are drawn from the mean on, at each scale, and not to the very end: the
 * finest grain costs PSNR and SSIM. The more noise, the sharper and the less like the
 * original. Holes that need no coarser scale (circles of 18 to 28 pixels, eight in every
 * ninth picture of CBSD68; a program that is not kept, weights from before the training's
 * end; ended at 0.09):
 *   8   21.56 dB .636 x.76 g.87, as it is done    25   20.95 dB .615 x.85 g.93
 *   70  20.66 dB .615 x.87 g.86                   12 steps from T   20.54 dB .611 x.87 g.96
 * Others, all cases of tests/large-holes.py --enlarge 1 (refined, ended):
 *   50, 0.08   blobs 17.65 dB .414 x.73 g.71   square 15.28 dB .305 x.70 g.68
 *   70, 0.09         17.51 dB .418 x.74 g.66          15.08 dB .304 x.72 g.66
 *   70, 0.12         17.57 dB .424 x.72 g.63          15.12 dB .310 x.69 g.62
 *   70, 0.10         17.53 dB .420 x.73 g.66          15.09 dB .306 x.71 g.62, as it is done
 * Less than 0.7 of the picture's sharpness (x) looks blurred. The same noise everywhere,
 * and 12 steps at the coarsest scale too, was worse: with former weights, half of the cases,
 * blobs 16.81 dB .389 x.71, an early form of this 17.18 dB .403 x.65; in pictures enlarged
 * fourfold (two blobs, as early) 17.30 dB .561 x.86 and 18.77 dB .618 x.58, softer, but
 * without blotches in the sky. */
#define MEDIUM_REFINING 8.0
#define LARGE_REFINING 70.0
#define ENDING 0.10

/* Sides of the area of one part, pixels: its planes take 17 floats a pixel, so about
 * 160 MB at most. */
#define AREA_MAX 1536

/* More context than the network's windows are wide is not seen. */
#define CONTEXT_MAX TILES_SIZE

/* Context: half of what the network has learned to look at, at least so many pixels (of
 * each scale). */
#define CONTEXT_MIN 64

DiffusionInpaintSettings
inpaint_plan_settings (const DiffusionModel *model, const DiffusionInpaintSettings *settings)
{
  DiffusionInpaintSettings used = *settings;
  gboolean                 mask_aware = diffusion_model_is_mask_aware (model);
  int view = scales_view (model_get_shape (model), model_get_multiple (model));

  if (used.steps == 0 && !mask_aware)
    used.steps = STEPS_UNCONDITIONAL;
  if (used.resample == 0)
    used.resample = mask_aware ? RESAMPLE_MASK_AWARE : RESAMPLE_UNCONDITIONAL;
  if (used.spacing == DIFFUSION_SPACING_MODEL)
    used.spacing = model_get_scheduler_config (model)->timestep_spacing;
  if (used.context == 0)
    used.context = MAX (view / 2, CONTEXT_MIN);
  return used;
}

/* --- One part -------------------------------------------------------------------- */

typedef struct
{
  const DiffusionModel           *model;
  const DiffusionInpaintSettings *settings;
} Conditions;

/* `rect` in pixels of a scale: all that it touches. */
static DiffusionRect
reduce_rect (const DiffusionRect *rect, int scale)
{
  int right = (rect->x + rect->width - 1) >> scale, bottom = (rect->y + rect->height - 1) >> scale;
  int left = rect->x >> scale, top = rect->y >> scale;

  return (DiffusionRect){ left, top, right - left + 1, bottom - top + 1 };
}

static gboolean
overlap (const DiffusionRect *a, const DiffusionRect *b)
{
  return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height &&
         b->y < a->y + a->height;
}

static gboolean
anything_selected (const Canvas *canvas, const DiffusionRect *rect)
{
  DiffusionRect cells = canvas_cells (canvas, rect);

  for (int row = cells.y; row < cells.y + cells.height; row++)
    for (int column = cells.x; column < cells.x + cells.width; column++)
      {
        const CanvasCell *cell = canvas_cell (canvas, column, row);

        if (cell->bounds.width > 0 && overlap (&cell->bounds, rect))
          return TRUE;
      }
  return FALSE;
}

/* The windows (tiles.h) that the network sees in one evaluation: those with something
 * selected in them. */
static void
count_windows (InpaintStage *stage, const Canvas *canvas, const TilesCut *cut)
{
  const DiffusionRect *area = &stage->area;
  TilesAxis            across = tiles_axis (area->width, cut);
  TilesAxis            down = tiles_axis (area->height, cut);

  stage->window_width = across.size;
  stage->window_height = down.size;
  for (int j = 0; j < down.n; j++)
    for (int i = 0; i < across.n; i++)
      {
        DiffusionRect window = { (area->x + tiles_axis_start (&across, i)) << stage->scale,
                                 (area->y + tiles_axis_start (&down, j)) << stage->scale,
                                 across.size << stage->scale, down.size << stage->scale };

        stage->n_windows += anything_selected (canvas, &window);
      }
}

static int
inpaint_looks (const DiffusionModel *model)
{
  return model_get_shape (model)->self_condition ? LOOKS_SELF_CONDITION : LOOKS;
}

static InpaintPart
plan_part (const Conditions *conditions, const Canvas *canvas, const DiffusionRect *rect, int square)
{
  const DiffusionModel           *model = conditions->model;
  const DiffusionInpaintSettings *settings = conditions->settings;
  const Schedule                 *schedule = model_get_schedule (model);
  int                             multiple = model_get_multiple (model);
  TilesCut                        cut = tiles_cut_inpaint (model);
  int                             view = scales_view (model_get_shape (model), multiple);
  int                             context = MIN (settings->context, CONTEXT_MAX);
  double                          t = settings->strength * schedule_get_T (schedule) - 1.0;
  gboolean                        automatic = settings->steps == 0;
  gboolean                        thin = automatic && square <= THIN_SQUARE;
  int                             halvings = thin ? 0 : scales_halvings (view, square);
  int                             looks = automatic ? inpaint_looks (model) : LOOKS;
  InpaintPart                     part = { *rect, halvings + looks, { { 0 } } };

  if (automatic && halvings == 0)
    part.n_stages++; /* no finer scale to refine it at */

  for (int k = 0; k < part.n_stages; k++)
    {
      InpaintStage *stage = &part.stages[k];
      int           scale = MAX (halvings - MAX (k - looks + 1, 0), 0);
      DiffusionRect inner = reduce_rect (rect, scale);

      stage->scale = scale;
      stage->area = tiles_area (&inner, context, 1, multiple, canvas_width (canvas, scale),
                                canvas_height (canvas, scale));
      /* All of the old picture is left out at full strength; what remains of it at less
       * remains at every scale. */
      stage->t_start = settings->strength < 1.0 ? scales_time (schedule, t, scale) : t;
      stage->refining = k < looks       ? 0.0
                        : thin          ? THIN_REFINING
                        : halvings == 0 ? MEDIUM_REFINING
                                        : LARGE_REFINING;
      stage->ending = k >= looks && automatic && !thin ? ENDING : 0.0;
      stage->steps = !automatic ? settings->steps : k < looks || thin ? 1 : STEPS_MASK_AWARE;
      stage->n_evaluations = repaint_count (stage->steps, settings->resample,
                                            settings->jump_length, settings->sampler);
      count_windows (stage, canvas, &cut);
    }
  return part;
}

/* An IslandsJudge. */
static IslandsJob
judge (gpointer data, const Canvas *canvas, const DiffusionRect *bounds, int square)
{
  const Conditions   *conditions = data;
  InpaintPart         part = plan_part (conditions, canvas, bounds, square);
  const InpaintStage *finest = &part.stages[part.n_stages - 1];
  IslandsJob          job = {
    .reach = MIN (conditions->settings->context, CONTEXT_MAX) << part.stages[0].scale,
    .fits = TRUE,
    .divisible = MAX (finest->area.width, finest->area.height) > TILES_SIZE,
  };

  for (int k = 0; k < part.n_stages; k++)
    {
      const InpaintStage *stage = &part.stages[k];

      job.fits = job.fits && MAX (stage->area.width, stage->area.height) <= AREA_MAX;
      job.cost += (double) stage->n_evaluations * inpaint_stage_pixels (stage);
    }
  return job;
}

/* --- All parts ------------------------------------------------------------------------ */

/* What a stage holds beside the finest area's preview: the planes of its area (inpaint.c),
 * the pyramid of the guess or the coarser result, and what the sampler asks for. */
static gsize
stage_bytes (const InpaintStage *stage, int n_channels, int sampler_planes)
{
  gsize size = (gsize) stage->area.width * stage->area.height;
  gsize planes = 4 * n_channels + 2 + (n_channels + 1) / 2 + n_channels * sampler_planes;

  return size * planes * sizeof (float);
}

static void
add_part (InpaintPlan *plan, const InpaintPart *part, int n_channels, int sampler_planes)
{
  const InpaintStage *finest = &part->stages[part->n_stages - 1];
  gsize preview = (gsize) finest->area.width * finest->area.height * (n_channels + 1);

  for (int k = 0; k < part->n_stages; k++)
    {
      const InpaintStage *stage = &part->stages[k];

      plan->n_evaluations += stage->n_evaluations;
      plan->n_pixels += stage->n_evaluations * inpaint_stage_pixels (stage);
      plan->bytes = MAX (plan->bytes, stage_bytes (stage, n_channels, sampler_planes) +
                                        preview * sizeof (float));
    }
  g_array_append_val (plan->parts, *part);
}

InpaintPlan *
inpaint_plan_new (const DiffusionModel           *model,
                  const Canvas                   *canvas,
                  const DiffusionInpaintSettings *settings)
{
  InpaintPlan *plan = g_new0 (InpaintPlan, 1);
  Conditions   conditions = { model, settings };
  GArray      *rects = islands_cut (canvas, judge, &conditions);
  int          n_channels = canvas->source->n_channels;
  int          sampler_planes =
    repaint_planes (settings->sampler, model_get_scheduler_config (model)->variance);

  plan->n_channels = n_channels;
  plan->parts = g_array_new (FALSE, FALSE, sizeof (InpaintPart));
  for (guint i = 0; i < rects->len; i++)
    {
      const DiffusionRect *rect = &g_array_index (rects, DiffusionRect, i);
      DiffusionRect        cells = canvas_cells (canvas, rect), bounds;
      InpaintPart          part;
      int                  square;

      canvas_bounds (canvas, &cells, &bounds, &square);
      part = plan_part (&conditions, canvas, rect, square);
      add_part (plan, &part, n_channels, sampler_planes);
    }
  g_array_unref (rects);
  plan->bytes += (gsize) canvas->n_cells * CANVAS_CELL * CANVAS_CELL * n_channels * sizeof (float);
  return plan;
}

void
inpaint_plan_free (InpaintPlan *plan)
{
  if (plan == NULL)
    return;
  g_array_unref (plan->parts);
  g_free (plan);
}

void
inpaint_plan_cost (const InpaintPlan    *plan,
                   const DiffusionModel *model,
                   int                   n_threads,
                   DiffusionCost        *cost)
{
  TilesCut cut = tiles_cut_inpaint (model);

  *cost = (DiffusionCost){ 0 };
  for (guint i = 0; i < plan->parts->len; i++)
    {
      const InpaintPart *part = &g_array_index (plan->parts, InpaintPart, i);

      for (int k = 0; k < part->n_stages; k++)
        {
          const InpaintStage *stage = &part->stages[k];
          DiffusionCost       one;

          tiles_cost (model, n_threads, stage->window_width, stage->window_height,
                      plan->n_channels, &cut, 1, &one);
          cost->n_evaluations += one.n_evaluations * stage->n_evaluations * stage->n_windows;
          cost->products += one.products * stage->n_evaluations * stage->n_windows;
          cost->bytes = MAX (cost->bytes, one.bytes);
        }
    }
  cost->bytes += plan->bytes;
}
