/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels-fast.c: the kernels in vectors of LANES floats. Compiled once for
 * each instruction set (core/meson.build), with KERNELS_NAME set to baseline,
 * neon, avx2 or avx512 and with -ffp-contract=fast, so that a·b + c is one FMA
 * where the set has it. Contracts in kernels.h, formulas in kernels-reference.c.
 */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#include "kernels/kernels-vector.h"

/* --- Matrix product ------------------------------------------------------- */

/* A tile of ROWS × PANELS · 16 sums stays in registers, so that the arithmetic
 * waits for neither memory nor the sum before: 24 of 32, 12 of 16. */
#if LANES == 16
#define ROWS   12
#define PANELS 2
#elif LANES == 8
#define ROWS   6
#define PANELS 1
#elif defined(__aarch64__)
#define ROWS   6
#define PANELS 1
#else
#define ROWS   3
#define PANELS 1
#endif

#define PER_PANEL (KERNEL_CHUNK / LANES)

ALWAYS_INLINE void
product_tile (const int          rows,
              const int          panels,
              float             *c,
              gsize              c_stride,
              gsize              row,
              const ProductTerm *terms,
              int                n_terms,
              gsize              b_offset,
              gsize              b_panel,
              gboolean           add)
{
  const int vectors = panels * PER_PANEL;
  Vector    sum[ROWS][PANELS * PER_PANEL];

#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 16
    for (int j = 0; j < vectors; j++)
      sum[i][j] = add ? vector_load (c + i * c_stride + j * LANES) : vector_set (0.0f);

  for (int t = 0; t < n_terms; t++)
    {
      const gsize  stride = terms[t].a_stride;
      const float *a = terms[t].a + row * stride;
      const float *b = terms[t].b + b_offset;
      const int    k = terms[t].k;

      for (int l = 0; l < k; l++)
        {
          Vector b_row[PANELS * PER_PANEL];

#pragma GCC unroll 16
          for (int j = 0; j < vectors; j++)
            b_row[j] = vector_load (b + j / PER_PANEL * b_panel + j % PER_PANEL * LANES);
#pragma GCC unroll 16
          for (int i = 0; i < rows; i++)
            {
              const Vector a_value = vector_set (a[i * stride]);

#pragma GCC unroll 16
              for (int j = 0; j < vectors; j++)
                sum[i][j] += a_value * b_row[j];
            }
          a++;
          b += KERNEL_CHUNK;
        }
    }

#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 16
    for (int j = 0; j < vectors; j++)
      vector_store (c + i * c_stride + j * LANES, sum[i][j]);
}

ALWAYS_INLINE void
product_panels (const int          panels,
                float             *c,
                gsize              c_stride,
                int                n_rows,
                const ProductTerm *terms,
                int                n_terms,
                gsize              b_offset,
                gsize              b_panel,
                gboolean           add)
{
  int row = 0;

#define TILES(rows)                                                                          \
  for (; ROWS >= rows && row <= n_rows - rows; row += rows)                                  \
  product_tile (MIN (rows, ROWS), panels, c + row * c_stride, c_stride, row, terms, n_terms, \
                b_offset, b_panel, add)

  TILES (12);
  TILES (8);
  TILES (6);
  TILES (4);
  TILES (3);
  TILES (2);
  TILES (1);

#undef TILES
}

static void
fast_product (float             *c,
              gsize              c_stride,
              int                n_rows,
              int                n_columns,
              const ProductTerm *terms,
              int                n_terms,
              gsize              b_panel,
              gboolean           add)
{
  int panels = n_columns / KERNEL_CHUNK;
  int panel = 0;

  for (; panel <= panels - PANELS; panel += PANELS)
    product_panels (PANELS, c + panel * KERNEL_CHUNK, c_stride, n_rows, terms, n_terms,
                    panel * b_panel, b_panel, add);
  for (; panel < panels; panel++)
    product_panels (1, c + panel * KERNEL_CHUNK, c_stride, n_rows, terms, n_terms, panel * b_panel,
                    b_panel, add);
}

/* --- Activation ----------------------------------------------------------- */

static void
fast_activate (float       *out,
               gsize        out_stride,
               const float *in,
               gsize        in_stride,
               int          n_pixels,
               const float *scale,
               const float *shift,
               Activation   activation)
{
  for (int j = 0; j < KERNEL_CHUNK; j += LANES)
    {
      const Vector factor = vector_load (scale + j);
      const Vector summand = vector_load (shift + j);

#define FOR_EACH_PIXEL(f)                 \
  for (int i = 0; i < n_pixels; i++)      \
  vector_store (out + i * out_stride + j, \
                f (vector_load (in + i * in_stride + j) * factor + summand))
      switch (activation)
        {
        case ACTIVATION_IDENTITY:
          FOR_EACH_PIXEL ();
          break;
        case ACTIVATION_SILU:
          FOR_EACH_PIXEL (vector_silu);
          break;
        case ACTIVATION_MISH:
          FOR_EACH_PIXEL (vector_mish);
          break;
        case ACTIVATION_GELU:
          FOR_EACH_PIXEL (vector_gelu);
          break;
        case ACTIVATION_GELU_TANH:
          FOR_EACH_PIXEL (vector_gelu_tanh);
          break;
        case ACTIVATION_RELU:
          FOR_EACH_PIXEL (vector_relu);
          break;
        }
#undef FOR_EACH_PIXEL
    }
}

static void
fast_copy (float *out, const float *in, gsize in_stride, int first, int n_pixels, int enlarge)
{
  for (int i = 0; i < n_pixels; i++)
    for (int j = 0; j < KERNEL_CHUNK; j += LANES)
      vector_store (out + i * KERNEL_CHUNK + j,
                    vector_load (in + ((first + i) >> enlarge) * in_stride + j));
}

/* --- Winograd ------------------------------------------------------------- */

/* Bᵀ d for a vector of six, sharing u = d4 − d2 and w = d3 − d1. */
ALWAYS_INLINE void
transform_input (const Vector *d, Vector *t)
{
  const Vector u = d[4] - d[2];
  const Vector w = d[3] - d[1];
  const Vector e = u + 1.5f * d[3];
  const Vector f = w + 1.5f * d[2];

  t[0] = (d[0] - d[2]) + u + 1.5f * w;
  t[1] = e + f;
  t[2] = e - f;
  t[3] = u + 2.0f * w;
  t[4] = u - 0.5f * w;
  t[5] = (d[5] - d[3]) - w + 1.5f * u;
}

static void
fast_winograd_input (float *v, gsize v_product, gsize v_tile, const float *const *rows, int n_tiles)
{
  for (int i = 0; i < n_tiles; i++)
    for (int j = 0; j < KERNEL_CHUNK; j += LANES)
      {
        const gsize at = (gsize) i * WINOGRAD_OUT * KERNEL_CHUNK + j;
        float      *out = v + i * v_tile + j;
        Vector      half[6][6];

#pragma GCC unroll 6
        for (int x = 0; x < 6; x++)
          {
            Vector column[6], t[6];

#pragma GCC unroll 6
            for (int y = 0; y < 6; y++)
              column[y] = vector_load (rows[y] + at + x * KERNEL_CHUNK);
            transform_input (column, t);
#pragma GCC unroll 6
            for (int r = 0; r < 6; r++)
              half[r][x] = t[r];
          }

        for (int r = 0; r < 6; r++)
          {
            Vector t[6];

            transform_input (half[r], t);
#pragma GCC unroll 6
            for (int s = 0; s < 6; s++)
              vector_store (out + (6 * r + s) * v_product, t[s]);
          }
      }
}

/* Aᵀ m for a vector of six. */
ALWAYS_INLINE void
transform_output (const Vector *m, Vector *y)
{
  const Vector sum = m[1] + m[2];
  const Vector difference = m[1] - m[2];

  y[0] = m[0] + sum + (m[3] + m[4]);
  y[1] = difference + 0.5f * m[3] - 2.0f * m[4];
  y[2] = sum + 0.25f * m[3] + 4.0f * m[4];
  y[3] = difference + 0.125f * m[3] - 8.0f * m[4] + m[5];
}

/* The running statistics of one vector of channels. */
typedef struct
{
  Vector shift, sum, squares;
} Moments;

ALWAYS_INLINE void
moments_load (Moments *moments, const Finish *finish, gsize channel, Vector first_value)
{
  const float *stats = finish->stats + channel;

  if (finish->first)
    {
      moments->shift = first_value;
      moments->sum = moments->squares = vector_set (0.0f);
    }
  else
    {
      moments->shift = vector_load (stats);
      moments->sum = vector_load (stats + finish->stats_stride);
      moments->squares = vector_load (stats + 2 * finish->stats_stride);
    }
}

ALWAYS_INLINE void
moments_add (Moments *moments, Vector value)
{
  const Vector d = value - moments->shift;

  moments->sum += d;
  moments->squares += d * d;
}

ALWAYS_INLINE void
moments_store (const Moments *moments, const Finish *finish, gsize channel)
{
  float *stats = finish->stats + channel;

  vector_store (stats, moments->shift);
  vector_store (stats + finish->stats_stride, moments->sum);
  vector_store (stats + 2 * finish->stats_stride, moments->squares);
}

static void
fast_winograd_output (float        *out,
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
  const Vector scale = vector_set (finish->scale);

  for (int c = 0; c < n_channels; c += LANES)
    {
      const Vector bias = vector_load (finish->bias + c);
      Vector       half[4][6];
      Vector       y[4][4];

#pragma GCC unroll 6
      for (int s = 0; s < 6; s++)
        {
          Vector column[6], t[4];

#pragma GCC unroll 6
          for (int r = 0; r < 6; r++)
            column[r] = vector_load (m + (6 * r + s) * m_product + c);
          transform_output (column, t);
#pragma GCC unroll 4
          for (int r = 0; r < 4; r++)
            half[r][s] = t[r];
        }

#pragma GCC unroll 4
      for (int r = 0; r < 4; r++)
        {
          transform_output (half[r], y[r]);
#pragma GCC unroll 4
          for (int x = 0; x < 4; x++)
            y[r][x] += bias;
        }

      if (residual)
        for (int r = 0; r < n_rows; r++)
          for (int x = 0; x < n_columns; x++)
            y[r][x] += vector_load (residual + r * out_row + x * out_pixel + c);

      for (int r = 0; r < n_rows; r++)
        for (int x = 0; x < n_columns; x++)
          {
            y[r][x] *= scale;
            vector_store (out + r * out_row + x * out_pixel + c, y[r][x]);
          }

      if (finish->stats)
        {
          Moments moments;

          moments_load (&moments, finish, c, y[0][0]);
          for (int r = 0; r < n_rows; r++)
            for (int x = 0; x < n_columns; x++)
              moments_add (&moments, y[r][x]);
          moments_store (&moments, finish, c);
        }
    }
}

static void
fast_finish (float        *map,
             gsize         pixel,
             int           n_pixels,
             int           n_channels,
             const float  *residual,
             const Finish *finish)
{
  const Vector scale = vector_set (finish->scale);

  for (int c = 0; c < n_channels; c += LANES)
    {
      const Vector bias = vector_load (finish->bias + c);
      Moments      moments = { 0 };

      for (int i = 0; i < n_pixels; i++)
        {
          gsize  at = i * pixel + c;
          Vector value = vector_load (map + at) + bias;

          if (residual)
            value += vector_load (residual + at);
          value *= scale;
          vector_store (map + at, value);

          if (finish->stats)
            {
              if (i == 0)
                moments_load (&moments, finish, c, value);
              moments_add (&moments, value);
            }
        }

      if (finish->stats && n_pixels > 0)
        moments_store (&moments, finish, c);
    }
}

/* --- Transformer ---------------------------------------------------------- */

static float
vector_sum (Vector v)
{
  float sum = 0.0f;

  for (int i = 0; i < LANES; i++)
    sum += v[i];
  return sum;
}

static void
fast_layer_norm (float       *out,
                 gsize        out_stride,
                 const float *in,
                 gsize        in_stride,
                 int          n_pixels,
                 int          n_channels,
                 float        epsilon,
                 const float *scale,
                 const float *shift)
{
  const int whole = n_channels / LANES * LANES;

  for (int i = 0; i < n_pixels; i++)
    {
      const float *x = in + i * in_stride;
      float       *y = out + i * out_stride;
      Vector       sums = vector_set (0.0f);
      float        mean, spread, inverse;

      for (int c = 0; c < whole; c += LANES)
        sums += vector_load (x + c);
      mean = vector_sum (sums);
      for (int c = whole; c < n_channels; c++)
        mean += x[c];
      mean /= n_channels;

      sums = vector_set (0.0f);
      for (int c = 0; c < whole; c += LANES)
        {
          const Vector d = vector_load (x + c) - mean;

          sums += d * d;
        }
      spread = vector_sum (sums);
      for (int c = whole; c < n_channels; c++)
        spread += (x[c] - mean) * (x[c] - mean);
      inverse = 1.0f / sqrtf (spread / n_channels + epsilon);

      for (int c = 0; c < KERNEL_PAD (n_channels); c += LANES)
        vector_store (y + c, (vector_load (x + c) - mean) * inverse * vector_load (scale + c) +
                               vector_load (shift + c));
    }
}

static void
fast_add_gated (float       *map,
                const float *value,
                gsize        stride,
                int          n_pixels,
                int          n_channels,
                const float *bias,
                const float *gate)
{
  for (int i = 0; i < n_pixels; i++)
    for (int c = 0; c < n_channels; c += LANES)
      {
        const gsize at = i * stride + c;

        vector_store (map + at,
                      vector_load (map + at) + (vector_load (value + at) + vector_load (bias + c)) *
                                                 vector_load (gate + c));
      }
}

/* --- Vectors of any length ------------------------------------------------ */

/* The last, incomplete vector goes through a full one. */
static float
fast_exp_sum (float *x, int n, float max)
{
  const Vector shift = vector_set (max);
  Vector       sums = vector_set (0.0f);
  Vector       v;
  float        sum = 0.0f;
  int          i = 0;

  for (; i <= n - LANES; i += LANES)
    {
      memcpy (&v, x + i, sizeof v);
      v = vector_exp (v - shift);
      sums += v;
      memcpy (x + i, &v, sizeof v);
    }
  if (i < n)
    {
      v = shift;
      memcpy (&v, x + i, (n - i) * sizeof *x);
      v = vector_exp (v - shift);
      memcpy (x + i, &v, (n - i) * sizeof *x);
      for (; i < n; i++)
        sum += x[i];
    }
  for (int j = 0; j < LANES; j++)
    sum += sums[j];

  return sum;
}

static void
fast_silu (float *x, int n)
{
  Vector v = vector_set (0.0f);
  int    i = 0;

  for (; i <= n - LANES; i += LANES)
    {
      memcpy (&v, x + i, sizeof v);
      v = vector_silu (v);
      memcpy (x + i, &v, sizeof v);
    }
  if (i < n)
    {
      memcpy (&v, x + i, (n - i) * sizeof *x);
      v = vector_silu (v);
      memcpy (x + i, &v, (n - i) * sizeof *x);
    }
}

static float
fast_weighted_distance (const float *a,
                        const float *w,
                        const float *b,
                        gsize        b_row,
                        int          n_rows,
                        int          n,
                        float        limit)
{
  Vector sums = vector_set (0.0f), x, y, z;
  float  sum = 0.0f;

  for (int j = 0; j < n_rows; j++, a += n, w += n, b += b_row)
    {
      for (int i = 0; i < n; i += LANES)
        {
          memcpy (&x, a + i, sizeof x);
          memcpy (&y, b + i, sizeof y);
          memcpy (&z, w + i, sizeof z);
          x = x - y;
          sums += z * (x * x);
        }
      if (j % 3 == 2 || j + 1 == n_rows)
        {
          sum = 0.0f;
          for (int k = 0; k < LANES; k++)
            sum += sums[k];
          if (sum >= limit)
            return sum;
        }
    }

  return sum;
}

#define KERNELS_SYMBOL_(name) kernels_##name
#define KERNELS_SYMBOL(name)  KERNELS_SYMBOL_ (name)
#define STRING_(name)         #name
#define STRING(name)          STRING_ (name)

const Kernels KERNELS_SYMBOL (KERNELS_NAME) = {
  .name = STRING (KERNELS_NAME),
  .product = fast_product,
  .activate = fast_activate,
  .copy = fast_copy,
  .winograd_input = fast_winograd_input,
  .winograd_output = fast_winograd_output,
  .finish = fast_finish,
  .layer_norm = fast_layer_norm,
  .add_gated = fast_add_gated,
  .exp_sum = fast_exp_sum,
  .silu = fast_silu,
  .weighted_distance = fast_weighted_distance,
};
