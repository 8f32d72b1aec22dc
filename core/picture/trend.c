/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trend.c: see trend.h.
 */
#include "picture/trend.h"

#include <math.h>

#include "picture/membrane.h"

#define LEVEL (2.0f / 255.0f)

/* The surface is laid through the means of such blocks that are known in whole: what misses them
 * is no grain. It may miss one by as much as a membrane may miss a pixel. */
#define BLOCK       8
#define MISSED_MOST (3.1f * LEVEL)

/* Fewer blocks say nothing. */
#define BLOCKS_LEAST (2 * SURFACE_TERMS)

/* The blocks as a picture. */
typedef struct
{
  int     width, height, n_known;
  float  *means, *hole;
  guint8 *near;
} Blocks;

static void
blocks_init (Blocks *blocks, const DiffusionRect *area, const float *hole, const guint8 *near)
{
  gsize n;

  *blocks = (Blocks) { .width = area->width / BLOCK, .height = area->height / BLOCK };
  n = (gsize) blocks->width * blocks->height;
  blocks->means = g_new (float, n + 1);
  blocks->hole = g_new0 (float, n + 1);
  blocks->near = g_new0 (guint8, n + 1);
  for (int y = 0; y < blocks->height * BLOCK; y++)
    for (int x = 0; x < blocks->width * BLOCK; x++)
      {
        gsize i = (gsize) y * area->width + x;
        gsize k = (gsize) (y / BLOCK) * blocks->width + x / BLOCK;

        blocks->near[k] |= near[i];
        if (hole[i] != 0.0f)
          blocks->hole[k] = 1.0f;
      }
  for (gsize k = 0; k < n; k++)
    blocks->n_known += blocks->near[k] && blocks->hole[k] == 0.0f;
}

static void
blocks_clear (Blocks *blocks)
{
  g_free (blocks->means);
  g_free (blocks->hole);
  g_free (blocks->near);
}

static void
take_means (Blocks *blocks, int width, const float *plane)
{
  for (int y = 0; y < blocks->height; y++)
    for (int x = 0; x < blocks->width; x++)
      {
        double sum = 0;

        for (int v = 0; v < BLOCK; v++)
          for (int u = 0; u < BLOCK; u++)
            sum += plane[(gsize) (y * BLOCK + v) * width + x * BLOCK + u];
        blocks->means[(gsize) y * blocks->width + x] = (float) (sum / (BLOCK * BLOCK));
      }
}

/* *mean: of the surface over the known blocks. */
static gboolean
suits (const Blocks *blocks, const Surface *surface, double *mean)
{
  double sum = 0;

  for (int y = 0; y < blocks->height; y++)
    for (int x = 0; x < blocks->width; x++)
      {
        gsize  k = (gsize) y * blocks->width + x;
        double value;

        if (!blocks->near[k] || blocks->hole[k] != 0.0f)
          continue;
        value = surface_at (surface, x, y);
        if (fabs (blocks->means[k] - value) > MISSED_MOST)
          return FALSE;
        sum += value;
      }
  *mean = sum / blocks->n_known;
  return TRUE;
}

gboolean
trend_find (Trend               *trend,
            const DiffusionRect *area,
            int                  n_channels,
            const float         *picture,
            const float         *hole,
            int                  ring)
{
  guint8  *near = g_new0 (guint8, (gsize) area->width * area->height);
  Blocks   blocks;
  gboolean found;

  *trend = (Trend) { .x = area->x, .y = area->y, .n_channels = n_channels };
  membrane_mark_near (area->width, area->height, hole, ring, near);
  blocks_init (&blocks, area, hole, near);
  g_free (near);
  found = blocks.n_known >= BLOCKS_LEAST;
  for (int c = 0; found && c < n_channels; c++)
    {
      Surface *surface = &trend->surfaces[c];

      take_means (&blocks, area->width, picture + (gsize) c * area->width * area->height);
      surface_fit (surface, blocks.width, blocks.height, blocks.means, blocks.hole, blocks.near);
      found = suits (&blocks, surface, &trend->means[c]);
    }
  blocks_clear (&blocks);
  return found;
}

float
trend_at (const Trend *trend, int channel, int x, int y)
{
  double u = (x - trend->x + 0.5) / BLOCK - 0.5, v = (y - trend->y + 0.5) / BLOCK - 0.5;

  return (float) (surface_at (&trend->surfaces[channel], u, v) - trend->means[channel]);
}

void
trend_add (const Trend *trend, const DiffusionRect *area, float *planes)
{
  for (int c = 0; c < trend->n_channels; c++)
    for (int y = 0; y < area->height; y++)
      for (int x = 0; x < area->width; x++)
        *planes++ += trend_at (trend, c, area->x + x, area->y + y);
}
