/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * speed-file.h: how fast this machine has been, from one run of the plug-in to
 * the next: a small key file in the user's GIMP folder. What it holds is used
 * for estimates alone; a file that is missing, damaged or of another machine
 * means that nothing is known yet. Knows neither GIMP nor core.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What has been seen of one model on one machine. */
typedef struct
{
  double speed;      /* multiply-accumulates a second; 0: not known */
  double evaluation; /* seconds that each evaluation takes beside them */
  double loading;    /* seconds that the model takes to load */
} Speed;

/* What the last run of one procedure was expected to take, and took. */
typedef struct
{
  double expected_seconds, seconds;
  double expected_bytes, bytes;
  double key; /* tells runs apart: of what, with which settings */
} SpeedRun;

/* The group of the file for this machine: processor, threads and the version of
 * the plug-in. Free with g_free(). */
char *speed_file_machine (int n_threads);

/* FALSE where nothing is known, or nothing that can be true. `model` tells models
 * apart whose speed may differ; it is a key: letters, digits and "-". */
gboolean speed_file_get (const char *path, const char *machine, const char *model, Speed *speed);
gboolean
speed_file_get_run (const char *path, const char *machine, const char *procedure, SpeedRun *run);

/* Written to a new file that takes the old one's place. That it cannot be written
 * is no error: the next run has to measure again. */
void speed_file_set (const char *path, const char *machine, const char *model, const Speed *speed);
void speed_file_set_run (const char     *path,
                         const char     *machine,
                         const char     *procedure,
                         const SpeedRun *run);

/* Seconds that so many multiply-accumulates in so many evaluations take.
 * The speed is known. */
double speed_seconds (const Speed *speed, double macs, double n_evaluations);

/* Both numbers follow a run that took `seconds`, by one factor: the longer it took the more
 * it counts. The speed is known. */
void speed_learn (Speed *speed, double macs, double n_evaluations, double seconds);

G_END_DECLS
