/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tone.h: a picture whose values are not those of ordinary photographs, brought to where
 * the network knows its way, and the result brought back. The network sees 0…1 and has
 * learned from photographs that use all of it: light beyond 1 would be cut off, and
 * a dark picture filled darker than it is.
 *
 * A picture within 0…1 and of ordinary brightness is left alone to the last bit. Else its
 * values are shifted and scaled, and bent by a logarithm where the greatest are much
 * greater than the others. Which curve follows from a sample of the pixels alone.
 */
#pragma once

#include "task.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean is_on; /* FALSE: source, sink and progress are those of the picture */
  double   low;   /* is shown to the network as 0 */
  double   scale; /* of what is above it */
  double   bend;  /* log (1 + bend · v) / log (1 + bend) of that; 0: none */
  double   slope; /* of the curve at the picture's median */

  DiffusionSource   source;
  DiffusionSink     sink;
  DiffusionProgress progress;

  const DiffusionSource   *from;
  const DiffusionSink     *to;
  const DiffusionProgress *reported;
} Tone;

/* Chooses the curve for what the task sees around and, if it looks at that, in the
 * selection of `region`. Borrows all arguments. Errors: the source's. */
gboolean tone_init (Tone                    *tone,
                    const Task              *task,
                    const DiffusionSource   *source,
                    const DiffusionSink     *sink,
                    const DiffusionRect     *region,
                    const DiffusionProgress *progress,
                    GError                 **error);

/* What the network is shown of a value, and back. */
float tone_apply (const Tone *tone, float v);
float tone_undo (const Tone *tone, float v);

G_END_DECLS
