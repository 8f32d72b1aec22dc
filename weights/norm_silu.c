/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * norm_silu.c: y = SiLU (GroupNorm (x + e)) and its gradient for training on a
 * CPU, bfloat16, channels last. PyTorch's own GroupNorm takes two fifths of a
 * training step there; this one a tenth. weights/fused.py compiles and loads it.
 *
 * x, y, dy, dx: n samples × p pixels × c channels; e, de: n × c, added before the
 * norm, or NULL; c a multiple of 16 and of the number of groups.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float    Floats __attribute__ ((vector_size (64)));
typedef int32_t  Ints __attribute__ ((vector_size (64)));
typedef uint32_t Words __attribute__ ((vector_size (64)));
typedef uint16_t Halves __attribute__ ((vector_size (32)));

#define LANES        16
#define MAX_CHANNELS 2048

static inline Floats
load (const uint16_t *p)
{
  Halves h;

  memcpy (&h, p, sizeof h);
  return (Floats) (__builtin_convertvector (h, Words) << 16);
}

static inline void
store (uint16_t *p, Floats v)
{
  Words  w = (Words) v;
  Halves h = __builtin_convertvector ((w + 0x7fff + ((w >> 16) & 1)) >> 16, Halves);

  memcpy (p, &h, sizeof h);
}

static inline Floats
get (const float *p)
{
  Floats v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
put (float *p, Floats v)
{
  memcpy (p, &v, sizeof v);
}

static inline Floats
choose (Ints mask, Floats yes, Floats no)
{
  return (Floats) (((Ints) yes & mask) | ((Ints) no & ~mask));
}

/* 1 / (1 + exp (-z)), relative error about 1e-6. */
static inline Floats
logistic (Floats z)
{
  const Floats magic = (Floats) {} + 12582912.f, limit = (Floats) {} + 100.f;
  Floats       t, n, f, e;
  Ints         whole;

  t = z * -1.44269504f;
  t = choose (t > limit, limit, choose (t < -limit, -limit, t));
  n = t + magic;
  whole = (Ints) n - (Ints) magic;
  f = t - (n - magic);
  e = 1.f +
      f * (.69314718f + f * (.24022651f + f * (.05550411f + f * (.00961813f + f * .00133336f))));
  e = (Floats) ((Ints) e + (whole << 23));
  return 1.f / (1.f + e);
}

void
norm_silu_forward (const uint16_t *x,
                   const float    *e,
                   const float    *gamma,
                   const float    *beta,
                   uint16_t       *y,
                   float          *mean,
                   float          *rstd,
                   long            n,
                   long            p,
                   long            c,
                   long            groups,
                   float           eps)
{
  float s1[MAX_CHANNELS], s2[MAX_CHANNELS], a[MAX_CHANNELS], b[MAX_CHANNELS];
  long  per = c / groups;

  for (long i = 0; i < n; i++, x += p * c, y += p * c, mean += groups, rstd += groups)
    {
      for (long k = 0; k < c; k += LANES)
        {
          Floats t1 = {}, t2 = {}, shift = e ? get (e + i * c + k) : (Floats) {};

          for (long q = 0; q < p; q++)
            {
              Floats v = load (x + q * c + k) + shift;

              t1 += v;
              t2 += v * v;
            }
          put (s1 + k, t1);
          put (s2 + k, t2);
        }
      for (long g = 0; g < groups; g++)
        {
          double sum = 0, square = 0, m;

          for (long k = g * per; k < (g + 1) * per; k++)
            {
              sum += s1[k];
              square += s2[k];
            }
          m = sum / (p * per);
          mean[g] = m;
          square = square / (p * per) - m * m;
          rstd[g] = 1 / sqrt ((square > 0 ? square : 0) + eps);
          for (long k = g * per; k < (g + 1) * per; k++)
            {
              a[k] = rstd[g] * gamma[k];
              b[k] = beta[k] + ((e ? e[i * c + k] : 0) - mean[g]) * a[k];
            }
        }
      for (long q = 0; q < p; q++)
        for (long k = 0; k < c; k += LANES)
          {
            Floats z = load (x + q * c + k) * get (a + k) + get (b + k);

            store (y + q * c + k, z * logistic (z));
          }
    }
}

/* work: p × c floats; dgamma, dbeta (c) are added to; de (n × c) is written. */
void
norm_silu_backward (const uint16_t *dy,
                    const uint16_t *x,
                    const float    *e,
                    const float    *gamma,
                    const float    *beta,
                    const float    *mean,
                    const float    *rstd,
                    uint16_t       *dx,
                    float          *de,
                    float          *dgamma,
                    float          *dbeta,
                    float          *work,
                    long            n,
                    long            p,
                    long            c,
                    long            groups)
{
  float a[MAX_CHANNELS], b[MAX_CHANNELS], d0[MAX_CHANNELS], d1[MAX_CHANNELS], r1[MAX_CHANNELS],
    r0[MAX_CHANNELS];
  long per = c / groups;

  for (long i = 0; i < n; i++, dy += p * c, x += p * c, dx += p * c, mean += groups, rstd += groups)
    {
      for (long k = 0; k < c; k++)
        {
          a[k] = rstd[k / per] * gamma[k];
          b[k] = beta[k] + ((e ? e[i * c + k] : 0) - mean[k / per]) * a[k];
        }
      for (long k = 0; k < c; k += LANES) /* sums of dz and of dz·x */
        {
          Floats t0 = {}, t1 = {}, scale = get (a + k), shift = get (b + k);

          for (long q = 0; q < p; q++)
            {
              Floats v = load (x + q * c + k), z = v * scale + shift, s = logistic (z);
              Floats dz = load (dy + q * c + k) * (s * (1.f + z * (1.f - s)));

              t0 += dz;
              t1 += dz * v;
              put (work + q * c + k, dz);
            }
          put (d0 + k, t0);
          put (d1 + k, t1);
        }
      for (long g = 0; g < groups; g++)
        {
          double sum = 0, dot = 0;
          float  m = mean[g], r = rstd[g];

          for (long k = g * per; k < (g + 1) * per; k++)
            {
              float x_hat = r * (d1[k] + ((e ? e[i * c + k] : 0) - m) * d0[k]);

              dgamma[k] += x_hat;
              dbeta[k] += d0[k];
              sum += gamma[k] * d0[k];
              dot += gamma[k] * x_hat;
            }
          sum /= p * per;
          dot /= p * per;
          for (long k = g * per; k < (g + 1) * per; k++) /* dx = a·dz + r1·x + r0 */
            {
              r1[k] = -r * r * dot;
              r0[k] = -r * sum - r1[k] * (m - (e ? e[i * c + k] : 0));
            }
        }
      for (long k = 0; k < c; k += LANES)
        {
          Floats t0 = {}, scale = get (a + k), u = get (r1 + k), w = get (r0 + k);

          for (long q = 0; q < p; q++)
            {
              Floats v = get (work + q * c + k) * scale + load (x + q * c + k) * u + w;

              t0 += v;
              store (dx + q * c + k, v);
            }
          if (de)
            put (de + i * c + k, t0);
        }
    }
}
