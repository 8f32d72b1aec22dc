/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kernels.c: what all tables share: how weights are laid out for them.
 */
#include "kernels/kernels.h"

/* Cook-Toom with the points 0, 1, −1, ½, −2, ∞: row i of G is
 * [1, p, p²] / Π_{j≠i} (p_i − p_j), and [0, 0, 1] for ∞. */
void
winograd_weights (float g[9][KERNEL_CHUNK], float u[WINOGRAD_PRODUCTS][KERNEL_CHUNK])
{
  static const double G[6][3] = {
    { 1.0, 0.0, 0.0 },
    { 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0 },
    { -1.0 / 3.0, 1.0 / 3.0, -1.0 / 3.0 },
    { -16.0 / 15.0, -8.0 / 15.0, -4.0 / 15.0 },
    { 1.0 / 15.0, -2.0 / 15.0, 4.0 / 15.0 },
    { 0.0, 0.0, 1.0 },
  };
  double half[6][3][KERNEL_CHUNK];

  for (int r = 0; r < 6; r++)
    for (int x = 0; x < 3; x++)
      for (int j = 0; j < KERNEL_CHUNK; j++)
        half[r][x][j] = G[r][0] * g[x][j] + G[r][1] * g[3 + x][j] + G[r][2] * g[6 + x][j];

  for (int r = 0; r < 6; r++)
    for (int s = 0; s < 6; s++)
      for (int j = 0; j < KERNEL_CHUNK; j++)
        u[6 * r + s][j] =
          half[r][0][j] * G[s][0] + half[r][1][j] * G[s][1] + half[r][2][j] * G[s][2];
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
