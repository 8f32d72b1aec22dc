/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-commit.c: see drawable-commit.h.
 *
 * gimp_drawable_merge_shadow() makes the undo step and blends by the selection,
 * in linear light as all of GIMP's tools do. It takes the shadow for the whole
 * rectangle of the selection, which therefore is filled with the original
 * first. And it works in 32-bit float by conversions that differ from run to
 * run in their last bits (see main()). So every pixel is written once more
 * afterwards, in the drawable's own format: not selected, the original;
 * selected, the result; between, our own blend of both by the same rule. The
 * undo step has kept the original already.
 */
#include "drawable-commit.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "drawable-check.h"
#include "new-layer.h"
#include "provenance.h"
#include "selection.h"
#include "strips.h"

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

static gboolean
fail_by_gimp (GError **error)
{
  g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("GIMP did not take the result: %s"),
               gimp_pdb_get_last_error (gimp_get_pdb ()));
  return FALSE;
}

/* --- Is everything still there? ------------------------------------------- */

static gboolean
selection_is_unchanged (const DrawableIo *io)
{
  GeglRectangle region, strip;
  Selection     selection;
  float        *now, *then;
  gboolean      same = TRUE;

  if (io->has_selection == gimp_selection_is_empty (io->image) ||
      !selection_get_region (io->drawable, &region) || !gegl_rectangle_equal (&region, &io->region))
    return FALSE;

  if (!io->has_selection)
    return TRUE;

  now = g_new (float, strips_max_pixels (&region));
  then = g_new (float, strips_max_pixels (&region));
  selection_open (&selection, io->drawable);

  for (strips_first (&region, &strip); same && strip.height > 0; strips_next (&region, &strip))
    {
      selection_read (&selection, &strip, now);
      gegl_buffer_get (io->selection, &strip, 1.0, babl_format ("Y float"), then,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      same = memcmp (now, then, (gsize) strip.width * strip.height * sizeof (float)) == 0;
    }

  selection_close (&selection);
  g_free (then);
  g_free (now);
  return same;
}

/* The user can go on working while a filter runs. */
static gboolean
check_unchanged (const DrawableIo *io, TaskOutput output, GError **error)
{
  int offset_x, offset_y;

  if (!gimp_image_is_valid (io->image) || !gimp_item_is_valid (GIMP_ITEM (io->drawable)))
    return fail (error, _ ("The layer went away while the filter ran. Nothing was changed."));

  gimp_drawable_get_offsets (io->drawable, &offset_x, &offset_y);
  if (gimp_drawable_get_width (io->drawable) != io->width ||
      gimp_drawable_get_height (io->drawable) != io->height ||
      gimp_drawable_get_format (io->drawable) != io->format || offset_x != io->offset_x ||
      offset_y != io->offset_y)
    return fail (error,
                 _ ("The layer was moved, resized or converted while the filter ran. Nothing "
                    "was changed; run the filter again."));

  if (gimp_image_get_floating_sel (io->image) != NULL || !selection_is_unchanged (io))
    return fail (error, _ ("The selection was changed while the filter ran. Nothing was changed; "
                           "run the filter again."));

  /* What else may have happened to it, such as a lock. */
  return drawable_check (io->image, (GimpDrawable *[]) { io->drawable, NULL }, io->kind, output,
                         error) != NULL;
}

/* --- In place ------------------------------------------------------------- */

/* The user can switch off color channels of an image; then GIMP's blend, which
 * obeys, stands. */
static gboolean
all_components_active (const DrawableIo *io)
{
  static const GimpChannelType rgb[] = { GIMP_CHANNEL_RED, GIMP_CHANNEL_GREEN, GIMP_CHANNEL_BLUE };
  static const GimpChannelType gray[] = { GIMP_CHANNEL_GRAY };
  const GimpChannelType       *types = io->n_channels == 3 ? rgb : gray;

  if (!GIMP_IS_LAYER (io->drawable))
    return TRUE;

  for (int c = 0; c < io->n_channels; c++)
    if (!gimp_image_get_component_active (io->image, types[c]))
      return FALSE;

  return !io->has_alpha || gimp_image_get_component_active (io->image, GIMP_CHANNEL_ALPHA);
}

static gboolean
is_soft (float mask)
{
  return mask >= DIFFUSION_SELECTION_MIN && mask < 1;
}

/* Blends `above` over `below` in linear light, both n pixels of the drawable's
 * format, into `above`, where the mask is soft; elsewhere `above` stays. */
static void
blend_soft_pixels (const DrawableIo *io,
                   const guchar     *below,
                   guchar           *above,
                   const float      *mask,
                   gsize             n)
{
  const Babl *linear =
    babl_format_with_space (io->n_channels == 1 ? "YA float" : "RGBA float", io->format);
  gsize   bytes = babl_format_get_bytes_per_pixel (io->format);
  int     size = io->n_channels + 1;
  gsize   n_soft = 0;
  guchar *native;
  float  *old, *new;

  for (gsize i = 0; i < n; i++)
    n_soft += is_soft (mask[i]);
  if (n_soft == 0)
    return;

  native = g_malloc (n * bytes);
  old = g_new (float, n *size);
  new = g_new (float, n *size);
  babl_process (babl_fish (io->format, linear), below, old, (glong) n);
  babl_process (babl_fish (io->format, linear), above, new, (glong) n);

  for (gsize i = 0; i < n; i++)
    {
      float *p = new + i *size;
      float              *q = old + i * size;
      float               alpha = q[size - 1] + (p[size - 1] - q[size - 1]) * mask[i];
      float               share = alpha > 0 ? mask[i] * p[size - 1] / alpha : 0;

      gboolean finite = TRUE;

      /* Of what is no number there is nothing to keep. */
      for (int c = 0; c < size - 1; c++)
        finite = finite && isfinite (q[c]);
      for (int c = 0; finite && c < size - 1; c++)
        p[c] = q[c] + (p[c] - q[c]) * share;
      p[size - 1] = alpha;
    }

  babl_process (babl_fish (linear, io->format), new, native, (glong) n);
  for (gsize i = 0; i < n; i++)
    if (is_soft (mask[i]))
      memcpy (above + i * bytes, native + i * bytes, bytes);

  g_free (new);
  g_free (old);
  g_free (native);
}

/* Writes every pixel as it shall be, see the top of this file. */
static void
write_exactly (const DrawableIo *io, GeglBuffer *original, const GeglRectangle *bounds)
{
  gboolean blends = all_components_active (io);
  gsize    bytes = babl_format_get_bytes_per_pixel (io->format);
  gsize    most = strips_max_pixels (bounds);
  guchar  *old = g_malloc (most * bytes);
  guchar *new = g_malloc (most * bytes);
  float        *mask = g_new (float, most);
  GeglBuffer   *pixels = gimp_drawable_get_buffer (io->drawable);
  GeglRectangle strip;
  Selection     selection;

  selection_open (&selection, io->drawable);

  for (strips_first (bounds, &strip); strip.height > 0; strips_next (bounds, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      selection_read (&selection, &strip, mask);
      gegl_buffer_get (original, &strip, 1.0, io->format, old, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      /* Beyond the region, which the result covers, nothing is selected. */
      gegl_buffer_get (blends ? io->result : pixels, &strip, 1.0, io->format, new,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);

      if (blends)
        blend_soft_pixels (io, old, new, mask, n);
      if (io->has_alpha && io->keeps_alpha)
        drawable_io_copy_alpha (io, new, old, n);
      for (gsize i = 0; i < n; i++)
        if (mask[i] < DIFFUSION_SELECTION_MIN)
          memcpy (new + i *bytes, old + i * bytes, bytes);

      gegl_buffer_set (pixels, &strip, 0, io->format, new, GEGL_AUTO_ROWSTRIDE);
    }

  selection_close (&selection);
  g_object_unref (pixels);
  g_free (mask);
  g_free (new);
  g_free (old);
}

static gboolean
commit_in_place (const DrawableIo *io, GError **error)
{
  GeglRectangle bounds;
  GeglBuffer   *pixels, *original, *shadow;
  gboolean      merged;

  selection_get_bounds (io->drawable, &bounds);

  original = gegl_buffer_new (&bounds, io->format);
  pixels = gimp_drawable_get_buffer (io->drawable);
  gegl_buffer_copy (pixels, &bounds, GEGL_ABYSS_NONE, original, &bounds);
  g_object_unref (pixels);

  shadow = gimp_drawable_get_shadow_buffer (io->drawable);
  gegl_buffer_copy (original, &bounds, GEGL_ABYSS_NONE, shadow, &bounds);
  gegl_buffer_copy (io->result, &io->region, GEGL_ABYSS_NONE, shadow, &io->region);
  g_object_unref (shadow); /* which flushes it */

  merged = gimp_drawable_merge_shadow (io->drawable, TRUE);
  if (!merged)
    fail_by_gimp (error);
  else
    write_exactly (io, original, &bounds);

  g_object_unref (original);
  if (!merged)
    return FALSE;

  gimp_drawable_update (io->drawable, bounds.x, bounds.y, bounds.width, bounds.height);
  return TRUE;
}

/* --- New layer ------------------------------------------------------------ */

/* As large as the region, right above the drawable. NULL on failure. */
static GimpLayer *
commit_new_layer (const DrawableIo *io, const char *name, GError **error)
{
  GimpItem      *below = GIMP_ITEM (io->drawable);
  GimpLayer     *parent = GIMP_LAYER (gimp_item_get_parent (below));
  GeglRectangle  own = { 0, 0, io->region.width, io->region.height };
  GimpLayer     *layer;
  GimpLayerMask *mask;
  GeglBuffer    *pixels;

  layer = gimp_layer_new (io->image, name, own.width, own.height, gimp_drawable_type (io->drawable),
                          100, GIMP_LAYER_MODE_NORMAL);
  if (layer == NULL)
    {
      fail_by_gimp (error);
      return NULL;
    }

  gimp_layer_set_offsets (layer, io->offset_x + io->region.x, io->offset_y + io->region.y);
  pixels = gimp_drawable_get_buffer (GIMP_DRAWABLE (layer));
  gegl_buffer_copy (io->result, &io->region, GEGL_ABYSS_NONE, pixels, &own);
  g_object_unref (pixels);

  if (!gimp_image_insert_layer (io->image, layer, parent,
                                gimp_image_get_item_position (io->image, below)))
    {
      fail_by_gimp (error);
      gimp_item_delete (GIMP_ITEM (layer));
      return NULL;
    }

  if (io->has_selection)
    {
      mask = gimp_layer_create_mask (layer, GIMP_ADD_MASK_SELECTION);
      if (!gimp_layer_add_mask (layer, mask))
        {
          fail_by_gimp (error);
          gimp_item_delete (GIMP_ITEM (mask));
          gimp_image_remove_layer (io->image, layer);
          return NULL;
        }
    }

  gimp_drawable_update (GIMP_DRAWABLE (layer), 0, 0, own.width, own.height);
  return layer;
}

/* A copy of the layer, with its opacity, mode, mask and effects, that has the result in its
 * pixels and hides the layer itself. NULL on failure. */
static GimpLayer *
commit_copy (const DrawableIo *io, const char *name, GError **error)
{
  GimpItem  *below = GIMP_ITEM (io->drawable);
  GimpLayer *parent = GIMP_LAYER (gimp_item_get_parent (below));
  GimpLayer *copy = gimp_layer_copy (GIMP_LAYER (below));
  DrawableIo io_of_copy = *io;
  gboolean   is_locked = gimp_item_get_lock_visibility (below);

  if (copy == NULL || !gimp_image_insert_layer (io->image, copy, parent,
                                                gimp_image_get_item_position (io->image, below)))
    {
      fail_by_gimp (error);
      if (copy)
        gimp_item_delete (GIMP_ITEM (copy));
      return NULL;
    }

  gimp_item_set_name (GIMP_ITEM (copy), name);
  io_of_copy.drawable = GIMP_DRAWABLE (copy);
  if (!commit_in_place (&io_of_copy, error))
    {
      gimp_image_remove_layer (io->image, copy);
      return NULL;
    }

  if (is_locked)
    gimp_item_set_lock_visibility (below, FALSE);
  gimp_item_set_visible (below, FALSE);
  if (is_locked)
    gimp_item_set_lock_visibility (below, TRUE);

  g_print ("gimp-diffusion: the new layer is a copy of the layer and hides it, for what is seen "
           "of it depends on its opacity, mode, mask, effects or transparency\n");
  return copy;
}

gboolean
drawable_commit (DrawableIo *io,
                 TaskOutput  output,
                 const char *layer_name,
                 GVariant   *run,
                 GError    **error)
{
  GimpItem *target = NULL;

  if (!check_unchanged (io, output, error))
    return FALSE;

  gimp_image_undo_group_start (io->image);

  if (output == OUTPUT_NEW_LAYER)
    target = GIMP_ITEM (new_layer_can_cover (io) && all_components_active (io)
                          ? commit_new_layer (io, layer_name, error)
                          : commit_copy (io, layer_name, error));
  else if (commit_in_place (io, error))
    target = GIMP_ITEM (io->drawable);

  if (target)
    provenance_attach (target, GIMP_ITEM (io->drawable), run);

  gimp_image_undo_group_end (io->image);
  gimp_displays_flush ();

  return target != NULL;
}
