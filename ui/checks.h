/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checks.h: the checkerboard behind what is transparent, or not there yet.
 */
#pragma once

#include <cairo.h>

/* Free with cairo_pattern_destroy(). */
cairo_pattern_t *checks_new (void);
