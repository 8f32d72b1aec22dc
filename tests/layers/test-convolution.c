/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-convolution.c: convolutions by each method, with every table of kernels, against
 * their definition in double precision, one element at a time.
 */
#include "layers/convolve.h"
#include "support/maps.h"
#include "support/tables.h"

static const int channel_counts[] = { 1, 3, 7, 12, 16, 28, 33, 96 };

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

static void
run (const ConvolutionJob *job, const Kernels *kernels)
{
  const Map    *result = job->result;
  const gsize   n = (gsize) result->width * result->height * result->stride;
  WorkspaceSize size;
  Workspace     workspace;
  Phases        phases;

  convolution_size (job->convolution, job->shortcut, result->width, result->height, &size);
  workspace_init (&workspace, kernels, 2, &size);
  memset (result->data, 0xff, n * sizeof (float)); /* not a number */
  convolution_begin (job, &workspace, &phases);
  g_assert_true (run_phases (&phases, 2, NULL));
  workspace_clear (&workspace);
}

/* What single bfloat16 lose is a matter of chance: the whole is near, and each number as the
 * reference makes it by the same method. */
static void
check_bf16 (const ConvolutionJob *job, const float *expected, gsize n)
{
  Map   *result = job->result;
  double error = 0.0, size = 0.0;
  float *values = g_memdup2 (result->data, n * sizeof *values);

  for (gsize i = 0; i < n; i++)
    {
      error += (values[i] - expected[i]) * (values[i] - expected[i]);
      size += expected[i] * expected[i];
    }
  g_assert_cmpfloat (sqrt (error), <=, 0.1 * sqrt (size) + 1e-12);

  run (job, &kernels_reference);
  assert_close (values, result->data, n, 2e-2, "convolution in bfloat16");
  g_free (values);
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

  run (&job, kernels);
  for (int y = 0; y < shape->height; y++)
    for (int x = 0; x < shape->width; x++)
      for (int c = 0; c < shape->out; c++)
        expected[((gsize) y * shape->width + x) * result->stride + c] =
          expected_value (&job, shape, weights, point, x, y, c);
  assert_moments (result);
  if (method == CONVOLUTION_METHOD_WINOGRAD_BF16)
    check_bf16 (&job, expected, n);
  else
    assert_close (result->data, expected, n, method == CONVOLUTION_METHOD_BF16X2 ? 1e-4 : 3e-5,
                  "convolution");

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
  if (shape->stride == 1 && kernels->bf16_product)
    check_method (rand, kernels, CONVOLUTION_METHOD_WINOGRAD_BF16, shape);
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
  Phases         phases;

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
        convolution_begin (&job, &workspace, &phases);
        g_assert_false (run_phases (&phases, n, counted_cancel));
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tables_add ("/convolution/sizes", test_sizes);
  tables_add ("/convolution/channels", test_channels);
  tables_add ("/convolution/upsampling", test_upsampling);
  tables_add ("/convolution/halving", test_halving);
  tables_add ("/convolution/cancel", test_cancel);
  tables_add ("/convolution/magnitudes", test_magnitudes);
  return g_test_run ();
}
