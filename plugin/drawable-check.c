/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-check.c: see drawable-check.h.
 */
#include "drawable-check.h"

#include <glib/gi18n-lib.h>

#include "selection.h"

static gboolean
refuse (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

/* The layer whose mask this is, else the item itself. */
static GimpItem *
item_with_locks (GimpDrawable *drawable)
{
  if (GIMP_IS_LAYER_MASK (drawable))
    return GIMP_ITEM (gimp_layer_from_mask (GIMP_LAYER_MASK (drawable)));

  return GIMP_ITEM (drawable);
}

static gboolean
check_image (GimpImage *image, GimpDrawable *drawable, GError **error)
{
  if (!gimp_image_is_valid (image) || !gimp_item_is_valid (GIMP_ITEM (drawable)))
    return refuse (error,
                   _ ("The image was closed or the layer deleted: choose the filter again on "
                      "one that is there."));

  if (gimp_image_get_floating_sel (image) != NULL)
    return refuse (error, _ ("There is a floating selection: anchor it or turn it into a layer "
                             "first (at the top of the Layers dialog)."));
  return TRUE;
}

/* Layers that GIMP draws from something else than pixels. */
static gboolean
check_is_pixels (GimpDrawable *drawable, GError **error)
{
  GimpItem *item = GIMP_ITEM (drawable);

  if (gimp_item_is_selection (item))
    return refuse (error, _ ("The selection itself cannot be filtered: save it to a channel first "
                             "(Select → Save to Channel) and run the filter on that."));

  if (gimp_item_is_group (item))
    return refuse (error, _ ("A layer group has no pixels of its own: choose a layer inside it."));

#if GIMP_CHECK_VERSION(3, 2, 0)
  if (GIMP_IS_RASTERIZABLE (drawable) &&
      !gimp_rasterizable_is_rasterized (GIMP_RASTERIZABLE (drawable)))
    return refuse (error, _ ("GIMP draws this layer anew from its source: turn it into an ordinary "
                             "layer first (Layer → Rasterize)."));
#else
  if (gimp_item_is_text_layer (item))
    return refuse (error, _ ("The next edit of this text layer would throw the result away: turn "
                             "it into an ordinary layer first (Layer → Discard Text "
                             "Information)."));
#endif

  if (gimp_drawable_is_indexed (drawable))
    return refuse (error, _ ("An indexed image has too few colors for this filter: convert it to "
                             "RGB or grayscale first (Image → Mode)."));

  return TRUE;
}

static gboolean
check_is_writable (GimpDrawable *drawable, GError **error)
{
  GimpItem *item;

  /* A locked group locks the layers in it. */
  for (item = item_with_locks (drawable); item != NULL; item = gimp_item_get_parent (item))
    if (gimp_item_get_lock_content (item))
      {
        char *name = gimp_item_get_name (item);

        g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                     _ ("The pixels of “%s” are locked: unlock them first (the Lock buttons of the "
                        "Layers or Channels dialog)."),
                     name);
        g_free (name);
        return FALSE;
      }

  return TRUE;
}

static gboolean
check_selection (GimpImage *image, GimpDrawable *drawable, TaskKind kind, GError **error)
{
  GeglRectangle region;

  if (kind == TASK_INPAINT && gimp_selection_is_empty (image))
    return refuse (error, _ ("Nothing is selected: select what is to be filled first, with any "
                             "selection tool."));

  if (!selection_get_region (drawable, &region))
    return refuse (error, _ ("The selection does not touch this layer: select something on the "
                             "layer, or choose the layer that lies under the selection."));

  return TRUE;
}

GimpDrawable *
drawable_check (GimpImage     *image,
                GimpDrawable **drawables,
                TaskKind       kind,
                TaskOutput     output,
                GError       **error)
{
  int           n = gimp_core_object_array_get_length ((GObject **) drawables);
  GimpDrawable *drawable;

  if (n == 0)
    {
      refuse (error,
              _ ("There is nothing to work on: choose a layer first (in the Layers dialog)."));
      return NULL;
    }
  if (n > 1)
    {
      refuse (error,
              _ ("Several layers are chosen: choose one of them and run the filter again for "
                 "each of the others."));
      return NULL;
    }

  drawable = drawables[0];

  if (!check_image (image, drawable, error) || !check_is_pixels (drawable, error) ||
      !check_is_writable (drawable, error))
    return NULL;

  if (output == OUTPUT_NEW_LAYER && !GIMP_IS_LAYER (drawable))
    {
      refuse (error,
              _ ("The result for a channel or a layer mask cannot be a new layer: choose the "
                 "output “In place”."));
      return NULL;
    }

  /* Last, for it reads the whole selection. */
  if (!check_selection (image, drawable, kind, error))
    return NULL;

  return drawable;
}
