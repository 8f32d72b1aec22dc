/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * canvas-layer.c: see canvas-layer.h.
 *
 * Why only with the focus. GIMP's undo steps name the place of a layer by its number. One layer
 * more shifts the numbers of those below it, and a step that the user makes meanwhile would later
 * put a layer back into a wrong place. (A layer effect shifts nothing, but GIMP 3.0 lets a plug-in
 * append none that has a second picture as its input.)
 *
 * Threads. What is shown is kept in a buffer of our own, which the job's thread writes. The layer
 * is written by the main thread, while the job's waits: GEGL's common tile cache could flush the
 * layer's tiles from any thread that uses GEGL, and libgimp is for the main thread alone. It
 * waits for a small share of its time, but longer while GIMP is busy with something else.
 *
 * GIMP. No call puts in a layer without an undo step, so the undo steps are frozen for that one
 * call, and for the one that takes it out. Each of both counts as a change of the image, which GIMP
 * is told to forget where it counted as saved. The other way round, its count of changes is below
 * 0 when the user has undone what is saved: neither our changes nor a redo after them may bring
 * it to 0, which would be "saved". So it is first lifted beyond the reach of undo and redo.
 */
#include "canvas-layer.h"

#include "drawable-pixels.h"
#include "guard.h"
#include "new-layer.h"
#include "strips.h"

/* The job waits for the canvas no more often than this, and for at most one such part of its
 * time. */
#define PERIOD_US (G_USEC_PER_SEC / 10)
#define SHARE     10

/* GIMP keeps at most so many undo steps, unless the user asks for more. */
#define UNDO_STEPS 1024

/* Of the changes that lift the count so many at a time, lest the window waits. */
#define LIFT_STEPS 64
#define LIFT_MS    20

#define COUNTED "diffusion-counted"

struct CanvasLayer
{
  const DrawableIo *io;
  GtkWindow        *window;
  char             *name;
  gulong            handler;

  GeglBuffer   *picture;  /* what is shown, over the region; alpha: how much of it */
  GeglRectangle unshown;  /* the part of it that the layer has not got yet */
  gboolean      is_empty; /* nothing to show */
  gboolean      is_still; /* no job is running */
  gboolean      is_off;   /* GIMP would not have it */
  int           n_lifted; /* changes by lift_more() */
  guint         lifting;  /* its source; 0: none */

  GimpLayer *layer; /* NULL: it is not in the image */
  gint64     next;  /* monotonic microseconds: not shown before */
};

/* --- Without a trace -------------------------------------------------------- */

typedef struct
{
  GimpImage    *image;
  gboolean      was_dirty;
  GimpLayer   **layers; /* that are chosen */
  GimpChannel **channels;
} Quiet;

static void
quiet_begin (Quiet *quiet, GimpImage *image)
{
  quiet->image = image;
  quiet->layers = gimp_image_get_selected_layers (image);
  quiet->channels = gimp_image_get_selected_channels (image);
  /* From here to the end's thaw the user's own acts would go without an undo step: be quick. */
  quiet->was_dirty = gimp_image_is_dirty (image);
  gimp_image_undo_freeze (image);
}

/* Makes GIMP count some changes of nothing. */
static void
lift_count (GimpImage *image)
{
  GimpParasite *nothing = gimp_parasite_new (COUNTED, GIMP_PARASITE_UNDOABLE, 1, "");

  gimp_image_undo_freeze (image);
  for (int i = 0; i < LIFT_STEPS; i++)
    {
      gimp_image_attach_parasite (image, nothing);
      gimp_image_detach_parasite (image, COUNTED);
    }
  gimp_image_undo_thaw (image);
  gimp_parasite_free (nothing);
}

static void
quiet_end (Quiet *quiet)
{
  gimp_image_undo_thaw (quiet->image);
  if (!quiet->was_dirty)
    gimp_image_clean_all (quiet->image);

  if (quiet->channels[0])
    gimp_image_set_selected_channels (quiet->image, (const GimpChannel **) quiet->channels);
  else
    gimp_image_set_selected_layers (quiet->image, (const GimpLayer **) quiet->layers);

  g_free (quiet->layers);
  g_free (quiet->channels);
}

/* That which goes is not chosen afterwards. */
static void
leave_out (Quiet *quiet, GimpLayer *layer)
{
  int n = 0;

  for (int i = 0; quiet->layers[i]; i++)
    if (quiet->layers[i] != layer)
      quiet->layers[n++] = quiet->layers[i];
  quiet->layers[n] = NULL;
}

void
canvas_layer_take_away (GimpLayer *layer)
{
  Quiet quiet;

  if (!gimp_item_is_valid (GIMP_ITEM (layer)))
    return;

  quiet_begin (&quiet, gimp_item_get_image (GIMP_ITEM (layer)));
  leave_out (&quiet, layer);
  if (!gimp_image_remove_layer (quiet.image, layer))
    gimp_item_delete (GIMP_ITEM (layer)); /* it was never put in */
  quiet_end (&quiet);
  gimp_displays_flush ();
}

/* --- The layer -------------------------------------------------------------- */

/* Would a layer above the drawable look like the result? */
static gboolean
can_show (const CanvasLayer *canvas)
{
  const DrawableIo *io = canvas->io;
  int               x, y;

  if (!gimp_item_is_valid (GIMP_ITEM (io->drawable)) || !GIMP_IS_LAYER (io->drawable) ||
      gimp_image_get_floating_sel (io->image) || !gimp_image_undo_is_enabled (io->image) ||
      gimp_drawable_get_format (io->drawable) != io->format)
    return FALSE;

  gimp_drawable_get_offsets (io->drawable, &x, &y);
  return x == io->offset_x && y == io->offset_y && new_layer_is_plain (GIMP_LAYER (io->drawable)) &&
         drawable_pixels_are_blended (io);
}

static void
hide (CanvasLayer *canvas)
{
  if (canvas->layer)
    canvas_layer_take_away (canvas->layer);
  canvas->layer = NULL;
}

/* Gives the layer the part of the picture, in coordinates of the drawable. */
static void
write_part (const CanvasLayer *canvas, GimpLayer *layer, const GeglRectangle *part)
{
  const GeglRectangle *region = &canvas->io->region;
  const GeglRectangle  to = { part->x - region->x, part->y - region->y, part->width, part->height };
  GeglBuffer          *pixels = gimp_drawable_get_buffer (GIMP_DRAWABLE (layer));

  gegl_buffer_copy (canvas->picture, part, GEGL_ABYSS_NONE, pixels, &to);
  g_object_unref (pixels); /* which flushes it */
  gimp_drawable_update (GIMP_DRAWABLE (layer), to.x, to.y, to.width, to.height);
}

static void
put_in (CanvasLayer *canvas)
{
  const DrawableIo *io = canvas->io;
  GimpItem         *below = GIMP_ITEM (io->drawable);
  GimpLayer        *layer;
  Quiet             quiet;
  gboolean          ok;

  layer = gimp_layer_new (io->image, canvas->name, io->region.width, io->region.height,
                          io->n_channels == 1 ? GIMP_GRAYA_IMAGE : GIMP_RGBA_IMAGE, 100,
                          GIMP_LAYER_MODE_NORMAL);
  canvas->is_off = layer == NULL;
  if (layer == NULL)
    return;

  gimp_layer_set_offsets (layer, io->offset_x + io->region.x, io->offset_y + io->region.y);
  write_part (canvas, layer, &io->region);
  if (!guard_watch (layer))
    {
      canvas->is_off = TRUE;
      gimp_item_delete (GIMP_ITEM (layer));
      return;
    }

  quiet_begin (&quiet, io->image);
  ok = gimp_image_insert_layer (io->image, layer, GIMP_LAYER (gimp_item_get_parent (below)),
                                gimp_image_get_item_position (io->image, below));
  quiet_end (&quiet);
  canvas->is_off = !ok;
  if (ok)
    canvas->layer = layer;
  else
    gimp_item_delete (GIMP_ITEM (layer));
}

static void show (CanvasLayer *canvas);

/* Until no undo and no redo can bring the count to 0. */
static gboolean
lift_more (gpointer data)
{
  CanvasLayer *canvas = data;

  if (can_show (canvas))
    {
      lift_count (canvas->io->image);
      canvas->n_lifted += LIFT_STEPS;
      if (canvas->n_lifted < UNDO_STEPS)
        return G_SOURCE_CONTINUE;
    }
  canvas->lifting = 0;
  if (canvas->is_still)
    show (canvas);
  return G_SOURCE_REMOVE;
}

/* Main thread, while no other uses GEGL. */
static void
show (CanvasLayer *canvas)
{
  const gint64 start = g_get_monotonic_time ();

  if (canvas->layer && !gimp_item_is_valid (GIMP_ITEM (canvas->layer)))
    canvas->layer = NULL;

  if (canvas->is_empty || canvas->is_off || !gtk_window_is_active (canvas->window) ||
      !can_show (canvas))
    {
      hide (canvas);
      canvas->next = start + PERIOD_US;
      return;
    }

  if (canvas->layer == NULL && canvas->n_lifted < UNDO_STEPS &&
      gimp_image_is_dirty (canvas->io->image))
    {
      if (canvas->lifting == 0)
        canvas->lifting = g_timeout_add (LIFT_MS, lift_more, canvas);
      canvas->next = start + PERIOD_US;
      return;
    }

  if (canvas->layer == NULL)
    put_in (canvas);
  else if (!gegl_rectangle_is_empty (&canvas->unshown))
    write_part (canvas, canvas->layer, &canvas->unshown);
  canvas->unshown = (GeglRectangle) { 0, 0, 0, 0 };
  gimp_displays_flush ();

  canvas->next = g_get_monotonic_time ();
  canvas->next += MAX (PERIOD_US, SHARE * (canvas->next - start));
}

static void
focus_changed (CanvasLayer *canvas)
{
  if (!gtk_window_is_active (canvas->window))
    hide (canvas);
  else if (canvas->is_still)
    show (canvas);
}

/* --- The picture ------------------------------------------------------------ */

/* The strip of the picture, whose alpha is that of the result, gets it where it is selected. */
static void
paste_strip (CanvasLayer *canvas, const GeglRectangle *strip, float *pixels, float *mask)
{
  const DrawableIo *io = canvas->io;
  const gsize       n = (gsize) strip->width * strip->height;
  const int         size = io->n_channels + 1;

  drawable_pixels_read_mask (io, strip, mask);
  for (gsize i = 0; i < n; i++)
    pixels[i * size + size - 1] *= mask[i] < DIFFUSION_SELECTION_MIN ? 0 : mask[i];
  gegl_buffer_set (canvas->picture, strip, 0, io->float_format, pixels, GEGL_AUTO_ROWSTRIDE);
}

static void
paste_step (CanvasLayer *canvas, const DiffusionStep *step, const GeglRectangle *part)
{
  const DrawableIo *io = canvas->io;
  const gsize       plane = (gsize) step->window.width * step->window.height;
  const gboolean    keeps_alpha = io->has_alpha && io->keeps_alpha;
  const int         size = io->n_channels + 1;
  float            *pixels = g_new0 (float, strips_max_pixels (part) * size);
  float            *mask = g_new (float, strips_max_pixels (part));
  GeglRectangle     strip;

  for (strips_first (part, &strip); strip.height > 0; strips_next (part, &strip))
    {
      float *to = pixels;

      if (keeps_alpha)
        gegl_buffer_get (io->pixels, &strip, 1.0, io->float_format, pixels, GEGL_AUTO_ROWSTRIDE,
                         GEGL_ABYSS_NONE);
      for (int y = strip.y; y < strip.y + strip.height; y++)
        for (int x = strip.x; x < strip.x + strip.width; x++, to += size)
          {
            gsize at = (gsize) (y - step->window.y) * step->window.width + (x - step->window.x);

            for (int c = 0; c < io->n_channels; c++)
              to[c] = step->x0[c * plane + at];
            if (!keeps_alpha)
              to[size - 1] = io->alpha ? drawable_alpha_at (io->alpha, x, y) : 1;
          }
      paste_strip (canvas, &strip, pixels, mask);
    }
  g_free (mask);
  g_free (pixels);
}

typedef struct
{
  CanvasLayer *canvas;
  GMutex       lock;
  GCond        changed;
  gboolean     is_done;
} ShowRequest;

static gboolean
answer_show_request (gpointer data)
{
  ShowRequest *request = data;

  show (request->canvas);
  g_mutex_lock (&request->lock);
  request->is_done = TRUE;
  g_cond_signal (&request->changed);
  g_mutex_unlock (&request->lock);
  return G_SOURCE_REMOVE;
}

/* The main loop is running: see job.h. */
static void
show_by_main_thread (CanvasLayer *canvas)
{
  ShowRequest request = { .canvas = canvas };

  g_mutex_init (&request.lock);
  g_cond_init (&request.changed);
  g_mutex_lock (&request.lock);
  g_idle_add (answer_show_request, &request);
  while (!request.is_done)
    g_cond_wait (&request.changed, &request.lock);
  g_mutex_unlock (&request.lock);
  g_cond_clear (&request.changed);
  g_mutex_clear (&request.lock);
}

/* --- Public functions ------------------------------------------------------- */

CanvasLayer *
canvas_layer_new (const DrawableIo *io, GtkWindow *window, const char *name)
{
  CanvasLayer *canvas = g_new0 (CanvasLayer, 1);

  canvas->io = io;
  canvas->window = window;
  canvas->name = g_strdup (name);
  if (!can_show (canvas))
    {
      canvas_layer_free (canvas);
      return NULL;
    }

  canvas->is_empty = TRUE;
  canvas->picture = gegl_buffer_new (
    &io->region,
    babl_format_with_space (io->n_channels == 1 ? "Y~A half" : "R~G~B~A half", io->format));
  canvas->handler =
    g_signal_connect_swapped (window, "notify::is-active", G_CALLBACK (focus_changed), canvas);
  return canvas;
}

void
canvas_layer_free (CanvasLayer *canvas)
{
  if (canvas == NULL)
    return;

  if (canvas->handler)
    g_signal_handler_disconnect (canvas->window, canvas->handler);
  if (canvas->lifting)
    g_source_remove (canvas->lifting);
  hide (canvas);
  g_clear_object (&canvas->picture);
  g_free (canvas->name);
  g_free (canvas);
}

void
canvas_layer_report (CanvasLayer *canvas, const DiffusionStep *step)
{
  GeglRectangle part;

  if (canvas == NULL || canvas->is_off || step->x0 == NULL ||
      !gegl_rectangle_intersect (
        &part, &canvas->io->region,
        GEGL_RECTANGLE (step->window.x, step->window.y, step->window.width, step->window.height)))
    return;

  paste_step (canvas, step, &part);
  gegl_rectangle_bounding_box (&canvas->unshown, &canvas->unshown, &part);
  canvas->is_empty = FALSE;
  if (g_get_monotonic_time () >= canvas->next)
    show_by_main_thread (canvas);
}

void
canvas_layer_set_result (CanvasLayer *canvas, GeglBuffer *result)
{
  const DrawableIo    *io;
  const GeglRectangle *region;
  GeglRectangle        strip;
  float               *pixels, *mask;

  if (canvas == NULL)
    return;

  io = canvas->io;
  region = &io->region;
  pixels = g_new (float, strips_max_pixels (region) * (io->n_channels + 1));
  mask = g_new (float, strips_max_pixels (region));
  for (strips_first (region, &strip); strip.height > 0; strips_next (region, &strip))
    {
      gegl_buffer_get (result, &strip, 1.0, io->float_format, pixels, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);
      paste_strip (canvas, &strip, pixels, mask);
    }
  g_free (mask);
  g_free (pixels);

  canvas->unshown = *region;
  canvas->is_empty = FALSE;
  canvas->is_still = TRUE;
  show (canvas);
}

void
canvas_layer_clear (CanvasLayer *canvas)
{
  if (canvas == NULL)
    return;

  hide (canvas);
  gegl_buffer_clear (canvas->picture, &canvas->io->region);
  canvas->unshown = (GeglRectangle) { 0, 0, 0, 0 };
  canvas->is_empty = TRUE;
  canvas->is_still = FALSE;
  canvas->next = 0;
}
