/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-json.c: see model-json.h.
 *
 * json-glib is a friendly parser: it takes comments, wraps large integers
 * around, lets the last of two equal names win and, before its version 1.10,
 * recurses as deep as the text asks. It takes some hundred bytes for each pair of
 * brackets, and, where the names in one object are chosen to have one hash, time that
 * grows with the square of their number. So each text is first read by a small scanner
 * that knows tokens and depth but no grammar, and counts; only what passes is parsed, and
 * an object of thousands of names entry by entry.
 */
#include "format/model-json.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "format/model-file.h"

#define MAX_DEPTH          16
#define MAX_NUMBER_LENGTH  64
#define MAX_INTEGER_DIGITS 18 /* 10^18 < 2^63 */

/* Ten thousand tensors fit, and a trained schedule of 100000 steps. No network that can be
 * described has as many tensors. */
#define MAX_VALUES     131072 /* strings, names too; numbers and words */
#define MAX_CONTAINERS 32768  /* objects and lists */
#define MAX_ENTRIES    10240  /* in the outermost object, taken one by one */
#define MAX_NAMES      512    /* in any other object */

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

/* What the scanner has come past. */
typedef struct
{
  int depth;
  int values, containers;
  int names[MAX_DEPTH + 1]; /* of the object that is open at each depth */
} Count;

/* A bracket, a comma or a colon. */
static const char *
scan_sign (char sign, Count *count)
{
  switch (sign)
    {
    case '[':
    case '{':
      if (++count->depth > MAX_DEPTH)
        return N_ ("brackets nested too deep");
      count->names[count->depth] = 0;
      count->containers++;
      return NULL;
    case ']':
    case '}':
      return --count->depth < 0 ? N_ ("a bracket that was never opened") : NULL;
    case ':':
      count->names[count->depth]++;
      return NULL;
    case ',':
      return NULL;
    default:
      return N_ ("an unexpected character");
    }
}

static gboolean
is_too_much (const Count *count, int max_outer_names)
{
  return count->values > MAX_VALUES || count->containers > MAX_CONTAINERS ||
         (count->depth >= 0 &&
          count->names[count->depth] > (count->depth <= 1 ? max_outer_names : MAX_NAMES));
}

/* The scanner. Returns NULL when the text may be given to json-glib, else what
 * is wrong with it, and where in `offset`. */
static const char *
scan (const char *text, gsize length, int max_outer_names, gsize *offset)
{
  const char *end = text + length;
  const char *p = text;
  Count       count = { 0 };

  while (p < end)
    {
      const char *token = p;

      *offset = p - text;
      if (is_too_much (&count, max_outer_names))
        return N_ ("more in it than a model needs");
      if (*p == '"')
        {
          count.values++;
          p = skip_string (p, end);
          if (!p)
            return N_ ("a string that does not end or has a forbidden character");
        }
      else if (g_ascii_isdigit (*p) || *p == '-')
        {
          count.values++;
          while (p < end && is_number_char (*p))
            p++;
          if (!scan_number (token, p - token))
            return N_ ("a number that is too large or malformed");
        }
      else if (is_word_char (*p))
        {
          gsize n;

          count.values++;
          while (p < end && is_word_char (*p))
            p++;
          n = p - token;
          if (!((n == 4 && strncmp (token, "true", 4) == 0) ||
                (n == 4 && strncmp (token, "null", 4) == 0) ||
                (n == 5 && strncmp (token, "false", 5) == 0)))
            return N_ ("an unknown word");
        }
      else if (*p && strchr (" \t\r\n", *p))
        p++;
      else
        {
          const char *problem = scan_sign (*p++, &count);

          if (problem)
            return problem;
        }
    }

  *offset = length;
  if (is_too_much (&count, max_outer_names))
    return N_ ("more in it than a model needs");
  return count.depth > 0 ? N_ ("the end before a bracket is closed") : NULL;
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

static void
refuse_length (const char *path, guint64 length, GError **error)
{
  model_file_fail (error, path, _ ("The JSON text has %zu bytes, expected at most %d."),
                   (gsize) length, MODEL_JSON_MAX_LENGTH);
}

/* FALSE where the text is not to be given to the parser. */
static gboolean
check_text (const char *path, const char *text, gsize length, int max_outer_names, GError **error)
{
  const char *problem;
  gsize       offset = 0;

  if (length == 0)
    return model_file_fail (error, path, _ ("A JSON object {…} was expected, there is nothing."));
  if (length > MODEL_JSON_MAX_LENGTH)
    {
      refuse_length (path, length, error);
      return FALSE;
    }
  if (!g_utf8_validate_len (text, length, NULL))
    return model_file_fail (error, path, _ ("JSON in UTF-8 was expected, this is something else."));
  problem = scan (text, length, max_outer_names, &offset);
  if (problem)
    return model_file_fail (error, path, _ ("This is not valid JSON: %s (byte %zu)."), _ (problem),
                            offset);
  return TRUE;
}

static JsonNode *
parse (const char *path, const char *text, gsize length, GError **error)
{
  JsonNode   *root = NULL;
  JsonParser *parser = json_parser_new_immutable ();
  GError     *failure = NULL;
  NameCheck   check = { g_array_new (FALSE, FALSE, sizeof (guint)), NULL };

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
      root = json_parser_get_root (parser);
      if (root)
        json_node_ref (root);
      else
        model_file_fail (error, path, _ ("A JSON object {…} was expected."));
    }

  g_object_unref (parser);
  g_array_unref (check.n_members);
  g_free (check.duplicate);
  return root;
}

JsonObject *
model_json_parse (const char *path, const char *text, gsize length, GError **error)
{
  JsonObject *object = NULL;
  JsonNode   *root;

  if (!check_text (path, text, length, MAX_NAMES, error))
    return NULL;
  root = parse (path, text, length, error);
  if (!root)
    return NULL;

  if (JSON_NODE_HOLDS_OBJECT (root))
    object = json_object_ref (json_node_get_object (root));
  else
    model_file_fail (error, path, _ ("A JSON object {…} was expected."));
  json_node_unref (root);
  return object;
}

/* --- Entry by entry --------------------------------------------------------- */

static const char *
skip_space (const char *p, const char *end)
{
  while (p < end && strchr (" \t\r\n", *p))
    p++;
  return p;
}

/* From where a value starts to the comma or bracket behind it. */
static const char *
skip_value (const char *p, const char *end)
{
  for (int depth = 0; p < end; p++)
    if (*p == '"')
      p = skip_string (p, end) - 1; /* it ends: the scanner has seen it */
    else if (*p == '[' || *p == '{')
      depth++;
    else if ((*p == ',' && depth == 0) || ((*p == ']' || *p == '}') && depth-- == 0))
      break;
  return p;
}

/* Parses [NAME,VALUE] and hands both over. */
static gboolean
take_entry (const char    *path,
            const char    *text,
            gsize          length,
            ModelJsonEntry take,
            gpointer       data,
            GError       **error)
{
  JsonNode  *root = parse (path, text, length, error);
  JsonArray *pair;
  gboolean   ok;

  if (!root)
    return FALSE;
  pair = json_node_get_array (root);
  ok = json_array_get_length (pair) == 2
         ? take (data, json_array_get_string_element (pair, 0), json_array_get_element (pair, 1),
                 error)
         : model_file_fail (error, path, _ ("A JSON object {…} was expected."));
  json_node_unref (root);
  return ok;
}

gboolean
model_json_parse_entries (const char    *path,
                          const char    *text,
                          gsize          length,
                          ModelJsonEntry take,
                          gpointer       data,
                          GError       **error)
{
  const char *end = text + length;
  const char *p;
  GString    *pair;
  gboolean    ok;
  char        sign;

  if (!check_text (path, text, length, MAX_ENTRIES, error))
    return FALSE;
  p = skip_space (text, end);
  if (p == end || *p != '{')
    return model_file_fail (error, path, _ ("A JSON object {…} was expected."));

  p = skip_space (p + 1, end);
  if (*p == '}')
    return skip_space (p + 1, end) == end ||
           model_file_fail (error, path, _ ("This is not valid JSON: %s (byte %zu)."),
                            _ ("an unexpected character"), (gsize) (p + 1 - text));

  pair = g_string_new (NULL);
  do
    {
      const char *name = p, *name_end = *p == '"' ? skip_string (p, end) : p;
      const char *colon = skip_space (name_end, end);
      const char *value, *value_end;

      ok = name_end > name && colon < end && *colon == ':';
      if (!ok)
        break;
      value = skip_space (colon + 1, end);
      p = value_end = skip_value (value, end);
      ok = p < end && value_end > value && *p != ']';
      if (!ok)
        break;
      sign = *p;

      g_string_assign (pair, "[");
      g_string_append_len (pair, name, name_end - name);
      g_string_append_c (pair, ',');
      g_string_append_len (pair, value, value_end - value);
      g_string_append_c (pair, ']');
      if (!take_entry (path, pair->str, pair->len, take, data, error))
        {
          g_string_free (pair, TRUE);
          return FALSE;
        }
      p = skip_space (p + 1, end);
      ok = sign == ',' ? p < end : p == end;
    }
  while (ok && sign == ',');
  g_string_free (pair, TRUE);

  return ok || model_file_fail (error, path, _ ("This is not valid JSON: %s (byte %zu)."),
                                _ ("an unexpected character"), (gsize) (p - text));
}

JsonObject *
model_json_load (const char *path, GError **error)
{
  ModelFile  *file = model_file_open (path, error);
  JsonObject *object = NULL;
  char       *text;
  guint64     length;

  if (!file)
    return NULL;
  length = model_file_get_length (file);
  if (length > MODEL_JSON_MAX_LENGTH)
    {
      refuse_length (path, length, error);
      model_file_close (file);
      return NULL;
    }

  text = g_malloc (length);
  if (model_file_read (file, 0, text, length, error))
    object = model_json_parse (path, text, length, error);
  g_free (text);
  model_file_close (file);
  return object;
}
