/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast.h: what a task on a drawable will take, in seconds and bytes: core
 * tells the work and its memory, the session how fast this machine is, and what
 * the copies of the drawable take is known here.
 */
#pragma once

#include <libgimp/gimp.h>

#include "drawable-io.h"
#include "session.h"
#include "task.h"

G_BEGIN_DECLS

/* Where a task works: what of the drawable decides about cost. */
typedef struct
{
  DiffusionSource source; /* without pixels */
  DiffusionRect   region;
  int             bytes_per_pixel; /* of the drawable */
  gboolean        has_selection;
  guint8         *flags; /* of each pixel of the region; NULL for Denoise */
} ForecastSource;

typedef struct
{
  double  seconds; /* the whole run; < 0: the speed is not known yet */
  guint64 bytes;   /* of memory that this process will hold at most */
  guint64 missing; /* of it, what it does not hold already */
  guint32 key;     /* the same for the same settings on a region of the same place and size */
} Forecast;

/* Reads the selection as the task shapes it, for Inpaint the transparency too; it takes a
 * while in a large image. The drawable has passed drawable_check(). Errors: when the shape
 * leaves nothing of the selection. Main thread. */
ForecastSource *forecast_source_new (GimpDrawable *drawable, const Task *task, GError **error);

/* Of a run: from what it has read already. */
ForecastSource *forecast_source_new_from_io (const DrawableIo *io);
void            forecast_source_free (ForecastSource *source);

/* Errors: those of the model's metadata and of core's costs. */
gboolean forecast_make (Session              *session,
                        const ForecastSource *source,
                        const Task           *task,
                        Forecast             *forecast,
                        GError              **error);

/* FALSE and DIFFUSION_ERROR_MEMORY with a cure, when the memory is not there. */
gboolean forecast_check (const Forecast *forecast, GError **error);

/* What a run of the procedure took in the end, for the next dialog. */
void forecast_note_truth (const Session  *session,
                          const char     *procedure_name,
                          const Forecast *forecast,
                          double          seconds,
                          guint64         bytes);

/* For the user, "about 12 seconds and 300 MB", in the user's language; for scripts,
 * "12.3 s and 300 MB", the same in all. Seconds < 0 are left out. Free with g_free(). */
char *forecast_describe (double seconds, guint64 bytes);
char *forecast_describe_plainly (double seconds, guint64 bytes);

G_END_DECLS
