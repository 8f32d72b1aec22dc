/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-export.c: see image-export.h.
 */
#include "image-export.h"

#include <string.h>

#include "image-orientation.h"
#include "jpeg-quality.h"

/* Formats whose procedure is not called after the extension. */
static const struct
{
  const char *extension;
  const char *procedure;
} other_names[] = {
  { "jpg", "file-jpeg-export" },      { "jpe", "file-jpeg-export" },
  { "tif", "file-tiff-export" },      { "heic", "file-heif-export" },
  { "avif", "file-heif-av1-export" }, { "jxl", "file-jpegxl-export" },
};

/* GIMP does not tell which procedure writes a file. NULL: one without metadata,
 * or GIMP itself. */
static GimpProcedure *
find_procedure (GFile *file)
{
  GimpPDB       *pdb = gimp_get_pdb ();
  char          *name = g_file_get_basename (file);
  const char    *dot = strrchr (name, '.');
  char          *extension = g_ascii_strdown (dot ? dot + 1 : "", -1);
  char          *guess = g_strdup_printf ("file-%s-export", extension);
  GimpProcedure *procedure = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (other_names); i++)
    if (g_str_equal (extension, other_names[i].extension))
      {
        g_free (guess);
        guess = g_strdup (other_names[i].procedure);
      }

  if (gimp_pdb_procedure_exists (pdb, guess))
    procedure = gimp_pdb_lookup_procedure (pdb, guess);

  g_free (guess);
  g_free (extension);
  g_free (name);
  return procedure;
}

static void
set_if_there (GimpProcedureConfig *config, const char *name, gboolean value)
{
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), name))
    g_object_set (config, name, value, NULL);
}

static void
keep_metadata (GimpProcedureConfig *config, GimpImage *image)
{
  GimpColorProfile *profile = gimp_image_get_color_profile (image);
  GimpParasite     *comment = gimp_image_get_parasite (image, "gimp-comment");

  set_if_there (config, "include-exif", TRUE);
  set_if_there (config, "include-iptc", TRUE);
  set_if_there (config, "include-xmp", TRUE);

  /* Without one, GIMP would put in its own. */
  set_if_there (config, "include-comment", comment != NULL);
  set_if_there (config, "include-color-profile", profile != NULL);

  g_clear_pointer (&comment, gimp_parasite_free);
  g_clear_object (&profile);
}

/* Whether GIMP writes how the picture is to be turned as it was read. Into a TIFF it writes
 * that it is upright. */
static gboolean
keeps_orientation (GimpProcedure *procedure)
{
  static const char *const names[] = { "file-jpeg-export", "file-png-export", "file-webp-export",
                                       NULL };

  return procedure && g_strv_contains (names, gimp_procedure_get_name (procedure));
}

gboolean
image_export (GimpImage *image, GFile *file, const ImageEncoding *encoding)
{
  GimpProcedure       *procedure = find_procedure (file);
  GimpProcedureConfig *config;
  GimpValueArray      *result;
  gboolean             ok;

  if (!keeps_orientation (procedure))
    image_orientation_stand_up (image);

  if (procedure == NULL)
    return gimp_file_save (GIMP_RUN_NONINTERACTIVE, image, file, NULL);

  config = gimp_procedure_create_config (procedure);
  g_object_set (config, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", image, "file", file, NULL);
  keep_metadata (config, image);
  image_encoding_keep (encoding, config, gimp_procedure_get_name (procedure), image);
  if (g_str_equal (gimp_procedure_get_name (procedure), "file-jpeg-export"))
    jpeg_quality_keep (config, image);

  result = gimp_procedure_run_config (procedure, config);
  ok = GIMP_VALUES_GET_ENUM (result, 0) == GIMP_PDB_SUCCESS;

  gimp_value_array_unref (result);
  g_object_unref (config);
  return ok;
}
