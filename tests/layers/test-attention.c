/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-attention.c: attention with every table of kernels, against its definition in
 * double precision.
 */
#include "layers/attention.h"
#include "support/maps.h"
#include "support/tables.h"

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
      Phases        phases;

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
      attention_begin (&job, &workspace, &phases);
      g_assert_true (run_phases (&phases, 2, NULL));

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
  tables_add ("/attention/definition", test_attention);
  return g_test_run ();
}
