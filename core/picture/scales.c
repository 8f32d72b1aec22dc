/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.c: from coarse to fine.
 */
#include "picture/scales.h"

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

/* Catmull and Rom's cubic a quarter of the way from the nearest coarse pixel to the next:
 * of the one behind, the nearest, the next and the one after it. Straight lines between
 * pixels would leave a fill less sharp than what surrounds it. */
static const float cubic[4] = { -9.0f / 128.0f, 111.0f / 128.0f, 29.0f / 128.0f, -3.0f / 128.0f };

/* The four coarse pixels for fine pixel `i` along one side, in cubic's order. */
static void
neighbours (int i, int start, int size, int at[4])
{
  int nearest = (i >> 1) - start, next = i & 1 ? 1 : -1;

  for (int k = 0; k < 4; k++)
    at[k] = CLAMP (nearest + (k - 1) * next, 0, size - 1);
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
        const float *plane = coarse + (gsize) c * width * height;
        int          rows[4], columns[4];

        neighbours (area->y + y, coarse_area->y, height, rows);
        for (int x = 0; x < area->width; x++)
          {
            float sum = 0.0f;

            neighbours (area->x + x, coarse_area->x, width, columns);
            for (int j = 0; j < 4; j++)
              for (int i = 0; i < 4; i++)
                sum += cubic[j] * cubic[i] * plane[(gsize) rows[j] * width + columns[i]];
            *out++ = CLAMP (sum, -1.0f, 1.0f);
          }
      }
}
