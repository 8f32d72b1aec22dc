/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast.c: see forecast.h.
 */
#include "forecast.h"

#include <glib/gi18n-lib.h>

#include "hole.h"
#include "selection.h"
#include "strips.h"

#define MEGABYTE 1e6

/* --- The source ------------------------------------------------------------ */

enum
{
  SELECTED = 1 << 0,
  VISIBLE = 1 << 1, /* not fully transparent */
};

/* Core asks for alpha and selection inside the region alone. */
static gboolean
read_flags (gpointer             data,
            const DiffusionRect *window,
            float               *pixels,
            float               *alpha,
            float               *selection,
            GError             **error)
{
  const ForecastSource *source = data;
  const DiffusionRect  *region = &source->region;

  for (int y = window->y; y < window->y + window->height; y++)
    {
      const guint8 *row = source->flags + (gsize) (y - region->y) * region->width - region->x;

      for (int x = window->x; x < window->x + window->width; x++)
        {
          if (alpha)
            *alpha++ = row[x] & VISIBLE ? 1 : 0;
          if (selection)
            *selection++ = row[x] & SELECTED ? 1 : 0;
        }
    }
  return TRUE;
}

static void
set_flags (ForecastSource *source, GeglBuffer *pixels, const Selection *selection)
{
  const DiffusionRect *region = &source->region;
  const GeglRectangle  rect = { region->x, region->y, region->width, region->height };
  gsize                most = strips_max_pixels (&rect);
  float               *alpha = g_new (float, 2 * most); /* "YA float", the second of each pair */
  float               *mask = g_new (float, most);
  gboolean             has_alpha = babl_format_has_alpha (gegl_buffer_get_format (pixels));
  guint8              *flag;
  GeglRectangle        strip;

  flag = source->flags = g_malloc ((gsize) rect.width * rect.height);
  for (strips_first (&rect, &strip); strip.height > 0; strips_next (&rect, &strip))
    {
      gsize n = (gsize) strip.width * strip.height;

      selection_read (selection, &strip, mask);
      if (has_alpha)
        gegl_buffer_get (pixels, &strip, 1.0, babl_format ("YA float"), alpha, GEGL_AUTO_ROWSTRIDE,
                         GEGL_ABYSS_NONE);
      for (gsize i = 0; i < n; i++)
        *flag++ = (mask[i] >= DIFFUSION_SELECTION_MIN ? SELECTED : 0) |
                  (!has_alpha || alpha[2 * i + 1] > 0 ? VISIBLE : 0);
    }
  g_free (mask);
  g_free (alpha);
}

static ForecastSource *
source_new (GimpDrawable *drawable, const GeglRectangle *region, gboolean has_selection)
{
  ForecastSource *source = g_new0 (ForecastSource, 1);

  source->region = (DiffusionRect) { region->x, region->y, region->width, region->height };
  source->bytes_per_pixel = gimp_drawable_get_bpp (drawable);
  source->has_selection = has_selection;
  source->source = (DiffusionSource) {
    .width = gimp_drawable_get_width (drawable),
    .height = gimp_drawable_get_height (drawable),
    .n_channels = gimp_drawable_is_gray (drawable) ? 1 : 3,
    .read = read_flags,
    .data = source,
  };
  return source;
}

ForecastSource *
forecast_source_new (GimpDrawable *drawable, const Task *task, GError **error)
{
  gboolean  has_selection = !gimp_selection_is_empty (gimp_item_get_image (GIMP_ITEM (drawable)));
  Selection selection = { NULL, 0, 0 };
  GeglRectangle   region;
  ForecastSource *source;
  GeglBuffer     *pixels;

  if (has_selection && hole_is_shaped (&task->hole))
    {
      selection.buffer = hole_new (drawable, &task->hole, &region);
      if (!hole_check (&region, error))
        {
          selection_close (&selection);
          return NULL;
        }
    }
  else
    {
      selection_get_region (drawable, &region);
      selection_open (&selection, drawable);
    }
  source = source_new (drawable, &region, has_selection);

  if (task->kind == TASK_INPAINT)
    {
      pixels = gimp_drawable_get_buffer (drawable);
      set_flags (source, pixels, &selection);
      g_object_unref (pixels);
    }
  selection_close (&selection);
  return source;
}

ForecastSource *
forecast_source_new_from_io (const DrawableIo *io)
{
  const Selection selection = { io->selection, 0, 0 };
  ForecastSource *source = source_new (io->drawable, &io->region, io->has_selection);

  if (io->kind == TASK_INPAINT)
    set_flags (source, io->pixels, &selection);
  return source;
}

void
forecast_source_free (ForecastSource *source)
{
  if (source == NULL)
    return;

  g_free (source->flags);
  g_free (source);
}

/* --- The forecast --------------------------------------------------------- */

static guint32
make_key (const Session *session, const ForecastSource *source, const Task *task)
{
  const DiffusionRect *region = &source->region;
  char                *settings = task_describe (task);
  char   *all = g_strdup_printf ("%s %d %d %d %d %d %d %s", session->folder, region->x, region->y,
                                 region->width, region->height, source->source.width,
                                 source->source.height, settings);
  guint32 key = g_str_hash (all);

  g_free (all);
  g_free (settings);
  return key;
}

gboolean
forecast_make (Session              *session,
               const ForecastSource *source,
               const Task           *task,
               Forecast             *forecast,
               GError              **error)
{
  const DiffusionModel *metadata = session_get_metadata (session, error);
  DiffusionCost         cost;
  guint64               held;

  if (metadata == NULL || !task_cost (task, metadata, session->n_threads, &source->source,
                                      &source->region, &cost, error))
    return FALSE;

  forecast->key = make_key (session, source, task);
  forecast->seconds = -1;
  if (session->speed.speed > 0)
    forecast->seconds = speed_seconds (&session->speed, cost.macs, (double) cost.n_evaluations) +
                        (session->model ? 0 : session->speed.loading);

  forecast->bytes = session->base_bytes + cost.bytes +
                    drawable_io_memory (source->region.width, source->region.height,
                                        source->bytes_per_pixel, source->has_selection);

  held = diffusion_memory_used ();
  forecast->missing = forecast->bytes - MIN (forecast->bytes, held);

  /* Of a process that has done other runs before, or opened a window. */
  forecast->bytes = MAX (forecast->bytes, diffusion_memory_peak ());
  return TRUE;
}

gboolean
forecast_check (const Forecast *forecast, GError **error)
{
  return diffusion_memory_check (forecast->missing, diffusion_memory_available (), error);
}

void
forecast_note_truth (const Session  *session,
                     const char     *procedure_name,
                     const Forecast *forecast,
                     double          seconds,
                     guint64         bytes)
{
  const SpeedRun run = {
    .expected_seconds = MAX (forecast->seconds, 0),
    .seconds = seconds,
    .expected_bytes = (double) forecast->bytes,
    .bytes = (double) bytes,
    .key = forecast->key,
  };

  speed_file_set_run (session->speed_path, session->machine, procedure_name, &run);
}

/* --- Words ---------------------------------------------------------------- */

/* What is only estimated is not told to the last digit. */
static int
round_to (double value, int step)
{
  return step * (int) (MIN (value, 1e9) / step + 0.5);
}

static char *
describe_bytes (guint64 bytes)
{
  double megabytes = bytes / MEGABYTE;

  if (megabytes < 995)
    return g_strdup_printf (_ ("%d MB"), MAX (round_to (megabytes, 10), 10));

  return g_strdup_printf (_ ("%.1f GB"), megabytes / 1000);
}

static char *
describe_seconds (double seconds)
{
  int n;

  if (seconds < 55)
    {
      n = MAX (1, seconds < 20 ? round_to (seconds, 1) : round_to (seconds, 5));
      return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d second", "%d seconds", n), n);
    }
  if (seconds < 55 * 60)
    {
      n = MAX (1, round_to (seconds / 60, 1));
      return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d minute", "%d minutes", n), n);
    }
  n = MAX (1, round_to (seconds / 3600, 1));
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%d hour", "%d hours", n), n);
}

char *
forecast_describe (double seconds, guint64 bytes)
{
  char *memory = describe_bytes (bytes);
  char *time, *both;

  if (seconds < 0)
    return memory;

  time = describe_seconds (seconds);
  /* Translators: a time and an amount of memory, as "12 seconds and 300 MB". */
  both = g_strdup_printf (_ ("%s and %s"), time, memory);
  g_free (time);
  g_free (memory);
  return both;
}

char *
forecast_describe_plainly (double seconds, guint64 bytes)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.1f", seconds);
  return g_strdup_printf ("%s s and %.0f MB", number, bytes / MEGABYTE);
}
