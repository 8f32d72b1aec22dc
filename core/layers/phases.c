/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * phases.c: what is left to do of one layer.
 */
#include "layers/phases.h"

void
phases_init (Phases *phases, gpointer run, void (*finish) (gpointer run))
{
  *phases = (Phases) { .run = run, .finish = finish };
}

void
phases_add (Phases *phases, int n_blocks, WorkersFunc work)
{
  g_return_if_fail (phases->n < PHASES_MAX);
  phases->phases[phases->n++] = (WorkersPhase) { n_blocks, work, phases->run };
}

gboolean
phases_next (Phases *phases, WorkersPhase *phase)
{
  if (phases->next < phases->n)
    {
      *phase = phases->phases[phases->next++];
      return TRUE;
    }

  if (phases->finish)
    phases->finish (phases->run);
  phases_clear (phases);
  return FALSE;
}

void
phases_clear (Phases *phases)
{
  g_free (phases->run);
  *phases = (Phases) { 0 };
}
