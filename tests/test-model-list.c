/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-model-list.c: what the dialogs say of a model folder, usable or not.
 */
#include "model-list.h"

#include "model-maker.h"

static void
assert_described (const char *folder, const char *pattern)
{
  char *text = model_list_describe (folder);

  g_test_message ("%s", text);
  g_assert_true (g_pattern_match_simple (pattern, text));
  g_free (text);
}

static void
test_usable (void)
{
  char *folder = maker_new_model ();

  maker_write_text (folder, "README.md", "---\nlicense: cc0-1.0\n---\n# Heading\n\nTwo lines\nof text.\n\nMore.\n");
  assert_described (folder, "Two lines of text.\n0.0 million parameters, * of memory, made for 16 × 16 pixels, "
                            "licence cc0-1.0. It does not see what is to be filled: *");
  maker_remove (folder);
  g_free (folder);
}

/* The reason is that of the file, after what the model says of itself. */
static void
test_unusable (void)
{
  char *folder = maker_new_model ();

  maker_write_text (folder, "MODEL.md", "A model.\n");
  maker_write_text (folder, MAKER_WEIGHTS, "");
  assert_described (folder, "A model.\nThis model cannot be used: *.safetensors: *");
  maker_remove (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-list/usable", test_usable);
  g_test_add_func ("/model-list/unusable", test_unusable);
  return g_test_run ();
}
