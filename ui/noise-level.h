/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-level.h: how Denoise learns how much noise there is: measured, or told
 * as σ, or told as a place in the noise schedule. Main thread only.
 */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define NOISE_TYPE_LEVEL (noise_level_get_type ())
G_DECLARE_FINAL_TYPE (NoiseLevel, noise_level, NOISE, LEVEL, GtkGrid)

/* Bound in both directions to the properties "sigma" and "strength" of
 * `config`: sigma > 0 wins, then strength > 0; both 0: measured. */
NoiseLevel *noise_level_new (GObject *config);

/* What was measured: where a level that is set by hand starts. */
void noise_level_set_measured (NoiseLevel *level, double sigma);

G_END_DECLS
