/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-io.c: see drawable-io.h.
 */
#include "drawable-io.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "hole.h"
#include "drawable-pixels.h"
#include "selection.h"
#include "strips.h"

/* The first copy reaches this far beyond the region, in pixels. It is enough
 * for most runs; what core asks for beyond is copied when it asks. */
#define FIRST_MARGIN 128

/* --- Copying from GIMP ---------------------------------------------------- */

/* Copies the part of the drawable and its selection. Main thread. */
static gboolean
copy_part (DrawableIo *io, const GeglRectangle *part, GError **error)
{
  GeglBuffer *buffer;

  if (part->width <= 0 || part->height <= 0)
    return TRUE;

  /* The user can go on working meanwhile, and so delete the layer. */
  if (!gimp_item_is_valid (GIMP_ITEM (io->drawable)) ||
      (buffer = gimp_drawable_get_buffer (io->drawable)) == NULL)
    {
      g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                           _ ("The layer went away while the filter ran. Nothing was changed."));
      return FALSE;
    }

  gegl_buffer_copy (buffer, part, GEGL_ABYSS_NONE, io->pixels, part);
  g_object_unref (buffer);

  if (io->merged)
    {
      buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (io->merged));
      gegl_buffer_copy (
        buffer,
        GEGL_RECTANGLE (part->x + io->offset_x, part->y + io->offset_y, part->width, part->height),
        GEGL_ABYSS_NONE, io->visible, part);
      g_object_unref (buffer);
    }

  if (io->has_selection && !io->is_shaped)
    {
      GeglRectangle strip;
      Selection     selection;
      float        *values = g_new (float, strips_max_pixels (part));

      selection_open (&selection, io->drawable);
      for (strips_first (part, &strip); strip.height > 0; strips_next (part, &strip))
        {
          selection_read (&selection, &strip, values);
          gegl_buffer_set (io->selection, &strip, 0, babl_format ("Y float"), values,
                           GEGL_AUTO_ROWSTRIDE);
        }
      selection_close (&selection);
      g_free (values);
    }

  return TRUE;
}

/* Makes sure that `rect` is in the copies. Main thread. */
static gboolean
fetch (DrawableIo *io, const GeglRectangle *rect, GError **error)
{
  const GeglRectangle held = io->held;
  GeglRectangle       all;
  GeglRectangle       missing[4];
  int                 n = 0;

  if (held.width == 0)
    {
      if (!copy_part (io, rect, error))
        return FALSE;
      io->held = *rect;
      return TRUE;
    }

  /* `held` stays one rectangle: around the old one come strips above and below
   * over the whole width, and strips at its left and right. */
  gegl_rectangle_bounding_box (&all, &held, rect);
  missing[n++] = *GEGL_RECTANGLE (all.x, all.y, all.width, held.y - all.y);
  missing[n++] = *GEGL_RECTANGLE (all.x, held.y + held.height, all.width,
                                  all.y + all.height - held.y - held.height);
  missing[n++] = *GEGL_RECTANGLE (all.x, held.y, held.x - all.x, held.height);
  missing[n++] = *GEGL_RECTANGLE (held.x + held.width, held.y,
                                  all.x + all.width - held.x - held.width, held.height);

  for (int i = 0; i < n; i++)
    if (!copy_part (io, &missing[i], error))
      return FALSE;

  io->held = all;
  return TRUE;
}

typedef struct
{
  DrawableIo          *io;
  const GeglRectangle *rect;
  GMutex               lock;
  GCond                changed;
  gboolean             done;
  gboolean             ok;
  GError             **error;
} FetchRequest;

static gboolean
answer_fetch_request (gpointer data)
{
  FetchRequest *request = data;

  g_mutex_lock (&request->lock);
  request->ok = fetch (request->io, request->rect, request->error);
  request->done = TRUE;
  g_cond_signal (&request->changed);
  g_mutex_unlock (&request->lock);

  return G_SOURCE_REMOVE;
}

/* The same from core's thread: the main loop is running, see job.h. */
static gboolean
fetch_by_main_thread (DrawableIo *io, const GeglRectangle *rect, GError **error)
{
  FetchRequest request = { .io = io, .rect = rect, .error = error };

  if (gegl_rectangle_contains (&io->held, rect))
    return TRUE;

  g_mutex_init (&request.lock);
  g_cond_init (&request.changed);
  g_mutex_lock (&request.lock);

  /* Not g_main_context_invoke(): before the main loop has started it would
   * run the function right here. */
  g_idle_add (answer_fetch_request, &request);
  while (!request.done)
    g_cond_wait (&request.changed, &request.lock);

  g_mutex_unlock (&request.lock);
  g_cond_clear (&request.changed);
  g_mutex_clear (&request.lock);

  return request.ok;
}

/* --- Source --------------------------------------------------------------- */

/* Splits n interleaved pixels with alpha into planes that are `plane` apart. A value that
 * is no number would spread over all of the network's view: such a pixel counts as
 * unknown, like a transparent one. Returns how many have such a colour. */
static gsize
split_pixels (const float *from, gsize n, int n_channels, gsize plane, float *pixels, float *alpha)
{
  gsize n_missing = 0;

  for (gsize i = 0; i < n; i++, from += n_channels + 1)
    {
      gboolean finite = TRUE;

      for (int c = 0; c < n_channels; c++)
        finite = finite && isfinite (from[c]);
      n_missing += !finite;

      if (pixels)
        for (int c = 0; c < n_channels; c++)
          pixels[c * plane + i] = finite ? from[c] : NAN;

      if (alpha)
        alpha[i] = finite && isfinite (from[n_channels]) ? from[n_channels] : 0;
    }
  return n_missing;
}

/* Gives the pixels of a window whose colour is no number that of their visible neighbours.
 * `alpha` may be NULL. */
static gboolean
fill_missing (const GeglRectangle *window,
              int                  n_channels,
              float               *pixels,
              const float         *alpha,
              GError             **error)
{
  gsize    size = (gsize) window->width * window->height;
  float   *filled = g_new (float, (n_channels + 1) * size);
  float   *known = filled + n_channels * size;
  gboolean ok;

  for (gsize i = 0; i < size; i++)
    {
      gboolean missing = isnan (pixels[i]);

      known[i] = missing || (alpha && !(alpha[i] > 0)) ? 0 : 1;
      for (int c = 0; c < n_channels; c++)
        filled[c * size + i] = known[i] > 0 ? pixels[c * size + i] : 0;
    }

  ok = diffusion_fill_smoothly (window->width, window->height, n_channels, filled, known, error);
  for (gsize i = 0; ok && i < size; i++)
    if (isnan (pixels[i]))
      for (int c = 0; c < n_channels; c++)
        pixels[c * size + i] = filled[c * size + i];

  g_free (filled);
  return ok;
}

static gboolean
source_read (gpointer             data,
             const DiffusionRect *window,
             float               *pixels,
             float               *alpha,
             float               *selection,
             GError             **error)
{
  DrawableIo   *io = data;
  GeglRectangle rect = { window->x, window->y, window->width, window->height };
  gsize         plane = (gsize) rect.width * rect.height;

  if (!fetch_by_main_thread (io, &rect, error))
    return FALSE;

  if (pixels || alpha)
    {
      GeglRectangle strip;
      float        *both = g_new (float, strips_max_pixels (&rect) * (io->n_channels + 1));
      gsize         n_missing = 0;

      for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
        {
          gsize first = (gsize) (strip.y - rect.y) * rect.width;

          gegl_buffer_get (io->visible ? io->visible : io->pixels, &strip, 1.0, io->float_format,
                           both, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
          n_missing +=
            split_pixels (both, (gsize) strip.width * strip.height, io->n_channels, plane,
                          pixels ? pixels + first : NULL, alpha ? alpha + first : NULL);
        }
      g_free (both);
      if (pixels && n_missing > 0 && !fill_missing (&rect, io->n_channels, pixels, alpha, error))
        return FALSE;
    }

  if (selection && io->has_selection)
    gegl_buffer_get (io->selection, &rect, 1.0, babl_format ("Y float"), selection,
                     GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  else if (selection)
    for (gsize i = 0; i < plane; i++)
      selection[i] = 1;

  return TRUE;
}

static gboolean
source_read_allowed (gpointer data, const DiffusionRect *window, float *allowed, GError **error)
{
  const DrawableIo *io = data;

  gegl_buffer_get (io->allowed,
                   GEGL_RECTANGLE (window->x, window->y, window->width, window->height), 1.0,
                   babl_format ("Y float"), allowed, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  return TRUE;
}

/* --- Sink ----------------------------------------------------------------- */

void
drawable_io_copy_alpha (const DrawableIo *io, guchar *to, const guchar *from, gsize n)
{
  gsize bytes = babl_format_get_bytes_per_pixel (io->format);
  gsize size = bytes / (io->n_channels + 1);
  gsize at = bytes - size;

  for (gsize i = 0; i < n; i++)
    memcpy (to + i * bytes + at, from + i * bytes + at, size);
}

/* Gives the strip of the result the alpha of the drawable. */
static void
keep_alpha (DrawableIo *io, const GeglRectangle *strip)
{
  gsize   n = (gsize) strip->width * strip->height;
  gsize   bytes = n * babl_format_get_bytes_per_pixel (io->format);
  guchar *own = g_malloc (bytes);
  guchar *new = g_malloc (bytes);

  gegl_buffer_get (io->pixels, strip, 1.0, io->format, own, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  gegl_buffer_get (io->result, strip, 1.0, io->format, new, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  drawable_io_copy_alpha (io, new, own, n);
  gegl_buffer_set (io->result, strip, 0, io->format, new, GEGL_AUTO_ROWSTRIDE);

  g_free (new);
  g_free (own);
}

static gboolean
sink_write (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  DrawableIo   *io = data;
  gsize         plane = (gsize) window->width * window->height;
  GeglRectangle rect, strip;
  float        *both;

  if (!gegl_rectangle_intersect (
        &rect, &io->region, GEGL_RECTANGLE (window->x, window->y, window->width, window->height)))
    return TRUE;

  both = g_new (float, strips_max_pixels (&rect) * (io->n_channels + 1));

  for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
    {
      float *to = both;

      for (int y = strip.y; y < strip.y + strip.height; y++)
        {
          const float *from =
            pixels + (gsize) (y - window->y) * window->width + (strip.x - window->x);

          for (int x = 0; x < strip.width; x++, from++)
            {
              for (int c = 0; c < io->n_channels; c++)
                *to++ = from[c * plane];
              *to++ = io->alpha ? drawable_alpha_at (io->alpha, strip.x + x, y) : 1;
            }
        }

      gegl_buffer_set (io->result, &strip, 0, io->float_format, both, GEGL_AUTO_ROWSTRIDE);
      if (io->has_alpha && io->keeps_alpha)
        keep_alpha (io, &strip);
    }

  g_free (both);
  return TRUE;
}

/* --- Life ----------------------------------------------------------------- */

/* The whole of what is seen of the image, as a layer that is not in it. */
static gboolean
open_visible (DrawableIo *io, GError **error)
{
  io->merged = gimp_layer_new_from_visible (io->image, io->image, "visible");
  if (io->merged == NULL)
    {
      g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("GIMP does not hand out the visible image: %s"),
                   gimp_pdb_get_last_error (gimp_get_pdb ()));
      return FALSE;
    }

  io->visible = gegl_buffer_new (GEGL_RECTANGLE (0, 0, io->width, io->height), io->float_format);
  return TRUE;
}

/* The selection and the region of the task. */
static gboolean
open_selection (DrawableIo *io, GError **error)
{
  io->has_selection = !gimp_selection_is_empty (io->image);
  io->is_shaped = io->has_selection && hole_is_shaped (&io->shape);

  if (io->is_shaped)
    {
      io->selection = hole_new (io->drawable, &io->shape, &io->region);
      return hole_check (&io->region, error);
    }

  selection_get_region (io->drawable, &io->region);
  if (io->has_selection)
    io->selection =
      gegl_buffer_new (GEGL_RECTANGLE (0, 0, io->width, io->height), babl_format ("Y float"));
  return TRUE;
}

DrawableIo *
drawable_io_open (GimpDrawable *drawable, const Task *task, GError **error)
{
  TaskKind      kind = task->kind;
  DrawableIo   *io = g_new0 (DrawableIo, 1);
  GeglRectangle extent;

  io->drawable = drawable;
  io->kind = kind;
  io->shape = task->hole;
  io->image = gimp_item_get_image (GIMP_ITEM (drawable));
  io->width = gimp_drawable_get_width (drawable);
  io->height = gimp_drawable_get_height (drawable);
  gimp_drawable_get_offsets (drawable, &io->offset_x, &io->offset_y);

  io->format = gimp_drawable_get_format (drawable);
  io->n_channels = gimp_drawable_is_gray (drawable) ? 1 : 3;
  io->has_alpha = gimp_drawable_has_alpha (drawable);
  io->float_format =
    babl_format_with_space (io->n_channels == 1 ? "Y~A float" : "R~G~B~A float", io->format);

  io->keeps_alpha = kind == TASK_DENOISE ||
                    (GIMP_IS_LAYER (drawable) && gimp_layer_get_lock_alpha (GIMP_LAYER (drawable)));
  if (!open_selection (io, error) ||
      (task->sample_merged && GIMP_IS_LAYER (drawable) && !open_visible (io, error)))
    {
      drawable_io_free (io);
      return NULL;
    }

  extent = *GEGL_RECTANGLE (0, 0, io->width, io->height);
  io->pixels = gegl_buffer_new (&extent, io->format);
  io->result = gegl_buffer_new (&io->region, io->format);

  io->source = (DiffusionSource) { .width = io->width,
                                   .height = io->height,
                                   .n_channels = io->n_channels,
                                   .read = source_read,
                                   .data = io };
  io->sink = (DiffusionSink) { .write = sink_write, .data = io };
  return io;
}

DrawableIo *
drawable_io_new (GimpDrawable *drawable, const Task *task, GError **error)
{
  DrawableIo   *io = drawable_io_open (drawable, task, error);
  GeglRectangle extent, first;

  if (io == NULL)
    return NULL;

  extent = *GEGL_RECTANGLE (0, 0, io->width, io->height);
  gegl_rectangle_intersect (
    &first, &extent,
    GEGL_RECTANGLE (io->region.x - FIRST_MARGIN, io->region.y - FIRST_MARGIN,
                    io->region.width + 2 * FIRST_MARGIN, io->region.height + 2 * FIRST_MARGIN));
  if (!fetch (io, &first, error))
    {
      drawable_io_free (io);
      return NULL;
    }

  if (io->has_alpha && !io->keeps_alpha && io->has_selection)
    {
      if (!drawable_alpha_new (io->visible ? io->visible : io->pixels, io->selection, &io->region,
                               &extent, &io->alpha, error))
        {
          drawable_io_free (io);
          return NULL;
        }
      /* Everything is selected: there is nothing to continue. */
      io->keeps_alpha = io->alpha == NULL;
    }

  return io;
}

GimpDrawable *
drawable_io_find_source (GimpImage *image, int id, GError **error)
{
  GimpItem *item = gimp_item_get_by_id (id);

  /* What was deleted lives on in the undo steps. */
  if (GIMP_IS_DRAWABLE (item) && gimp_item_is_valid (item) && gimp_item_get_image (item) == image)
    return GIMP_DRAWABLE (item);

  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                       _ ("The source is not part of this image: choose one of its channels, "
                          "layer masks or layers."));
  return NULL;
}

/* Whether anything of the strip may be copied. */
static gboolean
is_usable (const DrawableIo *io, const GeglRectangle *strip, const guint8 *values, float *mask)
{
  const gsize n = (gsize) strip->width * strip->height;
  gboolean    is_found = FALSE;

  drawable_pixels_read_mask (io, strip, mask);
  for (gsize i = 0; !is_found && i < n; i++)
    is_found = values[i] > G_MAXUINT8 / 2 && mask[i] < DIFFUSION_SELECTION_MIN;
  return is_found;
}

gboolean
drawable_io_set_allowed (DrawableIo *io, int id, GError **error)
{
  const GeglRectangle extent = { 0, 0, io->width, io->height };
  GimpDrawable       *item = drawable_io_find_source (io->image, id, error);
  gboolean            is_found = FALSE;
  GeglRectangle       strip;
  GeglBuffer         *buffer;
  guint8             *values;
  float              *mask;
  int                 x, y;

  if (item == NULL)
    return FALSE;

  gimp_drawable_get_offsets (item, &x, &y);
  buffer = gimp_drawable_get_buffer (item);
  io->allowed = gegl_buffer_new (&extent, babl_format ("Y u8"));
  values = g_new (guint8, strips_max_pixels (&extent));
  mask = g_new (float, strips_max_pixels (&extent));
  for (strips_first (&extent, &strip); strip.height > 0; strips_next (&extent, &strip))
    {
      gegl_buffer_get (buffer,
                       GEGL_RECTANGLE (strip.x + io->offset_x - x, strip.y + io->offset_y - y,
                                       strip.width, strip.height),
                       1.0, babl_format ("Y u8"), values, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      gegl_buffer_set (io->allowed, &strip, 0, babl_format ("Y u8"), values, GEGL_AUTO_ROWSTRIDE);
      is_found = is_found || is_usable (io, &strip, values, mask);
    }
  g_free (mask);
  g_free (values);
  g_object_unref (buffer);
  io->source.read_allowed = source_read_allowed;
  if (!is_found)
    g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0,
                         _ ("The source leaves nothing to copy: paint white in it what may be "
                            "copied, outside the selection."));
  return is_found;
}

gboolean
drawable_io_fetch (DrawableIo *io, const GeglRectangle *rect, GError **error)
{
  return gegl_rectangle_contains (&io->held, rect) || fetch (io, rect, error);
}

void
drawable_io_free (DrawableIo *io)
{
  if (io == NULL)
    return;

  g_clear_object (&io->pixels);
  g_clear_object (&io->selection);
  g_clear_object (&io->result);
  drawable_alpha_free (io->alpha);
  g_clear_object (&io->allowed);
  g_clear_object (&io->visible);
  if (io->merged && gimp_item_is_valid (GIMP_ITEM (io->merged)))
    gimp_item_delete (GIMP_ITEM (io->merged));
  g_free (io);
}

DiffusionRect
drawable_io_get_region (const DrawableIo *io)
{
  return (DiffusionRect) { io->region.x, io->region.y, io->region.width, io->region.height };
}

guint64
drawable_io_memory (int width, int height, int bytes_per_pixel, gboolean has_selection)
{
  /* Pixels and result; then the original, the shadow and the drawable itself. */
  guint64 bytes_each = 5 * (guint64) bytes_per_pixel + (has_selection ? sizeof (float) : 0);
  guint64 pixels = (guint64) (width + 2 * FIRST_MARGIN) * (height + 2 * FIRST_MARGIN);

  return MIN (pixels * bytes_each, GEGL_CACHE_BYTES);
}

gboolean
drawable_io_get_picture (DrawableIo          *io,
                         const GeglRectangle *rect,
                         int                  width,
                         int                  height,
                         guchar              *rgb,
                         GError             **error)
{
  double scale = (double) width / rect->width;

  if (!fetch (io, rect, error))
    return FALSE;

  gegl_buffer_get (
    io->visible ? io->visible : io->pixels,
    GEGL_RECTANGLE ((int) floor (rect->x * scale), (int) floor (rect->y * scale), width, height),
    scale, babl_format ("R'G'B' u8"), rgb, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_CLAMP);
  return TRUE;
}
