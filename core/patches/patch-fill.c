/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-fill.c: see patch-fill.h.
 */
#include "patches/patch-fill.h"

#include <math.h>
#include <string.h>

#include "patches/patch-border.h"
#include "patches/patch-pieces.h"
#include "patches/patch-search.h"
#include "patches/patch-start.h"
#include "patches/patch-vote.h"

/* Rounds at the coarsest scale and at the finest, between them evenly fewer. */
#define ROUNDS_COARSE 20
#define ROUNDS_FINE   5

/* The temperature of the first and the last round at the coarsest scale, and what it is
 * multiplied by from one scale to the next. */
#define HOT     1.0
#define COLD    0.02
#define COOLING 0.3

/* A round that changes colours by less than so many levels is the last but one. */
#define SETTLED 0.1

/* Known patches that a scale needs. */
#define SOURCES_MIN 64

/* Levels: seams with a greater misfit show. */
#define SEAM_MISFIT 60.0f

typedef struct
{
  const PatchFill *fill;
  PatchPyramid    *pyramid;
  int              n_scales;   /* of the pyramid, as far as there are patches */
  int              first;      /* the scale at which the process begins */
  double           work, done; /* of all rounds, so far */
  float           *shown;      /* the picture as it stands; NULL: nobody looks */
} Filling;

/* What lies in the hole already needs no more of them than a coarser result. */
static int
rounds_at (int scale, int n_scales, gboolean from_old)
{
  if (from_old)
    return ROUNDS_FINE;
  if (n_scales == 1)
    return ROUNDS_COARSE;
  return ROUNDS_FINE + (ROUNDS_COARSE - ROUNDS_FINE) * scale / (n_scales - 1);
}

static double
temperature_at (int round, int n_rounds, int scale, int n_scales)
{
  double share = n_rounds > 1 ? (double) round / (n_rounds - 1) : 1.0;

  return HOT * pow (COLD / HOT, share) * pow (COOLING, n_scales - 1 - scale);
}

/* --- What is shown ----------------------------------------------------------------------- */

/* The hole of a level in the picture's planes, as squares of its pixels. */
static void
paint (const PatchFill *fill, const PatchLevel *level, int scale, float *planes)
{
  const PatchPicture *picture = &fill->picture;
  const gsize         size = (gsize) picture->width * picture->height;

  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++)
      {
        const gsize  i = (gsize) y * picture->width + x;
        const float *colour = level->colour + 4 * patch_level_at (level, x >> scale, y >> scale);

        if (picture->hole[i] > 0.0f)
          for (int c = 0; c < picture->n_channels; c++)
            planes[c * size + i] = CLAMP (colour[c] / 127.5f - 1.0f, -1.0f, 1.0f);
      }
}

static void
report (Filling *filling, const PatchLevel *level, int scale)
{
  const PatchFill *fill = filling->fill;

  if (fill->observe == NULL)
    return;
  paint (fill, level, scale, filling->shown);
  fill->observe (fill->data, MIN (filling->done / filling->work, 1.0), filling->shown);
}

static gboolean
is_finished (const PatchFill *fill)
{
  return fill->finish != NULL && g_cancellable_is_cancelled (fill->finish);
}

/* --- Rounds -------------------------------------------------------------------------------- */

static gboolean
run_rounds (Filling *filling, PatchLevel *level, int scale, PatchSet *set)
{
  const PatchFill *fill = filling->fill;
  const int        n_rounds = rounds_at (scale, filling->n_scales, fill->first_scale >= 0);
  const double     macs = patch_search_macs (level->n_patches, level->n_sources);

  for (int k = 0; k < n_rounds && !is_finished (fill); k++)
    {
      const double temperature =
        k + 1 < n_rounds ? temperature_at (k, n_rounds, scale, filling->n_scales) : 0.0;
      double change;

      if (!patch_search_round (level, set, fill->workers, fill->cancel) ||
          !patch_vote (level, temperature, fill->workers, fill->cancel, &change))
        return FALSE;
      filling->done += macs;
      report (filling, level, scale);
      if (change < SETTLED && k + 2 < n_rounds)
        {
          filling->done += (n_rounds - 2 - k) * macs;
          k = n_rounds - 2;
        }
    }
  return TRUE;
}

/* What the picture has in the hole, at a scale: the mean of the pixels that make one. */
static void
take_old_colours (const PatchFill *fill, PatchLevel *level, int scale)
{
  const PatchPicture *picture = &fill->picture;
  const gsize         size = (gsize) picture->width * picture->height;

  for (int k = 0; k < level->n_hole; k++)
    {
      const int at = level->hole[k];
      const int x = patch_level_x (level, at) << scale, y = patch_level_y (level, at) << scale;
      const int right = MIN (x + (1 << scale), picture->width);
      const int bottom = MIN (y + (1 << scale), picture->height);

      for (int c = 0; c < 3; c++)
        {
          const float *plane = picture->picture + (picture->n_channels == 3 ? c : 0) * size;
          double       sum = 0.0;

          for (int v = y; v < bottom; v++)
            for (int u = x; u < right; u++)
              sum += plane[(gsize) v * picture->width + u];
          level->colour[4 * at + c] =
            (float) (127.5 * (sum / ((double) (right - x) * (bottom - y)) + 1.0));
        }
    }
}

static double
start_work (const PatchFill *fill, const PatchLevel *level)
{
  return fill->first_scale < 0 ? patch_start_macs (level->n_patches, level->n_sources) : 0.0;
}

/* `coarse`: of the next coarser scale; NULL: this is the first. */
static gboolean
fill_level (Filling          *filling,
            PatchLevel       *level,
            const PatchLevel *coarse,
            int               scale,
            GError          **error)
{
  const PatchFill *fill = filling->fill;
  gboolean         exact = patch_search_is_exact (level->n_patches, level->n_sources);
  PatchSet        *set = NULL;
  double           change;
  gboolean         success = TRUE;

  if ((exact || coarse == NULL) &&
      !(set = patch_set_new (level, exact ? PATCH_SET_MAX : patch_start_sources (level->n_patches),
                             error)))
    return FALSE;
  if (coarse == NULL && fill->first_scale >= 0)
    {
      take_old_colours (fill, level, scale);
      success = patch_start_from_colours (level, set, fill->workers, fill->cancel);
    }
  else if (coarse == NULL)
    {
      success = patch_start (level, set, fill->seed, scale, fill->workers, fill->cancel);
      filling->done += start_work (fill, level);
    }
  else
    {
      patch_search_begin (level, coarse);
      success = patch_vote (level, 0.0, fill->workers, fill->cancel, &change);
    }
  success = success && run_rounds (filling, level, scale, exact ? set : NULL);
  patch_set_free (set);
  if (!success)
    g_cancellable_set_error_if_cancelled (fill->cancel, error);
  return success;
}

static gboolean
finish_level (Filling *filling, PatchLevel *level, float *seams, GError **error)
{
  const PatchFill *fill = filling->fill;
  int             *from = g_new (int, level->n);
  gboolean         success;

  patch_pieces_find (level, from);
  success = patch_pieces_move_seams (level, from, fill->workers, fill->cancel);
  if (success)
    {
      patch_pieces_lay (level, from);
      success = patch_border_match (level, from, fill->workers, fill->cancel);
    }
  if (success)
    patch_pieces_find_seams (level, from, SEAM_MISFIT, seams);
  else
    g_cancellable_set_error_if_cancelled (fill->cancel, error);
  g_free (from);
  return success;
}

/* --- The whole ------------------------------------------------------------------------------ */

/* The level that the process begins with: a finer one when the coarsest has too few patches. */
static PatchLevel *
first_level (Filling *filling, GError **error)
{
  const PatchFill *fill = filling->fill;
  PatchLevel      *level = NULL;

  filling->first = filling->n_scales - 1;
  if (fill->first_scale >= 0)
    filling->first = MIN (filling->first, fill->first_scale);
  for (; filling->first >= 0; filling->first--)
    {
      level = patch_pyramid_level (filling->pyramid, filling->first, fill->seed, error);
      if (level == NULL || level->n_sources >= (filling->first > 0 ? SOURCES_MIN : 1))
        break;
      g_clear_pointer (&level, patch_level_free);
    }
  if (fill->first_scale < 0)
    filling->n_scales = filling->first + 1;
  return level;
}

static double
all_work (const Filling *filling, const PatchLevel *coarsest)
{
  double macs = start_work (filling->fill, coarsest);

  for (int s = 0; s <= filling->first; s++)
    {
      int more = 2 * (filling->first - s); /* halvings of an area */

      macs +=
        rounds_at (s, filling->n_scales, filling->fill->first_scale >= 0) *
        patch_search_macs (ldexp (coarsest->n_patches, more), ldexp (coarsest->n_sources, more));
    }
  return macs;
}

gboolean
patch_fill (const PatchFill *fill, float *x0, float *seams, GError **error)
{
  const PatchPicture *picture = &fill->picture;
  Filling             filling = { .fill = fill, .shown = x0 };
  PatchLevel         *level, *coarse = NULL;
  gboolean            success;

  memcpy (x0, picture->picture,
          (gsize) picture->n_channels * picture->width * picture->height * sizeof (float));
  filling.pyramid = patch_pyramid_new (picture, error);
  if (filling.pyramid == NULL)
    return FALSE;
  filling.n_scales = filling.pyramid->n_scales;
  level = first_level (&filling, error);
  success = level != NULL;
  if (success)
    filling.work = all_work (&filling, level);
  for (int scale = filling.first; success; scale--)
    {
      success = fill_level (&filling, level, coarse, scale, error);
      g_clear_pointer (&coarse, patch_level_free);
      if (scale == 0)
        break;
      coarse = level;
      level = success ? patch_pyramid_level (filling.pyramid, scale - 1, fill->seed, error) : NULL;
      success = level != NULL;
    }
  success = success && finish_level (&filling, level, seams, error);
  if (success)
    paint (fill, level, 0, x0);
  patch_level_free (level);
  patch_level_free (coarse);
  patch_pyramid_free (filling.pyramid);
  return success;
}

void
patch_fill_cost (int width, int height, gsize n_hole, int inradius, PatchFillCost *cost)
{
  const int n_scales = patch_pyramid_count (width, height, inradius);

  *cost = (PatchFillCost) { 0 };
  for (int s = 0; s < n_scales; s++)
    {
      int rounds = rounds_at (s, n_scales, FALSE);
      int sources = (width >> s) * (height >> s);
      int patches = MIN ((int) (n_hole >> 2 * s) + 4 * PATCH_SIDE * PATCH_SIDE, sources);

      if (s == n_scales - 1)
        cost->macs += patch_start_macs (patches, sources);
      cost->n_rounds += rounds;
      cost->macs += rounds * patch_search_macs (patches, sources);
    }
  /* The pyramid, the level with the one before, the pieces' places and equations. */
  cost->bytes = (guint64) width * height * (4 * 8 * 4 / 3 + 5 * patch_level_bytes () / 4 + 4) +
                (guint64) n_hole * 32 + PATCH_SET_MAX * 200 * sizeof (float);
}
