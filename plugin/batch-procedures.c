/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * batch-procedures.c: plug-in-diffusion-batch-inpaint and -batch-denoise as
 * GIMP lists them, which are in no menu and take no image; and the same as -inpaint-files and
 * -denoise-files, which are in the menu. GIMP's menus call only what has a run-mode as its first
 * argument, and scripts may name the arguments of the others by their places.
 */
#include "procedures.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h> /* the names of icons */

#include "arguments.h"
#include "batch.h"

/* menu_label: NULL for the one without a menu and a run-mode. */
static GimpProcedure *
batch_procedure_new (GimpPlugIn *plug_in, const char *name, TaskKind kind, const char *menu_label)
{
  GimpProcedure *procedure;
  gboolean       fills = kind == TASK_INPAINT;

  procedure = gimp_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, batch_run,
                                  GINT_TO_POINTER (kind), NULL);
  gimp_procedure_set_documentation (
    procedure,
    fills ? _ ("Fill the masked parts of many files") : _ ("Remove the noise of many files"),
    fills
      ? _ ("Runs plug-in-diffusion-inpaint on every file that matches the pattern and writes the "
           "results under the same names into the output folder. What is filled is white in the "
           "mask beside the picture (a_mask.png for a.png), or else transparent in the picture "
           "itself. Results that exist are skipped unless overwrite is set; files that fail do not "
           "stop the others and are told at the end.")
      : _ ("Runs plug-in-diffusion-denoise on every file that matches the pattern and writes the "
           "results under the same names into the output folder. Results that exist are skipped "
           "unless overwrite is set; files that fail do not stop the others and are told at the "
           "end."),
    name);
  procedures_set_attribution (procedure);

  if (menu_label)
    {
      gimp_procedure_set_menu_label (procedure, menu_label);
      gimp_procedure_add_menu_path (procedure, "<Image>/Filters/Diffusion");
      gimp_procedure_set_icon_name (procedure, fills ? GIMP_ICON_TOOL_HEAL : GIMP_ICON_TOOL_BLUR);
      gimp_procedure_set_sensitivity_mask (procedure, GIMP_PROCEDURE_SENSITIVE_ALWAYS);
      gimp_procedure_add_enum_argument (procedure, "run-mode", "Run mode", "The run mode",
                                        GIMP_TYPE_RUN_MODE, GIMP_RUN_NONINTERACTIVE,
                                        G_PARAM_READWRITE);
    }
  arguments_add_batch (procedure, kind);

  return procedure;
}

GimpProcedure *
batch_inpaint_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (plug_in, name, TASK_INPAINT, NULL);
}

GimpProcedure *
batch_denoise_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (plug_in, name, TASK_DENOISE, NULL);
}

GimpProcedure *
inpaint_files_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (plug_in, name, TASK_INPAINT, _ ("Inpaint _Files…"));
}

GimpProcedure *
denoise_files_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  return batch_procedure_new (plug_in, name, TASK_DENOISE, _ ("De_noise Files…"));
}
