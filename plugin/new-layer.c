/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * new-layer.c: see new-layer.h.
 */
#include "new-layer.h"

#include "selection.h"
#include "strips.h"

static gboolean
has_effects (GimpDrawable *drawable)
{
  GimpDrawableFilter **filters = gimp_drawable_get_filters (drawable);
  gboolean             result = filters && filters[0];

  g_free (filters);
  return result;
}

gboolean
new_layer_is_plain (GimpLayer *layer)
{
  return gimp_item_get_visible (GIMP_ITEM (layer)) && gimp_layer_get_opacity (layer) >= 100 &&
         gimp_layer_get_mode (layer) == GIMP_LAYER_MODE_NORMAL &&
         gimp_layer_get_blend_space (layer) == GIMP_LAYER_COLOR_SPACE_AUTO &&
         gimp_layer_get_composite_space (layer) == GIMP_LAYER_COLOR_SPACE_AUTO &&
         gimp_layer_get_composite_mode (layer) == GIMP_LAYER_COMPOSITE_AUTO &&
         gimp_layer_get_mask (layer) == NULL && !has_effects (GIMP_DRAWABLE (layer));
}

/* Where it is selected: the result is opaque, or nothing is under it. */
static gboolean
covers (const DrawableIo *io)
{
  const Babl   *format = babl_format ("YA float");
  gsize         most = strips_max_pixels (&io->region);
  float        *above = g_new (float, 2 * most);
  float        *below = g_new (float, 2 * most);
  float        *mask = g_new0 (float, most);
  gboolean      result = TRUE;
  GeglRectangle strip;

  for (gsize i = 0; i < most; i++)
    mask[i] = 1;
  for (strips_first (&io->region, &strip); result && strip.height > 0;
       strips_next (&io->region, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      if (io->has_selection)
        gegl_buffer_get (io->selection, &strip, 1.0, babl_format ("Y float"), mask,
                         GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_get (io->result, &strip, 1.0, format, above, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      gegl_buffer_get (io->pixels, &strip, 1.0, format, below, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      for (gsize i = 0; result && i < n; i++)
        result =
          mask[i] < DIFFUSION_SELECTION_MIN || above[2 * i + 1] >= 1 || below[2 * i + 1] <= 0;
    }

  g_free (mask);
  g_free (below);
  g_free (above);
  return result;
}

gboolean
new_layer_can_cover (const DrawableIo *io)
{
  return new_layer_is_plain (GIMP_LAYER (io->drawable)) && (!io->has_alpha || covers (io));
}
