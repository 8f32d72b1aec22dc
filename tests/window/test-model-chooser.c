/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-model-chooser.c: the list of models without GIMP: what it offers, says and
 * sets.
 */
#include "model-chooser.h"

/* --- What a procedure's config is to the chooser -------------------------- */

#define TEST_TYPE_CONFIG (test_config_get_type ())
G_DECLARE_FINAL_TYPE (TestConfig, test_config, TEST, CONFIG, GObject)

struct _TestConfig
{
  GObject parent_instance;
  GFile  *model;
};

G_DEFINE_TYPE (TestConfig, test_config, G_TYPE_OBJECT)

static void
test_config_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  g_set_object (&TEST_CONFIG (object)->model, g_value_get_object (value));
}

static void
test_config_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, TEST_CONFIG (object)->model);
}

static void
test_config_finalize (GObject *object)
{
  g_clear_object (&TEST_CONFIG (object)->model);
  G_OBJECT_CLASS (test_config_parent_class)->finalize (object);
}

static void
test_config_class_init (TestConfigClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = test_config_set_property;
  object_class->get_property = test_config_get_property;
  object_class->finalize = test_config_finalize;
  g_object_class_install_property (
    object_class, 1, g_param_spec_object ("model", NULL, NULL, G_TYPE_FILE, G_PARAM_READWRITE));
}

static void
test_config_init (TestConfig *config)
{
}

/* --- Helpers -------------------------------------------------------------- */

typedef struct
{
  GObject      *config;
  ModelChooser *chooser;
  GtkComboBox  *list;
} Fixture;

static void
add_card (GPtrArray *cards, const char *folder, const char *name, const char *description)
{
  ModelCard *card = g_new (ModelCard, 1);

  *card = (ModelCard) { g_strdup (folder), g_strdup (name), g_strdup (description) };
  g_ptr_array_add (cards, card);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  GPtrArray *cards = g_ptr_array_new_with_free_func ((GDestroyNotify) model_card_free);
  GList     *children;

  add_card (cards, NULL, "Bundled", "");
  add_card (cards, "/models/one", "One", "The first.");
  add_card (cards, "/models/two", "Two", "The second.");

  f->config = g_object_new (TEST_TYPE_CONFIG, NULL);
  f->chooser = g_object_ref_sink (model_chooser_new (f->config, "model", cards));
  g_ptr_array_unref (cards);
  children = gtk_container_get_children (GTK_CONTAINER (f->chooser));
  f->list = GTK_COMBO_BOX (children->data);
  g_list_free (children);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_widget_destroy (GTK_WIDGET (f->chooser));
  g_object_unref (f->chooser);
  g_object_unref (f->config);
}

static void
set_model (Fixture *f, const char *path)
{
  GFile *file = path ? g_file_new_for_path (path) : NULL;

  g_object_set (f->config, "model", file, NULL);
  g_clear_object (&file);
}

static void
assert_model (Fixture *f, const char *path)
{
  GFile *file;

  g_object_get (f->config, "model", &file, NULL);
  g_assert_cmpstr (file ? g_file_peek_path (file) : NULL, ==, path);
  g_clear_object (&file);
}

static void
assert_shown (Fixture *f, const char *name, const char *description, int n_rows)
{
  GtkWidget  *label = model_chooser_get_description (f->chooser);
  GtkTreeIter row;
  char       *text;

  g_assert_true (gtk_combo_box_get_active_iter (f->list, &row));
  gtk_tree_model_get (gtk_combo_box_get_model (f->list), &row, 0, &text, -1);
  g_assert_cmpstr (text, ==, name);
  g_free (text);
  g_assert_cmpint (gtk_tree_model_iter_n_children (gtk_combo_box_get_model (f->list), NULL), ==,
                   n_rows);
  g_assert_cmpint (gtk_widget_get_visible (label), ==, *description != '\0');
  if (*description)
    g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (label)), ==, description);
}

/* --- Tests ---------------------------------------------------------------- */

/* Three models, a line, "Other Folder…". */
static void
test_property (Fixture *f, gconstpointer data)
{
  assert_shown (f, "Bundled", "", 5);
  set_model (f, "/models/two");
  assert_shown (f, "Two", "The second.", 5);
  set_model (f, NULL);
  assert_shown (f, "Bundled", "", 5);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  gtk_combo_box_set_active (f->list, 1);
  assert_model (f, "/models/one");
  assert_shown (f, "One", "The first.", 5);
  gtk_combo_box_set_active (f->list, 0);
  assert_model (f, NULL);
  assert_shown (f, "Bundled", "", 5);
}

/* A folder that is not listed has a row while it is chosen. */
static void
test_other_folder (Fixture *f, gconstpointer data)
{
  set_model (f, "/else/where");
  assert_shown (f, "where", "/else/where", 6);
  assert_model (f, "/else/where");
  gtk_combo_box_set_active (f->list, 2);
  assert_model (f, "/models/two");
  assert_shown (f, "Two", "The second.", 5);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  g_test_add ("/model-chooser/property", Fixture, NULL, set_up, test_property, tear_down);
  g_test_add ("/model-chooser/list", Fixture, NULL, set_up, test_list, tear_down);
  g_test_add ("/model-chooser/other-folder", Fixture, NULL, set_up, test_other_folder, tear_down);
  return g_test_run ();
}
