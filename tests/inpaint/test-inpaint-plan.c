/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-inpaint-plan.c: what a run of Inpaint will do, with the bundled model: which parts
 * the selection is cut into, at which scales each is done, what it costs in the network's
 * work and in memory. No network is evaluated.
 */
#include <math.h>

#include "inpaint/inpaint-plan.h"
#include "model/tiled-model.h"

static DiffusionModel *model;

/* --- Selections of any size without a picture --------------------------------------- */

typedef gboolean (*Shape) (int x, int y);

typedef struct
{
  Shape  shape;
  gint64 n_read; /* pixels */
} Drawing;

static gboolean
draw (gpointer             data,
      const DiffusionRect *window,
      float               *pixels,
      float               *alpha,
      float               *selection,
      GError             **error)
{
  Drawing *drawing = data;
  gsize    i = 0;

  for (int y = window->y; y < window->y + window->height; y++)
    for (int x = window->x; x < window->x + window->width; x++, i++)
      {
        if (alpha != NULL)
          alpha[i] = 1.0f;
        if (selection != NULL)
          selection[i] = drawing->shape (x, y) ? 1.0f : 0.0f;
      }
  drawing->n_read += i;
  return TRUE;
}

typedef struct
{
  Drawing         drawing;
  DiffusionSource source;
  Canvas         *canvas;
  InpaintPlan    *plan;
} Case;

static DiffusionExpert expert = DIFFUSION_EXPERT_NETWORK;

static DiffusionInpaintSettings
defaults (void)
{
  DiffusionInpaintSettings asked = { .strength = 1.0, .jump_length = 10, .expert = expert };

  return inpaint_plan_settings (model, &asked);
}

static Case *
case_new (int width, int height, Shape shape, DiffusionRect region)
{
  Case                    *c = g_new0 (Case, 1);
  DiffusionInpaintSettings settings = defaults ();
  GError                  *error = NULL;

  c->drawing.shape = shape;
  c->source = (DiffusionSource) {
    .width = width, .height = height, .n_channels = 3, .read = draw, .data = &c->drawing
  };
  c->canvas = canvas_new (&c->source, &region, NULL, &error);
  g_assert_no_error (error);
  c->plan = inpaint_plan_new (model, c->canvas, &settings);
  return c;
}

static void
case_free (Case *c)
{
  inpaint_plan_free (c->plan);
  canvas_free (c->canvas);
  g_free (c);
}

static const InpaintPart *
get_part (const Case *c, guint i)
{
  return &g_array_index (c->plan->parts, InpaintPart, i);
}

static gboolean
in_rect (const DiffusionRect *rect, int x, int y)
{
  return x >= rect->x && y >= rect->y && x < rect->x + rect->width && y < rect->y + rect->height;
}

/* Every selected pixel lies in one part, every area in the picture and around its part,
 * each scale's twice the coarser one's size; the sums are right, and memory is bounded. */
static void
assert_sound (const Case *c)
{
  DiffusionInpaintSettings settings = defaults ();
  const DiffusionRect     *region = &c->canvas->region;
  gint64                   n_pixels = 0;
  int                      n_evaluations = 0;

  for (int y = region->y; y < region->y + region->height; y++)
    for (int x = region->x; x < region->x + region->width; x++)
      {
        int n = 0;

        if (!c->drawing.shape (x, y))
          continue;
        for (guint i = 0; i < c->plan->parts->len; i++)
          n += in_rect (&get_part (c, i)->rect, x, y);
        g_assert_cmpint (n, ==, 1);
      }

  for (guint i = 0; i < c->plan->parts->len; i++)
    {
      const InpaintPart *part = get_part (c, i);

      for (int k = 0; k < part->n_stages; k++)
        {
          const InpaintStage  *stage = &part->stages[k];
          const DiffusionRect *area = &stage->area;

          /* A finer scale comes after the coarser one. */
          if (k > 0 && stage->scale != part->stages[k - 1].scale)
            g_assert_cmpint (stage->scale, ==, part->stages[k - 1].scale - 1);
          if (k == part->n_stages - 1)
            g_assert_cmpint (stage->scale, ==, 0);
          g_assert_cmpint (area->x, >=, 0);
          g_assert_cmpint (area->y, >=, 0);
          g_assert_cmpint (area->x + area->width, <=, canvas_width (c->canvas, stage->scale));
          g_assert_cmpint (area->y + area->height, <=, canvas_height (c->canvas, stage->scale));
          g_assert_cmpint (area->x, <=, MAX ((part->rect.x >> stage->scale) - settings.context, 0));
          g_assert_true (
            in_rect (area, part->rect.x >> stage->scale, part->rect.y >> stage->scale));
          g_assert_true (in_rect (area, (part->rect.x + part->rect.width - 1) >> stage->scale,
                                  (part->rect.y + part->rect.height - 1) >> stage->scale));
          g_assert_cmpfloat (stage->t_start, >, -1.0);
          g_assert_cmpint (stage->n_windows, >, 0);
          g_assert_cmpint (stage->window_width, <=, TILED_MODEL_SIZE);
          g_assert_cmpint (stage->window_height, <=, TILED_MODEL_SIZE);
          n_evaluations += stage->n_evaluations;
          n_pixels += stage->n_evaluations * stage->n_pixels;
        }
    }
  g_assert_cmpint (c->plan->n_evaluations, ==, n_evaluations);
  g_assert_cmpint (c->plan->n_pixels, ==, n_pixels);
}

/* --- Islands --------------------------------------------------------------------------- */

/* Two spots of 30 pixels, `distance` between them. */
static int distance;

static gboolean
two_spots (int x, int y)
{
  return y >= 500 && y < 530 &&
         ((x >= 500 && x < 530) || (x >= 530 + distance && x < 560 + distance));
}

static void
test_islands (void)
{
  const int context = defaults ().context;

  for (int far = 0; far <= 1; far++)
    {
      Case *c;

      distance = 2 * context - 1 + far;
      c = case_new (2000, 1000, two_spots, (DiffusionRect) { 500, 500, 60 + distance, 30 });
      g_assert_cmpint (c->plan->parts->len, ==, 1 + far);
      assert_sound (c);
      case_free (c);
    }
}

/* An island is the same part, whatever else is selected. */
static gboolean
one_spot (int x, int y)
{
  return y >= 500 && y < 530 && x >= 500 && x < 530;
}

static void
assert_same_part (const InpaintPart *a, const InpaintPart *b)
{
  g_assert_cmpmem (&a->rect, sizeof a->rect, &b->rect, sizeof b->rect);
  g_assert_cmpint (a->n_stages, ==, b->n_stages);
  for (int k = 0; k < a->n_stages; k++)
    {
      g_assert_cmpmem (&a->stages[k].area, sizeof (DiffusionRect), &b->stages[k].area,
                       sizeof (DiffusionRect));
      g_assert_cmpfloat (a->stages[k].t_start, ==, b->stages[k].t_start);
      g_assert_cmpint (a->stages[k].steps, ==, b->stages[k].steps);
    }
}

static void
test_alone (void)
{
  Case *alone = case_new (9000, 6000, one_spot, (DiffusionRect) { 500, 500, 30, 30 }), *c;

  distance = 5000;
  c = case_new (9000, 6000, two_spots, (DiffusionRect) { 500, 500, 5060, 30 });
  g_assert_cmpint (c->plan->parts->len, ==, 2);
  assert_same_part (get_part (c, 0), get_part (alone, 0));
  g_assert_cmpint (c->plan->n_pixels, ==, 2 * alone->plan->n_pixels);
  case_free (alone);
  case_free (c);
}

/* --- Scratches -------------------------------------------------------------------------- */

static gboolean
diagonal (int x, int y)
{
  return abs (x - y) <= 2;
}

static gboolean
horizontal (int x, int y)
{
  return y >= 3000 && y < 3004;
}

/* Over a picture of 60 megapixels: little memory, and no more work than a band of a
 * window's width around them takes. */
static void
test_scratches (void)
{
  Case *c = case_new (10000, 6000, diagonal, (DiffusionRect) { 0, 0, 6000, 6000 });
  int   estimates = 3;

  assert_sound (c);
  for (guint i = 0; i < c->plan->parts->len; i++)
    {
      const InpaintStage *stages = get_part (c, i)->stages;

      g_assert_cmpint (get_part (c, i)->n_stages, ==, estimates);
      for (int k = 0; k < estimates; k++)
        g_assert_true (stages[k].kind == STAGE_ESTIMATE && stages[k].scale == 0 &&
                       stages[k].steps == 1 && stages[k].number == k + 1);
    }
  g_assert_cmpuint (c->plan->bytes, <, 64 << 20);
  g_assert_cmpfloat (c->plan->n_pixels, <, estimates * sqrt (2.0) * 6000 * TILED_MODEL_SIZE);
  case_free (c);

  c = case_new (10000, 6000, horizontal, (DiffusionRect) { 0, 3000, 10000, 4 });
  assert_sound (c);
  g_assert_cmpuint (c->plan->bytes, <, 64 << 20);
  g_assert_cmpint (c->plan->n_pixels, <, (gint64) estimates * 10000 * TILED_MODEL_SIZE / 2);
  case_free (c);
}

/* --- Large holes -------------------------------------------------------------------------- */

static int side;

static gboolean
square_hole (int x, int y)
{
  return x >= 400 && x < 400 + side && y >= 300 && y < 300 + side;
}

/* Evaluations × pixels for each pixel of a square hole. */
static double
cost_per_pixel (int width, int height, int hole)
{
  Case  *c;
  double cost;

  side = hole;
  c = case_new (width, height, square_hole, (DiffusionRect) { 400, 300, hole, hole });
  assert_sound (c);
  cost = (double) c->plan->n_pixels / hole / hole;
  g_test_message (
    "hole of %d: %d parts, %d evaluations, %.1f megapixels, %.0f for each pixel, %.0f MB", hole,
    c->plan->parts->len, c->plan->n_evaluations, c->plan->n_pixels / 1e6, cost,
    c->plan->bytes / 1e6);
  g_assert_cmpuint (c->plan->bytes, <, 512 << 20);
  case_free (c);
  return cost;
}

static void
test_large_holes (void)
{
  double small = cost_per_pixel (6000, 4000, 128);

  g_assert_cmpfloat (cost_per_pixel (6000, 4000, 600), <=, 3.0 * small);
  g_assert_cmpfloat (cost_per_pixel (6000, 4000, 1500), <=, 3.0 * small);
  g_assert_cmpfloat (cost_per_pixel (6000, 4000, 3000), <=, 3.0 * small);
}

/* A hole is halved until as much as it is seen around it, and no further. */
static void
test_scales (void)
{
  int view = scales_view (model_get_shape (model), model_get_multiple (model));

  for (int hole = 16; hole <= 1024; hole *= 2)
    {
      const InpaintStage *stages;
      Case               *c;
      int                 halvings, n_estimates = 0;

      side = hole;
      c = case_new (6000, 4000, square_hole, (DiffusionRect) { 400, 300, hole, hole });
      stages = get_part (c, 0)->stages;
      halvings = stages[0].scale;
      while (stages[n_estimates].kind == STAGE_ESTIMATE)
        n_estimates++;
      g_assert_cmpint (n_estimates, >, 1);
      for (int k = 0; k < get_part (c, 0)->n_stages; k++)
        {
          const InpaintStage *stage = &stages[k];

          /* Estimates at the first scale, then what is drawn there, where it is the only one, or
           * at each finer one. */
          g_assert_cmpint (stage->kind, ==, k < n_estimates ? STAGE_ESTIMATE : STAGE_REFINE);
          g_assert_cmpint (stage->number, ==, k < n_estimates ? k + 1 : 0);
          g_assert_cmpint (stage->scale, ==,
                           k < n_estimates ? halvings : MAX (halvings - 1, 0) - (k - n_estimates));
          g_assert_true ((stage->kind == STAGE_REFINE) == (stage->refining > 0.0));
          g_assert_true ((stage->kind == STAGE_REFINE) == (stage->steps > 1));
        }
      g_assert_cmpint (2 * (hole >> halvings), <=, view);
      if (halvings > 0)
        g_assert_cmpint (2 * (hole >> (halvings - 1)), >, view);
      case_free (c);
    }
}

/* Patches first, then the network at their seams; the whole in one memory. */
static void
test_patches (void)
{
  expert = DIFFUSION_EXPERT_AUTOMATIC;
  for (int hole = 16; hole <= 2048; hole *= 2)
    {
      Case *c;

      side = hole;
      c = case_new (6000, 4000, square_hole, (DiffusionRect) { 400, 300, hole, hole });
      assert_sound (c);
      g_test_message ("hole of %d: %d parts, %.0f MB, %.0f megapixels' worth", hole,
                      c->plan->parts->len, c->plan->bytes / 1e6, c->plan->n_pixels / 1e6);
      g_assert_cmpuint (c->plan->bytes, <, 640 << 20);
      for (guint i = 0; i < c->plan->parts->len; i++)
        {
          const InpaintPart *part = get_part (c, i);

          for (int k = 0; k < part->n_stages; k++)
            {
              g_assert_cmpint (part->stages[k].kind, ==, k == 0 ? STAGE_PATCHES : STAGE_ESTIMATE);
              g_assert_cmpint (part->stages[k].scale, ==, 0);
              g_assert_cmpmem (&part->stages[k].area, sizeof (DiffusionRect), &part->stages[0].area,
                               sizeof (DiffusionRect));
            }
        }
      case_free (c);
    }
  expert = DIFFUSION_EXPERT_NETWORK;
}

/* What a hole of 64² costs, and what is read for it, has nothing to do with the picture's
 * size. */
static void
test_picture_size (void)
{
  gint64 n_read[2], n_pixels[2];

  for (int large = 0; large <= 1; large++)
    {
      Case *c;

      side = 64;
      c = case_new (large ? 6000 : 1200, large ? 4000 : 900, square_hole,
                    (DiffusionRect) { 400, 300, 64, 64 });
      n_read[large] = c->drawing.n_read;
      n_pixels[large] = c->plan->n_pixels;
      case_free (c);
    }
  g_assert_cmpint (n_read[1], ==, n_read[0]);
  g_assert_cmpint (n_pixels[1], ==, n_pixels[0]);
}

/* Beside and below strength 1, and with a context of one's own. */
static void
test_settings (void)
{
  DiffusionInpaintSettings settings = defaults ();
  Case                    *c;
  InpaintPlan             *plan;

  side = 600;
  c = case_new (6000, 4000, square_hole, (DiffusionRect) { 400, 300, 600, 600 });

  settings.strength = 0.4;
  plan = inpaint_plan_new (model, c->canvas, &settings);
  for (int k = 0; k < get_part (c, 0)->n_stages; k++)
    {
      const InpaintStage *weak = &g_array_index (plan->parts, InpaintPart, 0).stages[k];

      g_assert_cmpfloat (weak->t_start, <=, get_part (c, 0)->stages[k].t_start);
      g_assert_cmpfloat (weak->t_start, <=, 0.4 * 1000 - 1);
    }
  inpaint_plan_free (plan);

  settings = defaults (); /* so many steps at every scale, the whole way */
  settings.steps = 7;
  plan = inpaint_plan_new (model, c->canvas, &settings);
  g_assert_cmpint (g_array_index (plan->parts, InpaintPart, 0).n_stages, ==,
                   get_part (c, 0)->stages[0].scale + 1);
  for (int k = 0; k <= get_part (c, 0)->stages[0].scale; k++)
    {
      const InpaintStage *asked = &g_array_index (plan->parts, InpaintPart, 0).stages[k];

      g_assert_true (asked->steps == 7 && asked->ending == 0.0 &&
                     (asked->refining > 0.0) == (k > 0));
    }
  inpaint_plan_free (plan);

  settings = defaults ();
  settings.context = 4096;
  plan = inpaint_plan_new (model, c->canvas, &settings);
  g_assert_cmpuint (plan->bytes, <, 512 << 20);
  inpaint_plan_free (plan);
  case_free (c);
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  int     status;

  g_test_init (&argc, &argv, NULL);
  model = diffusion_model_load (g_getenv ("DIFFUSION_WEIGHTS"), &error);
  g_assert_no_error (error);
  g_test_add_func ("/inpaint-plan/islands", test_islands);
  g_test_add_func ("/inpaint-plan/alone", test_alone);
  g_test_add_func ("/inpaint-plan/scratches", test_scratches);
  g_test_add_func ("/inpaint-plan/large-holes", test_large_holes);
  g_test_add_func ("/inpaint-plan/scales", test_scales);
  g_test_add_func ("/inpaint-plan/patches", test_patches);
  g_test_add_func ("/inpaint-plan/picture-size", test_picture_size);
  g_test_add_func ("/inpaint-plan/settings", test_settings);
  status = g_test_run ();
  diffusion_model_free (model);
  return status;
}
