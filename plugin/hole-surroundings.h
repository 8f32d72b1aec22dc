/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hole-surroundings.h: whether there is anything around the hole that a filling could go by.
 * Main thread only.
 */
#pragma once

#include "drawable-io.h"

G_BEGIN_DECLS

/* Whether there is anything that Inpaint at this strength can go by: pixels of the drawable
 * (with io->visible, of the image) near the hole that are neither in it nor transparent, or,
 * below full strength, what is in it. FALSE and a sentence when not. Errors:
 * GIMP_PLUG_IN_ERROR. */
gboolean hole_surroundings_check (DrawableIo *io, double strength, GError **error);

/* TRUE where the drawable has alpha and is transparent next to the selection: then it is
 * the layers below that tell what belongs there. */
gboolean hole_surroundings_are_empty (GimpDrawable *drawable);

G_END_DECLS
