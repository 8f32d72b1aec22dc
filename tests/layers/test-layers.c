/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-layers.c: convolutions, group normalisation and attention, with every table
 * of kernels, against their definitions in double precision, one element at a
 * time.
 */
#include <string.h>

#include "layers/attention.h"
#include "layers/convolve.h"
#include "support/numbers.h"
#include "support/tables.h"

static const int channel_counts[] = { 1, 3, 7, 12, 16, 28, 33, 96 };

static Map *
map_new (GRand *rand, int width, int height, int channels, double scale, double mean)
{
  Map        *map = g_new0 (Map, 1);
  const gsize n = (gsize) width * height;

  map->width = width;
  map->height = height;
  map->channels = channels;
  map->stride = KERNEL_PAD (channels);
  map->data = aligned_new (n * map->stride, NULL);
  map->moments = g_new0 (double, 2 * map->stride);
  for (gsize i = 0; rand && i < n; i++)
    for (int c = 0; c < channels; c++)
      map->data[i * map->stride + c] = mean + g_rand_double_range (rand, -scale, scale);
  return map;
}

static void
map_free (Map *map)
{
  if (!map)
    return;
  aligned_free (map->data);
  g_free (map->moments);
  g_free (map);
}

static double
map_get (const Map *map, int x, int y, int c)
{
  return map->data[((gsize) y * map->width + x) * map->stride + c];
}

static void
workspace_init (Workspace           *workspace,
                const Kernels       *kernels,
                int                  n_workers,
                const WorkspaceSize *size)
{
  workspace->kernels = kernels;
  workspace->size = *size;
  workspace->scratch = aligned_new (size->scratch * n_workers, NULL);
  workspace->shared = aligned_new (size->shared, NULL);
  workspace->stats = aligned_new (size->stats, NULL);
}

static void
workspace_clear (Workspace *workspace)
{
  aligned_free (workspace->scratch);
  aligned_free (workspace->shared);
  aligned_free (workspace->stats);
}

static gboolean
next_pass (gpointer data, WorkersPhase *pass)
{
  return phases_next (data, pass);
}

/* Does all of a layer. Returns FALSE when cancelled. */
static gboolean
run_passes (Phases *passes, int n_workers, GCancellable *cancel)
{
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  const gboolean    done = workers_run_passes (workers, next_pass, passes, cancel);

  phases_clear (passes);
  diffusion_workers_free (workers);
  return done;
}

/* The moments of a map by their definition. */
static void
assert_moments (const Map *map)
{
  const double n = (double) map->width * map->height;

  for (int c = 0; c < map->channels; c++)
    {
      double mean = 0.0, spread = 0.0, size = 0.0;

      for (int y = 0; y < map->height; y++)
        for (int x = 0; x < map->width; x++)
          mean += map_get (map, x, y, c) / n;
      for (int y = 0; y < map->height; y++)
        for (int x = 0; x < map->width; x++)
          spread += pow (map_get (map, x, y, c) - mean, 2.0);
      size = sqrt (spread / n);
      g_assert_cmpfloat (fabs (map->moments[c] - mean), <=, 1e-6 * (fabs (mean) + size));
      g_assert_cmpfloat (fabs (map->moments[map->stride + c] - spread), <=,
                         1e-4 * spread + 1e-12 * n * mean * mean);
    }
}

typedef struct
{
  int    width, height; /* of the result */
  int    in[2];         /* channels; the second 0: one source */
  int    out;
  int    stride; /* 1 or 2 */
  int    padding;
  int    residual; /* 0, 1: as it is, 2: by a 1×1 convolution */
  int    upsample, norm;
  double scale, mean;
} Shape;

/* What a layer should give, one element at a time. */
static double
expected_value (const ConvolutionJob *job,
                const Shape          *shape,
                const float          *weights,
                const float          *shortcut,
                int                   x,
                int                   y,
                int                   out)
{
  const int in_channels = shape->in[0] + shape->in[1];
  double    sum = job->bias[out];

  for (int dy = 0; dy < 3; dy++)
    for (int dx = 0; dx < 3; dx++)
      {
        int in_x = x * shape->stride + dx - shape->padding;
        int in_y = y * shape->stride + dy - shape->padding;

        if (shape->upsample)
          {
            in_x = (in_x + 2) / 2 - 1; /* rounded down */
            in_y = (in_y + 2) / 2 - 1;
          }
        if (in_x < 0 || in_y < 0 || in_x >= job->sources[0]->width ||
            in_y >= job->sources[0]->height)
          continue;
        for (int c = 0, place = 0; c < in_channels; c++)
          {
            const int second = c >= shape->in[0];
            double    v = map_get (job->sources[second], in_x, in_y, second ? c - shape->in[0] : c);

            place = second ? job->sources[0]->stride + c - shape->in[0] : c;
            if (shape->norm)
              {
                v = v * job->scale[place] + job->shift[place];
                v = v / (1.0 + exp (-v));
              }
            sum += v * weights[((out * in_channels + c) * 3 + dy) * 3 + dx];
          }
      }

  if (shape->residual == 1)
    sum += map_get (job->residual, x, y, out);
  if (shape->residual == 2)
    for (int c = 0; c < in_channels; c++)
      {
        const int second = c >= shape->in[0];

        sum += shortcut[out * in_channels + c] *
               map_get (job->shortcut_sources[second], x, y, second ? c - shape->in[0] : c);
      }
  return sum * job->factor;
}

static Convolution *
layer_new (ConvolutionKind   kind,
           ConvolutionMethod method,
           int               out,
           const int        *parts,
           int               n_parts,
           const float      *weights,
           const float      *bias)
{
  GError      *error = NULL;
  Convolution *layer = convolution_new (kind, out, parts, n_parts);

  convolution_choose (layer, method);
  convolution_prepare (layer, &error);
  g_assert_no_error (error);
  convolution_pack (layer, 0, out, weights);
  for (int i = 0; bias && i < out; i++)
    layer->bias[i] = bias[i];
  return layer;
}

static void
check_method (GRand *rand, const Kernels *kernels, ConvolutionMethod method, const Shape *shape)
{
  const int       n_parts = shape->in[1] ? 2 : 1;
  const int       in_channels = shape->in[0] + shape->in[1];
  const int       width = shape->upsample ? shape->width / 2 : shape->width * shape->stride;
  const int       height = shape->upsample ? shape->height / 2 : shape->height * shape->stride;
  ConvolutionKind kind = shape->stride == 1    ? CONVOLUTION_SAME
                         : shape->padding == 1 ? CONVOLUTION_HALVING
                                               : CONVOLUTION_HALVING_CORNER;
  float *weights = random_new (rand, 9 * shape->out * in_channels, 1.0 / sqrt (3.0 * in_channels));
  float *point = random_new (rand, shape->out * in_channels, 1.0 / sqrt (in_channels));
  float *bias = random_new (rand, shape->out, shape->scale);
  Map   *sources[2] = { map_new (rand, width, height, shape->in[0], shape->scale, shape->mean),
                        NULL };
  Map   *residual = map_new (rand, shape->width, shape->height, shape->out, shape->scale, 0.0);
  Map   *result = map_new (NULL, shape->width, shape->height, shape->out, 0.0, 0.0);
  const gsize  n = (gsize) shape->width * shape->height * result->stride;
  float       *expected = aligned_new (n, NULL);
  float       *scale, *shift;
  Convolution *convolution =
    layer_new (kind, method, shape->out, shape->in, n_parts, weights, bias);
  Convolution *shortcut = layer_new (
    CONVOLUTION_POINT,
    method == CONVOLUTION_METHOD_BF16X2 ? CONVOLUTION_METHOD_BF16X2 : CONVOLUTION_METHOD_DIRECT,
    shape->out, shape->in, n_parts, point, NULL);
  ConvolutionJob job = { 0 };
  WorkspaceSize  size;
  Workspace      workspace;
  Phases         passes;

  if (n_parts == 2)
    sources[1] = map_new (rand, width, height, shape->in[1], shape->scale, shape->mean);
  scale = random_new (rand, convolution->n_in, 1.0);
  shift = random_new (rand, convolution->n_in, shape->scale);
  /* As norm_prepare leaves it. */
  for (int i = 0, at = 0; i < n_parts; at += sources[i]->stride, i++)
    for (int c = shape->in[i]; c < sources[i]->stride; c++)
      scale[at + c] = shift[at + c] = 0.0f;

  job.convolution = convolution;
  job.n_sources = n_parts;
  job.sources[0] = sources[0];
  job.sources[1] = sources[1];
  job.upsample = shape->upsample;
  job.scale = shape->norm ? scale : NULL;
  job.activation = ACTIVATION_SILU;
  job.shift = shape->norm ? shift : NULL;
  job.bias = convolution->bias;
  job.factor = shape->residual ? 0.5f : 1.0f;
  job.residual = shape->residual == 1 ? residual : NULL;
  job.shortcut = shape->residual == 2 ? shortcut : NULL;
  job.n_shortcut_sources = shape->residual == 2 ? n_parts : 0;
  job.shortcut_sources[0] = sources[0];
  job.shortcut_sources[1] = sources[1];
  job.result = result;

  convolution_size (convolution, job.shortcut, shape->width, shape->height, &size);
  workspace_init (&workspace, kernels, 2, &size);
  memset (result->data, 0xff, n * sizeof (float)); /* not a number */
  convolution_begin (&job, &workspace, &passes);
  g_assert_true (run_passes (&passes, 2, NULL));

  for (int y = 0; y < shape->height; y++)
    for (int x = 0; x < shape->width; x++)
      for (int c = 0; c < shape->out; c++)
        expected[((gsize) y * shape->width + x) * result->stride + c] =
          expected_value (&job, shape, weights, point, x, y, c);
  assert_close (result->data, expected, n, method == CONVOLUTION_METHOD_BF16X2 ? 1e-4 : 3e-5,
                "convolution");
  assert_moments (result);

  workspace_clear (&workspace);
  convolution_free (convolution);
  convolution_free (shortcut);
  aligned_free (weights);
  aligned_free (point);
  aligned_free (bias);
  aligned_free (scale);
  aligned_free (shift);
  aligned_free (expected);
  map_free (sources[0]);
  map_free (sources[1]);
  map_free (residual);
  map_free (result);
}

/* By every method that the kernels have. */
static void
check_layer (GRand *rand, const Kernels *kernels, const Shape *shape)
{
  check_method (rand, kernels, CONVOLUTION_METHOD_DIRECT, shape);
  if (shape->stride == 1)
    check_method (rand, kernels, CONVOLUTION_METHOD_WINOGRAD, shape);
  if (kernels->bf16x2_product)
    check_method (rand, kernels, CONVOLUTION_METHOD_BF16X2, shape);
}

/* Every remainder of the tiles, in maps of one tile up to several blocks. */
static void
test_sizes (Fixture *fixture)
{
  for (int width = 1; width <= 9; width++)
    for (int height = 1; height <= 9; height++)
      check_layer (fixture->rand, fixture->fast,
                   &(Shape) { width, height, { 3, 0 }, 7, 1, 1, width % 3, 0, 1, 1.0, 0.0 });
  for (int i = 0; i < 6; i++)
    check_layer (fixture->rand, fixture->fast,
                 &(Shape) { 30 + 7 * i, 41 + 5 * i, { 3, 0 }, 2, 1, 1, i % 3, 0, i % 2, 1.0, 0.0 });
}

static void
test_channels (Fixture *fixture)
{
  for (guint i = 0; i < G_N_ELEMENTS (channel_counts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (channel_counts); j++)
      {
        const int in = channel_counts[i], out = channel_counts[j];
        const int second = channel_counts[(i + j) % G_N_ELEMENTS (channel_counts)];

        check_layer (
          fixture->rand, fixture->fast,
          &(Shape) {
            6, 5, { in, (i + j) % 2 ? second : 0 }, out, 1, 1, i % 3, 0, j % 2, 1.0, 0.0 });
      }
}

static void
test_upsampling (Fixture *fixture)
{
  for (int width = 2; width <= 14; width += 2)
    for (int height = 2; height <= 14; height += 4)
      check_layer (fixture->rand, fixture->fast,
                   &(Shape) { width, height, { 28, 0 }, 12, 1, 1, 0, 1, 0, 1.0, 0.0 });
}

static void
test_halving (Fixture *fixture)
{
  for (int width = 1; width <= 14; width++)
    for (guint i = 0; i < G_N_ELEMENTS (channel_counts); i++)
      check_layer (fixture->rand, fixture->fast,
                   &(Shape) { width,
                              1 + (width + i) % 5,
                              { channel_counts[i], 0 },
                              channel_counts[width % 8],
                              2,
                              (width + i) % 2,
                              0,
                              0,
                              0,
                              1.0,
                              0.0 });
  check_layer (fixture->rand, fixture->fast,
               &(Shape) { 65, 40, { 3, 0 }, 3, 2, 1, 0, 0, 0, 1.0, 0.0 });
}

/* Large and tiny values; values far from zero, whose spread is small. */
static void
test_magnitudes (Fixture *fixture)
{
  static const double scales[] = { 1e-20, 1e-6, 1e3, 1e12 };

  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    for (int stride = 1; stride <= 2; stride++)
      {
        check_layer (fixture->rand, fixture->fast,
                     &(Shape) { 6, 7, { 12, 0 }, 12, stride, 1, 0, 0, 0, scales[i], 0.0 });
        check_layer (
          fixture->rand, fixture->fast,
          &(Shape) { 6, 7, { 12, 0 }, 12, stride, 1, 0, 0, 0, scales[i], 10.0 * scales[i] });
      }
}

/* A run that is cancelled in the middle ends the blocks that are under way and
 * begins no other. */
#define CANCEL_WIDTH      128
#define CANCEL_HEIGHT     96
#define CANCEL_BLOCK_ROWS 8 /* a block is 64 × 8 pixels */
#define CANCEL_ROWS       (CANCEL_WIDTH / 64 * CANCEL_HEIGHT)

static const Kernels *counted;
static GCancellable  *counted_cancel;
static int            cancel_at;    /* row of a block */
static int            n_rows;       /* atomic */
static int            rows_at_stop; /* atomic */

static void
count_row (float        *map,
           gsize         pixel,
           int           n_pixels,
           int           n_channels,
           const float  *residual,
           const Finish *finish)
{
  if (g_atomic_int_add (&n_rows, 1) + 1 == cancel_at)
    {
      g_cancellable_cancel (counted_cancel);
      g_atomic_int_set (&rows_at_stop, g_atomic_int_get (&n_rows));
    }
  counted->finish (map, pixel, n_pixels, n_channels, residual, finish);
}

static void
test_cancel (Fixture *fixture)
{
  static const int at[] = { 1, CANCEL_BLOCK_ROWS, 77, CANCEL_ROWS - 4 * CANCEL_BLOCK_ROWS };
  const int        channels = 32;
  const gboolean   split = fixture->fast->bf16x2_product != NULL;
  float           *weights = random_new (fixture->rand, 9 * channels * channels, 0.1);
  Convolution     *convolution =
    layer_new (CONVOLUTION_SAME, split ? CONVOLUTION_METHOD_BF16X2 : CONVOLUTION_METHOD_DIRECT,
               channels, &channels, 1, weights, NULL);
  Map           *source = map_new (fixture->rand, CANCEL_WIDTH, CANCEL_HEIGHT, channels, 1.0, 0.0);
  Map           *result = map_new (NULL, CANCEL_WIDTH, CANCEL_HEIGHT, channels, 0.0, 0.0);
  ConvolutionJob job = { .convolution = convolution,
                         .sources = { source },
                         .n_sources = 1,
                         .bias = convolution->bias,
                         .factor = 1.0f,
                         .result = result };
  Kernels        table = *fixture->fast;
  WorkspaceSize  size;
  Workspace      workspace;
  Phases         passes;

  counted = fixture->fast;
  table.finish = count_row;
  convolution_size (convolution, NULL, CANCEL_WIDTH, CANCEL_HEIGHT, &size);
  for (int n = 1; n <= 3; n++)
    for (guint i = 0; i < G_N_ELEMENTS (at); i++)
      {
        cancel_at = at[i];
        n_rows = rows_at_stop = 0;
        workspace_init (&workspace, &table, n, &size);
        counted_cancel = g_cancellable_new ();
        convolution_begin (&job, &workspace, &passes);
        g_assert_false (run_passes (&passes, n, counted_cancel));
        g_assert_cmpint (rows_at_stop, >=, at[i]);
        g_assert_cmpint (n_rows, <=, rows_at_stop + n * CANCEL_BLOCK_ROWS);
        g_assert_cmpint (n_rows, <, CANCEL_ROWS);
        g_object_unref (counted_cancel);
        workspace_clear (&workspace);
      }
  map_free (source);
  map_free (result);
  convolution_free (convolution);
  aligned_free (weights);
}

/* GroupNorm by its definition, over one map and over two whose groups straddle. */
static void
test_norm (void)
{
  GRand     *rand = g_rand_new_with_seed (3);
  Map       *a = map_new (rand, 5, 3, 10, 1.0, 30.0);
  Map       *b = map_new (rand, 5, 3, 14, 0.01, -2.0);
  const Map *maps[] = { a, b };
  Norm       norm = { .n_groups = 3, .channels = 24, .epsilon = 1e-5 };
  float      scale[32], shift[32];

  norm.gamma = random_new (rand, 24, 2.0);
  norm.beta = random_new (rand, 24, 2.0);
  for (int i = 0; i < 2; i++)
    for (int c = 0; c < maps[i]->channels; c++)
      {
        double mean = 0.0, spread = 0.0;

        for (int p = 0; p < 15; p++)
          mean += map_get (maps[i], p % 5, p / 5, c) / 15;
        for (int p = 0; p < 15; p++)
          spread += pow (map_get (maps[i], p % 5, p / 5, c) - mean, 2.0);
        maps[i]->moments[c] = mean;
        maps[i]->moments[maps[i]->stride + c] = spread;
      }
  norm_prepare (&norm, maps, 2, scale, shift);

  for (int g = 0; g < 3; g++)
    {
      double mean = 0.0, variance = 0.0;

      for (int pass = 0; pass < 3; pass++)
        for (int c = 8 * g; c < 8 * g + 8; c++)
          for (int p = 0; p < 15; p++)
            {
              const Map *map = c < 10 ? a : b;
              const int  place = c < 10 ? c : 16 + c - 10;
              double     v = map_get (map, p % 5, p / 5, c < 10 ? c : c - 10);

              if (pass == 0)
                mean += v / (8 * 15);
              else if (pass == 1)
                variance += pow (v - mean, 2.0) / (8 * 15);
              else
                g_assert_cmpfloat (
                  fabs (v * scale[place] + shift[place] -
                        ((v - mean) / sqrt (variance + 1e-5) * norm.gamma[c] + norm.beta[c])),
                  <=, 2e-4);
            }
    }
  for (int c = 10; c < 16; c++)
    g_assert_true (scale[c] == 0.0f && shift[c] == 0.0f);

  aligned_free (norm.gamma);
  aligned_free (norm.beta);
  map_free (a);
  map_free (b);
  g_rand_free (rand);
}

/* Attention by its definition, over more keys and queries than one stretch. */
static void
test_attention (Fixture *fixture)
{
  static const struct
  {
    int width, height, channels, heads;
  } shapes[] = { { 1, 1, 4, 1 }, { 3, 5, 12, 3 }, { 9, 8, 28, 1 }, { 31, 19, 8, 2 } };

  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++)
    {
      const int    c = shapes[s].channels, n = shapes[s].width * shapes[s].height;
      const int    depth = c / shapes[s].heads;
      Map         *source = map_new (fixture->rand, shapes[s].width, shapes[s].height, c, 1.0, 0.0);
      Map         *result = map_new (NULL, shapes[s].width, shapes[s].height, c, 0.0, 0.0);
      float       *scale = random_new (fixture->rand, source->stride, 2.0);
      float       *shift = random_new (fixture->rand, source->stride, 1.0);
      float       *weights[4], *biases[4];
      Convolution *layers[4];
      double      *rows[3], *sums = g_new0 (double, (gsize) n *c);
      float       *expected = aligned_new ((gsize) n * source->stride, NULL);
      Attention    attention;
      AttentionJob job = { .attention = &attention,
                           .source = source,
                           .scale = scale,
                           .shift = shift,
                           .factor = 0.5f,
                           .result = result };
      WorkspaceSize size;
      Workspace     workspace;
      Phases        passes;

      for (int i = c; i < source->stride; i++)
        scale[i] = shift[i] = 0.0f;
      for (int i = 0; i < 4; i++)
        {
          weights[i] = random_new (fixture->rand, c * c, 1.0);
          biases[i] = random_new (fixture->rand, c, 1.0);
          layers[i] = layer_new (CONVOLUTION_POINT, CONVOLUTION_METHOD_DIRECT, c, &c, 1, weights[i],
                                 biases[i]);
        }
      attention = (Attention) { shapes[s].heads, layers[0], layers[1], layers[2], layers[3] };
      attention_size (&attention, shapes[s].width, shapes[s].height, &size);
      workspace_init (&workspace, fixture->fast, 2, &size);
      attention_begin (&job, &workspace, &passes);
      g_assert_true (run_passes (&passes, 2, NULL));

      for (int i = 0; i < 3; i++)
        {
          rows[i] = g_new0 (double, (gsize) n *c);
          for (int p = 0; p < n; p++)
            for (int out = 0; out < c; out++)
              {
                rows[i][p * c + out] = biases[i][out];
                for (int in = 0; in < c; in++)
                  rows[i][p * c + out] +=
                    ((double) source->data[p * source->stride + in] * scale[in] + shift[in]) *
                    weights[i][out * c + in];
              }
        }
      for (int head = 0; head < shapes[s].heads; head++)
        for (int q = 0; q < n; q++)
          {
            double total = 0.0, *sum = sums + q * c + head * depth;

            for (int key = 0; key < n; key++)
              {
                double score = 0.0, weight;

                for (int i = head * depth; i < (head + 1) * depth; i++)
                  score += rows[0][q * c + i] * rows[1][key * c + i];
                weight = exp (score / sqrt (depth));
                total += weight;
                for (int i = 0; i < depth; i++)
                  sum[i] += weight * rows[2][key * c + head * depth + i];
              }
            for (int i = 0; i < depth; i++)
              sum[i] /= total;
          }
      for (int p = 0; p < n; p++)
        for (int out = 0; out < c; out++)
          {
            double v = biases[3][out] + source->data[p * source->stride + out];

            for (int in = 0; in < c; in++)
              v += sums[p * c + in] * weights[3][out * c + in];
            expected[p * source->stride + out] = 0.5 * v;
          }
      assert_close (result->data, expected, (gsize) n * source->stride, 3e-5, "attention");
      assert_moments (result);

      for (int i = 0; i < 4; i++)
        {
          aligned_free (weights[i]);
          aligned_free (biases[i]);
          convolution_free (layers[i]);
          if (i < 3)
            g_free (rows[i]);
        }
      workspace_clear (&workspace);
      g_free (sums);
      aligned_free (expected);
      aligned_free (scale);
      aligned_free (shift);
      map_free (source);
      map_free (result);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tables_add ("/layers/sizes", test_sizes);
  tables_add ("/layers/channels", test_channels);
  tables_add ("/layers/upsampling", test_upsampling);
  tables_add ("/layers/halving", test_halving);
  tables_add ("/layers/cancel", test_cancel);
  tables_add ("/layers/magnitudes", test_magnitudes);
  tables_add ("/layers/attention", test_attention);
  g_test_add_func ("/layers/norm", test_norm);
  return g_test_run ();
}
