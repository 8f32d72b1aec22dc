/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ppm.h: reads binary PPM and PGM files of 8 bits.
 */
#pragma once

#include <stdio.h>

#include "support/picture.h"

/* The next picture of a stream, all of it selected; NULL at the end. */
static inline Picture *
ppm_read (FILE *stream)
{
  int      width, height, maximum;
  char     kind;
  Picture *picture;
  guint8  *bytes;

  if (fscanf (stream, " P%c %d %d %d", &kind, &width, &height, &maximum) != 4)
    return NULL;
  g_assert_true ((kind == '5' || kind == '6') && maximum == 255);
  fgetc (stream);

  picture = picture_new (width, height, kind == '6' ? 3 : 1);
  bytes = g_malloc (picture->size * picture->n_channels);
  g_assert_cmpuint (fread (bytes, picture->n_channels, picture->size, stream), ==, picture->size);
  for (gsize i = 0; i < picture->size; i++)
    {
      for (int c = 0; c < picture->n_channels; c++)
        picture->pixels[c * picture->size + i] = bytes[i * picture->n_channels + c] / 255.0f;
      picture->selection[i] = 1.0f;
    }
  g_free (bytes);
  return picture;
}
