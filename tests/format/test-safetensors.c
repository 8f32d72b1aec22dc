/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-safetensors.c: the reader gives exactly the numbers of a right file,
 * and refuses a wrong one in words.
 */
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/model-maker.h"
#include "format/safetensors.h"

/* Opens a file made of `header` and `data`; `folder` is to be removed by the
 * caller once it is closed. */
static Safetensors *
open_made (const char   *folder,
           const char   *header,
           const guint8 *data,
           gsize         data_length,
           GError      **error)
{
  char        *path = g_build_filename (folder, "a.safetensors", NULL);
  Safetensors *file;

  maker_write_safetensors (folder, "a.safetensors", header, data, data_length);
  file = safetensors_open (path, error);
  g_free (path);
  return file;
}

/* What IEEE 754 says, by other means than the reader's. */
static double
half_by_definition (guint16 half)
{
  int    exponent = half >> 10 & 0x1F;
  double mantissa = half & 0x3FF;
  double value;

  if (exponent == 0)
    value = ldexp (mantissa, -24);
  else
    value = ldexp (1024.0 + mantissa, exponent - 25);
  return half & 0x8000 ? -value : value;
}

/* All finite halves: subnormal, normal and both zeros. */
static void
test_all_halves (void)
{
  char        *folder = maker_new_folder ();
  GError      *error = NULL;
  guint8      *data = g_malloc (2 * 0xF800);
  Safetensors *file;
  float       *values;
  guint16     *halves = g_new (guint16, 0xF800);
  int          n = 0;

  for (int i = 0; i < 0x10000; i++)
    if ((i >> 10 & 0x1F) != 0x1F)
      {
        halves[n] = i;
        data[2 * n] = i & 0xFF;
        data[2 * n + 1] = i >> 8;
        n++;
      }
  g_assert_cmpint (n, ==, 0xF800);

  file =
    open_made (folder, "{\"h\":{\"dtype\":\"F16\",\"shape\":[63488],\"data_offsets\":[0,126976]}}",
               data, 2 * n, &error);
  g_assert_no_error (error);
  values = safetensors_load (file, "h", 1, (gint64[]) { n }, &error);
  g_assert_no_error (error);
  for (int i = 0; i < n; i++)
    {
      g_assert_true (values[i] == half_by_definition (halves[i]));
      g_assert_cmpint (!signbit (values[i]), ==, halves[i] < 0x8000);
    }

  safetensors_close (file);
  g_free (values);
  g_free (halves);
  g_free (data);
  maker_remove (folder);
  g_free (folder);
}

/* Three types side by side, at odd addresses (the header has an odd length and
 * one odd tensor goes first), with metadata, a scalar, an empty tensor, a type
 * we do not load, and the padding that the format allows. */
static void
test_mixed (void)
{
  static const char header[] =
    "{\"__metadata__\":{\"format\":\"pt\"},"
    "\"flags\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]},"
    "\"f\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[3,11]},"
    "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[11,15]},"
    "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[15,15]},"
    "\"h\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[15,17]}}    ";
  static const guint8 data[] = {
    1,    0,    1,                                  /* */
    0xDB, 0x0F, 0x49, 0x40, 0x01, 0x00, 0x00, 0x80, /* π, −2^−149 */
    0x80, 0xBF, 0x01, 0x00,                         /* −1, 2^−133 */
    0x00, 0x3E,                                     /* 1.5 */
  };
  char        *folder = maker_new_folder ();
  GError      *error = NULL;
  Safetensors *file = open_made (folder, header, data, sizeof data, &error);
  float       *values;
  char        *sum, *contents;
  char        *path = g_build_filename (folder, "a.safetensors", NULL);
  gsize        length;

  g_assert_no_error (error);
  g_assert_true (safetensors_has (file, "f"));
  g_assert_false (safetensors_has (file, "__metadata__"));
  g_assert_false (safetensors_has (file, "F"));

  values = safetensors_load (file, "f", 2, (gint64[]) { 1, 2 }, &error);
  g_assert_no_error (error);
  g_assert_true (values[0] == 0x1.921FB6p+1f && values[1] == -0x1p-149f);
  g_free (values);

  values = safetensors_load (file, "b", 1, (gint64[]) { 2 }, &error);
  g_assert_no_error (error);
  g_assert_true (values[0] == -1.0f && values[1] == 0x1p-133f);
  g_free (values);

  values = safetensors_load (file, "h", 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (values[0] == 1.5f);
  g_free (values);

  values = safetensors_load (file, "empty", 2, (gint64[]) { 0, 5 }, &error);
  g_assert_no_error (error);
  g_assert_nonnull (values);
  g_free (values);

  g_assert_null (safetensors_load (file, "flags", 1, (gint64[]) { 3 }, &error));
  maker_assert_refused (error, "*a.safetensors: *“flags”*BOOL*F32, F16 or BF16*");
  error = NULL;
  g_assert_null (safetensors_load (file, "g", 1, (gint64[]) { 3 }, &error));
  maker_assert_refused (error, "*a.safetensors: *“g” is missing*");
  error = NULL;
  g_assert_null (safetensors_load (file, "f", 2, (gint64[]) { 2, 1 }, &error));
  maker_assert_refused (error, "*“f” has the shape [1, 2], expected [2, 1].");
  error = NULL;
  g_assert_null (safetensors_load (file, "f", 1, (gint64[]) { 1 }, &error));
  maker_assert_refused (error, "*“f” has the shape [1, 2], expected [1].");

  sum = safetensors_sha256 (file, NULL);
  g_assert_nonnull (sum);
  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  {
    char *expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) contents, length);

    g_assert_cmpstr (sum, ==, expected);
    g_free (expected);
  }
  g_free (contents);
  g_free (sum);

  safetensors_close (file);
  maker_remove (folder);
  g_free (path);
  g_free (folder);
}

/* A weight that is infinite or no number spoils all that comes after. */
static void
test_not_finite (void)
{
  static const struct
  {
    const char *dtype;
    guint8      data[4];
    int         size;
  } cases[] = {
    { "F32", { 0x00, 0x00, 0xC0, 0x7F }, 4 },
    { "F32", { 0x00, 0x00, 0x80, 0xFF }, 4 },
    { "F32", { 0x01, 0x00, 0x80, 0x7F }, 4 },
    { "F16", { 0x00, 0x7C }, 2 },
    { "F16", { 0x01, 0xFC }, 2 },
    { "BF16", { 0x80, 0x7F }, 2 },
    { "BF16", { 0xC0, 0xFF }, 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char        *folder = maker_new_folder ();
      GError      *error = NULL;
      char        *header = g_strdup_printf ("{\"w\":{\"dtype\":\"%s\",\"shape\":[1],"
                                                    "\"data_offsets\":[0,%d]}}",
                                             cases[i].dtype, cases[i].size);
      Safetensors *file = open_made (folder, header, cases[i].data, cases[i].size, &error);

      g_assert_no_error (error);
      g_assert_null (safetensors_load (file, "w", 1, (gint64[]) { 1 }, &error));
      maker_assert_refused (error, "*“w” has a value that is infinite or not a number.");
      safetensors_close (file);
      g_free (header);
      maker_remove (folder);
      g_free (folder);
    }
}

/* Headers that lie, each with 8 bytes of data. */
static void
test_lying_headers (void)
{
#define W(rest) "{\"w\":{" rest "}}"
#define D       "\"dtype\":\"F32\","
#define S       "\"shape\":[2],"
#define O       "\"data_offsets\":[0,8]"
#define HALF    "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":"
  static const struct
  {
    const char *header;
    const char *pattern;
  } cases[] = {
    { "", "*JSON object*there is nothing." },
    { "[1, 2]", "*JSON object*" },
    { "\"w\"", "*JSON object*" },
    { "null", "*JSON object*" },
    { "{", "*not valid JSON*" },
    { "{}}", "*not valid JSON*" },
    { "{} {}", "*not valid JSON*" },
    { "{]", "*not valid JSON*" },
    { W (D S O ","), "*not valid JSON*" },
    { "// w\n" W (D S O), "*not valid JSON: an unexpected character (byte 0)*" },
    { "var w = " W (D S O), "*not valid JSON: an unknown word (byte 0)*" },
    { "{\"w\xFF\":{" D S O "}}", "*UTF-8*" },
    { "{\"w\\u0000x\":{" D S O "}}", "*not valid JSON: a string*" },
    { "{\"w\nx\":{" D S O "}}", "*not valid JSON: a string*" },
    { "{\"w", "*not valid JSON: a string*" },
    { W (D "\"shape\":[NaN]," O), "*not valid JSON: an unknown word*" },
    { W (D "\"shape\":[-]," O), "*not valid JSON: a number*" },
    { W (D "\"shape\":[02]," O), "*not valid JSON*" },
    { "{\"w\":{" D S O "},\"w\":{" D S O "}}", "*“w” occurs twice*" },
    { W (D S S O), "*“shape” occurs twice*" },
    { "{}", "*data has 8 bytes*0 were expected*" },
    { "{\"__metadata__\":[]}", "*“__metadata__” should be an object*" },
    { "{\"w\":[]}", "*“w” should be an object*" },
    { "{\"w\":null}", "*“w” should be an object*" },
    { W (S O), "*“w” has the unknown dtype*" },
    { W ("\"dtype\":3," S O), "*“w” has the unknown dtype*" },
    { W ("\"dtype\":\"F33\"," S O), "*“w” has the unknown dtype “F33”*" },
    { W ("\"dtype\":\"f32\"," S O), "*“w” has the unknown dtype “f32”*" },
    { W (D O), "*shape of tensor “w”*" },
    { W (D "\"shape\":2," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[2.0]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[\"2\"]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[true]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[null]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[-2]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[-1,-2]," O), "*shape of tensor “w”*" },
    { W (D "\"shape\":[1,1,1,1,1,1,1,1,2]," O), "*shape of tensor “w”*at most 8*" },
    { W (D "\"shape\":[4294967296,4294967296]," O), "*“w” has a shape that is too large*" },
    { W (D "\"shape\":[2305843009213693954]," O), "*not valid JSON: a number*" },
    { W (D "\"shape\":[576460752303423490]," O), "*“w” has a shape that is too large*" },
    { W (D "\"shape\":[9223372036854775808]," O), "*not valid JSON: a number*" },
    { W (D "\"shape\":[1e400]," O), "*" },
    { W (D "\"shape\":[3]," O), "*“w” has 8 bytes*12 were expected*" },
    { W (D "\"shape\":[0]," O), "*“w” has 8 bytes*0 were expected*" },
    { W ("\"dtype\":\"F4\",\"shape\":[3]," O), "*“w” has a shape*" },
    { W (D S), "*not valid JSON*" },
    { W (D "\"shape\":[2]"), "*data_offsets of tensor “w”*" },
    { W (D S "\"data_offsets\":[0]"), "*data_offsets of tensor “w”*" },
    { W (D S "\"data_offsets\":[0,8,8]"), "*data_offsets of tensor “w”*" },
    { W (D S "\"data_offsets\":[8,0]"), "*data_offsets of tensor “w”*" },
    { W (D S "\"data_offsets\":[-8,0]"), "*data_offsets of tensor “w”*" },
    { W (D S "\"data_offsets\":[0,16]"), "*“w” ends at byte 16*at most 8*" },
    { W (D S "\"data_offsets\":[8,16]"), "*“w” ends at byte 16*at most 8*" },
    { W (D S "\"data_offsets\":[0,99999999999999]"), "*“w” ends at byte 99999999999999*" },
    { W (HALF "[0,4]"), "*data has 8 bytes*4 were expected*" },
    { W (HALF "[4,8]"), "*“w” begin at 4 after a gap, expected 0*" },
    { "{\"a\":{" HALF "[0,4]},\"b\":{" HALF "[3,7]}}", "*“b” begin at 3 and overlap*" },
    { "{\"a\":{" HALF "[4,8]},\"b\":{" HALF "[4,8]}}", "*begin at 4 after a gap*" },
    { "{\"a\":{" D S O "},\"b\":{" D S O "}}", "*overlap another*" },
  };
#undef W
#undef D
#undef S
#undef O
#undef HALF
  static const guint8 data[8] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char   *folder = maker_new_folder ();
      char   *escaped = g_strescape (cases[i].header, NULL);
      GError *error = NULL;

      g_test_message ("%s", escaped);
      g_free (escaped);
      g_assert_null (open_made (folder, cases[i].header, data, sizeof data, &error));
      maker_assert_refused (error, cases[i].pattern);
      maker_remove (folder);
      g_free (folder);
    }
}

/* A tensor that is in the file, but for whose floats there is no room. */
static void
test_memory (void)
{
  const gint64  shape = 64 << 20, n_bytes = 2 * shape;
  char         *folder = maker_new_folder ();
  char         *path = g_build_filename (folder, "a.safetensors", NULL);
  char         *header = g_strdup_printf ("{\"large\":{\"dtype\":\"F16\",\"shape\":[%d],"
                                                  "\"data_offsets\":[0,%d]}}",
                                          (int) shape, (int) n_bytes);
  char         *pages;
  struct rlimit own, tight;
  GError       *error = NULL;
  Safetensors  *file;
  void         *room;
  float        *values;

  maker_write_safetensors (folder, "a.safetensors", header, NULL, 0);
  g_assert_cmpint (truncate (path, (off_t) (8 + strlen (header) + n_bytes)), ==, 0);
  file = safetensors_open (path, &error);
  g_assert_no_error (error);

  /* What this process has now, and half of what it will ask for. */
  g_assert_true (g_file_get_contents ("/proc/self/statm", &pages, NULL, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_AS, &own), ==, 0);
  tight = own;
  tight.rlim_cur = g_ascii_strtoull (pages, NULL, 10) * sysconf (_SC_PAGESIZE) + n_bytes;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &tight), ==, 0);
  room = g_try_malloc (2 * n_bytes);
  values = safetensors_load (file, "large", 1, &shape, &error);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &own), ==, 0);

  if (room)
    g_test_skip ("not run: this processor is qemu's, where no limit of memory holds");
  else
    {
      g_assert_null (values);
      g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
      g_test_message ("%s", error->message);
      g_assert_nonnull (
        strstr (error->message, "“large”: close other programs or choose a smaller model."));
    }
  g_clear_error (&error);
  g_free (values);
  g_free (room);
  safetensors_close (file);
  maker_remove (folder);
  g_free (pages);
  g_free (header);
  g_free (path);
  g_free (folder);
}

/* Another program, such as one that fetches it, cuts the file short or writes to it while
 * it is open: what is still there is read, the rest is answered with a sentence. */
static void
test_changed (void)
{
  static const char pattern[] =
    "*a.safetensors: This file of the model was changed while it was read: wait until it is "
    "complete, then try again.";
  const gint64 shape = 1 << 20;
  char        *folder = maker_new_folder ();
  char        *path = g_build_filename (folder, "a.safetensors", NULL);
  guint8      *data = g_malloc0 (8 * shape);
  GError      *error = NULL;
  Safetensors *file;
  float       *values;
  char        *sum;

  file = open_made (folder,
                    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1048576],\"data_offsets\":[0,4194304]},"
                    "\"b\":{\"dtype\":\"F32\",\"shape\":[1048576],"
                    "\"data_offsets\":[4194304,8388608]}}",
                    data, 8 * shape, &error);
  g_assert_no_error (error);
  sum = safetensors_sha256 (file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (sum), ==, 64);
  g_free (sum);

  g_assert_cmpint (truncate (path, 6 * shape), ==, 0);
  values = safetensors_load (file, "a", 1, &shape, &error);
  g_assert_no_error (error);
  g_assert_nonnull (values);
  g_free (values);
  g_assert_null (safetensors_load (file, "b", 1, &shape, &error));
  maker_assert_refused (g_steal_pointer (&error), pattern);
  g_assert_null (safetensors_sha256 (file, &error));
  maker_assert_refused (g_steal_pointer (&error), pattern);

  /* As long as before, at another time. */
  g_assert_cmpint (truncate (path, safetensors_get_length (file)), ==, 0);
  values = safetensors_load (file, "b", 1, &shape, &error);
  g_assert_no_error (error);
  g_free (values);
  g_assert_null (safetensors_sha256 (file, &error));
  maker_assert_refused (error, pattern);

  safetensors_close (file);
  maker_remove (folder);
  g_free (data);
  g_free (path);
  g_free (folder);
}

/* A name from the file cannot spoil the message. */
static void
test_ugly_names (void)
{
  char   *folder = maker_new_folder ();
  GError *error = NULL;
  char   *name = g_strnfill (100000, 'n');
  char   *header = g_strdup_printf ("{\"%s\\n\\u001b[31m\":{\"dtype\":\"%%s%%n\"}}", name);

  g_assert_null (open_made (folder, header, NULL, 0, &error));
  g_assert_cmpuint (strlen (error->message), <, 1000);
  maker_assert_refused (error, "*nnnnn…*%s%n*");

  error = NULL;
  g_assert_null (
    open_made (folder, "{\"\\n\\u001b[31m\":{\"dtype\":\"F\\u0007\"}}", NULL, 0, &error));
  g_assert_null (strchr (error->message, '\033'));
  maker_assert_refused (error, "*“\uFFFD\uFFFD[31m”*“F\uFFFD”*");

  g_free (header);
  g_free (name);
  maker_remove (folder);
  g_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/all-halves", test_all_halves);
  g_test_add_func ("/safetensors/mixed", test_mixed);
  g_test_add_func ("/safetensors/not-finite", test_not_finite);
  g_test_add_func ("/safetensors/lying-headers", test_lying_headers);
  g_test_add_func ("/safetensors/memory", test_memory);
  g_test_add_func ("/safetensors/changed", test_changed);
  g_test_add_func ("/safetensors/ugly-names", test_ugly_names);
  return g_test_run ();
}
