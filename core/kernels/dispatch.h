/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dispatch.h: which tables of kernels this processor can run.
 */
#pragma once

#include "kernels/kernels.h"

#define KERNELS_TABLES_MAX 6

/* The fastest table that this processor can run. */
const Kernels *kernels_get (void);

/* The fastest of those that do not round factors to single bfloat16. */
const Kernels *kernels_get_exact (void);

/* All that it can run, NULL at the end; the first is the reference: scalar,
 * in double precision. */
const Kernels *const *kernels_list (void);
