/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heif-header.h: what the boxes of a HEIC or AVIF file tell of how its picture was coded
 * (ISO/IEC 23008-12; the codecs' boxes: ISO/IEC 14496-15 and AV1-ISOBMFF).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean keeps_colours; /* coded as RGB, as lossless files are: lossy ones are in YCbCr */
  gboolean is_subsampled; /* colours at half the size or none */
  int      depth;         /* bits per channel; 0: not told */
} HeifHeader;

/* Of the first picture in the file, which alpha and thumbnail follow. FALSE: neither HEIC nor
 * AVIF. What is cut off or broken is told as if it were not there. */
gboolean heif_header_read (HeifHeader *header, const guint8 *data, gsize size);

G_END_DECLS
