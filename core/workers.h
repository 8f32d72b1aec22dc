/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workers.h: a pool of threads that sleep while they wait.
 */
#pragma once

#include "diffusion.h"

/* Calls work (data, block, worker) for each block 0…n_blocks − 1, spread over
 * the workers; returns when all are done. `worker` (0…n − 1) addresses scratch
 * memory. Which worker does which block is not determined: a result must depend
 * on the block alone. Returns FALSE when `cancel` (nullable) was cancelled: then
 * each worker finished at most the block it was in. */
typedef void (*WorkersFunc) (gpointer data, int block, int worker);
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
