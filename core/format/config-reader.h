/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-reader.h: typed and bounded access to the keys of one configuration
 * file. The first thing that is wrong is remembered, and every call after it
 * does nothing and returns the fallback, so that a reader is a plain list of
 * keys with one check at its end.
 *
 * A key that is absent has its fallback (the default of diffusers). null counts
 * as absent only where a function says so.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "diffusion.h"

typedef struct
{
  const char *path;
  JsonObject *object; /* NULL when the file could not be read */
  GError     *error;  /* the first thing that is wrong; NULL while all is well */
} ConfigReader;

typedef struct
{
  const char *name; /* NULL ends a list */
  int         value;
} ConfigChoice;

void config_reader_init (ConfigReader *reader, const char *path);

/* Hands over what was wrong. TRUE when nothing was. */
gboolean config_reader_finish (ConfigReader *reader, GError **error);

/* Is the key there, with a value other than null? */
gboolean config_has (ConfigReader *reader, const char *key);

/* Is it there and null? */
gboolean config_is_null (ConfigReader *reader, const char *key);

gboolean config_bool (ConfigReader *reader, const char *key, gboolean fallback);
int      config_int (ConfigReader *reader, const char *key, int fallback, int min, int max);
double
config_double (ConfigReader *reader, const char *key, double fallback, double min, double max);

/* A string out of a list; `fallback` is the value that an absent key has. */
int
config_choice (ConfigReader *reader, const char *key, int fallback, const ConfigChoice *choices);

/* A string for which this build has one value only. */
void config_only (ConfigReader *reader, const char *key, const char *value);

/* The same as config_choice for a key that holds a list of at most `max` strings, or whole
 * numbers. Each returns the length, 0 where the key is absent or wrong. */
int config_choices (ConfigReader       *reader,
                    const char         *key,
                    const ConfigChoice *choices,
                    int                 max_length,
                    int                *values);
int
config_ints (ConfigReader *reader, const char *key, int min, int max, int max_length, int *values);

/* A list of exactly `length` numbers, newly allocated; NULL when it is wrong. */
double *config_doubles (ConfigReader *reader, const char *key, double min, double max, int length);

/* Says that the value of `key` is wrong: "“KEY” is VALUE, expected EXPECTED."
 * Here and for the rest of config_…: nothing happens after the first error. */
void config_refuse (ConfigReader *reader, const char *key, const char *expected);
