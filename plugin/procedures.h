/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * procedures.h: the procedures for users, one creating function each.
 */
#pragma once

#include <libgimp/gimp.h>

G_BEGIN_DECLS

GimpProcedure *inpaint_procedure_new (GimpPlugIn *plug_in, const char *name);
GimpProcedure *denoise_procedure_new (GimpPlugIn *plug_in, const char *name);
GimpProcedure *batch_inpaint_procedure_new (GimpPlugIn *plug_in, const char *name);
GimpProcedure *batch_denoise_procedure_new (GimpPlugIn *plug_in, const char *name);
GimpProcedure *inpaint_files_procedure_new (GimpPlugIn *plug_in, const char *name);
GimpProcedure *denoise_files_procedure_new (GimpPlugIn *plug_in, const char *name);

/* Authors and dates, the same for all. */
void procedures_set_attribution (GimpProcedure *procedure);

G_END_DECLS
