/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-new-layer.c: whatever a layer's opacity, mode, mask, effects, alpha or
 * visibility, the image flattened looks the same after "in-place" and "new-layer".
 */
#include "gimp/probe.h"

#define WIDTH  64
#define HEIGHT 56

typedef void (*Setup) (GimpImage *image, GimpLayer *layer);

static void
plain (GimpImage *image, GimpLayer *layer)
{
}

static void
half_opaque (GimpImage *image, GimpLayer *layer)
{
  gimp_layer_set_opacity (layer, 50);
}

static void
multiplied (GimpImage *image, GimpLayer *layer)
{
  gimp_layer_set_mode (layer, GIMP_LAYER_MODE_MULTIPLY);
}

/* The left half of what will be selected is masked. */
static void
masked (GimpImage *image, GimpLayer *layer)
{
  GimpLayerMask *mask;

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 30, 0, WIDTH, HEIGHT);
  mask = gimp_layer_create_mask (layer, GIMP_ADD_MASK_SELECTION);
  gimp_layer_add_mask (layer, mask);
}

static void
hidden (GimpImage *image, GimpLayer *layer)
{
  gimp_item_set_visible (GIMP_ITEM (layer), FALSE);
}

static void
with_an_effect (GimpImage *image, GimpLayer *layer)
{
  gimp_drawable_append_new_filter (GIMP_DRAWABLE (layer), "gegl:gaussian-blur", "blur",
                                   GIMP_LAYER_MODE_REPLACE, 1.0, "std-dev-x", 3.0, "std-dev-y", 3.0,
                                   NULL);
}

static void
half_transparent (GimpImage *image, GimpLayer *layer)
{
  GeglBuffer   *buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (layer));
  const guint8  pixel[4] = { 200, 90, 30, 128 };
  GeglRectangle rect = { 0, 0, WIDTH, HEIGHT };

  for (int y = 0; y < rect.height; y++)
    for (int x = 0; x < rect.width; x++)
      gegl_buffer_set (buffer, GEGL_RECTANGLE (x, y, 1, 1), 0, babl_format ("R'G'B'A u8"), pixel,
                       GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);
}

static void
green_switched_off (GimpImage *image, GimpLayer *layer)
{
  gimp_image_set_component_active (image, GIMP_CHANNEL_GREEN, FALSE);
}

static void
locked_in_sight (GimpImage *image, GimpLayer *layer)
{
  gimp_layer_set_opacity (layer, 40);
  gimp_item_set_lock_visibility (GIMP_ITEM (layer), TRUE);
}

/* A gradient below, the noisy picture above. */
static GimpImage *
two_layers (Setup setup)
{
  GimpImage *image =
    probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, WIDTH, HEIGHT, 0, 0);
  GimpLayer *upper =
    gimp_layer_new (image, "upper", WIDTH, HEIGHT, GIMP_RGBA_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  GeglBuffer *buffer;

  gimp_image_insert_layer (image, upper, NULL, 0);
  buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (upper));
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      {
        const guint8 pixel[4] = { 3 * x + (x * y) % 50, 250 - 4 * y, (x * 7 + y * 13) % 255, 255 };

        gegl_buffer_set (buffer, GEGL_RECTANGLE (x, y, 1, 1), 0, babl_format ("R'G'B'A u8"), pixel,
                         GEGL_AUTO_ROWSTRIDE);
      }
  g_object_unref (buffer);
  setup (image, upper);
  gimp_selection_none (image);
  return image;
}

static GimpLayer *
layer_called (GimpImage *image, const char *name)
{
  return gimp_image_get_layer_by_name (image, name);
}

/* The flattened image after a run, 8 bits RGB; NULL when it fails. */
static guint8 *
flattened (const char *filter, Setup setup, gboolean soft, const char *output)
{
  GimpImage    *image = two_layers (setup);
  GimpDrawable *layer = GIMP_DRAWABLE (layer_called (image, "upper"));
  guint8       *rgb = NULL;
  GeglBuffer   *buffer;
  char         *message;

  gimp_context_push ();
  gimp_context_set_feather (soft);
  gimp_context_set_feather_radius (6, 6);
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 20, 16, 20, 18);
  gimp_context_pop ();

  message = g_str_equal (filter, INPAINT)
              ? probe_call (filter, image, layer, "steps", 1, "output", output, NULL)
              : probe_call (filter, image, layer, "sigma", 30.0, "output", output, NULL);
  if (message)
    probe_note ("%s", message);
  else
    {
      gimp_selection_none (image);
      buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (gimp_image_flatten (image)));
      rgb = g_malloc (WIDTH * HEIGHT * 3);
      gegl_buffer_get (buffer, GEGL_RECTANGLE (0, 0, WIDTH, HEIGHT), 1.0, babl_format ("R'G'B' u8"),
                       rgb, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      g_object_unref (buffer);
    }
  g_free (message);
  gimp_image_delete (image);
  return rgb;
}

static void
agree (const char *what, const char *filter, Setup setup, gboolean soft)
{
  guint8 *in_place = flattened (filter, setup, soft, "in-place");
  guint8 *new_layer = flattened (filter, setup, soft, "new-layer");
  int     worst = in_place && new_layer ? 0 : 255;

  for (int i = 0; worst < 255 && i < WIDTH * HEIGHT * 3; i++)
    worst = MAX (worst, ABS (in_place[i] - new_layer[i]));

  probe_ok (worst <= 1, "%s%s, %s: a new layer looks as in place", what, soft ? ", feathered" : "",
            filter);
  probe_note ("largest difference %d", worst);
  g_free (new_layer);
  g_free (in_place);
}

void
probe_new_layer (void)
{
  static const struct
  {
    const char *name;
    Setup       setup;
  } cases[] = {
    { "an ordinary layer", plain },
    { "opacity 50", half_opaque },
    { "mode multiply", multiplied },
    { "a layer mask", masked },
    { "a hidden layer", hidden },
    { "an effect", with_an_effect },
    { "alpha 128", half_transparent },
    { "green switched off", green_switched_off },
    { "a locked visibility", locked_in_sight },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      agree (cases[i].name, INPAINT, cases[i].setup, FALSE);
      if (i < 2)
        {
          agree (cases[i].name, INPAINT, cases[i].setup, TRUE);
          agree (cases[i].name, DENOISE, cases[i].setup, FALSE);
        }
    }
}
