/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * map.c: feature maps, their moments, and group normalisation.
 */
#include "layers/map.h"

#include <math.h>

void
map_join_stats (Map          *map,
                const float  *stats,
                int           n_blocks,
                MapPixelsFunc pixels,
                gconstpointer data)
{
  const int stride = map->stride;
  double   *means = map->moments;
  double   *spreads = map->moments + stride;

  for (int c = 0; c < stride; c++)
    {
      double n = 0.0, mean = 0.0, spread = 0.0;

      for (int i = 0; i < n_blocks; i++)
        {
          const float *block = stats + i * MAP_STATS (stride) + c;
          const double block_n = pixels (data, i);
          const double sum = block[stride];
          const double block_mean = block[0] + sum / block_n;
          const double block_spread = MAX (block[2 * stride] - sum * sum / block_n, 0.0);
          const double difference = block_mean - mean;

          n += block_n;
          mean += difference * block_n / n;
          spread += block_spread + difference * difference * block_n * (n - block_n) / n;
        }

      means[c] = mean;
      spreads[c] = spread;
    }
}

void
norm_free (Norm *norm)
{
  if (!norm)
    return;
  g_free (norm->gamma);
  g_free (norm->beta);
  g_free (norm);
}

/* Channel `c` of the maps seen as one: its map, its place there and its place
 * among the channels in memory of all. */
static const Map *
find_channel (const Map *const *maps, int c, int *channel, int *place)
{
  int before = 0;

  while (c >= (*maps)->channels)
    {
      c -= (*maps)->channels;
      before += (*maps)->stride;
      maps++;
    }

  *channel = c;
  *place = before + c;
  return *maps;
}

void
norm_prepare (const Norm *norm, const Map *const *maps, int n_maps, float *scale, float *shift)
{
  const int    per_group = norm->channels / norm->n_groups;
  const double n = (double) maps[0]->width * maps[0]->height;
  int          stride = 0;

  for (int i = 0; i < n_maps; i++)
    stride += maps[i]->stride;
  for (int c = 0; c < stride; c++)
    scale[c] = shift[c] = 0.0f;

  for (int first = 0; first < norm->channels; first += per_group)
    {
      double mean = 0.0, spread = 0.0, inverse;
      int    channel, place;

      for (int c = first; c < first + per_group; c++)
        {
          const Map *map = find_channel (maps, c, &channel, &place);

          mean += map->moments[channel] / per_group;
        }
      for (int c = first; c < first + per_group; c++)
        {
          const Map   *map = find_channel (maps, c, &channel, &place);
          const double difference = map->moments[channel] - mean;

          spread += map->moments[map->stride + channel] + n * difference * difference;
        }
      inverse = 1.0 / sqrt (spread / (n * per_group) + norm->epsilon);

      for (int c = first; c < first + per_group; c++)
        {
          find_channel (maps, c, &channel, &place);
          scale[place] = inverse * norm->gamma[c];
          shift[place] = norm->beta[c] - mean * inverse * norm->gamma[c];
        }
    }
}
