/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-in.c: the plug-in as GIMP sees it: which procedures there are, and in
 * which menu.
 */
#include <libgimp/gimp.h>

#include <glib/gi18n-lib.h>

#include "guard.h"
#include "procedures.h"

#define CATALOG_FOLDER "locale"
#define HELP_FOLDER    "help"
#define HELP_DOMAIN    "https://gimp-diffusion/help"

typedef struct
{
  const char *name;
  GimpProcedure *(*create) (GimpPlugIn *plug_in, const char *name);
} Entry;

static const Entry entries[] = {
  { "plug-in-diffusion-inpaint", inpaint_procedure_new },
  { "plug-in-diffusion-denoise", denoise_procedure_new },
  { "plug-in-diffusion-batch-inpaint", batch_inpaint_procedure_new },
  { "plug-in-diffusion-batch-denoise", batch_denoise_procedure_new },
  { "plug-in-diffusion-inpaint-files", inpaint_files_procedure_new },
  { "plug-in-diffusion-denoise-files", denoise_files_procedure_new },
  { "plug-in-diffusion-guard", guard_procedure_new },
};

#define DIFFUSION_TYPE_PLUG_IN (diffusion_plug_in_get_type ())
G_DECLARE_FINAL_TYPE (DiffusionPlugIn, diffusion_plug_in, DIFFUSION, PLUG_IN, GimpPlugIn)

struct _DiffusionPlugIn
{
  GimpPlugIn parent_instance;
};

G_DEFINE_FINAL_TYPE (DiffusionPlugIn, diffusion_plug_in, GIMP_TYPE_PLUG_IN)

/* Our own pages lie beside the binary; without them GIMP opens its manual. */
static void
add_help (GimpPlugIn *plug_in)
{
  char  *beside = g_path_get_dirname (gimp_get_progname ());
  GFile *folder = g_file_new_build_filename (beside, HELP_FOLDER, NULL);

  if (g_file_query_exists (folder, NULL))
    gimp_plug_in_set_help_domain (plug_in, HELP_DOMAIN, folder);
  g_object_unref (folder);
  g_free (beside);
}

static GList *
query_procedures (GimpPlugIn *plug_in)
{
  GList *names = NULL;

  add_help (plug_in);

  gimp_plug_in_add_menu_branch (plug_in, "<Image>/Filters", _ ("_Diffusion"));

  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    names = g_list_append (names, g_strdup (entries[i].name));

  return names;
}

static GimpProcedure *
create_procedure (GimpPlugIn *plug_in, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    if (g_str_equal (name, entries[i].name))
      return entries[i].create (plug_in, name);

  return NULL;
}

/* The catalogs lie beside the binary. Without them, as in a build folder, there
 * is nothing to translate, and GIMP would complain on every start. */
static gboolean
set_i18n (GimpPlugIn *plug_in, const char *procedure_name, char **domain, char **catalog_dir)
{
  char    *beside = g_path_get_dirname (gimp_get_progname ());
  char    *folder = g_build_filename (beside, CATALOG_FOLDER, NULL);
  gboolean exists = g_file_test (folder, G_FILE_TEST_IS_DIR);

  if (exists)
    {
      *domain = g_strdup (GETTEXT_PACKAGE);
      *catalog_dir = g_strdup (CATALOG_FOLDER);
    }

  g_free (folder);
  g_free (beside);
  return exists;
}

static void
diffusion_plug_in_class_init (DiffusionPlugInClass *klass)
{
  GimpPlugInClass *plug_in_class = GIMP_PLUG_IN_CLASS (klass);

  plug_in_class->query_procedures = query_procedures;
  plug_in_class->create_procedure = create_procedure;
  plug_in_class->set_i18n = set_i18n;
}

static void
diffusion_plug_in_init (DiffusionPlugIn *plug_in)
{
}

void
procedures_set_attribution (GimpProcedure *procedure)
{
  gimp_procedure_set_attribution (procedure, "The gimp-diffusion authors",
                                  "The gimp-diffusion authors, GPL-3.0-or-later", "2026");
}

/* In place of GIMP_MAIN, for two settings that babl looks at when it starts.
 *
 * Of all conversions that are good enough babl takes the one that it measures
 * to be fastest, so that the load of the machine decides about last bits. Told
 * to accept exact ones only, it gives the same bytes in every run, as fast.
 * And for 8-bit pictures with alpha it makes tables of 256 MiB. */
int
main (int argc, char *argv[])
{
  g_setenv ("BABL_TOLERANCE", "0", TRUE);
  g_setenv ("BABL_LUT", "0", TRUE);
  return gimp_main (DIFFUSION_TYPE_PLUG_IN, argc, argv);
}
