/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-hostile.c: model folders that are missing, cut, wrong or made to do
 * harm. Each is answered with its sentence; nothing crashes, hangs or takes
 * memory by the gigabyte.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/model-maker.h"

/* The folder is loaded, refused with `pattern`, and removed. */
static void
assert_refused (char *folder, const char *pattern)
{
  GError         *error = NULL;
  DiffusionModel *model = diffusion_model_load (folder, &error);

  g_assert_null (model);
  maker_assert_refused (error, pattern);
  maker_remove (folder);
  g_free (folder);
}

static char *
path_in (const char *folder, const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* Reads a file of the folder. Free with g_free. */
static char *
read_file (const char *folder, const char *name, gsize *length)
{
  char   *path = path_in (folder, name);
  GError *error = NULL;
  char   *contents;

  g_file_get_contents (path, &contents, length, &error);
  g_assert_no_error (error);
  g_free (path);
  return contents;
}

static void
remove_in (const char *folder, const char *name)
{
  char *path = path_in (folder, name);

  g_assert_cmpint (g_remove (path), ==, 0);
  g_free (path);
}

/* --- The right one -------------------------------------------------------- */

/* What all the wrong ones below are made from is right, in both layouts. */
static void
test_right (void)
{
  char                    *folder = maker_new_model ();
  char                    *flat = maker_new_folder ();
  GError                  *error = NULL;
  DiffusionModel          *model = diffusion_model_load (folder, &error);
  static const char *const names[][2] = {
    { MAKER_UNET, "config.json" },
    { MAKER_WEIGHTS, "diffusion_pytorch_model.safetensors" },
    { MAKER_SCHEDULER, "scheduler_config.json" },
  };

  g_assert_no_error (error);
  diffusion_model_free (model);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length;
      char *contents = read_file (folder, names[i][0], &length);

      maker_write (flat, names[i][1], contents, length);
      g_free (contents);
    }
  model = diffusion_model_load (flat, &error);
  g_assert_no_error (error);
  diffusion_model_free (model);

  maker_remove (flat);
  maker_remove (folder);
  g_free (flat);
  g_free (folder);
}

/* --- Files that are not there, or not files ------------------------------- */

static void
test_missing (void)
{
  static const char *const names[] = { MAKER_UNET, MAKER_WEIGHTS, MAKER_SCHEDULER };
  char                    *folder, *path;

  folder = maker_new_folder ();
  assert_refused (g_build_filename (folder, "nowhere", NULL), "*nowhere: *not a folder*");
  assert_refused (folder, "*holds no model*");

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char *base = g_path_get_basename (names[i]);
      char *pattern = g_strdup_printf ("*%s: *missing*", base);

      folder = maker_new_model ();
      remove_in (folder, names[i]);
      assert_refused (folder, i == 0 ? "*holds no model*unet/config.json*" : pattern);

      /* A folder in its place. */
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
      g_free (path);
      g_free (pattern);
      pattern = g_strdup_printf ("*%s: A file was expected*", base);
      assert_refused (folder, pattern);

      /* A pipe, which would be waited for till the end of time. */
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (mkfifo (path, 0600), ==, 0);
      g_free (path);
      assert_refused (folder, pattern);

      /* A device that never ends. */
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
      g_free (path);
      g_free (pattern);
      pattern = g_strdup_printf ("*%s: This is a link to a file outside*", base);
      assert_refused (folder, pattern);
      g_free (pattern);

      /* A link to itself, and one to nothing. */
      pattern = g_strdup_printf ("*%s: *cannot be opened (*)*", base);
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (symlink (base, path), ==, 0);
      g_free (path);
      assert_refused (folder, i == 0 ? "*holds no model*" : pattern);
      g_free (pattern);

      pattern = g_strdup_printf ("*%s: *missing*", base);
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      g_assert_cmpint (g_remove (path), ==, 0);
      g_assert_cmpint (symlink ("/nowhere/at/all", path), ==, 0);
      g_free (path);
      assert_refused (folder, i == 0 ? "*holds no model*" : pattern);
      g_free (pattern);

      /* Nothing in it. */
      pattern = g_strdup_printf ("*%s*", base);
      folder = maker_new_model ();
      maker_write (folder, names[i], "", 0);
      assert_refused (folder, pattern);

      g_free (pattern);
      g_free (base);
    }

  /* The weights themselves in place of their folder. */
  folder = maker_new_model ();
  path = path_in (folder, MAKER_WEIGHTS);
  {
    GError         *error = NULL;
    DiffusionModel *model = diffusion_model_load (path, &error);

    g_assert_null (model);
    maker_assert_refused (error, "*.safetensors: *not a folder*");
  }
  maker_remove (folder);
  g_free (path);
  g_free (folder);
}

/* A file that is there and cannot be read. Root may read any, so here no process may
 * open one more. */
static void
test_unreadable (void)
{
  char         *folder = maker_new_model ();
  struct rlimit own, none;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &own), ==, 0);
  none = own;
  none.rlim_cur = 0;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  {
    GError         *error = NULL;
    DiffusionModel *model = diffusion_model_load (folder, &error);

    g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &own), ==, 0);
    g_assert_null (model);
    maker_assert_refused (error, "*.json: This file of the model cannot be read (*).");
  }
  maker_remove (folder);
  g_free (folder);
}

/* Weights as PyTorch pickles them are refused in words that help. */
static void
test_pickle (void)
{
  char *folder = maker_new_model ();

  remove_in (folder, MAKER_WEIGHTS);
  maker_write_text (folder, "unet/diffusion_pytorch_model.bin", "\x80\x02}q.");
  assert_refused (folder, "*diffusion_pytorch_model.bin*convert them to safetensors.");

  folder = maker_new_model ();
  maker_write (folder, MAKER_WEIGHTS, "\x80\x02}q\x00ctorch._utils\n_rebuild", 24);
  assert_refused (folder, "*.safetensors: The header's length*");
}

/* --- Weights -------------------------------------------------------------- */

/* Gives the right model's weights another header or other data: the first
 * `search` in the header becomes `replacement`. */
static char *
new_model_with_header (const char *search, const char *replacement)
{
  char   *folder = maker_new_model ();
  guint64 n_bytes;
  char   *header = maker_header (&n_bytes);
  char   *wrong = maker_replace (header, search, replacement);
  guint8 *data = g_malloc0 (n_bytes);

  maker_write_safetensors (folder, MAKER_WEIGHTS, wrong, data, n_bytes);
  g_free (data);
  g_free (wrong);
  g_free (header);
  return folder;
}

static void
test_tensors (void)
{
  static const struct
  {
    const char *search, *replacement;
    const char *pattern;
  } cases[] = {
    /* conv_in.weight is the first: [8, 3, 3, 3], bytes 0…864 */
    { "\"conv_in.weight\"", "\"conv_out_of.weight\"", "*“conv_in.weight” is missing*" },
    { "\"conv_in.weight\"", "\"conv_in.bias\"", "*“conv_in.bias” occurs twice*" },
    { "[8,3,3,3]", "[8,3,9]", "*“conv_in.weight” has the shape [8, 3, 9], expected [8, 3, 3, 3]*" },
    { "[8,3,3,3]", "[3,8,3,3]", "*“conv_in.weight” has the shape [3, 8, 3, 3], expected*" },
    { "[8,3,3,3]", "[216]", "*“conv_in.weight” has the shape [216], expected*" },
    { "[8,3,3,3]", "[-8,3,3,-3]", "*shape of tensor “conv_in.weight” should be*" },
    { "[8,3,3,3]", "[8,3,3,4]", "*“conv_in.weight” has 864 bytes*1152 were expected*" },
    { "[8,3,3,3]", "[4294967296,4294967296,3,3]", "*“conv_in.weight”*too large*" },
    { "[8,3,3,3]", "[]", "*“conv_in.weight” has 864 bytes*4 were expected*" },
    { "\"F32\"", "\"I32\"", "*“conv_in.weight” has the dtype I32, expected F32*" },
    { "\"F32\"", "\"F16\"", "*“conv_in.weight” has 864 bytes*432 were expected*" },
    { "\"F32\"", "\"FLOAT\"", "*“conv_in.weight” has the unknown dtype “FLOAT”*" },
    { "[0,864]", "[0,868]", "*“conv_in.weight” has 868 bytes*" },
    { "[0,864]", "[864,0]", "*data_offsets of tensor “conv_in.weight”*" },
    { "[0,864]", "[32,896]", "*gap*" },
    { "[864,896]", "[832,864]", "*overlap*" },
    { "[0,864]", "[1000000000,1000000864]", "*“conv_in.weight” ends at byte 1000000864*" },
    { "[0,864]", "[0,864.0]", "*data_offsets of tensor “conv_in.weight”*" },
    { "[0,864]", "[18446744073709550752,18446744073709551616]", "*a number that is too large*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (new_model_with_header (cases[i].search, cases[i].replacement),
                    cases[i].pattern);
}

/* Every length from nothing to all but one byte. */
static void
test_cut (void)
{
  char *folder = maker_new_model ();
  gsize length;
  char *contents = read_file (folder, MAKER_WEIGHTS, &length);
  int   n = 0;

  for (gsize cut = 0; cut < length; cut += cut < 64 ? 1 : cut < length - 100 ? 997 : 7)
    {
      GError *error = NULL;

      maker_write (folder, MAKER_WEIGHTS, contents, cut);
      g_assert_null (diffusion_model_load (folder, &error));
      maker_assert_refused (error, "*diffusion_pytorch_model.safetensors: *");
      n++;
    }
  g_assert_cmpint (n, >, 80);
  g_free (contents);
  maker_remove (folder);
  g_free (folder);
}

static void
test_header_lengths (void)
{
  static const guint64 lengths[] = {
    G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64, G_MAXUINT64 - 7, G_MAXINT64, 1 << 30, 100,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      char   *folder = maker_new_model ();
      guint64 wrong[2] = { GUINT64_TO_LE (lengths[i]), 0 };

      maker_write (folder, MAKER_WEIGHTS, wrong, sizeof wrong);
      assert_refused (folder, "*.safetensors: The header's length is given as*");
    }

  char *folder = maker_new_model ();

  maker_write (folder, MAKER_WEIGHTS, lengths, 7);
  assert_refused (folder, "*The file has 7 bytes, too few*");
}

static void
test_trailing_data (void)
{
  char   *folder = maker_new_model ();
  guint64 n_bytes;
  char   *header = maker_header (&n_bytes);
  guint8 *data = g_malloc0 (n_bytes + 4);

  maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes + 4);
  assert_refused (folder, "*The data has*were expected*");
  g_free (data);
  g_free (header);
}

static void
test_not_a_number (void)
{
  static const guint32 values[] = { 0x7FC00000, 0x7F800000, 0xFF800000 };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      char   *folder = maker_new_model ();
      guint64 n_bytes;
      char   *header = maker_header (&n_bytes);
      guint8 *data = g_malloc0 (n_bytes);
      guint32 value = GUINT32_TO_LE (values[i]);

      memcpy (data + n_bytes - 4, &value, 4);
      maker_write_safetensors (folder, MAKER_WEIGHTS, header, data, n_bytes);
      assert_refused (folder, "*“conv_out.bias” has a value that is infinite or not a number*");
      g_free (data);
      g_free (header);
    }
}

/* A megabyte of brackets, in the header and in the configuration: a parser
 * that recurses would run out of stack. */
static void
test_depth_bombs (void)
{
  static const char *const brackets[] = { "[", "{\"a\":" };

  for (gsize i = 0; i < G_N_ELEMENTS (brackets); i++)
    {
      GString *bomb = g_string_new ("{\"a\":");
      char    *folder;

      while (bomb->len < 1 << 20)
        g_string_append (bomb, brackets[i]);

      folder = maker_new_model ();
      maker_write_safetensors (folder, MAKER_WEIGHTS, bomb->str, NULL, 0);
      assert_refused (folder, "*.safetensors: *nested too deep*");

      folder = maker_new_model ();
      maker_write_text (folder, MAKER_UNET, bomb->str);
      assert_refused (folder, "*config.json: *nested too deep*");

      folder = maker_new_model ();
      maker_write_text (folder, MAKER_SCHEDULER, bomb->str);
      assert_refused (folder, "*scheduler_config.json: *nested too deep*");

      g_string_free (bomb, TRUE);
    }
}

/* Texts too long to be meant. */
static void
test_size_bombs (void)
{
  gsize length = 100 << 20;
  char *text = g_strnfill (length, ' ');
  char *folder;

  text[0] = '{';
  text[length - 1] = '}';

  folder = maker_new_model ();
  maker_write_safetensors (folder, MAKER_WEIGHTS, text, NULL, 0);
  assert_refused (folder, "*.safetensors: The header's length is given as 104857600*");

  folder = maker_new_model ();
  maker_write_text (folder, MAKER_UNET, text);
  assert_refused (folder, "*config.json: The JSON text has 104857600 bytes*");
  g_free (text);
}

/* --- What a parser is slow at ----------------------------------------------- */

/* Names of 2 · `letters` characters that one hash function in wide use (times 33, plus the
 * character) takes for one another: "ab" and "bA" are the same to it. */
static char *
colliding_name (int number, int letters)
{
  GString *name = g_string_new (NULL);

  for (int i = 0; i < letters; i++)
    g_string_append (name, number >> i & 1 ? "bA" : "ab");
  return g_string_free (name, FALSE);
}

/* {"a":[ITEM,ITEM,…]}, or with `item` NULL an object of colliding names, of at most so
 * many bytes and items. */
static char *
new_text (const char *item, gsize length, guint n_items)
{
  GString *text = g_string_new (item ? "{\"a\":[" : "{");

  for (guint i = 0; i < n_items; i++)
    {
      char *name = item ? NULL : colliding_name (i, 17);
      char *entry =
        item ? g_strdup (item)
             : g_strdup_printf ("\"%s\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}",
                                name);

      g_free (name);
      if (text->len + strlen (entry) + 3 > length)
        i = n_items;
      else
        g_string_append_printf (text, "%s%s", i > 0 ? "," : "", entry);
      g_free (entry);
    }
  g_string_append (text, item ? "]}" : "}");
  return g_string_free (text, FALSE);
}

/* Of memory, in bytes. "VmHWM:": the most since reset_peak (). */
static gsize
get_status (const char *key)
{
  char *text = NULL;
  gsize bytes;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  bytes = 1024 * g_ascii_strtoull (strstr (text, key) + strlen (key), NULL, 10);
  g_free (text);
  return bytes;
}

static void
reset_peak (void)
{
  FILE *file = fopen ("/proc/self/clear_refs", "w");

  g_assert_true (file && fputs ("5", file) >= 0 && fclose (file) == 0);
}

/* Megabytes that are one long list of the smallest things, or of names that collide, in the
 * header and in a configuration: refused before they are parsed. What is just not refused
 * takes no second either. */
static void
test_count_bombs (void)
{
  static const struct
  {
    const char *item; /* NULL: colliding names */
    int         n_items;
    const char *header_pattern;
  } cases[] = {
    { "{}", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "[]", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "0", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "\"\"", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "null", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "{\"a\":0}", G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { NULL, G_MAXINT, "*.safetensors: *more in it than a model needs*" },
    { "{}", 32000, "*.safetensors: The entry of tensor “a” should be an object*" },
    { "0", 131000, "*.safetensors: The entry of tensor “a” should be an object*" },
    { "{\"a\":0}", 30000, "*.safetensors: The entry of tensor “a” should be an object*" },
    { NULL, 10000, "*.safetensors: *is missing*" },
    { NULL, 500, "*.safetensors: *is missing*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char   *text = new_text (cases[i].item, 8 << 20, cases[i].n_items);
      char   *folder = maker_new_model ();
      clock_t start;
      gsize   before;
      double  seconds;

      reset_peak ();
      before = get_status ("VmRSS:");
      start = clock ();
      maker_write_safetensors (folder, MAKER_WEIGHTS, text, NULL, 0);
      assert_refused (folder, cases[i].header_pattern);
      folder = maker_new_model ();
      maker_write_text (folder, MAKER_SCHEDULER, text);
      if (cases[i].n_items == G_MAXINT)
        assert_refused (folder, "*scheduler_config.json: *more in it than a model needs*");
      else
        {
          diffusion_model_free (diffusion_model_load (folder, NULL));
          maker_remove (folder);
          g_free (folder);
        }

      seconds = (double) (clock () - start) / CLOCKS_PER_SEC;
      g_test_message ("%s, %zu bytes: %.3f s, %.1f MB", cases[i].item ? cases[i].item : "names",
                      strlen (text), seconds, (get_status ("VmHWM:") - before) / 1e6);
#ifndef __SANITIZE_ADDRESS__ /* which takes time and memory of its own */
      /* A second; in qemu as many as tests/processors.sh says. */
      g_assert_cmpfloat (
        seconds, <,
        g_ascii_strtod (g_getenv ("DIFFUSION_SLOWER") ? g_getenv ("DIFFUSION_SLOWER") : "1", NULL));
      g_assert_cmpuint (get_status ("VmHWM:") - before, <, 64 << 20);
#endif
      g_free (text);
    }
}

/* --- Ways out of the folder --------------------------------------------------- */

/* The file at `name` is moved to `elsewhere`, and a link to it is left. */
static void
replace_by_link (const char *folder, const char *name, const char *elsewhere)
{
  char *path = path_in (folder, name);

  g_assert_cmpint (g_rename (path, elsewhere), ==, 0);
  g_assert_cmpint (symlink (elsewhere, path), ==, 0);
  g_free (path);
}

/* The security of a model folder. It is read, and nothing in it is executed or fetched: the
 * three files are all that is opened, whatever names of files the configurations hold. A
 * link out of the folder, at a file or at the folders that hold it, is refused: a folder
 * from a stranger is no way to read other files. A link within it may be followed, and the
 * folder itself may be reached by one. */
static void
test_links (void)
{
  static const char *const names[] = { MAKER_UNET, MAKER_WEIGHTS, MAKER_SCHEDULER };
  char                    *outside = maker_new_folder ();
  char                    *elsewhere = path_in (outside, "elsewhere");
  char                    *folder, *path, *link, *revision, *blobs, *blob;
  GError                  *error = NULL;
  DiffusionModel          *model;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      folder = maker_new_model ();
      replace_by_link (folder, names[i], elsewhere);
      assert_refused (folder, "*: This is a link to a file outside the model's folder: *");

      /* By the folder around it. */
      g_assert_cmpint (g_remove (elsewhere), ==, 0);
      folder = maker_new_model ();
      path = g_path_get_dirname (names[i]);
      replace_by_link (folder, path, elsewhere);
      assert_refused (folder, "*: This is a link to a file outside the model's folder: *");
      maker_remove (elsewhere);
      g_free (path);

      /* By "..", through the name that the folder has. */
      folder = maker_new_model ();
      path = path_in (folder, names[i]);
      link = g_strdup_printf ("../../%s/elsewhere", strrchr (outside, '/') + 1);
      g_assert_cmpint (g_rename (path, elsewhere), ==, 0);
      g_assert_cmpint (symlink (link, path), ==, 0);
      assert_refused (folder, "*: This is a link to a file outside the model's folder: *");
      g_free (link);
      g_free (path);

      /* To a folder whose name begins alike. */
      folder = maker_new_model ();
      path = g_strconcat (folder, "-b", NULL);
      replace_by_link (folder, names[i], path);
      assert_refused (folder, "*: This is a link to a file outside the model's folder: *");
      g_remove (path);
      g_free (path);

      /* Inside. */
      folder = maker_new_model ();
      path = path_in (folder, "data");
      replace_by_link (folder, names[i], path);
      model = diffusion_model_load (folder, &error);
      g_assert_no_error (error);
      diffusion_model_free (model);
      maker_remove (folder);
      g_free (path);
      g_free (folder);
    }

  /* The folder by a link. */
  g_assert_cmpint (g_remove (elsewhere), ==, 0);
  folder = maker_new_model ();
  g_assert_cmpint (symlink (folder, elsewhere), ==, 0);
  model = diffusion_model_load (elsewhere, &error);
  g_assert_no_error (error);
  diffusion_model_free (model);

  /* What the cache of Hugging Face looks like. */
  revision = g_build_filename (outside, "snapshots", "0123", NULL);
  blobs = path_in (outside, "blobs");
  blob = path_in (blobs, "4567");
  path = g_path_get_dirname (revision);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (blobs, 0700), ==, 0);
  g_assert_cmpint (g_rename (folder, revision), ==, 0);
  replace_by_link (revision, MAKER_WEIGHTS, blob);
  model = diffusion_model_load (revision, &error);
  g_assert_no_error (error);
  diffusion_model_free (model);

  maker_remove (outside);
  g_free (path);
  g_free (blob);
  g_free (blobs);
  g_free (revision);
  g_free (folder);
  g_free (elsewhere);
  g_free (outside);
}

/* Names of files in the configurations, with ".." and without, are not looked at: no file
 * is opened for them. */
static void
test_names_of_files (void)
{
  char           *folder = maker_new_model ();
  char           *pipe = path_in (folder, "pipe");
  char           *json = maker_replace (maker_unet_json, "\"in_channels\"",
                                        "\"_name_or_path\": \"../../pipe\", \"weights_name\": "
                                                  "\"pipe\", \"weight_map\": {\"conv_in.weight\": "
                                                  "\"/dev/zero\"}, \"_target_\": \"os.system\", "
                                                  "\"in_channels\"");
  GError         *error = NULL;
  DiffusionModel *model;

  /* Whoever opened it would wait for ever. */
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  maker_write_text (folder, MAKER_UNET, json);
  model = diffusion_model_load (folder, &error);
  g_assert_no_error (error);
  diffusion_model_free (model);
  maker_remove (folder);
  g_free (json);
  g_free (pipe);
  g_free (folder);
}

/* A file of weights with much that the network has no use for, here a hole of a terabyte:
 * its sum would take hours. */
static void
test_surplus (void)
{
  const gint64 surplus = (gint64) 1 << 40;
  char        *folder = maker_new_model ();
  char        *path = path_in (folder, MAKER_WEIGHTS);
  guint64      n_bytes;
  char        *header = maker_header (&n_bytes);
  char        *more;

  header[strlen (header) - 1] = '\0';
  more = g_strdup_printf ("%s,\"more\":{\"dtype\":\"U8\",\"shape\":[%" G_GINT64_FORMAT
                          "],\"data_offsets\":[%zu,%" G_GINT64_FORMAT "]}}",
                          header, surplus, n_bytes, (gint64) n_bytes + surplus);
  maker_write_safetensors (folder, MAKER_WEIGHTS, more, NULL, 0);
  if (truncate (path, (off_t) (8 + strlen (more) + n_bytes + surplus)) == 0)
    assert_refused (g_steal_pointer (&folder), "*the two do not belong together.");
  else
    g_test_skip ("this file system has no holes of a terabyte");
  g_free (folder);
  g_free (more);
  g_free (header);
  g_free (path);
}

/* --- Configurations ------------------------------------------------------- */

static void
test_configurations (void)
{
  static const struct
  {
    const char *file;
    const char *search, *replacement;
    const char *pattern;
  } cases[] = {
    { MAKER_UNET, "{\n", "[\n", "*config.json: This is not valid JSON*" },
    { MAKER_UNET, "}\n", "", "*config.json: This is not valid JSON*" },
    { MAKER_UNET, "\"in_channels\"", "\"in_channels", "*config.json: This is not valid JSON*" },
    { MAKER_UNET, "\"UNet2DModel\"", "\"UNet3D\"", "*“_class_name” is \"UNet3D\"*" },
    { MAKER_UNET, "\"in_channels\": 3", "\"in_channels\": \"3\"", "*“in_channels” is \"3\"*" },
    { MAKER_UNET, "\"in_channels\": 3", "\"in_channels\": 28", "*“in_channels” is 28*" },
    { MAKER_UNET, "[8]", "[-8]", "*“block_out_channels” is [-8]*" },
    { MAKER_UNET, "[8]", "[1099511627776]", "*“block_out_channels” is [1099511627776]*" },
    { MAKER_UNET, "[8]", "[16]", "*has the shape*expected*" },
    { MAKER_UNET, "[8]", "[8, 8]", "*“down_block_types” is*as many*" },
    { MAKER_UNET, "\"norm_num_groups\": 4", "\"norm_num_groups\": 0", "*“norm_num_groups” is 0*" },
    { MAKER_UNET, "\"norm_num_groups\": 4", "\"norm_num_groups\": 3", "*“norm_num_groups” is 3*" },
    { MAKER_UNET, "\"layers_per_block\": 1", "\"layers_per_block\": 2", "*is missing*" },
    { MAKER_UNET, "\"DownBlock2D\"", "\"CrossAttnDownBlock2D\"", "*“down_block_types” is*" },
    { MAKER_UNET, "\"DownBlock2D\"", "\"AttnDownBlock2D\"", "*is missing*" },
    { MAKER_UNET, "\"sample_size\"", "\"conditioning\": \"depth\", \"s\"", "*“conditioning” is*" },
    { MAKER_UNET, "\"sample_size\"", "\"pixel_unshuffle\": 1024, \"s\"", "*“pixel_unshuffle” is*" },
    { MAKER_SCHEDULER, "1000", "1e9", "*“num_train_timesteps” is 1000000000*" },
    { MAKER_SCHEDULER, "1000", "-1", "*“num_train_timesteps” is -1*" },
    { MAKER_SCHEDULER, "\"epsilon\"", "\"score\"", "*“prediction_type” is \"score\"*" },
    { MAKER_SCHEDULER, "\"linear\"", "\"laplace\"", "*“beta_schedule” is \"laplace\"*" },
    { MAKER_SCHEDULER, "\"trained_betas\": null", "\"trained_betas\": [0.1]", "*length 1000*" },
    { MAKER_SCHEDULER, "0.02", "NaN", "*scheduler_config.json: This is not valid JSON*" },
    { MAKER_SCHEDULER, "0.02", "-Infinity", "*scheduler_config.json: This is not valid JSON*" },
    { MAKER_SCHEDULER, "0.02", "-0.02", "*“beta_end” is -0.02*" },
    { MAKER_SCHEDULER, "\"fixed_small\"", "\"learned\"", "*“variance_type” is \"learned\"*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *folder = maker_new_model ();
      char *right = read_file (folder, cases[i].file, NULL);
      char *wrong = maker_replace (right, cases[i].search, cases[i].replacement);

      maker_write_text (folder, cases[i].file, wrong);
      assert_refused (folder, cases[i].pattern);
      g_free (wrong);
      g_free (right);
    }
}

/* A picture, a page or a gzip file under the right name. */
static void
test_other_formats (void)
{
  static const char *const names[] = { MAKER_UNET, MAKER_WEIGHTS, MAKER_SCHEDULER };
  static const struct
  {
    const char *bytes;
    gsize       length;
  } formats[] = {
    { "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16 },
    { "<!DOCTYPE html><html><body>Not found</body></html>", 50 },
    { "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10 },
    { "version https://git-lfs.github.com/spec/v1\noid sha256:00", 56 },
    { "\0\0\0\0\0\0\0\0", 8 },
    { "\x02\0\0\0\0\0\0\0[]", 10 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (formats); j++)
      {
        char *folder = maker_new_model ();
        char *base = g_path_get_basename (names[i]);
        char *pattern = g_strdup_printf ("*%s: *", base);

        maker_write (folder, names[i], formats[j].bytes, formats[j].length);
        assert_refused (folder, pattern);
        g_free (pattern);
        g_free (base);
      }
}

/* --- Anything ------------------------------------------------------------- */

/* Some hundred times a few bytes of one file are changed at random (the seed is
 * printed by the test program): whether it still loads or not, nothing breaks. */
static void
test_random_damage (void)
{
  static const char *const names[] = { MAKER_UNET, MAKER_WEIGHTS, MAKER_SCHEDULER };
  char                    *folder = maker_new_model ();

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length;
      char *right = read_file (folder, names[i], &length);

      for (int round = 0; round < 200; round++)
        {
          char           *wrong = g_memdup2 (right, length);
          GError         *error = NULL;
          DiffusionModel *model;

          for (int n = g_test_rand_int_range (1, 4); n > 0; n--)
            wrong[g_test_rand_int_range (0, MIN (length, 3000))] = g_test_rand_int_range (0, 256);
          maker_write (folder, names[i], wrong, length);
          model = diffusion_model_load (folder, &error);
          if (model)
            diffusion_model_free (model);
          else
            maker_assert_refused (error, "*");
          g_free (wrong);
        }
      maker_write (folder, names[i], right, length);
      g_free (right);
    }
  maker_remove (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hostile/right", test_right);
  g_test_add_func ("/hostile/missing", test_missing);
  g_test_add_func ("/hostile/unreadable", test_unreadable);
  g_test_add_func ("/hostile/pickle", test_pickle);
  g_test_add_func ("/hostile/tensors", test_tensors);
  g_test_add_func ("/hostile/cut", test_cut);
  g_test_add_func ("/hostile/header-lengths", test_header_lengths);
  g_test_add_func ("/hostile/trailing-data", test_trailing_data);
  g_test_add_func ("/hostile/not-a-number", test_not_a_number);
  g_test_add_func ("/hostile/depth-bombs", test_depth_bombs);
  g_test_add_func ("/hostile/size-bombs", test_size_bombs);
  g_test_add_func ("/hostile/count-bombs", test_count_bombs);
  g_test_add_func ("/hostile/links", test_links);
  g_test_add_func ("/hostile/names-of-files", test_names_of_files);
  g_test_add_func ("/hostile/surplus", test_surplus);
  g_test_add_func ("/hostile/configurations", test_configurations);
  g_test_add_func ("/hostile/other-formats", test_other_formats);
  g_test_add_func ("/hostile/random-damage", test_random_damage);
  return g_test_run ();
}
