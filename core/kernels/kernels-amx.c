/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels-amx.c: products of split numbers in the tiles of Intel's AMX.
 *
 * A tile is a register of 16 rows of 64 bytes. One instruction multiplies 16
 * rows of 32 bfloat16 by 32 rows of 16 (held as 16 rows of pairs) and adds to 16
 * × 16 floats, in 16 cycles: sixteen times what two FMA units do. Three of them
 * make a product of split numbers (Henry, Tang and Heinecke 2019, “Leveraging
 * the bfloat16 artificial intelligence datatype for higher-precision
 * computations”), five times as fast as floats.
 */
#include "kernels/kernels.h"

#include <string.h>

#include <immintrin.h>

#ifdef __linux__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define TILE_ROWS 16
#define ROW_BYTES 64

/* The intrinsics want numbers, not names of an enumeration. C is 2 × 2 tiles:
 * two of pixels (A) by two of panels (B). */
#define C_00 0
#define C_01 1
#define C_10 2
#define C_11 3
#define A_0  4
#define A_1  5
#define B_0  6
#define B_1  7

/* As LDTILECFG reads it. */
typedef struct
{
  guint8  palette, start_row;
  guint8  zeros[14];
  guint16 row_bytes[16];
  guint8  rows[16];
} TileConfig;

G_STATIC_ASSERT (sizeof (TileConfig) == 64);

/* Tiles of n_pixels pixels. */
static void
configure (int n_pixels)
{
  TileConfig config = { .palette = 1 };

  for (int i = C_00; i <= B_1; i++)
    {
      config.row_bytes[i] = ROW_BYTES;
      config.rows[i] = i < B_0 ? n_pixels : TILE_ROWS;
    }
  _tile_loadconfig (&config);
}

/* Tile number `tile` of those a product is cut into, each of at most 16 pixels
 * of a line. */
typedef struct
{
  const float *a;
  float       *c;
} TilePlace;

static inline __attribute__ ((always_inline)) void
multiply (const Bf16x2Product *product,
          const int            n_tiles,
          const int            n_panels,
          const TilePlace     *places,
          int                  panel)
{
  const gsize  term = KERNEL_BF16X2 * KERNEL_CHUNK;
  const gsize  low_a = KERNEL_BF16X2 / 2, low_b = term / 2; /* floats from the highs to the lows */
  const gsize  a_bytes = product->a_pixel * sizeof (float);
  const gsize  c_bytes = product->c_pixel * sizeof (float);
  const float *a_0 = places[0].a, *a_1 = places[n_tiles - 1].a;
  const float *b_0 = product->b + panel * product->b_panel;
  const float *b_1 = b_0 + product->b_panel;
  float       *c_0 = places[0].c + panel * KERNEL_CHUNK;
  float       *c_1 = places[n_tiles - 1].c + panel * KERNEL_CHUNK;

  if (product->add)
    {
      _tile_loadd (C_00, c_0, c_bytes);
      if (n_panels > 1)
        _tile_loadd (C_01, c_0 + KERNEL_CHUNK, c_bytes);
      if (n_tiles > 1)
        _tile_loadd (C_10, c_1, c_bytes);
      if (n_tiles > 1 && n_panels > 1)
        _tile_loadd (C_11, c_1 + KERNEL_CHUNK, c_bytes);
    }
  else
    {
      _tile_zero (C_00);
      _tile_zero (C_01);
      _tile_zero (C_10);
      _tile_zero (C_11);
    }

#define LOAD_A(offset)                                             \
  _tile_loadd (A_0, a_0 + product->taps[tap] + (offset), a_bytes); \
  if (n_tiles > 1)                                                 \
  _tile_loadd (A_1, a_1 + product->taps[tap] + (offset), a_bytes)

#define LOAD_B(offset)                          \
  _tile_loadd (B_0, b_0 + (offset), ROW_BYTES); \
  if (n_panels > 1)                             \
  _tile_loadd (B_1, b_1 + (offset), ROW_BYTES)

#define ADD_PRODUCTS()               \
  _tile_dpbf16ps (C_00, A_0, B_0);   \
  if (n_panels > 1)                  \
    _tile_dpbf16ps (C_01, A_0, B_1); \
  if (n_tiles > 1)                   \
    _tile_dpbf16ps (C_10, A_1, B_0); \
  if (n_tiles > 1 && n_panels > 1)   \
  _tile_dpbf16ps (C_11, A_1, B_1)

  for (int chunk = 0; chunk < product->n_chunks; chunk++)
    {
      for (int tap = 0; tap < product->n_taps; tap++)
        {
          LOAD_A (low_a);
          LOAD_B (0);
          ADD_PRODUCTS ();
          LOAD_A (0);
          ADD_PRODUCTS ();
          LOAD_B (low_b);
          ADD_PRODUCTS ();
          b_0 += term;
          b_1 += term;
        }
      a_0 += product->a_chunk;
      a_1 += product->a_chunk;
    }

#undef LOAD_A
#undef LOAD_B
#undef ADD_PRODUCTS

  _tile_stored (C_00, c_0, c_bytes);
  if (n_panels > 1)
    _tile_stored (C_01, c_0 + KERNEL_CHUNK, c_bytes);
  if (n_tiles > 1)
    _tile_stored (C_10, c_1, c_bytes);
  if (n_tiles > 1 && n_panels > 1)
    _tile_stored (C_11, c_1 + KERNEL_CHUNK, c_bytes);
}

static TilePlace
get_place (const Bf16x2Product *product, int x, int y)
{
  return (TilePlace) { product->a + y * product->a_line + x * product->a_pixel,
                       product->c + y * product->c_line + x * product->c_pixel };
}

/* The tiles of n_pixels pixels that begin at first, first + 16 … of every line;
 * `per_line` of them. Weights of a pair of panels serve all tiles before the next. */
static void
multiply_tiles (const Bf16x2Product *product, int first, int per_line, int n_pixels)
{
  const int n_tiles = per_line * product->n_lines;

  configure (n_pixels);
  for (int panel = 0; panel < product->n_panels; panel += 2)
    for (int i = 0; i < n_tiles; i += 2)
      {
        TilePlace places[2];
        const int n = MIN (n_tiles - i, 2);

        for (int j = 0; j < n; j++)
          places[j] =
            get_place (product, first + (i + j) % per_line * TILE_ROWS, (i + j) / per_line);

        if (panel + 1 < product->n_panels)
          {
            if (n == 2)
              multiply (product, 2, 2, places, panel);
            else
              multiply (product, 1, 2, places, panel);
          }
        else
          {
            if (n == 2)
              multiply (product, 2, 1, places, panel);
            else
              multiply (product, 1, 1, places, panel);
          }
      }
}

static void
amx_bf16x2_product (const Bf16x2Product *product)
{
  const int whole = product->n_pixels / TILE_ROWS;
  const int rest = product->n_pixels % TILE_ROWS;

  if (whole > 0)
    multiply_tiles (product, 0, whole, TILE_ROWS);
  if (rest > 0)
    multiply_tiles (product, whole * TILE_ROWS, 1, rest);
  /* Tiles in use would be saved and restored with the thread. */
  _tile_release ();
}

static void
amx_bf16x2 (float *out, const float *first, const float *second, gsize in_stride, int n_pixels)
{
  for (int i = 0; i < n_pixels; i++)
    {
      const __m512  x = _mm512_load_ps (first + i * in_stride);
      const __m512  y = second ? _mm512_load_ps (second + i * in_stride) : _mm512_setzero_ps ();
      const __m512i high = (__m512i) _mm512_cvtne2ps_pbh (y, x);
      const __m512i x_high = _mm512_cvtepu16_epi32 (_mm512_castsi512_si256 (high));
      const __m512i y_high = _mm512_cvtepu16_epi32 (_mm512_extracti64x4_epi64 (high, 1));
      const __m512  x_low = _mm512_sub_ps (x, _mm512_castsi512_ps (_mm512_slli_epi32 (x_high, 16)));
      const __m512  y_low = _mm512_sub_ps (y, _mm512_castsi512_ps (_mm512_slli_epi32 (y_high, 16)));

      _mm512_store_si512 (out + i * KERNEL_BF16X2, high);
      _mm512_store_si512 (out + i * KERNEL_BF16X2 + KERNEL_BF16X2 / 2,
                          (__m512i) _mm512_cvtne2ps_pbh (y_low, x_low));
    }
}

/* Linux lends the tiles to a process that asks, as they make its threads' state
 * larger by 8 KB (Documentation/arch/x86/xstate.rst). */
static gboolean
may_use_tiles (void)
{
#ifdef __linux__
  const unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24; /* leaf 7.0, EDX */
  const unsigned avx512_bf16 = 1u << 5;                    /* leaf 7.1, EAX */
  const long     arch_req_xcomp_perm = 0x1023, tile_data = 18;
  unsigned       a, b, c, d;

  if (!__get_cpuid_count (7, 0, &a, &b, &c, &d) || !(d & amx_bf16) || !(d & amx_tile))
    return FALSE;
  if (!__get_cpuid_count (7, 1, &a, &b, &c, &d) || !(a & avx512_bf16))
    return FALSE;
  return syscall (SYS_arch_prctl, arch_req_xcomp_perm, tile_data) == 0;
#else
  return FALSE;
#endif
}

gboolean
kernels_amx_init (Kernels *kernels)
{
  if (!may_use_tiles ())
    return FALSE;

  kernels->name = "amx";
  kernels->prefers_bf16x2 = TRUE;
  kernels->bf16x2 = amx_bf16x2;
  kernels->bf16x2_product = amx_bf16x2_product;
  return TRUE;
}
