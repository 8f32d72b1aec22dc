/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * picture.h: a picture in memory that a job reads from and writes to, for tests.
 */
#pragma once

#include <math.h>
#include <string.h>

#include "base/random.h"

typedef struct
{
  int    width, height, n_channels;
  gsize  size;      /* pixels */
  float *pixels;    /* n_channels planes */
  float *alpha;     /* 1 plane */
  float *selection; /* 1 plane */

  float  *result;  /* n_channels planes, what was written */
  guint8 *written; /* 1 plane, 1 where something was */
  int     n_writes;
  int     largest; /* most pixels asked for in one read */
} Picture;

static inline Picture *
picture_new (int width, int height, int n_channels)
{
  Picture *picture = g_new0 (Picture, 1);

  picture->width = width;
  picture->height = height;
  picture->n_channels = n_channels;
  picture->size = (gsize) width * height;
  picture->pixels = g_new0 (float, n_channels * picture->size);
  picture->result = g_new0 (float, n_channels * picture->size);
  picture->written = g_new0 (guint8, picture->size);
  picture->alpha = g_new (float, picture->size);
  picture->selection = g_new0 (float, picture->size);
  for (gsize i = 0; i < picture->size; i++)
    picture->alpha[i] = 1.0f;
  return picture;
}

static inline void
picture_free (Picture *picture)
{
  g_free (picture->pixels);
  g_free (picture->result);
  g_free (picture->written);
  g_free (picture->alpha);
  g_free (picture->selection);
  g_free (picture);
}

/* A smooth scene with an edge, 0…1, without any noise. */
static inline void
picture_paint (Picture *picture)
{
  for (int c = 0; c < picture->n_channels; c++)
    for (int y = 0; y < picture->height; y++)
      for (int x = 0; x < picture->width; x++)
        picture->pixels[((gsize) c * picture->height + y) * picture->width + x] =
          0.5f + 0.25f * sinf (0.04f * x + c) +
          (x + y > 60 + 10 * c ? 0.1f : -0.1f) * cosf (0.03f * y);
}

/* White noise of a standard deviation in 8-bit levels. */
static inline void
picture_add_noise (Picture *picture, double sigma, guint32 seed)
{
  RandomStream  stream = { seed, RANDOM_FORWARD, 200, 0 };
  DiffusionRect all = { 0, 0, picture->width, picture->height };
  float        *noise = g_new (float, picture->n_channels * picture->size);

  random_window (&stream, &all, picture->n_channels, noise);
  for (gsize i = 0; i < picture->n_channels * picture->size; i++)
    picture->pixels[i] += (float) (sigma / 255.0) * noise[i];
  g_free (noise);
}

/* Selects a rectangle and says how far, 0…1. */
static inline void
picture_select (Picture *picture, const DiffusionRect *rect, float value)
{
  for (int y = rect->y; y < rect->y + rect->height; y++)
    for (int x = rect->x; x < rect->x + rect->width; x++)
      picture->selection[(gsize) y * picture->width + x] = value;
}

static inline gboolean
picture_read (gpointer             data,
              const DiffusionRect *window,
              float               *pixels,
              float               *alpha,
              float               *selection,
              GError             **error)
{
  Picture *picture = data;

  g_assert_cmpint (window->x, >=, 0);
  g_assert_cmpint (window->y, >=, 0);
  g_assert_cmpint (window->width, >, 0);
  g_assert_cmpint (window->height, >, 0);
  g_assert_cmpint (window->x + window->width, <=, picture->width);
  g_assert_cmpint (window->y + window->height, <=, picture->height);
  picture->largest = MAX (picture->largest, window->width * window->height);

  for (int y = 0; y < window->height; y++)
    {
      gsize from = (gsize) (window->y + y) * picture->width + window->x;
      gsize to = (gsize) y * window->width;
      gsize row = window->width * sizeof (float), size = (gsize) window->width * window->height;

      for (int c = 0; pixels != NULL && c < picture->n_channels; c++)
        memcpy (pixels + c * size + to, picture->pixels + c * picture->size + from, row);
      if (alpha != NULL)
        memcpy (alpha + to, picture->alpha + from, row);
      if (selection != NULL)
        memcpy (selection + to, picture->selection + from, row);
    }
  return TRUE;
}

static inline gboolean
picture_write (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  Picture *picture = data;

  for (int y = 0; y < window->height; y++)
    {
      gsize to = (gsize) (window->y + y) * picture->width + window->x;

      for (int c = 0; c < picture->n_channels; c++)
        memcpy (picture->result + c * picture->size + to,
                pixels + ((gsize) c * window->height + y) * window->width,
                window->width * sizeof (float));
      memset (picture->written + to, 1, window->width);
    }
  picture->n_writes++;
  return TRUE;
}

static inline DiffusionSource
picture_source (Picture *picture)
{
  return (DiffusionSource) { .width = picture->width,
                             .height = picture->height,
                             .n_channels = picture->n_channels,
                             .read = picture_read,
                             .data = picture };
}

static inline DiffusionSink
picture_sink (Picture *picture)
{
  return (DiffusionSink) { picture_write, picture };
}

/* `region` was written, with finite values where the picture is visible, and nothing
 * else was. */
static inline void
picture_assert_written (const Picture *picture, const DiffusionRect *region)
{
  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++)
      {
        gsize    i = (gsize) y * picture->width + x;
        gboolean inside = x >= region->x && y >= region->y && x < region->x + region->width &&
                          y < region->y + region->height;

        g_assert_cmpint (picture->written[i], ==, inside);
        if (inside && picture->alpha[i] > 0.0f)
          for (int c = 0; c < picture->n_channels; c++)
            g_assert_true (isfinite (picture->result[c * picture->size + i]));
      }
}
