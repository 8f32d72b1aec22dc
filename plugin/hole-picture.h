/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole-picture.h: the small picture of the Inpaint dialog: what will be filled, in what it
 * lies. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>
#include <libgimp/gimp.h>

#include "picture-view.h"

G_BEGIN_DECLS

typedef struct HolePicture HolePicture;

/* For a dialog that sets up `config` for the drawable, which has passed drawable_check(). */
HolePicture *hole_picture_new (GimpProcedureConfig *config, GimpDrawable *drawable);

/* Owned by the picture until it is packed. */
PictureView *hole_picture_get_widget (HolePicture *picture);

void hole_picture_free (HolePicture *picture);

G_END_DECLS
