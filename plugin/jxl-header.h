/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jxl-header.h: what the head of a JPEG XL file tells of how it was coded (ISO/IEC
 * 18181-1, annexes B to D of the codestream; 18181-2 for the boxes around it).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* TRUE when the codestream keeps the picture's own colours, as lossless files do: lossy ones
 * are coded in XYB. FALSE also for what is no JPEG XL, or is cut off. */
gboolean jxl_header_keeps_colours (const guint8 *data, gsize size);

G_END_DECLS
