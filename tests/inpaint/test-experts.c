/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-experts.c: who fills a hole: the network, the picture's own patches or a membrane; with the
 * bundled model.
 */
#include "base/planes.h"
#include "inpaint/inpaint-plan.h"
#include "support/inpaint-runs.h"

static const DiffusionRect wide = { 50, 40, 60, 56 }, thin = { 40, 70, 90, 5 };

enum
{
  WIDTH = 170,
  HEIGHT = 140
};

/* A smooth scene with grain. */
static Picture *
grainy_picture (const DiffusionRect *hole)
{
  Picture *picture = picture_new (WIDTH, HEIGHT, 3);

  picture_paint (picture);
  picture_add_noise (picture, 12.0, 4);
  picture_select (picture, hole, 1.0f);
  return picture;
}

static DiffusionInpaintSettings
settings_of (DiffusionExpert expert)
{
  return (DiffusionInpaintSettings) { .strength = 1.0, .jump_length = 10, .expert = expert };
}

static guint64
network_work (void)
{
  return diffusion_model_get_work (model).n_evaluations;
}

/* The first stage of what is planned. */
static InpaintStageKind
first_kind (const DiffusionRect *hole, DiffusionInpaintSettings settings)
{
  Picture                 *picture = grainy_picture (hole);
  DiffusionSource          source = picture_source (picture);
  Canvas                  *canvas = canvas_new (&source, hole, NULL, NULL);
  DiffusionInpaintSettings used = inpaint_plan_settings (model, &settings);
  InpaintPlan             *plan = inpaint_plan_new (model, canvas, &used);
  InpaintStageKind         kind = g_array_index (plan->parts, InpaintPart, 0).stages[0].kind;

  inpaint_plan_free (plan);
  canvas_free (canvas);
  picture_free (picture);
  return kind;
}

static void
test_choice (void)
{
  DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);

  g_assert_cmpint (first_kind (&wide, settings), ==, STAGE_PATCHES);
  g_assert_cmpint (first_kind (&thin, settings), ==, STAGE_ESTIMATE);
  settings.steps = 3;
  g_assert_cmpint (first_kind (&wide, settings), ==, STAGE_PROCESS);
  settings.steps = 0;
  settings.strength = 0.5;
  g_assert_cmpint (first_kind (&wide, settings), ==, STAGE_ESTIMATE);
  settings = settings_of (DIFFUSION_EXPERT_NETWORK);
  g_assert_cmpint (first_kind (&wide, settings), ==, STAGE_ESTIMATE);
  settings = settings_of (DIFFUSION_EXPERT_PICTURE);
  g_assert_cmpint (first_kind (&thin, settings), ==, STAGE_PATCHES);
}

/* The mean square of the steps from pixel to pixel, in and around a hole. */
static double
roughness (const Picture *picture, const float *pixels, const DiffusionRect *rect)
{
  double sum = 0.0;

  for (int y = rect->y; y < rect->y + rect->height - 1; y++)
    for (int x = rect->x; x < rect->x + rect->width - 1; x++)
      {
        const float *p = pixels + (gsize) y * picture->width + x;

        sum +=
          (p[1] - p[0]) * (p[1] - p[0]) + (p[picture->width] - p[0]) * (p[picture->width] - p[0]);
      }
  return sum / (rect->width * rect->height);
}

/* Patches keep the grain, to which the network's mean comes nowhere near. */
static void
test_grain (void)
{
  double share[2];

  for (int k = 0; k <= 1; k++)
    {
      Picture *picture = grainy_picture (&wide);

      inpaint (picture, &wide,
               settings_of (k ? DIFFUSION_EXPERT_AUTOMATIC : DIFFUSION_EXPERT_NETWORK));
      share[k] =
        roughness (picture, picture->result, &wide) / roughness (picture, picture->pixels, &wide);
      picture_free (picture);
    }
  g_test_message ("roughness by the network %.2f, by the picture %.2f", share[0], share[1]);
  g_assert_cmpfloat (share[1], >, 1.0 / 1.5);
  g_assert_cmpfloat (share[1], <, 1.5);
}

/* The light falls off to the corners of a grainy wall: it goes on so into a hole there, under the wall's
 * own grain. */
static void
test_grainy_gradient (void)
{
  const DiffusionRect hole = { 105, 84, 65, 56 };
  Picture            *picture = picture_new (WIDTH, HEIGHT, 3);
  float              *clean;
  double              most = 0.0, share;

  for (int c = 0; c < 3; c++)
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x++)
        picture->pixels[c * picture->size + y * WIDTH + x] =
          0.8f - 0.1f * c - 0.6f * ((x - 70) * (x - 70) + (y - 55) * (y - 55)) / (170.0f * 170.0f);
  clean = g_memdup2 (picture->pixels, 3 * picture->size * sizeof (float));
  picture_add_noise (picture, 2.5, 4);
  picture_select (picture, &hole, 1.0f);
  inpaint (picture, &hole, settings_of (DIFFUSION_EXPERT_AUTOMATIC));

  for (int c = 0; c < 3; c++)
    for (int top = hole.y; top + 8 <= hole.y + hole.height; top += 8)
      for (int left = hole.x; left + 8 <= hole.x + hole.width; left += 8)
        {
          double sum = 0.0;

          for (int y = top; y < top + 8; y++)
            for (int x = left; x < left + 8; x++)
              {
                gsize i = c * picture->size + y * WIDTH + x;

                sum += picture->result[i] - clean[i];
              }
          most = MAX (most, fabs (sum) / 64 * 255);
        }
  share = roughness (picture, picture->result, &hole) / roughness (picture, picture->pixels, &hole);
  g_test_message ("a block is %.1f levels off at most; roughness %.2f", most, share);
  g_assert_cmpfloat (most, <, 8.0);
  g_assert_cmpfloat (share, >, 1.0 / 1.5);
  g_assert_cmpfloat (share, <, 1.5);
  g_free (clean);
  picture_free (picture);
}

/* Where nothing lies around but one colour or a gradient, nothing else is drawn and no network asked,
 * be the hole thin or wide, inside or at the border. */
static void
test_smooth (void)
{
  static const DiffusionRect holes[] = { { 50, 40, 60, 56 },
                                         { 40, 70, 90, 5 },
                                         { 0, 0, WIDTH, 50 },
                                         { 0, 30, 40, 60 },
                                         { 10, 10, 150, 120 } };

  for (int gradient = 0; gradient <= 1; gradient++)
    for (gsize k = 0; k < G_N_ELEMENTS (holes); k++)
      {
        Picture *picture = picture_new (WIDTH, HEIGHT, 3);
        guint64  before = network_work ();
        double   most = 0.0;

        for (int c = 0; c < 3; c++)
          for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
              picture->pixels[c * picture->size + y * WIDTH + x] =
                roundf (255.0f * (0.2f + 0.25f * c + (gradient ? 0.001f * y : 0.0f))) / 255.0f;
        picture_select (picture, &holes[k], 1.0f);
        inpaint (picture, &holes[k], settings_of (DIFFUSION_EXPERT_AUTOMATIC));
        g_assert_cmpuint (network_work (), ==, before);
        for (int c = 0; c < 3; c++)
          for (int y = holes[k].y; y < holes[k].y + holes[k].height; y++)
            for (int x = holes[k].x; x < holes[k].x + holes[k].width; x++)
              {
                gsize p = c * picture->size + y * WIDTH + x;

                most = MAX (most, 255.0 * fabs (picture->result[p] - picture->pixels[p]));
              }
        g_test_message ("%s, hole %d: %.2f levels at most", gradient ? "gradient" : "one colour",
                        (int) k, most);
        /* Beyond the last known row nothing says how a gradient goes on. */
        if (!gradient)
          g_assert_cmpfloat (most, <=, 1.0);
        else if (k != 2)
          g_assert_cmpfloat (most, <=, 2.0);
        picture_free (picture);
      }
}

/* A gray picture in three channels, and a sepia one, stay what they are whoever fills them. */
static void
test_gray (void)
{
  static const float tint[][3] = { { 1.0f, 1.0f, 1.0f }, { 1.0f, 0.85f, 0.6f } };

  for (int sepia = 0; sepia <= 1; sepia++)
    for (int k = 0; k < 4; k++)
      {
        const DiffusionRect *hole = k % 2 ? &thin : &wide;
        Picture             *picture = grainy_picture (hole);
        double               most = 0.0;

        for (gsize i = 0; i < picture->size; i++)
          {
            float v = planes_clip (picture->pixels[i]);

            for (int c = 0; c < 3; c++)
              picture->pixels[c * picture->size + i] =
                roundf (255.0f * tint[sepia][c] * v) / 255.0f;
          }
        inpaint (picture, hole,
                 settings_of (k < 2 ? DIFFUSION_EXPERT_AUTOMATIC : DIFFUSION_EXPERT_NETWORK));
        for (int y = hole->y; y < hole->y + hole->height; y++)
          for (int x = hole->x; x < hole->x + hole->width; x++)
            for (int c = 1; c < 3; c++)
              {
                gsize i = y * WIDTH + x;

                most = MAX (most, 255.0 * fabs (picture->result[c * picture->size + i] -
                                                tint[sepia][c] * picture->result[i]));
              }
        g_test_message ("%s, %d: %.2f levels at most", sepia ? "sepia" : "gray", k, most);
        g_assert_cmpfloat (most, <=, sepia ? 2.0 : 1.0);
        picture_free (picture);
      }
}

/* The same bytes by any number of threads; other seeds, other fills. */
static void
test_same_bytes (void)
{
  float *first = NULL;
  gsize  bytes = 0;

  for (int n = 1; n <= 3; n++)
    {
      Picture                 *picture = grainy_picture (&wide);
      DiffusionWorkers        *own = diffusion_workers_new (n);
      DiffusionSource          source = picture_source (picture);
      DiffusionSink            sink = picture_sink (picture);
      DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);

      g_assert_true (diffusion_inpaint (model, own, &source, &sink, &wide, &settings, NULL, NULL));
      bytes = 3 * picture->size * sizeof (float);
      if (first == NULL)
        first = g_memdup2 (picture->result, bytes);
      g_assert_cmpmem (picture->result, bytes, first, bytes);
      diffusion_workers_free (own);
      picture_free (picture);
    }

  Picture                 *other = grainy_picture (&wide);
  DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);
  double                   difference = 0.0;

  settings.seed = 1;
  inpaint (other, &wide, settings);
  for (gsize i = 0; i < 3 * other->size; i++)
    difference += 255.0 * fabs (other->result[i] - first[i]) / (3.0 * wide.width * wide.height);
  g_test_message ("another seed: %.1f levels", difference);
  g_assert_cmpfloat (difference, >, 2.0);
  picture_free (other);
  g_free (first);
}

/* Progress, cancelling and stopping as for the network. */
static void
test_stop (void)
{
  for (int finish = 0; finish <= 1; finish++)
    for (int n = 0; n < 30; n += 9)
      {
        Picture          *picture = grainy_picture (&wide);
        GCancellable     *cancellable = g_cancellable_new ();
        Watch             w = { .cancellable = cancellable, .at = n };
        DiffusionProgress progress = { finish ? NULL : cancellable, finish ? cancellable : NULL,
                                       watch, &w };
        DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);
        GError                  *error = NULL;

        if (n == 0)
          g_cancellable_cancel (cancellable);
        g_assert_true (try_inpaint (picture, &wide, &settings, &progress, &error) == (finish == 1));
        if (finish)
          picture_assert_written (picture, &wide);
        else
          {
            g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
            g_assert_cmpint (picture->n_writes, ==, 0);
            g_clear_error (&error);
          }
        g_object_unref (cancellable);
        picture_free (picture);
      }
}

static void
test_progress (void)
{
  Picture                 *picture = grainy_picture (&wide);
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };
  DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);

  g_assert_true (try_inpaint (picture, &wide, &settings, &progress, NULL));
  g_assert_cmpint (w.n_previews, >, 10);
  g_assert_cmpint (w.step, <=, w.n_steps);
  g_assert_cmpfloat (w.fraction, >, 0.5);
  picture_free (picture);
}

/* A quarter of the picture may be used, which is red: so is the fill. */
static gboolean
allow_left (gpointer data, const DiffusionRect *window, float *allowed, GError **error)
{
  for (int y = 0; y < window->height; y++)
    for (int x = 0; x < window->width; x++)
      *allowed++ = window->x + x < 50 ? 1.0f : 0.0f;
  return TRUE;
}

static void
test_source (void)
{
  Picture                 *picture = grainy_picture (&wide);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_AUTOMATIC);
  double                   red = 0.0;

  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++)
        {
          float *v = picture->pixels + c * picture->size + y * WIDTH + x;

          *v = 0.2f * *v + (c == (x < 50 ? 0 : 2) ? 0.7f : 0.1f);
        }
  source.read_allowed = allow_left;
  g_assert_true (diffusion_inpaint (model, workers, &source, &sink, &wide, &settings, NULL, NULL));
  for (int y = wide.y + 15; y < wide.y + wide.height - 15; y++)
    for (int x = wide.x + 15; x < wide.x + wide.width - 15; x++)
      red += picture->result[y * WIDTH + x] - picture->result[2 * picture->size + y * WIDTH + x];
  g_assert_cmpfloat (red, >, 0.0);
  picture_free (picture);
}

/* Where there are no whole patches at all the network steps in. */
static void
test_no_patches (void)
{
  Picture      *picture = picture_new (40, 30, 3);
  DiffusionRect all = { 5, 4, 30, 22 };
  guint64       before = network_work ();

  picture_paint (picture);
  picture_add_noise (picture, 12.0, 4);
  picture_select (picture, &all, 1.0f);
  inpaint (picture, &all, settings_of (DIFFUSION_EXPERT_AUTOMATIC));
  g_assert_cmpuint (network_work (), >, before);
  picture_free (picture);
}

/* At less than full strength the picture's patches begin with what there is: a light square, as
 * there is another. */
static void
test_strength (void)
{
  double bright[2];

  for (int k = 0; k <= 1; k++)
    {
      Picture                 *picture = grainy_picture (&wide);
      DiffusionInpaintSettings settings = settings_of (DIFFUSION_EXPERT_PICTURE);
      double                   sum = 0.0;

      for (int c = 0; c < 3; c++)
        for (int y = 0; y < HEIGHT; y++)
          for (int x = 0; x < WIDTH; x++)
            {
              gboolean light =
                (x >= 65 && x < 95 && y >= 55 && y < 80) || (x >= 7 && x < 37 && y >= 9 && y < 34);

              picture->pixels[c * picture->size + y * WIDTH + x] *= 0.2f;
              picture->pixels[c * picture->size + y * WIDTH + x] += light ? 0.7f : 0.1f;
            }
      settings.strength = k ? 1.0 : 0.3;
      inpaint (picture, &wide, settings);
      for (int y = 60; y < 75; y++)
        for (int x = 70; x < 90; x++)
          sum += picture->result[y * WIDTH + x] / (15 * 20);
      bright[k] = sum;
      picture_free (picture);
    }
  g_test_message ("0.8 in 0.2 became %.2f at little strength, %.2f at all", bright[0], bright[1]);
  g_assert_cmpfloat (bright[0], >, 0.45);
  g_assert_cmpfloat (bright[1], <, 0.3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/experts/choice", test_choice);
  g_test_add_func ("/experts/grain", test_grain);
  g_test_add_func ("/experts/grainy-gradient", test_grainy_gradient);
  g_test_add_func ("/experts/smooth", test_smooth);
  g_test_add_func ("/experts/gray", test_gray);
  g_test_add_func ("/experts/same-bytes", test_same_bytes);
  g_test_add_func ("/experts/stop", test_stop);
  g_test_add_func ("/experts/progress", test_progress);
  g_test_add_func ("/experts/source", test_source);
  g_test_add_func ("/experts/no-patches", test_no_patches);
  g_test_add_func ("/experts/strength", test_strength);
  return inpaint_run_tests ();
}
