/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dump-layers.c: not a test: evaluates a network for tests/numerics/networks.py.
 *
 *     dump-layers CONFIG WEIGHTS WIDTH HEIGHT T INPUT OUTPUT [MODULE]
 *
 * INPUT: in_channels × HEIGHT × WIDTH floats, already folded. OUTPUT: a
 * safetensors file with what each module returns, C × H × W, or that of MODULE
 * alone. Standard output: the parameters, and the bytes that they take when laid out and
 * while they are loaded, as JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "kernels/dispatch.h"
#include "network/unet.h"

typedef struct
{
  const char *module; /* NULL: all */
  GString    *header;
  GByteArray *data;
} Dump;

static void
add_layer (gpointer user_data, const UnetLayer *layer)
{
  Dump       *dump = user_data;
  const Map  *map = layer->map;
  const gsize pixels = (gsize) map->width * map->height;
  const gsize bytes = pixels * map->channels * sizeof (float);
  float      *planes;

  if (dump->module && strcmp (dump->module, layer->name) != 0)
    return;

  planes = g_new (float, pixels * map->channels);
  for (gsize i = 0; i < pixels; i++)
    for (int c = 0; c < map->channels; c++)
      planes[c * pixels + i] = map->data[i * map->stride + c];
  g_string_append_printf (
    dump->header, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%d,%d,%d],\"data_offsets\":[%u,%u]}",
    dump->data->len == 0 ? '{' : ',', layer->name, map->channels, map->height, map->width,
    dump->data->len, dump->data->len + (guint) bytes);
  g_byte_array_append (dump->data, (const guint8 *) planes, bytes);
  g_free (planes);
}

static gboolean
write_dump (const Dump *dump, const char *path, GError **error)
{
  const guint64 length = GUINT64_TO_LE ((guint64) dump->header->len);
  GByteArray   *file = g_byte_array_new ();
  gboolean      ok;

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) dump->header->str, dump->header->len);
  g_byte_array_append (file, dump->data->data, dump->data->len);
  ok = g_file_set_contents (path, (const char *) file->data, file->len, error);
  g_byte_array_unref (file);
  return ok;
}

static gboolean
read_input (const char       *path,
            const UnetConfig *config,
            int               width,
            int               height,
            float            *map,
            GError          **error)
{
  const gsize pixels = (gsize) width * height;
  const int   stride = KERNEL_PAD (config->picture.in_channels);
  gsize       length;
  char       *bytes;

  if (!g_file_get_contents (path, &bytes, &length, error))
    return FALSE;
  if (length != pixels * config->picture.in_channels * sizeof (float))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s has %" G_GSIZE_FORMAT " bytes",
                   path, length);
      g_free (bytes);
      return FALSE;
    }

  memset (map, 0, pixels * stride * sizeof *map);
  for (gsize i = 0; i < pixels; i++)
    for (int c = 0; c < config->picture.in_channels; c++)
      memcpy (&map[i * stride + c], bytes + (c * pixels + i) * sizeof *map, sizeof *map);
  g_free (bytes);
  return TRUE;
}

static void
tell_weights (const Unet *unet)
{
  DiffusionModelInfo info = { 0 };

  unet_get_info (unet, &info);
  g_print ("{\"parameters\": %" G_GUINT64_FORMAT ", \"bytes\": %" G_GUINT64_FORMAT
           ", \"bytes_loading\": %" G_GUINT64_FORMAT "}\n",
           info.n_parameters, info.bytes, info.bytes_loading);
}

static gboolean
evaluate (char **arguments, GError **error)
{
  const int         width = atoi (arguments[2]), height = atoi (arguments[3]);
  const double      t = g_ascii_strtod (arguments[4], NULL);
  Dump              dump = { arguments[7], g_string_new (NULL), g_byte_array_new () };
  DiffusionWorkers *workers = diffusion_workers_new (2);
  Safetensors      *weights = NULL;
  Unet             *unet = NULL;
  UnetConfig        config;
  float            *map;
  gboolean          ok = FALSE;

  if (unet_config_read (&config, arguments[0], error) &&
      (weights = safetensors_open (arguments[1], error)) &&
      (unet = unet_new (&config, weights, kernels_get_exact (), error)) &&
      (map = unet_begin (unet, workers, width, height, error)) &&
      read_input (arguments[5], &config, width, height, map, error))
    {
      tell_weights (unet);
      unet_set_trace (unet, add_layer, &dump);
      ok = unet_run (unet, workers, t, NULL, error) != NULL;
      g_string_append_c (dump.header, '}');
      ok = ok && write_dump (&dump, arguments[6], error);
    }

  unet_free (unet);
  if (weights)
    safetensors_close (weights);
  diffusion_workers_free (workers);
  g_string_free (dump.header, TRUE);
  g_byte_array_unref (dump.data);
  return ok;
}

int
main (int argc, char **argv)
{
  GError *error = NULL;

  if (argc != 8 && argc != 9)
    {
      g_printerr ("Usage: %s CONFIG WEIGHTS WIDTH HEIGHT T INPUT OUTPUT [MODULE]\n", argv[0]);
      return 2;
    }
  if (!evaluate (argv + 1, &error))
    {
      g_printerr ("%s\n", error->message);
      g_error_free (error);
      return 1;
    }
  return 0;
}
