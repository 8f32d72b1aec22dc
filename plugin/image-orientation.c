/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * image-orientation.c: see image-orientation.h.
 */
#include "image-orientation.h"

int
image_orientation_get (GimpImage *image)
{
  GFile        *xcf = gimp_image_get_xcf_file (image);
  GimpMetadata *metadata = xcf ? NULL : gimp_image_get_metadata (image);
  int           orientation = 0;

  g_clear_object (&xcf);
  if (metadata)
    {
      orientation = gexiv2_metadata_try_get_orientation (GEXIV2_METADATA (metadata), NULL);
      g_object_unref (metadata);
    }
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

gboolean
image_orientation_swaps_sides (int orientation)
{
  return orientation >= 5;
}

void
image_orientation_apply (GimpImage *image, int orientation)
{
  switch (orientation)
    {
    case 2:
      gimp_image_flip (image, GIMP_ORIENTATION_HORIZONTAL);
      break;
    case 3:
      gimp_image_rotate (image, GIMP_ROTATE_DEGREES180);
      break;
    case 4:
      gimp_image_flip (image, GIMP_ORIENTATION_VERTICAL);
      break;
    case 5:
      gimp_image_rotate (image, GIMP_ROTATE_DEGREES90);
      gimp_image_flip (image, GIMP_ORIENTATION_HORIZONTAL);
      break;
    case 6:
      gimp_image_rotate (image, GIMP_ROTATE_DEGREES90);
      break;
    case 7:
      gimp_image_rotate (image, GIMP_ROTATE_DEGREES90);
      gimp_image_flip (image, GIMP_ORIENTATION_VERTICAL);
      break;
    case 8:
      gimp_image_rotate (image, GIMP_ROTATE_DEGREES270);
      break;
    default:
      break;
    }
}

void
image_orientation_undo (GimpImage *image, int orientation)
{
  /* All but the quarter turns are their own reverse. */
  static const int reverse[] = { [6] = 8, [8] = 6 };

  image_orientation_apply (image, orientation == 6 || orientation == 8 ? reverse[orientation]
                                                                       : orientation);
}

void
image_orientation_stand_up (GimpImage *image)
{
  int           orientation = image_orientation_get (image);
  GimpMetadata *metadata;

  if (orientation == 1)
    return;

  image_orientation_apply (image, orientation);
  metadata = gimp_image_get_metadata (image);
  gexiv2_metadata_try_set_orientation (GEXIV2_METADATA (metadata), GEXIV2_ORIENTATION_NORMAL, NULL);
  gimp_image_set_metadata (image, metadata);
  g_object_unref (metadata);
}
