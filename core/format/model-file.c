/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-file.c: opening, parsing and blaming the files of a model folder.
 *
 * json-glib is a friendly parser: it takes comments, wraps large integers
 * around, lets the last of two equal names win and, before its version 1.10,
 * recurses as deep as the text asks. So each text is first read by a small
 * scanner that knows tokens and depth but no grammar, and only what passes is
 * parsed.
 */
#include "format/model-file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define MAX_DEPTH          16
#define MAX_NUMBER_LENGTH  64
#define MAX_INTEGER_DIGITS 18 /* 10^18 < 2^63 */
#define MAX_PRINTABLE      60

gboolean
model_file_fail (GError **error, const char *path, const char *format, ...)
{
  va_list args;
  char   *sentence;
  char   *name;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  name = g_filename_display_name (path);

  g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MODEL, "%s: %s", name, sentence);

  g_free (name);
  g_free (sentence);
  return FALSE;
}

char *
model_file_printable (const char *text)
{
  char    *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  int      n = 0;

  for (const char *p = valid; *p; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (n++ == MAX_PRINTABLE)
        {
          g_string_append (out, "…");
          break;
        }
      g_string_append_unichar (out, g_unichar_isprint (c) ? c : 0xFFFD);
    }
  g_free (valid);
  return g_string_free (out, FALSE);
}

/* --- Opening -------------------------------------------------------------- */

GMappedFile *
model_file_map (const char *path, GError **error)
{
  GMappedFile *map;
  GError      *failure = NULL;
  GStatBuf     info;

  /* Opening a pipe or a device could wait for ever, so look first. */
  if (g_stat (path, &info) != 0)
    {
      int code = errno;

      if (code == ENOENT || code == ENOTDIR)
        model_file_fail (error, path, _ ("This file of the model is missing."));
      else
        model_file_fail (error, path, _ ("This file of the model cannot be opened (%s)."),
                         g_strerror (code));
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    {
      model_file_fail (error, path, _ ("A file was expected, this is something else."));
      return NULL;
    }

  map = g_mapped_file_new (path, FALSE, &failure);
  if (!map)
    {
      model_file_fail (error, path, _ ("This file of the model cannot be read (%s)."),
                       failure->message);
      g_error_free (failure);
    }
  return map;
}

/* --- JSON ----------------------------------------------------------------- */

static gboolean
is_word_char (char c)
{
  return g_ascii_isalpha (c) || c == '_' || c == '$';
}

static gboolean
is_number_char (char c)
{
  return g_ascii_isdigit (c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* From the opening quote at `p` to behind the closing one; NULL when the string
 * does not end or holds what strict JSON or a C string cannot. */
static const char *
skip_string (const char *p, const char *end)
{
  for (p++; p < end; p++)
    {
      if (*p == '"')
        return p + 1;
      if ((guchar) *p < 0x20)
        return NULL;
      if (*p == '\\')
        {
          if (end - p >= 6 && strncmp (p, "\\u0000", 6) == 0)
            return NULL;
          p++;
        }
    }
  return NULL;
}

static gboolean
scan_number (const char *start, gsize length)
{
  gsize    digits = 0;
  gboolean is_integer = TRUE;

  if (length > MAX_NUMBER_LENGTH)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_isdigit (start[i]))
        digits++;
      else if (start[i] != '-')
        is_integer = FALSE;
    }
  return digits > 0 && (!is_integer || digits <= MAX_INTEGER_DIGITS);
}

/* The scanner. Returns NULL when the text may be given to json-glib, else what
 * is wrong with it, and where in `offset`. */
static const char *
scan (const char *text, gsize length, gsize *offset)
{
  const char *end = text + length;
  const char *p = text;
  int         depth = 0;

  while (p < end)
    {
      const char *token = p;

      *offset = p - text;
      if (*p == '"')
        {
          p = skip_string (p, end);
          if (!p)
            return N_ ("a string that does not end or has a forbidden character");
        }
      else if (*p == '[' || *p == '{')
        {
          if (++depth > MAX_DEPTH)
            return N_ ("brackets nested too deep");
          p++;
        }
      else if (*p == ']' || *p == '}')
        {
          if (--depth < 0)
            return N_ ("a bracket that was never opened");
          p++;
        }
      else if (g_ascii_isdigit (*p) || *p == '-')
        {
          while (p < end && is_number_char (*p))
            p++;
          if (!scan_number (token, p - token))
            return N_ ("a number that is too large or malformed");
        }
      else if (is_word_char (*p))
        {
          gsize n;

          while (p < end && is_word_char (*p))
            p++;
          n = p - token;
          if (!((n == 4 && strncmp (token, "true", 4) == 0) ||
                (n == 4 && strncmp (token, "null", 4) == 0) ||
                (n == 5 && strncmp (token, "false", 5) == 0)))
            return N_ ("an unknown word");
        }
      else if (*p && strchr (" \t\r\n,:", *p))
        p++;
      else
        return N_ ("an unexpected character");
    }

  *offset = length;
  return depth > 0 ? N_ ("the end before a bracket is closed") : NULL;
}

/* Finds names that occur twice in one object: by then the parser has replaced
 * the first value, and the object has fewer members than were announced. */
typedef struct
{
  GArray *n_members; /* guint: of each object that is open, outermost first */
  char   *duplicate; /* owned */
} NameCheck;

static void
on_object_start (JsonParser *parser, gpointer data)
{
  NameCheck *check = data;
  guint      none = 0;

  g_array_append_val (check->n_members, none);
}

static void
on_object_member (JsonParser *parser, JsonObject *object, const char *name, gpointer data)
{
  NameCheck *check = data;
  guint     *n = &g_array_index (check->n_members, guint, check->n_members->len - 1);

  if (++*n != json_object_get_size (object) && !check->duplicate)
    check->duplicate = model_file_printable (name);
}

static void
on_object_end (JsonParser *parser, JsonObject *object, gpointer data)
{
  NameCheck *check = data;

  g_array_set_size (check->n_members, check->n_members->len - 1);
}

JsonObject *
model_file_parse_json (const char *path, const char *text, gsize length, GError **error)
{
  JsonObject *object = NULL;
  JsonParser *parser = NULL;
  GError     *failure = NULL;
  NameCheck   check = { NULL, NULL };
  const char *problem;
  gsize       offset = 0;

  if (length == 0)
    {
      model_file_fail (error, path, _ ("A JSON object {…} was expected, there is nothing."));
      return NULL;
    }
  if (length > MODEL_FILE_MAX_JSON)
    {
      model_file_fail (error, path, _ ("The JSON text has %zu bytes, expected at most %d."), length,
                       MODEL_FILE_MAX_JSON);
      return NULL;
    }
  if (!g_utf8_validate_len (text, length, NULL))
    {
      model_file_fail (error, path, _ ("JSON in UTF-8 was expected, this is something else."));
      return NULL;
    }
  problem = scan (text, length, &offset);
  if (problem)
    {
      model_file_fail (error, path, _ ("This is not valid JSON: %s (byte %zu)."), _ (problem),
                       offset);
      return NULL;
    }

  check.n_members = g_array_new (FALSE, FALSE, sizeof (guint));
  parser = json_parser_new_immutable ();
#if JSON_CHECK_VERSION(1, 10, 0)
  json_parser_set_strict (parser, TRUE);
#endif
  g_signal_connect (parser, "object-start", G_CALLBACK (on_object_start), &check);
  g_signal_connect (parser, "object-member", G_CALLBACK (on_object_member), &check);
  g_signal_connect (parser, "object-end", G_CALLBACK (on_object_end), &check);

  if (!json_parser_load_from_data (parser, text, length, &failure))
    {
      model_file_fail (error, path, _ ("This is not valid JSON: %s."), failure->message);
      g_error_free (failure);
    }
  else if (check.duplicate)
    {
      model_file_fail (error, path, _ ("The name “%s” occurs twice in one JSON object."),
                       check.duplicate);
    }
  else
    {
      JsonNode *root = json_parser_get_root (parser);

      if (root && JSON_NODE_HOLDS_OBJECT (root))
        object = json_object_ref (json_node_get_object (root));
      else
        model_file_fail (error, path, _ ("A JSON object {…} was expected."));
    }

  g_object_unref (parser);
  g_array_unref (check.n_members);
  g_free (check.duplicate);
  return object;
}
