/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * impulses.c: see impulses.h.
 */
#include "denoise/impulses.h"

#include <string.h>

/* How far beyond the neighbours: so many times their spread and so much more. Noise of
 * σ = 50 levels gets there in two pixels of 100000. */
#define SPREADS 2.0f
#define LEAST   (48.0f / 255.0f)

/* Fewer are an accident, in a share of all pixels. */
#define LEAST_COLOURED 2e-5
#define LEAST_GRAY     1e-4

/* Bright ones without dark ones are stars or glints, dark ones alone are ink: of the rarer
 * there are at least so many, as a share of the others. */
#define LEAST_OTHERS 0.25

#define N_NEIGHBOURS 8

/* −1, 0 or 1: is the value an impulse among its neighbours? *flat: they are all one value. */
static int
sign (const float *plane, int width, gboolean *flat)
{
  const int offsets[N_NEIGHBOURS] = { -width - 1, -width,    -width + 1, -1,
                                      1,          width - 1, width,      width + 1 };
  float     lowest = G_MAXFLOAT, low = G_MAXFLOAT, high = -G_MAXFLOAT, highest = -G_MAXFLOAT;
  float     reach;

  for (int i = 0; i < N_NEIGHBOURS; i++)
    {
      float v = plane[offsets[i]];

      if (v < lowest)
        {
          low = lowest;
          lowest = v;
        }
      else
        low = MIN (low, v);
      if (v > highest)
        {
          high = highest;
          highest = v;
        }
      else
        high = MAX (high, v);
    }
  *flat = lowest == highest;
  reach = SPREADS * (high - low) + LEAST;
  return *plane > high + reach ? 1 : *plane < low - reach ? -1 : 0;
}

/* The kind of a pixel that is not at the border; 0: none. */
static ImpulseKinds
kind_at (const float *pixels, gsize size, int width, int n_channels, gsize place, gboolean *flat)
{
  int n_bright = 0, n_dark = 0;

  *flat = TRUE;
  for (int c = 0; c < n_channels; c++)
    {
      gboolean one_value;
      int      s = sign (pixels + c * size + place, width, &one_value);

      n_bright += s > 0;
      n_dark += s < 0;
      *flat &= one_value;
    }
  if (n_bright == n_channels)
    return IMPULSE_BRIGHT;
  if (n_dark == n_channels)
    return IMPULSE_DARK;
  return n_bright + n_dark > 0 ? IMPULSE_COLOURED : 0;
}

void
impulses_count (int           width,
                int           height,
                int           n_channels,
                const float  *pixels,
                const float  *known,
                ImpulseCount *count)
{
  gsize size = (gsize) width * height;

  for (int y = 1; y < height - 1; y++)
    for (int x = 1; x < width - 1; x++)
      {
        gsize        place = (gsize) y * width + x;
        gboolean     flat;
        ImpulseKinds kind;

        if (known[place] == 0.0f)
          continue;
        kind = kind_at (pixels, size, width, n_channels, place, &flat);
        count->n_pixels++;
        count->n_coloured += kind == IMPULSE_COLOURED;
        count->n_bright += kind == IMPULSE_BRIGHT;
        count->n_dark += kind == IMPULSE_DARK;
        count->n_flat += kind != 0 && flat;
      }
}

ImpulseKinds
impulses_kinds (const ImpulseCount *count)
{
  guint64      n_gray = count->n_bright + count->n_dark;
  ImpulseKinds kinds = 0;

  if (2 * count->n_flat > n_gray + count->n_coloured)
    return 0;
  if (count->n_coloured > LEAST_COLOURED * count->n_pixels)
    kinds |= IMPULSE_COLOURED;
  if (n_gray > LEAST_GRAY * count->n_pixels &&
      MIN (count->n_bright, count->n_dark) >= LEAST_OTHERS * MAX (count->n_bright, count->n_dark))
    kinds |= IMPULSE_BRIGHT | IMPULSE_DARK;
  return kinds;
}

/* The border is looked at with its neighbours repeated. */
static const float *
with_border (int width, int height, int n_channels, const float *pixels, float *out)
{
  for (int c = 0; c < n_channels; c++)
    for (int y = -1; y <= height; y++)
      {
        const float *row = pixels + ((gsize) c * height + CLAMP (y, 0, height - 1)) * width;

        *out++ = row[0];
        memcpy (out, row, width * sizeof *row);
        out += width;
        *out++ = row[width - 1];
      }
  return out;
}

gsize
impulses_mark (int          width,
               int          height,
               int          n_channels,
               const float *pixels,
               ImpulseKinds kinds,
               float       *known)
{
  int    wide = width + 2;
  gsize  size = (gsize) wide * (height + 2), n = 0;
  float *framed;

  if (kinds == 0)
    return 0;

  framed = g_new (float, n_channels *size);
  with_border (width, height, n_channels, pixels, framed);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gboolean flat;

        if (known[(gsize) y * width + x] != 0.0f &&
            (kind_at (framed, size, wide, n_channels, (gsize) (y + 1) * wide + x + 1, &flat) &
             kinds))
          {
            known[(gsize) y * width + x] = 0.0f;
            n++;
          }
      }
  g_free (framed);
  return n;
}
