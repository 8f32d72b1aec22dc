/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole-picture.c: see hole-picture.h.
 */
#include "hole-picture.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "arguments.h"
#include "drawable-io.h"
#include "hole.h"
#include "picture-view.h"
#include "selection.h"

#define DELAY_MS 80
#define POLL_MS  1000

/* Pixels, of the longer side; and how high the widget is at most. */
#define SIZE       420
#define MAX_HEIGHT 150

/* What is shown beside the hole: a share of its size, at least so many pixels. */
#define SURROUNDINGS 0.6
#define LEAST        48

struct HolePicture
{
  GimpProcedureConfig *config;
  GimpDrawable        *drawable;
  PictureView         *view;
  GimpLayer           *visible;   /* the visible image, where that was asked for; else NULL */
  guint                selection; /* as it was shown last, see selection_get_key() */
  gulong               handler;
  guint                source, poll_source; /* 0: none */
};

/* The hole, and the part of the drawable that is shown around it. */
static GeglBuffer *
find_hole (HolePicture *picture, const Task *task, GeglRectangle *region, GeglRectangle *rect)
{
  GimpDrawable *drawable = picture->drawable;
  GeglBuffer   *hole = hole_new (drawable, &task->hole, region);
  int           margin = (int) (SURROUNDINGS * MAX (region->width, region->height)) + LEAST;

  margin = MAX (margin, task->inpaint.context + 8);
  gegl_rectangle_intersect (
    rect,
    GEGL_RECTANGLE (0, 0, gimp_drawable_get_width (drawable), gimp_drawable_get_height (drawable)),
    GEGL_RECTANGLE (region->x - margin, region->y - margin, region->width + 2 * margin,
                    region->height + 2 * margin));
  return hole;
}

/* Every other pixel of a line along the edge white, the others black. */
static void
draw_dash (guchar *rgb, int i)
{
  rgb[0] = rgb[1] = rgb[2] = i / 4 % 2 ? 255 : 0;
}

/* Its edge, and stripes inside of it. */
static void
draw_hole (guchar *rgb, const float *hole, int width, int height)
{
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        const float *h = hole + (gsize) y * width + x;
        guchar      *p = rgb + 3 * ((gsize) y * width + x);

        if (*h < 0.5f)
          continue;
        if (x == 0 || y == 0 || x == width - 1 || y == height - 1 || h[-1] < 0.5f || h[1] < 0.5f ||
            h[-width] < 0.5f || h[width] < 0.5f)
          draw_dash (p, x + y);
        else if ((x + y) % 8 < 2)
          for (int c = 0; c < 3; c++)
            p[c] = (guchar) (p[c] / 2 + 128 * (c == 0));
      }
}

static void
draw_box (guchar *rgb, int width, int height, int x1, int y1, int x2, int y2)
{
  for (int x = MAX (x1, 0); x <= MIN (x2, width - 1); x++)
    for (int k = 0; k < 2; k++)
      if ((k ? y2 : y1) >= 0 && (k ? y2 : y1) < height)
        draw_dash (rgb + 3 * ((gsize) (k ? y2 : y1) * width + x), x);
  for (int y = MAX (y1, 0); y <= MIN (y2, height - 1); y++)
    for (int k = 0; k < 2; k++)
      if ((k ? x2 : x1) >= 0 && (k ? x2 : x1) < width)
        draw_dash (rgb + 3 * ((gsize) y * width + (k ? x2 : x1)), y);
}

/* What is around the hole, in the place of `scaled`. */
static void
read_picture (HolePicture         *picture,
              const Task          *task,
              const GeglRectangle *scaled,
              double               scale,
              guchar              *rgb)
{
  GimpDrawable *drawable = picture->drawable;
  int           offset_x = 0, offset_y = 0;
  GeglBuffer   *pixels;

  if (task->sample_merged && GIMP_IS_LAYER (drawable))
    {
      GimpImage *image = gimp_item_get_image (GIMP_ITEM (drawable));

      if (picture->visible == NULL)
        picture->visible = gimp_layer_new_from_visible (image, image, "visible");
      gimp_drawable_get_offsets (drawable, &offset_x, &offset_y);
      if (picture->visible)
        drawable = GIMP_DRAWABLE (picture->visible);
    }

  pixels = gimp_drawable_get_buffer (drawable);
  gegl_buffer_get (pixels,
                   GEGL_RECTANGLE (scaled->x + (int) floor (offset_x * scale),
                                   scaled->y + (int) floor (offset_y * scale), scaled->width,
                                   scaled->height),
                   scale, babl_format ("R'G'B' u8"), rgb, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_CLAMP);
  g_object_unref (pixels);
}

/* What must not be copied is dark. */
static void
darken_forbidden (HolePicture         *picture,
                  int                  source,
                  const GeglRectangle *scaled,
                  double               scale,
                  guchar              *rgb)
{
  GimpImage    *image = gimp_item_get_image (GIMP_ITEM (picture->drawable));
  GimpDrawable *item = drawable_io_find_source (image, source, NULL);
  const gsize   n = (gsize) scaled->width * scaled->height;
  int           x, y, own_x, own_y;
  GeglBuffer   *buffer;
  guint8       *values;

  if (item == NULL)
    return;

  gimp_drawable_get_offsets (item, &x, &y);
  gimp_drawable_get_offsets (picture->drawable, &own_x, &own_y);
  values = g_malloc (n);
  buffer = gimp_drawable_get_buffer (item);
  gegl_buffer_get (buffer,
                   GEGL_RECTANGLE (scaled->x + (int) floor ((own_x - x) * scale),
                                   scaled->y + (int) floor ((own_y - y) * scale), scaled->width,
                                   scaled->height),
                   scale, babl_format ("Y u8"), values, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  g_object_unref (buffer);
  for (gsize i = 0; i < 3 * n; i++)
    if (values[i / 3] <= G_MAXUINT8 / 2)
      rgb[i] /= 3;
  g_free (values);
}

static gboolean
update (gpointer data)
{
  HolePicture  *picture = data;
  GeglRectangle region, rect, scaled;
  GeglBuffer   *hole;
  guchar       *rgb;
  float        *mask;
  double        scale;
  Task          task;

  picture->source = 0;
  arguments_get_task (picture->config, TASK_INPAINT, &task);
  if (!gimp_item_is_valid (GIMP_ITEM (picture->drawable)))
    return G_SOURCE_REMOVE;

  hole = find_hole (picture, &task, &region, &rect);
  scale = MIN (1.0, (double) SIZE / MAX (rect.width, rect.height));
  scaled =
    *GEGL_RECTANGLE ((int) floor (rect.x * scale), (int) floor (rect.y * scale),
                     MAX (1, (int) (rect.width * scale)), MAX (1, (int) (rect.height * scale)));
  if (rect.width > 0 && !gegl_rectangle_is_empty (&region))
    {
      rgb = g_malloc ((gsize) scaled.width * scaled.height * 3);
      mask = g_new (float, (gsize) scaled.width *scaled.height);
      read_picture (picture, &task, &scaled, scale, rgb);
      gegl_buffer_get (hole, &scaled, scale, babl_format ("Y float"), mask, GEGL_AUTO_ROWSTRIDE,
                       GEGL_ABYSS_NONE);

      if (task.source > 0)
        darken_forbidden (picture, task.source, &scaled, scale, rgb);
      draw_hole (rgb, mask, scaled.width, scaled.height);
      if (task.inpaint.context > 0)
        draw_box (rgb, scaled.width, scaled.height,
                  (int) ((region.x - task.inpaint.context - rect.x) * scale),
                  (int) ((region.y - task.inpaint.context - rect.y) * scale),
                  (int) ((region.x + region.width + task.inpaint.context - rect.x) * scale),
                  (int) ((region.y + region.height + task.inpaint.context - rect.y) * scale));
      picture_view_set_picture (picture->view, rgb, scaled.width, scaled.height);
      g_free (mask);
      g_free (rgb);
    }
  else
    picture_view_clear (picture->view);
  g_object_unref (hole);
  return G_SOURCE_REMOVE;
}

static void
update_soon (HolePicture *picture)
{
  if (picture->source == 0)
    picture->source = g_timeout_add (DELAY_MS, update, picture);
}

/* The selection can be changed while the dialog is open. */
static gboolean
poll (gpointer data)
{
  HolePicture *picture = data;
  guint        now;

  if (!gimp_item_is_valid (GIMP_ITEM (picture->drawable)))
    return G_SOURCE_CONTINUE;

  now = selection_get_key (picture->drawable, TRUE);
  if (now != picture->selection)
    {
      picture->selection = now;
      update_soon (picture);
    }
  return G_SOURCE_CONTINUE;
}

HolePicture *
hole_picture_new (GimpProcedureConfig *config, GimpDrawable *drawable)
{
  HolePicture *picture = g_new0 (HolePicture, 1);

  picture->config = config;
  picture->drawable = drawable;
  picture->selection = selection_get_key (drawable, TRUE);
  picture->view = g_object_ref_sink (picture_view_new ());
  picture_view_set_max_height (picture->view, MAX_HEIGHT);
  atk_object_set_name (gtk_widget_get_accessible (GTK_WIDGET (picture->view)),
                       _ ("What will be filled, and its surroundings"));
  gtk_widget_show (GTK_WIDGET (picture->view));
  picture->handler = g_signal_connect_swapped (config, "notify", G_CALLBACK (update_soon), picture);
  picture->poll_source = g_timeout_add (POLL_MS, poll, picture);
  update (picture);
  return picture;
}

PictureView *
hole_picture_get_widget (HolePicture *picture)
{
  return picture->view;
}

void
hole_picture_free (HolePicture *picture)
{
  if (picture == NULL)
    return;

  g_signal_handler_disconnect (picture->config, picture->handler);
  g_source_remove (picture->poll_source);
  if (picture->visible && gimp_item_is_valid (GIMP_ITEM (picture->visible)))
    gimp_item_delete (GIMP_ITEM (picture->visible));
  if (picture->source)
    g_source_remove (picture->source);
  g_object_unref (picture->view);
  g_free (picture);
}
