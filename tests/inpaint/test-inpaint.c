/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-inpaint.c: diffusion_inpaint with the bundled model: what is promised to the
 * bit, what is refused, and how a run is stopped.
 */
#include "support/inpaint-runs.h"
#include "support/model-maker.h"

/* A picture of 90 × 70 with a selected rectangle of 24 × 18. */
static const DiffusionRect hole = { 30, 20, 24, 18 };

static Picture *
picture_with_hole (int n_channels)
{
  Picture *picture = picture_new (90, 70, n_channels);

  picture_paint (picture);
  picture_select (picture, &hole, 1.0f);
  return picture;
}

/* --- Pixels ------------------------------------------------------------------- */

/* A pixel that is not selected comes back to the bit, whatever it holds; one that is
 * selected at all is new. */
static void
test_unselected (gconstpointer n_channels)
{
  Picture *picture = picture_with_hole (GPOINTER_TO_INT (n_channels));
  gsize    inside = (gsize) 25 * picture->width + 40, outside = (gsize) 22 * picture->width + 33;

  for (int i = 0; i < 12; i++)
    picture->selection[(gsize) (20 + i) * picture->width + 33] = 0.0f;  /* a slit */
  picture->selection[(gsize) 36 * picture->width + 36] = 0.9f / 512.0f; /* does not count */
  picture->pixels[outside] = 7.25f;                                     /* HDR */
  picture->pixels[outside + picture->width] = -0.5f;
  picture->pixels[inside] = 9.0f;
  inpaint (picture, &hole, few_steps);

  for (int c = 0; c < picture->n_channels; c++)
    for (int y = hole.y; y < hole.y + hole.height; y++)
      for (int x = hole.x; x < hole.x + hole.width; x++)
        {
          gsize i = (gsize) y * picture->width + x, p = c * picture->size + i;

          if (picture->selection[i] < 1.0f / 512.0f)
            g_assert_cmpfloat (picture->result[p], ==, picture->pixels[p]);
          else
            {
              g_assert_cmpfloat (picture->result[p], !=, picture->pixels[p]);
              g_assert_cmpfloat (picture->result[p], >=, 0.0f);
              g_assert_cmpfloat (picture->result[p], <=, 1.0f);
            }
        }
  picture_free (picture);
}

/* At full strength nothing of the old picture shows through; below it does. */
static void
test_old_pixels (void)
{
  Picture                 *a = picture_with_hole (3), *b = picture_with_hole (3);
  DiffusionInpaintSettings settings = few_steps;

  for (int y = hole.y; y < hole.y + hole.height; y++)
    for (int x = hole.x; x < hole.x + hole.width; x++)
      for (int c = 0; c < 3; c++)
        b->pixels[c * b->size + (gsize) y * b->width + x] = (x & 1) ? NAN : 1.0f;
  inpaint (a, &hole, settings);
  inpaint (b, &hole, settings);
  g_assert_cmpmem (a->result, 3 * a->size * sizeof (float), b->result,
                   3 * b->size * sizeof (float));

  settings.strength = 0.3;
  inpaint (a, &hole, settings);
  inpaint (b, &hole, settings);
  g_assert_true (memcmp (a->result, b->result, 3 * a->size * sizeof (float)) != 0);
  picture_free (a);
  picture_free (b);
}

/* What transparent pixels hold has no influence, and they keep it. */
static void
test_transparent (void)
{
  Picture *a = picture_with_hole (3), *b = picture_with_hole (3);
  gsize    selected = (gsize) 22 * a->width + 32, unselected = (gsize) 21 * a->width + 50;

  a->selection[unselected] = 0.0f;
  b->selection[unselected] = 0.0f;
  for (gsize i = 0; i < a->size; i++)
    if (i == selected || i == unselected || i % 90 < 9)
      {
        a->alpha[i] = b->alpha[i] = 0.0f;
        b->pixels[i] = 1.0f;
        b->pixels[i + b->size] = NAN;
      }
  inpaint (a, &hole, few_steps);
  inpaint (b, &hole, few_steps);
  g_assert_cmpfloat (a->result[unselected], ==, a->pixels[unselected]);
  g_assert_cmpfloat (b->result[unselected], ==, 1.0f);
  g_assert_true (isnan (b->result[unselected + b->size]));
  for (int c = 0; c < 2; c++)
    b->result[unselected + c * b->size] = a->result[unselected + c * a->size];
  g_assert_cmpmem (a->result, 3 * a->size * sizeof (float), b->result,
                   3 * b->size * sizeof (float));
  picture_free (a);
  picture_free (b);
}

static void
test_strength_0 (void)
{
  Picture                 *picture = picture_with_hole (3);
  DiffusionInpaintSettings settings = few_steps;

  settings.strength = 0.0;
  inpaint (picture, &hole, settings);
  for (int c = 0; c < 3; c++)
    for (int y = hole.y; y < hole.y + hole.height; y++)
      {
        gsize row = c * picture->size + (gsize) y * picture->width + hole.x;
        gsize bytes = hole.width * sizeof (float);

        g_assert_cmpmem (picture->result + row, bytes, picture->pixels + row, bytes);
      }
  picture_free (picture);
}

/* Sizes at which something is easily forgotten; with nothing known at all as well. */
static void
test_sizes (void)
{
  static const int sizes[][2] = {
    { 1, 1 }, { 2, 2 }, { 1, 500 }, { 500, 1 }, { 3, 17 }, { 33, 47 }
  };

  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    for (int n_channels = 1; n_channels <= 3; n_channels += 2)
      {
        int           width = sizes[k][0], height = sizes[k][1];
        Picture      *picture = picture_new (width, height, n_channels);
        DiffusionRect all = { 0, 0, width, height }, one = { width / 2, height / 2, 1, 1 };

        picture_paint (picture);
        picture_select (picture, &one, 0.5f);
        inpaint (picture, &one, few_steps);
        picture_free (picture);

        picture = picture_new (width, height, n_channels);
        picture_select (picture, &all, 1.0f);
        inpaint (picture, &all, few_steps);
        picture_free (picture);
      }
}

/* --- The same bytes --------------------------------------------------------------- */

static void
test_same_bytes (gconstpointer sampler)
{
  DiffusionInpaintSettings settings = few_steps;
  float                   *first = NULL;
  gsize                    bytes = 0;

  settings.sampler = GPOINTER_TO_INT (sampler);
  settings.steps = 4;
  settings.resample = 2;
  settings.jump_length = 2;
  for (int n = 0; n < 4; n++)
    {
      Picture          *picture = picture_with_hole (3);
      DiffusionWorkers *own = diffusion_workers_new (n == 0 ? 1 : n);
      DiffusionSource   source = picture_source (picture);
      DiffusionSink     sink = picture_sink (picture);

      g_assert_true (diffusion_inpaint (model, own, &source, &sink, &hole, &settings, NULL, NULL));
      bytes = 3 * picture->size * sizeof (float);
      if (first == NULL)
        first = g_memdup2 (picture->result, bytes);
      g_assert_cmpmem (picture->result, bytes, first, bytes);
      diffusion_workers_free (own);
      picture_free (picture);
    }

  Picture *other = picture_with_hole (3);

  settings.seed++;
  inpaint (other, &hole, settings);
  g_assert_true (memcmp (other->result, first, bytes) != 0);
  picture_free (other);
  g_free (first);
}

/* --- Settings ------------------------------------------------------------------------ */

static void
take_last_step (gpointer data, const DiffusionStep *step)
{
  g_assert_cmpint (step->step, <=, step->n_steps);
  *(DiffusionStep *) data = *step;
}

/* Every sampler with every spacing and data step: other pictures, all evaluations told. */
static void
test_samplers (void)
{
  float *last = NULL;
  gsize  bytes = 0;

  for (DiffusionSampler sampler = DIFFUSION_SAMPLER_DDIM;
       sampler <= DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR; sampler++)
    {
      Picture                 *picture = picture_with_hole (3);
      DiffusionInpaintSettings settings = few_steps;
      DiffusionStep            step = { 0 };
      DiffusionProgress        progress = { .report = take_last_step, .data = &step };
      gboolean twice = sampler >= DIFFUSION_SAMPLER_HEUN; /* evaluations a step, but for the last */

      settings.sampler = sampler;
      settings.steps = 3;
      settings.spacing = (DiffusionSpacing) (sampler + 1); /* leading … as the model says */
      settings.data_step = (DiffusionDataStep) (sampler % 2);
      g_assert_true (try_inpaint (picture, &hole, &settings, &progress, NULL));
      g_assert_cmpint (settings.spacing, !=, DIFFUSION_SPACING_MODEL);
      g_assert_cmpint (step.n_steps, ==, twice ? 5 : 3);
      g_assert_cmpint (step.step, ==, step.n_steps);
      picture_assert_written (picture, &hole);
      bytes = 3 * picture->size * sizeof (float);
      if (last != NULL)
        g_assert_true (memcmp (last, picture->result, bytes) != 0);
      g_free (last);
      last = g_memdup2 (picture->result, bytes);
      picture_free (picture);
    }
  g_free (last);
}

static void
test_settings_used (void)
{
  Picture                 *picture = picture_with_hole (1);
  DiffusionInpaintSettings settings = { .strength = 0.5, .jump_length = 10 };
  GError                  *error = NULL;

  try_inpaint (picture, &hole, &settings, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (settings.steps, ==, 0); /* each part has its own: test-inpaint-plan.c */
  g_assert_cmpint (settings.resample, ==, 1);
  g_assert_cmpint (settings.context, ==, 64);
  picture_free (picture);
}

/* A model that does not see the mask, and what it asks for. Its weights are 0: it always
 * predicts ε = 0. */
static void
test_unconditional (void)
{
  char                    *folder = maker_new_model ();
  DiffusionModel          *plain = diffusion_model_load (folder, NULL);
  Picture                 *picture = picture_with_hole (3);
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = { .strength = 1.0,
                                        .sampler = DIFFUSION_SAMPLER_DDPM,
                                        .jump_length = 10 };

  g_assert_nonnull (plain);
  g_assert_true (diffusion_inpaint (plain, workers, &source, &sink, &hole, &settings, NULL, NULL));
  g_assert_cmpint (settings.steps, ==, 100);
  g_assert_cmpint (settings.resample, ==, 5);
  g_assert_cmpint (settings.context, ==, 64);
  picture_assert_written (picture, &hole);
  picture_free (picture);
  diffusion_model_free (plain);
  maker_remove (folder);
  g_free (folder);
}

static void
assert_refused (Picture                 *picture,
                DiffusionRect            region,
                DiffusionInpaintSettings settings,
                const char              *sentence)
{
  DiffusionInpaintSettings before = settings;
  GError                  *error = NULL;

  g_assert_false (try_inpaint (picture, &region, &settings, NULL, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_ARGUMENT);
  g_assert_cmpstr (error->message, ==, sentence);
  g_assert_cmpint (picture->n_writes, ==, 0);
  g_assert_cmpmem (&settings, sizeof settings, &before, sizeof before);
  g_clear_error (&error);
}

static void
test_refused (void)
{
  static const struct
  {
    DiffusionInpaintSettings settings;
    const char              *sentence;
  } wrong[] = {
    { { .strength = 1.1, .jump_length = 1 }, "The strength has to be between 0 and 1." },
    { { .strength = NAN, .jump_length = 1 }, "The strength has to be between 0 and 1." },
    { { .strength = 1, .steps = 1001, .jump_length = 1 },
      "The number of steps has to be between 0 and 1000." },
    { { .strength = 1, .resample = -1, .jump_length = 1 },
      "The number of resampling passes has to be between 0 and 50." },
    { { .strength = 1, .jump_length = 0 }, "The jump length has to be between 1 and 100." },
    { { .strength = 1, .jump_length = 1, .context = 4097 },
      "The context has to be between 0 and 4096 pixels." },
    { { .strength = 1, .jump_length = 1, .eta = 1.1 }, "Eta has to be between 0 and 1." },
    { { .strength = 1, .jump_length = 1, .eta = NAN }, "Eta has to be between 0 and 1." },
  };
  static const DiffusionRect beyond[] = { { 80, 60, 11, 5 }, { -1, 0, 5, 5 }, { 5, 5, 0, 5 } };
  Picture                   *picture = picture_with_hole (3);

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (picture, hole, wrong[i].settings, wrong[i].sentence);
  for (gsize i = 0; i < G_N_ELEMENTS (beyond); i++)
    assert_refused (picture, beyond[i], few_steps,
                    "The region to be filled is empty or lies outside the picture.");

  picture->n_channels = 2;
  assert_refused (picture, hole, few_steps, "Only gray and colour pictures can be filled.");
  picture->n_channels = 3;

  memset (picture->selection, 0, picture->size * sizeof (float));
  picture->selection[picture->width * 25 + 35] = 1.0f / 513.0f;
  assert_refused (picture, hole, few_steps,
                  "Nothing is selected here: select what is to be filled.");
  picture_free (picture);
}

/* --- Progress, cancel, finish ------------------------------------------------------------ */

static void
test_progress (void)
{
  Picture                 *picture = picture_with_hole (3);
  DiffusionInpaintSettings settings = few_steps;
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };

  settings.steps = 5;
  settings.resample = 2;
  settings.jump_length = 2;
  g_assert_true (try_inpaint (picture, &hole, &settings, &progress, NULL));
  g_assert_cmpint (w.n_steps, ==, 5 + 2 * 2);
  g_assert_cmpint (w.n_previews, ==, w.n_steps);
  g_assert_cmpint (w.step, ==, w.n_steps);
  g_assert_cmpfloat (w.fraction, ==, 1.0);
  picture_free (picture);
}

/* A long part has several windows an evaluation, and reports in between. */
static void
test_windows (void)
{
  Picture                 *picture = picture_new (1400, 32, 3);
  DiffusionRect            scratch = { 4, 10, 1392, 3 };
  DiffusionInpaintSettings settings = few_steps;
  Watch                    w = { 0 };
  DiffusionProgress        progress = { NULL, NULL, watch, &w };

  picture_paint (picture);
  picture_select (picture, &scratch, 1.0f);
  g_assert_true (try_inpaint (picture, &scratch, &settings, &progress, NULL));
  picture_assert_written (picture, &scratch);
  g_assert_cmpint (w.n_previews, ==, 2);
  g_assert_cmpint (w.n_reports, ==, 2 * 4); /* four windows */
  picture_free (picture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/inpaint/unselected/rgb", GINT_TO_POINTER (3), test_unselected);
  g_test_add_data_func ("/inpaint/unselected/gray", GINT_TO_POINTER (1), test_unselected);
  g_test_add_func ("/inpaint/old-pixels", test_old_pixels);
  g_test_add_func ("/inpaint/transparent", test_transparent);
  g_test_add_func ("/inpaint/strength-0", test_strength_0);
  g_test_add_func ("/inpaint/sizes", test_sizes);
  g_test_add_data_func ("/inpaint/same-bytes/ddim", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDIM),
                        test_same_bytes);
  g_test_add_data_func ("/inpaint/same-bytes/ddpm", GINT_TO_POINTER (DIFFUSION_SAMPLER_DDPM),
                        test_same_bytes);
  g_test_add_func ("/inpaint/samplers", test_samplers);
  g_test_add_func ("/inpaint/settings-used", test_settings_used);
  g_test_add_func ("/inpaint/unconditional", test_unconditional);
  g_test_add_func ("/inpaint/refused", test_refused);
  g_test_add_func ("/inpaint/progress", test_progress);
  g_test_add_func ("/inpaint/windows", test_windows);
  return inpaint_run_tests ();
}
