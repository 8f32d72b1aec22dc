/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dispatch.c: see dispatch.h.
 */
#include "kernels/dispatch.h"

static const Kernels *tables[KERNELS_TABLES_MAX + 1];
static int            n_tables;

static gpointer
fill_tables (gpointer unused)
{
#ifdef KERNELS_X86
  static Kernels amx, bf16;
#endif

  tables[n_tables++] = &kernels_reference;
#ifdef KERNELS_NEON
  tables[n_tables++] = &kernels_neon;
#else
  tables[n_tables++] = &kernels_baseline;
#endif

#ifdef KERNELS_X86
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    tables[n_tables++] = &kernels_avx2;
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512vl") &&
      __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512dq"))
    {
      tables[n_tables++] = &kernels_avx512;
      if (__builtin_cpu_supports ("avx512bf16"))
        {
          bf16 = kernels_avx512;
          kernels_bf16_init (&bf16);
          tables[n_tables++] = &bf16;
        }
      amx = kernels_avx512;
      if (kernels_amx_init (&amx))
        tables[n_tables++] = &amx;
    }
#endif

  return NULL;
}

const Kernels *const *
kernels_list (void)
{
  static GOnce once = G_ONCE_INIT;

  g_once (&once, fill_tables, NULL);
  return tables;
}

const Kernels *
kernels_get (void)
{
  kernels_list ();
  return tables[n_tables - 1];
}

const Kernels *
kernels_get_exact (void)
{
  int last;

  kernels_list ();
  for (last = n_tables - 1; tables[last]->prefers_bf16;)
    last--;
  return tables[last];
}
