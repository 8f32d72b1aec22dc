/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * busy-user.c: loaded before libgimp (LD_PRELOAD), it does in the very moment in which the
 * plug-in writes what a fast user or another plug-in could, so that a real GIMP refuses
 * the result. DIFFUSION_BUSY names the call that is met so.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include <libgimp/gimp.h>

static gboolean
meets (const char *call)
{
  return g_strcmp0 (getenv ("DIFFUSION_BUSY"), call) == 0;
}

/* The layer has been locked. */
gboolean
gimp_drawable_merge_shadow (GimpDrawable *drawable, gboolean undo)
{
  gboolean (*merge) (GimpDrawable *, gboolean) = dlsym (RTLD_NEXT, "gimp_drawable_merge_shadow");
  gboolean (*lock) (GimpItem *, gboolean) = dlsym (RTLD_NEXT, "gimp_item_set_lock_content");

  if (meets ("merge"))
    lock ((GimpItem *) drawable, TRUE);
  return merge (drawable, undo);
}

/* The group above has gone away: no layer is in its place that could hold another. */
gboolean
gimp_image_insert_layer (GimpImage *image, GimpLayer *layer, GimpLayer *parent, int position)
{
  gboolean (*insert) (GimpImage *, GimpLayer *, GimpLayer *, int) =
    dlsym (RTLD_NEXT, "gimp_image_insert_layer");

  return insert (image, layer, meets ("insert") ? layer : parent, position);
}

/* The new layer has got a mask. */
gboolean
gimp_layer_add_mask (GimpLayer *layer, GimpLayerMask *mask)
{
  gboolean (*add) (GimpLayer *, GimpLayerMask *) = dlsym (RTLD_NEXT, "gimp_layer_add_mask");
  GimpLayerMask *(*create) (GimpLayer *, GimpAddMaskType) =
    dlsym (RTLD_NEXT, "gimp_layer_create_mask");

  if (meets ("mask"))
    add (layer, create (layer, GIMP_ADD_MASK_WHITE));
  return add (layer, mask);
}
