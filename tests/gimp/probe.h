/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe.h: gimp-probe, the plug-in that tests the plug-in from inside GIMP:
 * pictures in every format are made, filtered and compared in their own bytes,
 * many in one process. It speaks TAP on standard output, where
 * gimp_console.py finds it.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

#define INPAINT "plug-in-diffusion-inpaint"
#define DENOISE "plug-in-diffusion-denoise"

/* --- The tests: one procedure each ---------------------------------------- */

void probe_matrix (void);
void probe_refusals (void);
void probe_layers (void);
void probe_kill (void);
void probe_new_layer (void);
void probe_light (void);

/* --- TAP ------------------------------------------------------------------ */

void probe_ok (gboolean ok, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A line of explanation. */
void probe_note (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* --- Pictures ------------------------------------------------------------- */

/* A new image with one layer (get it by probe_layer()) of the given size at the
 * given offsets, filled by probe_fill(). */
GimpImage    *probe_image (GimpImageBaseType base,
                           gboolean          alpha,
                           GimpPrecision     precision,
                           int               width,
                           int               height,
                           int               offset_x,
                           int               offset_y);
GimpDrawable *probe_layer (GimpImage *image);

/* A smooth picture with strong noise in all bits that the format has; in float
 * formats also below 0 and above 1; some alpha 0 and some in between. */
void probe_fill (GimpDrawable *drawable);

/* Every byte of the drawable in its own format. */
GBytes *probe_bytes (GimpDrawable *drawable);

typedef struct
{
  int      n_selected;         /* pixels whose selection is above 0 */
  int      changed_selected;   /* those that changed */
  int      changed_unselected; /* pixels with selection 0 that changed a bit */
  int      changed_alpha;      /* pixels whose alpha changed a bit */
  gboolean finite;             /* every value is a number */
} ProbeChange;

/* What happened to the drawable since `before`, under the present selection. */
ProbeChange probe_compare (GimpDrawable *drawable, GBytes *before);

/* --- Calls ---------------------------------------------------------------- */

/* Runs a procedure non-interactively with the arguments name, value, …, NULL.
 * NULL on success, else what GIMP says; free with g_free(). */
char *probe_call (const char   *procedure,
                  GimpImage    *image,
                  GimpDrawable *drawable,
                  const char   *first_name,
                  ...);

/* The same for any number of drawables, NULL-terminated. */
char *probe_call_all (const char    *procedure,
                      GimpImage     *image,
                      GimpDrawable **drawables,
                      const char    *first_name,
                      ...);

G_END_DECLS
