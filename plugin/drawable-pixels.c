/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-pixels.c: see drawable-pixels.h.
 */
#include "drawable-pixels.h"

#include <math.h>
#include <string.h>

void
drawable_pixels_read_mask (const DrawableIo *io, const GeglRectangle *rect, float *mask)
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

gboolean
drawable_pixels_are_blended (const DrawableIo *io)
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
drawable_pixels_compose (const DrawableIo *io,
                         const guchar     *old,
                         guchar           *result,
                         const float      *mask,
                         gsize             n)
{
  blend_soft_pixels (io, old, result, mask, n);
  keep_unselected (io, old, result, mask, n);
}

void
drawable_pixels_read_result (const DrawableIo    *io,
                             const GeglRectangle *rect,
                             guchar              *old,
                             guchar              *result,
                             float               *mask)
{
  gegl_buffer_get (io->pixels, rect, 1.0, io->format, old, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  gegl_buffer_get (io->result, rect, 1.0, io->format, result, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  drawable_pixels_read_mask (io, rect, mask);
  drawable_pixels_compose (io, old, result, mask, (gsize) rect->width * rect->height);
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

/* Writes every pixel of the block as it shall be, see drawable-commit.c. The buffer is
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
  drawable_pixels_read_mask (io, block, mask);

  /* Beyond the region, which the result covers, nothing is selected. */
  if (blends)
    {
      gegl_buffer_get (io->result, block, 1.0, io->format, new, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      drawable_pixels_compose (io, old, new, mask, n);
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
void
drawable_pixels_write_exactly (const DrawableIo    *io,
                               GeglBuffer          *original,
                               const GeglRectangle *bounds)
{
  const gboolean blends = drawable_pixels_are_blended (io);
  const int      width = 8 * (int) gimp_tile_width (), height = (int) gimp_tile_height ();

  for (int y = bounds->y - bounds->y % height; y < bounds->y + bounds->height; y += height)
    for (int x = bounds->x - bounds->x % width; x < bounds->x + bounds->width; x += width)
      {
        GeglRectangle block;

        gegl_rectangle_intersect (&block, bounds, GEGL_RECTANGLE (x, y, width, height));
        write_block (io, original, &block, blends);
      }
}
