/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-inpaint-large.c: diffusion_inpaint with the bundled model on selections of several
 * parts and holes of several scales, and how a run is stopped.
 */
#include "inpaint/inpaint-plan.h"
#include "support/inpaint-runs.h"
#include "support/model-maker.h"
#include "process/reverse-process.h"

/* --- Several parts ------------------------------------------------------------------------ */

/* An island is filled with the same bytes whatever else is selected far away, and what is
 * selected in both is counted once. */
static void
test_islands (void)
{
  Picture      *both = picture_new (700, 60, 3), *one = picture_new (700, 60, 3);
  DiffusionRect ends = { 10, 20, 680, 15 }, left = { 10, 20, 15, 15 }, right = { 675, 20, 15, 15 };
  Watch         w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };
  DiffusionInpaintSettings settings = few_steps;

  picture_paint (both);
  picture_paint (one);
  picture_select (both, &left, 1.0f);
  picture_select (both, &right, 1.0f);
  picture_select (one, &right, 1.0f);
  inpaint (one, &right, few_steps);
  g_assert_true (try_inpaint (both, &ends, &settings, &progress, NULL));
  picture_assert_written (both, &ends);
  g_assert_cmpint (w.n_previews, ==, 2 * 2);
  g_assert_cmpint (w.step, ==, 2 * 2);
  g_assert_cmpfloat (w.fraction, ==, 1.0);
  g_assert_cmpint (both->largest, <, 700 * 40);
  for (int c = 0; c < 3; c++)
    for (int y = 20; y < 35; y++)
      {
        gsize from = c * both->size + (gsize) y * 700 + right.x,
              bytes = right.width * sizeof (float);

        g_assert_cmpmem (both->result + from, bytes, one->result + from, bytes);
      }
  picture_free (both);
  picture_free (one);
}

/* --- Cuts ----------------------------------------------------------------------------------- */

enum
{
  LONG_SIDE = 740,
  SCRATCH_WIDTH = 6
};

/* The difference of the fill from the picture, in 8-bit levels, averaged over one row of
 * the scratch. */
static double
row_difference (const Picture *picture, int y)
{
  double sum = 0.0;

  for (int c = 0; c < 3; c++)
    for (int x = y; x < y + SCRATCH_WIDTH; x++)
      {
        gsize p = ((gsize) c * LONG_SIDE + y) * LONG_SIDE + x;

        sum += 255.0 * (picture->result[p] - picture->pixels[p]);
      }
  return sum / (3 * SCRATCH_WIDTH);
}

/* A diagonal scratch over a smooth picture is done in parts: where they meet the fill
 * changes no more from row to row than it does elsewhere. */
static void
test_cuts (void)
{
  Picture                 *picture = picture_new (LONG_SIDE, LONG_SIDE, 3);
  DiffusionRect            box = { 20, 20, 700 + SCRATCH_WIDTH, 700 };
  DiffusionInpaintSettings settings = few_steps, used;
  DiffusionSource          source = picture_source (picture);
  Canvas                  *canvas;
  InpaintPlan             *plan;
  double                   usual = 0.0, largest = 0.0;

  picture_paint (picture);
  for (int y = 20; y < 720; y++)
    picture_select (picture, &(DiffusionRect) { y, y, SCRATCH_WIDTH, 1 }, 1.0f);
  settings.steps = 3;
  used = inpaint_plan_settings (model, &settings);
  canvas = canvas_new (&source, &box, NULL, NULL);
  plan = inpaint_plan_new (model, canvas, &used);
  g_assert_cmpint (plan->parts->len, >, 1);
  inpaint (picture, &box, settings);

  for (int y = 21; y < 720; y++)
    usual += fabs (row_difference (picture, y) - row_difference (picture, y - 1)) / 699.0;
  for (guint i = 1; i < plan->parts->len; i++)
    {
      const DiffusionRect *rect = &g_array_index (plan->parts, InpaintPart, i).rect;
      double               jump =
        fabs (row_difference (picture, rect->y) - row_difference (picture, rect->y - 1));

      largest = MAX (largest, jump);
    }
  g_test_message ("from row to row: usually %.2f, at most %.2f where %u parts meet", usual, largest,
                  plan->parts->len);
  g_assert_cmpfloat (largest, <, 4.0 * usual);
  g_assert_cmpint (picture->largest, <, 3 * 512 * 512 / 2); /* never all of it */
  inpaint_plan_free (plan);
  canvas_free (canvas);
  picture_free (picture);
}

/* --- Large holes ------------------------------------------------------------------------- */

/* A hole that is filled at four scales. */
static const DiffusionRect large_hole = { 50, 40, 150, 140 };

enum
{
  LARGE_EVALUATIONS = 2 + 2 + 2 + 2
}; /* with few_steps */

static Picture *
picture_with_large_hole (int n_channels)
{
  Picture *picture = picture_new (260, 230, n_channels);

  picture_paint (picture);
  picture_select (picture, &large_hole, 1.0f);
  return picture;
}

static const DiffusionRect small_hole = { 30, 20, 24, 18 };

static Picture *
picture_with_small_hole (void)
{
  Picture *picture = picture_new (90, 70, 3);

  picture_paint (picture);
  picture_select (picture, &small_hole, 1.0f);
  return picture;
}

/* --- Cancel and finish ------------------------------------------------------------------- */

/* Runs until `n` pictures of x̂_0 have come; returns what diffusion_inpaint does. */
static gboolean
stop (Picture             *picture,
      const DiffusionRect *region,
      int                  n,
      gboolean             finish,
      Watch               *w,
      GError             **error)
{
  DiffusionInpaintSettings settings = few_steps;
  GCancellable            *cancellable = g_cancellable_new ();
  DiffusionProgress progress = { finish ? NULL : cancellable, finish ? cancellable : NULL, watch,
                                 w };
  gboolean          success;

  *w = (Watch) { .cancellable = cancellable, .at = n };
  if (n == 0)
    g_cancellable_cancel (cancellable);
  success = try_inpaint (picture, region, &settings, &progress, error);
  g_object_unref (cancellable);
  return success;
}

/* After any evaluation, at any scale, nothing is written. */
static void
test_cancel (void)
{
  for (int large = 0; large <= 1; large++)
    for (int n = 0; n <= (large ? LARGE_EVALUATIONS : 2); n++)
      {
        Picture *picture = large ? picture_with_large_hole (3) : picture_with_small_hole ();
        GError  *error = NULL;
        Watch    w;

        g_assert_false (stop (picture, large ? &large_hole : &small_hole, n, FALSE, &w, &error));
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_assert_cmpint (w.n_previews, ==, n);
        g_assert_cmpint (picture->n_writes, ==, 0);
        g_clear_error (&error);
        picture_free (picture);
      }
}

/* Stop here: after no step at all, or after some, there is a result. */
static void
test_finish (void)
{
  for (int large = 0; large <= 1; large++)
    for (int n = 0; n <= (large ? LARGE_EVALUATIONS : 2); n++)
      {
        Picture *picture = large ? picture_with_large_hole (3) : picture_with_small_hole ();
        GError  *error = NULL;
        Watch    w;

        g_assert_true (stop (picture, large ? &large_hole : &small_hole, n, TRUE, &w, &error));
        g_assert_no_error (error);
        g_assert_cmpint (w.n_previews, ==, n);
        picture_assert_written (picture, large ? &large_hole : &small_hole);
        picture_free (picture);
      }
}

/* What is kept of a coarse scale is what was shown. */
static void
test_finish_coarse (void)
{
  Picture *picture = picture_with_large_hole (1), *untouched = picture_with_large_hole (1);
  Watch    w;
  double   inside = 0.0, guess = 0.0;

  g_assert_true (stop (picture, &large_hole, 1, TRUE, &w, NULL));
  g_assert_true (stop (untouched, &large_hole, 0, TRUE, &w, NULL));
  for (int y = large_hole.y; y < large_hole.y + large_hole.height; y++)
    for (int x = large_hole.x; x < large_hole.x + large_hole.width; x++)
      {
        gsize i = (gsize) y * picture->width + x;

        inside += fabs (picture->result[i] - untouched->result[i]);
        guess += fabs (untouched->result[i] - picture->pixels[i]);
      }
  g_assert_cmpfloat (inside, >, 0.0);               /* x̂_0, not the guess */
  g_assert_cmpfloat (guess / (150 * 140), <, 0.25); /* which is no black hole */
  picture_free (picture);
  picture_free (untouched);
}

/* --- Large holes, and what is selected in part -------------------------------------------- */

static void
test_large_progress (void)
{
  Picture                 *picture = picture_with_large_hole (3);
  DiffusionInpaintSettings settings = few_steps;
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };

  g_assert_true (try_inpaint (picture, &large_hole, &settings, &progress, NULL));
  picture_assert_written (picture, &large_hole);
  g_assert_cmpint (w.n_steps, ==, LARGE_EVALUATIONS);
  g_assert_cmpint (w.n_previews, ==, LARGE_EVALUATIONS);
  g_assert_cmpfloat (w.fraction, ==, 1.0);
  picture_free (picture);
}

static void
test_large_same_bytes (gconstpointer n_channels)
{
  Picture                 *a = picture_with_large_hole (GPOINTER_TO_INT (n_channels));
  Picture                 *b = picture_with_large_hole (GPOINTER_TO_INT (n_channels));
  DiffusionWorkers        *three = diffusion_workers_new (3);
  DiffusionSource          source = picture_source (b);
  DiffusionSink            sink = picture_sink (b);
  DiffusionInpaintSettings settings = few_steps;
  gsize                    bytes = a->n_channels * a->size * sizeof (float);

  inpaint (a, &large_hole, few_steps);
  g_assert_true (
    diffusion_inpaint (model, three, &source, &sink, &large_hole, &settings, NULL, NULL));
  g_assert_cmpmem (a->result, bytes, b->result, bytes);

  settings.seed++;
  inpaint (b, &large_hole, settings);
  g_assert_true (memcmp (a->result, b->result, bytes) != 0);
  diffusion_workers_free (three);
  picture_free (a);
  picture_free (b);
}

/* Where the picture is smooth around a large hole, nothing else is drawn into it. */
static void
test_large_smooth (void)
{
  Picture                 *picture = picture_with_large_hole (3);
  DiffusionInpaintSettings settings = few_steps;
  double                   rough = 0.0, off = 0.0;

  for (int c = 0; c < 3; c++)
    for (int y = 0; y < picture->height; y++)
      for (int x = 0; x < picture->width; x++)
        picture->pixels[c * picture->size + (gsize) y * picture->width + x] =
          0.5f + 0.1f * c + 0.0005f * x - 0.001f * y;
  settings.steps = 0;
  inpaint (picture, &large_hole, settings);

  for (int c = 0; c < 3; c++)
    for (int y = large_hole.y; y < large_hole.y + large_hole.height; y++)
      for (int x = large_hole.x; x < large_hole.x + large_hole.width; x++)
        {
          gsize        i = c * picture->size + (gsize) y * picture->width + x;
          const float *p = picture->result + i;

          rough += fabs (p[1] - p[0]) + fabs (p[picture->width] - p[0]);
          off += fabs (p[0] - picture->pixels[i]);
        }
  rough *= 255.0 / (2.0 * 3 * large_hole.width * large_hole.height);
  off *= 255.0 / (3.0 * large_hole.width * large_hole.height);
  g_test_message ("%.2f levels from pixel to pixel, %.2f from the picture", rough, off);
  g_assert_cmpfloat (rough, <, 2.0);
  g_assert_cmpfloat (off, <, 8.0);
  picture_free (picture);
}

/* Next to nothing around the hole, and more than there is. */
static void
test_large_context (void)
{
  static const int contexts[] = { 1, 4096 };

  for (gsize k = 0; k < G_N_ELEMENTS (contexts); k++)
    {
      Picture                 *picture = picture_with_large_hole (3);
      DiffusionInpaintSettings settings = few_steps;

      settings.context = contexts[k];
      inpaint (picture, &large_hole, settings);
      picture_free (picture);
    }
}

static double
mean_inside (const Picture *picture, const float *plane, const DiffusionRect *rect)
{
  double sum = 0.0;

  for (int y = rect->y; y < rect->y + rect->height; y++)
    for (int x = rect->x; x < rect->x + rect->width; x++)
      sum += plane[(gsize) y * picture->width + x];
  return sum / ((double) rect->width * rect->height);
}

/* A model that does not see the mask is led through the scales by resampling. Its weights are
 * 0: it always predicts ε = 0. */
static void
test_large_unconditional (void)
{
  char                    *folder = maker_new_model ();
  DiffusionModel          *plain = diffusion_model_load (folder, NULL);
  Picture                 *picture = picture_with_large_hole (3);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = few_steps;
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };

  g_assert_nonnull (plain);
  settings.sampler = DIFFUSION_SAMPLER_DDPM;
  settings.steps = 8;
  settings.resample = 3;
  settings.jump_length = 2;
  g_assert_true (
    diffusion_inpaint (plain, workers, &source, &sink, &large_hole, &settings, &progress, NULL));
  picture_assert_written (picture, &large_hole);
  g_assert_cmpint (w.n_previews, ==, w.n_steps);
  g_assert_cmpint (w.n_steps, >, reverse_process_count (8, 3, 2, settings.sampler));
  g_assert_cmpfloat (w.fraction, ==, 1.0);
  picture_free (picture);
  diffusion_model_free (plain);
  maker_remove (folder);
  g_free (folder);
}

/* A bright square in a dark picture: at full strength nothing of it is left, at little
 * its colour stays, at every scale. */
static void
test_large_strength (void)
{
  static const double strengths[] = { 0.05, 0.2, 1.0 };
  DiffusionRect       middle = { 100, 85, 50, 50 };
  double              means[3];

  for (int k = 0; k < 3; k++)
    {
      Picture                 *picture = picture_with_large_hole (1);
      DiffusionInpaintSettings settings = few_steps;

      for (gsize i = 0; i < picture->size; i++)
        picture->pixels[i] = picture->selection[i] > 0.0f ? 0.9f : 0.2f;
      settings.strength = strengths[k];
      settings.steps = 4;
      inpaint (picture, &large_hole, settings);
      means[k] = mean_inside (picture, picture->result, &middle);
      picture_free (picture);
    }
  g_test_message ("0.9 in 0.2 became %.3f, %.3f, %.3f", means[0], means[1], means[2]);
  g_assert_cmpfloat_with_epsilon (means[0], 0.9, 0.05);
  g_assert_cmpfloat_with_epsilon (means[1], 0.9, 0.2);
  g_assert_cmpfloat (means[2], <, 0.45);
}

/* Nothing is known, or only some transparent border is left of the picture. */
static void
test_large_nothing_known (void)
{
  Picture      *picture = picture_new (200, 170, 3);
  DiffusionRect all = { 0, 0, 200, 170 };

  picture_paint (picture);
  picture_select (picture, &all, 1.0f);
  inpaint (picture, &all, few_steps);
  memset (picture->written, 0, picture->size);
  for (gsize i = 0; i < picture->size; i++)
    if (i % 200 < 20 || i % 200 >= 180)
      {
        picture->selection[i] = 0.0f;
        picture->alpha[i] = 0.0f;
      }
  inpaint (picture, &(DiffusionRect) { 20, 0, 160, 170 }, few_steps);
  picture_free (picture);
}

/* --- Soft selections -------------------------------------------------------------------------- */

enum
{
  SOFT_SIDE = 176,
  SOFT_RINGS = 8
};

/* How far a pixel is selected: 1 up to `inner` pixels from the middle, 0 from 64 on. */
static float
feather (int x, int y, double inner)
{
  double r = hypot (x - SOFT_SIDE / 2, y - SOFT_SIDE / 2);
  double u = CLAMP ((64.0 - r) / (64.0 - inner), 0.0, 1.0);

  return (float) (u * u * (3.0 - 2.0 * u));
}

/* Over a smooth background: blended with the selection, as GIMP does, the result must show
 * no rim. In rings of equal selection: the mean difference from the background, and its
 * spread, in 8-bit levels. */
static void
test_soft (void)
{
  Picture                 *picture = picture_new (SOFT_SIDE, SOFT_SIDE, 3);
  DiffusionRect            all = { 24, 24, 128, 128 };
  DiffusionInpaintSettings settings = few_steps;
  double                   sums[SOFT_RINGS] = { 0 }, squares[SOFT_RINGS] = { 0 };
  int                      n[SOFT_RINGS] = { 0 };
  double                   mean_before = 0.0, spread_before = 0.0;

  for (int c = 0; c < 3; c++)
    for (int y = 0; y < SOFT_SIDE; y++)
      for (int x = 0; x < SOFT_SIDE; x++)
        {
          gsize i = (gsize) y * SOFT_SIDE + x;

          picture->pixels[c * picture->size + i] = 0.3f + 0.1f * c + 0.001f * x + 0.0005f * y;
          picture->selection[i] = feather (x, y, 20.0);
        }
  settings.steps = 20;
  inpaint (picture, &all, settings);

  for (int c = 0; c < 3; c++)
    for (int y = all.y; y < all.y + all.height; y++)
      for (int x = all.x; x < all.x + all.width; x++)
        {
          gsize  i = (gsize) y * SOFT_SIDE + x, p = c * picture->size + i;
          float  s = picture->selection[i];
          double difference = 255.0 * s * (picture->result[p] - picture->pixels[p]);
          int    ring = MIN ((int) (s * SOFT_RINGS), SOFT_RINGS - 1);

          if (s < 1.0f / 512.0f)
            continue;
          sums[ring] += difference;
          squares[ring] += difference * difference;
          n[ring]++;
        }
  for (int k = 0; k < SOFT_RINGS; k++)
    {
      double mean = sums[k] / n[k];

      double spread = sqrt (squares[k] / n[k] - mean * mean);

      g_test_message ("selected %.3f and more: mean %.2f, spread %.2f", (double) k / SOFT_RINGS,
                      mean, spread);
      /* From nothing at the rim it grows to what the fill's own colour is off. */
      if (k == 0)
        {
          g_assert_cmpfloat (fabs (mean), <, 0.5);
          g_assert_cmpfloat (spread, <, 1.0);
        }
      else
        {
          g_assert_cmpfloat (fabs (mean - mean_before), <, 3.0);
          g_assert_cmpfloat (spread, <, spread_before + 3.0);
        }
      mean_before = mean;
      spread_before = spread;
    }
  picture_free (picture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inpaint-large/islands", test_islands);
  g_test_add_func ("/inpaint-large/cuts", test_cuts);
  g_test_add_func ("/inpaint-large/cancel", test_cancel);
  g_test_add_func ("/inpaint-large/finish", test_finish);
  g_test_add_func ("/inpaint-large/finish/coarse", test_finish_coarse);
  g_test_add_func ("/inpaint-large/progress", test_large_progress);
  g_test_add_data_func ("/inpaint-large/same-bytes/rgb", GINT_TO_POINTER (3),
                        test_large_same_bytes);
  g_test_add_data_func ("/inpaint-large/same-bytes/gray", GINT_TO_POINTER (1),
                        test_large_same_bytes);
  g_test_add_func ("/inpaint-large/smooth", test_large_smooth);
  g_test_add_func ("/inpaint-large/context", test_large_context);
  g_test_add_func ("/inpaint-large/unconditional", test_large_unconditional);
  g_test_add_func ("/inpaint-large/strength", test_large_strength);
  g_test_add_func ("/inpaint-large/nothing-known", test_large_nothing_known);
  g_test_add_func ("/inpaint-large/soft", test_soft);
  return inpaint_run_tests ();
}
