/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-layers.c: what a run does to the image beside the pixels of the matrix:
 * new layers, alpha, masks and channels, the parasite, seeds, huge soft
 * selections, and that strength 0 changes nothing.
 */
#include "gimp/probe.h"

#include <math.h>
#include <string.h>

static void
expect_success (char *message, const char *what)
{
  probe_ok (message == NULL, "%s runs", what);
  if (message)
    probe_note ("%s", message);
  g_free (message);
}

static char *
provenance (GimpDrawable *drawable)
{
  GimpParasite *parasite = gimp_item_get_parasite (GIMP_ITEM (drawable), "diffusion-provenance");
  char         *text = NULL;
  guint32       size;

  if (parasite)
    {
      gconstpointer data = gimp_parasite_get_data (parasite, &size);

      text = g_strndup (data, size);
      if (!gimp_parasite_is_persistent (parasite) || !gimp_parasite_is_undoable (parasite))
        g_clear_pointer (&text, g_free);
      gimp_parasite_free (parasite);
    }
  return text;
}

/* --- New layer ------------------------------------------------------------ */

static void
new_layer (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, 41, 37, 9, 7);
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  GimpDrawable *above;
  ProbeChange   change;
  char         *runs;
  int           x, y;

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 15, 12, 10, 8);
  expect_success (probe_call (INPAINT, image, layer, "steps", 1, "output", "new-layer", NULL),
                  "output new-layer");

  above = probe_layer (image);
  change = probe_compare (layer, before);
  probe_ok (above != layer && change.changed_selected == 0 && change.changed_unselected == 0,
            "the new layer lies above, and the layer keeps every byte");

  gimp_drawable_get_offsets (above, &x, &y);
  probe_ok (x == 15 && y == 12 && gimp_drawable_get_width (above) == 10 &&
              gimp_drawable_get_height (above) == 8,
            "the new layer covers the selected region");
  probe_ok (gimp_layer_get_mask (GIMP_LAYER (above)) != NULL, "it has the selection as its mask");

  runs = provenance (above);
  probe_ok (runs && strstr (runs, "\"output\":\"new-layer\"") && provenance (layer) == NULL,
            "the parasite is on the new layer");

  g_free (runs);
  g_bytes_unref (before);
  gimp_image_delete (image);
}

/* The mean of a drawable's pixels under the point, as "R'G'B'A float". */
static void
pick (GimpDrawable *drawable, int x, int y, float rgba[4])
{
  GeglBuffer *buffer = gimp_drawable_get_buffer (drawable);

  gegl_buffer_get (buffer, GEGL_RECTANGLE (x, y, 1, 1), 1.0,
                   babl_format_with_space ("R'G'B'A float", gimp_drawable_get_format (drawable)),
                   rgba, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  g_object_unref (buffer);
}

/* With the mask's blending, both outputs look the same. */
static void
outputs_agree (void)
{
  float worst = 0;

  GimpImage    *a = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_FLOAT_NON_LINEAR, 64, 56, 0, 0);
  GimpImage    *b = gimp_image_duplicate (a);
  GimpDrawable *merged;

  gimp_context_push ();
  gimp_context_set_feather (TRUE);
  gimp_context_set_feather_radius (8, 8);
  gimp_image_select_rectangle (a, GIMP_CHANNEL_OP_REPLACE, 20, 20, 20, 15);
  gimp_image_select_rectangle (b, GIMP_CHANNEL_OP_REPLACE, 20, 20, 20, 15);
  gimp_context_pop ();

  expect_success (probe_call (INPAINT, a, probe_layer (a), "steps", 1, NULL), "in place");
  expect_success (probe_call (INPAINT, b, probe_layer (b), "steps", 1, "output", "new-layer", NULL),
                  "in a new layer");
  merged = GIMP_DRAWABLE (gimp_image_merge_visible_layers (b, GIMP_CLIP_TO_IMAGE));

  for (int y = 0; y < 56; y++)
    for (int x = 0; x < 64; x++)
      {
        float p[4], q[4];

        pick (probe_layer (a), x, y, p);
        pick (merged, x, y, q);
        for (int c = 0; c < 3; c++)
          worst = MAX (worst, ABS (p[c] - q[c]));
      }
  probe_ok (worst < 0.01f, "in place and new layer look the same under a feathered selection");
  probe_note ("largest difference %g", worst);

  gimp_image_delete (a);
  gimp_image_delete (b);
}

/* A feathered selection in a float image is above 0 nearly everywhere. */
static void
region_of_a_feathered_selection (void)
{
  GimpImage *image =
    gimp_image_new_with_precision (400, 400, GIMP_RGB, GIMP_PRECISION_FLOAT_LINEAR);
  GimpLayer *layer =
    gimp_layer_new (image, "layer", 400, 400, GIMP_RGB_IMAGE, 100, GIMP_LAYER_MODE_NORMAL);
  GimpDrawable *above;
  int           x, y, width, height;

  gimp_image_insert_layer (image, layer, NULL, 0);
  probe_fill (GIMP_DRAWABLE (layer));
  gimp_context_push ();
  gimp_context_set_feather (TRUE);
  gimp_context_set_feather_radius (20, 20);
  gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 160, 160, 80, 80);
  gimp_context_pop ();

  gimp_drawable_mask_intersect (GIMP_DRAWABLE (layer), &x, &y, &width, &height);
  expect_success (
    probe_call (DENOISE, image, GIMP_DRAWABLE (layer), "sigma", 20.0, "output", "new-layer", NULL),
    "Denoise under a feathered selection");
  above = probe_layer (image);
  probe_ok (gimp_drawable_get_width (above) < 140 && gimp_drawable_get_height (above) < 140,
            "an 80-pixel ellipse, feather 20, in a float image: a region of its own size");
  probe_note ("region %d × %d; GIMP's mask_intersect is %d × %d", gimp_drawable_get_width (above),
              gimp_drawable_get_height (above), width, height);
  gimp_image_delete (image);
}

/* --- Alpha ---------------------------------------------------------------- */

static void
alpha (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, TRUE, GIMP_PRECISION_U32_NON_LINEAR, 64, 56, 0, 0);
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  ProbeChange   change;

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 17, 15);

  gimp_layer_set_lock_alpha (GIMP_LAYER (layer), TRUE);
  expect_success (probe_call (INPAINT, image, layer, "steps", 1, NULL),
                  "Inpaint with locked alpha");
  change = probe_compare (layer, before);
  probe_ok (change.changed_alpha == 0 && change.changed_selected > 0 &&
              change.changed_unselected == 0,
            "locked alpha keeps every bit while colors change");

  g_bytes_unref (before);
  gimp_image_delete (image);
}

/* Alpha 0…1 of a place, of a layer 64 × 56. */
typedef double (*AlphaScene) (int x, int y);

static double
opaque (int x, int y)
{
  return 1;
}

static double
half (int x, int y)
{
  return 128.0 / 255;
}

static double
rising (int x, int y)
{
  return (20 + 3 * x) / 255.0;
}

static double
transparent_on_the_right (int x, int y)
{
  return x < 22 ? 1 : 0;
}

static double
cut_slantwise (int x, int y)
{
  return CLAMP (30.5 - x - 0.4 * (y - 12), 0, 1);
}

/* Feathered by 7 pixels. */
static double
soft_slantwise (int x, int y)
{
  return CLAMP (0.5 + (22 - x - 0.4 * (y - 20)) / 7, 0, 1);
}

/* The rim of a disc that is larger than the hole. */
static double
disc (int x, int y)
{
  return CLAMP (30.5 - hypot (x - 2, y - 30), 0, 1);
}

static double
half_below (int x, int y)
{
  return y < 20 ? 1 : 128.0 / 255;
}

/* The same all around the hole, but not farther away. */
static double
patch (int x, int y)
{
  return x < 12 ? 1 : x < 33 && y >= 10 && y < 29 ? 0.6 : 0;
}

/* A hole that is transparent in opaque surroundings. */
static double
transparent_hole (int x, int y)
{
  return x >= 14 && x < 31 && y >= 12 && y < 27 ? 0 : 1;
}

/* What the hole's alpha has to be, within `tolerance` everywhere and within `mean` in the mean. */
static void
continued_alpha (const char   *what,
                 GimpPrecision precision,
                 AlphaScene    scene,
                 AlphaScene    wanted,
                 double        tolerance,
                 double        mean)
{
  GimpImage    *image = probe_image (GIMP_RGB, TRUE, precision, 64, 56, 0, 0);
  GimpDrawable *layer = probe_layer (image);
  GeglBuffer   *buffer = gimp_drawable_get_buffer (layer);
  const Babl   *format = babl_format ("R'G'B'A double");
  double        worst = 0, sum = 0;

  for (int y = 0; y < 56; y++)
    for (int x = 0; x < 64; x++)
      {
        const double pixel[4] = { x / 64.0, y / 56.0, 0.5, scene (x, y) };

        gegl_buffer_set (buffer, GEGL_RECTANGLE (x, y, 1, 1), 0, format, pixel,
                         GEGL_AUTO_ROWSTRIDE);
      }
  g_object_unref (buffer);

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 17, 15);
  expect_success (probe_call (INPAINT, image, layer, "steps", 1, NULL), what);
  for (int y = 12; y < 27; y++)
    for (int x = 14; x < 31; x++)
      {
        float rgba[4];

        pick (layer, x, y, rgba);
        worst = MAX (worst, fabs (rgba[3] - wanted (x, y)));
        sum += fabs (rgba[3] - wanted (x, y));
      }
  probe_ok (worst <= tolerance && sum <= mean * 15 * 17,
            "%s: alpha in the hole continues what is around it", what);
  probe_note ("off by %.1f of 255 at most, %.1f in the mean", 255 * worst, sum / (15 * 17) * 255);
  gimp_image_delete (image);
}

/* An edge may be off by a pixel, so by all of alpha in some, but not in many. */
#define EDGE 0.06

static void
alpha_continues (void)
{
  const GimpPrecision u8 = GIMP_PRECISION_U8_NON_LINEAR, linear = GIMP_PRECISION_FLOAT_LINEAR;

  continued_alpha ("opaque", u8, opaque, opaque, 0, 0);
  continued_alpha ("a transparent hole", u8, transparent_hole, opaque, 0, 0);
  continued_alpha ("alpha 128", u8, half, half, 0.001, 1);
  continued_alpha ("alpha 128 in floats", linear, half, half, 1e-6, 1);
  continued_alpha ("alpha that is the same next to the hole alone", linear, patch, patch, 1e-6, 1);
  continued_alpha ("rising alpha", GIMP_PRECISION_U16_NON_LINEAR, rising, rising, 2.0 / 255, 1);
  continued_alpha ("a border of what is opaque", u8, transparent_on_the_right,
                   transparent_on_the_right, 1, EDGE);
  continued_alpha ("a slanting edge", u8, cut_slantwise, cut_slantwise, 1, EDGE);
  continued_alpha ("a disc's rim", u8, disc, disc, 1, 2 * EDGE);
  continued_alpha ("an edge of what is half transparent", linear, half_below, half_below, 1, EDGE);
  continued_alpha ("a feathered edge", u8, soft_slantwise, soft_slantwise, 0.3, EDGE);
  continued_alpha ("a feathered edge in floats", linear, soft_slantwise, soft_slantwise, 0.3, EDGE);
}

/* --- Masks and channels --------------------------------------------------- */

static void
masks_and_channels (void)
{
  GimpImage   *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U16_NON_LINEAR, 41, 37, 9, 7);
  GimpLayer   *layer = GIMP_LAYER (probe_layer (image));
  GimpChannel *channel;

  channel = gimp_channel_new_from_component (image, GIMP_CHANNEL_RED, "red");
  gimp_image_insert_channel (image, channel, NULL, 0);
  gimp_layer_add_mask (layer, gimp_layer_create_mask (layer, GIMP_ADD_MASK_WHITE));

  for (int i = 0; i < 4; i++)
    {
      GimpDrawable *target =
        i % 2 ? GIMP_DRAWABLE (channel) : GIMP_DRAWABLE (gimp_layer_get_mask (layer));
      GBytes     *before;
      ProbeChange change;
      char       *message;

      probe_fill (target);
      before = probe_bytes (target);
      gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 18, 14, 15, 13);
      message = i < 2 ? probe_call (INPAINT, image, target, "steps", 1, NULL)
                      : probe_call (DENOISE, image, target, "sigma", 30.0, NULL);
      change = probe_compare (target, before);
      probe_ok (message == NULL && change.changed_selected > 0 && change.changed_unselected == 0,
                "%s on a %s", i < 2 ? "Inpaint" : "Denoise", i % 2 ? "channel" : "layer mask");
      if (message)
        probe_note ("%s", message);
      g_free (message);
      g_bytes_unref (before);
    }
  gimp_image_delete (image);
}

/* --- Parasite ------------------------------------------------------------- */

static void
parasite (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, 48, 40, 0, 0);
  GimpDrawable *layer = probe_layer (image);
  GimpParasite *broken;
  char         *runs;

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 10, 10, 8, 8);

  broken = gimp_parasite_new ("diffusion-provenance", GIMP_PARASITE_PERSISTENT, 6, "[{\"a\":");
  gimp_item_attach_parasite (GIMP_ITEM (layer), broken);
  gimp_parasite_free (broken);

  expect_success (probe_call (INPAINT, image, layer, "steps", 1, "seed", 77, NULL),
                  "Inpaint over a broken parasite");
  runs = provenance (layer);
  probe_ok (runs && g_str_has_prefix (runs, "[{") && strstr (runs, "\"seed\":77") &&
              strstr (runs, "\"steps\":1") && strstr (runs, "\"model-sha256\":\"") &&
              strstr (runs, INPAINT) && g_str_has_suffix (runs, "}]"),
            "the parasite holds procedure, settings, seed and model; a broken one is replaced");
  probe_note ("%s", runs ? runs : "no parasite");
  g_free (runs);

  expect_success (probe_call (DENOISE, image, layer, NULL), "Denoise after it");
  runs = provenance (layer);
  probe_ok (runs && strstr (runs, INPAINT) && strstr (runs, DENOISE) &&
              strstr (runs, INPAINT) < strstr (runs, DENOISE),
            "a second run is appended");
  probe_ok (runs && !strstr (strstr (runs, DENOISE), "\"sigma\":0.0,"),
            "the parasite holds the noise level that was estimated");
  probe_note ("%s", runs ? runs : "no parasite");
  g_free (runs);
  gimp_image_delete (image);
}

/* --- Seeds and strength --------------------------------------------------- */

static GBytes *
run_with_seed (int seed)
{
  GimpImage *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_FLOAT_NON_LINEAR, 64, 56, 0, 0);
  GBytes    *bytes;

  gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 30, 25);
  g_free (probe_call (INPAINT, image, probe_layer (image), "steps", 2, "seed", seed, "sampler",
                      "ddpm", NULL));
  bytes = probe_bytes (probe_layer (image));
  gimp_image_delete (image);
  return bytes;
}

static void
seeds (void)
{
  GBytes *first = run_with_seed (5), *again = run_with_seed (5), *other = run_with_seed (6);

  probe_ok (g_bytes_equal (first, again), "the same seed twice gives the same bytes");
  probe_ok (!g_bytes_equal (first, other), "another seed gives another picture");
  g_bytes_unref (first);
  g_bytes_unref (again);
  g_bytes_unref (other);
}

static void
no_strength (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, TRUE, GIMP_PRECISION_DOUBLE_LINEAR, 64, 56, 0, 0);
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  ProbeChange   change;

  gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 30, 25);
  expect_success (probe_call (INPAINT, image, layer, "strength", 0.0, NULL), "strength 0");
  change = probe_compare (layer, before);
  probe_ok (change.changed_selected == 0 && change.changed_unselected == 0,
            "Inpaint with strength 0 changes nothing");
  g_bytes_unref (before);
  gimp_image_delete (image);
}

/* A value that is no number, beside the selection, must not spread. */
static void
no_number (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_FLOAT_LINEAR, 64, 56, 0, 0);
  GimpDrawable *layer = probe_layer (image);
  const float   nan[3] = { NAN, INFINITY, -INFINITY };
  GeglBuffer   *buffer = gimp_drawable_get_buffer (layer);
  GBytes       *before;
  ProbeChange   change;
  gboolean      finite = TRUE;

  gegl_buffer_set (buffer, GEGL_RECTANGLE (10, 20, 1, 1), 0, gimp_drawable_get_format (layer), nan,
                   GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);
  before = probe_bytes (layer);

  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 17, 15);
  expect_success (probe_call (INPAINT, image, layer, "steps", 1, NULL), "Inpaint beside a NaN");
  expect_success (probe_call (DENOISE, image, layer, "sigma", 20.0, NULL), "Denoise beside a NaN");

  for (int y = 12; y < 27; y++)
    for (int x = 14; x < 31; x++)
      {
        float rgba[4];

        pick (layer, x, y, rgba);
        for (int c = 0; c < 4; c++)
          finite = finite && isfinite (rgba[c]);
      }
  change = probe_compare (layer, before);
  probe_ok (finite && change.changed_selected > 0 && change.changed_unselected == 0,
            "it does not spread, and keeps its bits");
  g_bytes_unref (before);
  gimp_image_delete (image);
}

static void
without_a_selection (void)
{
  GimpImage    *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, 70, 60, -4, -3);
  GimpDrawable *layer = probe_layer (image);
  GBytes       *before = probe_bytes (layer);
  ProbeChange   change;

  expect_success (probe_call (DENOISE, image, layer, "sigma", 40.0, NULL),
                  "Denoise without a selection");
  change = probe_compare (layer, before);
  probe_ok (change.changed_selected > 70 * 60 * 9 / 10,
            "it works on the whole layer, off the canvas too");
  g_bytes_unref (before);
  gimp_image_delete (image);
}

/* Three layers one after another, the selection another one for each. */
static void
several_layers (void)
{
  static const int places[][2] = { { 6, 8 }, { 30, 10 }, { 20, 34 } };
  GimpImage    *image = probe_image (GIMP_RGB, TRUE, GIMP_PRECISION_U16_NON_LINEAR, 64, 56, 0, 0);
  GimpDrawable *layers[3];
  GBytes       *before[3];

  layers[0] = probe_layer (image);
  for (int i = 1; i < 3; i++)
    {
      GimpLayer *copy = gimp_layer_copy (GIMP_LAYER (layers[0]));

      gimp_image_insert_layer (image, copy, NULL, 0);
      layers[i] = GIMP_DRAWABLE (copy);
    }
  for (int i = 0; i < 3; i++)
    before[i] = probe_bytes (layers[i]);

  for (int i = 0; i < 3; i++)
    {
      gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, places[i][0], places[i][1], 13,
                                   11);
      expect_success (i == 1 ? probe_call (DENOISE, image, layers[i], "sigma", 30.0, NULL)
                             : probe_call (INPAINT, image, layers[i], "steps", 1, NULL),
                      "one layer after another");

      for (int k = 0; k < 3; k++)
        {
          ProbeChange change = probe_compare (layers[k], before[k]);

          if (k == i)
            probe_ok (change.changed_selected > 0 && change.changed_unselected == 0,
                      "layer %d changes in its own selection", k + 1);
          else if (k > i)
            probe_ok (change.changed_selected + change.changed_unselected == 0,
                      "layer %d waits for its turn", k + 1);
        }
      g_bytes_unref (before[i]);
      before[i] = probe_bytes (layers[i]);
    }

  for (int i = 0; i < 3; i++)
    {
      char *runs = provenance (layers[i]);

      probe_ok (runs && !strstr (runs, "},{"), "layer %d tells of one run", i + 1);
      g_free (runs);
      g_bytes_unref (before[i]);
    }
  gimp_image_delete (image);
}

void
probe_layers (void)
{
  new_layer ();
  outputs_agree ();
  region_of_a_feathered_selection ();
  alpha ();
  alpha_continues ();
  masks_and_channels ();
  parasite ();
  seeds ();
  no_strength ();
  no_number ();
  without_a_selection ();
  several_layers ();
}
