/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workspace.h: aligned memory, and what a layer borrows while it runs. A layer
 * says before the run, from shapes alone, how much it will need.
 */
#pragma once

#include "kernels/kernels.h"

/* a / b, rounded up. */
static inline int
divide_up (int a, int b)
{
  return (a + b - 1) / b;
}

/* n floats, aligned to KERNEL_ALIGN, zero; to be freed with aligned_free. NULL
 * and DIFFUSION_ERROR_MEMORY when they are not to be had. */
float *aligned_new (gsize n, GError **error);
void   aligned_free (float *floats);

/* Floats; each is a multiple of KERNEL_CHUNK. */
typedef struct
{
  gsize scratch; /* for each worker */
  gsize shared;  /* for all workers together */
  gsize stats;   /* the notes of all blocks (MAP_STATS) */
} WorkspaceSize;

typedef struct
{
  const Kernels *kernels;
  float         *scratch; /* of all workers: workspace_scratch */
  float         *shared;
  float         *stats;
  WorkspaceSize  size;
} Workspace;

/* A worker's own memory. */
static inline float *
workspace_scratch (const Workspace *workspace, int worker)
{
  return workspace->scratch + worker * workspace->size.scratch;
}

/* size ← the larger of each. */
void workspace_size_join (WorkspaceSize *size, const WorkspaceSize *other);
