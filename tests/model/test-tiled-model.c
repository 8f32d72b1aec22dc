/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-tiled-model.c: how windows are shown to the network, and what of it comes through.
 */
#include <math.h>

#include "model/tiled-model.h"
#include "support/model-maker.h"

static const TilesCut cut = { 64, 32, 32 };

/* --- Pictures smaller than a window ------------------------------------------------ */

/* Pixel i of a row of n that goes on as its own mirror image, by walking along it. */
static int
walk (int i, int n)
{
  int at = 0, step = 1;

  for (; i > 0 && n > 1; i--)
    {
      if (at + step < 0 || at + step >= n)
        step = -step;
      at += step;
    }
  return at;
}

/* Where nothing is known a small picture is shown to the network as a whole window of it and
 * of its mirror images. */
static void
test_small (void)
{
  static const int sizes[][2] = { { 48, 40 }, { 64, 5 }, { 3, 33 }, { 1, 1 }, { 2, 64 } };

  DiffusionModel   *model = diffusion_model_load (g_getenv ("DIFFUSION_WEIGHTS"), NULL);
  DiffusionWorkers *workers = diffusion_workers_new (2);
  GRand            *random = g_rand_new_with_seed (6);
  const int         plane = cut.size * cut.size;
  float            *whole = g_new (float, 3 * plane), *of_whole = g_new (float, 3 * plane);

  g_assert_nonnull (model);
  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    {
      const int   w = sizes[k][0], h = sizes[k][1];
      float      *in = g_new (float, 3 * w * h), *out = g_new (float, 3 * w * h);
      TiledModel *tiles = tiled_model_new (model, workers, w, h, 3, &cut, NULL, NULL, NULL);

      for (int i = 0; i < 3 * w * h; i++)
        in[i] = g_rand_double_range (random, -1.0, 1.0);
      for (int i = 0; i < 3 * plane; i++)
        whole[i] =
          in[(i / plane * h + walk (i % plane / cut.size, h)) * w + walk (i % cut.size, w)];
      g_assert_true (tiled_model_predict (tiles, in, 300.0, out, NULL, NULL));
      g_assert_true (model_predict (model, workers, cut.size, cut.size, NULL, whole, NULL, NULL,
                                    300.0, of_whole, NULL, NULL));
      for (int i = 0; i < 3 * w * h; i++)
        g_assert_cmpfloat (out[i], ==,
                           of_whole[(i / (w * h) * cut.size + i / w % h) * cut.size + i % w]);
      tiled_model_free (tiles);
      g_free (in);
      g_free (out);
    }
  g_free (whole);
  g_free (of_whole);
  g_rand_free (random);
  diffusion_workers_free (workers);
  diffusion_model_free (model);
}

/* --- Mirrored windows ---------------------------------------------------------------- */

/* n_planes of width × height, mirrored. */
static void
mirror (TiledModelMirror how, int width, int height, int n_planes, const float *in, float *out)
{
  for (int c = 0; c < n_planes; c++)
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++)
        {
          int u = how & TILED_MODEL_MIRRORED_X ? width - 1 - x : x;
          int v = how & TILED_MODEL_MIRRORED_Y ? height - 1 - y : y;

          out[(c * height + y) * width + x] = in[(c * height + v) * width + u];
        }
}

/* The bundled network on a picture of one window, or of several. */
static void
predict_mirrored (DiffusionModel  *model,
                  TiledModelMirror how,
                  int              width,
                  int              height,
                  int              n_channels,
                  const float     *x_y_m,
                  float           *out)
{
  DiffusionWorkers *workers = diffusion_workers_new (2);
  const float      *y = x_y_m + n_channels * width * height;
  TiledModel       *tiles = tiled_model_new (model, workers, width, height, n_channels, &cut, y,
                                             y + n_channels * width * height, NULL);

  tiled_model_set_mirror (tiles, how);
  g_assert_true (tiled_model_predict (tiles, x_y_m, 700.0, out, NULL, NULL));
  tiled_model_free (tiles);
  diffusion_workers_free (workers);
}

/* A picture shown mirrored is a mirrored picture shown: what the network says of it comes
 * back to where it belongs, bit for bit, in colour and gray, even sides and odd. In several
 * windows nothing but the network's view changes. */
static void
test_mirror (void)
{
  static const int sizes[][3] = { { 48, 40, 3 }, { 33, 64, 1 }, { 1, 7, 3 }, { 96, 64, 3 } };

  DiffusionModel *model = diffusion_model_load (g_getenv ("DIFFUSION_WEIGHTS"), NULL);
  GRand          *random = g_rand_new_with_seed (5);

  g_assert_nonnull (model);
  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    for (int how = 0; how < 4; how++)
      {
        int    width = sizes[k][0], height = sizes[k][1], n = sizes[k][2], size = width * height;
        float *in = g_new (float, (2 * n + 1) * size),
              *mirrored = g_new (float, (2 * n + 1) * size);
        float *out = g_new (float, n *size), *of_mirrored = g_new (float, n *size);
        float *back = g_new (float, n *size);
        double difference = 0.0;

        for (int i = 0; i < (2 * n + 1) * size; i++)
          in[i] = i < 2 * n * size ? g_rand_double_range (random, -1.0, 1.0) : i % 3 == 0;
        mirror (how, width, height, 2 * n + 1, in, mirrored);
        predict_mirrored (model, how, width, height, n, in, out);
        predict_mirrored (model, TILED_MODEL_AS_IT_IS, width, height, n, mirrored, of_mirrored);
        mirror (how, width, height, n, of_mirrored, back);
        for (int i = 0; i < n * size; i++)
          difference = MAX (difference, fabs (out[i] - back[i]));
        if (width <= cut.size)
          g_assert_cmpfloat (difference, ==, 0.0);
        else /* weights of the blend that are sums the other way round */
          g_assert_cmpfloat (difference, <, 1e-5);
        g_free (in);
        g_free (mirrored);
        g_free (out);
        g_free (of_mirrored);
        g_free (back);
      }
  g_rand_free (random);
  diffusion_model_free (model);
}

/* --- A learned variance ------------------------------------------------------------- */

/* The network with six outputs of the reference tensors, under a scheduler of that
 * `variance`. */
static DiffusionModel *
load_six_outputs (const char *variance)
{
  static const char *names[] = { "config.json", "diffusion_pytorch_model.safetensors" };
  char              *folder = maker_new_folder ();
  char              *scheduler =
    g_strdup_printf ("{\"variance_type\": \"%s\", \"clip_sample\": false}", variance);
  DiffusionModel *model;
  GError         *error = NULL;

  for (int i = 0; i < 2; i++)
    {
      char *path =
        g_test_build_filename (G_TEST_DIST, "data", "unet-resnet", "unet", names[i], NULL);
      char *contents;
      gsize length;

      g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
      maker_write (folder, names[i], contents, length);
      g_free (contents);
      g_free (path);
    }
  maker_write_text (folder, "scheduler_config.json", scheduler);
  model = diffusion_model_load (folder, &error);
  g_assert_no_error (error);
  maker_remove (folder);
  g_free (scheduler);
  g_free (folder);
  return model;
}

/* One evaluation of a picture that is smaller than a window. */
static void
predict (DiffusionModel *model, int n_channels, const float *x, float *out)
{
  DiffusionWorkers *workers = diffusion_workers_new (2);
  TiledModel *tiles = tiled_model_new (model, workers, 48, 40, n_channels, &cut, NULL, NULL, NULL);

  g_assert_true (tiled_model_predict (tiles, x, 300.0, out, NULL, NULL));
  tiled_model_free (tiles);
  diffusion_workers_free (workers);
}

/* The second half of the output follows the first, for a gray picture the mean of its three
 * planes as well; a scheduler that does not ask for it does not see it. */
static void
test_learned_variance (void)
{
  enum
  {
    SIZE_HERE = 48 * 40
  };
  DiffusionModel *learned = load_six_outputs ("learned_range");
  DiffusionModel *fixed = load_six_outputs ("fixed_small");
  float          *x = g_new (float, 3 * SIZE_HERE), *three = g_new (float, 3 * SIZE_HERE);
  float          *six = g_new (float, 6 * SIZE_HERE), gray[2 * SIZE_HERE];
  double          difference = 0.0;

  g_assert_cmpint (model_get_n_outputs (learned), ==, 6);
  g_assert_cmpint (model_get_n_outputs (fixed), ==, 3);
  for (int i = 0; i < 3 * SIZE_HERE; i++) /* three equal planes */
    x[i] = sinf (0.37f * (i % SIZE_HERE));
  predict (fixed, 3, x, three);
  predict (learned, 3, x, six);
  predict (learned, 1, x, gray);
  g_assert_cmpmem (three, 3 * SIZE_HERE * sizeof (float), six, 3 * SIZE_HERE * sizeof (float));
  for (int half = 0; half < 2; half++)
    for (int i = 0; i < SIZE_HERE; i++)
      {
        const float *p = six + 3 * half * SIZE_HERE + i;

        g_assert_cmpfloat_with_epsilon (gray[half * SIZE_HERE + i],
                                        (p[0] + p[SIZE_HERE] + p[2 * SIZE_HERE]) / 3.0f, 1e-6f);
      }
  for (int i = 0; i < 3 * SIZE_HERE; i++)
    difference = MAX (difference, fabs (six[i] - six[3 * SIZE_HERE + i]));
  g_assert_cmpfloat (difference, >, 1e-3);
  g_free (x);
  g_free (three);
  g_free (six);
  diffusion_model_free (learned);
  diffusion_model_free (fixed);
}

/* A network without room for it is refused by the key's name. */
static void
test_no_room (void)
{
  char   *folder = maker_new_model ();
  GError *error = NULL;

  maker_write_text (folder, MAKER_SCHEDULER, "{\"variance_type\": \"learned_range\"}");
  g_assert_null (diffusion_model_load (folder, &error));
  maker_assert_refused (error, "*“variance_type” is \"learned_range\"*“out_channels”*");
  maker_remove (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tiled-model/small", test_small);
  g_test_add_func ("/tiled-model/mirror", test_mirror);
  g_test_add_func ("/tiled-model/learned-variance", test_learned_variance);
  g_test_add_func ("/tiled-model/no-room-for-variance", test_no_room);
  return g_test_run ();
}
