/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-speed-file.c: what is remembered of a machine's speed, and that nothing
 * in the file can do harm.
 */
#include <string.h>

#include <glib/gstdio.h>

#include "speed-file.h"

#define MACHINE "A Processor, 2 threads, 1"

static char *folder, *path;

static void
write_text (const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* What is known of the model "7"; 0 when nothing is. */
static double
known_speed (void)
{
  Speed speed = { 1, 1, 1 };

  if (speed_file_get (path, MACHINE, "7", &speed))
    return speed.speed;
  g_assert_cmpfloat (speed.speed, ==, 0);
  g_assert_cmpfloat (speed.evaluation, ==, 0);
  g_assert_cmpfloat (speed.loading, ==, 0);
  return 0;
}

static void
test_missing (void)
{
  SpeedRun run;

  g_assert_cmpfloat (known_speed (), ==, 0);
  g_assert_false (speed_file_get_run (path, MACHINE, "inpaint", &run));
}

static void
test_written (void)
{
  const Speed    speed = { 2.5e10, 0.01, 0.25 }, other = { 1e9, 0.1, 4 };
  const SpeedRun run = { 12, 11, 3e8, 2e8, 4e9 };
  Speed          found;
  SpeedRun       found_run;

  speed_file_set (path, MACHINE, "7", &speed);
  speed_file_set (path, MACHINE, "8", &other);
  speed_file_set (path, "Another, 2 threads, 1", "7", &other);
  speed_file_set_run (path, MACHINE, "inpaint", &run);

  g_assert_true (speed_file_get (path, MACHINE, "7", &found));
  g_assert_cmpfloat (found.speed, ==, 2.5e10);
  g_assert_cmpfloat (found.evaluation, ==, 0.01);
  g_assert_cmpfloat (found.loading, ==, 0.25);
  g_assert_true (speed_file_get_run (path, MACHINE, "inpaint", &found_run));
  g_assert_cmpfloat (found_run.expected_seconds, ==, 12);
  g_assert_cmpfloat (found_run.seconds, ==, 11);
  g_assert_cmpfloat (found_run.expected_bytes, ==, 3e8);
  g_assert_cmpfloat (found_run.bytes, ==, 2e8);
  g_assert_cmpfloat (found_run.key, ==, 4e9);
  g_assert_false (speed_file_get_run (path, MACHINE, "denoise", &found_run));

  /* Another machine, other threads, another version: nothing is known. */
  g_assert_false (speed_file_get (path, "A Processor, 4 threads, 1", "7", &found));
  g_assert_true (speed_file_get (path, "Another, 2 threads, 1", "7", &found));
  g_assert_cmpfloat (found.speed, ==, 1e9);
}

/* Each of these is as good as no file, and the next run replaces it. */
static void
test_damaged (void)
{
  static const char *const texts[] = {
    "",
    "\n\n",
    "no key file",
    "[" MACHINE,
    "[" MACHINE "]\nmodel-7\n",
    "[" MACHINE "]\nmodel-7=\n",
    "[" MACHINE "]\nmodel-7=2e10\n",
    "[" MACHINE "]\nmodel-7=2e10;0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;-0.01;0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;1e18;0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;nan;0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;0.01;0.1;3;\n",
    "[" MACHINE "]\nmodel-7=fast;0.01;0.1;\n",
    "[" MACHINE "]\nmodel-7=nan;0.01;0.1;\n",
    "[" MACHINE "]\nmodel-7=inf;0.01;0.1;\n",
    "[" MACHINE "]\nmodel-7=-2e10;0.01;0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;0.01;-0.1;\n",
    "[" MACHINE "]\nmodel-7=2e10;0.01;nan;\n",
    "[" MACHINE "]\nmodel-7=1e-300;0.01;0;\n",
    "[" MACHINE "]\nmodel-7=1e300;0.01;0;\n",
    "[" MACHINE "]\nmodel-7=0;0.01;0;\n",
    "\xff\xfe\x00",
    "[\xff]\nmodel-7=2e10;0.01;0.1;\n",
  };
  const Speed speed = { 3e10, 0.01, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      write_text (texts[i]);
      g_assert_cmpfloat (known_speed (), ==, 0);
      speed_file_set (path, MACHINE, "7", &speed);
      g_assert_cmpfloat (known_speed (), ==, 3e10);
    }
}

static void
test_huge (void)
{
  GString    *text = g_string_new ("[" MACHINE "]\nmodel-7=2e10;0.01;0.1;\n");
  const Speed speed = { 3e10, 0.01, 0 };
  GStatBuf    status;

  write_text (text->str);
  g_assert_cmpfloat (known_speed (), ==, 2e10);
  for (int i = 0; text->len < 100000; i++)
    g_string_append_printf (text, "model-%d=2e10;0.01;0.1;\n", 100 + i);
  write_text (text->str);
  g_assert_cmpfloat (known_speed (), ==, 0);

  speed_file_set (path, MACHINE, "7", &speed);
  g_assert_cmpfloat (known_speed (), ==, 3e10);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, <, 1000);
  g_string_free (text, TRUE);
}

/* A folder in its place: nothing is known, nothing can be written, nothing breaks. */
static void
test_folder (void)
{
  const Speed speed = { 3e10, 0.01, 0 };

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_cmpfloat (known_speed (), ==, 0);
  speed_file_set (path, MACHINE, "7", &speed);
  g_assert_cmpfloat (known_speed (), ==, 0);
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

/* It can stand as the name of a group. */
static void
test_machine (void)
{
  char       *two = speed_file_machine (2), *four = speed_file_machine (4);
  const Speed speed = { 2e10, 0.01, 0 };
  Speed       found;

  g_test_message ("%s", two);
  g_assert_cmpstr (two, !=, four);
  g_assert_null (strpbrk (two, "[]\n"));
  speed_file_set (path, two, "7", &speed);
  g_assert_true (speed_file_get (path, two, "7", &found));
  g_assert_false (speed_file_get (path, four, "7", &found));
  g_free (two);
  g_free (four);
}

static void
assert_learned (double macs, double n_evaluations, double seconds, double slower)
{
  Speed speed = { 1e9, 0.5, 3 };

  speed_learn (&speed, macs, n_evaluations, seconds);
  g_assert_cmpfloat_with_epsilon (speed.speed, 1e9 / slower, 1e5);
  g_assert_cmpfloat_with_epsilon (speed.evaluation, 0.5 * slower, 1e-4);
  g_assert_cmpfloat (speed.loading, ==, 3);
}

static void
test_learned (void)
{
  Speed speed = { 1e9, 0.5, 3 };

  g_assert_cmpfloat_with_epsilon (speed_seconds (&speed, 4e9, 6), 7, 1e-9);
  assert_learned (4e9, 6, 7, 1);         /* as was foretold */
  assert_learned (2e8, 0.6, 2, 2);       /* foretold .5 s: half the way to four times slower */
  assert_learned (4e9, 8, 2, 0.5);       /* foretold 8 s */
  assert_learned (2e15, 4e6, 1.6e7, 4);  /* a long run */
  assert_learned (4e-1, 6e-10, 7e-6, 1); /* a short one */
  assert_learned (0, 0, 2, 1);           /* none */
  assert_learned (4e9, 6, 0, 1);
  assert_learned (G_MAXDOUBLE, 6, 2, 1); /* what cannot be */
  assert_learned (1, 1e-9, 1e30, 1);

  for (int i = 0; i < 20; i++)
    speed_learn (&speed, 8e9, 12, 28);
  g_assert_cmpfloat_with_epsilon (speed_seconds (&speed, 8e9, 12), 28, 1e-3);
}

static void
run_in_folder (gconstpointer test)
{
  folder = g_dir_make_tmp ("speed-XXXXXX", NULL);
  path = g_build_filename (folder, "of", "plug-in.ini", NULL);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  {
    char *parent = g_path_get_dirname (path);

    g_assert_cmpint (g_mkdir (parent, 0700), ==, 0);
    ((void (*) (void)) test) ();
    g_remove (path);
    g_rmdir (parent);
    g_free (parent);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* and no other file was left */
  g_free (path);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/speed-file/missing", (gconstpointer) test_missing, run_in_folder);
  g_test_add_data_func ("/speed-file/written", (gconstpointer) test_written, run_in_folder);
  g_test_add_data_func ("/speed-file/damaged", (gconstpointer) test_damaged, run_in_folder);
  g_test_add_data_func ("/speed-file/huge", (gconstpointer) test_huge, run_in_folder);
  g_test_add_data_func ("/speed-file/folder", (gconstpointer) test_folder, run_in_folder);
  g_test_add_data_func ("/speed-file/machine", (gconstpointer) test_machine, run_in_folder);
  g_test_add_func ("/speed-file/learned", test_learned);
  return g_test_run ();
}
