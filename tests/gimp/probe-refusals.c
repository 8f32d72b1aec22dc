/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-refusals.c: each thing that the filters refuse is refused in a sentence
 * that names the cure, and nothing has changed then.
 */
#include "gimp/probe.h"

#include <string.h>

/* The call must fail with a message that holds `cure`; the drawable keeps every
 * byte, and the image its layers. */
static void
expect (const char *what, char *message, const char *cure, GimpDrawable *drawable, GBytes *before)
{
  gboolean refused = message && strstr (message, cure);
  gboolean same = TRUE;

  if (drawable)
    {
      GBytes *after = probe_bytes (drawable);

      same = g_bytes_equal (before, after);
      g_bytes_unref (after);
    }

  probe_ok (refused && same, "%s is refused", what);
  probe_note ("%s%s", message ? message : "it was not refused", same ? "" : " THE LAYER CHANGED");
  g_free (message);
}

static GimpImage *
image_with_selection (void)
{
  GimpImage *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, 48, 40, 0, 0);

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 10, 10, 8, 8);
  return image;
}

/* A call with both filters on a drawable, which both must refuse. */
static void
both (const char *what, GimpImage *image, GimpDrawable *drawable, const char *cure)
{
  static const char *const filters[] = { INPAINT, DENOISE };
  GBytes                  *before = probe_bytes (drawable);

  for (gsize i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      char *title = g_strdup_printf ("%s (%s)", what, filters[i]);

      expect (title, probe_call (filters[i], image, drawable, NULL), cure, drawable, before);
      g_free (title);
    }

  g_bytes_unref (before);
}

static void
number_of_drawables (void)
{
  GimpImage    *image = image_with_selection ();
  GimpLayer    *other = gimp_layer_copy (GIMP_LAYER (probe_layer (image)));
  GimpDrawable *none[] = { NULL };
  GimpDrawable *two[] = { GIMP_DRAWABLE (other), probe_layer (image), NULL };

  gimp_image_insert_layer (image, other, NULL, 0);
  expect ("no layer", probe_call_all (INPAINT, image, none, NULL), "choose a layer", NULL, NULL);
  expect ("several layers", probe_call_all (DENOISE, image, two, NULL), "choose one of them", NULL,
          NULL);
  gimp_image_delete (image);
}

static void
selections (void)
{
  GimpImage    *image = image_with_selection ();
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);

  gimp_selection_none (image);
  expect ("Inpaint without a selection", probe_call (INPAINT, image, layer, NULL),
          "select what is to be filled", layer, before);

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 50, 42, 10, 10);
  both ("a selection beside the layer", image, layer, "choose the layer that lies under");

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 10, 10, 20, 20);
  both ("the selection as a layer", image, GIMP_DRAWABLE (gimp_image_get_selection (image)),
        "Save to Channel");

  gimp_floating_sel_anchor (gimp_selection_float (image, (GimpDrawable *[]) { layer, NULL }, 3, 3));
  g_bytes_unref (before);
  gimp_image_delete (image);

  image = image_with_selection ();
  layer = probe_layer (image);
  gimp_selection_float (image, (GimpDrawable *[]) { layer, NULL }, 3, 3);
  both ("a floating selection, chosen", image, probe_layer (image), "anchor it");
  both ("a floating selection, not chosen", image, layer, "anchor it");
  gimp_image_delete (image);
}

static void
kinds_of_layers (void)
{
  GimpImage    *image = image_with_selection ();
  GimpDrawable *layer = probe_layer (image);
  GimpItem     *group = GIMP_ITEM (gimp_group_layer_new (image, "group"));

  gimp_image_insert_layer (image, GIMP_LAYER (group), NULL, 0);
  gimp_image_reorder_item (image, GIMP_ITEM (layer), group, 0);
  both ("a group", image, GIMP_DRAWABLE (group), "layer inside it");

  gimp_item_set_lock_content (group, TRUE);
  both ("a layer in a locked group", image, layer, "unlock them");
  gimp_item_set_lock_content (group, FALSE);

  gimp_item_set_lock_content (GIMP_ITEM (layer), TRUE);
  both ("a locked layer", image, layer, "unlock them");
  gimp_layer_add_mask (GIMP_LAYER (layer),
                       gimp_layer_create_mask (GIMP_LAYER (layer), GIMP_ADD_MASK_WHITE));
  both ("the mask of a locked layer", image,
        GIMP_DRAWABLE (gimp_layer_get_mask (GIMP_LAYER (layer))), "unlock them");
  gimp_image_delete (image);

  image = image_with_selection ();
  gimp_image_convert_indexed (image, GIMP_CONVERT_DITHER_NONE, GIMP_CONVERT_PALETTE_GENERATE, 8,
                              FALSE, FALSE, "");
  both ("an indexed image", image, probe_layer (image), "Image → Mode");
  gimp_image_delete (image);
}

static void
text_layer (void)
{
  GimpImage     *image = image_with_selection ();
  GimpTextLayer *text =
    gimp_text_layer_new (image, "text", gimp_context_get_font (), 20, gimp_unit_pixel ());

  if (text == NULL)
    {
      probe_ok (FALSE, "a text layer can be made");
      return;
    }

  gimp_image_insert_layer (image, GIMP_LAYER (text), NULL, 0);
  both ("a text layer", image, GIMP_DRAWABLE (text), "Layer → ");
  gimp_image_delete (image);
}

static void
new_layer_for_channels (void)
{
  GimpImage    *image = image_with_selection ();
  GimpLayer    *layer = GIMP_LAYER (probe_layer (image));
  GimpChannel  *channel;
  GimpDrawable *targets[2];

  channel = gimp_channel_new_from_component (image, GIMP_CHANNEL_RED, "red");
  gimp_image_insert_channel (image, channel, NULL, 0);
  gimp_layer_add_mask (layer, gimp_layer_create_mask (layer, GIMP_ADD_MASK_WHITE));
  targets[0] = GIMP_DRAWABLE (channel);
  targets[1] = GIMP_DRAWABLE (gimp_layer_get_mask (layer));

  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      GBytes *before = probe_bytes (targets[i]);

      expect (i == 0 ? "a new layer from a channel" : "a new layer from a layer mask",
              probe_call (INPAINT, image, targets[i], "output", "new-layer", NULL), "In place",
              targets[i], before);
      g_bytes_unref (before);
    }
  gimp_image_delete (image);
}

static void
nothing_to_go_by (void)
{
  GimpImage    *image = image_with_selection ();
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  GimpLayer    *empty =
    gimp_layer_new (image, "empty", 64, 56, GIMP_RGBA_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  char *message;

  gimp_selection_all (image);
  expect ("everything selected", probe_call (INPAINT, image, layer, NULL),
          "select only what is to be filled", layer, before);
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 0, 0, 48, 40);
  expect ("all of the layer selected", probe_call (INPAINT, image, layer, NULL),
          "select only what is to be filled", layer, before);

  message = probe_call (INPAINT, image, layer, "steps", 1, "strength", 0.3, NULL);
  probe_ok (message == NULL, "at strength 0.3 everything can be gone over");
  g_free (message);
  g_bytes_unref (before);

  gimp_image_insert_layer (image, empty, NULL, 0);
  gimp_drawable_fill (GIMP_DRAWABLE (empty), GIMP_FILL_TRANSPARENT);
  before = probe_bytes (GIMP_DRAWABLE (empty));
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 10, 10, 8, 8);
  expect ("an empty layer", probe_call (INPAINT, image, GIMP_DRAWABLE (empty), NULL),
          "choose the layer that has the picture", GIMP_DRAWABLE (empty), before);
  g_bytes_unref (before);
  gimp_image_delete (image);
}

static void
models (void)
{
  GimpImage    *image = image_with_selection ();
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  GFile        *missing = g_file_new_for_path ("/nowhere/at/all");
  GFile        *empty = g_file_new_for_path (g_get_tmp_dir ());

  expect ("a model folder that is not there",
          probe_call (INPAINT, image, layer, "model", missing, NULL), "choose a folder", layer,
          before);
  expect ("a folder without a model", probe_call (INPAINT, image, layer, "model", empty, NULL),
          "config.json", layer, before);

  g_object_unref (empty);
  g_object_unref (missing);
  g_bytes_unref (before);
  gimp_image_delete (image);
}

void
probe_refusals (void)
{
  number_of_drawables ();
  selections ();
  kinds_of_layers ();
  text_layer ();
  new_layer_for_channels ();
  nothing_to_go_by ();
  models ();
}
