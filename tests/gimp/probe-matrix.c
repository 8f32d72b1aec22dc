/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-matrix.c: every format × every scene (a place of the layer and a kind of
 * selection) × both filters: pixels that are not selected keep every bit, those
 * that are selected change and stay numbers.
 *
 * DIFFUSION_MATRIX=1 runs all combinations, otherwise a subset in which every
 * type of picture occurs in every precision.
 */
#include "gimp/probe.h"

typedef struct
{
  const char       *name;
  GimpImageBaseType base;
  gboolean          alpha;
} Type;

static const Type types[] = {
  { "RGB", GIMP_RGB, FALSE },
  { "RGBA", GIMP_RGB, TRUE },
  { "GRAY", GIMP_GRAY, FALSE },
  { "GRAYA", GIMP_GRAY, TRUE },
};

static const struct
{
  const char   *name;
  GimpPrecision precision;
} precisions[] = {
  { "u8 linear", GIMP_PRECISION_U8_LINEAR },         { "u8", GIMP_PRECISION_U8_NON_LINEAR },
  { "u16 linear", GIMP_PRECISION_U16_LINEAR },       { "u16", GIMP_PRECISION_U16_NON_LINEAR },
  { "u32 linear", GIMP_PRECISION_U32_LINEAR },       { "u32", GIMP_PRECISION_U32_NON_LINEAR },
  { "half linear", GIMP_PRECISION_HALF_LINEAR },     { "half", GIMP_PRECISION_HALF_NON_LINEAR },
  { "float linear", GIMP_PRECISION_FLOAT_LINEAR },   { "float", GIMP_PRECISION_FLOAT_NON_LINEAR },
  { "double linear", GIMP_PRECISION_DOUBLE_LINEAR }, { "double", GIMP_PRECISION_DOUBLE_NON_LINEAR },
};

static void
select_hard (GimpImage *image)
{
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 17, 15);
}

static void
select_feathered (GimpImage *image)
{
  gimp_context_push ();
  gimp_context_set_feather (TRUE);
  gimp_context_set_feather_radius (6, 6);
  gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 14, 14, 22, 20);
  gimp_context_pop ();
}

static void
select_rotated (GimpImage *image)
{
  const double corners[] = { 24, 10, 42, 28, 26, 44, 8, 26 };

  gimp_image_select_polygon (image, GIMP_CHANNEL_OP_REPLACE, G_N_ELEMENTS (corners), corners);
}

static void
select_pixel (GimpImage *image)
{
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 22, 23, 1, 1);
}

static void
select_line (GimpImage *image)
{
  gimp_image_select_rectangle (image, GIMP_CHANNEL_OP_REPLACE, 23, 0, 1, 56);
}

static void
select_all (GimpImage *image)
{
  gimp_selection_all (image);
}

/* The image is 64 × 56. */
static const struct
{
  const char *name;
  int         x, y, width, height; /* of the layer */
  void (*select) (GimpImage *image);
} scenes[] = {
  { "a hard selection", 0, 0, 64, 56, select_hard },
  { "a layer at an offset", 9, 7, 41, 37, select_hard },
  { "a layer partly off the canvas", -11, 20, 50, 60, select_hard },
  { "a rotated selection", 9, 7, 41, 37, select_rotated },
  { "a feathered selection", 0, 0, 64, 56, select_feathered },
  { "one pixel", 9, 7, 41, 37, select_pixel },
  { "a thin line", 0, 0, 64, 56, select_line },
  { "the whole layer", -11, 20, 50, 60, select_all },
};

static const char *const filters[] = { INPAINT, DENOISE };

/* A profile with other primaries than sRGB. */
static void
set_wide_profile (GimpImage *image, GimpImageBaseType base)
{
  GimpColorProfile *profile = base == GIMP_RGB ? gimp_color_profile_new_rgb_adobe ()
                                               : gimp_color_profile_new_d50_gray_lab_trc ();

  gimp_image_set_color_profile (image, profile);
  g_object_unref (profile);
}

static void
run_case (gsize type, gsize precision, gsize scene, gsize filter, gboolean wide)
{
  gboolean      inpaints = g_str_equal (filters[filter], INPAINT);
  GimpImage    *image;
  GimpDrawable *layer;
  GBytes       *before;
  ProbeChange   change;
  char         *message;
  gboolean      ok;

  image = probe_image (types[type].base, types[type].alpha, precisions[precision].precision,
                       scenes[scene].width, scenes[scene].height, scenes[scene].x, scenes[scene].y);
  if (wide)
    set_wide_profile (image, types[type].base);
  layer = probe_layer (image);
  scenes[scene].select (image);
  before = probe_bytes (layer);

  if (inpaints)
    message = probe_call (INPAINT, image, layer, "steps", 1, NULL);
  else
    message = probe_call (DENOISE, image, layer, "sigma", 40.0, NULL);

  change = probe_compare (layer, before);
  ok = message == NULL && change.changed_unselected == 0 && change.changed_selected > 0 &&
       change.finite && (inpaints || change.changed_alpha == 0);

  probe_ok (ok, "%s, %s %s%s, %s", filters[filter], types[type].name, precisions[precision].name,
            wide ? " in a wide space" : "", scenes[scene].name);
  if (!ok)
    probe_note ("%s; of %d selected pixels %d changed; of the others %d; alpha of %d; %s",
                message ? message : "it ran", change.n_selected, change.changed_selected,
                change.changed_unselected, change.changed_alpha,
                change.finite ? "all are numbers" : "some are no numbers");

  g_free (message);
  g_bytes_unref (before);
  gimp_image_delete (image);
}

static void
run_all (void)
{
  for (gsize t = 0; t < G_N_ELEMENTS (types); t++)
    for (gsize p = 0; p < G_N_ELEMENTS (precisions); p++)
      for (gsize s = 0; s < G_N_ELEMENTS (scenes); s++)
        for (gsize f = 0; f < G_N_ELEMENTS (filters); f++)
          for (int wide = 0; wide < 2; wide++)
            run_case (t, p, s, f, wide);
}

/* 48 cases. In each precision both filters run in both spaces, and in each scene
 * both filters and both spaces occur. */
static void
run_subset (void)
{
  for (gsize t = 0; t < G_N_ELEMENTS (types); t++)
    for (gsize p = 0; p < G_N_ELEMENTS (precisions); p++)
      run_case (t, p, (p + 3 * t) % G_N_ELEMENTS (scenes), (p / 2 + t) % 2,
                (p / 4 + t / 2) % 2 == 1);
}

void
probe_matrix (void)
{
  if (g_strcmp0 (g_getenv ("DIFFUSION_MATRIX"), "1") == 0)
    run_all ();
  else
    run_subset ();
}
