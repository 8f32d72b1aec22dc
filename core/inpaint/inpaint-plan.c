/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-plan.c: all that a run of Inpaint will do.
 */
#include "inpaint/inpaint-plan.h"

#include "patches/patch-fill.h"
#include "picture/partition.h"
#include "process/reverse-process.h"
#include "model/tiled-model.h"

/* What a setting of 0 means. Networks that do not see the mask are brought into harmony
 * with the known pixels by RePaint's passes; others need no resampling and few steps. */
#define STEPS_UNCONDITIONAL    100
#define RESAMPLE_MASK_AWARE    1
#define RESAMPLE_UNCONDITIONAL 5

/* A hole whose largest unknown square has at most so many pixels a side is thin: its
 * borders say what lies in it, and the network knows best how they go on. */
#define THIN_SQUARE 12

/* How a network that sees the mask fills a hole by itself: estimates at the coarsest scale, then
 * it draws in what they have found at that scale, where there is no other, and at each finer
 * one; from a σ of so many times the detail around (scales.h) to a share of that: the finest
 * grain costs more likeness than it wins. In a thin hole the estimate is the fill. */
typedef struct
{
  int    estimates;      /* each begins with the one before, where the network takes that */
  double refining_thin;  /* 0: thin holes are not refined; else by one evaluation */
  double refining;       /* of other holes */
  double refining_finer; /* share of it from one scale to the next finer one */
  double refining_asked; /* where a number of steps is asked for */
  double ending;
  int    steps;
} Recipe;

/* For networks that are shown a guess, and for those that are shown their own last estimate
 * (self-conditioning). */
static const Recipe recipe_guess = { 1, 1.0, 70.0, 1.0, 70.0, 0.10, 12 };
static const Recipe recipe_estimate = { 3, 0.0, 20.0, 0.4, 40.0, 0.40, 4 };

/* Patches come from at least so far around the hole, from half its width, and at most from so
 * far: what is farther away is other things. */
#define REACH_MIN 60
#define REACH_MAX 192

/* Which share of a large hole's windows is expected to have a seam that shows. It is not known
 * before the patches are laid: more makes the forecast longer, the result stays.
 * tests/measure/forecast.py tells how far off it is. */
#define SEAMS_SHARE 0.4

/* In so many windows, all. */
#define SEAMS_WINDOWS 9

/* Sides of the area of one part, pixels: its planes take 22 floats a pixel, so about
 * 210 MB at most. */
#define AREA_MAX 1536

/* More context than the network's windows are wide is not seen. */
#define CONTEXT_MAX TILED_MODEL_SIZE

/* Context: half of what the network has learned to look at, at least so many pixels (of
 * each scale). */
#define CONTEXT_MIN 64

DiffusionInpaintSettings
inpaint_plan_settings (const DiffusionModel *model, const DiffusionInpaintSettings *settings)
{
  DiffusionInpaintSettings used = *settings;
  gboolean                 mask_aware = diffusion_model_is_mask_aware (model);
  int                      view = scales_view (model_get_shape (model), model_get_multiple (model));

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

  return (DiffusionRect) { left, top, right - left + 1, bottom - top + 1 };
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

/* `context`: pixels of the scale around the part that are seen. */
static InpaintStage *
add_stage (InpaintPart      *part,
           const Conditions *conditions,
           const Canvas     *canvas,
           InpaintStageKind  kind,
           int               scale,
           int               context,
           int               steps)
{
  const DiffusionInpaintSettings *settings = conditions->settings;
  const Schedule                 *schedule = model_get_schedule (conditions->model);
  int                             multiple = model_get_multiple (conditions->model);
  TilesCut                        cut = tiled_model_cut_inpaint (conditions->model);
  double                          t = settings->strength * schedule_get_T (schedule) - 1.0;
  DiffusionRect                   inner = reduce_rect (&part->rect, scale);
  InpaintStage                   *stage = &part->stages[part->n_stages++];

  g_assert (part->n_stages <= (int) G_N_ELEMENTS (part->stages));
  stage->kind = kind;
  stage->scale = scale;
  stage->area = tiles_area (&inner, context, 1, multiple, canvas_width (canvas, scale),
                            canvas_height (canvas, scale));
  /* All of the old picture is left out at full strength; what remains of it at less
   * remains at every scale. */
  stage->t_start = settings->strength < 1.0 ? scales_time (schedule, t, scale) : t;
  stage->steps = steps;
  stage->n_evaluations =
    reverse_process_count (steps, settings->resample, settings->jump_length, settings->sampler);
  count_windows (stage, canvas, &cut);
  stage->n_pixels = (gint64) stage->n_windows * stage->window_width * stage->window_height;
  return stage;
}

static int
network_context (const Conditions *conditions)
{
  return MIN (conditions->settings->context, CONTEXT_MAX);
}

static void
add_estimates (InpaintPart      *part,
               const Conditions *conditions,
               const Canvas     *canvas,
               int               scale,
               int               context,
               int               n)
{
  for (int k = 1; k <= n; k++)
    add_stage (part, conditions, canvas, STAGE_ESTIMATE, scale, context, 1)->number = k;
}

static void
add_refinement (InpaintPart      *part,
                const Conditions *conditions,
                const Canvas     *canvas,
                int               scale,
                int               steps,
                double            refining,
                double            ending)
{
  InpaintStage *stage =
    add_stage (part, conditions, canvas, STAGE_REFINE, scale, network_context (conditions), steps);

  stage->refining = refining;
  stage->ending = ending;
}

static const Recipe *
get_recipe (const Conditions *conditions)
{
  return model_get_shape (conditions->model)->self_condition ? &recipe_estimate : &recipe_guess;
}

static void
plan_network (InpaintPart *part, const Conditions *conditions, const Canvas *canvas, int square)
{
  const DiffusionModel *model = conditions->model;
  const Recipe         *recipe = get_recipe (conditions);
  int                   view = scales_view (model_get_shape (model), model_get_multiple (model));
  int                   asked = conditions->settings->steps;
  int                   context = network_context (conditions);
  gboolean              thin = asked == 0 && square <= THIN_SQUARE;
  int                   halvings = thin ? 0 : scales_halvings (view, square);
  double                refining = recipe->refining;

  if (asked > 0)
    {
      add_stage (part, conditions, canvas, STAGE_PROCESS, halvings, context, asked);
      for (int scale = halvings - 1; scale >= 0; scale--)
        add_refinement (part, conditions, canvas, scale, asked, recipe->refining_asked, 0.0);
      return;
    }
  add_estimates (part, conditions, canvas, halvings, context, recipe->estimates);
  if (thin && recipe->refining_thin > 0.0)
    add_refinement (part, conditions, canvas, 0, 1, recipe->refining_thin, 0.0);
  if (thin)
    return;
  for (int scale = MAX (halvings - 1, 0); scale >= 0; scale--)
    {
      add_refinement (part, conditions, canvas, scale, recipe->steps, refining, recipe->ending);
      refining *= recipe->refining_finer;
    }
}

/* An upper bound of the selected pixels of a part. */
static gsize
count_selected (const Canvas *canvas, const DiffusionRect *rect)
{
  DiffusionRect cells = canvas_cells (canvas, rect);
  gsize         n = 0;

  for (int row = cells.y; row < cells.y + cells.height; row++)
    for (int column = cells.x; column < cells.x + cells.width; column++)
      {
        const DiffusionRect *bounds = &canvas_cell (canvas, column, row)->bounds;

        n += (gsize) bounds->width * bounds->height;
      }
  return n;
}

static void
expect_seams (InpaintPart *part)
{
  for (int k = 1; k < part->n_stages; k++)
    {
      InpaintStage *stage = &part->stages[k];
      int           n = stage->n_windows;

      if (n > SEAMS_WINDOWS)
        n = SEAMS_WINDOWS + (int) (SEAMS_SHARE * (n - SEAMS_WINDOWS));
      stage->n_windows = n;
      stage->n_pixels = (gint64) n * stage->window_width * stage->window_height;
    }
}

/* The patches, then the network on the seams that show. */
static void
plan_patches (InpaintPart *part, const Conditions *conditions, const Canvas *canvas, int square)
{
  const TilesCut cut = tiled_model_cut_inpaint (conditions->model);
  int            inradius = (square + 1) / 2;
  int            reach = MAX (CLAMP (inradius, REACH_MIN, REACH_MAX), network_context (conditions));
  int            context = reach + patch_pyramid_margin (inradius);
  InpaintStage  *stage = add_stage (part, conditions, canvas, STAGE_PATCHES, 0, context, 0);
  gsize          n_hole = count_selected (canvas, &part->rect);
  PatchFillCost  cost;
  DiffusionCost  window;

  patch_fill_cost (stage->area.width, stage->area.height, n_hole, inradius, &cost);
  tiled_model_cost (conditions->model, 1, cut.size, cut.size, 3, &cut, 1, &window);
  stage->reach = reach;
  stage->n_evaluations = cost.n_rounds;
  stage->macs = cost.macs;
  stage->n_pixels = (gint64) (cost.macs / cost.n_rounds * cut.size * cut.size / window.macs) + 1;
  add_estimates (part, conditions, canvas, 0, context, get_recipe (conditions)->estimates);
  expect_seams (part);
}

static gboolean
takes_patches (const Conditions *conditions, int square)
{
  const DiffusionInpaintSettings *settings = conditions->settings;

  if (settings->expert != DIFFUSION_EXPERT_AUTOMATIC)
    return settings->expert == DIFFUSION_EXPERT_PICTURE;
  /* Steps, and what is to remain of the old picture, are the network's. */
  return square > THIN_SQUARE && settings->steps == 0 && settings->strength == 1.0;
}

static InpaintPart
plan_part (const Conditions    *conditions,
           const Canvas        *canvas,
           const DiffusionRect *rect,
           int                  square)
{
  InpaintPart part = { .rect = *rect };

  if (takes_patches (conditions, square))
    plan_patches (&part, conditions, canvas, square);
  else
    plan_network (&part, conditions, canvas, square);
  return part;
}

InpaintPart
inpaint_plan_without_patches (const DiffusionModel           *model,
                              const Canvas                   *canvas,
                              const DiffusionInpaintSettings *settings,
                              const InpaintPart              *part)
{
  Conditions    conditions = { model, settings };
  DiffusionRect cells = canvas_cells (canvas, &part->rect), bounds;
  InpaintPart   other = { .rect = part->rect };
  int           square;

  canvas_bounds (canvas, &cells, &bounds, &square);
  plan_network (&other, &conditions, canvas, square);
  return other;
}

/* An PartitionJudge. */
static PartitionPart
judge (gpointer data, const Canvas *canvas, const DiffusionRect *bounds, int square)
{
  const Conditions   *conditions = data;
  InpaintPart         part = plan_part (conditions, canvas, bounds, square);
  const InpaintStage *finest = &part.stages[part.n_stages - 1];
  PartitionPart       job = {
          .reach = part.stages[0].kind == STAGE_PATCHES
                     ? part.stages[0].reach
                     : network_context (conditions) << part.stages[0].scale,
          .fits = TRUE,
          .divisible = MAX (finest->area.width, finest->area.height) > TILED_MODEL_SIZE,
  };

  for (int k = 0; k < part.n_stages; k++)
    {
      const InpaintStage *stage = &part.stages[k];

      job.fits = job.fits && MAX (stage->area.width, stage->area.height) <= AREA_MAX;
      job.cost += (double) stage->n_evaluations * stage->n_pixels;
    }
  return job;
}

/* --- All parts ------------------------------------------------------------------------ */

/* What a stage holds beside the finest area's preview: the planes of its area (inpaint-planes.h),
 * the result of the stage before, the pyramid of the guess, and what the sampler asks for. */
static guint64
stage_bytes (const InpaintStage *stage, int n_channels, int sampler_planes)
{
  guint64 size = (guint64) stage->area.width * stage->area.height;
  guint64 planes = 6 * n_channels + 4 + n_channels * sampler_planes;

  return size * planes * sizeof (float);
}

static guint64
patch_stage_bytes (const InpaintStage *stage, int n_channels)
{
  guint64       size = (guint64) stage->area.width * stage->area.height;
  PatchFillCost cost;

  patch_fill_cost (stage->area.width, stage->area.height, size, 1, &cost);
  return size * (2 * n_channels + 4) * sizeof (float) + cost.bytes;
}

static void
add_part (InpaintPlan *plan, const InpaintPart *part, int n_channels, int sampler_planes)
{
  const InpaintStage *finest = &part->stages[part->n_stages - 1];
  guint64 preview = (guint64) finest->area.width * finest->area.height * (n_channels + 1);

  for (int k = 0; k < part->n_stages; k++)
    {
      const InpaintStage *stage = &part->stages[k];

      plan->n_evaluations += stage->n_evaluations;
      plan->n_pixels += stage->n_evaluations * stage->n_pixels;
      plan->bytes = MAX (plan->bytes, (stage->kind == STAGE_PATCHES
                                         ? patch_stage_bytes (stage, n_channels)
                                         : stage_bytes (stage, n_channels, sampler_planes)) +
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
  GArray      *rects = partition_cut (canvas, judge, &conditions);
  int          n_channels = canvas->source->n_channels;
  int          sampler_planes =
    reverse_process_planes (settings->sampler, model_get_scheduler_config (model)->variance);

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
  plan->bytes +=
    (guint64) canvas->n_cells * CANVAS_CELL * CANVAS_CELL * n_channels * sizeof (float);
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
  TilesCut cut = tiled_model_cut_inpaint (model);

  *cost = (DiffusionCost) { 0 };
  for (guint i = 0; i < plan->parts->len; i++)
    {
      const InpaintPart *part = &g_array_index (plan->parts, InpaintPart, i);

      for (int k = 0; k < part->n_stages; k++)
        {
          const InpaintStage *stage = &part->stages[k];
          DiffusionCost       one;

          if (stage->kind == STAGE_PATCHES)
            {
              cost->macs += stage->macs;
              continue;
            }
          tiled_model_cost (model, n_threads, stage->window_width, stage->window_height,
                            plan->n_channels, &cut, 1, &one);
          cost->n_evaluations += one.n_evaluations * stage->n_evaluations * stage->n_windows;
          cost->macs += one.macs * stage->n_evaluations * stage->n_windows;
          cost->bytes = MAX (cost->bytes, one.bytes);
        }
    }
  cost->bytes += plan->bytes;
}
