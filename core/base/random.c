/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * random.c: Philox4x32-10 and Box–Muller.
 */
#include "base/random.h"

#include <math.h>

void
random_philox (const guint32 counter[4], const guint32 key[2], guint32 out[4])
{
  guint32 c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  guint32 k0 = key[0], k1 = key[1];

  for (int round = 0; round < 10; round++)
    {
      guint64 p0 = (guint64) 0xD2511F53u * c0, p1 = (guint64) 0xCD9E8D57u * c2;

      c0 = (guint32) (p1 >> 32) ^ c1 ^ k0;
      c1 = (guint32) p1;
      c2 = (guint32) (p0 >> 32) ^ c3 ^ k1;
      c3 = (guint32) p0;
      k0 += 0x9E3779B9u; /* the golden ratio */
      k1 += 0xBB67AE85u; /* √3 − 1 */
    }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

void
random_pack (const RandomStream *stream,
             int                 x,
             int                 y,
             int                 group,
             guint32             counter[4],
             guint32             key[2])
{
  key[0] = stream->seed;
  key[1] = (guint32) stream->purpose << 8 | ((guint32) stream->scale & 0xff);
  counter[0] = (guint32) x; /* two's complement: one to one for either sign */
  counter[1] = (guint32) y;
  counter[2] = stream->transition;
  counter[3] = (guint32) group;
}

/* Two uniform words → two independent normal deviates (Box and Muller 1958).
 * The radius' word lies in the middle of its 2⁻³² interval: the logarithm of 0
 * cannot occur; the largest deviate is 6.8. */
static inline void
box_muller (guint32 a, guint32 b, float *z0, float *z1)
{
  float radius = sqrtf (-2.0f * logf ((float) ((a + 0.5) * 0x1p-32)));
  float angle = (float) (b * (2.0 * G_PI * 0x1p-32));

  *z0 = radius * cosf (angle);
  *z1 = radius * sinf (angle);
}

void
random_pixel (const RandomStream *stream, int x, int y, float normal[4])
{
  guint32 counter[4], key[2], bits[4];

  random_pack (stream, x, y, 0, counter, key);
  random_philox (counter, key, bits);
  box_muller (bits[0], bits[1], &normal[0], &normal[1]);
  box_muller (bits[2], bits[3], &normal[2], &normal[3]);
}

void
random_window (const RandomStream  *stream,
               const DiffusionRect *window,
               int                  n_channels,
               float               *planes)
{
  gsize size = (gsize) window->width * window->height;

  g_return_if_fail (n_channels >= 1 && n_channels <= 4);

  for (int y = 0; y < window->height; y++)
    for (int x = 0; x < window->width; x++)
      {
        float normal[4];

        random_pixel (stream, window->x + x, window->y + y, normal);
        for (int c = 0; c < n_channels; c++)
          planes[c * size + (gsize) y * window->width + x] = normal[c];
      }
}
