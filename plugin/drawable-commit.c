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

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "drawable-check.h"
#include "hole.h"
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

/* The same for what was made of the selection. */
static gboolean
hole_is_unchanged (const DrawableIo *io)
{
  GeglRectangle region, strip;
  float        *now, *then;
  gboolean      same = TRUE;
  GeglBuffer   *hole;

  if (gimp_selection_is_empty (io->image))
    return FALSE;

  hole = hole_new (io->drawable, &io->shape, &region);
  same = gegl_rectangle_equal (&region, &io->region);
  now = g_new (float, strips_max_pixels (&io->region));
  then = g_new (float, strips_max_pixels (&io->region));

  for (strips_first (&io->region, &strip); same && strip.height > 0;
       strips_next (&io->region, &strip))
    {
      gegl_buffer_get (hole, &strip, 1.0, babl_format ("Y float"), now, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      gegl_buffer_get (io->selection, &strip, 1.0, babl_format ("Y float"), then,
                       GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      same = memcmp (now, then, (gsize) strip.width * strip.height * sizeof (float)) == 0;
    }

  g_free (then);
  g_free (now);
  g_object_unref (hole);
  return same;
}

static gboolean
selection_is_unchanged (const DrawableIo *io)
{
  GeglRectangle region, strip;
  Selection     selection;
  float        *now, *then;
  gboolean      same = TRUE;

  if (io->is_shaped)
    return hole_is_unchanged (io);

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

/* --- Are the pixels still those? ------------------------------------------- */

/* Those of the run: what merging and comparing goes by, whatever the user selects now. */
static void
read_mask (const DrawableIo *io, const GeglRectangle *rect, float *mask)
{
  const gsize   n = (gsize) rect->width * rect->height;
  GeglRectangle inside;

  for (gsize i = 0; i < n; i++)
    mask[i] = io->has_selection ? 0 : 1;
  if (!io->has_selection || !gegl_rectangle_intersect (&inside, rect, &io->region))
    return;

  gegl_buffer_get (io->selection, &inside, 1.0, babl_format ("Y float"),
                   mask + (gsize) (inside.y - rect->y) * rect->width + (inside.x - rect->x),
                   rect->width * (int) sizeof (float), GEGL_ABYSS_NONE);
}

static GeglBuffer *
copy_drawable (const DrawableIo *io, const GeglRectangle *bounds)
{
  GeglBuffer *copy = gegl_buffer_new (bounds, io->format);
  GeglBuffer *pixels = gimp_drawable_get_buffer (io->drawable);

  gegl_buffer_copy (pixels, bounds, GEGL_ABYSS_NONE, copy, bounds);
  g_object_unref (pixels);
  return copy;
}

/* Are all selected pixels of `now`, which covers the region, what the run has read? */
static gboolean
pixels_are_unchanged (const DrawableIo *io, GeglBuffer *now)
{
  const gsize   bytes = babl_format_get_bytes_per_pixel (io->format);
  const gsize   most = strips_max_pixels (&io->region);
  guchar       *a = g_malloc (most * bytes), *b = g_malloc (most * bytes);
  float        *mask = g_new (float, most);
  gboolean      same = TRUE;
  GeglRectangle strip;

  for (strips_first (&io->region, &strip); same && strip.height > 0;
       strips_next (&io->region, &strip))
    {
      const gsize n = (gsize) strip.width * strip.height;

      gegl_buffer_get (now, &strip, 1.0, io->format, a, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_get (io->pixels, &strip, 1.0, io->format, b, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      if (memcmp (a, b, n * bytes) == 0)
        continue;

      read_mask (io, &strip, mask);
      for (gsize i = 0; same && i < n; i++)
        same =
          mask[i] < DIFFUSION_SELECTION_MIN || memcmp (a + i * bytes, b + i * bytes, bytes) == 0;
    }

  g_free (mask);
  g_free (b);
  g_free (a);
  return same;
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

static void
keep_unselected (const DrawableIo *io,
                 const guchar     *old,
                 guchar           *result,
                 const float      *mask,
                 gsize             n)
{
  gsize bytes = babl_format_get_bytes_per_pixel (io->format);

  if (io->has_alpha && io->keeps_alpha)
    drawable_io_copy_alpha (io, result, old, n);
  for (gsize i = 0; i < n; i++)
    if (mask[i] < DIFFUSION_SELECTION_MIN)
      memcpy (result + i * bytes, old + i * bytes, bytes);
}

void
drawable_commit_compose (const DrawableIo *io,
                         const guchar     *old,
                         guchar           *result,
                         const float      *mask,
                         gsize             n)
{
  blend_soft_pixels (io, old, result, mask, n);
  keep_unselected (io, old, result, mask, n);
}

/* In the encoding that the drawable's own values have. */
static const Babl *
own_float_format (const DrawableIo *io)
{
  static const char *names[][2] = { { "YA float", "RGBA float" },
                                    { "Y'A float", "R'G'B'A float" },
                                    { "Y~A float", "R~G~B~A float" } };
  BablModelFlag      flags = babl_get_model_flags (babl_format_get_model (io->format));
  int encoding = flags & BABL_MODEL_FLAG_PERCEPTUAL ? 2 : flags & BABL_MODEL_FLAG_NONLINEAR ? 1 : 0;

  return babl_format_with_space (names[encoding][io->n_channels == 3], io->format);
}

/* Does `a` look like `b`, both of n_values with the alpha last? A few steps of 8 bits apart
 * at most: merging has rounded, no user paints so faintly. Colors without alpha are not
 * seen. A pixel of `b` with a value that is no number is like anything: merging has blended
 * such a picture's pixel, and its other values with it. */
static gboolean
is_alike (const float *a, const float *b, int n_values)
{
  const int at = n_values - 1;

  for (int c = 0; c < n_values; c++)
    if (!isfinite (b[c]))
      return TRUE;
  for (int c = 0; c < n_values; c++)
    {
      const float p = c < at ? a[c] * a[at] : a[c];
      const float q = c < at ? b[c] * b[at] : b[c];

      if (fabsf (p - q) > 0.012f + 0.01f * fabsf (q))
        return FALSE;
    }
  return TRUE;
}

/* Puts back into `after`, n pixels of the drawable's format, what is in `now` where that
 * is something else: not what merging has left, but what the user has made since. */
static void
keep_edits (const DrawableIo *io, guchar *after, const guchar *now, gsize n)
{
  const Babl *fish = babl_fish (io->format, own_float_format (io));
  const gsize bytes = babl_format_get_bytes_per_pixel (io->format);
  const int   n_values = io->n_channels + 1;
  float      *a = g_new (float, n *n_values), *b = g_new (float, n *n_values);

  babl_process (fish, after, a, (glong) n);
  babl_process (fish, now, b, (glong) n);
  for (gsize i = 0; i < n; i++)
    if (!is_alike (a + i * n_values, b + i * n_values, n_values))
      memcpy (after + i * bytes, now + i * bytes, bytes);
  g_free (b);
  g_free (a);
}

/* Writes every pixel of the block as it shall be, see the top of this file. The buffer is
 * opened for this block alone: it is read as GIMP has it now, and written back at once. */
static void
write_block (const DrawableIo    *io,
             GeglBuffer          *original,
             const GeglRectangle *block,
             gboolean             blends)
{
  const gsize n = (gsize) block->width * block->height;
  const gsize bytes = babl_format_get_bytes_per_pixel (io->format);
  guchar     *now = g_malloc (n * bytes);
  guchar     *old = g_malloc (n * bytes);
  guchar *new = g_malloc (n * bytes);
  float      *mask = g_new (float, n);
  GeglBuffer *pixels = gimp_drawable_get_buffer (io->drawable);

  gegl_buffer_get (pixels, block, 1.0, io->format, now, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  gegl_buffer_get (original, block, 1.0, io->format, old, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  read_mask (io, block, mask);

  /* Beyond the region, which the result covers, nothing is selected. */
  if (blends)
    {
      gegl_buffer_get (io->result, block, 1.0, io->format, new, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      drawable_commit_compose (io, old, new, mask, n);
    }
  else
    {
      memcpy (new, now, n * bytes);
      keep_unselected (io, old, new, mask, n);
    }

  keep_edits (io, new, now, n);
  gegl_buffer_set (pixels, block, 0, io->format, new, GEGL_AUTO_ROWSTRIDE);

  g_object_unref (pixels); /* which flushes it */
  g_free (mask);
  g_free (now);
  g_free (new);
  g_free (old);
}

/* By blocks of whole tiles of GIMP's, in which nothing is written but what was just read. */
static void
write_exactly (const DrawableIo *io, GeglBuffer *original, const GeglRectangle *bounds)
{
  const gboolean blends = all_components_active (io);
  const int      width = 8 * (int) gimp_tile_width (), height = (int) gimp_tile_height ();

  for (int y = bounds->y - bounds->y % height; y < bounds->y + bounds->height; y += height)
    for (int x = bounds->x - bounds->x % width; x < bounds->x + bounds->width; x += width)
      {
        GeglRectangle block;

        gegl_rectangle_intersect (&block, bounds, GEGL_RECTANGLE (x, y, width, height));
        write_block (io, original, &block, blends);
      }
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
  if (!check_unchanged (io, OUTPUT_IN_PLACE, error))
    {
      gimp_drawable_free_shadow (io->drawable);
      return REFUSED;
    }
  original = copy_drawable (io, &bounds);
  if (!pixels_are_unchanged (io, original))
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
      write_exactly (io, original, &bounds);
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
  fail (error, _ ("The pixels were edited while the filter ran. Nothing was changed; run the "
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
  return new_layer_can_cover (io) && all_components_active (io) ? commit_new_layer (io, name, error)
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
  if (!check_unchanged (io, output, error))
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
