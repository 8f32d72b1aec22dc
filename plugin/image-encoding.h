/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-encoding.h: how a file is encoded, where GIMP forgets it: whether WebP, JPEG XL,
 * HEIC and AVIF are lossless, the compression of a TIFF, the interlacing of a PNG. What GIMP notes of a
 * JPEG is in jpeg-quality.h.
 */
#pragma once

#include <libgimp/gimp.h>

#include "heif-header.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean    lossless;    /* a WebP, JPEG XL, HEIC or AVIF */
  HeifHeader  heif;        /* depth 0: not told, or no HEIC or AVIF */
  gboolean    interlaced;  /* a PNG */
  gboolean    progressive; /* a JPEG */
  gboolean    run_lengths; /* a TGA */
  const char *tiff;        /* a choice of file-tiff-export; NULL: no TIFF */
  char       *lost;        /* nullable: a sentence on what GIMP cannot write like this */
} ImageEncoding;

/* Looks at the head of the file that the image was loaded from; what it does not know
 * stays as GIMP writes it. */
void image_encoding_read (ImageEncoding *encoding, GFile *file, GimpImage *image);
void image_encoding_clear (ImageEncoding *encoding);

/* Sets the arguments of GIMP's export procedure so that the image is written as the file
 * was, and loses no more than it has to. */
void image_encoding_keep (const ImageEncoding *encoding,
                          GimpProcedureConfig *config,
                          const char          *procedure_name,
                          GimpImage           *image);

G_END_DECLS
