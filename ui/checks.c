/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checks.c: see checks.h.
 */
#include "checks.h"

#define CHECK_SIZE 8

cairo_pattern_t *
checks_new (void)
{
  const double     size = CHECK_SIZE;
  cairo_surface_t *surface =
    cairo_image_surface_create (CAIRO_FORMAT_RGB24, 2 * CHECK_SIZE, 2 * CHECK_SIZE);
  cairo_t         *cr = cairo_create (surface);
  cairo_pattern_t *pattern;

  cairo_set_source_rgb (cr, 0.40, 0.40, 0.40);
  cairo_paint (cr);
  cairo_set_source_rgb (cr, 0.45, 0.45, 0.45);
  cairo_rectangle (cr, 0.0, 0.0, size, size);
  cairo_rectangle (cr, size, size, size, size);
  cairo_fill (cr);
  cairo_destroy (cr);

  pattern = cairo_pattern_create_for_surface (surface);
  cairo_pattern_set_extend (pattern, CAIRO_EXTEND_REPEAT);
  cairo_surface_destroy (surface);

  return pattern;
}
