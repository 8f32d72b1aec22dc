/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workers.h: a pool of threads that sleep while they wait.
 */
#pragma once

#include "diffusion.h"

/* Work on one block, 0…n_blocks − 1. `worker` (0…n − 1) addresses scratch memory.
 * Which worker does which block is not determined: a result must depend on the
 * block alone. */
typedef void (*WorkersFunc) (gpointer data, int block, int worker);

/* Blocks that may be done in any order and at the same time. */
typedef struct
{
  int         n_blocks;
  WorkersFunc work;
  gpointer    data;
} WorkersPhase;

/* Makes the next phase ready, for which all blocks of those before are done;
 * returns FALSE when there is none. Called by whichever worker did the last
 * block, while no other is at work: beside busy processes one that sleeps would
 * have to wait for a processor first. */
typedef gboolean (*WorkersNext) (gpointer data, WorkersPhase *phase);

/* Does one phase after the other, the blocks of each spread over the workers;
 * returns when all are done. Returns FALSE when `cancel` (nullable) was cancelled:
 * then each worker finished at most the block it was in. */
gboolean workers_run_phases (DiffusionWorkers *workers,
                             WorkersNext       next,
                             gpointer          data,
                             GCancellable     *cancel);

/* The same of a single phase. */
gboolean workers_run (DiffusionWorkers *workers,
                      int               n_blocks,
                      WorkersFunc       work,
                      gpointer          data,
                      GCancellable     *cancel);

int workers_get_n (const DiffusionWorkers *workers);

/* For benchmarks: called after each block by the thread that did it, with the
 * time it took. NULL: not at all. Not while a run is on. */
typedef void (*WorkersTrace) (gpointer data, int worker, gint64 microseconds);
void workers_set_trace (DiffusionWorkers *workers, WorkersTrace trace, gpointer data);
