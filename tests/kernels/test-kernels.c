/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-kernels.c: every fast kernel that this processor can run against the
 * reference, on random and awkward shapes.
 */
#include <string.h>

#include "support/numbers.h"
#include "support/tables.h"

static void
test_product (Fixture *fixture)
{
  for (int rows = 1; rows <= 30; rows++)
    for (int panels = 1; panels <= 5; panels++)
      for (int add = 0; add < 2; add++)
        {
          const int   k[] = { g_rand_int_range (fixture->rand, 1, 40), 16 };
          const int   columns = panels * KERNEL_CHUNK;
          const gsize b_panel = 56 * KERNEL_CHUNK;
          float      *a = random_new (fixture->rand, rows * 64, 1.0);
          float      *b = random_new (fixture->rand, panels * b_panel, 1.0);
          float      *fast = random_new (fixture->rand, rows * (columns + 16), 1.0);
          float      *slow = aligned_new (rows * (columns + 16), NULL);
          ProductTerm terms[] = {
            { a, 64, b, k[0] },
            { a + 48, rows > 1 ? 64 : 0, b + 40 * KERNEL_CHUNK, k[1] },
          };

          memcpy (slow, fast, rows * (columns + 16) * sizeof *fast);
          fixture->fast->product (fast, columns + 16, rows, columns, terms, 2, b_panel, add);
          kernels_reference.product (slow, columns + 16, rows, columns, terms, 2, b_panel, add);
          assert_close (fast, slow, rows * (columns + 16), 1e-5, "product");
          aligned_free (a);
          aligned_free (b);
          aligned_free (fast);
          aligned_free (slow);
        }
}

/* One element has the same bits whatever else is made with it. */
static void
test_product_cut (Fixture *fixture)
{
  const int   rows = 29, columns = 5 * KERNEL_CHUNK, k = 67;
  float      *a = random_new (fixture->rand, rows * 80, 1.0);
  float      *b = random_new (fixture->rand, k * columns, 1.0);
  float      *whole = aligned_new (rows * columns, NULL);
  float      *cut = aligned_new (rows * columns, NULL);
  ProductTerm term = { a, 80, b, k };

  fixture->fast->product (whole, columns, rows, columns, &term, 1, k * KERNEL_CHUNK, FALSE);
  for (int i = 0, n; i < rows; i += n)
    for (int panel = 0; panel < 5; panel++)
      {
        n = MIN (1 + i % 13, rows - i);
        term.a = a + i * 80;
        term.b = b + panel * k * KERNEL_CHUNK;
        fixture->fast->product (cut + i * columns + panel * KERNEL_CHUNK, columns, n, KERNEL_CHUNK,
                                &term, 1, k * KERNEL_CHUNK, FALSE);
      }
  g_assert_cmpmem (whole, rows * columns * sizeof *whole, cut, rows * columns * sizeof *cut);
  aligned_free (a);
  aligned_free (b);
  aligned_free (whole);
  aligned_free (cut);
}

static float
float_of_half (Bfloat16 half)
{
  const guint32 bits = (guint32) half << 16;
  float         x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

/* Split numbers: what is lost is at most 2^-17 of each. */
static void
test_bf16x2 (Fixture *fixture)
{
  static const double scales[] = { 1e-20, 1e-3, 1.0, 300.0, 1e20 };

  for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
    for (int n = 0; n <= 9; n++)
      for (int pair = 0; pair < 2; pair++)
        {
          float *first = random_new (fixture->rand, (n + 1) * 48, scales[s]);
          float *second = pair ? random_new (fixture->rand, (n + 1) * 48, scales[s]) : NULL;
          float *fast = aligned_new ((n + 1) * KERNEL_BF16X2, NULL);
          float *slow = aligned_new ((n + 1) * KERNEL_BF16X2, NULL);
          const Bfloat16 *high = (const Bfloat16 *) fast;

          fixture->fast->bf16x2 (fast, first, second, 48, n);
          kernels_reference.bf16x2 (slow, first, second, 48, n);
          g_assert_cmpmem (fast, (n + 1) * KERNEL_BF16X2 * sizeof *fast, slow,
                           (n + 1) * KERNEL_BF16X2 * sizeof *slow);
          for (int i = 0; i < n; i++)
            for (int c = 0; c < KERNEL_CHUNK; c++)
              {
                const Bfloat16 *place = high + 2 * i * KERNEL_BF16X2 + c;
                const float     x = first[i * 48 + c];
                const double    sum =
                  (double) float_of_half (place[0]) + float_of_half (place[KERNEL_BF16X2]);

                g_assert_cmpfloat (fabs (sum - x), <=, ldexp (fabs (x), -17));
              }
          aligned_free (first);
          aligned_free (second);
          aligned_free (fast);
          aligned_free (slow);
        }
}

/* Every remainder of the tiles of pixels and of the pairs of panels. */
static void
test_bf16x2_product (Fixture *fixture)
{
  for (int pixels = 1; pixels <= 35; pixels++)
    for (int variant = 0; variant < 3 * 3 * 2 * 2; variant++)
      {
        const int lines = 1 + variant % 3, panels = 1 + variant / 3 % 3, chunks = 1 + variant / 18;
        const gsize line = (2 * pixels + 3) * KERNEL_BF16X2, plane = (2 * lines + 2) * line;
        const gsize taps[] = { 0, KERNEL_BF16X2, line + 2 * KERNEL_BF16X2 };
        const gsize c_pixel = (panels + 1) * KERNEL_CHUNK, c_line = (pixels + 1) * c_pixel,
                    n = lines * c_line;
        const int     term = KERNEL_BF16X2 * KERNEL_CHUNK;
        float        *numbers = random_new (fixture->rand, chunks * plane, 1.0);
        float        *a = aligned_new (chunks * plane, NULL);
        float        *b = aligned_new (panels * 3 * chunks * term, NULL);
        float        *fast = random_new (fixture->rand, n, 1.0);
        float        *slow = aligned_new (n, NULL);
        Bf16x2Product product = { a,
                                  KERNEL_BF16X2 << variant / 9 % 2,
                                  line,
                                  plane,
                                  taps,
                                  3,
                                  chunks,
                                  b,
                                  3 * chunks * term,
                                  NULL,
                                  c_pixel,
                                  c_line,
                                  pixels,
                                  lines,
                                  panels,
                                  variant & 1 };

        kernels_reference.bf16x2 (a, numbers, numbers + KERNEL_CHUNK, KERNEL_BF16X2,
                                  chunks * plane / KERNEL_BF16X2);
        for (int i = 0; i < panels * 3 * chunks * term; i++)
          kernel_bf16x2_weight (b + i / term * term, i / KERNEL_CHUNK % KERNEL_BF16X2,
                                i % KERNEL_CHUNK, g_rand_double_range (fixture->rand, -1.0, 1.0));
        memcpy (slow, fast, n * sizeof *fast);
        product.c = fast;
        fixture->fast->bf16x2_product (&product);
        product.c = slow;
        kernels_reference.bf16x2_product (&product);
        assert_close (fast, slow, n, 1e-5, "bf16x2_product");
        aligned_free (numbers);
        aligned_free (a);
        aligned_free (b);
        aligned_free (fast);
        aligned_free (slow);
      }
}

/* Rounded to nearest, ties to even. */
static void
test_bf16 (Fixture *fixture)
{
  static const double scales[] = { 1e-20, 1e-3, 1.0, 300.0, 1e20 };

  for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
    for (int n = 0; n <= 9; n++)
      {
        float    *in = random_new (fixture->rand, (n + 1) * KERNEL_CHUNK, scales[s]);
        Bfloat16 *fast = (Bfloat16 *) aligned_new ((n + 1) * KERNEL_CHUNK, NULL);
        Bfloat16 *slow = (Bfloat16 *) aligned_new ((n + 1) * KERNEL_CHUNK, NULL);

        fixture->fast->bf16 (fast, 24, in, n);
        kernels_reference.bf16 (slow, 24, in, n);
        g_assert_cmpmem (fast, (n + 1) * 32, slow, (n + 1) * 32);
        for (int i = 0; i < n * KERNEL_CHUNK; i++)
          g_assert_cmpfloat (
            fabs (float_of_half (fast[i / KERNEL_CHUNK * 24 + i % KERNEL_CHUNK]) - in[i]), <=,
            ldexp (fabs (in[i]), -8));
        aligned_free (in);
        aligned_free ((float *) fast);
        aligned_free ((float *) slow);
      }
}

/* Every remainder of the tiles of rows and of the pairs of panels. */
static void
test_bf16_product (Fixture *fixture)
{
  for (int rows = 0; rows <= 27; rows++)
    for (int panels = 1; panels <= 5; panels++)
      for (int k = 16; k <= 80; k += 16)
        {
          const gsize c_stride = (panels + 1) * KERNEL_CHUNK, n = (rows + 1) * c_stride;
          const gsize a_stride = k + 16, b_panel = k * KERNEL_CHUNK + 32;
          float      *numbers = random_new (fixture->rand, (rows + 1) * a_stride, 1.0);
          Bfloat16   *a = (Bfloat16 *) aligned_new ((rows + 1) * a_stride, NULL);
          Bfloat16   *b = (Bfloat16 *) aligned_new (panels * b_panel, NULL);
          float      *fast = random_new (fixture->rand, n, 1.0);
          float      *slow = aligned_new (n, NULL);

          kernels_reference.bf16 (a, KERNEL_CHUNK, numbers, (rows + 1) * a_stride / KERNEL_CHUNK);
          for (gsize i = 0; i < panels * b_panel; i++)
            b[i] = kernel_bf16 (g_rand_double_range (fixture->rand, -1.0, 1.0));
          memcpy (slow, fast, n * sizeof *fast);
          fixture->fast->bf16_product (fast, c_stride, rows, panels * KERNEL_CHUNK, a, a_stride, b,
                                       k, b_panel);
          kernels_reference.bf16_product (slow, c_stride, rows, panels * KERNEL_CHUNK, a, a_stride,
                                          b, k, b_panel);
          assert_close (fast, slow, n, 1e-5, "bf16_product");
          aligned_free (numbers);
          aligned_free ((float *) a);
          aligned_free ((float *) b);
          aligned_free (fast);
          aligned_free (slow);
        }
}

static void
test_activate (Fixture *fixture)
{
  static const double scales[] = { 1e-30, 1e-3, 1.0, 20.0, 300.0 };

  for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
    for (int n = 0; n <= 9; n++)
      for (Activation f = ACTIVATION_IDENTITY; f <= ACTIVATION_RELU; f++)
        {
          float *in = random_new (fixture->rand, (n + 1) * 32, scales[s]);
          float *scale = random_new (fixture->rand, 16, 2.0);
          float *shift = random_new (fixture->rand, 16, scales[s]);
          float *fast = aligned_new ((n + 1) * 48, NULL);
          float *slow = aligned_new ((n + 1) * 48, NULL);

          fixture->fast->activate (fast, 48, in, 32, n, scale, shift, f);
          kernels_reference.activate (slow, 48, in, 32, n, scale, shift, f);
          assert_close (fast, slow, (n + 1) * 48, f == ACTIVATION_IDENTITY ? 1e-6 : 3e-6,
                        "activate");
          aligned_free (in);
          aligned_free (scale);
          aligned_free (shift);
          aligned_free (fast);
          aligned_free (slow);
        }
}

static void
test_copy (Fixture *fixture)
{
  for (int first = 0; first < 4; first++)
    for (int n = 0; n <= 9; n++)
      for (int enlarge = 0; enlarge < 2; enlarge++)
        {
          float *in = random_new (fixture->rand, 16 * 32, 1.0);
          float *fast = aligned_new ((n + 1) * 16, NULL);
          float *slow = aligned_new ((n + 1) * 16, NULL);

          fixture->fast->copy (fast, in, 32, first, n, enlarge);
          kernels_reference.copy (slow, in, 32, first, n, enlarge);
          assert_close (fast, slow, (n + 1) * 16, 0.0, "copy");
          aligned_free (in);
          aligned_free (fast);
          aligned_free (slow);
        }
}

/* SiLU and exp within 3e-7 of each value, over all that counts. */
static void
test_exp (Fixture *fixture)
{
  for (int n = 0; n < 40; n++)
    {
      float *x = random_new (fixture->rand, n + 1, 20.0);
      float *y = aligned_new (n + 1, NULL);

      memcpy (y, x, n * sizeof *x);
      fixture->fast->silu (y, n);
      for (int i = 0; i < n; i++)
        {
          double expected = x[i] / (1.0 + exp (-(double) x[i]));

          g_assert_cmpfloat (fabs (y[i] - expected), <=, 3e-7 * fabs (expected));
        }
      g_assert_cmpfloat (y[n], ==, 0.0f);

      memcpy (y, x, n * sizeof *x);
      g_assert_cmpfloat (
        fabs (fixture->fast->exp_sum (y, n, 20.0f) - kernels_reference.exp_sum (x, n, 20.0f)), <=,
        1e-6 * n);
      for (int i = 0; i < n; i++)
        g_assert_cmpfloat (fabs ((double) y[i] - x[i]), <=, 3e-7 * x[i]);
      aligned_free (x);
      aligned_free (y);
    }
}

/* Far out nothing overflows or turns into not-a-number. */
static void
test_extremes (Fixture *fixture)
{
  float x[] = { -1e30f, -1000.0f, -90.0f, -87.0f, 0.0f, 87.0f, 1000.0f, 1e30f };
  float y[] = { -1e38f, -200.0f, -87.5f, 0.0f };

  fixture->fast->silu (x, G_N_ELEMENTS (x));
  for (int i = 0; i < 4; i++)
    g_assert_cmpfloat (fabsf (x[i]), <, 1e-5f);
  g_assert_cmpfloat (fabsf (x[1]), <, 1e-34f);
  g_assert_cmpfloat (x[4], ==, 0.0f);
  g_assert_cmpfloat (x[5], ==, 87.0f);
  g_assert_cmpfloat (x[6], ==, 1000.0f);
  g_assert_cmpfloat (x[7], ==, 1e30f);

  g_assert_cmpfloat (fixture->fast->exp_sum (y, G_N_ELEMENTS (y), 0.0f), ==, 1.0f);
  g_assert_cmpfloat (y[0], <, 1e-37f);
}

/* Wherever rows begin; and no more than the limit once that is reached. */
static void
test_weighted_distance (Fixture *fixture)
{
  for (int n = KERNEL_CHUNK; n <= 3 * KERNEL_CHUNK; n += KERNEL_CHUNK)
    for (int rows = 1; rows <= 8; rows++)
      {
        const gsize b_row = 3 * KERNEL_CHUNK + 5;
        float      *a = random_new (fixture->rand, rows * n + 1, 100.0);
        float      *w = random_new (fixture->rand, rows * n + 1, 1.0);
        float      *b = random_new (fixture->rand, rows * b_row + 3, 100.0);
        double      slow, fast;

        for (int i = 0; i <= rows * n; i++)
          w[i] = fabsf (w[i]);
        slow = kernels_reference.weighted_distance (a + 1, w + 1, b + 3, b_row, rows, n, 1e30f);
        fast = fixture->fast->weighted_distance (a + 1, w + 1, b + 3, b_row, rows, n, 1e30f);
        g_assert_cmpfloat_with_epsilon (fast, slow, 1e-5 * slow);
        g_assert_cmpfloat (
          fixture->fast->weighted_distance (a + 1, w + 1, b + 3, b_row, rows, n, 0.3f * slow), >=,
          0.3f * slow);
        aligned_free (a);
        aligned_free (w);
        aligned_free (b);
      }
}

static void
test_winograd_input (Fixture *fixture)
{
  for (int tiles = 1; tiles <= 5; tiles++)
    {
      const gsize  row = (4 * tiles + 2) * KERNEL_CHUNK, n = 36 * (tiles * 32 + 16);
      float       *in = random_new (fixture->rand, 6 * row, 1.0);
      float       *fast = aligned_new (n, NULL);
      float       *slow = aligned_new (n, NULL);
      const float *rows[6];

      for (int i = 0; i < 6; i++)
        rows[i] = in + (i + tiles) % 6 * row;
      fixture->fast->winograd_input (fast + 16, tiles * 32 + 16, 32, rows, tiles);
      kernels_reference.winograd_input (slow + 16, tiles * 32 + 16, 32, rows, tiles);
      assert_close (fast, slow, n, 2e-6, "winograd_input");
      aligned_free (in);
      aligned_free (fast);
      aligned_free (slow);
    }
}

static void
test_winograd_output (Fixture *fixture)
{
  for (int variant = 0; variant < 4 * 4 * 2 * 3 * 2; variant++)
    {
      const int n_rows = 1 + variant % 4, n_columns = 1 + variant / 4 % 4;
      const int with_residual = variant / 16 % 2, channels = (1 + variant / 32 % 3) * KERNEL_CHUNK;
      const gsize pixel = channels + 16, row = 5 * pixel, size = 4 * row;
      float      *m = random_new (fixture->rand, 36 * (channels + 16), 1.0);
      float      *bias = random_new (fixture->rand, channels, 1.0);
      float      *residual = random_new (fixture->rand, size, 1.0);
      float      *fast = random_new (fixture->rand, size, 1.0);
      float      *slow = aligned_new (size, NULL);
      float      *fast_stats = random_new (fixture->rand, 3 * pixel, 1.0);
      float      *slow_stats = aligned_new (3 * pixel, NULL);
      Finish      fast_finish = { bias, 0.7f, fast_stats, pixel, variant / 96 };
      Finish      slow_finish = { bias, 0.7f, slow_stats, pixel, variant / 96 };

      memcpy (slow, fast, size * sizeof *fast);
      memcpy (slow_stats, fast_stats, 3 * pixel * sizeof *fast_stats);
      fixture->fast->winograd_output (fast, row, pixel, n_rows, n_columns, m, channels + 16,
                                      channels, with_residual ? residual : NULL, &fast_finish);
      kernels_reference.winograd_output (slow, row, pixel, n_rows, n_columns, m, channels + 16,
                                         channels, with_residual ? residual : NULL, &slow_finish);
      assert_close (fast, slow, size, 2e-6, "winograd_output");
      assert_close (fast_stats, slow_stats, 3 * pixel, 3e-6, "winograd_output, stats");
      aligned_free (m);
      aligned_free (bias);
      aligned_free (residual);
      aligned_free (fast);
      aligned_free (slow);
      aligned_free (fast_stats);
      aligned_free (slow_stats);
    }
}

static void
test_finish (Fixture *fixture)
{
  for (int variant = 0; variant < 2 * 2 * 2 * 8; variant++)
    {
      const int   n = variant / 8, channels = 32;
      const gsize pixel = 48, size = (n + 1) * pixel;
      float      *bias = random_new (fixture->rand, channels, 1.0);
      float      *residual = random_new (fixture->rand, size, 1.0);
      float      *fast = random_new (fixture->rand, size, 1.0);
      float      *slow = aligned_new (size, NULL);
      float      *fast_stats = random_new (fixture->rand, 3 * pixel, 1.0);
      float      *slow_stats = aligned_new (3 * pixel, NULL);
      Finish      fast_finish = { bias, 0.7f, variant & 1 ? fast_stats : NULL, pixel, variant & 2 };
      Finish      slow_finish = { bias, 0.7f, variant & 1 ? slow_stats : NULL, pixel, variant & 2 };

      memcpy (slow, fast, size * sizeof *fast);
      memcpy (slow_stats, fast_stats, 3 * pixel * sizeof *fast_stats);
      fixture->fast->finish (fast, pixel, n, channels, variant & 4 ? residual : NULL, &fast_finish);
      kernels_reference.finish (slow, pixel, n, channels, variant & 4 ? residual : NULL,
                                &slow_finish);
      assert_close (fast, slow, size, 1e-6, "finish");
      assert_close (fast_stats, slow_stats, 3 * pixel, 3e-6, "finish, stats");
      aligned_free (bias);
      aligned_free (residual);
      aligned_free (fast);
      aligned_free (slow);
      aligned_free (fast_stats);
      aligned_free (slow_stats);
    }
}

/* Whatever the mean is, up to a thousand times the spread; with and without channels
 * that only memory has. */
static void
test_layer_norm (Fixture *fixture)
{
  static const int    counts[] = { 1, 4, 15, 16, 20, 36, 48, 100, 384 };
  static const double means[] = { 0.0, 3.0, 1000.0 };

  for (guint k = 0; k < G_N_ELEMENTS (counts); k++)
    for (guint m = 0; m < G_N_ELEMENTS (means); m++)
      {
        const int   n = counts[k], pixels = 5;
        const gsize stride = KERNEL_PAD (n) + 16;
        float      *in = random_new (fixture->rand, pixels * stride, 1.0);
        float      *scale = random_new (fixture->rand, stride, 2.0);
        float      *shift = random_new (fixture->rand, stride, 1.0);
        float      *fast = aligned_new (pixels * stride, NULL);
        float      *slow = aligned_new (pixels * stride, NULL);

        for (int i = 0; i < pixels; i++)
          for (gsize c = 0; c < stride; c++)
            in[i * stride + c] = c < (gsize) n ? in[i * stride + c] + means[m] : 0.0f;
        for (gsize c = n; c < stride; c++)
          scale[c] = shift[c] = 0.0f;

        fixture->fast->layer_norm (fast, stride, in, stride, pixels, n, 1e-6f, scale, shift);
        kernels_reference.layer_norm (slow, stride, in, stride, pixels, n, 1e-6f, scale, shift);
        assert_close (fast, slow, pixels * stride, 2e-6 + 1e-6 * means[m], "layer_norm");
        for (int i = 0; i < pixels; i++)
          for (gsize c = n; c < stride; c++)
            g_assert_cmpfloat (fast[i * stride + c], ==, 0.0f);

        /* In place. */
        fixture->fast->layer_norm (in, stride, in, stride, pixels, n, 1e-6f, scale, shift);
        g_assert_cmpmem (in, pixels * stride * sizeof *in, fast, pixels * stride * sizeof *fast);
        aligned_free (in);
        aligned_free (scale);
        aligned_free (shift);
        aligned_free (fast);
        aligned_free (slow);
      }
}

static void
test_add_gated (Fixture *fixture)
{
  for (int n = 0; n <= 9; n++)
    for (int channels = 16; channels <= 48; channels += 16)
      {
        const gsize stride = channels + 16, size = (n + 1) * stride;
        float      *fast = random_new (fixture->rand, size, 1.0);
        float      *slow = aligned_new (size, NULL);
        float      *value = random_new (fixture->rand, size, 1.0);
        float      *bias = random_new (fixture->rand, channels, 1.0);
        float      *gate = random_new (fixture->rand, channels, 2.0);

        memcpy (slow, fast, size * sizeof *fast);
        fixture->fast->add_gated (fast, value, stride, n, channels, bias, gate);
        kernels_reference.add_gated (slow, value, stride, n, channels, bias, gate);
        assert_close (fast, slow, size, 1e-6, "add_gated");
        aligned_free (fast);
        aligned_free (slow);
        aligned_free (value);
        aligned_free (bias);
        aligned_free (gate);
      }
}

/* Every function is there; those of split numbers where they are preferred. */
static void
test_complete (Fixture *fixture)
{
  const Kernels *k = fixture->fast;

  g_assert_true (k->product && k->activate && k->copy && k->winograd_input && k->winograd_output &&
                 k->finish && k->layer_norm && k->add_gated && k->exp_sum && k->silu);
  g_assert_cmpint (k->bf16 != NULL, ==, k->prefers_bf16);
  g_assert_cmpint (k->bf16_product != NULL, ==, k->prefers_bf16);
  g_assert_cmpint (k->bf16x2 != NULL, ==, k->prefers_bf16x2);
  g_assert_cmpint (k->bf16x2_product != NULL, ==, k->prefers_bf16x2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tables_add ("/kernels/complete", test_complete);
  tables_add ("/kernels/product", test_product);
  tables_add ("/kernels/product-cut", test_product_cut);
  tables_add ("/kernels/activate", test_activate);
  tables_add ("/kernels/copy", test_copy);
  tables_add ("/kernels/exp", test_exp);
  tables_add ("/kernels/extremes", test_extremes);
  tables_add ("/kernels/weighted-distance", test_weighted_distance);
  tables_add ("/kernels/winograd-input", test_winograd_input);
  tables_add ("/kernels/winograd-output", test_winograd_output);
  tables_add ("/kernels/finish", test_finish);
  tables_add ("/kernels/layer-norm", test_layer_norm);
  tables_add ("/kernels/add-gated", test_add_gated);
  tables_add_one ("/kernels/bf16", "bf16", test_bf16);
  tables_add_one ("/kernels/bf16-product", "bf16", test_bf16_product);
  tables_add_one ("/kernels/bf16x2", "amx", test_bf16x2);
  tables_add_one ("/kernels/bf16x2-product", "amx", test_bf16x2_product);
  return g_test_run ();
}
