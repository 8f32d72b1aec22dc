/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surroundings.c: see surroundings.h.
 */
#include "inpaint/surroundings.h"

#include "base/planes.h"
#include "picture/membrane.h"
#include "picture/tiles.h"

/* Pixels around a hole that say whether its surroundings hold detail: a quarter of its lesser side,
 * at least so many. */
#define MEMBRANE_RING 8

/* And for a gradient under grain as far as it goes on into the hole: half of its lesser side. */
#define TREND_RING 16

/* And so many whether they have one colour for each brightness. */
#define CURVE_RING 64

gboolean
surroundings_look (Surroundings                   *around,
                   Canvas                         *canvas,
                   const DiffusionRect            *rect,
                   const DiffusionInpaintSettings *settings,
                   GError                        **error)
{
  int           ring = MAX (MEMBRANE_RING, MIN (rect->width, rect->height) / 4);
  int           trend_ring = MAX (TREND_RING, MIN (rect->width, rect->height) / 2);
  DiffusionRect area = tiles_area (rect, MAX (trend_ring + 1, CURVE_RING), 1, 1,
                                   canvas->source->width, canvas->source->height);
  int           width = area.width, height = area.height, n = canvas->source->n_channels;
  float        *clean, *m;
  gboolean      success;

  around->filled = around->has_curve = around->has_trend = FALSE;
  if (settings->strength < 1.0)
    return TRUE;
  clean = planes_new (width, height, n, error);
  m = clean != NULL ? planes_new (width, height, 2, error) : NULL;
  success =
    m != NULL && canvas_read (canvas, 0, &area, 1.0, clean, m, m + (gsize) width * height, error);
  if (success && settings->expert == DIFFUSION_EXPERT_AUTOMATIC && settings->steps == 0 &&
      membrane_suits (width, height, n, clean, m, ring))
    {
      around->filled = success = membrane_fill (width, height, n, clean, m, ring, error) &&
                                 canvas_fill (canvas, rect, &area, clean, error);
    }
  if (success && !around->filled && settings->expert == DIFFUSION_EXPERT_AUTOMATIC)
    around->has_trend = trend_find (&around->trend, &area, n, clean, m, trend_ring);
  if (success && !around->filled && n == 3)
    around->has_curve = colour_curve_find (&around->curve, width, height, clean, m);
  g_free (clean);
  g_free (m);
  return success;
}
