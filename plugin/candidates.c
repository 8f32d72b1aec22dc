/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * candidates.c: see candidates.h.
 */
#include "candidates.h"

void
candidates_add (Candidates *candidates, DrawableIo *io, const Task *task)
{
  Candidate *candidate;

  g_return_if_fail (candidates->n < CANDIDATES_MAX);

  candidate = &candidates->list[candidates->n++];
  candidate->task = *task;
  candidate->result = io->result;
  io->result = gegl_buffer_new (&io->region, io->format);
}

void
candidates_take (Candidates *candidates, int i, DrawableIo *io, Task *task)
{
  Candidate *candidate = &candidates->list[i];

  g_object_unref (io->result);
  io->result = g_steal_pointer (&candidate->result);
  *task = candidate->task;
}

void
candidates_clear (Candidates *candidates)
{
  for (int i = 0; i < candidates->n; i++)
    g_clear_object (&candidates->list[i].result);
  candidates->n = 0;
}
