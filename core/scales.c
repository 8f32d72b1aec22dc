/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.c: from coarse to fine.
 */
#include "scales.h"

#include <math.h>

/* Below, nothing is drawn; above, nothing is left of the coarser result. */
#define REFINING_MIN 0.01
#define REFINING_MAX 7.0

int
scales_view (const NetworkShape *shape, int multiple)
{
  return shape->sample_size > 0 ? shape->sample_size : 4 * multiple;
}

int
scales_halvings (int view, int square)
{
  int n = 0;

  while ((square >> n) > view / 2 && n < SCALES_MAX - 1)
    n++;
  return n;
}

double
scales_time (const Schedule *schedule, double t, int scale)
{
  return scale == 0 ? t
                    : schedule_t_of_sigma (schedule, schedule_sigma (schedule, t) / (1 << scale));
}

/* Squared deviation of a block from its mean, over all channels. */
static double
deviation_of_block (int width, gsize size, int n_channels, const float *block)
{
  double sum = 0.0;

  for (int c = 0; c < n_channels; c++, block += size)
    {
      float v[] = { block[0], block[1], block[width], block[width + 1] };
      float mean = 0.25f * (v[0] + v[1] + v[2] + v[3]);

      for (int i = 0; i < 4; i++)
        sum += 0.25f * (v[i] - mean) * (v[i] - mean);
    }
  return sqrt (sum / n_channels);
}

double
scales_detail (int width, int height, int n_channels, const float *picture, const float *m)
{
  gsize  size = (gsize) width * height, n = 0;
  double total = 0.0;

  for (int y = 0; y + 1 < height; y += 2)
    for (int x = 0; x + 1 < width; x += 2)
      {
        gsize i = (gsize) y * width + x;

        if (m[i] + m[i + 1] + m[i + width] + m[i + width + 1] == 0.0f)
          {
            total += deviation_of_block (width, size, n_channels, picture + i);
            n++;
          }
      }
  return n > 0 ? total / n : SCALES_COMMON_DETAIL;
}

double
scales_refining_sigma (double refining, double detail)
{
  return CLAMP (refining * detail, REFINING_MIN, REFINING_MAX);
}

/* The two coarse neighbours of fine pixel `i` along one side; the nearer has 3/4. */
static void
neighbours (int i, int start, int size, int *near, int *far)
{
  int coarse = i >> 1, other = coarse + (i & 1 ? 1 : -1);

  *near = CLAMP (coarse - start, 0, size - 1);
  *far = CLAMP (other - start, 0, size - 1);
}

void
scales_enlarge (const float         *coarse,
                const DiffusionRect *coarse_area,
                int                  n_channels,
                const DiffusionRect *area,
                float               *out)
{
  int width = coarse_area->width, height = coarse_area->height;

  for (int c = 0; c < n_channels; c++)
    for (int y = 0; y < area->height; y++)
      {
        const float *plane = coarse + (gsize) c * width * height, *near_row, *far_row;
        int          near_y, far_y;

        neighbours (area->y + y, coarse_area->y, height, &near_y, &far_y);
        near_row = plane + (gsize) near_y * width;
        far_row = plane + (gsize) far_y * width;
        for (int x = 0; x < area->width; x++)
          {
            int near, far;

            neighbours (area->x + x, coarse_area->x, width, &near, &far);
            *out++ = 0.75f * (0.75f * near_row[near] + 0.25f * near_row[far]) +
                     0.25f * (0.75f * far_row[near] + 0.25f * far_row[far]);
          }
      }
}
