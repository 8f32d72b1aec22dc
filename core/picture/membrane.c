/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * membrane.c: see membrane.h.
 */
#include "picture/membrane.h"

#include <math.h>

#include "base/planes.h"
#include "picture/push-pull.h"
#include "picture/surface.h"

#define LEVEL (2.0f / 255.0f)

/* From the mean of its neighbours a pixel of a gradient in 8 bits differs by at most 1 level, a
 * few more where it is dithered; an edge by more. */
#define SMOOTH      (1.1f * LEVEL)
#define SMOOTH_MOST (3.1f * LEVEL)
#define ROUGH_SHARE 0.02

/* The sweeps of the guess; then over-relaxed ones until none changes more than this. */
#define GUESS_SWEEPS   8
#define SWEEPS_MAX     400
#define OVERRELAXATION 1.9f
#define SETTLED        (0.02f * LEVEL)

/* A surface that misses what is known by no more goes on beyond its values, by so many times
 * their range; another one does not. */
#define FITS   LEVEL
#define BEYOND 4.0f

/* --- Smooth or not --------------------------------------------------------------------- */

/* Along rows, then along columns. */
void
membrane_mark_near (int width, int height, const float *hole, int ring, guint8 *near)
{
  guint8 *rows = g_new0 (guint8, (gsize) width * height);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (hole[(gsize) y * width + x] != 0.0f)
        {
          int end = MIN (x + ring, width - 1);

          /* What the pixel before has marked needs no second mark. */
          for (int u = x > 0 && hole[(gsize) y * width + x - 1] != 0.0f ? end : MAX (x - ring, 0);
               u <= end; u++)
            rows[(gsize) y * width + u] = 1;
        }
  for (int x = 0; x < width; x++)
    for (int y = 0; y < height; y++)
      if (rows[(gsize) y * width + x])
        {
          int end = MIN (y + ring, height - 1);

          for (int v = y > 0 && rows[(gsize) (y - 1) * width + x] ? end : MAX (y - ring, 0);
               v <= end; v++)
            near[(gsize) v * width + x] = 1;
        }
  g_free (rows);
}

/* The greatest difference of a pixel from the mean of the two beside it, and of the two above and
 * below, as far as all three are known; −1: not known. */
static float
bend (int width, int height, int n_channels, const float *picture, const float *hole, int x, int y)
{
  gsize size = (gsize) width * height, i = (gsize) y * width + x;
  float most = -1.0f;

  for (int down = 0; down <= 1; down++)
    {
      gsize    step = down ? width : 1;
      gboolean inside = down ? y > 0 && y + 1 < height : x > 0 && x + 1 < width;

      if (!inside || hole[i - step] != 0.0f || hole[i + step] != 0.0f)
        continue;
      for (int c = 0; c < n_channels; c++)
        {
          const float *p = picture + c * size + i;

          most = MAX (most, fabsf (p[0] - 0.5f * (*(p - step) + p[step])));
        }
    }
  return most;
}

gboolean
membrane_suits (int          width,
                int          height,
                int          n_channels,
                const float *picture,
                const float *hole,
                int          ring)
{
  guint8 *near = g_new0 (guint8, (gsize) width * height);
  gsize   n = 0, n_rough = 0;
  float   most = 0.0f;

  membrane_mark_near (width, height, hole, ring, near);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize i = (gsize) y * width + x;
        float b = near[i] && hole[i] == 0.0f ? bend (width, height, n_channels, picture, hole, x, y)
                                             : -1.0f;

        if (b < 0.0f)
          continue;
        n++;
        n_rough += b > SMOOTH;
        most = MAX (most, b);
      }
  g_free (near);
  return n > 0 && most <= SMOOTH_MOST && n_rough <= ROUGH_SHARE * n;
}

/* --- Filling ------------------------------------------------------------------------------ */

/* One sweep, backwards or forwards; returns the greatest change. Beyond the picture its border is
 * repeated. */
static float
sweep (int width, int height, float *plane, const float *hole, gboolean backwards)
{
  gsize size = (gsize) width * height;
  float most = 0.0f;

  for (gsize k = 0; k < size; k++)
    {
      gsize i = backwards ? size - 1 - k : k;
      int   x = i % width, y = i / width;
      float mean, change;

      if (hole[i] == 0.0f)
        continue;
      mean = 0.25f * (plane[x > 0 ? i - 1 : i] + plane[x + 1 < width ? i + 1 : i] +
                      plane[y > 0 ? i - width : i] + plane[y + 1 < height ? i + width : i]);
      change = mean - plane[i];
      plane[i] += OVERRELAXATION * change;
      most = MAX (most, fabsf (change));
    }
  return most;
}

static gboolean
fill_plane (int           width,
            int           height,
            float        *plane,
            const float  *hole,
            const guint8 *near,
            GError      **error)
{
  gsize   size = (gsize) width * height;
  float  *rest = planes_new (width, height, 2, error), *known = rest + size;
  float   beyond, least, most;
  Surface surface;

  if (rest == NULL)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    {
      rest[i] = plane[i];
      known[i] = hole[i] == 0.0f ? 1.0f : 0.0f;
    }
  surface_fit (&surface, width, height, plane, hole, near);
  surface_add (&surface, width, height, rest, -1.0);
  if (!push_pull_fill (width, height, 1, GUESS_SWEEPS, rest, known, error))
    {
      g_free (rest);
      return FALSE;
    }
  for (int k = 0; k < SWEEPS_MAX; k++)
    if (sweep (width, height, rest, hole, k % 2 == 1) < SETTLED)
      break;
  surface_add (&surface, width, height, rest, 1.0);
  beyond = surface.off < FITS ? BEYOND * (surface.most - surface.least) : 0.0f;
  least = MAX (surface.least - beyond, MIN (surface.least, -1.0f));
  most = MIN (surface.most + beyond, MAX (surface.most, 1.0f));
  for (gsize i = 0; i < size; i++)
    if (hole[i] != 0.0f)
      plane[i] = CLAMP (rest[i], least, most);
  g_free (rest);
  return TRUE;
}

gboolean
membrane_fill (int          width,
               int          height,
               int          n_channels,
               float       *picture,
               const float *hole,
               int          ring,
               GError     **error)
{
  guint8  *near = g_new0 (guint8, (gsize) width * height);
  gboolean success = TRUE;

  membrane_mark_near (width, height, hole, ring, near);
  for (int c = 0; success && c < n_channels; c++)
    success = fill_plane (width, height, picture + (gsize) c * width * height, hole, near, error);
  g_free (near);
  return success;
}
