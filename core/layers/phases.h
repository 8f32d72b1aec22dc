/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * phases.h: what is left to do of one layer: passes over blocks, one after the
 * other.
 */
#pragma once

#include "base/workers.h"

#define PHASES_MAX 3

typedef struct
{
  WorkersPhase passes[PHASES_MAX];
  int          n, next;
  gpointer     run; /* what they share; owned */
  void (*finish) (gpointer run);
} Phases;

/* `run`: handed to all functions, freed with g_free in the end. `finish`: called
 * after the last pass; or NULL. */
void phases_init (Phases *passes, gpointer run, void (*finish) (gpointer run));
void phases_add (Phases *passes, int n_blocks, WorkersFunc work);

/* The next pass; or FALSE, and the layer is finished and `passes` empty. */
gboolean phases_next (Phases *passes, WorkersPhase *pass);

/* Forgets what is left. */
void phases_clear (Phases *passes);
