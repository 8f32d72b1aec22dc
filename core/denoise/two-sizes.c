/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * two-sizes.c: see two-sizes.h.
 */
#include "denoise/two-sizes.h"

void
two_sizes_halve (int width, int height, int n_channels, const float *in, float *out)
{
  for (int c = 0; c < n_channels; c++, in += (gsize) width * height)
    for (int y = 0; y < height; y += 2)
      {
        const float *row = in + (gsize) y * width;
        const float *next = y + 1 < height ? row + width : row;

        for (int x = 0; x < width; x += 2)
          {
            int right = MIN (x + 1, width - 1);

            *out++ = 0.25f * (row[x] + row[right] + next[x] + next[right]);
          }
      }
}

void
two_sizes_add (int width, int height, int n_channels, const float *half, float *x)
{
  const int half_width = two_sizes_half (width), half_height = two_sizes_half (height);

  for (int c = 0; c < n_channels; c++, half += (gsize) half_width * half_height)
    for (int y = 0; y < height; y++)
      {
        int          near = y / 2, far = CLAMP (near + (y & 1 ? 1 : -1), 0, half_height - 1);
        const float *near_row = half + (gsize) near * half_width;
        const float *far_row = half + (gsize) far * half_width;

        for (int i = 0; i < width; i++)
          {
            int a = i / 2, b = CLAMP (a + (i & 1 ? 1 : -1), 0, half_width - 1);

            *x++ += (0.75f * (0.75f * near_row[a] + 0.25f * near_row[b]) +
                     0.25f * (0.75f * far_row[a] + 0.25f * far_row[b]));
          }
      }
}
