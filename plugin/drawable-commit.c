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
 *
 * GIMP goes on between any two of our calls, and so does its user. What is selected is
 * compared with what the result was made from right before the merge, within the undo
 * group. After it, a pixel that is not what the merge has made of it was edited since:
 * it stays as it is.
 */
#include "drawable-commit.h"

#include <glib/gi18n-lib.h>

#include "drawable-changes.h"
#include "drawable-pixels.h"
#include "new-layer.h"
#include "provenance.h"
#include "selection.h"
#include "strips.h"

typedef enum
{
  TAKEN,
  EDITED,  /* not taken: what is selected is no longer what the run has read */
  REFUSED, /* with an error */
} Outcome;

static gboolean
fail_by_gimp (GError **error)
{
  g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("GIMP did not take the result: %s"),
               gimp_pdb_get_last_error (gimp_get_pdb ()));
  return FALSE;
}

/* --- In place ------------------------------------------------------------- */

static GeglBuffer *
copy_drawable (const DrawableIo *io, const GeglRectangle *bounds)
{
  GeglBuffer *copy = gegl_buffer_new (bounds, io->format);
  GeglBuffer *pixels = gimp_drawable_get_buffer (io->drawable);

  gegl_buffer_copy (pixels, bounds, GEGL_ABYSS_NONE, copy, bounds);
  g_object_unref (pixels);
  return copy;
}

/* A hole of another shape than the selection: GIMP shall merge by that, which takes the
 * selection's place for this moment. All of it belongs to the one undo step. */
typedef struct
{
  GimpChannel  *selection, *hole; /* NULL: none was made */
  GimpLayer   **layers;           /* what the user has chosen */
  GimpChannel **channels;
} Swap;

/* Between a channel and the selection GIMP hands on the numbers as they are, whatever the
 * curve of their formats. */
static void
fill_channel (const DrawableIo *io, GimpDrawable *channel)
{
  const Babl   *own = gimp_drawable_get_format (channel);
  const Babl   *format = gegl_buffer_get_format (io->selection);
  guchar       *values;
  GeglBuffer   *buffer;
  GeglRectangle strip;

  /* Both have the image's precision. */
  g_return_if_fail (babl_format_get_type (own, 0) == babl_format_get_type (format, 0));

  values = g_malloc (strips_max_pixels (&io->region) * babl_format_get_bytes_per_pixel (format));
  buffer = gimp_drawable_get_buffer (channel);
  for (strips_first (&io->region, &strip); strip.height > 0; strips_next (&io->region, &strip))
    {
      gegl_buffer_get (io->selection, &strip, 1.0, format, values, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      gegl_buffer_set (
        buffer,
        GEGL_RECTANGLE (strip.x + io->offset_x, strip.y + io->offset_y, strip.width, strip.height),
        0, own, values, GEGL_AUTO_ROWSTRIDE);
    }
  g_object_unref (buffer); /* which flushes it */
  g_free (values);
}

static gboolean
swap_selection (const DrawableIo *io, Swap *swap, GError **error)
{
  GeglColor *color = gegl_color_new ("black");

  swap->layers = gimp_image_get_selected_layers (io->image);
  swap->channels = gimp_image_get_selected_channels (io->image);
  swap->selection = GIMP_CHANNEL (gimp_selection_save (io->image));
  swap->hole = gimp_channel_new (io->image, "hole", gimp_image_get_width (io->image),
                                 gimp_image_get_height (io->image), 100, color);
  g_object_unref (color);
  if (swap->selection == NULL || swap->hole == NULL ||
      !gimp_image_insert_channel (io->image, swap->hole, NULL, 0))
    return fail_by_gimp (error);

  fill_channel (io, GIMP_DRAWABLE (swap->hole));
  return gimp_image_select_item (io->image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM (swap->hole)) ||
         fail_by_gimp (error);
}

static void
swap_back (const DrawableIo *io, Swap *swap)
{
  if (swap->selection)
    {
      gimp_image_select_item (io->image, GIMP_CHANNEL_OP_REPLACE, GIMP_ITEM (swap->selection));
      gimp_image_remove_channel (io->image, swap->selection);
    }
  if (swap->hole)
    gimp_image_remove_channel (io->image, swap->hole);

  if (swap->channels[0])
    gimp_image_set_selected_channels (io->image, (const GimpChannel **) swap->channels);
  else
    gimp_image_set_selected_layers (io->image, (const GimpLayer **) swap->layers);
  g_free (swap->layers);
  g_free (swap->channels);
}

static gboolean
merge (const DrawableIo *io, GError **error)
{
  Swap     swap = { 0 };
  gboolean ok = !io->is_shaped || swap_selection (io, &swap, error);

  if (ok && !gimp_drawable_merge_shadow (io->drawable, TRUE))
    ok = fail_by_gimp (error);
  if (io->is_shaped)
    swap_back (io, &swap);
  return ok;
}

static Outcome
commit_in_place (const DrawableIo *io, GError **error)
{
  GeglRectangle bounds;
  GeglBuffer   *original, *shadow;
  Outcome       outcome = TAKEN;

  if (io->is_shaped)
    bounds = io->region;
  else
    selection_get_bounds (io->drawable, &bounds);

  original = copy_drawable (io, &bounds);
  shadow = gimp_drawable_get_shadow_buffer (io->drawable);
  gegl_buffer_copy (original, &bounds, GEGL_ABYSS_NONE, shadow, &bounds);
  gegl_buffer_copy (io->result, &io->region, GEGL_ABYSS_NONE, shadow, &io->region);
  g_object_unref (shadow); /* which flushes it */
  g_object_unref (original);

  /* All of that took time: what counts is how things are now. */
  if (!drawable_changes_check (io, OUTPUT_IN_PLACE, error))
    {
      gimp_drawable_free_shadow (io->drawable);
      return REFUSED;
    }
  original = copy_drawable (io, &bounds);
  if (!drawable_changes_none_in (io, original))
    {
      gimp_drawable_free_shadow (io->drawable);
      outcome = EDITED;
    }
  else if (!merge (io, error))
    {
      gimp_drawable_free_shadow (io->drawable);
      outcome = REFUSED;
    }
  else
    {
      drawable_pixels_write_exactly (io, original, &bounds);
      gimp_drawable_update (io->drawable, bounds.x, bounds.y, bounds.width, bounds.height);
    }

  g_object_unref (original);
  return outcome;
}

/* --- New layer ------------------------------------------------------------ */

/* As large as the region, right above the drawable. NULL on failure. */
static GimpLayer *
commit_new_layer (const DrawableIo *io, const char *name, GError **error)
{
  GimpItem      *below = GIMP_ITEM (io->drawable);
  GimpLayer     *parent = GIMP_LAYER (gimp_item_get_parent (below));
  GimpLayer    **selected;
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

  selected = gimp_image_get_selected_layers (io->image);
  gimp_layer_set_offsets (layer, io->offset_x + io->region.x, io->offset_y + io->region.y);
  pixels = gimp_drawable_get_buffer (GIMP_DRAWABLE (layer));
  gegl_buffer_copy (io->result, &io->region, GEGL_ABYSS_NONE, pixels, &own);
  g_object_unref (pixels);

  if (!gimp_image_insert_layer (io->image, layer, parent,
                                gimp_image_get_item_position (io->image, below)))
    {
      fail_by_gimp (error);
      g_free (selected);
      gimp_item_delete (GIMP_ITEM (layer));
      return NULL;
    }

  if (io->has_selection)
    {
      mask = gimp_layer_create_mask (layer,
                                     io->is_shaped ? GIMP_ADD_MASK_BLACK : GIMP_ADD_MASK_SELECTION);
      if (io->is_shaped)
        {
          pixels = gimp_drawable_get_buffer (GIMP_DRAWABLE (mask));
          gegl_buffer_copy (io->selection, &io->region, GEGL_ABYSS_NONE, pixels, &own);
          g_object_unref (pixels);
        }
      if (!gimp_layer_add_mask (layer, mask))
        {
          fail_by_gimp (error);
          g_free (selected);
          gimp_item_delete (GIMP_ITEM (mask));
          gimp_image_remove_layer (io->image, layer);
          return NULL;
        }
      /* The next run, and the next stroke, are meant for the picture. */
      gimp_layer_set_edit_mask (layer, FALSE);
    }

  /* What is done next is meant for the layer that was worked on, as before. */
  gimp_image_set_selected_layers (io->image, (const GimpLayer **) selected);
  g_free (selected);

  gimp_drawable_update (GIMP_DRAWABLE (layer), 0, 0, own.width, own.height);
  return layer;
}

static void
fail_edited (GError **error)
{
  g_set_error_literal (
    error, GIMP_PLUG_IN_ERROR, 0,
    _ ("The pixels were edited while the filter ran. Nothing was changed; run the "
       "filter again."));
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
  Outcome    outcome;

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
  outcome = commit_in_place (&io_of_copy, error);
  if (outcome != TAKEN)
    {
      gimp_image_remove_layer (io->image, copy);
      if (outcome == EDITED)
        fail_edited (error);
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

/* The result on a layer of its own. NULL on failure. */
static GimpLayer *
commit_above (const DrawableIo *io, const char *name, GError **error)
{
  return new_layer_can_cover (io) && drawable_pixels_are_blended (io)
           ? commit_new_layer (io, name, error)
           : commit_copy (io, name, error);
}

/* `run` with "output" as it came to be. */
static GVariant *
with_output (GVariant *run, const char *output)
{
  GVariantBuilder builder;
  GVariantIter    iter;
  const char     *name;
  GVariant       *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, run);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_variant_builder_add (&builder, "{sv}", name,
                             g_str_equal (name, "output") ? g_variant_new_string (output) : value);
      g_variant_unref (value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The drawable was edited where the result belongs: both are kept. */
static GimpItem *
commit_beside (const DrawableIo *io, const char *name, GError **error)
{
  if (GIMP_IS_LAYER (io->drawable))
    return GIMP_ITEM (commit_above (io, name, error));

  fail_edited (error);
  return NULL;
}

gboolean
drawable_commit (DrawableIo *io,
                 TaskOutput  output,
                 const char *layer_name,
                 GVariant   *run,
                 gboolean   *is_beside,
                 GError    **error)
{
  GimpItem *target = NULL;
  Outcome   outcome = TAKEN;

  *is_beside = FALSE;
  if (!drawable_changes_check (io, output, error))
    return FALSE;

  gimp_image_undo_group_start (io->image);

  if (output == OUTPUT_NEW_LAYER)
    target = GIMP_ITEM (commit_above (io, layer_name, error));
  else if ((outcome = commit_in_place (io, error)) == TAKEN)
    target = GIMP_ITEM (io->drawable);
  else if (outcome == EDITED)
    target = commit_beside (io, layer_name, error);

  if (target)
    {
      GVariant *record = outcome == EDITED ? with_output (run, "new-layer") : g_variant_ref (run);

      provenance_attach (target, GIMP_ITEM (io->drawable), record);
      g_variant_unref (record);
    }

  gimp_image_undo_group_end (io->image);
  gimp_displays_flush ();

  *is_beside = target && outcome == EDITED;
  return target != NULL;
}
