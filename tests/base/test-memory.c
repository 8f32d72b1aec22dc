/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-memory.c: what the system's files say of memory, and what is refused by it.
 */
#include "base/memory.h"

static void
test_meminfo (void)
{
  g_assert_cmpuint (
    memory_from_meminfo ("MemTotal:  100 kB\nMemAvailable:   40 kB\nSwapFree: 2 kB\n"), ==,
    42 * 1024);
  g_assert_cmpuint (memory_from_meminfo ("MemAvailable:   40 kB"), ==, 40 * 1024);
  g_assert_cmpuint (memory_from_meminfo ("MemTotal: 100 kB\nNotMemAvailable: 1 kB\n"), ==,
                    MEMORY_UNKNOWN);
  g_assert_cmpuint (memory_from_meminfo (""), ==, MEMORY_UNKNOWN);
}

static void
test_cgroup (void)
{
  const char *stat = "anon 5\ninactive_file 100\nactive_file 20\n";
  const char *stat_1 = "inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 20\n";

  g_assert_cmpuint (memory_from_cgroup ("1000\n", "300\n", stat), ==, 820);
  g_assert_cmpuint (memory_from_cgroup ("1000\n", "300\n", stat_1), ==, 820);
  g_assert_cmpuint (memory_from_cgroup ("1000\n", "300\n", NULL), ==, 700);
  g_assert_cmpuint (memory_from_cgroup ("1000\n", "2000\n", NULL), ==, 0);
  g_assert_cmpuint (memory_from_cgroup ("1000\n", "50\n", stat), ==, 1000);
  g_assert_cmpuint (memory_from_cgroup ("max\n", "300\n", stat), ==, MEMORY_UNKNOWN);
  g_assert_cmpuint (memory_from_cgroup ("9223372036854771712\n", "1\n", NULL), ==, MEMORY_UNKNOWN);
  g_assert_cmpuint (memory_from_cgroup (NULL, "300\n", stat), ==, MEMORY_UNKNOWN);
}

static void
test_check (void)
{
  GError *error = NULL;

  g_assert_true (diffusion_memory_check (1000, 1000, &error));
  g_assert_true (diffusion_memory_check (G_MAXSSIZE, MEMORY_UNKNOWN, &error));
  g_assert_false (diffusion_memory_check (3000000000, 1000000000, &error));
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "3.0"));
  g_assert_nonnull (strstr (error->message, "1.0"));
  g_assert_nonnull (strstr (error->message, "select less"));
  g_clear_error (&error);

  /* This machine, whatever it is, has some, and no more than pointers reach. */
  g_assert_cmpuint (diffusion_memory_available (), >, 1 << 20);
  g_assert_cmpuint (diffusion_memory_available (), <=, G_MAXSIZE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/meminfo", test_meminfo);
  g_test_add_func ("/memory/cgroup", test_cgroup);
  g_test_add_func ("/memory/check", test_check);
  return g_test_run ();
}
