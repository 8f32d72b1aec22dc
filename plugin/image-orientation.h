/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-orientation.h: which way up a picture is shown. Cameras store pictures as the
 * sensor lay and note in Exif how to turn them; viewers do, and GIMP does not when a
 * script opens a file. Numbers are those of Exif (CIPA DC-008, tag 274): 1 upright, 2 mirrored,
 * 3 turned by 180°, 4 upside down, 5…8 with width and height swapped.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* 1…8, as the image's metadata say; 1 where they say nothing, and for an XCF, which nobody
 * turns. */
int image_orientation_get (GimpImage *image);

/* Turns the image upright, and its metadata say so. */
void image_orientation_stand_up (GimpImage *image);

/* TRUE for 5…8. */
gboolean image_orientation_swaps_sides (int orientation);

/* Turns an image, stored in this orientation, upright. */
void image_orientation_apply (GimpImage *image, int orientation);

/* The reverse: turns an upright image as one of this orientation is stored. */
void image_orientation_undo (GimpImage *image, int orientation);

G_END_DECLS
