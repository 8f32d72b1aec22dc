/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-estimates.c: how Inpaint estimates what lies in a hole before it draws (inpaint-plan.c),
 * with a network whose answer is known.
 */
#include "support/inpaint-runs.h"
#include "support/model-maker.h"

static const DiffusionRect thin = { 30, 20, 40, 6 }, wide = { 10, 4, 70, 62 };

static Picture *
gray_picture (float value)
{
  Picture *picture = picture_new (90, 70, 3);

  for (gsize i = 0; i < 3 * picture->size; i++)
    picture->pixels[i] = value;
  return picture;
}

static void
fill (DiffusionModel          *network,
      Picture                 *picture,
      const DiffusionRect     *rect,
      double                   strength,
      const DiffusionProgress *progress)
{
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = { .strength = strength,
                                        .jump_length = 10,
                                        .expert = DIFFUSION_EXPERT_NETWORK };

  picture_select (picture, rect, 1.0f);
  g_assert_true (
    diffusion_inpaint (network, workers, &source, &sink, rect, &settings, progress, NULL));
}

/* What the network is told of a hole: a folder whose network always predicts that the
 * first n_channels of the picture are 0.1 (−1…1 range) brighter there than its guess. */
static char *
new_brighter_model (gboolean self_condition, int n_channels)
{
  static const float brighter = -0.1f / 0.25f; /* v, in units of the guess's deviation */

  char   *folder = maker_new_folder (), *header, *json;
  guint64 n_bytes;
  guint8 *data;

  header = maker_header_between (7, 8, 1, 3, &n_bytes);
  data = g_malloc0 (n_bytes);
  for (int c = 0; c < n_channels; c++) /* conv_out.bias is the last tensor */
    memcpy (data + n_bytes - 12 + 4 * c, &brighter, sizeof brighter);
  json = g_strdup_printf (
    "{\"_class_name\": \"UNet2DModel\", \"add_attention\": false, \"block_out_channels\": [8],"
    "\"down_block_types\": [\"DownBlock2D\"], \"up_block_types\": [\"UpBlock2D\"],"
    "\"in_channels\": 7, \"out_channels\": 3, \"layers_per_block\": 1, \"norm_num_groups\": 4,"
    "\"conditioning\": \"filled-image\", \"guess_deviation\": 0.25, \"self_condition\": %s}",
    self_condition ? "true" : "false");
  maker_write_text (folder, MAKER_UNET, json);
  g_free (json);
  json = maker_replace (maker_scheduler_json, "\"epsilon\"", "\"v_prediction\"");
  maker_write_text (folder, MAKER_SCHEDULER, json);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes);
  g_free (json);
  g_free (data);
  g_free (header);
  return folder;
}

/* With self-conditioning each estimate begins with those before it, and their mean is the result, in
 * which the k-th counts k times; without, there is one, which is refined, and in a flat picture there is nothing to refine. */
static void
test_mean (void)
{
  for (int own = 0; own <= 1; own++)
    {
      char             *folder = new_brighter_model (own, 3);
      DiffusionModel   *brighter = diffusion_model_load (folder, NULL);
      Picture          *picture = gray_picture (0.5f);
      Watch             w = { 0 };
      DiffusionProgress progress = { NULL, NULL, watch, &w };
      double            mean = 0.0, expected = 0.55;

      g_assert_nonnull (brighter);
      fill (brighter, picture, &thin, 1.0, &progress);
      g_assert_cmpint (w.n_steps, >=, 2 + own);
      for (int k = 2; own && k <= w.n_steps; k++)
        expected += 0.05 * 2 / (k + 1);
      for (int y = thin.y; y < thin.y + thin.height; y++)
        for (int x = thin.x; x < thin.x + thin.width; x++)
          mean += picture->result[(gsize) y * picture->width + x] / (thin.width * thin.height);
      g_assert_cmpfloat_with_epsilon (mean, expected, 0.005);
      picture_free (picture);
      diffusion_model_free (brighter);
      maker_remove (folder);
      g_free (folder);
    }
}

/* At less than full strength every estimate begins from the picture, whatever way the strength
 * is rounded: hardly another strength, hardly another result. */
static void
test_less_strength (void)
{
  char           *folder = new_brighter_model (TRUE, 3);
  DiffusionModel *brighter = diffusion_model_load (folder, NULL);
  double          least = 1.0, most = 0.0;

  g_assert_nonnull (brighter);
  for (int k = 0; k < 6; k++)
    {
      Picture *picture = gray_picture (0.5f);
      double   mean = 0.0;

      for (int c = 0; c < 3; c++)
        for (int y = thin.y; y < thin.y + thin.height; y++)
          for (int x = thin.x; x < thin.x + thin.width; x++)
            picture->pixels[c * picture->size + (gsize) y * picture->width + x] = 0.9f;
      fill (brighter, picture, &thin, 0.2 + 0.0003 * k, NULL);
      for (int y = thin.y; y < thin.y + thin.height; y++)
        for (int x = thin.x; x < thin.x + thin.width; x++)
          mean += picture->result[(gsize) y * picture->width + x] / (thin.width * thin.height);
      g_test_message ("strength %.4f: %.4f", 0.2 + 0.0003 * k, mean);
      least = MIN (least, mean);
      most = MAX (most, mean);
      picture_free (picture);
    }
  g_assert_cmpfloat (most - least, <, 0.01);
  diffusion_model_free (brighter);
  maker_remove (folder);
  g_free (folder);
}

/* How often the colours of a pixel beside the hole are read. */
typedef struct
{
  DiffusionSource picture;
  int             n_reads;
} Reads;

static gboolean
count_reads (gpointer             data,
             const DiffusionRect *window,
             float               *pixels,
             float               *alpha,
             float               *selection,
             GError             **error)
{
  Reads *reads = data;
  int    x = thin.x - 2 - window->x, y = thin.y - 2 - window->y;

  reads->n_reads += pixels != NULL && x >= 0 && y >= 0 && x < window->width && y < window->height;
  return reads->picture.read (reads->picture.data, window, pixels, alpha, selection, error);
}

/* The estimates at one scale see what has been read once, after a look at the surroundings. */
static void
test_read_once (void)
{
  char                    *folder = new_brighter_model (TRUE, 3);
  DiffusionModel          *brighter = diffusion_model_load (folder, NULL);
  Picture                 *picture = gray_picture (0.5f);
  Reads                    reads = { picture_source (picture), 0 };
  DiffusionSource          source = reads.picture;
  DiffusionSink            sink = picture_sink (picture);
  DiffusionInpaintSettings settings = { .strength = 1.0,
                                        .jump_length = 10,
                                        .expert = DIFFUSION_EXPERT_NETWORK };

  g_assert_nonnull (brighter);
  source.read = count_reads;
  source.data = &reads;
  picture_select (picture, &thin, 1.0f);
  g_assert_true (
    diffusion_inpaint (brighter, workers, &source, &sink, &thin, &settings, NULL, NULL));
  g_assert_cmpuint (diffusion_model_get_work (brighter).n_evaluations, ==, 3);
  g_assert_cmpint (reads.n_reads, ==, 2);
  picture_free (picture);
  diffusion_model_free (brighter);
  maker_remove (folder);
  g_free (folder);
}

static double
mean_of_row (const Picture *picture, int y)
{
  double sum = 0.0;

  for (int x = wide.x + 15; x < wide.x + wide.width - 15; x++)
    sum += picture->result[(gsize) y * picture->width + x];
  return sum / (wide.width - 30);
}

/* Light and dark rows, of which a coarse scale sees nothing, around a hole that the network
 * leaves as it guesses it: the result of the coarse scale is matched to them at the border,
 * at hardly less than full strength as well. */
static void
test_border (void)
{
  char           *folder = new_brighter_model (TRUE, 0);
  DiffusionModel *plain = diffusion_model_load (folder, NULL);

  g_assert_nonnull (plain);
  for (int weaker = 0; weaker <= 1; weaker++)
    {
      Picture *picture = gray_picture (0.0f);
      double   strength = weaker ? 0.99 : 1.0, top, middle, bottom;

      picture_select (picture, &wide, 1.0f);
      for (gsize i = 0; i < 3 * picture->size; i++)
        picture->pixels[i] = picture->selection[i % picture->size] == 1.0f ? 0.5f
                             : i / picture->width % 2 == 1                 ? 0.7f
                                                                           : 0.3f;
      fill (plain, picture, &wide, strength, NULL);
      top = mean_of_row (picture, wide.y);
      middle = mean_of_row (picture, wide.y + wide.height / 2);
      bottom = mean_of_row (picture, wide.y + wide.height - 1);
      g_test_message ("strength %g: %.3f … %.3f … %.3f", strength, top, middle, bottom);
      g_assert_cmpfloat (top, >, 0.6);
      g_assert_cmpfloat_with_epsilon (middle, 0.5, 0.1);
      g_assert_cmpfloat (bottom, <, 0.4);
      picture_free (picture);
    }
  diffusion_model_free (plain);
  maker_remove (folder);
  g_free (folder);
}

/* What was shown last, to compare it with the result, and when to stop. */
typedef struct
{
  GCancellable *finish;
  int           n_wanted, n_previews;
  DiffusionRect window;
  float        *x0;
} Shown;

static void
keep_shown (gpointer data, const DiffusionStep *step)
{
  Shown *shown = data;

  if (step->x0 == NULL)
    return;
  shown->window = step->window;
  g_free (shown->x0);
  shown->x0 = g_memdup2 (step->x0, sizeof (float) * step->n_channels * step->window.width *
                                     step->window.height);
  if (++shown->n_previews == shown->n_wanted)
    g_cancellable_cancel (shown->finish);
}

/* Stop here among the estimates, in a hole near white that each makes brighter: what is kept was
 * shown, and nothing is beyond white. */
static void
test_stopped (void)
{
  char           *folder = new_brighter_model (TRUE, 3);
  DiffusionModel *brighter = diffusion_model_load (folder, NULL);

  g_assert_nonnull (brighter);
  for (int n = 0; n < 8; n++)
    {
      const DiffusionRect *rect = n < 4 ? &thin : &wide;
      Picture             *picture = gray_picture (0.95f);
      Shown                shown = { .finish = g_cancellable_new (), .n_wanted = n % 4 };
      DiffusionProgress    progress = { NULL, shown.finish, keep_shown, &shown };

      if (shown.n_wanted == 0)
        g_cancellable_cancel (shown.finish);
      fill (brighter, picture, rect, 1.0, &progress);
      g_assert_cmpint (shown.n_previews, ==, shown.n_wanted);
      for (int c = 0; c < 3; c++)
        for (int y = rect->y; y < rect->y + rect->height; y++)
          for (int x = rect->x; x < rect->x + rect->width; x++)
            {
              float result = picture->result[c * picture->size + (gsize) y * picture->width + x];

              g_assert_cmpfloat (result, <=, 1.0f);
              g_assert_cmpfloat (result, >=, 0.94f);
              if (shown.x0 != NULL && rect == &thin) /* a coarse scale is shown in squares */
                g_assert_cmpfloat_with_epsilon (
                  result,
                  shown.x0[((gsize) c * shown.window.height + y - shown.window.y) *
                             shown.window.width +
                           x - shown.window.x],
                  1e-3); /* its one colour for each brightness is found again */
            }
      g_free (shown.x0);
      g_object_unref (shown.finish);
      picture_free (picture);
    }
  diffusion_model_free (brighter);
  maker_remove (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/estimates/mean", test_mean);
  g_test_add_func ("/estimates/less-strength", test_less_strength);
  g_test_add_func ("/estimates/read-once", test_read_once);
  g_test_add_func ("/estimates/border", test_border);
  g_test_add_func ("/estimates/stopped", test_stopped);
  return inpaint_run_tests ();
}
