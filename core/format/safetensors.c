/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors.c: reader of the safetensors format.
 *
 * A file is 8 bytes of little-endian header length, a header in JSON,
 *   { "name": { "dtype": "F32", "shape": [32, 3], "data_offsets": [0, 384] }, … }
 * and the data, which the offsets count from and the tensors fill without gap.
 * https://github.com/huggingface/safetensors (Format)
 */
#include "format/safetensors.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "format/dtype.h"
#include "format/model-file.h"
#include "format/model-json.h"

#define MAX_DIMS   8
#define HASH_BLOCK (1 << 16)

typedef struct SafetensorsTensor
{
  const char  *name; /* the key in `tensors` */
  const Dtype *dtype;
  int          n_dims;
  gint64       shape[MAX_DIMS];
  gint64       begin, end; /* bytes from the start of the data */
} Tensor;

struct Safetensors
{
  char      *path;
  ModelFile *file;
  guint64    data; /* where it begins, behind the header */
  gint64     data_length;
  GTree     *tensors; /* name ⇒ Tensor; owns both. No hash: the names are a stranger's */
};

/* --- Header --------------------------------------------------------------- */

static guint64
read_u64 (const guint8 *bytes)
{
  guint64 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_LE (value);
}

/* The member `name` of `object` when it is an array of whole numbers ≥ 0, of
 * which the first `max` are put into `values`; −1 else. Returns its length. */
static int
read_counts (JsonObject *object, const char *name, int max, gint64 *values)
{
  JsonNode  *member = json_object_get_member (object, name);
  JsonArray *array;
  guint      n;

  if (!member || !JSON_NODE_HOLDS_ARRAY (member))
    return -1;
  array = json_node_get_array (member);
  n = json_array_get_length (array);
  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      gint64    value;

      if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_INT64)
        return -1;
      value = json_node_get_int (element);
      if (value < 0)
        return -1;
      if (i < (guint) max)
        values[i] = value;
    }
  return MIN (n, G_MAXINT);
}

/* The member `name` when it is a string, else NULL. */
static const char *
read_string (JsonObject *object, const char *name)
{
  JsonNode *member = json_object_get_member (object, name);

  if (!member || !JSON_NODE_HOLDS_VALUE (member) ||
      json_node_get_value_type (member) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (member);
}

/* Bytes that a tensor of this type and shape takes; FALSE when they cannot be
 * counted in 63 bits or are no whole number of bytes. */
static gboolean
count_bytes (const Tensor *tensor, gint64 *n_bytes)
{
  guint64 bits = tensor->dtype->bits;

  /* A zero anywhere makes the product zero, however large the others are. */
  for (int i = 0; i < tensor->n_dims; i++)
    if (tensor->shape[i] == 0)
      bits = 0;
  for (int i = 0; i < tensor->n_dims; i++)
    if (!g_uint64_checked_mul (&bits, bits, tensor->shape[i]))
      return FALSE;
  *n_bytes = bits / 8;
  return bits % 8 == 0;
}

/* One entry of the header. Returns NULL and sets `error` when it is wrong. */
static Tensor *
read_entry (const Safetensors *file, const char *name, JsonNode *node, GError **error)
{
  Tensor      tensor = { 0 };
  JsonObject *entry;
  const char *dtype;
  char       *shown;
  gint64      offsets[2], n_bytes = 0;
  gboolean    ok = FALSE;

  shown = model_file_printable (name);
  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      model_file_fail (error, file->path,
                       _ ("The entry of tensor “%s” should be an object with dtype, "
                          "shape and data_offsets."),
                       shown);
      goto out;
    }
  entry = json_node_get_object (node);

  dtype = read_string (entry, "dtype");
  tensor.dtype = dtype ? dtype_find (dtype) : NULL;
  if (!tensor.dtype)
    {
      char *text = model_file_printable (dtype ? dtype : "");

      model_file_fail (error, file->path,
                       _ ("Tensor “%s” has the unknown dtype “%s”, expected F32, F16 or BF16."),
                       shown, text);
      g_free (text);
      goto out;
    }

  tensor.n_dims = read_counts (entry, "shape", MAX_DIMS, tensor.shape);
  if (tensor.n_dims < 0 || tensor.n_dims > MAX_DIMS)
    {
      model_file_fail (error, file->path,
                       _ ("The shape of tensor “%s” should be a list of at most %d whole "
                          "numbers from 0."),
                       shown, MAX_DIMS);
      goto out;
    }
  if (!count_bytes (&tensor, &n_bytes))
    {
      model_file_fail (error, file->path, _ ("Tensor “%s” has a shape that is too large."), shown);
      goto out;
    }

  if (read_counts (entry, "data_offsets", 2, offsets) != 2 || offsets[1] < offsets[0])
    {
      model_file_fail (error, file->path,
                       _ ("The data_offsets of tensor “%s” should be two whole numbers, "
                          "the first not above the second."),
                       shown);
      goto out;
    }
  tensor.begin = offsets[0];
  tensor.end = offsets[1];
  if (tensor.end > file->data_length)
    {
      model_file_fail (error, file->path,
                       _ ("Tensor “%s” ends at byte %" PRId64
                          " of the data, expected at most %" PRId64 ": the file is cut or wrong."),
                       shown, tensor.end, file->data_length);
      goto out;
    }
  if (tensor.end - tensor.begin != n_bytes)
    {
      model_file_fail (
        error, file->path,
        _ ("Tensor “%s” has %" PRId64 " bytes, by its dtype and shape %" PRId64 " were expected."),
        shown, tensor.end - tensor.begin, n_bytes);
      goto out;
    }
  ok = TRUE;

out:
  g_free (shown);
  return ok ? g_memdup2 (&tensor, sizeof tensor) : NULL;
}

static gint
compare_places (gconstpointer a, gconstpointer b)
{
  const Tensor *one = *(const Tensor *const *) a;
  const Tensor *other = *(const Tensor *const *) b;

  if (one->begin != other->begin)
    return one->begin < other->begin ? -1 : 1;
  if (one->end != other->end)
    return one->end < other->end ? -1 : 1;
  return 0;
}

static gboolean
add_tensor (gpointer name, gpointer tensor, gpointer sorted)
{
  g_ptr_array_add (sorted, tensor);
  return FALSE;
}

/* Do the tensors fill the data, each byte once? */
static gboolean
check_places (const Safetensors *file, GError **error)
{
  GPtrArray *sorted = g_ptr_array_new ();
  gint64     place = 0;
  gboolean   ok = TRUE;

  g_tree_foreach (file->tensors, add_tensor, sorted);
  g_ptr_array_sort (sorted, compare_places);

  for (guint i = 0; ok && i < sorted->len; i++)
    {
      const Tensor *tensor = g_ptr_array_index (sorted, i);

      if (tensor->begin != place)
        {
          char *shown = model_file_printable (tensor->name);

          ok = model_file_fail (error, file->path,
                                tensor->begin < place
                                  ? _ ("The bytes of tensor “%s” begin at %" PRId64
                                       " and overlap another tensor's, expected %" PRId64 ".")
                                  : _ ("The bytes of tensor “%s” begin at %" PRId64
                                       " after a gap, expected %" PRId64 "."),
                                shown, tensor->begin, place);
          g_free (shown);
        }
      place = tensor->end;
    }
  if (ok && place != file->data_length)
    ok = model_file_fail (
      error, file->path,
      _ ("The data has %" PRId64 " bytes, by the tensors %" PRId64 " were expected."),
      file->data_length, place);

  g_ptr_array_unref (sorted);
  return ok;
}

static gboolean
take_entry (gpointer data, const char *name, JsonNode *node, GError **error)
{
  Safetensors *file = data;
  Tensor      *tensor;
  char        *key;

  if (strcmp (name, "__metadata__") == 0)
    return JSON_NODE_HOLDS_OBJECT (node) ||
           model_file_fail (error, file->path, _ ("The entry “__metadata__” should be an object."));

  if (g_tree_lookup (file->tensors, name))
    {
      char *shown = model_file_printable (name);

      model_file_fail (error, file->path, _ ("The name “%s” occurs twice in one JSON object."),
                       shown);
      g_free (shown);
      return FALSE;
    }
  tensor = read_entry (file, name, node, error);
  if (!tensor)
    return FALSE;
  tensor->name = key = g_strdup (name);
  g_tree_insert (file->tensors, key, tensor);
  return TRUE;
}

/* A model of the pickle age: say what to do, since nobody guesses it. */
static gboolean
refuse_pickle (const char *path, GError **error)
{
  static const char *const suffixes[] = { ".bin", ".pt", ".pth", ".ckpt" };

  if (!g_str_has_suffix (path, ".safetensors"))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      int      stem = strlen (path) - strlen (".safetensors");
      char    *pickle = g_strdup_printf ("%.*s%s", stem, path, suffixes[i]);
      gboolean exists = g_file_test (pickle, G_FILE_TEST_EXISTS);

      if (exists)
        model_file_fail (error, pickle,
                         _ ("Weights in this format can run programs and are never read: "
                            "convert them to safetensors."));
      g_free (pickle);
      if (exists)
        return FALSE;
    }
  return TRUE;
}

/* --- Interface ------------------------------------------------------------ */

/* Reads and checks the header: all that is known of the file before its data. */
static gboolean
read_header (Safetensors *file, GError **error)
{
  const guint64 length = model_file_get_length (file->file);
  guint8        start[8];
  guint64       header_length;
  char         *text;
  gboolean      ok;

  if (length < sizeof start)
    return model_file_fail (error, file->path,
                            _ ("The file has %" PRIu64 " bytes, too few for a safetensors file."),
                            length);
  if (!model_file_read (file->file, 0, start, sizeof start, error))
    return FALSE;
  header_length = read_u64 (start);
  if (header_length > MIN (length - sizeof start, MODEL_JSON_MAX_LENGTH))
    return model_file_fail (error, file->path,
                            _ ("The header's length is given as %" PRIu64
                               " bytes, expected at most %" PRIu64
                               ": this is no safetensors file, or it is cut."),
                            header_length, MIN (length - sizeof start, MODEL_JSON_MAX_LENGTH));
  file->data = sizeof start + header_length;
  file->data_length = length - file->data;

  text = g_malloc (header_length);
  ok = model_file_read (file->file, sizeof start, text, header_length, error) &&
       model_json_parse_entries (file->path, text, header_length, take_entry, file, error) &&
       check_places (file, error);
  g_free (text);
  return ok;
}

static int
compare_names (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

Safetensors *
safetensors_open (const char *path, GError **error)
{
  Safetensors *file;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) && !refuse_pickle (path, error))
    return NULL;

  file = g_new0 (Safetensors, 1);
  file->path = g_strdup (path);
  file->tensors = g_tree_new_full (compare_names, NULL, g_free, g_free);
  file->file = model_file_open (path, error);
  if (file->file && read_header (file, error))
    return file;

  safetensors_close (file);
  return NULL;
}

void
safetensors_close (Safetensors *file)
{
  if (!file)
    return;
  model_file_close (file->file);
  g_tree_unref (file->tensors);
  g_free (file->path);
  g_free (file);
}

gboolean
safetensors_has (Safetensors *file, const char *name)
{
  return g_tree_lookup (file->tensors, name) != NULL;
}

guint64
safetensors_get_length (const Safetensors *file)
{
  return model_file_get_length (file->file);
}

char *
safetensors_sha256 (Safetensors *file, GError **error)
{
  const guint64 length = model_file_get_length (file->file);
  GChecksum    *checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8       *block = g_malloc (HASH_BLOCK);
  gboolean      ok = TRUE;
  char         *text = NULL;

  for (guint64 at = 0; ok && at < length; at += HASH_BLOCK)
    {
      const gsize n = MIN (HASH_BLOCK, length - at);

      ok = model_file_read (file->file, at, block, n, error);
      if (ok)
        g_checksum_update (checksum, block, n);
    }
  if (ok && model_file_check_unchanged (file->file, error))
    text = g_strdup (g_checksum_get_string (checksum));
  g_free (block);
  g_checksum_free (checksum);
  return text;
}

/* --- Loading -------------------------------------------------------------- */

static char *
describe_shape (int n_dims, const gint64 *shape)
{
  GString *text = g_string_new ("[");

  for (int i = 0; i < n_dims; i++)
    g_string_append_printf (text, "%s%" PRId64, i > 0 ? ", " : "", shape[i]);
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static gboolean
check_shape (const Safetensors *file,
             const Tensor      *tensor,
             int                n_dims,
             const gint64      *shape,
             GError           **error)
{
  char *found, *expected;

  if (tensor->n_dims == n_dims &&
      (n_dims == 0 || memcmp (tensor->shape, shape, n_dims * sizeof *shape) == 0))
    return TRUE;

  found = describe_shape (tensor->n_dims, tensor->shape);
  expected = describe_shape (n_dims, shape);
  model_file_fail (error, file->path, _ ("Tensor “%s” has the shape %s, expected %s."),
                   tensor->name, found, expected);
  g_free (found);
  g_free (expected);
  return FALSE;
}

const SafetensorsTensor *
safetensors_find (Safetensors  *file,
                  const char   *name,
                  int           n_dims,
                  const gint64 *shape,
                  GError      **error)
{
  const Tensor *tensor = g_tree_lookup (file->tensors, name);

  if (!tensor)
    {
      model_file_fail (error, file->path,
                       _ ("Tensor “%s” is missing; the configuration asks for it."), name);
      return NULL;
    }
  if (!check_shape (file, tensor, n_dims, shape, error))
    return NULL;
  if (!tensor->dtype->load)
    {
      model_file_fail (error, file->path,
                       _ ("Tensor “%s” has the dtype %s, expected F32, F16 or BF16."), name,
                       tensor->dtype->name);
      return NULL;
    }
  return tensor;
}

gboolean
safetensors_read (Safetensors             *file,
                  const SafetensorsTensor *tensor,
                  gint64                   first,
                  gint64                   n,
                  float                   *values,
                  GError                 **error)
{
  const int size = tensor->dtype->bits / 8;
  guint8   *bytes = (guint8 *) values + (sizeof (float) - size) * n;

  g_return_val_if_fail (first >= 0 && n >= 0 && (first + n) * size <= tensor->end - tensor->begin,
                        FALSE);

  if (!model_file_read (file->file, file->data + tensor->begin + first * size, bytes, n * size,
                        error))
    return FALSE;
  tensor->dtype->load (values, bytes, n);
  if (!dtype_are_finite (values, n))
    return model_file_fail (error, file->path,
                            _ ("Tensor “%s” has a value that is infinite or not a number."),
                            tensor->name);
  return TRUE;
}

float *
safetensors_load_tensor (Safetensors *file, const SafetensorsTensor *tensor, GError **error)
{
  const gint64 n = (tensor->end - tensor->begin) / (tensor->dtype->bits / 8);
  float       *values = NULL;

  if ((gint64) (gsize) n == n) /* where pointers have 32 bits it need not be */
    values = g_try_malloc_n (MAX (n, 1), sizeof (float));
  if (!values)
    g_set_error (
      error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
      _ ("There is not enough memory for the model's tensor “%s”: close other programs or "
         "choose a smaller model."),
      tensor->name);
  else if (!safetensors_read (file, tensor, 0, n, values, error))
    g_clear_pointer (&values, g_free);
  return values;
}

float *
safetensors_load (Safetensors  *file,
                  const char   *name,
                  int           n_dims,
                  const gint64 *shape,
                  GError      **error)
{
  const SafetensorsTensor *tensor = safetensors_find (file, name, n_dims, shape, error);

  return tensor ? safetensors_load_tensor (file, tensor, error) : NULL;
}
