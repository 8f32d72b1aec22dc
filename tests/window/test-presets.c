/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Presets of settings: those that are shipped, those that are saved, and a file that holds
 * anything.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>
#include <libgimp/gimp.h>

#include "presets.h"

#define FILTER "filter"

/* A procedure's config in small. */
typedef struct
{
  GObject  parent;
  double   strength;
  int      grow, seed;
  gboolean merged;
  char    *sampler;
} Config;
typedef struct
{
  GObjectClass parent;
} ConfigClass;

enum
{
  STRENGTH = 1,
  GROW,
  MERGED,
  SAMPLER,
  SEED
};

GType config_get_type (void);
G_DEFINE_TYPE (Config, config, G_TYPE_OBJECT)

static void
config_set (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  Config *config = (Config *) object;

  if (id == STRENGTH)
    config->strength = g_value_get_double (value);
  else if (id == GROW)
    config->grow = g_value_get_int (value);
  else if (id == MERGED)
    config->merged = g_value_get_boolean (value);
  else if (id == SEED)
    config->seed = g_value_get_int (value);
  else
    {
      g_free (config->sampler);
      config->sampler = g_value_dup_string (value);
    }
}

static void
config_get (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  Config *config = (Config *) object;

  if (id == STRENGTH)
    g_value_set_double (value, config->strength);
  else if (id == GROW)
    g_value_set_int (value, config->grow);
  else if (id == MERGED)
    g_value_set_boolean (value, config->merged);
  else if (id == SEED)
    g_value_set_int (value, config->seed);
  else
    g_value_set_string (value, config->sampler);
}

static void
config_finalize (GObject *object)
{
  g_free (((Config *) object)->sampler);
  G_OBJECT_CLASS (config_parent_class)->finalize (object);
}

static void
config_class_init (ConfigClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GimpChoice   *choice =
    gimp_choice_new_with_values ("ddim", 0, "DDIM", NULL, "ddpm", 1, "DDPM", NULL, NULL);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT;

  object->set_property = config_set;
  object->get_property = config_get;
  object->finalize = config_finalize;
  g_object_class_install_property (object, STRENGTH,
                                   g_param_spec_double ("strength", NULL, NULL, 0, 1, 1, flags));
  g_object_class_install_property (object, GROW,
                                   g_param_spec_int ("grow", NULL, NULL, -100, 100, 0, flags));
  g_object_class_install_property (object, MERGED,
                                   g_param_spec_boolean ("merged", NULL, NULL, FALSE, flags));
  g_object_class_install_property (
    object, SAMPLER, gimp_param_spec_choice ("sampler", NULL, NULL, choice, "ddim", flags));
  g_object_class_install_property (object, SEED,
                                   g_param_spec_int ("seed", NULL, NULL, 0, 1000, 0, flags));
}

static void
config_init (Config *config)
{
}

static const ShippedPreset shipped[] = {
  { "Plain", "" },
  { "Large", "grow=9\nsampler=ddpm\nmerged=true" },
  { NULL, NULL },
};

static char *path;

static void
write_text (const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static Presets *
open_presets (Config **config)
{
  *config = g_object_new (config_get_type (), NULL);
  return presets_new (G_OBJECT (*config), FILTER, shipped);
}

static void
close_presets (Presets *presets, Config *config)
{
  presets_free (presets);
  g_object_unref (config);
}

static void
test_shipped (void)
{
  Config  *config;
  Presets *presets;

  g_unlink (path);
  presets = open_presets (&config);
  g_assert_cmpint (presets_count (presets), ==, 2);
  g_assert_cmpint (presets_find (presets), ==, 0);
  g_object_set (config, "strength", 0.5, "seed", 7, NULL);
  g_assert_cmpint (presets_find (presets), ==, -1);
  presets_apply (presets, 1);
  g_assert_cmpint (presets_find (presets), ==, 1);
  g_assert_cmpfloat (config->strength, ==, 1.0);
  g_assert_cmpint (config->grow, ==, 9);
  g_assert_true (config->merged);
  g_assert_cmpstr (config->sampler, ==, "ddpm");
  g_assert_cmpint (config->seed, ==, 7); /* no part of it */
  close_presets (presets, config);
}

static void
test_own (void)
{
  Config  *config;
  Presets *presets;
  GError  *error = NULL;

  g_unlink (path);
  presets = open_presets (&config);
  g_object_set (config, "strength", 0.1234567890123, "sampler", "ddpm", NULL);
  g_assert_true (presets_save (presets, "  [My] own\n", &error));
  g_object_set (config, "strength", 0.25, NULL);
  g_assert_true (presets_save (presets, "Other", &error));
  g_assert_false (presets_save (presets, "Plain", &error));
  g_clear_error (&error);
  g_assert_false (presets_save (presets, " \n", &error));
  g_clear_error (&error);
  close_presets (presets, config);

  presets = open_presets (&config);
  g_assert_cmpint (presets_count (presets), ==, 4);
  g_assert_cmpstr (presets_get_name (presets, 2), ==, "(My) own");
  g_assert_true (presets_is_own (presets, 2) && !presets_is_own (presets, 1));
  presets_apply (presets, 2);
  g_assert_cmpfloat (config->strength, ==, 0.1234567890123);
  g_assert_cmpint (presets_find (presets), ==, 2);

  /* The same name: in its place. */
  g_object_set (config, "grow", -3, NULL);
  g_assert_true (presets_save (presets, "(My) own", &error));
  g_assert_cmpint (presets_count (presets), ==, 4);
  g_assert_cmpint (presets_find (presets), ==, 2);
  g_assert_true (presets_remove (presets, 2, &error));
  g_assert_cmpint (presets_count (presets), ==, 3);
  g_assert_cmpstr (presets_get_name (presets, 2), ==, "Other");
  close_presets (presets, config);
}

static void
test_hostile (void)
{
  static const char values[] = "[" FILTER " a]\nstrength=nan\ngrow=99999999999999999999\nmerged=7\n"
                               "sampler=rm -rf\nseed=5\nno-such=1\n"
                               "[" FILTER " b]\nstrength=0.5\ngrow=-101\nsampler=\nmodel=/\n"
                               "[" FILTER "]\n[" FILTER " ]\n[other c]\ngrow=1\n";
  Config           *config;
  Presets          *presets;
  GString          *many = g_string_new (NULL);

  write_text (values);
  presets = open_presets (&config);
  g_assert_cmpint (presets_count (presets), ==, 4);
  presets_apply (presets, 1);
  presets_apply (presets, 2);
  g_assert_cmpfloat (config->strength, ==, 1.0);
  g_assert_cmpint (config->grow, ==, 0);
  g_assert_false (config->merged);
  g_assert_cmpstr (config->sampler, ==, "ddim");
  g_assert_cmpint (config->seed, ==, 0);
  presets_apply (presets, 3);
  g_assert_cmpfloat (config->strength, ==, 0.5);
  g_assert_cmpint (config->grow, ==, 0);
  close_presets (presets, config);

  /* Names without end, more than anybody looks through. */
  for (int i = 0; i < 5000; i++)
    g_string_append_printf (many, "[" FILTER " %d]\n", i);
  write_text (many->str);
  presets = open_presets (&config);
  g_assert_cmpint (presets_count (presets), <=, 200);
  close_presets (presets, config);
  g_string_set_size (g_string_truncate (many, 0), 3000);
  memset (many->str, 'x', many->len);
  g_string_prepend (many, "[" FILTER " ");
  g_string_append (many, "]\n");
  write_text (many->str);
  presets = open_presets (&config);
  g_assert_cmpint (presets_count (presets), ==, 2);
  close_presets (presets, config);
  g_string_free (many, TRUE);
}

/* Saved over nothing that may be wanted back. */
static void
refuses (void)
{
  Config  *config;
  Presets *presets = open_presets (&config);
  GError  *error = NULL;

  g_assert_cmpint (presets_count (presets), ==, 2);
  g_assert_false (presets_save (presets, "Own", &error));
  g_assert_error (error, GIMP_PLUG_IN_ERROR, 0);
  g_assert_nonnull (strstr (error->message, "presets.ini"));
  g_clear_error (&error);
  close_presets (presets, config);
}

static void
test_damaged (void)
{
  char *huge = g_strnfill (400 * 1024, '\n');
  char *text = NULL;

  write_text ("what is this?\n[");
  refuses ();
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "what is this?\n[");
  write_text (huge);
  refuses ();
  g_unlink (path);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  refuses ();
  g_rmdir (path);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  refuses ();
  g_unlink (path);
  g_free (text);
  g_free (huge);
}

int
main (int argc, char *argv[])
{
  char *folder = g_dir_make_tmp ("presets-XXXXXX", NULL);
  char *own = g_build_filename (folder, "gimp-diffusion", NULL);
  int   code;

  g_setenv ("GIMP3_DIRECTORY", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_mkdir (own, 0700);
  path = g_build_filename (own, "presets.ini", NULL);

  g_test_add_func ("/presets/shipped", test_shipped);
  g_test_add_func ("/presets/own", test_own);
  g_test_add_func ("/presets/hostile", test_hostile);
  g_test_add_func ("/presets/damaged", test_damaged);
  code = g_test_run ();

  g_unlink (path);
  g_rmdir (own);
  g_rmdir (folder);
  g_free (path);
  g_free (own);
  g_free (folder);
  return code;
}
