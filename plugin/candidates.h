/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * candidates.h: the results of several runs on one drawable, of which the user keeps one.
 * Their pixels are GeglBuffers, so that what does not fit GEGL's cache lies in its swap.
 * Main thread only.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

#define CANDIDATES_MAX 8

typedef struct
{
  Task        task; /* with the settings that were used */
  GeglBuffer *result;
} Candidate;

typedef struct
{
  int       n;
  Candidate list[CANDIDATES_MAX];
} Candidates;

/* Takes the result of `io` as one more; io gets an empty one in its place. */
void candidates_add (Candidates *candidates, DrawableIo *io, const Task *task);

/* The opposite: candidate `i` is the result of `io` again, and its settings are *task. */
void candidates_take (Candidates *candidates, int i, DrawableIo *io, Task *task);

void candidates_clear (Candidates *candidates);

G_END_DECLS
