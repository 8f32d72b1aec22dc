/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-io.h: a drawable as core's Source, and a Sink that keeps the result
 * apart from the drawable until drawable-commit.h writes it.
 *
 * Threads. libgimp and its tile back end may be used by the main thread alone,
 * and core reads from a thread of its own. So core gets private GeglBuffers:
 * the part it asks for is copied there by the main thread, in the drawable's
 * own format, while the core's thread waits. No buffer of GIMP's stays open
 * meanwhile: GEGL's common tile cache could flush one from any thread.
 *
 * Memory. The private buffers are as large as what was read and live in GEGL's
 * tile cache, which spills to its swap; floats exist for a strip at a time.
 */
#pragma once

#include <libgimp/gimp.h>

#include "drawable-alpha.h"
#include "task.h"

G_BEGIN_DECLS

/* What GEGL may hold in memory for the copies in this process; GIMP's own
 * setting, often half of the machine, is meant for GIMP. The rest is swapped. */
#define GEGL_CACHE_BYTES ((guint64) 256 << 20)

typedef struct
{
  GimpImage    *image;
  GimpDrawable *drawable;
  TaskKind      kind;
  HoleShape     shape;
  int           width, height;      /* of the drawable */
  int           offset_x, offset_y; /* of the drawable in the image */
  const Babl   *format;             /* the drawable's own */
  const Babl   *float_format;       /* sRGB curve in the drawable's own space */
  int           n_channels;         /* 1 or 3, without alpha */
  gboolean      has_alpha;
  gboolean      has_selection;
  gboolean      is_shaped;   /* what is worked on is not the selection as it is */
  gboolean      keeps_alpha; /* the result has the drawable's own alpha */
  GeglRectangle region;      /* what the task works on */

  GeglBuffer   *pixels;    /* copy of the drawable, `format`, filled in `held` */
  GeglBuffer   *selection; /* copy of the selection, "Y float"; NULL: no selection. Where it is
                            * shaped, all of the hole from the start (hole.h) */
  GeglBuffer   *visible;   /* copy of the visible image in the drawable's coordinates,
                            * float_format, filled in `held`: the surroundings; NULL: they are
                            * the drawable's own */
  GimpLayer    *merged;    /* the layer that is copied from; NULL: none */
  GeglRectangle held;
  GeglBuffer   *allowed; /* where patches may be taken from, "Y u8"; NULL: anywhere */
  GeglBuffer   *result;  /* `format`, extends over `region` */

  DrawableAlpha *alpha; /* of the result where it does not keep its own; NULL: 1 */

  DiffusionSource source;
  DiffusionSink   sink;
} DrawableIo;

/* The drawable has passed drawable_check(). Of the task its kind and what concerns the
 * selection are looked at. Main thread. Errors: when GIMP does not hand out the pixels;
 * when a shrunken selection leaves nothing. */
DrawableIo *drawable_io_new (GimpDrawable *drawable, const Task *task, GError **error);
void        drawable_io_free (DrawableIo *io);

/* The same with nothing copied yet, for who fetches piece by piece. */
DrawableIo *drawable_io_open (GimpDrawable *drawable, const Task *task, GError **error);

/* The channel, layer mask or layer of this id; NULL and a sentence where the image has none.
 * Main thread. */
GimpDrawable *drawable_io_find_source (GimpImage *image, int id, GError **error);

/* Patches come only from where that is above one half. Main thread. Errors: there is no such
 * drawable; it leaves nothing outside the hole to copy. */
gboolean drawable_io_set_allowed (DrawableIo *io, int id, GError **error);

/* Copies `rect` of the drawable and its selection, as far as that is not done. Main
 * thread, and no other may be at work with the copies. */
gboolean drawable_io_fetch (DrawableIo *io, const GeglRectangle *rect, GError **error);

/* The region as core's rectangle. */
DiffusionRect drawable_io_get_region (const DrawableIo *io);

/* Bytes that the private buffers of a run on a region of this size take in memory,
 * those of writing the result included. */
guint64 drawable_io_memory (int width, int height, int bytes_per_pixel, gboolean has_selection);

/* 8-bit sRGB picture of `rect` (drawable coordinates), `width` × `height`
 * pixels of 3 bytes, from the copy; `rect` is fetched first. Main thread. */
gboolean drawable_io_get_picture (DrawableIo          *io,
                                  const GeglRectangle *rect,
                                  int                  width,
                                  int                  height,
                                  guchar              *rgb,
                                  GError             **error);

/* Copies the alpha component of `n` pixels of the drawable's own format, bit by
 * bit. Floats would lose bits of 32-bit integers and doubles. */
void drawable_io_copy_alpha (const DrawableIo *io, guchar *to, const guchar *from, gsize n);

G_END_DECLS
