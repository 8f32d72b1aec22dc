/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * passes.c: what is left to do of one layer.
 */
#include "passes.h"

void
passes_init (Passes  *passes,
             gpointer run,
             void   (*finish) (gpointer run))
{
  *passes = (Passes) { .run = run, .finish = finish };
}

void
passes_add (Passes     *passes,
            int         n_blocks,
            WorkersFunc work)
{
  g_return_if_fail (passes->n < PASSES_MAX);
  passes->passes[passes->n++] = (WorkersPass) { n_blocks, work, passes->run };
}

gboolean
passes_next (Passes      *passes,
             WorkersPass *pass)
{
  if (passes->next < passes->n)
    {
      *pass = passes->passes[passes->next++];
      return TRUE;
    }

  if (passes->finish)
    passes->finish (passes->run);
  passes_clear (passes);
  return FALSE;
}

void
passes_clear (Passes *passes)
{
  g_free (passes->run);
  *passes = (Passes) { 0 };
}
