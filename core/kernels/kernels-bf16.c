/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels-bf16.c: products of single bfloat16 by AVX512-BF16, which adds two of them to each
 * of 16 floats in the time of one FMA.
 */
#include "kernels/kernels.h"

#include <immintrin.h>
#include <string.h>

/* A tile of ROWS × PANELS · 16 sums stays in registers: 24 of 32. */
#define ROWS   12
#define PANELS 2

static void
bf16_round (Bfloat16 *out, gsize out_stride, const float *in, int n)
{
  for (int i = 0; i < n; i++)
    {
      const __m256bh rounded = _mm512_cvtneps_pbh (_mm512_load_ps (in + i * KERNEL_CHUNK));

      memcpy (out + i * out_stride, &rounded, sizeof rounded);
    }
}

/* Two neighbours of a row, for all columns. */
static inline __attribute__ ((always_inline)) __m512bh
load_pair (const Bfloat16 *a)
{
  gint32 pair;

  memcpy (&pair, a, sizeof pair);
  return (__m512bh) _mm512_set1_epi32 (pair);
}

static inline __attribute__ ((always_inline)) void
product_tile (const int       rows,
              const int       panels,
              float          *c,
              gsize           c_stride,
              const Bfloat16 *a,
              gsize           a_stride,
              const Bfloat16 *b,
              int             k,
              gsize           b_panel)
{
  __m512 sum[ROWS][PANELS];

#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < panels; j++)
      sum[i][j] = _mm512_setzero_ps ();

  for (int l = 0; l < k; l += 2)
    {
      __m512bh b_row[PANELS];

#pragma GCC unroll 2
      for (int j = 0; j < panels; j++)
        b_row[j] = (__m512bh) _mm512_loadu_si512 (b + j * b_panel + l * KERNEL_CHUNK);
#pragma GCC unroll 16
      for (int i = 0; i < rows; i++)
        {
          const __m512bh pair = load_pair (a + i * a_stride + l);

#pragma GCC unroll 2
          for (int j = 0; j < panels; j++)
            sum[i][j] = _mm512_dpbf16_ps (sum[i][j], pair, b_row[j]);
        }
    }

#pragma GCC unroll 16
  for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
    for (int j = 0; j < panels; j++)
      _mm512_storeu_ps (c + i * c_stride + j * KERNEL_CHUNK, sum[i][j]);
}

static inline __attribute__ ((always_inline)) void
product_panels (const int       panels,
                float          *c,
                gsize           c_stride,
                int             n_rows,
                const Bfloat16 *a,
                gsize           a_stride,
                const Bfloat16 *b,
                int             k,
                gsize           b_panel)
{
  int row = 0;

#define TILES(rows)                                                                             \
  for (; row <= n_rows - rows; row += rows)                                                     \
  product_tile (rows, panels, c + row * c_stride, c_stride, a + row * a_stride, a_stride, b, k, \
                b_panel)

  TILES (12);
  TILES (8);
  TILES (4);
  TILES (2);
  TILES (1);

#undef TILES
}

static void
bf16_product (float          *c,
              gsize           c_stride,
              int             n_rows,
              int             n_columns,
              const Bfloat16 *a,
              gsize           a_stride,
              const Bfloat16 *b,
              int             k,
              gsize           b_panel)
{
  const int panels = n_columns / KERNEL_CHUNK;
  int       panel = 0;

  for (; panel <= panels - PANELS; panel += PANELS)
    product_panels (PANELS, c + panel * KERNEL_CHUNK, c_stride, n_rows, a, a_stride,
                    b + panel * b_panel, k, b_panel);
  for (; panel < panels; panel++)
    product_panels (1, c + panel * KERNEL_CHUNK, c_stride, n_rows, a, a_stride, b + panel * b_panel,
                    k, b_panel);
}

void
kernels_bf16_init (Kernels *kernels)
{
  kernels->name = "bf16";
  kernels->prefers_bf16 = TRUE;
  kernels->bf16 = bf16_round;
  kernels->bf16_product = bf16_product;
}
