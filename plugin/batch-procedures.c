/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-procedures.c: plug-in-diffusion-batch-inpaint and -batch-denoise as
 * GIMP lists them. They are in no menu and take no image.
 */
#include "procedures.h"

#include <glib/gi18n-lib.h>

#include "arguments.h"
#include "batch.h"

static GimpProcedure *
batch_procedure_new (GimpPlugIn *plug_in,
                     const char *name,
                     TaskKind    kind,
                     const char *blurb,
                     const char *help)
{
  GimpProcedure *procedure;

  procedure = gimp_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, batch_run,
                                  GINT_TO_POINTER (kind), NULL);
  gimp_procedure_set_documentation (procedure, blurb, help, name);
  procedures_set_attribution (procedure);
  arguments_add_batch (procedure, kind);

  return procedure;
}

GimpProcedure *
batch_inpaint_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (
    plug_in, name, TASK_INPAINT, _ ("Fill the masked parts of many files"),
    _ ("Runs plug-in-diffusion-inpaint on every file that matches the pattern and writes the "
       "results under the same names into the output folder. What is filled is white in the mask "
       "beside the picture (a_mask.png for a.png), or else transparent in the picture itself. "
       "Results that exist are skipped unless overwrite is set; files that fail do not stop the "
       "others and are told at the end."));
}

GimpProcedure *
batch_denoise_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (
    plug_in, name, TASK_DENOISE, _ ("Remove the noise of many files"),
    _ ("Runs plug-in-diffusion-denoise on every file that matches the pattern and writes the "
       "results under the same names into the output folder. Results that exist are skipped unless "
       "overwrite is set; files that fail do not stop the others and are told at the end."));
}
