/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels-reference.c: the kernels as their formulas read, one element at a
 * time and in double precision. The truth that the fast ones are tested
 * against; the contracts are in kernels.h.
 */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

static void
reference_product (float             *c,
                   gsize              c_stride,
                   int                n_rows,
                   int                n_columns,
                   const ProductTerm *terms,
                   int                n_terms,
                   gsize              b_panel,
                   gboolean           add)
{
  for (int i = 0; i < n_rows; i++)
    for (int j = 0; j < n_columns; j++)
      {
        double sum = add ? c[i * c_stride + j] : 0.0;

        for (int t = 0; t < n_terms; t++)
          {
            const float *a = terms[t].a + i * terms[t].a_stride;
            const float *b = terms[t].b + j / KERNEL_CHUNK * b_panel + j % KERNEL_CHUNK;

            for (int l = 0; l < terms[t].k; l++)
              sum += (double) a[l] * b[l * KERNEL_CHUNK];
          }
        c[i * c_stride + j] = sum;
      }
}

static void
reference_activate (float       *out,
                    gsize        out_stride,
                    const float *in,
                    gsize        in_stride,
                    int          n_pixels,
                    const float *scale,
                    const float *shift,
                    Activation   activation)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < KERNEL_CHUNK; c++)
      {
        double v = (double) in[i * in_stride + c] * scale[c] + shift[c];

        out[i * out_stride + c] = activation_value (activation, v);
      }
}

static void
reference_copy (float *out, const float *in, gsize in_stride, int first, int n_pixels, int enlarge)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < KERNEL_CHUNK; c++)
      out[i * KERNEL_CHUNK + c] = in[((first + i) >> enlarge) * in_stride + c];
}

static void
reference_bf16x2 (float       *out,
                  const float *first,
                  const float *second,
                  gsize        in_stride,
                  int          n_pixels)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < KERNEL_CHUNK; c++)
      {
        Bfloat16 *high = (Bfloat16 *) (out + i * KERNEL_BF16X2) + c;

        kernel_bf16x2 (first[i * in_stride + c], high, high + KERNEL_BF16X2);
        high += KERNEL_CHUNK;
        kernel_bf16x2 (second ? second[i * in_stride + c] : 0.0f, high, high + KERNEL_BF16X2);
      }
}

static double
from_bfloat16 (Bfloat16 half)
{
  const guint32 bits = (guint32) half << 16;
  float         x;

  memcpy (&x, &bits, sizeof x);
  return x;
}

/* One tap of one chunk for column j of a panel. */
static double
bf16x2_term (const float *a, const float *b, int j)
{
  const Bfloat16 *a_high = (const Bfloat16 *) a;
  const Bfloat16 *b_high = (const Bfloat16 *) b;
  double          sum = 0.0;

  for (int l = 0; l < KERNEL_BF16X2; l++)
    {
      const int    at = (l / 2 * KERNEL_CHUNK + j) * 2 + l % 2;
      const double high = from_bfloat16 (b_high[at]);
      const double low = from_bfloat16 (b_high[at + KERNEL_BF16X2 * KERNEL_CHUNK]);

      sum +=
        from_bfloat16 (a_high[l]) * (high + low) + from_bfloat16 (a_high[l + KERNEL_BF16X2]) * high;
    }
  return sum;
}

static void
reference_bf16x2_product (const Bf16x2Product *product)
{
  const Bf16x2Product p = *product;

  for (int y = 0; y < p.n_lines; y++)
    for (int x = 0; x < p.n_pixels; x++)
      for (int j = 0; j < p.n_panels * KERNEL_CHUNK; j++)
        {
          const float *b = p.b + j / KERNEL_CHUNK * p.b_panel;
          float       *c = p.c + y * p.c_line + x * p.c_pixel + j;
          double       sum = p.add ? *c : 0.0;

          for (int chunk = 0; chunk < p.n_chunks; chunk++)
            for (int tap = 0; tap < p.n_taps; tap++, b += KERNEL_BF16X2 * KERNEL_CHUNK)
              sum +=
                bf16x2_term (p.a + chunk * p.a_chunk + p.taps[tap] + y * p.a_line + x * p.a_pixel,
                             b, j % KERNEL_CHUNK);
          *c = sum;
        }
}

static void
reference_bf16 (Bfloat16 *out, gsize out_stride, const float *in, int n)
{
  for (int i = 0; i < n; i++)
    for (int c = 0; c < KERNEL_CHUNK; c++)
      out[i * out_stride + c] = kernel_bf16 (in[i * KERNEL_CHUNK + c]);
}

static void
reference_bf16_product (float          *c,
                        gsize           c_stride,
                        int             n_rows,
                        int             n_columns,
                        const Bfloat16 *a,
                        gsize           a_stride,
                        const Bfloat16 *b,
                        int             k,
                        gsize           b_panel)
{
  for (int i = 0; i < n_rows; i++)
    for (int j = 0; j < n_columns; j++)
      {
        const Bfloat16 *panel = b + j / KERNEL_CHUNK * b_panel;
        double          sum = 0.0;

        for (int l = 0; l < k; l++)
          sum += from_bfloat16 (a[i * a_stride + l]) *
                 from_bfloat16 (panel[KERNEL_BF16_WEIGHT (l, j % KERNEL_CHUNK)]);
        c[i * c_stride + j] = sum;
      }
}

/* Row i of Bᵀ: the coefficients of Π_{j≠i} (x − p_j); for ∞ of Π_j (x − p_j). */
static const double B_transposed[6][6] = {
  { 1.0, -1.5, -2.0, 1.5, 1.0, 0.0 }, { 0.0, -1.0, 0.5, 2.5, 1.0, 0.0 },
  { 0.0, 1.0, -2.5, 0.5, 1.0, 0.0 },  { 0.0, -2.0, -1.0, 2.0, 1.0, 0.0 },
  { 0.0, 0.5, -1.0, -0.5, 1.0, 0.0 }, { 0.0, 1.0, -1.5, -2.0, 1.5, 1.0 },
};

/* Column i of Aᵀ: the powers 0…3 of p_i; for ∞ [0, 0, 0, 1]. */
static const double A_transposed[4][6] = {
  { 1.0, 1.0, 1.0, 1.0, 1.0, 0.0 },
  { 0.0, 1.0, -1.0, 0.5, -2.0, 0.0 },
  { 0.0, 1.0, 1.0, 0.25, 4.0, 0.0 },
  { 0.0, 1.0, -1.0, 0.125, -8.0, 1.0 },
};

static void
reference_winograd_input (float              *v,
                          gsize               v_product,
                          gsize               v_tile,
                          const float *const *rows,
                          int                 n_tiles)
{
  for (int i = 0; i < n_tiles; i++)
    for (int c = 0; c < KERNEL_CHUNK; c++)
      for (int r = 0; r < 6; r++)
        for (int s = 0; s < 6; s++)
          {
            double sum = 0.0;

            for (int y = 0; y < 6; y++)
              for (int x = 0; x < 6; x++)
                sum += B_transposed[r][y] * B_transposed[s][x] *
                       rows[y][(i * WINOGRAD_OUT + x) * KERNEL_CHUNK + c];
            v[(6 * r + s) * v_product + i * v_tile + c] = sum;
          }
}

/* (value + bias + residual) · scale, noted in the statistics. */
static float
finish_value (double        value,
              int           channel,
              const float  *residual,
              const Finish *finish,
              gboolean      first)
{
  float out = (value + finish->bias[channel] + (residual ? *residual : 0.0)) * finish->scale;

  if (finish->stats)
    {
      float *shift = finish->stats + channel;

      if (first)
        {
          shift[0] = out;
          shift[finish->stats_stride] = 0.0f;
          shift[2 * finish->stats_stride] = 0.0f;
        }
      shift[finish->stats_stride] += out - shift[0];
      shift[2 * finish->stats_stride] += (out - shift[0]) * (out - shift[0]);
    }

  return out;
}

static void
reference_winograd_output (float        *out,
                           gsize         out_row,
                           gsize         out_pixel,
                           int           n_rows,
                           int           n_columns,
                           const float  *m,
                           gsize         m_product,
                           int           n_channels,
                           const float  *residual,
                           const Finish *finish)
{
  for (int c = 0; c < n_channels; c++)
    for (int y = 0; y < n_rows; y++)
      for (int x = 0; x < n_columns; x++)
        {
          gsize  at = y * out_row + x * out_pixel + c;
          double sum = 0.0;

          for (int r = 0; r < 6; r++)
            for (int s = 0; s < 6; s++)
              sum += A_transposed[y][r] * A_transposed[x][s] * m[(6 * r + s) * m_product + c];
          out[at] = finish_value (sum, c, residual ? residual + at : NULL, finish,
                                  finish->first && y == 0 && x == 0);
        }
}

static void
reference_finish (float        *map,
                  gsize         pixel,
                  int           n_pixels,
                  int           n_channels,
                  const float  *residual,
                  const Finish *finish)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < n_channels; c++)
      {
        gsize at = i * pixel + c;

        map[at] = finish_value (map[at], c, residual ? residual + at : NULL, finish,
                                finish->first && i == 0);
      }
}

static void
reference_layer_norm (float       *out,
                      gsize        out_stride,
                      const float *in,
                      gsize        in_stride,
                      int          n_pixels,
                      int          n_channels,
                      float        epsilon,
                      const float *scale,
                      const float *shift)
{
  for (int i = 0; i < n_pixels; i++)
    {
      const float *x = in + i * in_stride;
      float       *y = out + i * out_stride;
      double       mean = 0.0, variance = 0.0;

      for (int c = 0; c < n_channels; c++)
        mean += (double) x[c] / n_channels;
      for (int c = 0; c < n_channels; c++)
        variance += (x[c] - mean) * (x[c] - mean) / n_channels;
      for (int c = 0; c < KERNEL_PAD (n_channels); c++)
        y[c] = (x[c] - mean) / sqrt (variance + epsilon) * scale[c] + shift[c];
    }
}

static void
reference_add_gated (float       *map,
                     const float *value,
                     gsize        stride,
                     int          n_pixels,
                     int          n_channels,
                     const float *bias,
                     const float *gate)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < n_channels; c++)
      {
        const gsize at = i * stride + c;

        map[at] += ((double) value[at] + bias[c]) * gate[c];
      }
}

static float
reference_exp_sum (float *x, int n, float max)
{
  double sum = 0.0;

  for (int i = 0; i < n; i++)
    {
      x[i] = exp (x[i] - max);
      sum += x[i];
    }

  return sum;
}

static void
reference_silu (float *x, int n)
{
  for (int i = 0; i < n; i++)
    x[i] = activation_value (ACTIVATION_SILU, x[i]);
}

static float
reference_weighted_distance (const float *a,
                             const float *w,
                             const float *b,
                             gsize        b_row,
                             int          n_rows,
                             int          n,
                             float        limit)
{
  double sum = 0.0;

  for (int j = 0; j < n_rows; j++)
    for (int i = 0; i < n; i++)
      {
        double d = (double) a[j * n + i] - b[j * b_row + i];

        sum += w[j * n + i] * d * d;
      }

  return sum;
}

const Kernels kernels_reference = {
  .name = "reference",
  .product = reference_product,
  .activate = reference_activate,
  .copy = reference_copy,
  .bf16x2 = reference_bf16x2,
  .bf16x2_product = reference_bf16x2_product,
  .bf16 = reference_bf16,
  .bf16_product = reference_bf16_product,
  .winograd_input = reference_winograd_input,
  .winograd_output = reference_winograd_output,
  .finish = reference_finish,
  .layer_norm = reference_layer_norm,
  .add_gated = reference_add_gated,
  .exp_sum = reference_exp_sum,
  .silu = reference_silu,
  .weighted_distance = reference_weighted_distance,
};
