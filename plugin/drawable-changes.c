/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-changes.c: see drawable-changes.h.
 */
#include "drawable-changes.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "drawable-check.h"
#include "drawable-pixels.h"
#include "hole.h"
#include "selection.h"
#include "strips.h"

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

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

gboolean
drawable_changes_check (const DrawableIo *io, TaskOutput output, GError **error)
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

gboolean
drawable_changes_none_in (const DrawableIo *io, GeglBuffer *now)
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

      drawable_pixels_read_mask (io, &strip, mask);
      for (gsize i = 0; same && i < n; i++)
        same =
          mask[i] < DIFFUSION_SELECTION_MIN || memcmp (a + i * bytes, b + i * bytes, bytes) == 0;
    }

  g_free (mask);
  g_free (b);
  g_free (a);
  return same;
}
