/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-gray.c: networks of one colour, through diffusion.h. A gray picture they see as it
 * is; of a colour picture each channel by itself, with one noise for all three.
 */
#include "support/model-maker.h"
#include "model/model.h"
#include "support/picture.h"

#define WIDTH  90 /* two windows of Denoise */
#define HEIGHT 52

static const DiffusionRect hole = { 31, 17, 22, 19 };

/* A network of random weights, between `in` and `out` channels. */
static DiffusionModel *
load (int in, int out, const char *conditioning, const char *variance)
{
  char           *folder = maker_new_folder ();
  guint64         n_bytes;
  char           *header = maker_header_between (in, 8, 1, out, &n_bytes);
  char           *config, *scheduler;
  float          *weights = g_malloc (n_bytes);
  GRand          *rand = g_rand_new_with_seed (3);
  DiffusionModel *model;
  GError         *error = NULL;

  for (gsize i = 0; i < n_bytes / sizeof (float); i++)
    weights[i] = (float) g_rand_double_range (rand, -0.25, 0.25);
  config = g_strdup_printf (
    "{\"add_attention\": false, \"block_out_channels\": [8],"
    " \"down_block_types\": [\"DownBlock2D\"], \"in_channels\": %d,"
    " \"layers_per_block\": 1, \"norm_num_groups\": 4, \"out_channels\": %d,"
    " \"sample_size\": 28, \"up_block_types\": [\"UpBlock2D\"]%s%s}",
    in, out, conditioning ? ", \"conditioning\": " : "", conditioning ? conditioning : "");
  scheduler = g_strdup_printf ("{\"variance_type\": \"%s\"}", variance);

  maker_write_text (folder, MAKER_UNET, config);
  maker_write_text (folder, MAKER_SCHEDULER, scheduler);
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, (guint8 *) weights, n_bytes);
  model = diffusion_model_load (folder, &error);
  g_assert_no_error (error);
  maker_remove (folder);

  g_rand_free (rand);
  g_free (weights);
  g_free (scheduler);
  g_free (config);
  g_free (header);
  g_free (folder);
  return model;
}

static Picture *
colour_picture (void)
{
  Picture *picture = picture_new (WIDTH, HEIGHT, 3);

  picture_paint (picture);
  picture_add_noise (picture, 10.0, 2);
  picture_select (picture, &hole, 1.0f);
  return picture;
}

/* One channel of a picture, as a gray picture. */
static Picture *
channel_of (const Picture *picture, int c)
{
  Picture *gray = picture_new (picture->width, picture->height, 1);

  memcpy (gray->pixels, picture->pixels + c * picture->size, picture->size * sizeof (float));
  memcpy (gray->selection, picture->selection, picture->size * sizeof (float));
  return gray;
}

/* What a run does to a picture; `cost` is what it was told to take. */
typedef void (*Run) (DiffusionModel *model, Picture *picture, DiffusionCost *cost);

static void
run_inpaint (DiffusionModel *model, Picture *picture, DiffusionCost *cost)
{
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionWorkers        *workers = diffusion_workers_new (2);
  DiffusionInpaintSettings settings = { .strength = 1.0,
                                        .steps = 4,
                                        .resample = 2,
                                        .jump_length = 2,
                                        .sampler = DIFFUSION_SAMPLER_DDPM,
                                        .seed = 5 };
  GError                  *error = NULL;

  diffusion_inpaint_cost (model, 2, &source, &hole, &settings, cost, &error);
  g_assert_no_error (error);
  diffusion_inpaint (model, workers, &source, &sink, &hole, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &hole);
  diffusion_workers_free (workers);
}

static void
denoise (DiffusionModel          *model,
         Picture                 *picture,
         DiffusionDenoiseSettings settings,
         DiffusionCost           *cost)
{
  DiffusionSource   source = picture_source (picture);
  DiffusionSink     sink = picture_sink (picture);
  DiffusionRect     all = { 0, 0, picture->width, picture->height };
  DiffusionWorkers *workers = diffusion_workers_new (2);
  GError           *error = NULL;

  diffusion_denoise_cost (model, 2, &source, &all, &settings, cost, &error);
  g_assert_no_error (error);
  diffusion_denoise (model, workers, &source, &sink, &all, &settings, NULL, &error);
  g_assert_no_error (error);
  picture_assert_written (picture, &all);
  diffusion_workers_free (workers);
}

static void
run_denoise (DiffusionModel *model, Picture *picture, DiffusionCost *cost)
{
  denoise (model, picture, (DiffusionDenoiseSettings) { .sigma = 10.0 }, cost);
}

static void
run_renoise (DiffusionModel *model, Picture *picture, DiffusionCost *cost)
{
  denoise (model, picture,
           (DiffusionDenoiseSettings) { .sigma = 10.0,
                                        .method = DIFFUSION_METHOD_RENOISE,
                                        .steps = 3,
                                        .sampler = DIFFUSION_SAMPLER_DDPM,
                                        .seed = 5 },
           cost);
}

static const Run runs[] = { run_inpaint, run_denoise, run_renoise };

/* --- Promises ----------------------------------------------------------------------- */

/* Each channel of a colour picture comes out as the gray picture would that it is: to the
 * byte, hence gray stays gray. It takes three times the work, as was told before. */
static void
assert_by_itself (DiffusionModel *model)
{
  for (gsize k = 0; k < G_N_ELEMENTS (runs); k++)
    {
      Picture      *picture = colour_picture ();
      gsize         bytes = picture->size * sizeof (float);
      DiffusionWork before = diffusion_model_get_work (model), after;
      DiffusionCost cost, cost_of_gray;

      runs[k](model, picture, &cost);
      after = diffusion_model_get_work (model);
      g_assert_cmpfloat_with_epsilon ((after.macs - before.macs) / cost.macs, 1.0, 1e-9);
      g_assert_cmpuint (after.n_evaluations - before.n_evaluations, ==, cost.n_evaluations);
      for (int c = 0; c < 3; c++)
        {
          Picture *gray = channel_of (picture, c);

          runs[k](model, gray, &cost_of_gray);
          g_assert_cmpmem (gray->result, bytes, picture->result + c * picture->size, bytes);
          g_assert_cmpint (memcmp (gray->result, gray->pixels, bytes), !=, 0);
          g_assert_cmpuint (cost.n_evaluations, ==, 3 * cost_of_gray.n_evaluations);
          picture_free (gray);
        }
      g_assert_cmpint (memcmp (picture->result, picture->result + picture->size, bytes), !=, 0);
      picture_free (picture);
    }
}

static void
test_unconditional (void)
{
  DiffusionModel *model = load (1, 1, NULL, "fixed_small");

  g_assert_cmpint (model_get_n_outputs (model), ==, 1);
  assert_by_itself (model);
  diffusion_model_free (model);
}

/* The second plane that comes out is where the variance lies, and it counts. */
static void
test_learned_variance (void)
{
  DiffusionModel *learned = load (1, 2, NULL, "learned_range");
  DiffusionModel *fixed = load (1, 2, NULL, "fixed_small");
  Picture        *a = colour_picture (), *b = colour_picture ();
  DiffusionCost   cost;

  g_assert_cmpint (model_get_n_outputs (learned), ==, 2);
  g_assert_cmpint (model_get_n_outputs (fixed), ==, 1);
  assert_by_itself (learned);
  run_inpaint (learned, a, &cost);
  run_inpaint (fixed, b, &cost);
  g_assert_cmpint (memcmp (a->result, b->result, 3 * a->size * sizeof (float)), !=, 0);

  picture_free (a);
  picture_free (b);
  diffusion_model_free (learned);
  diffusion_model_free (fixed);
}

/* x_t, y and m: three channels, of which one is a colour. */
static void
test_mask_aware (void)
{
  DiffusionModel *model = load (3, 1, "\"filled-image\"", "fixed_small");

  g_assert_true (diffusion_model_is_mask_aware (model));
  assert_by_itself (model);
  diffusion_model_free (model);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gray/unconditional", test_unconditional);
  g_test_add_func ("/gray/learned-variance", test_learned_variance);
  g_test_add_func ("/gray/mask-aware", test_mask_aware);
  return g_test_run ();
}
