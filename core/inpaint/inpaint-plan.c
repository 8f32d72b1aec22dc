/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-plan.c: all that a run of Inpaint will do.
 */
#include "inpaint/inpaint-plan.h"

#include "picture/partition.h"
#include "process/reverse-process.h"
#include "model/tiled-model.h"

/* What a setting of 0 means. Networks that do not see the mask are brought into harmony
 * with the known pixels by RePaint's passes; others need no resampling and few steps. */
#define STEPS_UNCONDITIONAL    100
#define RESAMPLE_MASK_AWARE    1
#define RESAMPLE_UNCONDITIONAL 5

/* A hole whose largest unknown square has at most so many pixels a side is thin: its
 * borders say what lies in it, and a sample is hardly sharper than the mean, but has up to
 * twice its squared error. */
#define THIN_SQUARE 12

/* Of a large hole's finer scales, so many are looked at. */
#define LOOKED_FINER 2

/* How a network that sees the mask fills a hole by itself. It looks for the mean of all that
 * may lie in it, x̂_0 of evaluations from noise, at the coarsest scale, and again at the
 * next finer ones. In what these looks have found it draws at each finer scale (at the same one,
 * where there is none), from a σ of so many times the detail around (scales.h) to a share of
 * that: the finest grain costs PSNR and SSIM. The more noise, the sharper and the less like
 * the original; less than 0.7 of the picture's sharpness (x) looks blurred. */
typedef struct
{
  int    looks_thin;      /* the k-th goes ω/k of the way from what those before have found */
  int    looks;           /* of other holes at the first scale, each ω of the way */
  int    looks_finer;     /* at each of the next LOOKED_FINER, the first with the coarser result */
  double relaxation_thin; /* ω */
  double relaxation;
  double relaxation_colour; /* at most, of what the channels differ by */
  double refining_thin;     /* by one evaluation; 0: by none */
  double refining[4];    /* of other holes, by how many halvings they need: 0, 1, 2, 3 and more */
  double refining_finer; /* share of it from one scale to the next finer one */
  double
    refining_asked; /* of coarser results, without looks, when a number of steps is asked for */
  double ending;
  int    steps;
} Way;

/* Chosen with former weights, by a program that is not kept: of circles of 18 to 28 pixels 8
 * times the detail made 21.56 dB .636 x.76, 25 times 20.95 dB .615 x.85. */
static const Way way_guess = { 1,   1,    0,    1.0, 1.0, 1.0, 1.0, { 8.0, 70.0, 70.0, 70.0 },
                               1.0, 70.0, 0.10, 12 };

/* The bundled weights, all cases of tests/measure/large-holes.py --enlarge 1 and the scratches and
 * texts beside them, by a program that is not kept. Looks at a scale, ω, of colour, refined
 * with two halvings and at the scale after, steps; the last row is what is done:
 *   3 and 2, 1.3, 1.3, 24, 24, 6   square 16.00 dB .358 x.60 g.56
 *   3 and 2, 2.0, 2.0, 30, 30, 6          15.53 dB .335 x.74 g.72
 *   3 and 2, 2.3, 2.3, 100, 20, 6         15.32 dB .332 x.77 g.73
 *   4, 1.4, 1.4, 30, 10, 4                15.23 dB .330 x.77 g.83   colours too strong
 *   4, 1.4, 1.0, 30, 10, 4                15.38 dB .339 x.76 g.82
 *   4, 1.4, 0.6, 30, 10, 4                15.43 dB .345 x.75 g.82
 *   4, 1.4, 0.2, 36, 14, 4                15.37 dB .342 x.78 g.89
 *   4, 1.4, 0.3, 34, 14, 4                15.39 dB .342 x.77 g.88   blobs 17.59 dB .457 x.81 g.59
 *   4, 1.4, 0.3, 20, 8, 4                 15.27 dB .338 x.79 g.87         17.49 dB .458 x.82 g.61
 * (blobs refined by 5 and 3). The last row enlarges by a cubic, the others by straight lines.
 * All cases enlarged fourfold (tests/measure/large-holes.py), which need 2 to 4 halvings. Looks at the
 * scales after the next two, refined with three halvings and more, share at the next scale:
 *   4, 20, 0.4   blobs 15.67 dB .530 x.96 g1.73   square 13.45 dB .466 x.86 g2.34
 *   2, 20, 0.4         16.32 dB .548 x.89 g1.55          14.54 dB .505 x.67 g1.50
 *   1, 30, 0.6                                           14.87 dB .496 x.73 g1.36
 *   0, 30, 0.6         16.45 dB .527 x.99 g1.73          15.03 dB .482 x.81 g1.30
 *   0, 20, 0.4         16.59 dB .543 x.93 g1.55          15.23 dB .503 x.70 g1.16
 *   0, 40, 0.4         16.46 dB .530 x.98 g1.69          15.04 dB .489 x.78 g1.16
 * (the refining of two halvings went along, but for the last row it is not changed). By the
 * finest scales all that is to be seen has been decided. All of these without the matched
 * border (inpaint-planes.c), with it:
 *   as they are: blobs 17.49 dB .459 x.83 g.61, square 15.28 dB .339 x.80 g.89
 *   enlarged:    blobs 16.49 dB .533 x.98 g1.69, square 15.03 dB .489 x.79 g1.16
 * and the difference across the outline of enlarged squares from 2.1 times the picture's own
 * to 1.3 times (every second case).
 * Going on where a look leads sharpens, and does so to colours as well, which the network
 * knows less about. Grain comes with the number of looks.
 * Thin holes (looks, ω): 3, 1.3   scratches 25.69 dB .831 x.86 g.50   texts 24.31 dB .773 x.80 g.50
 *                        3, 1.5             25.65 dB .830 x.86 g.51         24.26 dB .772 x.81 g.51
 *                        4, 1.3             25.61 dB .830 x.87 g.56         24.24 dB .773 x.82 g.51
 * The second is done: with a grain below 0.5 a fill looks smooth. */
static const Way way_self_condition = { 3,   4,    4,    1.5,
                                        1.4, 0.3,  0.0,  { 8.0, 3.0, 20.0, 40.0 },
                                        0.4, 40.0, 0.40, 4 };

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

static InpaintStage *
add_stage (InpaintPart      *part,
           const Conditions *conditions,
           const Canvas     *canvas,
           int               scale,
           int               steps)
{
  const DiffusionInpaintSettings *settings = conditions->settings;
  const Schedule                 *schedule = model_get_schedule (conditions->model);
  int                             multiple = model_get_multiple (conditions->model);
  TilesCut                        cut = tiled_model_cut_inpaint (conditions->model);
  int                             context = MIN (settings->context, CONTEXT_MAX);
  double                          t = settings->strength * schedule_get_T (schedule) - 1.0;
  DiffusionRect                   inner = reduce_rect (&part->rect, scale);
  InpaintStage                   *stage = &part->stages[part->n_stages++];

  g_assert (part->n_stages <= (int) G_N_ELEMENTS (part->stages));
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
  return stage;
}

/* An evaluation for the mean alone. */
static void
add_look (InpaintPart      *part,
          const Conditions *conditions,
          const Canvas     *canvas,
          int               scale,
          int               look,
          double            relaxation,
          double            relaxation_colour)
{
  InpaintStage *stage = add_stage (part, conditions, canvas, scale, 1);

  stage->look = look;
  stage->relaxation = relaxation;
  stage->relaxation_colour = MIN (relaxation, relaxation_colour);
}

/* Draws in what the stages before have left. */
static void
add_refinement (InpaintPart      *part,
                const Conditions *conditions,
                const Canvas     *canvas,
                int               scale,
                int               steps,
                double            refining,
                double            ending)
{
  InpaintStage *stage = add_stage (part, conditions, canvas, scale, steps);

  stage->refining = refining;
  stage->ending = ending;
}

static InpaintPart
plan_part (const Conditions    *conditions,
           const Canvas        *canvas,
           const DiffusionRect *rect,
           int                  square)
{
  const DiffusionModel *model = conditions->model;
  const NetworkShape   *shape = model_get_shape (model);
  const Way            *way = shape->self_condition ? &way_self_condition : &way_guess;
  int                   view = scales_view (shape, model_get_multiple (model));
  int                   asked = conditions->settings->steps;
  gboolean              thin = asked == 0 && square <= THIN_SQUARE;
  int                   halvings = thin ? 0 : scales_halvings (view, square);
  double                refining = way->refining[MIN (halvings, 3)];
  InpaintPart           part = { .rect = *rect };

  if (asked > 0)
    {
      add_stage (&part, conditions, canvas, halvings, asked);
      for (int scale = halvings - 1; scale >= 0; scale--)
        add_refinement (&part, conditions, canvas, scale, asked, way->refining_asked, 0.0);
      return part;
    }
  if (thin)
    {
      for (int k = 1; k <= way->looks_thin; k++)
        add_look (&part, conditions, canvas, 0, k, way->relaxation_thin / k,
                  way->relaxation_colour);
      if (way->refining_thin > 0.0)
        add_refinement (&part, conditions, canvas, 0, 1, way->refining_thin, 0.0);
      return part;
    }

  for (int k = 1; k <= way->looks; k++)
    add_look (&part, conditions, canvas, halvings, k, way->relaxation, way->relaxation_colour);
  if (halvings == 0)
    add_refinement (&part, conditions, canvas, 0, way->steps, refining, way->ending);
  for (int scale = halvings - 1; scale >= 0; scale--)
    {
      for (int k = 1; k <= way->looks_finer && halvings - scale <= LOOKED_FINER; k++)
        add_look (&part, conditions, canvas, scale, k, way->relaxation, way->relaxation_colour);
      add_refinement (&part, conditions, canvas, scale, way->steps, refining, way->ending);
      refining *= way->refining_finer;
    }
  return part;
}

/* An PartitionJudge. */
static PartitionPart
judge (gpointer data, const Canvas *canvas, const DiffusionRect *bounds, int square)
{
  const Conditions   *conditions = data;
  InpaintPart         part = plan_part (conditions, canvas, bounds, square);
  const InpaintStage *finest = &part.stages[part.n_stages - 1];
  PartitionPart       job = {
          .reach = MIN (conditions->settings->context, CONTEXT_MAX) << part.stages[0].scale,
          .fits = TRUE,
          .divisible = MAX (finest->area.width, finest->area.height) > TILED_MODEL_SIZE,
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

/* What a stage holds beside the finest area's preview: the planes of its area (inpaint-planes.h),
 * the result of the stage before, the pyramid of the guess, and what the sampler asks for. */
static gsize
stage_bytes (const InpaintStage *stage, int n_channels, int sampler_planes)
{
  gsize size = (gsize) stage->area.width * stage->area.height;
  gsize planes = 6 * n_channels + 4 + n_channels * sampler_planes;

  return size * planes * sizeof (float);
}

static void
add_part (InpaintPlan *plan, const InpaintPart *part, int n_channels, int sampler_planes)
{
  const InpaintStage *finest = &part->stages[part->n_stages - 1];
  gsize               preview = (gsize) finest->area.width * finest->area.height * (n_channels + 1);

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
  TilesCut cut = tiled_model_cut_inpaint (model);

  *cost = (DiffusionCost) { 0 };
  for (guint i = 0; i < plan->parts->len; i++)
    {
      const InpaintPart *part = &g_array_index (plan->parts, InpaintPart, i);

      for (int k = 0; k < part->n_stages; k++)
        {
          const InpaintStage *stage = &part->stages[k];
          DiffusionCost       one;

          tiled_model_cost (model, n_threads, stage->window_width, stage->window_height,
                            plan->n_channels, &cut, 1, &one);
          cost->n_evaluations += one.n_evaluations * stage->n_evaluations * stage->n_windows;
          cost->macs += one.macs * stage->n_evaluations * stage->n_windows;
          cost->bytes = MAX (cost->bytes, one.bytes);
        }
    }
  cost->bytes += plan->bytes;
}
