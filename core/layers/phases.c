/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * phases.c: what is left to do of one layer.
 */
#include "layers/phases.h"

void
phases_init (Phases *passes, gpointer run, void (*finish) (gpointer run))
{
  *passes = (Phases) { .run = run, .finish = finish };
}

void
phases_add (Phases *passes, int n_blocks, WorkersFunc work)
{
  g_return_if_fail (passes->n < PHASES_MAX);
  passes->passes[passes->n++] = (WorkersPhase) { n_blocks, work, passes->run };
}

gboolean
phases_next (Phases *passes, WorkersPhase *pass)
{
  if (passes->next < passes->n)
    {
      *pass = passes->passes[passes->next++];
      return TRUE;
    }

  if (passes->finish)
    passes->finish (passes->run);
  phases_clear (passes);
  return FALSE;
}

void
phases_clear (Phases *passes)
{
  g_free (passes->run);
  *passes = (Phases) { 0 };
}
