/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * presets.c: see presets.h.
 *
 *   [plug-in-diffusion-inpaint My own]
 *   strength=0.5
 *   sampler=ddim
 *
 * The file may hold anything: a value that its property does not take counts as not named. A file
 * that is no key file is left as it is, for it may hold what somebody wants back.
 */
#include "presets.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <libgimp/gimp.h>

#define MAX_BYTES   (256 * 1024)
#define MAX_PRESETS 200
#define NAME_CHARS  60

typedef struct
{
  char   *name;
  GArray *values; /* of GValue, one of each property */
} Preset;

struct Presets
{
  GObject   *config;
  char      *filter, *path;
  GPtrArray *properties; /* of GParamSpec */
  GPtrArray *list;       /* of Preset */
  int        n_shipped;
};

static gboolean
fail (GError **error, const char *sentence)
{
  g_set_error_literal (error, GIMP_PLUG_IN_ERROR, 0, sentence);
  return FALSE;
}

/* --- Values --------------------------------------------------------------- */

/* What belongs to one picture or to the dialog is none. */
static gboolean
is_preset_property (const GParamSpec *pspec)
{
  static const char *const others[] = { "seed", "sample-merged", "dialog-seen", "overwrite", NULL };

  return (G_IS_PARAM_SPEC_INT (pspec) || G_IS_PARAM_SPEC_DOUBLE (pspec) ||
          G_IS_PARAM_SPEC_BOOLEAN (pspec) || GIMP_IS_PARAM_SPEC_CHOICE (pspec)) &&
         !g_strv_contains (others, pspec->name);
}

/* Into `value`, which holds the default; that stays where the text is no value of it. */
static void
read_value (GParamSpec *pspec, const char *text, GValue *value)
{
  gint64 whole;
  double number;
  char  *end;

  if (GIMP_IS_PARAM_SPEC_CHOICE (pspec))
    {
      if (gimp_choice_is_valid (gimp_param_spec_choice_get_choice (pspec), text))
        g_value_set_string (value, text);
    }
  else if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_value_set_boolean (value, strcmp (text, "true") == 0);
  else if (G_IS_PARAM_SPEC_INT (pspec))
    {
      const GParamSpecInt *limits = G_PARAM_SPEC_INT (pspec);

      if (g_ascii_string_to_signed (text, 10, limits->minimum, limits->maximum, &whole, NULL))
        g_value_set_int (value, (int) whole);
    }
  else
    {
      number = g_ascii_strtod (text, &end);
      if (end != text && *end == '\0' && number >= G_PARAM_SPEC_DOUBLE (pspec)->minimum &&
          number <= G_PARAM_SPEC_DOUBLE (pspec)->maximum)
        g_value_set_double (value, number);
    }
}

/* Free with g_free(). */
static char *
write_value (const GValue *value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (G_VALUE_HOLDS_STRING (value))
    return g_value_dup_string (value);
  if (G_VALUE_HOLDS_BOOLEAN (value))
    return g_strdup (g_value_get_boolean (value) ? "true" : "false");
  if (G_VALUE_HOLDS_INT (value))
    return g_strdup_printf ("%d", g_value_get_int (value));
  return g_strdup (g_ascii_dtostr (text, sizeof text, g_value_get_double (value)));
}

/* --- The list ------------------------------------------------------------- */

static const Preset *
get_preset (const Presets *presets, int i)
{
  return g_ptr_array_index (presets->list, i);
}

static void
add_preset (Presets *presets, const char *name, GKeyFile *file, const char *group)
{
  Preset *preset = g_new (Preset, 1);

  preset->name = g_strdup (name);
  preset->values = g_array_new (FALSE, TRUE, sizeof (GValue));
  g_array_set_clear_func (preset->values, (GDestroyNotify) g_value_unset);
  g_array_set_size (preset->values, presets->properties->len);
  for (guint i = 0; i < presets->properties->len; i++)
    {
      GParamSpec *pspec = g_ptr_array_index (presets->properties, i);
      GValue     *value = &g_array_index (preset->values, GValue, i);
      char       *text = g_key_file_get_string (file, group, pspec->name, NULL);

      g_value_init (value, pspec->value_type);
      g_param_value_set_default (pspec, value);
      if (text)
        read_value (pspec, text, value);
      g_free (text);
    }
  g_ptr_array_add (presets->list, preset);
}

static void
add_shipped (Presets *presets, const ShippedPreset *shipped)
{
  for (; shipped->name; shipped++)
    {
      GKeyFile *file = g_key_file_new ();
      char     *text = g_strconcat ("[values]\n", shipped->values, NULL);

      g_key_file_load_from_data (file, text, strlen (text), G_KEY_FILE_NONE, NULL);
      add_preset (presets, _ (shipped->name), file, "values");
      presets->n_shipped++;
      g_free (text);
      g_key_file_unref (file);
    }
}

/* What is in the file, nothing where there is none; NULL where it is not one of presets. */
static GKeyFile *
read_file (const char *path)
{
  GKeyFile *file = g_key_file_new ();
  GStatBuf  status;

  if (g_stat (path, &status) != 0)
    return file;
  if (status.st_size <= MAX_BYTES && g_file_test (path, G_FILE_TEST_IS_REGULAR) &&
      g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, NULL))
    return file;

  g_key_file_unref (file);
  return NULL;
}

/* The name in the head of a group of this filter; NULL: of another. */
static const char *
name_in_group (const Presets *presets, const char *group)
{
  const char *name =
    g_str_has_prefix (group, presets->filter) ? group + strlen (presets->filter) : NULL;

  return name && name[0] == ' ' && name[1] && g_utf8_strlen (name + 1, -1) <= NAME_CHARS ? name + 1
                                                                                         : NULL;
}

static void
read_own (Presets *presets)
{
  GKeyFile *file = read_file (presets->path);
  char    **groups = file ? g_key_file_get_groups (file, NULL) : NULL;

  g_ptr_array_set_size (presets->list, presets->n_shipped);
  for (int i = 0; groups && groups[i] && presets->list->len < MAX_PRESETS; i++)
    {
      const char *name = name_in_group (presets, groups[i]);

      if (name)
        add_preset (presets, name, file, groups[i]);
    }
  g_strfreev (groups);
  g_clear_pointer (&file, g_key_file_unref);
}

static gboolean
write_file (Presets *presets, GKeyFile *file, GError **error)
{
  char    *folder = g_path_get_dirname (presets->path);
  GError  *failure = NULL;
  gboolean ok;

  g_mkdir_with_parents (folder, 0700);
  ok = g_key_file_save_to_file (file, presets->path, &failure);
  if (!ok)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0, _ ("The presets cannot be saved: %s"),
                 failure->message);
  g_clear_error (&failure);
  g_free (folder);
  read_own (presets);
  return ok;
}

/* With a sentence where there is no reading it. */
static GKeyFile *
open_file (const Presets *presets, GError **error)
{
  GKeyFile *file = read_file (presets->path);

  if (file == NULL)
    g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                 _ ("The file %s is damaged: mend it, or delete it and the presets in it."),
                 presets->path);
  return file;
}

/* As the head of a group may be. Free with g_free(). */
static char *
clean_name (const char *name)
{
  char *clean = g_utf8_make_valid (name, -1);
  char *cut;

  for (char *c = clean; *c; c++)
    if (*c == '[')
      *c = '(';
    else if (*c == ']')
      *c = ')';
    else if (g_ascii_iscntrl (*c))
      *c = ' ';
  g_strstrip (clean);
  cut = g_utf8_substring (clean, 0, MIN (NAME_CHARS, g_utf8_strlen (clean, -1)));
  g_free (clean);
  return g_strchomp (cut);
}

/* --- Public functions ----------------------------------------------------- */

static void
preset_free (gpointer data)
{
  Preset *preset = data;

  g_free (preset->name);
  g_array_unref (preset->values);
  g_free (preset);
}

Presets *
presets_new (GObject *config, const char *filter, const ShippedPreset *shipped)
{
  Presets     *presets = g_new0 (Presets, 1);
  guint        n = 0;
  GParamSpec **all = g_object_class_list_properties (G_OBJECT_GET_CLASS (config), &n);

  presets->config = config;
  presets->filter = g_strdup (filter);
  presets->path = g_build_filename (gimp_directory (), "gimp-diffusion", "presets.ini", NULL);
  presets->properties = g_ptr_array_new ();
  for (guint i = 0; i < n; i++)
    if (is_preset_property (all[i]))
      g_ptr_array_add (presets->properties, all[i]);
  g_free (all);

  presets->list = g_ptr_array_new_with_free_func (preset_free);
  add_shipped (presets, shipped);
  read_own (presets);
  return presets;
}

void
presets_free (Presets *presets)
{
  g_ptr_array_unref (presets->list);
  g_ptr_array_unref (presets->properties);
  g_free (presets->path);
  g_free (presets->filter);
  g_free (presets);
}

int
presets_count (const Presets *presets)
{
  return (int) presets->list->len;
}

const char *
presets_get_name (const Presets *presets, int i)
{
  return get_preset (presets, i)->name;
}

gboolean
presets_is_own (const Presets *presets, int i)
{
  return i >= presets->n_shipped;
}

static gboolean
is_in_force (const Presets *presets, const Preset *preset)
{
  gboolean is_same = TRUE;

  for (guint k = 0; is_same && k < presets->properties->len; k++)
    {
      GParamSpec *pspec = g_ptr_array_index (presets->properties, k);
      GValue      now = G_VALUE_INIT;

      g_value_init (&now, pspec->value_type);
      g_object_get_property (presets->config, pspec->name, &now);
      is_same = g_param_values_cmp (pspec, &now, &g_array_index (preset->values, GValue, k)) == 0;
      g_value_unset (&now);
    }
  return is_same;
}

int
presets_find (const Presets *presets)
{
  for (int i = 0; i < presets_count (presets); i++)
    if (is_in_force (presets, get_preset (presets, i)))
      return i;
  return -1;
}

void
presets_apply (const Presets *presets, int i)
{
  for (guint k = 0; k < presets->properties->len; k++)
    {
      GParamSpec *pspec = g_ptr_array_index (presets->properties, k);

      g_object_set_property (presets->config, pspec->name,
                             &g_array_index (get_preset (presets, i)->values, GValue, k));
    }
}

gboolean
presets_save (Presets *presets, const char *name, GError **error)
{
  char     *clean = clean_name (name);
  char     *group = g_strconcat (presets->filter, " ", clean, NULL);
  GKeyFile *file = NULL;
  gboolean  is_taken = FALSE, ok = FALSE;

  for (int i = 0; i < presets->n_shipped; i++)
    is_taken = is_taken || strcmp (clean, presets_get_name (presets, i)) == 0;

  if (*clean == '\0')
    fail (error, _ ("A preset needs a name."));
  else if (is_taken)
    fail (error, _ ("A preset that comes with the plug-in has this name: choose another one."));
  else if (presets->list->len >= MAX_PRESETS)
    fail (error, _ ("There are too many presets: delete one first."));
  else if ((file = open_file (presets, error)))
    {
      for (guint k = 0; k < presets->properties->len; k++)
        {
          GParamSpec *pspec = g_ptr_array_index (presets->properties, k);
          GValue      now = G_VALUE_INIT;
          char       *text;

          g_value_init (&now, pspec->value_type);
          g_object_get_property (presets->config, pspec->name, &now);
          text = write_value (&now);
          g_key_file_set_string (file, group, pspec->name, text);
          g_free (text);
          g_value_unset (&now);
        }
      ok = write_file (presets, file, error);
    }

  g_clear_pointer (&file, g_key_file_unref);
  g_free (group);
  g_free (clean);
  return ok;
}

gboolean
presets_remove (Presets *presets, int i, GError **error)
{
  GKeyFile *file;
  char     *group;
  gboolean  ok;

  g_return_val_if_fail (presets_is_own (presets, i), FALSE);
  file = open_file (presets, error);
  if (file == NULL)
    return FALSE;

  group = g_strconcat (presets->filter, " ", presets_get_name (presets, i), NULL);
  g_key_file_remove_group (file, group, NULL);
  ok = write_file (presets, file, error);
  g_free (group);
  g_key_file_unref (file);
  return ok;
}
