/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-reader.c: see config-reader.h for the error rule.
 */
#include "format/config-reader.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "format/model-file.h"
#include "format/model-json.h"

void
config_reader_init (ConfigReader *reader, const char *path)
{
  *reader = (ConfigReader) { .path = path };
  reader->object = model_json_load (path, &reader->error);
}

gboolean
config_reader_finish (ConfigReader *reader, GError **error)
{
  gboolean ok = reader->error == NULL;

  g_clear_pointer (&reader->object, json_object_unref);
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&reader->error));
  return ok;
}

static GType
type_of (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
}

/* The value of `key`; NULL when it is absent or nothing is read any more. */
static JsonNode *
lookup (ConfigReader *reader, const char *key)
{
  return reader->error ? NULL : json_object_get_member (reader->object, key);
}

gboolean
config_has (ConfigReader *reader, const char *key)
{
  JsonNode *node = lookup (reader, key);

  return node && !JSON_NODE_HOLDS_NULL (node);
}

gboolean
config_is_null (ConfigReader *reader, const char *key)
{
  JsonNode *node = lookup (reader, key);

  return node && JSON_NODE_HOLDS_NULL (node);
}

/* The value as it is put into a message. */
static char *
describe (JsonNode *node)
{
  char *json = json_to_string (node, FALSE);
  char *text;

  /* json-glib writes 0.1 with seventeen digits. */
  if (type_of (node) == G_TYPE_DOUBLE && strlen (json) > 12)
    {
      char number[G_ASCII_DTOSTR_BUF_SIZE];

      g_free (json);
      json =
        g_strdup (g_ascii_formatd (number, sizeof number, "%.9g", json_node_get_double (node)));
    }
  text = model_file_printable (json);
  g_free (json);
  return text;
}

void
config_refuse (ConfigReader *reader, const char *key, const char *expected)
{
  JsonNode *node;

  if (reader->error)
    return;
  node = json_object_get_member (reader->object, key);
  if (node)
    {
      char *value = describe (node);

      model_file_fail (&reader->error, reader->path, _ ("“%s” is %s, expected %s."), key, value,
                       expected);
      g_free (value);
    }
  else
    {
      model_file_fail (&reader->error, reader->path, _ ("“%s” is missing, expected %s."), key,
                       expected);
    }
}

/* The same with a format. */
static void G_GNUC_PRINTF (3, 4)
  refuse (ConfigReader *reader, const char *key, const char *format, ...)
{
  va_list args;
  char   *expected;

  va_start (args, format);
  expected = g_strdup_vprintf (format, args);
  va_end (args);
  config_refuse (reader, key, expected);
  g_free (expected);
}

/* --- Single values -------------------------------------------------------- */

static gboolean
get_int (JsonNode *node, int min, int max, int *value)
{
  gint64 wide;

  if (type_of (node) != G_TYPE_INT64)
    return FALSE;
  wide = json_node_get_int (node);
  if (wide < min || wide > max)
    return FALSE;
  *value = wide;
  return TRUE;
}

static gboolean
get_double (JsonNode *node, double min, double max, double *value)
{
  if (type_of (node) != G_TYPE_INT64 && type_of (node) != G_TYPE_DOUBLE)
    return FALSE;
  *value = json_node_get_double (node);
  return *value >= min && *value <= max;
}

static gboolean
get_choice (JsonNode *node, const ConfigChoice *choices, int *value)
{
  if (type_of (node) != G_TYPE_STRING)
    return FALSE;
  for (; choices->name; choices++)
    if (strcmp (choices->name, json_node_get_string (node)) == 0)
      {
        *value = choices->value;
        return TRUE;
      }
  return FALSE;
}

gboolean
config_bool (ConfigReader *reader, const char *key, gboolean fallback)
{
  JsonNode *node = lookup (reader, key);

  if (!node)
    return fallback;
  if (type_of (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  config_refuse (reader, key, _ ("true or false"));
  return fallback;
}

int
config_int (ConfigReader *reader, const char *key, int fallback, int min, int max)
{
  JsonNode *node = lookup (reader, key);
  int       value;

  if (!node)
    return fallback;
  if (get_int (node, min, max, &value))
    return value;
  if (min < max)
    refuse (reader, key, _ ("a whole number from %d to %d"), min, max);
  else
    refuse (reader, key, "%d", min);
  return fallback;
}

double
config_double (ConfigReader *reader, const char *key, double fallback, double min, double max)
{
  JsonNode *node = lookup (reader, key);
  double    value;

  if (!node)
    return fallback;
  if (get_double (node, min, max, &value))
    return value;
  refuse (reader, key, _ ("a number from %g to %g"), min, max);
  return fallback;
}

static void
refuse_choice (ConfigReader *reader, const char *key, const ConfigChoice *choices)
{
  GString *names = g_string_new (NULL);

  for (const ConfigChoice *choice = choices; choice->name; choice++)
    g_string_append_printf (names, "%s\"%s\"", choice == choices ? "" : ", ", choice->name);
  refuse (reader, key, _ ("one of %s"), names->str);
  g_string_free (names, TRUE);
}

int
config_choice (ConfigReader *reader, const char *key, int fallback, const ConfigChoice *choices)
{
  JsonNode *node = lookup (reader, key);
  int       value;

  if (!node)
    return fallback;
  if (get_choice (node, choices, &value))
    return value;
  refuse_choice (reader, key, choices);
  return fallback;
}

void
config_only (ConfigReader *reader, const char *key, const char *value)
{
  const ConfigChoice choices[] = { { value, 0 }, { NULL, 0 } };
  JsonNode          *node = lookup (reader, key);
  int                found;

  if (node && !get_choice (node, choices, &found))
    refuse (reader, key, "\"%s\"", value);
}

/* --- Lists ---------------------------------------------------------------- */

/* The list under `key`, of min_length…max_length elements; NULL when the key is
 * absent or something is wrong. */
static JsonArray *
lookup_list (ConfigReader *reader, const char *key, int min_length, int max_length)
{
  JsonNode *node = lookup (reader, key);

  if (!node)
    return NULL;
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *list = json_node_get_array (node);
      guint      length = json_array_get_length (list);

      if (length >= (guint) min_length && length <= (guint) max_length)
        return list;
    }
  if (min_length == max_length)
    refuse (reader, key, _ ("a list of length %d"), max_length);
  else
    refuse (reader, key, _ ("a list of length %d to %d"), min_length, max_length);
  return NULL;
}

int
config_choices (ConfigReader       *reader,
                const char         *key,
                const ConfigChoice *choices,
                int                 max_length,
                int                *values)
{
  JsonArray *list = lookup_list (reader, key, 1, max_length);
  int        length = list ? json_array_get_length (list) : 0;

  for (int i = 0; i < length; i++)
    if (!get_choice (json_array_get_element (list, i), choices, &values[i]))
      {
        refuse_choice (reader, key, choices);
        return 0;
      }
  return length;
}

int
config_ints (ConfigReader *reader, const char *key, int min, int max, int max_length, int *values)
{
  JsonArray *list = lookup_list (reader, key, 1, max_length);
  int        length = list ? json_array_get_length (list) : 0;

  for (int i = 0; i < length; i++)
    if (!get_int (json_array_get_element (list, i), min, max, &values[i]))
      {
        refuse (reader, key, _ ("whole numbers from %d to %d"), min, max);
        return 0;
      }
  return length;
}

double *
config_doubles (ConfigReader *reader, const char *key, double min, double max, int length)
{
  JsonArray *list = lookup_list (reader, key, length, length);
  double    *values;

  if (!list)
    return NULL;
  values = g_new (double, length);
  for (int i = 0; i < length; i++)
    if (!get_double (json_array_get_element (list, i), min, max, &values[i]))
      {
        refuse (reader, key, _ ("numbers from %g to %g"), min, max);
        g_free (values);
        return NULL;
      }
  return values;
}
