/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe.c: see probe.h.
 */
#include "gimp/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- The plug-in ---------------------------------------------------------- */

static const struct
{
  const char *name;
  void (*run) (void);
} entries[] = {
  { "gimp-probe-matrix", probe_matrix },       { "gimp-probe-refusals", probe_refusals },
  { "gimp-probe-layers", probe_layers },       { "gimp-probe-kill", probe_kill },
  { "gimp-probe-new-layer", probe_new_layer }, { "gimp-probe-light", probe_light },
};

#define PROBE_TYPE_PLUG_IN (probe_plug_in_get_type ())
G_DECLARE_FINAL_TYPE (ProbePlugIn, probe_plug_in, PROBE, PLUG_IN, GimpPlugIn)

struct _ProbePlugIn
{
  GimpPlugIn parent_instance;
};

G_DEFINE_FINAL_TYPE (ProbePlugIn, probe_plug_in, GIMP_TYPE_PLUG_IN)

GIMP_MAIN (PROBE_TYPE_PLUG_IN)

static GimpValueArray *
run (GimpProcedure *procedure, GimpProcedureConfig *config, gpointer data)
{
  gegl_init (NULL, NULL);
  gimp_plug_in_set_pdb_error_handler (gimp_get_plug_in (), GIMP_PDB_ERROR_HANDLER_PLUGIN);

  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    if (g_str_equal (entries[i].name, gimp_procedure_get_name (procedure)))
      entries[i].run ();

  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}

static GList *
query_procedures (GimpPlugIn *plug_in)
{
  GList *names = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    names = g_list_append (names, g_strdup (entries[i].name));
  return names;
}

static GimpProcedure *
create_procedure (GimpPlugIn *plug_in, const char *name)
{
  return gimp_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, run, NULL, NULL);
}

static void
probe_plug_in_class_init (ProbePlugInClass *klass)
{
  GimpPlugInClass *plug_in_class = GIMP_PLUG_IN_CLASS (klass);

  plug_in_class->query_procedures = query_procedures;
  plug_in_class->create_procedure = create_procedure;
  plug_in_class->set_i18n = NULL;
}

static void
probe_plug_in_init (ProbePlugIn *plug_in)
{
}

/* --- TAP ------------------------------------------------------------------ */

void
probe_ok (gboolean ok, const char *format, ...)
{
  va_list arguments;
  char   *text;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  /* gimp_console.py numbers the lines. */
  printf ("%s - %s\n", ok ? "ok" : "not ok", text);
  fflush (stdout);
  g_free (text);
}

void
probe_note (const char *format, ...)
{
  va_list arguments;
  char   *text;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  printf ("# %s\n", text);
  fflush (stdout);
  g_free (text);
}

/* --- Pictures ------------------------------------------------------------- */

GimpImage *
probe_image (GimpImageBaseType base,
             gboolean          alpha,
             GimpPrecision     precision,
             int               width,
             int               height,
             int               offset_x,
             int               offset_y)
{
  GimpImage    *image = gimp_image_new_with_precision (64, 56, base, precision);
  GimpImageType type = base == GIMP_RGB ? GIMP_RGB_IMAGE : GIMP_GRAY_IMAGE;
  GimpLayer    *layer;

  layer = gimp_layer_new (image, "layer", width, height, alpha ? type + 1 : type, 100,
                          GIMP_LAYER_MODE_NORMAL);
  gimp_image_insert_layer (image, layer, NULL, 0);
  gimp_layer_set_offsets (layer, offset_x, offset_y);
  probe_fill (GIMP_DRAWABLE (layer));

  return image;
}

GimpDrawable *
probe_layer (GimpImage *image)
{
  GimpLayer   **layers = gimp_image_get_layers (image);
  GimpDrawable *layer = GIMP_DRAWABLE (layers[0]);

  g_free (layers);
  return layer;
}

/* One component of a native pixel: v in 0…1, or beyond for floats. */
static gsize
store (guchar *to, const char *type, double v, GRand *rand)
{
  double v01 = CLAMP (v, 0, 1);

  if (g_str_equal (type, "u8"))
    {
      *to = (guint8) (v01 * 255);
      return 1;
    }
  if (g_str_equal (type, "u16"))
    {
      guint16 u = (guint16) (v01 * 65535);

      memcpy (to, &u, sizeof u);
      return sizeof u;
    }
  if (g_str_equal (type, "u32"))
    {
      /* Low bits that no float holds. */
      guint32 u = (guint32) (v01 * 4294900000.0) + (guint32) g_rand_int_range (rand, 0, 65536);

      memcpy (to, &u, sizeof u);
      return sizeof u;
    }
  if (g_str_equal (type, "float"))
    {
      float f = (float) v;

      memcpy (to, &f, sizeof f);
      return sizeof f;
    }
  if (g_str_equal (type, "double"))
    {
      memcpy (to, &v, sizeof v);
      return sizeof v;
    }
  if (g_str_equal (type, "half"))
    {
      /* Sign, exponent of 2^-8…2^1, ten random bits: every such pattern is a
       * number. Rough, and all that is needed. */
      int     e = CLAMP ((int) floor (log2 (fabs (v) + 1e-3)) + 15, 6, 16);
      guint16 h = (guint16) ((v < 0) << 15 | e << 10 | g_rand_int_range (rand, 0, 1024));

      memcpy (to, &h, sizeof h);
      return sizeof h;
    }

  g_error ("a component of type %s", type);
}

void
probe_fill (GimpDrawable *drawable)
{
  const Babl *format = gimp_drawable_get_format (drawable);
  const char *type = babl_get_name (babl_format_get_type (format, 0));
  gboolean    has_alpha = gimp_drawable_has_alpha (drawable);
  int         n = babl_format_get_n_components (format) - (has_alpha ? 1 : 0);
  int         width = gimp_drawable_get_width (drawable);
  int         height = gimp_drawable_get_height (drawable);
  GRand      *rand = g_rand_new_with_seed (1234);
  GeglBuffer *buffer = gimp_drawable_get_buffer (drawable);
  guchar     *pixels = g_malloc ((gsize) width * height * babl_format_get_bytes_per_pixel (format));
  guchar     *to = pixels;

  /* A part of these lies outside 0…1, which the integers cut off. */
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        for (int c = 0; c < n; c++)
          to += store (to, type,
                       0.5 + 0.3 * sin (0.2 * x + c) * cos (0.15 * y) +
                         g_rand_double_range (rand, -0.35, 0.35),
                       rand);
        if (has_alpha)
          {
            double a = (x * 7 + y * 3) % 11 == 0 ? 0 : (x + y) % 5 == 0 ? 0.4 : 1;

            to += store (to, type, a, rand);
          }
      }

  gegl_buffer_set (buffer, NULL, 0, format, pixels, GEGL_AUTO_ROWSTRIDE);
  g_object_unref (buffer);
  gimp_drawable_update (drawable, 0, 0, width, height);
  g_free (pixels);
  g_rand_free (rand);
}

GBytes *
probe_bytes (GimpDrawable *drawable)
{
  const Babl *format = gimp_drawable_get_format (drawable);
  int         width = gimp_drawable_get_width (drawable);
  int         height = gimp_drawable_get_height (drawable);
  gsize       size = (gsize) width * height * babl_format_get_bytes_per_pixel (format);
  guchar     *pixels = g_malloc (size);
  GeglBuffer *buffer = gimp_drawable_get_buffer (drawable);

  gegl_buffer_get (buffer, GEGL_RECTANGLE (0, 0, width, height), 1.0, format, pixels,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  g_object_unref (buffer);

  return g_bytes_new_take (pixels, size);
}

/* The selection of every pixel of the drawable; 1 without a selection. */
static float *
read_selection (GimpDrawable *drawable)
{
  GimpImage *image = gimp_item_get_image (GIMP_ITEM (drawable));
  int        width = gimp_drawable_get_width (drawable);
  int        height = gimp_drawable_get_height (drawable);
  float     *selection = g_new (float, (gsize) width *height);
  int        x, y;

  for (int i = 0; i < width * height; i++)
    selection[i] = 1;

  if (!gimp_selection_is_empty (image))
    {
      GeglBuffer *buffer =
        gimp_drawable_get_buffer (GIMP_DRAWABLE (gimp_image_get_selection (image)));

      gimp_drawable_get_offsets (drawable, &x, &y);
      gegl_buffer_get (buffer, GEGL_RECTANGLE (x, y, width, height), 1.0, babl_format ("Y float"),
                       selection, GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
      g_object_unref (buffer);
    }
  return selection;
}

static gboolean
all_finite (GimpDrawable *drawable)
{
  const Babl *format = babl_format_with_space ("RGBA double", gimp_drawable_get_format (drawable));
  int         width = gimp_drawable_get_width (drawable);
  int         height = gimp_drawable_get_height (drawable);
  double     *pixels = g_new (double, (gsize) width *height * 4);
  GeglBuffer *buffer = gimp_drawable_get_buffer (drawable);
  gboolean    finite = TRUE;

  gegl_buffer_get (buffer, GEGL_RECTANGLE (0, 0, width, height), 1.0, format, pixels,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  g_object_unref (buffer);

  for (int i = 0; i < width * height * 4; i++)
    finite = finite && isfinite (pixels[i]);

  g_free (pixels);
  return finite;
}

ProbeChange
probe_compare (GimpDrawable *drawable, GBytes *before)
{
  const Babl   *format = gimp_drawable_get_format (drawable);
  gsize         bytes = babl_format_get_bytes_per_pixel (format);
  gsize         component = bytes / babl_format_get_n_components (format);
  int           n = gimp_drawable_get_width (drawable) * gimp_drawable_get_height (drawable);
  GBytes       *now = probe_bytes (drawable);
  const guchar *a = g_bytes_get_data (before, NULL);
  const guchar *b = g_bytes_get_data (now, NULL);
  float        *selection = read_selection (drawable);
  ProbeChange   change = { .finite = all_finite (drawable) };

  for (int i = 0; i < n; i++, a += bytes, b += bytes)
    {
      gboolean changed = memcmp (a, b, bytes) != 0;

      change.n_selected += selection[i] > 0;
      if (selection[i] > 0)
        change.changed_selected += changed;
      else
        change.changed_unselected += changed;
      change.changed_alpha += memcmp (a + bytes - component, b + bytes - component, component) != 0;
    }

  if (!gimp_drawable_has_alpha (drawable))
    change.changed_alpha = 0;
  g_free (selection);
  g_bytes_unref (now);
  return change;
}

/* --- Calls ---------------------------------------------------------------- */

static char *
call_all (const char    *procedure_name,
          GimpImage     *image,
          GimpDrawable **drawables,
          const char    *first_name,
          va_list        arguments)
{
  GimpProcedure       *procedure;
  GimpProcedureConfig *config;
  GimpValueArray      *result;
  char                *message = NULL;

  procedure = gimp_pdb_lookup_procedure (gimp_get_pdb (), procedure_name);
  if (procedure == NULL)
    return g_strdup_printf ("there is no %s", procedure_name);

  config = gimp_procedure_create_config (procedure);
  g_object_set (config, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", image, NULL);
  gimp_procedure_config_set_core_object_array (
    config, "drawables", (GObject **) drawables,
    gimp_core_object_array_get_length ((GObject **) drawables));
  if (first_name)
    g_object_set_valist (G_OBJECT (config), first_name, arguments);

  result = gimp_procedure_run_config (procedure, config);
  if (GIMP_VALUES_GET_ENUM (result, 0) != GIMP_PDB_SUCCESS)
    message = g_strdup (gimp_value_array_length (result) > 1 &&
                            G_VALUE_HOLDS_STRING (gimp_value_array_index (result, 1))
                          ? GIMP_VALUES_GET_STRING (result, 1)
                          : "no message");

  gimp_value_array_unref (result);
  g_object_unref (config);
  return message;
}

char *
probe_call_all (const char    *procedure,
                GimpImage     *image,
                GimpDrawable **drawables,
                const char    *first_name,
                ...)
{
  va_list arguments;
  char   *message;

  va_start (arguments, first_name);
  message = call_all (procedure, image, drawables, first_name, arguments);
  va_end (arguments);
  return message;
}

char *
probe_call (const char   *procedure,
            GimpImage    *image,
            GimpDrawable *drawable,
            const char   *first_name,
            ...)
{
  GimpDrawable *drawables[] = { drawable, NULL };
  va_list       arguments;
  char         *message;

  va_start (arguments, first_name);
  message = call_all (procedure, image, drawables, first_name, arguments);
  va_end (arguments);
  return message;
}
