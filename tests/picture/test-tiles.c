/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-tiles.c: how a picture is cut into windows, and what of the network comes through.
 */
#include <math.h>
#include <string.h>

#include "support/model-maker.h"
#include "model/tiled-model.h"

static const TilesCut cuts[] = { { 256, 48, 32 }, { 512, 96, 48 }, { 64, 32, 32 } };

/* Windows lie inside, overlap enough, and their weights are never negative and sum to 1
 * everywhere. */
static void
test_axis (void)
{
  static const int lengths[] = { 1, 16, 255, 256, 257, 777, 1155, 3000, 9001 };

  for (gsize c = 0; c < G_N_ELEMENTS (cuts); c++)
    for (gsize k = 0; k < G_N_ELEMENTS (lengths); k++)
      {
        const TilesCut *cut = &cuts[c];
        TilesAxis       axis = tiles_axis (lengths[k], cut);

        g_assert_cmpint (axis.size, ==, MIN (lengths[k], cut->size));
        g_assert_cmpint (tiles_axis_start (&axis, 0), ==, 0);
        g_assert_cmpint (tiles_axis_start (&axis, axis.n - 1), ==, axis.length - axis.size);
        for (int i = 0; i + 1 < axis.n; i++)
          {
            int start = tiles_axis_start (&axis, i), next = tiles_axis_start (&axis, i + 1);

            g_assert_cmpint (next, >, start);
            g_assert_cmpint (start + axis.size - next, >=, cut->overlap);
          }
        for (int x = 0; x < axis.length; x++)
          {
            float sum = 0.0f;

            for (int i = 0; i < axis.n; i++)
              {
                int   start = tiles_axis_start (&axis, i);
                float weight = tiles_axis_weight (&axis, i, x);

                g_assert_cmpfloat (weight, >=, 0.0f);
                if (x < start || x >= start + axis.size)
                  g_assert_cmpfloat (weight, ==, 0.0f);
                sum += weight;
              }
            g_assert_cmpfloat_with_epsilon (sum, 1.0f, 1e-6f);
          }
      }
}

/* Evaluated pixels for each pixel of the picture. */
static double
waste (int width, int height, const TilesCut *cut)
{
  TilesAxis across = tiles_axis (width, cut), down = tiles_axis (height, cut);

  return (double) across.n * down.n * cut->size * cut->size / ((double) width * height);
}

/* The cost grows as the area does: a megapixel costs as much in a picture of one as in
 * one of 24 or 60. */
static void
test_linear (void)
{
  static const int sizes[][2] = { { 1000, 1000 }, { 1024, 1024 }, { 1152, 864 },  { 1224, 816 },
                                  { 2448, 1632 }, { 3464, 2309 }, { 6000, 4000 }, { 9504, 6336 } };
  double           least = G_MAXDOUBLE, most = 0.0;

  for (gsize k = 0; k < G_N_ELEMENTS (sizes); k++)
    {
      double w = waste (sizes[k][0], sizes[k][1], &cuts[0]);

      g_test_message ("%d x %d: %.3f", sizes[k][0], sizes[k][1], w);
      least = MIN (least, w);
      most = MAX (most, w);
    }
  g_assert_cmpfloat (most, <, 1.1 * least);
}

/* Blended windows of a picture are the picture. */
static void
test_blend (void)
{
  enum
  {
    WIDTH = 1200,
    HEIGHT = 530,
    SIZE = WIDTH * HEIGHT
  };
  TilesAxis across = tiles_axis (WIDTH, &cuts[0]), down = tiles_axis (HEIGHT, &cuts[0]);
  float    *picture = g_new (float, 2 * SIZE), *blended = g_new0 (float, 2 * SIZE);
  float    *window = g_new (float, 2 * across.size * down.size);

  for (int i = 0; i < 2 * SIZE; i++)
    picture[i] = sinf (0.01f * i);
  for (int j = 0; j < down.n; j++)
    for (int i = 0; i < across.n; i++)
      {
        for (int c = 0; c < 2; c++)
          for (int y = 0; y < down.size; y++)
            memcpy (window + (c * down.size + y) * across.size,
                    picture + (c * HEIGHT + tiles_axis_start (&down, j) + y) * WIDTH +
                      tiles_axis_start (&across, i),
                    across.size * sizeof (float));
        tiles_blend (&across, i, &down, j, 2, window, blended, 0, HEIGHT);
      }
  for (int i = 0; i < 2 * SIZE; i++)
    g_assert_cmpfloat_with_epsilon (blended[i], picture[i], 1e-6f);
  g_free (picture);
  g_free (blended);
  g_free (window);
}

static void
assert_area (DiffusionRect region, int context, int x, int y, int width, int height)
{
  DiffusionRect area = tiles_area (&region, context, 1, 16, 1000, 70);

  g_assert_cmpint (area.x, ==, x);
  g_assert_cmpint (area.y, ==, y);
  g_assert_cmpint (area.width, ==, width);
  g_assert_cmpint (area.height, ==, height);
}

/* In a picture of 1000 × 70 */
static void
test_area (void)
{
  assert_area ((DiffusionRect) { 100, 20, 32, 16 }, 8, 92, 12, 48, 32);
  assert_area ((DiffusionRect) { 100, 20, 33, 17 }, 8, 92, 12, 64, 48);
  assert_area ((DiffusionRect) { 100, 40, 33, 17 }, 8, 92, 22, 64, 48); /* backwards, too */
  assert_area ((DiffusionRect) { 0, 0, 1, 1 }, 32, 0, 0, 48, 48);
  assert_area ((DiffusionRect) { 990, 69, 10, 1 }, 4096, 0, 0, 1000,
               70); /* all picture, as it is */
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
  TiledModel       *tiles = tiled_model_new (model, workers, width, height, n_channels, &cuts[2], y,
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
        if (width <= cuts[2].size)
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
  TiledModel       *tiles =
    tiled_model_new (model, workers, 48, 40, n_channels, &cuts[2], NULL, NULL, NULL);

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
  g_test_add_func ("/tiles/axis", test_axis);
  g_test_add_func ("/tiles/linear", test_linear);
  g_test_add_func ("/tiles/blend", test_blend);
  g_test_add_func ("/tiles/area", test_area);
  g_test_add_func ("/tiles/mirror", test_mirror);
  g_test_add_func ("/tiles/learned-variance", test_learned_variance);
  g_test_add_func ("/tiles/no-room-for-variance", test_no_room);
  return g_test_run ();
}
