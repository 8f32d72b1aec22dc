/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole-surroundings.c: see hole-surroundings.h.
 */
#include "hole-surroundings.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "selection.h"
#include "strips.h"

/* So near the selection a filling takes most of what it is made of. */
#define NEAR 64

/* Pixels around the hole, as many as core looks at without being told. */
#define AROUND 512

typedef struct
{
  gboolean is_found; /* what can be gone by */
  gboolean left_any; /* pixels that are not in the hole */
} Search;

static gboolean
is_visible (const float *pixel, int n_channels)
{
  for (int c = 0; c < n_channels; c++)
    if (!isfinite (pixel[c]))
      return FALSE;
  return pixel[n_channels] > 0;
}

static void
search (const DrawableIo *io, double strength, const GeglRectangle *rect, Search *found)
{
  gsize         most = strips_max_pixels (rect);
  int           size = io->n_channels + 1;
  float        *pixels = g_new (float, most *size), *mask = g_new (float, most);
  GeglRectangle strip;

  for (strips_first (rect, &strip); !found->is_found && strip.height > 0;
       strips_next (rect, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      gegl_buffer_get (io->visible ? io->visible : io->pixels, &strip, 1.0, io->float_format,
                       pixels, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_get (io->selection, &strip, 1.0, babl_format ("Y float"), mask,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      for (gsize i = 0; !found->is_found && i < n; i++)
        {
          gboolean is_left = mask[i] < DIFFUSION_SELECTION_MIN;

          found->left_any = found->left_any || is_left;
          found->is_found =
            (is_left || strength * mask[i] < 1) && is_visible (pixels + i * size, io->n_channels);
        }
    }

  g_free (mask);
  g_free (pixels);
}

gboolean
hole_surroundings_check (DrawableIo *io, double strength, GError **error)
{
  const GeglRectangle *region = &io->region;
  Search               found = { FALSE, FALSE };
  GeglRectangle        area;

  gegl_rectangle_intersect (&area, GEGL_RECTANGLE (0, 0, io->width, io->height),
                            GEGL_RECTANGLE (region->x - AROUND, region->y - AROUND,
                                            region->width + 2 * AROUND,
                                            region->height + 2 * AROUND));
  if (io->selection)
    {
      search (io, strength, &io->held, &found);
      if (!found.is_found)
        {
          if (!drawable_io_fetch (io, &area, error))
            return FALSE;
          search (io, strength, &area, &found);
        }
    }
  if (found.is_found)
    return TRUE;

  g_set_error_literal (
    error, GIMP_PLUG_IN_ERROR, 0,
    !found.left_any ? _ ("Everything is selected, so nothing is left to go by: select only what "
                         "is to be filled.")
    : io->visible   ? _ ("There is nothing around the selection to go by: what is seen of the "
                           "image is empty there.")
                    : _ ("There is nothing around the selection to go by, the layer is empty "
                           "there: choose the layer that has the picture, or turn on “Sample "
                           "merged”."));
  return FALSE;
}

gboolean
hole_surroundings_are_empty (GimpDrawable *drawable)
{
  GeglRectangle all = { 0, 0, gimp_drawable_get_width (drawable),
                        gimp_drawable_get_height (drawable) };
  GeglRectangle region, rect, strip;
  GeglBuffer   *pixels;
  Selection     selection;
  gboolean      is_empty = TRUE;
  float        *values, *mask;
  gsize         most;

  if (!GIMP_IS_LAYER (drawable) || !gimp_drawable_has_alpha (drawable) ||
      !selection_get_region (drawable, &region))
    return FALSE;

  gegl_rectangle_intersect (&rect, &all,
                            GEGL_RECTANGLE (region.x - NEAR, region.y - NEAR,
                                            region.width + 2 * NEAR, region.height + 2 * NEAR));
  most = strips_max_pixels (&rect);
  values = g_new (float, 2 * most); /* "YA float" */
  mask = g_new (float, most);
  selection_open (&selection, drawable);
  pixels = gimp_drawable_get_buffer (drawable);

  for (strips_first (&rect, &strip); is_empty && strip.height > 0; strips_next (&rect, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      gegl_buffer_get (pixels, &strip, 1.0, babl_format ("YA float"), values, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      selection_read (&selection, &strip, mask);
      for (gsize i = 0; is_empty && i < n; i++)
        is_empty = mask[i] >= DIFFUSION_SELECTION_MIN || !(values[2 * i + 1] > 0);
    }

  g_object_unref (pixels);
  selection_close (&selection);
  g_free (mask);
  g_free (values);
  return is_empty;
}
