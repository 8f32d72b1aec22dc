/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * phases.h: what is left to do of one layer: phases over blocks, one after the
 * other.
 */
#pragma once

#include "base/workers.h"

#define PHASES_MAX 3

typedef struct
{
  WorkersPhase phases[PHASES_MAX];
  int          n, next;
  gpointer     run; /* what they share; owned */
  void (*finish) (gpointer run);
} Phases;

/* `run`: handed to all functions, freed with g_free in the end. `finish`: called
 * after the last phase; or NULL. */
void phases_init (Phases *phases, gpointer run, void (*finish) (gpointer run));
void phases_add (Phases *phases, int n_blocks, WorkersFunc work);

/* The next phase; or FALSE, and the layer is finished and `phases` empty. */
gboolean phases_next (Phases *phases, WorkersPhase *phase);

/* Forgets what is left. */
void phases_clear (Phases *phases);
