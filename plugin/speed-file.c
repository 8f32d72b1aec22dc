/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * speed-file.c: see speed-file.h.
 *
 *   [Some Processor, 2 threads, 0.1.0]
 *   model-8505484=21000000000;0.01;0.2;
 *   run-plug-in-diffusion-denoise=12;11.3;300000000;287000000;123456789;
 */
#include "speed-file.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#ifdef G_OS_UNIX
#include <sys/utsname.h>
#endif

/* A file that has grown beyond this, by whatever, is begun anew. */
#define MAX_BYTES (64 * 1024)

/* What no machine is slower or faster than; no run takes longer or needs more. */
#define MIN_SPEED      1e5
#define MAX_SPEED      1e17
#define MAX_EVALUATION 1e3
#define MAX_VALUE      1e18

/* Seconds of a run that count as much as all before. */
#define HALF_WEIGHT 2.0

#define NAME_LENGTH 100

/* --- The machine ---------------------------------------------------------- */

/* What Linux tells; elsewhere the architecture has to do. */
static char *
processor_name (void)
{
  char *text = NULL;
  char *name = NULL;

  if (g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    {
      char *line = strstr (text, "model name");
      char *colon = line ? strpbrk (line, ":\n") : NULL;

      if (colon && *colon == ':')
        {
          colon[1 + strcspn (colon + 1, "\n")] = '\0';
          name = g_strndup (g_strstrip (colon + 1), NAME_LENGTH);
        }
    }
  g_free (text);

#ifdef G_OS_UNIX
  if (!name)
    {
      struct utsname system;

      if (uname (&system) == 0)
        name = g_strdup (system.machine);
    }
#endif
  return name ? name : g_strdup ("processor");
}

char *
speed_file_machine (int n_threads)
{
  char *processor = processor_name ();
  char *machine;

  /* What may not stand in the name of a group. */
  for (char *c = processor; *c; c++)
    if (!g_ascii_isprint (*c) || *c == '[' || *c == ']')
      *c = '_';

  machine = g_strdup_printf ("%s, %d threads, %s", processor, n_threads, VERSION);
  g_free (processor);
  return machine;
}

/* --- The file ------------------------------------------------------------- */

/* What is in the file, nothing when it is not to be trusted. */
static GKeyFile *
read_file (const char *path)
{
  GKeyFile *file = g_key_file_new ();
  GStatBuf  status;

  if (g_stat (path, &status) != 0 || status.st_size > MAX_BYTES ||
      !g_file_test (path, G_FILE_TEST_IS_REGULAR) ||
      !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    {
      g_key_file_unref (file);
      file = g_key_file_new ();
    }
  return file;
}

static gboolean
get_numbers (const char *path,
             const char *machine,
             const char *prefix,
             const char *name,
             double     *numbers,
             gsize       n)
{
  GKeyFile *file = read_file (path);
  char     *key = g_strconcat (prefix, name, NULL);
  gsize     n_found = 0;
  double   *found = g_key_file_get_double_list (file, machine, key, &n_found, NULL);
  gboolean  ok = found && n_found == n;

  for (gsize i = 0; ok && i < n; i++)
    {
      ok = isfinite (found[i]) && found[i] >= 0 && found[i] <= MAX_VALUE;
      numbers[i] = found[i];
    }

  g_free (found);
  g_free (key);
  g_key_file_unref (file);
  return ok;
}

static void
set_numbers (const char *path,
             const char *machine,
             const char *prefix,
             const char *name,
             double     *numbers,
             gsize       n)
{
  GKeyFile *file = read_file (path);
  char     *key = g_strconcat (prefix, name, NULL);
  char     *folder = g_path_get_dirname (path);

  g_key_file_set_double_list (file, machine, key, numbers, n);
  g_key_file_set_comment (file, NULL, NULL,
                          " How fast this machine has been, for estimates. May be deleted.", NULL);
  g_mkdir_with_parents (folder, 0700);
  if (!g_key_file_save_to_file (file, path, NULL))
    g_debug ("%s cannot be written", path);

  g_free (folder);
  g_free (key);
  g_key_file_unref (file);
}

gboolean
speed_file_get (const char *path, const char *machine, const char *model, Speed *speed)
{
  double numbers[3];

  if (!get_numbers (path, machine, "model-", model, numbers, 3) || numbers[0] < MIN_SPEED ||
      numbers[0] > MAX_SPEED || numbers[1] > MAX_EVALUATION)
    {
      *speed = (Speed) { 0 };
      return FALSE;
    }
  *speed = (Speed) { numbers[0], numbers[1], numbers[2] };
  return TRUE;
}

void
speed_file_set (const char *path, const char *machine, const char *model, const Speed *speed)
{
  double numbers[3] = { speed->speed, speed->evaluation, speed->loading };

  set_numbers (path, machine, "model-", model, numbers, 3);
}

gboolean
speed_file_get_run (const char *path, const char *machine, const char *procedure, SpeedRun *run)
{
  double numbers[5];

  if (!get_numbers (path, machine, "run-", procedure, numbers, 5))
    return FALSE;
  *run = (SpeedRun) { numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] };
  return TRUE;
}

void
speed_file_set_run (const char     *path,
                    const char     *machine,
                    const char     *procedure,
                    const SpeedRun *run)
{
  double numbers[5] = { run->expected_seconds, run->seconds, run->expected_bytes, run->bytes,
                        run->key };

  set_numbers (path, machine, "run-", procedure, numbers, 5);
}

/* --- Arithmetic ----------------------------------------------------------- */

double
speed_seconds (const Speed *speed, double macs, double n_evaluations)
{
  return macs / speed->speed + n_evaluations * speed->evaluation;
}

void
speed_learn (Speed *speed, double macs, double n_evaluations, double seconds)
{
  double weight = seconds / (seconds + HALF_WEIGHT);
  double slower;

  if (!(macs > 0) || !(seconds > 0))
    return;

  /* Twice as fast and half as fast are as far away. */
  slower = pow (seconds / speed_seconds (speed, macs, n_evaluations), weight);
  if (!(speed->speed / slower > MIN_SPEED && speed->speed / slower < MAX_SPEED &&
        speed->evaluation * slower < MAX_EVALUATION))
    return;
  speed->speed /= slower;
  speed->evaluation *= slower;
}
