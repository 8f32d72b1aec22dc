/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-level.c: see patch-level.h.
 */
#include "patches/patch-level.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "base/random.h"

/* The hole's own pixels, which are only guessed, count half of what known ones do, less the
 * deeper they lie. */
#define HOLE_WEIGHT     0.5f
#define HOLE_WEIGHT_MIN 0.05f
#define HOLE_WEIGHT_BY  1.05f /* divided by for each pixel of depth */

/* The mean of what chance adds to the use of a patch. */
#define CHANCE 0.3f

/* A depth that nothing known has been found for yet. */
#define DEEP G_MAXINT16

/* The margin at the right is a pixel wider: rows of patches are read in vectors of 8 pixels. */
static int
stride_of (int width)
{
  return width + 2 * PATCH_RADIUS + 2;
}

gsize
patch_level_bytes (void)
{
  return (4 + 2 + 1 + 1 + 1 + 1 + 1) * sizeof (float) + 2 + sizeof (gint16) + 4 * sizeof (int);
}

/* n elements, or NULL; 0. */
#define NEW(type, count) ((type *) g_try_malloc0_n ((count), sizeof (type)))

PatchLevel *
patch_level_new (int width, int height, GError **error)
{
  PatchLevel *level = g_new0 (PatchLevel, 1);
  gsize       n = (gsize) stride_of (width) * (height + 2 * PATCH_RADIUS);

  level->width = width;
  level->height = height;
  level->stride = stride_of (width);
  level->n = n;
  if (n < G_MAXINT && (level->colour = NEW (float, 4 * n + 16)) &&
      (level->texture = NEW (float, 2 * n)) && (level->weight = NEW (float, n + 16)) &&
      (level->pixel = NEW (guint8, n)) && (level->source = NEW (guint8, n)) &&
      (level->depth = NEW (gint16, n)) && (level->hole = NEW (int, n)) &&
      (level->patches = NEW (int, n)) && (level->sources = NEW (int, n)) &&
      (level->nearest = NEW (int, n)) && (level->distance = NEW (float, n)) &&
      (level->total = NEW (float, n)) && (level->use = NEW (float, n)) &&
      (level->chance = NEW (float, n)))
    {
      memset (level->pixel, PATCH_OUTSIDE, n);
      return level;
    }

  patch_level_free (level);
  g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
               _ ("There is not enough memory for a region of %d × %d pixels: select less, or "
                  "close other pictures."),
               width, height);
  return NULL;
}

void
patch_level_free (PatchLevel *level)
{
  if (level == NULL)
    return;
  g_free (level->colour);
  g_free (level->texture);
  g_free (level->weight);
  g_free (level->pixel);
  g_free (level->source);
  g_free (level->depth);
  g_free (level->hole);
  g_free (level->patches);
  g_free (level->sources);
  g_free (level->nearest);
  g_free (level->distance);
  g_free (level->total);
  g_free (level->use);
  g_free (level->chance);
  g_free (level);
}

/* --- Depth ------------------------------------------------------------------------ */

/* `at` from those of its neighbours that come before it in one direction. */
static void
relax_depth (PatchLevel *level, int at, int direction)
{
  const int step = direction * level->stride;
  const int neighbours[] = { at + direction, at + step, at + step - 1, at + step + 1 };
  int       depth = level->depth[at];

  if (depth == 0)
    return;
  for (int k = 0; k < 4; k++)
    if (level->pixel[neighbours[k]] != PATCH_OUTSIDE)
      depth = MIN (depth, level->depth[neighbours[k]] + 1);
  level->depth[at] = (gint16) MIN (depth, DEEP);
}

static void
find_depths (PatchLevel *level)
{
  int deepest = 0;

  for (gsize i = 0; i < level->n; i++)
    level->depth[i] = level->pixel[i] == PATCH_HOLE ? DEEP : 0;
  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      relax_depth (level, patch_level_at (level, x, y), -1);
  for (int y = level->height - 1; y >= 0; y--)
    for (int x = level->width - 1; x >= 0; x--)
      relax_depth (level, patch_level_at (level, x, y), 1);

  /* What no known pixel leads to comes last. */
  for (gsize i = 0; i < level->n; i++)
    if (level->depth[i] < DEEP)
      deepest = MAX (deepest, level->depth[i]);
  for (gsize i = 0; i < level->n; i++)
    level->depth[i] = MIN (level->depth[i], (gint16) MIN (deepest + 1, DEEP));
}

/* --- Patches -------------------------------------------------------------------------- */

/* What the pixels of a patch are, a bit for each PatchPixel. */
static guint
kinds_in_patch (const PatchLevel *level, int at)
{
  guint kinds = 0;

  for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
    for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
      kinds |= 1u << level->pixel[at + j * level->stride + i];
  return kinds;
}

static void
find_bounds (const PatchLevel *level, DiffusionRect *bounds)
{
  int left = level->width, top = level->height, right = -1, bottom = -1;

  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      if (level->pixel[patch_level_at (level, x, y)] == PATCH_HOLE)
        {
          left = MIN (left, x);
          right = MAX (right, x);
          top = MIN (top, y);
          bottom = MAX (bottom, y);
        }
  *bounds = (DiffusionRect) { left, top, right - left + 1, bottom - top + 1 };
}

static void
find_patches (PatchLevel *level, int reach)
{
  DiffusionRect hole;

  find_bounds (level, &hole);
  level->n_hole = level->n_patches = level->n_sources = 0;
  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      {
        int   at = patch_level_at (level, x, y);
        guint kinds = kinds_in_patch (level, at);

        if (level->pixel[at] == PATCH_HOLE)
          level->hole[level->n_hole++] = at;
        if (kinds & (1u << PATCH_HOLE))
          level->patches[level->n_patches++] = at;
        else if (kinds == 1u << PATCH_KNOWN && x >= hole.x - reach && y >= hole.y - reach &&
                 x < hole.x + hole.width + reach && y < hole.y + hole.height + reach)
          {
            level->source[at] = 1;
            level->sources[level->n_sources++] = at;
          }
      }
}

static float
weight_of (const PatchLevel *level, int at)
{
  if (level->pixel[at] == PATCH_OUTSIDE)
    return 0.0f;
  if (level->pixel[at] != PATCH_HOLE)
    return 1.0f;
  return MAX (HOLE_WEIGHT * powf (HOLE_WEIGHT_BY, -level->depth[at]), HOLE_WEIGHT_MIN);
}

/* Exponentially distributed, as half the sum of the squares of two normal deviates is. */
static void
draw_chances (PatchLevel *level, guint32 seed, int scale)
{
  const RandomStream stream = { seed, RANDOM_START, scale, 0 };

  for (int k = 0; k < level->n_sources; k++)
    {
      const int at = level->sources[k];
      float     z[4];

      random_pixel (&stream, patch_level_x (level, at), patch_level_y (level, at), z);
      level->chance[at] = level->use[at] = CHANCE * 0.5f * (z[0] * z[0] + z[1] * z[1]);
    }
}

void
patch_level_prepare (PatchLevel *level, int reach, guint32 seed, int scale)
{
  find_depths (level);
  find_patches (level, reach);
  draw_chances (level, seed, scale);
  for (gsize i = 0; i < level->n; i++)
    {
      level->weight[i] = weight_of (level, (int) i);
      level->nearest[i] = -1;
    }
  patch_level_sum_weights (level);
}

void
patch_level_sum_weights (PatchLevel *level)
{
  for (int k = 0; k < level->n_patches; k++)
    {
      int   at = level->patches[k];
      float sum = 1e-6f;

      for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
        for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
          sum += level->weight[at + j * level->stride + i];
      level->total[at] = sum;
    }
}

/* The sums over the patch around each pixel of whole numbers, which are exact whatever the
 * order: along rows, then along columns. */
void
patch_level_count_use (PatchLevel *level)
{
  const int stride = level->stride;
  float    *rows = g_new0 (float, level->n);

  memset (level->use, 0, level->n * sizeof (float));
  for (int k = 0; k < level->n_patches; k++)
    level->use[level->nearest[level->patches[k]]] += 1.0f;
  for (int y = 0; y < level->height; y++)
    for (int x = 0; x < level->width; x++)
      {
        int   at = patch_level_at (level, x, y);
        float sum = 0.0f;

        for (int i = -PATCH_RADIUS; i <= PATCH_RADIUS; i++)
          sum += level->use[at + i];
        rows[at] = sum;
      }
  for (int k = 0; k < level->n_sources; k++)
    {
      int   at = level->sources[k];
      float sum = 0.0f;

      for (int j = -PATCH_RADIUS; j <= PATCH_RADIUS; j++)
        sum += rows[at + j * stride];
      level->use[at] = MAX (sum / PATCH_PIXELS - 1.0f, 0.0f) + level->chance[at];
    }
  g_free (rows);
}
