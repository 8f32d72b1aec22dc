/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels.h: the innermost loops, one table of them for each instruction set.
 *
 * Feature maps are stored channels last: map[(y · width + x) · C + c], where C,
 * the number of channels in memory, is a multiple of KERNEL_CHUNK. Channels
 * that the network does not have are zero, and so are their weights. All
 * pointers are aligned to KERNEL_ALIGN bytes; all strides count floats and are
 * multiples of KERNEL_CHUNK. (`exp_sum`, `silu` and `weighted_distance` take any pointer; strides
 * of bfloat16 count those, and such rows lie anywhere.)
 *
 * The result of a kernel for one element depends on that element's inputs
 * alone, never on how many others are made in the same call: work may be cut
 * in any way without changing a bit.
 */
#pragma once

#include <string.h>

#include <glib.h>

#include "kernels/activation.h"

#define KERNEL_CHUNK 16
#define KERNEL_ALIGN 64

/* Channels or columns in memory. */
#define KERNEL_PAD(n) (((n) + KERNEL_CHUNK - 1) / KERNEL_CHUNK * KERNEL_CHUNK)

/* Winograd F(4×4, 3×3): 6×6 pixels make 4×4, by 36 products. */
#define WINOGRAD_OUT      4
#define WINOGRAD_IN       6
#define WINOGRAD_PRODUCTS 36

/* One summand a·b of a matrix product. Row i of `a` is k floats at
 * a + i · a_stride. `b` is packed in panels of KERNEL_CHUNK columns: element
 * (l, j) lies at b[j / 16 · b_panel + l · 16 + j % 16], where b_panel is the
 * same for all terms. */
typedef struct
{
  const float *a;
  gsize        a_stride;
  const float *b;
  int          k;
} ProductTerm;

/* Numbers split in two: x ≈ high + low, both bfloat16 (the upper half of a float)
 * and rounded to nearest, which leaves at most 2^-17 of x. A pixel's
 * KERNEL_BF16X2 channels take the place they take as floats: their highs first,
 * then their lows. */
#define KERNEL_BF16X2 32

typedef guint16 Bfloat16 __attribute__ ((may_alias));

/* c = Σ a·b, or += where `add`, over n_taps shifted readings of each of n_chunks
 * chunks of KERNEL_BF16X2 split channels, each product being high·high + high·low
 * + low·high: what is left out is 2^-16 of it at most. c has n_lines × n_pixels
 * pixels of 16 · n_panels channels. What pixel (x, y) reads for a tap of a chunk
 * lies at a + chunk · a_chunk + taps[tap] + y · a_line + x · a_pixel. `b`: weights
 * packed by kernel_bf16x2_weight, KERNEL_BF16X2 · 16 floats for each tap of the
 * first chunk, then of the next; and so for each panel of 16 channels. */
typedef struct
{
  const float *a;
  gsize        a_pixel, a_line, a_chunk;
  const gsize *taps;
  int          n_taps, n_chunks;
  const float *b;
  gsize        b_panel; /* floats from one panel to the next */
  float       *c;
  gsize        c_pixel, c_line;
  int          n_pixels, n_lines, n_panels;
  gboolean     add;
} Bf16x2Product;

/* What happens to a result on its way to memory, per channel:
 *   out = (value + bias + residual) · scale
 * and its statistics, gathered around the first value that was seen so that
 * no digits are lost where the mean is large. */
typedef struct
{
  const float *bias;
  float        scale;
  float       *stats;        /* shift, Σ (out − shift), Σ (out − shift)²; NULL: none */
  gsize        stats_stride; /* from one of the three to the next */
  gboolean     first;        /* nothing is in `stats` yet */
} Finish;

typedef struct
{
  const char *name;

  /* This processor multiplies split numbers faster than floats; or single bfloat16, which loses
   * 2^-9 of each factor. */
  gboolean prefers_bf16x2, prefers_bf16;

  /* c (n_rows × n_columns) = Σ terms, or += where `add`. Each element is summed
   * in the order of the terms and of l. n_columns is a multiple of 16. */
  void (*product) (float             *c,
                   gsize              c_stride,
                   int                n_rows,
                   int                n_columns,
                   const ProductTerm *terms,
                   int                n_terms,
                   gsize              b_panel,
                   gboolean           add);

  /* One chunk of 16 channels of n_pixels pixels:
   *   out[i · out_stride + c] = f (in[i · in_stride + c] · scale[c] + shift[c])
   * with f the activation. */
  void (*activate) (float       *out,
                    gsize        out_stride,
                    const float *in,
                    gsize        in_stride,
                    int          n_pixels,
                    const float *scale,
                    const float *shift,
                    Activation   activation);

  /* One chunk of 16 channels of n_pixels pixels as it is, or of a row enlarged
   * twofold: out[i · 16 + c] = in[((first + i) >> enlarge) · in_stride + c], with
   * enlarge 0 or 1. */
  void (*copy) (float *out, const float *in, gsize in_stride, int first, int n_pixels, int enlarge);

  /* Splits n_pixels pixels of two chunks of 16 channels, in_stride apart, to
   * `out`, KERNEL_BF16X2 floats a pixel; `second` NULL: zeros. And multiplies such.
   * NULL in tables that do not prefer it, but for the reference. */
  void (
    *bf16x2) (float *out, const float *first, const float *second, gsize in_stride, int n_pixels);
  void (*bf16x2_product) (const Bf16x2Product *product);

  /* Rounds n chunks of 16 floats that lie one behind the other to `out`, out_stride bfloat16
   * apart. And as `product`, of one term, in such: row i of `a` is k bfloat16, k even, at a + i ·
   * a_stride; element (l, j) of `b` lies at b[j / 16 · b_panel + (l / 2 · 16 + j % 16) · 2 + l % 2].
   * Sums are floats, of pairs. NULL in tables that do not prefer it, but for the reference. */
  void (*bf16) (Bfloat16 *out, gsize out_stride, const float *in, int n);
  void (*bf16_product) (float          *c,
                        gsize           c_stride,
                        int             n_rows,
                        int             n_columns,
                        const Bfloat16 *a,
                        gsize           a_stride,
                        const Bfloat16 *b,
                        int             k,
                        gsize           b_panel);

  /* v = Bᵀ d B of n_tiles tiles in a row for one chunk of channels. Tile i has
   * the pixels 4i … 4i + 5 of each of six rows, pixels 16 apart. The element
   * (r, s) of tile i goes to v + (6r + s) · v_product + i · v_tile. */
  void (*winograd_input) (float              *v,
                          gsize               v_product,
                          gsize               v_tile,
                          const float *const *rows,
                          int                 n_tiles);

  /* Aᵀ m A of one tile, all n_channels, its 36 elements m_product apart;
   * n_rows × n_columns of the 4×4 results (the rest lies outside the map) are
   * finished and written to `out`, pixels out_pixel apart and rows out_row.
   * `residual` has the layout of `out` and may be the same; or NULL. */
  void (*winograd_output) (float        *out,
                           gsize         out_row,
                           gsize         out_pixel,
                           int           n_rows,
                           int           n_columns,
                           const float  *m,
                           gsize         m_product,
                           int           n_channels,
                           const float  *residual,
                           const Finish *finish);

  /* Finishes n_pixels pixels in place, `pixel` floats apart. */
  void (*finish) (float        *map,
                  gsize         pixel,
                  int           n_pixels,
                  int           n_channels,
                  const float  *residual,
                  const Finish *finish);

  /* Normalises n_pixels pixels, each on its own over its first n_channels channels:
   *   out = (in − mean) / √(variance + epsilon) · scale[c] + shift[c]
   * with the biased variance. scale and shift are 0 in the channels that only
   * memory has, and so is the result. `out` may be `in`. */
  void (*layer_norm) (float       *out,
                      gsize        out_stride,
                      const float *in,
                      gsize        in_stride,
                      int          n_pixels,
                      int          n_channels,
                      float        epsilon,
                      const float *scale,
                      const float *shift);

  /* map ← map + (value + bias[c]) · gate[c] for n_pixels pixels of n_channels
   * channels in memory, `stride` apart in both. */
  void (*add_gated) (float       *map,
                     const float *value,
                     gsize        stride,
                     int          n_pixels,
                     int          n_channels,
                     const float *bias,
                     const float *gate);

  /* x ← exp (x − max), the difference rounded; returns Σ x. x − max ≤ 0. */
  float (*exp_sum) (float *x, int n, float max);

  /* x ← SiLU (x). */
  void (*silu) (float *x, int n);

  /* Σ w (a − b)² over n_rows rows of n floats, n a multiple of KERNEL_CHUNK, in which a and w
   * lie one behind the other and b lies b_row floats apart; any value of at least `limit` once
   * the sum has come to that. Any pointers. */
  float (*weighted_distance) (const float *a,
                              const float *w,
                              const float *b,
                              gsize        b_row,
                              int          n_rows,
                              int          n,
                              float        limit);
} Kernels;

/* The tables, one file each or one build of kernels-fast.c each. */
extern const Kernels kernels_reference;
extern const Kernels kernels_baseline;
extern const Kernels kernels_neon;
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;

/* kernels-amx.c: makes `kernels`, a copy of kernels_avx512, use the tiles of
 * AMX. FALSE where the processor has none or the kernel does not lend them. */
gboolean kernels_amx_init (Kernels *kernels);

/* The transformed kernels G g Gᵀ that go with winograd_input and _output, of the columns of a
 * panel: for each, g[3][3] ⇒ u[6][6], rounded once. */
void winograd_weights (float g[9][KERNEL_CHUNK], float u[WINOGRAD_PRODUCTS][KERNEL_CHUNK]);

/* kernels-bf16.c: makes `kernels`, a copy of kernels_avx512, use AVX512-BF16 for products of
 * single bfloat16. */
void kernels_bf16_init (Kernels *kernels);

/* x rounded to nearest. */
static inline Bfloat16
kernel_bf16 (float x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* Where `b` of bf16_product has the weight of channel `in` and column `out` of a panel. */
#define KERNEL_BF16_WEIGHT(in, out) (((in) / 2 * KERNEL_CHUNK + (out)) * 2 + (in) % 2)

/* x in two parts. */
void kernel_bf16x2 (float x, Bfloat16 *high, Bfloat16 *low);

/* Puts the weight of channel `in` of a term and column `out` of a panel where a
 * product of split numbers reads it; b: the term's. */
void kernel_bf16x2_weight (float *b, int in, int out, float weight);
