/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.c: from coarse to fine.
 */
#include "scales.h"

#include <math.h>

/* σ at which refining begins, in the −1…1 range, and its share of a whole run's steps.
 * LARGE_SIGMA_END in inpaint-plan.c has the figures it was chosen by; of four squares, the
 * whole way, 20 steps in the first scale, with earlier weights:
 *   σ = 0.9, share 0.5  x.55   σ = 2.1, share 0.5  x.61   σ = 2.1, share 1  x.67
 * Less than 0.7 of the picture's sharpness looks blurred. The coarser result in place of
 * the smooth guess, as y, was worse than either with an earlier model: the network was not
 * trained with it. */
#define REFINING_SIGMA 3.5
#define REFINING_STEPS 1.0

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

double
scales_refining_time (const Schedule *schedule)
{
  return schedule_t_of_sigma (schedule, REFINING_SIGMA);
}

int
scales_refining_steps (int steps)
{
  return MAX (1, (int) ceil (REFINING_STEPS * steps));
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
