/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-preview.c: see denoise-preview.h.
 *
 * Three things happen one after the other, so that GIMP's buffers and the copies are never
 * in use at the same time (drawable-io.h): the main thread copies the region piece by piece,
 * none of them long enough to be felt; a thread measures the noise; a thread denoises what
 * is seen. A change ends the last, and another one begins when no further change has come
 * for a moment.
 */
#include "denoise-preview.h"

#include "arguments.h"
#include "drawable-pixels.h"
#include "strips.h"

#define DELAY_MS 150 /* a slider that is dragged tells of every pixel */
#define RETRY_MS 100 /* until the model can be had */

/* Beyond the region: what core's windows may see of it, so that it asks for nothing more. */
#define MARGIN 544

/* Pixels that are copied at a time. */
#define PIECE (1 << 17)

typedef struct
{
  DenoisePreview *preview;
  Session        *session; /* NULL: only the noise is measured */
  Task            task;
  DiffusionRect   region, part;
  GCancellable   *cancel;
  GThread        *thread;

  DiffusionNoise measured;
  guchar        *rgba; /* of the part */
  GError        *error;
} Render;

struct DenoisePreview
{
  GimpProcedureConfig *config;
  GimpDrawable        *drawable;
  ForecastLine        *line;
  PreviewPanel        *panel;
  CompareView         *view;
  GtkWidget           *window; /* NULL until the panel is in one */
  gboolean             was_left;

  DrawableIo   *io;     /* NULL: none */
  GeglRectangle wanted; /* what of the drawable is copied, and can be seen */
  GeglRectangle seen;
  GeglRectangle after; /* what the view shows of the result; empty: nothing */

  DiffusionNoise measured;

  Render  *render;   /* NULL: nothing is being computed */
  gboolean is_stale; /* it has been cancelled, or the drawable may have changed */
  guint    fetch_source, start_source;
  gulong   config_handler;
};

static void start_soon (DenoisePreview *preview);
static void begin (DenoisePreview *preview);

/* --- The thread ------------------------------------------------------------- */

/* The part of the result as the drawable would hold it, for the screen. */
static void
draw_part (DenoisePreview *preview, const DiffusionRect *part, guchar *rgba)
{
  DrawableIo   *io = preview->io;
  GeglRectangle rect = { part->x, part->y, part->width, part->height }, strip;
  gsize         bytes = babl_format_get_bytes_per_pixel (io->format);
  gsize         most = strips_max_pixels (&rect);
  guchar       *old = g_malloc (most * bytes), *result = g_malloc (most * bytes);
  float        *mask = g_new (float, most);
  const Babl   *fish = babl_fish (io->format, babl_format ("R'G'B'A u8"));

  for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      drawable_pixels_read_result (io, &strip, old, result, mask);
      babl_process (fish, result, rgba, (glong) n);
      rgba += 4 * n;
    }

  g_free (mask);
  g_free (result);
  g_free (old);
}

static gboolean
denoise_part (Render *render, GError **error)
{
  DrawableIo       *io = render->preview->io;
  Session          *session = render->session;
  DiffusionProgress progress = { .cancel = render->cancel };
  gboolean          ok;

  g_mutex_lock (&session->use);
  ok = session_load (session, &progress, error) &&
       task_run_part (&render->task, session->model, session->workers, &io->source, &io->sink,
                      &render->region, &render->part, &progress, error);
  g_mutex_unlock (&session->use);
  return ok;
}

static gboolean finished (gpointer data);

static gpointer
work (gpointer data)
{
  Render     *render = data;
  DrawableIo *io = render->preview->io;

  if (render->session == NULL)
    task_measure (&render->task, &io->source, &render->region, render->cancel, &render->measured,
                  &render->error);
  else if (denoise_part (render, &render->error))
    {
      render->rgba = g_malloc ((gsize) render->part.width * render->part.height * 4);
      draw_part (render->preview, &render->part, render->rgba);
    }

  g_idle_add (finished, render);
  return NULL;
}

/* --- What is seen ------------------------------------------------------------- */

static void
place_after (DenoisePreview *preview)
{
  compare_view_place_after (preview->view, preview->after.x - preview->seen.x,
                            preview->after.y - preview->seen.y);
}

static void
show_error (DenoisePreview *preview, const GError *error)
{
  preview_panel_set_message (preview->panel, error->message);
  compare_view_set_busy (preview->view, FALSE);
}

/* The picture as it is, from the copy. */
static gboolean
show_before (DenoisePreview *preview)
{
  const GeglRectangle *seen = &preview->seen;
  GError              *error = NULL;
  guchar              *rgba;

  if (preview->render == NULL && !drawable_io_fetch (preview->io, seen, &error))
    {
      show_error (preview, error);
      g_error_free (error);
      return FALSE;
    }

  rgba = g_malloc ((gsize) seen->width * seen->height * 4);
  gegl_buffer_get (preview->io->pixels, seen, 1.0, babl_format ("R'G'B'A u8"), rgba,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  compare_view_set_before (preview->view, rgba, seen->width, seen->height);
  g_free (rgba);
  return TRUE;
}

/* As large as the view has room, around this place, and inside of what can be seen. */
static void
look_at (DenoisePreview *preview, int x, int y)
{
  const GeglRectangle *all = &preview->wanted;
  GeglRectangle       *seen = &preview->seen;
  int                  width, height;

  compare_view_get_room (preview->view, &width, &height);
  seen->width = MIN (width, all->width);
  seen->height = MIN (height, all->height);
  seen->x = CLAMP (x - seen->width / 2, all->x, all->x + all->width - seen->width);
  seen->y = CLAMP (y - seen->height / 2, all->y, all->y + all->height - seen->height);
}

static void
look_again (DenoisePreview *preview, int dx, int dy)
{
  if (preview->io == NULL)
    return;

  look_at (preview, preview->seen.x + preview->seen.width / 2 + dx,
           preview->seen.y + preview->seen.height / 2 + dy);
  if (!show_before (preview))
    return;
  place_after (preview);
  start_soon (preview);
}

static void
moved (DenoisePreview *preview, int dx, int dy)
{
  look_again (preview, dx, dy);
}

/* --- Copying ------------------------------------------------------------------- */

/* What of `wanted` is copied next to what is held: columns first, then rows. */
static GeglRectangle
next_piece (const GeglRectangle *held, const GeglRectangle *wanted)
{
  GeglRectangle piece = *held;
  int           columns = MAX (PIECE / MAX (held->height, 1), 1);
  int           rows = MAX (PIECE / MAX (held->width, 1), 1);

  if (held->x > wanted->x)
    {
      piece.x = MAX (held->x - columns, wanted->x);
      piece.width += held->x - piece.x;
    }
  else if (held->x + held->width < wanted->x + wanted->width)
    piece.width += MIN (columns, wanted->x + wanted->width - held->x - held->width);
  else if (held->y > wanted->y)
    {
      piece.y = MAX (held->y - rows, wanted->y);
      piece.height += held->y - piece.y;
    }
  else
    piece.height += MIN (rows, wanted->y + wanted->height - held->y - held->height);

  return piece;
}

static gboolean
is_copied (DenoisePreview *preview)
{
  return preview->io && gegl_rectangle_contains (&preview->io->held, &preview->wanted);
}

static gboolean
fetch_more (gpointer data)
{
  DenoisePreview *preview = data;
  GeglRectangle   piece;
  GError         *error = NULL;

  if (!is_copied (preview))
    {
      piece = next_piece (&preview->io->held, &preview->wanted);
      if (drawable_io_fetch (preview->io, &piece, &error))
        return G_SOURCE_CONTINUE;
      show_error (preview, error);
      g_error_free (error);
    }
  else
    start_soon (preview);

  preview->fetch_source = 0;
  return G_SOURCE_REMOVE;
}

/* --- Starting and ending --------------------------------------------------------- */

static void
start_thread (DenoisePreview *preview, Session *session, const Task *task)
{
  Render *render = g_new0 (Render, 1);

  render->preview = preview;
  render->session = session ? session_ref (session) : NULL;
  render->task = *task;
  render->region = drawable_io_get_region (preview->io);
  render->cancel = g_cancellable_new ();
  preview->render = render;
  preview->is_stale = FALSE;

  if (session)
    {
      GeglRectangle part;

      gegl_rectangle_intersect (&part, &preview->seen, &preview->io->region);
      render->part = (DiffusionRect) { part.x, part.y, part.width, part.height };
    }
  render->thread = g_thread_new ("preview", work, render);
}

/* Nothing is to be denoised: the picture as it is. */
static void
show_unchanged (DenoisePreview *preview)
{
  compare_view_set_after (preview->view, NULL, 0, 0);
  compare_view_set_busy (preview->view, FALSE);
  preview->after = *GEGL_RECTANGLE (0, 0, 0, 0);
}

static gboolean
start (gpointer data)
{
  DenoisePreview *preview = data;
  GeglRectangle   part;
  Session        *session;
  Task            task;

  preview->start_source = 0;
  if (preview->render || !is_copied (preview))
    return G_SOURCE_REMOVE; /* which starts the next one at its end */

  arguments_get_task (preview->config, TASK_DENOISE, &task);
  if (!preview->measured.is_measured)
    {
      start_thread (preview, NULL, &task);
      return G_SOURCE_REMOVE;
    }
  if (!preview_panel_is_active (preview->panel))
    return G_SOURCE_REMOVE;

  session = forecast_line_get_session (preview->line);
  if (session == NULL)
    {
      if (!cost_line_is_usable (forecast_line_get_widget (preview->line)))
        show_unchanged (preview);
      preview->start_source = g_timeout_add (RETRY_MS, start, preview);
      return G_SOURCE_REMOVE;
    }

  if (task.denoise.sigma <= 0 && task.denoise.strength <= 0)
    task.denoise.found = preview->measured;
  if ((task.denoise.sigma <= 0 && task.denoise.strength <= 0 && preview->measured.sigma <= 0 &&
       preview->measured.impulse_kinds == 0) ||
      !gegl_rectangle_intersect (&part, &preview->seen, &preview->io->region))
    show_unchanged (preview);
  else
    start_thread (preview, session, &task);
  return G_SOURCE_REMOVE;
}

/* Something has changed. */
static void
start_soon (DenoisePreview *preview)
{
  if (preview->view == NULL)
    return;
  if (preview_panel_is_active (preview->panel))
    compare_view_set_busy (preview->view, TRUE);

  if (preview->render && preview->render->session)
    {
      preview->is_stale = TRUE;
      g_cancellable_cancel (preview->render->cancel);
    }
  if (preview->start_source)
    g_source_remove (preview->start_source);
  preview->start_source = g_timeout_add (DELAY_MS, start, preview);
}

static void
render_free (Render *render)
{
  g_thread_join (render->thread);
  session_free (render->session);
  g_object_unref (render->cancel);
  g_clear_error (&render->error);
  g_free (render->rgba);
  g_free (render);
}

static void
show_result (DenoisePreview *preview, const Render *render)
{
  const DiffusionRect *part = &render->part;

  if (render->session == NULL)
    {
      preview->measured = render->measured;
      preview_panel_set_measured (preview->panel, render->measured.sigma);
      start_soon (preview);
      return;
    }
  preview->after = *GEGL_RECTANGLE (part->x, part->y, part->width, part->height);
  compare_view_set_after (preview->view, render->rgba, part->width, part->height);
  compare_view_set_busy (preview->view, FALSE);
  place_after (preview);
  /* The model is there now, and has taken its memory. */
  forecast_line_refresh (preview->line);
  preview_panel_set_message (preview->panel, NULL);
}

static gboolean
finished (gpointer data)
{
  Render         *render = data;
  DenoisePreview *preview = render->preview;

  preview->render = NULL;
  if (preview->view == NULL || preview->is_stale)
    start_soon (preview);
  else if (render->error)
    show_error (preview, render->error);
  else
    show_result (preview, render);

  render_free (render);
  return G_SOURCE_REMOVE;
}

/* --- The drawable ------------------------------------------------------------------ */

/* Copies the drawable as it is now. */
static void
begin (DenoisePreview *preview)
{
  gboolean      is_first = gegl_rectangle_is_empty (&preview->seen);
  GeglRectangle region;
  DrawableIo   *io;

  if (preview->view == NULL || !gimp_item_is_valid (GIMP_ITEM (preview->drawable)))
    return;

  io = preview->io = drawable_io_open (preview->drawable, &(Task) { .kind = TASK_DENOISE }, NULL);
  region = io->region;
  gegl_rectangle_intersect (&preview->wanted, GEGL_RECTANGLE (0, 0, io->width, io->height),
                            GEGL_RECTANGLE (region.x - MARGIN, region.y - MARGIN,
                                            region.width + 2 * MARGIN, region.height + 2 * MARGIN));
  preview->measured.is_measured = FALSE;

  if (is_first)
    look_at (preview, region.x + region.width / 2, region.y + region.height / 2);
  else
    look_at (preview, preview->seen.x + preview->seen.width / 2,
             preview->seen.y + preview->seen.height / 2);

  if (show_before (preview))
    preview->fetch_source = g_idle_add (fetch_more, preview);
}

/* The present copy is out of date. */
static void
begin_again (DenoisePreview *preview)
{
  if (preview->fetch_source)
    g_source_remove (preview->fetch_source);
  preview->fetch_source = 0;

  /* The thread works on it. */
  if (preview->render)
    {
      preview->is_stale = TRUE;
      g_cancellable_cancel (preview->render->cancel);
      while (preview->render)
        g_main_context_iteration (NULL, TRUE);
      if (preview->fetch_source || preview->view == NULL) /* done meanwhile */
        return;
    }
  g_clear_pointer (&preview->io, drawable_io_free);
  begin (preview);
}

/* The user comes back to the dialog, perhaps from painting. */
static void
window_activated (DenoisePreview *preview)
{
  gboolean is_active = gtk_window_is_active (GTK_WINDOW (preview->window));

  if (is_active && preview->was_left && preview->io)
    begin_again (preview);
  preview->was_left = !is_active;
}

static void
resized (DenoisePreview *preview)
{
  if (preview->window == NULL)
    {
      preview->window = gtk_widget_get_toplevel (GTK_WIDGET (preview->view));
      g_signal_connect_swapped (preview->window, "notify::is-active", G_CALLBACK (window_activated),
                                preview);
    }

  if (preview->io == NULL)
    begin (preview);
  else
    look_again (preview, 0, 0);
}

/* --- Life ----------------------------------------------------------------------------- */

/* With the window goes all that could be shown. */
static void
end (DenoisePreview *preview)
{
  if (preview->view == NULL)
    return;

  preview->view = NULL;
  g_signal_handler_disconnect (preview->config, preview->config_handler);
  if (preview->render)
    g_cancellable_cancel (preview->render->cancel);
  if (preview->fetch_source)
    g_source_remove (preview->fetch_source);
  if (preview->start_source)
    g_source_remove (preview->start_source);
  preview->fetch_source = preview->start_source = 0;
}

DenoisePreview *
denoise_preview_new (GimpProcedureConfig *config, GimpDrawable *drawable, ForecastLine *line)
{
  DenoisePreview *preview = g_new0 (DenoisePreview, 1);

  preview->config = config;
  preview->drawable = drawable;
  preview->line = line;
  preview->measured.is_measured = FALSE;
  preview->panel = g_object_ref_sink (preview_panel_new ());
  g_signal_connect_swapped (preview->panel, "destroy", G_CALLBACK (end), preview);
  preview->view = preview_panel_get_view (preview->panel);

  preview->config_handler =
    g_signal_connect_swapped (config, "notify", G_CALLBACK (start_soon), preview);
  g_signal_connect_swapped (preview->panel, "notify::active", G_CALLBACK (start_soon), preview);
  g_signal_connect_swapped (preview->view, "moved", G_CALLBACK (moved), preview);
  g_signal_connect_swapped (preview->view, "resized", G_CALLBACK (resized), preview);
  return preview;
}

PreviewPanel *
denoise_preview_get_panel (DenoisePreview *preview)
{
  return preview->panel;
}

void
denoise_preview_free (DenoisePreview *preview)
{
  if (preview == NULL)
    return;

  end (preview);
  /* Its last words are said in the main loop. */
  while (preview->render)
    g_main_context_iteration (NULL, TRUE);

  drawable_io_free (preview->io);
  g_object_unref (preview->panel);
  g_free (preview);
}
