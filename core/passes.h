/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * passes.h: what is left to do of one layer: passes over blocks, one after the
 * other.
 */
#pragma once

#include "workers.h"

#define PASSES_MAX 3

typedef struct
{
  WorkersPass passes[PASSES_MAX];
  int         n, next;
  gpointer    run; /* what they share; owned */
  void      (*finish) (gpointer run);
} Passes;

/* `run`: handed to all functions, freed with g_free in the end. `finish`: called
 * after the last pass; or NULL. */
void passes_init (Passes *passes, gpointer run, void (*finish) (gpointer run));
void passes_add (Passes *passes, int n_blocks, WorkersFunc work);

/* The next pass; or FALSE, and the layer is finished and `passes` empty. */
gboolean passes_next (Passes *passes, WorkersPass *pass);

/* Forgets what is left. */
void passes_clear (Passes *passes);
