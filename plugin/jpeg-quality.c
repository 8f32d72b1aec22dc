/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jpeg-quality.c: see jpeg-quality.h.
 *
 * The parasite: one byte each for the color space, the quality 1…100 (the
 * nearest of the usual scale where the tables are others, 0 unknown), the
 * number of components and the number of tables, then two bytes with the
 * horizontal and vertical sampling factor of each component.
 */
#include "jpeg-quality.h"

#define JPEG_SETTINGS "jpeg-settings"

typedef struct
{
  int         quality;     /* 1…100 */
  const char *subsampling; /* a choice of file-jpeg-export */
} JpegSettings;

static const char *
subsampling_name (const guint8 *factors, int n_components)
{
  static const struct
  {
    guint8      factors[6];
    const char *name;
  } known[] = {
    { { 1, 1, 1, 1, 1, 1 }, "sub-sampling-1x1" },
    { { 2, 1, 1, 1, 1, 1 }, "sub-sampling-2x1" },
    { { 1, 2, 1, 1, 1, 1 }, "sub-sampling-1x2" },
    { { 2, 2, 1, 1, 1, 1 }, "sub-sampling-2x2" },
  };

  if (n_components == 3)
    for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
      if (memcmp (known[i].factors, factors, sizeof known[i].factors) == 0)
        return known[i].name;

  return known[0].name;
}

static gboolean
read_settings (GimpImage *image, JpegSettings *settings)
{
  GimpParasite *parasite = gimp_image_get_parasite (image, JPEG_SETTINGS);
  guint32       size = 0;
  const guint8 *data;
  gboolean      ok = FALSE;

  if (parasite == NULL)
    return FALSE;

  data = gimp_parasite_get_data (parasite, &size);
  if (size >= 4 && size >= 4u + 2u * data[2] && data[1] >= 1 && data[1] <= 100)
    {
      settings->quality = data[1];
      settings->subsampling = subsampling_name (data + 4, data[2]);
      ok = TRUE;
    }

  gimp_parasite_free (parasite);
  return ok;
}

void
jpeg_quality_keep (GimpProcedureConfig *config, GimpImage *image)
{
  JpegSettings settings;

  if (read_settings (image, &settings))
    g_object_set (config, "quality", settings.quality / 100.0, "sub-sampling", settings.subsampling,
                  NULL);
}
