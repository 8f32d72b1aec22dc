/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tables.h: tests that are run with every table of kernels. One that this processor
 * cannot run is reported by its name, as not run, which is no pass.
 */
#pragma once

#include <string.h>

#include "kernels/dispatch.h"

/* All but the reference that processors of this family may have. */
#if defined(__aarch64__)
static const char *const tables_fast[] = { "neon" };
#elif defined(__x86_64__)
static const char *const tables_fast[] = { "baseline", "avx2", "avx512", "bf16", "amx" };
#else
static const char *const tables_fast[] = { "baseline" };
#endif

/* NULL where this processor cannot run it. */
static inline const Kernels *
tables_get (const char *name)
{
  for (const Kernels *const *table = kernels_list (); *table; table++)
    if (strcmp ((*table)->name, name) == 0)
      return *table;
  return NULL;
}

typedef struct Fixture
{
  const Kernels *fast;
  GRand         *rand; /* the same numbers for each table */
  void (*test) (struct Fixture *);
} Fixture;

static inline void
tables_run (gconstpointer data)
{
  Fixture fixture = *(const Fixture *) data;

  fixture.rand = g_rand_new_with_seed (7);
  fixture.test (&fixture);
  g_rand_free (fixture.rand);
}

static inline void
tables_skip (gconstpointer name)
{
  char *text = g_strdup_printf ("not run: this processor has no %s", (const char *) name);

  g_test_skip (text);
  g_free (text);
}

/* Adds the test PATH/TABLE for one table. */
static inline void
tables_add_one (const char *path, const char *name, void (*test) (Fixture *))
{
  const Fixture fixture = { .fast = tables_get (name), .test = test };
  char         *full = g_strdup_printf ("%s/%s", path, name);

  if (fixture.fast)
    g_test_add_data_func_full (full, g_memdup2 (&fixture, sizeof fixture), tables_run, g_free);
  else
    g_test_add_data_func (full, name, tables_skip);
  g_free (full);
}

/* For every fast table. */
static inline void
tables_add (const char *path, void (*test) (Fixture *))
{
  for (guint i = 0; i < G_N_ELEMENTS (tables_fast); i++)
    tables_add_one (path, tables_fast[i], test);
}

/* For programs that take all tables in turn: says which of them were left out. */
static inline void
tables_add_missing (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables_fast); i++)
    if (!tables_get (tables_fast[i]))
      tables_add_one (path, tables_fast[i], NULL);
}
