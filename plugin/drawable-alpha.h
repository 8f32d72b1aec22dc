/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drawable-alpha.h: the alpha of what Inpaint fills: it continues what is around the hole,
 * like a membrane stretched over it. Between opaque pixels the hole becomes opaque.
 */
#pragma once

#include <gegl.h>

G_BEGIN_DECLS

typedef struct DrawableAlpha DrawableAlpha;

/* Looks at the alpha of `pixels` in and right around `region`, inside `extent`, where
 * `selection` ("Y float", the same coordinates) is below DIFFUSION_SELECTION_MIN. Takes a few
 * megabytes whatever the region's size. *alpha is NULL where nothing is around. FALSE
 * and DIFFUSION_ERROR_MEMORY when there is none. */
gboolean drawable_alpha_new (GeglBuffer          *pixels,
                             GeglBuffer          *selection,
                             const GeglRectangle *region,
                             const GeglRectangle *extent,
                             DrawableAlpha      **alpha,
                             GError             **error);
void     drawable_alpha_free (DrawableAlpha *alpha);

/* Its value at a pixel of the region, 0…1. */
float drawable_alpha_at (const DrawableAlpha *alpha, int x, int y);

G_END_DECLS
