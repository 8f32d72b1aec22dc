/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * model-list.c: see model-list.h.
 */
#include "model-list.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>

#include "diffusion.h"
#include "model-chooser.h"

/* Descriptions come from strangers: so many bytes are looked at, and so many
 * characters shown. */
#define MAX_BYTES 16384
#define MAX_CHARS 200

/* Folders that are listed. */
#define MAX_MODELS 100

/* --- What a model says of itself ------------------------------------------ */

/* The start of a file as UTF-8 text; NULL when there is none. */
static char *
read_start (const char *folder, const char *name)
{
  char             *path = g_build_filename (folder, name, NULL);
  GFile            *file = g_file_new_for_path (path);
  GFileInputStream *stream = NULL;
  char             *bytes = NULL;
  gsize             n = 0;

  /* A pipe would have us wait. */
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    stream = g_file_read (file, NULL, NULL);
  if (stream)
    {
      bytes = g_malloc (MAX_BYTES + 1);
      g_input_stream_read_all (G_INPUT_STREAM (stream), bytes, MAX_BYTES, &n, NULL, NULL);
      bytes[n] = '\0';
      g_object_unref (stream);
    }

  g_object_unref (file);
  g_free (path);
  if (bytes)
    {
      char *text = g_utf8_make_valid (bytes, -1);

      g_free (bytes);
      return text;
    }
  return NULL;
}

/* Takes the front matter (between lines of ---) off the lines and finds the licence in it. */
static char **
skip_front_matter (char **lines, char **license)
{
  char **line = lines;

  if (!*line || strcmp (g_strchomp (*line), "---") != 0)
    return lines;

  for (line++; *line && strcmp (g_strchomp (*line), "---") != 0; line++)
    if (g_str_has_prefix (*line, "license:") && !*license)
      *license = g_strstrip (g_strdup (*line + strlen ("license:")));
  return *line ? line + 1 : line;
}

/* The first paragraph that is text: no heading, list, table, picture, code or HTML. */
static char *
first_paragraph (char **line)
{
  GString *text = g_string_new (NULL);

  for (; *line; line++)
    {
      g_strstrip (*line);
      if (**line == '\0' || strchr ("#|!<`*-[>=", **line))
        {
          if (text->len > 0)
            break;
          continue;
        }
      if (text->len > 0)
        g_string_append_c (text, ' ');
      g_string_append (text, *line);
    }

  if (g_utf8_strlen (text->str, -1) > MAX_CHARS)
    {
      g_string_truncate (text, g_utf8_offset_to_pointer (text->str, MAX_CHARS - 1) - text->str);
      g_string_append (text, "…");
    }
  return g_string_free (text, FALSE);
}

static void
read_card (const char *folder, char **summary, char **license)
{
  char  *text = read_start (folder, "README.md");
  char **lines;

  if (!text)
    text = read_start (folder, "MODEL.md");
  lines = g_strsplit (text ? text : "", "\n", -1);
  *summary = first_paragraph (skip_front_matter (lines, license));
  g_strfreev (lines);
  g_free (text);
}

/* --- Cards ---------------------------------------------------------------- */

/* What its files tell of a model that can be used. */
static void
append_facts (GString *text, const DiffusionModel *model, const char *license)
{
  DiffusionModelInfo info;
  char              *size;

  diffusion_model_get_info (model, &info);
  size = g_format_size (info.bytes_loading);

  /* Translators: of a model: how many million parameters, and its need of memory. */
  g_string_append_printf (text, _ ("%.1f million parameters, %s of memory"),
                          (double) info.n_parameters / 1e6, size);
  if (info.sample_size > 0 && !diffusion_model_is_mask_aware (model))
    g_string_append_printf (text, _ (", made for %d × %d pixels"), info.sample_size,
                            info.sample_size);
  if (license && *license)
    g_string_append_printf (text, _ (", licence %s"), license);
  g_string_append (text, diffusion_model_is_mask_aware (model)
                           ? _ (". It sees what is to be filled.")
                           : _ (". It does not see what is to be filled: Inpaint takes many more "
                                "steps."));
  if (info.n_colours == 1)
    g_string_append (text, _ (" It knows grayscale only and sees each channel of a colour image by "
                              "itself."));
  g_free (size);
}

char *
model_list_describe (const char *folder)
{
  GString        *text = g_string_new (NULL);
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load_metadata (folder, &error);
  char           *summary = NULL, *license = NULL;

  read_card (folder, &summary, &license);
  if (*summary)
    g_string_append_printf (text, "%s\n", summary);

  if (model)
    append_facts (text, model, license);
  else
    g_string_append_printf (text, _ ("This model cannot be used: %s"), error->message);

  g_clear_error (&error);
  diffusion_model_free (model);
  g_free (license);
  g_free (summary);
  return g_string_free (text, FALSE);
}

static gboolean
holds_model (const char *folder)
{
  char    *nested = g_build_filename (folder, "unet", "config.json", NULL);
  char    *flat = g_build_filename (folder, "config.json", NULL);
  gboolean found =
    g_file_test (nested, G_FILE_TEST_EXISTS) || g_file_test (flat, G_FILE_TEST_EXISTS);

  g_free (flat);
  g_free (nested);
  return found;
}

static int
compare_cards (gconstpointer a, gconstpointer b)
{
  const ModelCard *one = *(const ModelCard *const *) a, *other = *(const ModelCard *const *) b;

  return g_utf8_collate (one->name, other->name);
}

/* Those of the user. */
static GPtrArray *
find_cards (void)
{
  GPtrArray  *cards = g_ptr_array_new ();
  char       *models = g_build_filename (gimp_directory (), "gimp-diffusion", "models", NULL);
  GDir       *dir = g_dir_open (models, 0, NULL);
  const char *name;

  while (dir && cards->len < MAX_MODELS && (name = g_dir_read_name (dir)))
    {
      char *folder = g_build_filename (models, name, NULL);

      if (holds_model (folder))
        {
          ModelCard *card = g_new (ModelCard, 1);

          card->name = g_filename_display_name (name);
          card->description = model_list_describe (folder);
          card->folder = g_steal_pointer (&folder);
          g_ptr_array_add (cards, card);
        }
      g_free (folder);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_free (models);

  g_ptr_array_sort (cards, compare_cards);
  return cards;
}

GPtrArray *
model_list_new (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) model_card_free);
  GPtrArray *found = find_cards ();
  ModelCard *bundled = g_new0 (ModelCard, 1);

  bundled->name = g_strdup (_ ("Bundled model"));
  bundled->description = g_strdup ("");
  g_ptr_array_add (list, bundled);
  g_ptr_array_extend_and_steal (list, found);
  return list;
}
