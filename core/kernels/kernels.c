/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels.c: what all tables share: how weights are laid out for them.
 */
#include "kernels/kernels.h"

#include <string.h>

/* Cook-Toom with the points 0, 1, −1, ½, −2, ∞: row i of G is
 * [1, p, p²] / Π_{j≠i} (p_i − p_j), and [0, 0, 1] for ∞. */
void
winograd_weights (const float *g, float *u)
{
  static const double G[6][3] = {
    { 1.0, 0.0, 0.0 },
    { 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0 },
    { -1.0 / 3.0, 1.0 / 3.0, -1.0 / 3.0 },
    { -16.0 / 15.0, -8.0 / 15.0, -4.0 / 15.0 },
    { 1.0 / 15.0, -2.0 / 15.0, 4.0 / 15.0 },
    { 0.0, 0.0, 1.0 },
  };
  double half[6][3];

  for (int r = 0; r < 6; r++)
    for (int x = 0; x < 3; x++)
      half[r][x] = G[r][0] * g[x] + G[r][1] * g[3 + x] + G[r][2] * g[6 + x];

  for (int r = 0; r < 6; r++)
    for (int s = 0; s < 6; s++)
      u[6 * r + s] = half[r][0] * G[s][0] + half[r][1] * G[s][1] + half[r][2] * G[s][2];
}

Bfloat16
kernel_bf16 (float x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

void
kernel_bf16x2 (float x, Bfloat16 *high, Bfloat16 *low)
{
  guint32 bits;
  float   rounded;

  *high = kernel_bf16 (x);
  bits = (guint32) *high << 16;
  memcpy (&rounded, &bits, sizeof rounded);
  *low = kernel_bf16 (x - rounded);
}

/* Pairs of channels lie side by side, as the tiles of AMX want it. */
void
kernel_bf16x2_weight (float *b, int in, int out, float weight)
{
  Bfloat16 *high = (Bfloat16 *) b + KERNEL_BF16_WEIGHT (in, out);

  kernel_bf16x2 (weight, high, high + KERNEL_BF16X2 * KERNEL_CHUNK);
}
