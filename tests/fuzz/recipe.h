/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recipe.h: how the fuzzers say what a model folder is like: a model of the tests and lines
 * that change it. Whatever a fuzzer makes of a recipe most of it is still JSON, so that
 * what lies behind the parser is reached. Lines that say nothing are passed over.
 *
 *   model NUMBER         the folder that is begun with; the last such line counts
 *   unet KEY VALUE       in unet/config.json KEY is VALUE, which need not be JSON; without
 *   scheduler KEY VALUE    VALUE there is no KEY. The same of the scheduler's file,
 *   header NAME VALUE      and of the header of the weights
 *   tensor NUMBER KEY VALUE  in the entry of that tensor of the header
 *   byte FILE OFFSET VALUE   FILE: u, w or s; counted from the end where it is negative
 *   cut FILE LENGTH
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include <json-glib/json-glib.h>

typedef struct
{
  GString *unet, *scheduler; /* the texts of the two files */
  GString *weights;          /* the whole file */
} Folder;

#define RECIPE_MAX_LINES 64

/* --- JSON that need not stay it ----------------------------------------------- */

/* `object` with `key` set to `value`, as text; at the end where the key or the value is such
 * that JSON would not have it. */
static inline void
recipe_set (GString *text, const char *key, const char *value)
{
  JsonNode *root = json_from_string (text->str, NULL);
  JsonNode *node =
    value && g_utf8_validate (value, -1, NULL) ? json_from_string (value, NULL) : NULL;
  char *last = strrchr (text->str, '}');

  if (root && JSON_NODE_HOLDS_OBJECT (root) && (node || !value))
    {
      JsonObject *object = json_node_get_object (root);
      char       *made;

      if (node)
        json_object_set_member (object, key, g_steal_pointer (&node));
      else if (json_object_has_member (object, key))
        json_object_remove_member (object, key);
      made = json_to_string (root, FALSE);
      g_string_assign (text, made);
      g_free (made);
    }
  else if (value && last)
    {
      char *more = g_strdup_printf (",\"%s\":%s", key, value);

      g_string_insert (text, last - text->str, more);
      g_free (more);
    }
  g_clear_pointer (&node, json_node_unref);
  g_clear_pointer (&root, json_node_unref);
}

/* --- Weights ------------------------------------------------------------------ */

static inline guint64
recipe_header_length (const GString *weights)
{
  guint64 length = 0;

  if (weights->len >= 8)
    memcpy (&length, weights->str, 8);
  return MIN (GUINT64_FROM_LE (length), weights->len >= 8 ? weights->len - 8 : 0);
}

static inline void
recipe_set_header (GString *weights, const GString *header)
{
  guint64 length = GUINT64_TO_LE ((guint64) header->len);

  g_string_erase (weights, 0, (gssize) (8 + recipe_header_length (weights)));
  g_string_insert_len (weights, 0, header->str, (gssize) header->len);
  g_string_insert_len (weights, 0, (char *) &length, 8);
}

/* The name of the tensor with this number; NULL when there is none. */
static inline char *
recipe_tensor_name (const GString *header, int number)
{
  JsonNode *root = json_from_string (header->str, NULL);
  char     *name = NULL;

  if (root && JSON_NODE_HOLDS_OBJECT (root))
    {
      GList *names = json_object_get_members (json_node_get_object (root));

      name = g_strdup (g_list_nth_data (names, (guint) MAX (number, 0)));
      g_list_free (names);
    }
  g_clear_pointer (&root, json_node_unref);
  return name;
}

static inline void
recipe_change_header (GString *weights, const char *tensor, const char *key, const char *value)
{
  GString *header = g_string_new_len (weights->str + 8, (gssize) recipe_header_length (weights));

  if (tensor)
    {
      char     *name = recipe_tensor_name (header, atoi (tensor));
      JsonNode *root = json_from_string (header->str, NULL);

      if (name && root && json_object_has_member (json_node_get_object (root), name))
        {
          JsonNode *entry = json_object_get_member (json_node_get_object (root), name);
          char     *text = json_to_string (entry, FALSE);
          GString  *changed = g_string_new (text);

          recipe_set (changed, key, value);
          recipe_set (header, name, changed->str);
          g_string_free (changed, TRUE);
          g_free (text);
        }
      g_clear_pointer (&root, json_node_unref);
      g_free (name);
    }
  else
    recipe_set (header, key, value);
  recipe_set_header (weights, header);
  g_string_free (header, TRUE);
}

/* --- Lines -------------------------------------------------------------------- */

static inline GString *
recipe_file (Folder *folder, const char *name)
{
  return name[0] == 'w' ? folder->weights : name[0] == 's' ? folder->scheduler : folder->unet;
}

static inline void
recipe_change_bytes (Folder *folder, char **words)
{
  GString *file = recipe_file (folder, words[1]);
  gint64   place = g_ascii_strtoll (words[2], NULL, 10);

  if (g_str_equal (words[0], "cut"))
    g_string_truncate (file, (gsize) CLAMP (place, 0, (gint64) file->len));
  else if (file->len > 0)
    {
      place = place < 0 ? (gint64) file->len + place : place;
      place = CLAMP (place, 0, (gint64) file->len - 1);
      file->str[place] = (char) (words[3] ? atoi (words[3]) : 0);
    }
}

static inline void
recipe_line (Folder *folder, const char *line)
{
  char **words = g_strsplit (line, " ", 4);
  int    n = (int) g_strv_length (words);
  char **rest = g_strsplit (line, " ", 3);

  if (n >= 3 && g_str_equal (words[0], "tensor"))
    recipe_change_header (folder->weights, words[1], words[2], words[3]);
  else if (n >= 3 && (g_str_equal (words[0], "byte") || g_str_equal (words[0], "cut")))
    recipe_change_bytes (folder, words);
  else if (n >= 2 && g_str_equal (words[0], "unet"))
    recipe_set (folder->unet, rest[1], rest[2]);
  else if (n >= 2 && g_str_equal (words[0], "scheduler"))
    recipe_set (folder->scheduler, rest[1], rest[2]);
  else if (n >= 2 && g_str_equal (words[0], "header"))
    recipe_change_header (folder->weights, NULL, rest[1], rest[2]);
  g_strfreev (rest);
  g_strfreev (words);
}

/* The lines of a recipe, without what no text has. */
static inline char **
recipe_lines (const guint8 *data, size_t size)
{
  char  *text = g_strndup ((const char *) data, size);
  char **lines = g_strsplit (text, "\n", RECIPE_MAX_LINES);

  g_free (text);
  return lines;
}

/* The number behind the last line that begins with `word`; 0 where there is none. */
static inline int
recipe_number (char **lines, const char *word)
{
  const gsize n = strlen (word);
  int         number = 0;

  for (; *lines; lines++)
    if (strncmp (*lines, word, n) == 0 && (*lines)[n] == ' ')
      number = atoi (*lines + n + 1);
  return number;
}
