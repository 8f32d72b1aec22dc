/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-procedure.c: plug-in-diffusion-denoise as GIMP lists it.
 */
#include "procedures.h"

#include <glib/gi18n-lib.h>
#include <libgimp/gimpui.h> /* the names of icons */

#include "arguments.h"
#include "filter.h"

GimpProcedure *
denoise_procedure_new (GimpPlugIn *plug_in, const char *name)
{
  GimpProcedure *procedure;

  procedure = gimp_image_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, filter_run,
                                        GINT_TO_POINTER (TASK_DENOISE), NULL);

  gimp_procedure_set_image_types (procedure, "RGB*, GRAY*");
  gimp_procedure_set_sensitivity_mask (procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE);
  gimp_procedure_set_menu_label (procedure, _ ("_Denoise…"));
  gimp_procedure_add_menu_path (procedure, "<Image>/Filters/Diffusion");
  gimp_procedure_set_icon_name (procedure, GIMP_ICON_TOOL_BLUR);
  gimp_procedure_set_documentation (
    procedure, _ ("Remove noise and grain, and keep detail"),
    _ ("Removes the noise of a layer, channel or layer mask, of the selected part where there is a "
       "selection, by a denoising diffusion model that is asked for the clean picture at the step "
       "whose noise the picture has. Alpha and pixels that are not selected stay exactly as they "
       "are. The colors are worked on in the image's own color space."),
    name);
  procedures_set_attribution (procedure);
  arguments_add (procedure, TASK_DENOISE);

  return procedure;
}
