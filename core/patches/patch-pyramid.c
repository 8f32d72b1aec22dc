/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-pyramid.c: see patch-pyramid.h.
 *
 * The roughness of a pixel is the mean step of the brightness from known pixel to known pixel
 * around it, across and down (Newson et al. 2014, "Video inpainting of complex scenes", section
 * 3.4: without it smooth patches win at coarse scales, where texture cannot be seen).
 */
#include "patches/patch-pyramid.h"

#include <math.h>
#include <string.h>

#include "base/planes.h"

enum
{
  ROUGH_ACROSS = 3,
  ROUGH_DOWN,
  SHARE_KNOWN,
  SHARE_HOLE,
  SHARE_SOURCE,
  N_PLANES
};

/* Pixels: more would be paid for in memory by the finest scale. */
#define PATCH_MARGIN_MAX 256

/* Sides of the box that the roughness is averaged over: 2 · 2^(scales − 1) + 1, within. */
#define ROUGH_RADIUS_MIN 3
#define ROUGH_RADIUS_MAX 16

/* So much of what is known or to be filled of a pixel has to be known, else it is filled; with
 * less than half of it either, it is outside. */
#define KNOWN_SHARE   0.6f
#define OUTSIDE_SHARE 0.5f

/* At the coarsest scale a patch sees across half the hole. */
static int
count_scales (int inradius)
{
  int n = 1;

  while ((inradius >> (n - 1)) > PATCH_SIDE && n < PATCH_SCALES_MAX)
    n++;
  return n;
}

int
patch_pyramid_count (int width, int height, int inradius)
{
  int n = count_scales (inradius);

  while (n > 1 && ((width >> (n - 1)) <= 4 * PATCH_SIDE || (height >> (n - 1)) <= 3 * PATCH_SIDE))
    n--;
  return n;
}

int
patch_pyramid_margin (int inradius)
{
  return MIN (PATCH_MARGIN << (count_scales (inradius) - 1), PATCH_MARGIN_MAX);
}

#define FAR (G_MAXINT / 2)

/* The greatest number of steps, diagonal ones too, out of the hole; beyond the picture does
 * not count as out. */
static int
find_inradius (const PatchPicture *picture)
{
  int  width = picture->width, height = picture->height, most = 0;
  int *steps = g_new0 (int, (gsize) (width + 2) * (height + 2));
  int  row = width + 2;

  for (int k = 0; k < row * (height + 2); k++)
    steps[k] = FAR;
  for (int backwards = 0; backwards <= 1; backwards++)
    for (int i = 0; i < width * height; i++)
      {
        int at = backwards ? width * height - 1 - i : i;
        int k = (at / width + 1) * row + at % width + 1, side = backwards ? 1 : -1;
        int least = MIN (MIN (steps[k + side], steps[k + side * row]),
                         MIN (steps[k + side * row - 1], steps[k + side * row + 1]));

        if (picture->hole[at] < 0.0f) /* neither in nor out */
          continue;
        steps[k] = picture->hole[at] > 0.0f ? MIN (steps[k], MIN (least, FAR - 1) + 1) : 0;
        if (backwards && steps[k] < FAR)
          most = MAX (most, steps[k]);
      }
  g_free (steps);
  return most;
}

/* --- The finest scale ---------------------------------------------------------------- */

static void
take_picture (const PatchPicture *picture, float *planes)
{
  gsize size = (gsize) picture->width * picture->height;

  for (gsize i = 0; i < size; i++)
    {
      float known = picture->hole[i] == 0.0f ? 1.0f : 0.0f;

      for (int c = 0; c < 3; c++)
        planes[c * size + i] =
          known * 127.5f * (picture->picture[(picture->n_channels == 3 ? c : 0) * size + i] + 1.0f);
      planes[SHARE_KNOWN * size + i] = known;
      planes[SHARE_HOLE * size + i] = picture->hole[i] > 0.0f ? 1.0f : 0.0f;
      planes[SHARE_SOURCE * size + i] =
        picture->source == NULL || picture->source[i] > 0.5f ? 1.0f : 0.0f;
    }
}

/* Sums over rectangles in constant time: `sums` has a row and a column more than the picture. */
static double
rectangle (const double *sums, int width, int x0, int y0, int x1, int y1)
{
  gsize row = width + 1;

  return sums[y1 * row + x1] - sums[y0 * row + x1] - sums[y1 * row + x0] + sums[y0 * row + x0];
}

static gboolean
find_roughness (int width, int height, int radius, float *planes, GError **error)
{
  gsize         size = (gsize) width * height, row = width + 1, n = row * (height + 1);
  const float  *known = planes + SHARE_KNOWN * size;
  float        *brightness = planes_new (width, height, 1, error);
  double       *sums = brightness != NULL /* two floats each */
                         ? (double *) planes_new (width + 1, height + 1, 6, error)
                         : NULL;
  const double *across = sums, *down = sums + n, *count = sums + 2 * n;

  if (brightness == NULL || sums == NULL)
    {
      g_free (brightness);
      g_free (sums);
      return FALSE;
    }
  memset (sums, 0, 3 * n * sizeof (double));
  for (gsize i = 0; i < size; i++)
    brightness[i] = 0.3f * planes[i] + 0.59f * planes[size + i] + 0.11f * planes[2 * size + i];
  for (int y = 0; y < height; y++)
    {
      double line[3] = { 0.0 };

      for (int x = 0; x < width; x++)
        {
          gsize i = (gsize) y * width + x, k = (y + 1) * row + x + 1;

          if (x + 1 < width && y + 1 < height && known[i] * known[i + 1] * known[i + width] > 0.0f)
            {
              line[0] += fabsf (brightness[i + 1] - brightness[i]);
              line[1] += fabsf (brightness[i + width] - brightness[i]);
              line[2] += 1.0;
            }
          for (int c = 0; c < 3; c++)
            sums[c * n + k] = sums[c * n + k - row] + line[c];
        }
    }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        int    x0 = MAX (x - radius, 0), x1 = MIN (x + radius + 1, width);
        int    y0 = MAX (y - radius, 0), y1 = MIN (y + radius + 1, height);
        double steps = MAX (rectangle (count, width, x0, y0, x1, y1), 1e-9);
        gsize  i = (gsize) y * width + x;

        planes[ROUGH_ACROSS * size + i] = rectangle (across, width, x0, y0, x1, y1) / steps;
        planes[ROUGH_DOWN * size + i] = rectangle (down, width, x0, y0, x1, y1) / steps;
      }
  g_free (sums);
  g_free (brightness);
  return TRUE;
}

/* --- Halving ---------------------------------------------------------------------------- */

static void
halve (int fine_width, int fine_height, const float *fine, int width, int height, float *coarse)
{
  gsize fine_size = (gsize) fine_width * fine_height, size = (gsize) width * height;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize i = (gsize) y * width + x;
        float sums[N_PLANES] = { 0.0f }, known;
        int   n = 0;

        for (int v = 2 * y; v < MIN (2 * y + 2, fine_height); v++)
          for (int u = 2 * x; u < MIN (2 * x + 2, fine_width); u++, n++)
            {
              gsize k = (gsize) v * fine_width + u;

              known = fine[SHARE_KNOWN * fine_size + k];
              for (int c = 0; c < SHARE_KNOWN; c++)
                sums[c] += known * fine[c * fine_size + k];
              sums[SHARE_KNOWN] += known;
              sums[SHARE_HOLE] += fine[SHARE_HOLE * fine_size + k];
              sums[SHARE_SOURCE] += fine[SHARE_SOURCE * fine_size + k];
            }
        known = sums[SHARE_KNOWN];
        for (int c = 0; c < SHARE_KNOWN; c++)
          coarse[c * size + i] = known > 0.0f ? sums[c] / known : 0.0f;
        coarse[SHARE_KNOWN * size + i] = known / n;
        coarse[SHARE_HOLE * size + i] = sums[SHARE_HOLE] / n;
        coarse[SHARE_SOURCE * size + i] = sums[SHARE_SOURCE] / n;
      }
}

static float *
add_scale (PatchPyramid *pyramid, int width, int height, GError **error)
{
  int s = pyramid->n_scales++;

  pyramid->scales[s].width = width;
  pyramid->scales[s].height = height;
  pyramid->scales[s].planes = planes_new (width, height, N_PLANES, error);
  return pyramid->scales[s].planes;
}

PatchPyramid *
patch_pyramid_new (const PatchPicture *picture, GError **error)
{
  PatchPyramid *pyramid = g_new0 (PatchPyramid, 1);
  int           width = picture->width, height = picture->height, n;
  float        *planes = add_scale (pyramid, width, height, error);
  gboolean      success = planes != NULL;

  pyramid->reach = picture->reach;
  pyramid->inradius = find_inradius (picture);
  n = patch_pyramid_count (width, height, pyramid->inradius);
  if (success)
    {
      int radius = CLAMP (1 << (n - 1), ROUGH_RADIUS_MIN, ROUGH_RADIUS_MAX);

      take_picture (picture, planes);
      success = find_roughness (width, height, radius, planes, error);
    }
  while (success && pyramid->n_scales < n)
    {
      int    half_width = (width + 1) / 2, half_height = (height + 1) / 2;
      float *half = add_scale (pyramid, half_width, half_height, error);

      success = half != NULL;
      if (success)
        halve (width, height, planes, half_width, half_height, half);
      width = half_width;
      height = half_height;
      planes = half;
    }
  if (!success)
    g_clear_pointer (&pyramid, patch_pyramid_free);
  return pyramid;
}

void
patch_pyramid_free (PatchPyramid *pyramid)
{
  if (pyramid == NULL)
    return;
  for (int s = 0; s < pyramid->n_scales; s++)
    g_free (pyramid->scales[s].planes);
  g_free (pyramid);
}

static PatchPixel
kind_of (float known, float hole, float source)
{
  if (known + hole < OUTSIDE_SHARE)
    return PATCH_OUTSIDE;
  if (known < KNOWN_SHARE * (known + hole))
    return PATCH_HOLE;
  return source > 0.5f ? PATCH_KNOWN : PATCH_CLOSED;
}

PatchLevel *
patch_pyramid_level (const PatchPyramid *pyramid, int scale, guint32 seed, GError **error)
{
  int          width = pyramid->scales[scale].width, height = pyramid->scales[scale].height;
  const float *planes = pyramid->scales[scale].planes;
  gsize        size = (gsize) width * height;
  PatchLevel  *level = patch_level_new (width, height, error);

  if (level == NULL)
    return NULL;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize i = (gsize) y * width + x;
        int   at = patch_level_at (level, x, y);

        for (int c = 0; c < 3; c++)
          level->colour[4 * at + c] = planes[c * size + i];
        for (int c = 0; c < 2; c++)
          level->texture[2 * at + c] = planes[(ROUGH_ACROSS + c) * size + i];
        level->pixel[at] = kind_of (planes[SHARE_KNOWN * size + i], planes[SHARE_HOLE * size + i],
                                    planes[SHARE_SOURCE * size + i]);
      }
  patch_level_prepare (level, (pyramid->reach >> scale) + PATCH_MARGIN, seed, scale);
  return level;
}
