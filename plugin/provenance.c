/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * provenance.c: see provenance.h.
 */
#include "provenance.h"

#include <json-glib/json-glib.h>

/* In words that do not depend on the language, as other programs read them. */
static void
add_found (GVariantBuilder *builder, const Task *task)
{
  static const char *const kinds[] = { "none", "trace", "camera", "white" };
  const DiffusionNoise    *found = &task->denoise.found;

  if (task->kind != TASK_DENOISE || !found->is_measured)
    return;
  g_variant_builder_add (builder, "{sv}", "noise", g_variant_new_string (kinds[found->kind]));
  g_variant_builder_add (builder, "{sv}", "noise-half-sigma",
                         g_variant_new_double (found->sigma_half));
  g_variant_builder_add (builder, "{sv}", "impulses", g_variant_new_double (found->impulses));
  g_variant_builder_add (builder, "{sv}", "compression-artefacts",
                         g_variant_new_boolean (found->blocks));
}

GVariant *
provenance_new_run (const char *procedure, const Task *task, const char *model_sha256)
{
  GVariant       *settings = task_get_settings (task);
  GVariantBuilder builder;
  GVariantIter    iter;
  GVariant       *setting;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "procedure", g_variant_new_string (procedure));
  g_variant_builder_add (&builder, "{sv}", "version", g_variant_new_string (VERSION));
  g_variant_builder_add (&builder, "{sv}", "model-sha256", g_variant_new_string (model_sha256));

  g_variant_iter_init (&iter, settings);
  while ((setting = g_variant_iter_next_value (&iter)))
    {
      g_variant_builder_add_value (&builder, setting);
      g_variant_unref (setting);
    }
  g_variant_unref (settings);
  add_found (&builder, task);

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The array in the item's parasite; an empty one where there is none. */
static JsonArray *
read_runs (GimpItem *item)
{
  GimpParasite *parasite = gimp_item_get_parasite (item, PROVENANCE_PARASITE);
  JsonParser   *parser = json_parser_new ();
  JsonArray    *runs = NULL;

  if (parasite)
    {
      guint32       size = 0;
      gconstpointer data = gimp_parasite_get_data (parasite, &size);

      /* Other programs may have written it; the data may end in a zero byte. */
      if (data && json_parser_load_from_data (parser, data, strnlen (data, size), NULL) &&
          json_parser_get_root (parser) && JSON_NODE_HOLDS_ARRAY (json_parser_get_root (parser)))
        runs = json_array_ref (json_node_get_array (json_parser_get_root (parser)));
      gimp_parasite_free (parasite);
    }

  g_object_unref (parser);
  return runs ? runs : json_array_new ();
}

void
provenance_attach (GimpItem *target, GimpItem *origin, GVariant *run)
{
  JsonArray    *runs = read_runs (origin);
  JsonNode     *root = json_node_alloc ();
  GimpParasite *parasite;
  char         *text;

  json_array_add_element (runs, json_gvariant_serialize (run));
  json_node_init_array (root, runs);
  text = json_to_string (root, FALSE);

  parasite = gimp_parasite_new (
    PROVENANCE_PARASITE, GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE, strlen (text), text);
  gimp_item_attach_parasite (target, parasite);

  gimp_parasite_free (parasite);
  g_free (text);
  json_node_unref (root);
  json_array_unref (runs);
}
