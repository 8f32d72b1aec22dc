/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-model-list.c: what the dialogs offer: the folders in the user's model
 * directory, and what their cards say, of those that can be used and of one that
 * cannot.
 */
#include "model-chooser.h"
#include "model-list.h"
#include "support/model-maker.h"

static char *models; /* the user's model directory */

/* An unconditional network of one level, between `channels` colours. */
static void
add_model (const char *name, int channels, const char *sample_size)
{
  char   *folder = g_build_filename (models, name, NULL);
  guint64 n_bytes;
  char   *header = maker_header_between (channels, 8, 1, channels, &n_bytes);
  guint8 *data = g_malloc0 (n_bytes);
  char   *json = g_strdup_printf (
    "{\"add_attention\": false, \"block_out_channels\": [8], \"down_block_types\":"
      " [\"DownBlock2D\"], \"in_channels\": %d, \"layers_per_block\": 1, \"norm_num_groups\": 4,"
      " \"out_channels\": %d, \"sample_size\": %s, \"up_block_types\": [\"UpBlock2D\"]}",
    channels, channels, sample_size);

  maker_write_text (folder, MAKER_UNET, json);
  maker_write_text (folder, MAKER_SCHEDULER, "{}");
  maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes);
  g_free (json);
  g_free (data);
  g_free (header);
  g_free (folder);
}

static void
write_in (const char *name, const char *file, const char *text)
{
  char *folder = g_build_filename (models, name, NULL);

  maker_write_text (folder, file, text);
  g_free (folder);
}

/* The card of that name says what matches the pattern, and its folder is there. */
static void
assert_card (const GPtrArray *cards, guint i, const char *name, const char *pattern)
{
  const ModelCard *card = g_ptr_array_index (cards, i);
  char            *folder = g_build_filename (models, name, NULL);

  g_test_message ("%s: %s", card->name, card->description);
  g_assert_cmpstr (card->name, ==, name);
  g_assert_cmpstr (card->folder, ==, folder);
  g_assert_true (g_pattern_match_simple (pattern, card->description));
  g_free (folder);
}

#define UNAWARE "It does not see what is to be filled: Inpaint takes many more steps."

static void
test_list (void)
{
  GPtrArray *cards;

  add_model ("colour", 3, "64");
  write_in ("colour", "README.md",
            "---\nlicense: mit\ntags: [a]\n---\n# Faces\n\nMade of a thousand\nfaces.\n\nMore.\n");
  add_model ("gray", 1, "[28, 32]");
  write_in ("gray", "MODEL.md", "Digits.\n");
  add_model ("unlike", 3, "null");
  write_in ("unlike", MAKER_SCHEDULER, "{\"variance_type\": \"learned\"}");
  write_in ("nothing", "README.md", "No model.\n");

  cards = model_list_new ();
  g_assert_cmpuint (cards->len, ==, 4);
  g_assert_null (((ModelCard *) g_ptr_array_index (cards, 0))->folder);
  assert_card (
    cards, 1, "colour",
    "Made of a thousand faces.\n0.0 million parameters, *B of memory, made for 64 × 64 pixels, "
    "licence mit. " UNAWARE);
  assert_card (cards, 2, "gray",
               "Digits.\n0.0 million parameters, *B of memory, made for 32 × 32 pixels. " UNAWARE
               " It knows grayscale only and sees each channel of a colour image by itself.");
  assert_card (cards, 3, "unlike",
               "This model cannot be used: *scheduler_config.json: “variance_type” is \"learned\", "
               "expected \"fixed_small\" or \"fixed_large\", *");
  g_ptr_array_unref (cards);
}

/* The model that we ship sees the mask, and says so. */
static void
test_mask_aware (void)
{
  char *text = model_list_describe (g_getenv ("DIFFUSION_WEIGHTS"));

  g_test_message ("%s", text);
  g_assert_true (g_pattern_match_simple (
    "* million parameters, *MB of memory*. It sees what is to be filled.", text));
  g_free (text);
}

/* A card is a stranger's: not a whole book, and no bytes that are not text. */
static void
test_stranger (void)
{
  GString   *text = g_string_new (NULL);
  char      *folder = g_build_filename (models, "long", NULL), *card, **lines;
  const char end[] = "…";

  add_model ("long", 3, "64");
  for (int i = 0; i < 100000; i++)
    g_string_append (text, i == 7 ? "\xff" : "word ");
  write_in ("long", "README.md", text->str);
  card = model_list_describe (folder);
  lines = g_strsplit (card, "\n", 2);
  g_assert_true (g_utf8_validate (card, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (lines[0], -1), <=, 200);
  g_assert_true (g_str_has_suffix (lines[0], end));
  g_assert_nonnull (strstr (lines[1], "million parameters"));
  g_strfreev (lines);
  g_free (card);
  g_free (folder);
  g_string_free (text, TRUE);
}

/* The reason is that of the file, after what the model says of itself. */
static void
test_unusable (void)
{
  char *folder = maker_new_model (), *card;

  maker_write_text (folder, "MODEL.md", "A model.\n");
  maker_write_text (folder, MAKER_WEIGHTS, "");
  card = model_list_describe (folder);
  g_assert_true (
    g_pattern_match_simple ("A model.\nThis model cannot be used: *.safetensors: *", card));
  maker_remove (folder);
  g_free (card);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  char *gimp;
  int   status;

  g_test_init (&argc, &argv, NULL);
  gimp = maker_new_folder ();
  g_setenv ("GIMP3_DIRECTORY", gimp, TRUE);
  models = g_build_filename (gimp, "gimp-diffusion", "models", NULL);
  g_test_add_func ("/model-list/list", test_list);
  g_test_add_func ("/model-list/mask-aware", test_mask_aware);
  g_test_add_func ("/model-list/unusable", test_unusable);
  g_test_add_func ("/model-list/stranger", test_stranger);
  status = g_test_run ();

  maker_remove (gimp);
  g_free (models);
  g_free (gimp);
  return status;
}
