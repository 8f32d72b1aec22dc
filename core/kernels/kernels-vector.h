/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels-vector.h: the vector of floats of the instruction set that this
 * file is compiled for, by GCC's vector extensions, and the few operations
 * that these lack. Included by kernels-fast.c only.
 */
#pragma once

#include <glib.h>
#include <math.h>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX2__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float  Vector __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gint32 VectorInt __attribute__ ((vector_size (4 * LANES), may_alias));

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

ALWAYS_INLINE Vector
vector_load (const float *p)
{
  return *(const Vector *) p;
}

ALWAYS_INLINE void
vector_store (float *p, Vector v)
{
  *(Vector *) p = v;
}

ALWAYS_INLINE Vector
vector_set (float x)
{
  return x - (Vector) { 0 };
}

/* x, or ±limit where it is farther from 0. */
ALWAYS_INLINE Vector
vector_clamp (Vector x, float limit)
{
#if defined(__AVX512DQ__)
  /* The smaller magnitude, the sign of x. */
  return (Vector) _mm512_range_ps ((__m512) x, _mm512_set1_ps (limit), 2);
#elif defined(__AVX2__)
  return (Vector) _mm256_max_ps (_mm256_min_ps ((__m256) x, _mm256_set1_ps (limit)),
                                 _mm256_set1_ps (-limit));
#elif defined(__SSE2__)
  return (Vector) _mm_max_ps (_mm_min_ps ((__m128) x, _mm_set1_ps (limit)), _mm_set1_ps (-limit));
#elif defined(__aarch64__)
  return (Vector) vmaxq_f32 (vminq_f32 ((float32x4_t) x, vdupq_n_f32 (limit)),
                             vdupq_n_f32 (-limit));
#else
  const VectorInt above = x > limit, below = x < -limit;
  const VectorInt bits = (above & (VectorInt) vector_set (limit)) |
                         (below & (VectorInt) vector_set (-limit)) |
                         (~(above | below) & (VectorInt) x);

  return (Vector) bits;
#endif
}

/* exp (x) = (1 + p) · power to 1e-7 of its value (3e-7 beyond ±40), x limited
 * to ±87 (1.6e-38…6.1e37); returned in these two parts.
 *
 * x = n · ln 2 + r with |r| ≤ ln 2 / 2; exp (r) = 1 + r + r² q (r) with q of
 * degree 4 fitted so that the greatest relative error is least (3e-9); 2^n by
 * shifting n into the exponent. Adding 1.5 · 2^23 rounds to a whole number,
 * which the low bits of the sum then hold. Where a·b + c is rounded only once,
 * the error of ln 2 itself counts for less than the rest. */
ALWAYS_INLINE Vector
vector_exp_parts (Vector x, Vector *power)
{
  const float round = 12582912.0f;
  Vector      n, r, q;

  x = vector_clamp (x, 87.0f);
  n = x * 1.44269504f + round;
  *power = (Vector) (((VectorInt) n << 23) + 0x3f800000);
  n = n - round;
#if defined(__FMA__) || defined(__aarch64__)
  r = x - n * 0.693147181f;
#else
  r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
#endif

  q = vector_set (0.0013814599f);
  q = q * r + 0.0083687166f;
  q = q * r + 0.0416683890f;
  q = q * r + 0.1666652113f;
  q = q * r + 0.4999999404f;
  return q * (r * r) + r;
}

ALWAYS_INLINE Vector
vector_exp (Vector x)
{
  Vector       power;
  const Vector p = vector_exp_parts (x, &power);

  return p * power + power;
}

/* v / (1 + exp (−x)); 0 within 1e-35 where x is below −87. */
ALWAYS_INLINE Vector
vector_logistic (Vector v, Vector x)
{
  Vector       power;
  const Vector p = vector_exp_parts (-x, &power);
  const Vector divisor = p * power + (power + 1.0f);

#if defined(__AVX512F__)
  /* A division of 16 lanes takes as long as sixteen multiplications; an
   * estimate of 14 bits and one step of Newton's take five. */
  const Vector estimate = (Vector) _mm512_rcp14_ps ((__m512) divisor);
  const Vector quotient = v * estimate;

  return quotient + quotient * (1.0f - divisor * estimate);
#else
  return v / divisor;
#endif
}

ALWAYS_INLINE Vector
vector_silu (Vector v)
{
  return vector_logistic (v, v);
}

/* max (v, 0); 0 for what is not a number. */
ALWAYS_INLINE Vector
vector_relu (Vector v)
{
  return (Vector) ((v > 0.0f) & (VectorInt) v);
}

/* v · tanh (log (1 + e)), e = exp (v), is v · e (e + 2) / (e (e + 2) + 2). Above
 * 30 the quotient is 1, and e is kept from overflowing when it is squared. */
ALWAYS_INLINE Vector
vector_mish (Vector v)
{
  const Vector e = vector_exp (30.0f - vector_relu (30.0f - v));
  const Vector product = e * (e + 2.0f);

  return v * (product / (product + 2.0f));
}

/* One lane at a time, by the library's erfc. */
ALWAYS_INLINE Vector
vector_gelu (Vector v)
{
  for (int i = 0; i < LANES; i++)
    v[i] = 0.5f * v[i] * erfcf (-0.707106781f * v[i]);
  return v;
}

/* v · (1 + tanh u) / 2 = v / (1 + exp (−2u)), u = √(2/π) (v + 0.044715 v³). */
ALWAYS_INLINE Vector
vector_gelu_tanh (Vector v)
{
  return vector_logistic (v, v * (1.595769122f + 0.0713548163f * (v * v)));
}
