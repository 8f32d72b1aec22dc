/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * arguments.c: see arguments.h.
 *
 * Names, ranges and defaults are public: scripts depend on them. Labels and
 * tooltips are what the dialogs show; each tooltip is a full sentence.
 */
#include "arguments.h"

#include <glib/gi18n-lib.h>

#include "home-folder.h"

static void
add_strength (GimpProcedure *procedure, const char *label, const char *tooltip, double value)
{
  gimp_procedure_add_double_argument (procedure, "strength", label, tooltip, 0, 1, value,
                                      G_PARAM_READWRITE);
}

static void
add_steps (GimpProcedure *procedure, const char *tooltip)
{
  gimp_procedure_add_int_argument (procedure, "steps", _ ("Ste_ps"), tooltip, 0, 1000, 0,
                                   G_PARAM_READWRITE);
}

static void
add_sampler (GimpProcedure *procedure, const char *tooltip, const char *value)
{
  GimpChoice *choice;

  choice = gimp_choice_new_with_values (
    "ddim", DIFFUSION_SAMPLER_DDIM, _ ("DDIM"), _ ("Deterministic: few steps are enough."), "ddpm",
    DIFFUSION_SAMPLER_DDPM, _ ("DDPM"),
    _ ("Ancestral: fresh noise in each step, livelier with many steps."), "dpm-solver++",
    DIFFUSION_SAMPLER_DPM_SOLVER, _ ("DPM-Solver++"),
    _ ("Deterministic: follows the path of DDIM more closely with as many steps."), "heun",
    DIFFUSION_SAMPLER_HEUN, _ ("Heun"),
    _ ("Deterministic: the path of DDIM at second order, with two evaluations in each step."),
    "predictor-corrector", DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR, _ ("Predictor-corrector"),
    _ ("Ancestral, with a second evaluation in each step that corrects it."), NULL);
  gimp_procedure_add_choice_argument (procedure, "sampler", _ ("Sa_mpler"), tooltip, choice, value,
                                      G_PARAM_READWRITE);
}

static void
add_spacing (GimpProcedure *procedure)
{
  GimpChoice *choice;

  choice = gimp_choice_new_with_values (
    "trailing", DIFFUSION_SPACING_TRAILING, _ ("Trailing"),
    _ ("At even distances from the full noise on."), "leading", DIFFUSION_SPACING_LEADING,
    _ ("Leading"), _ ("At even distances, the first one step below the full noise."), "linspace",
    DIFFUSION_SPACING_LINSPACE, _ ("Linspace"),
    _ ("At even distances from the full noise to the least that the model knows."), "quadratic",
    DIFFUSION_SPACING_QUADRATIC, _ ("Quadratic"),
    _ ("Closer to each other where there is less noise."), "karras", DIFFUSION_SPACING_KARRAS,
    _ ("Karras"), _ ("Most of all where there is little noise."), "model", DIFFUSION_SPACING_MODEL,
    _ ("As the model says"), _ ("What the scheduler's file of the model asks for."), NULL);
  gimp_procedure_add_choice_argument (procedure, "spacing", _ ("Step spacin_g"),
                                      _ ("Where the steps lie between noise and picture."), choice,
                                      "trailing", G_PARAM_READWRITE);
}

static void
add_data_step (GimpProcedure *procedure)
{
  GimpChoice *choice;

  choice = gimp_choice_new_with_values (
    "replace", DIFFUSION_DATA_REPLACE, _ ("Replace"),
    _ ("After each step they are put back in place, as noisy as the rest (RePaint)."), "paste",
    DIFFUSION_DATA_PASTE, _ ("Paste"),
    _ ("They are put into each estimate of the clean picture, before the step (DiffPIR)."), NULL);
  gimp_procedure_add_choice_argument (procedure, "data-step", _ ("_Known pixels"),
                                      _ ("How the pixels that are not selected enter each step."),
                                      choice, "replace", G_PARAM_READWRITE);
}

static void
add_seed (GimpProcedure *procedure)
{
  gimp_procedure_add_int_argument (procedure, "seed", _ ("S_eed"),
                                   _ ("The number that the random noise is made from. "
                                      "The same seed and settings give the same picture."),
                                   0, G_MAXINT32, 0, G_PARAM_READWRITE);
}

static void
add_output (GimpProcedure *procedure)
{
  GimpChoice *choice;

  choice = gimp_choice_new_with_values (
    "in-place", OUTPUT_IN_PLACE, _ ("In place"), _ ("Change the layer itself."), "new-layer",
    OUTPUT_NEW_LAYER, _ ("New layer"),
    _ ("Leave the layer as it is and put the result above it, masked by the selection."), NULL);
  gimp_procedure_add_choice_argument (procedure, "output", _ ("O_utput"),
                                      _ ("Where the result goes."), choice, "in-place",
                                      G_PARAM_READWRITE);
}

static void
add_model (GimpProcedure *procedure)
{
  gimp_procedure_add_file_argument (procedure, "model", _ ("M_odel"),
                                    _ ("The folder of a diffusion model in the layout of "
                                       "Hugging Face diffusers. None means the model that came "
                                       "with the plug-in."),
                                    GIMP_FILE_CHOOSER_ACTION_ANY, TRUE, NULL, G_PARAM_READWRITE);
}

static void
add_expert (GimpProcedure *procedure)
{
  GimpChoice *choice;

  choice = gimp_choice_new_with_values (
    "automatic", DIFFUSION_EXPERT_AUTOMATIC, _ ("Automatic"),
    _ ("Thin holes come from the model, others from this picture, and between smooth surroundings "
       "the hole becomes smooth too."),
    "network", DIFFUSION_EXPERT_NETWORK, _ ("The model"),
    _ ("What the model knows of pictures in general."), "picture", DIFFUSION_EXPERT_PICTURE,
    _ ("This picture"), _ ("Patches of this picture; the model draws their seams."), NULL);
  gimp_procedure_add_choice_argument (procedure, "expert", _ ("Con_tent from"),
                                      _ ("Where what is filled in comes from."), choice,
                                      "automatic", G_PARAM_READWRITE);
}

static void
add_inpaint_settings (GimpProcedure *procedure)
{
  add_strength (procedure, _ ("_What is there"),
                _ ("At 1 whatever lies in the selection is ignored. Smaller values keep more of "
                   "its coarse structure, and at 0 nothing changes."),
                1);
  add_steps (procedure,
             _ ("The number of reverse steps from noise to picture. More steps take longer and "
                "can bring finer detail. 0 means what the model asks for."));
  add_sampler (procedure, _ ("The rule by which each step goes from more noise to less."), "ddim");
  add_spacing (procedure);
  gimp_procedure_add_double_argument (
    procedure, "eta", _ ("DDIM noise"),
    _ ("How much fresh noise DDIM draws in each step (η). At 0 it "
       "draws none, at 1 as much as DDPM."),
    0, 1, 0, G_PARAM_READWRITE);
  gimp_procedure_add_int_argument (procedure, "resample", _ ("Resampling p_asses"),
                                   _ ("How often each stretch of steps is repeated so that the "
                                      "filling fits its surroundings better (RePaint). 0 means "
                                      "what the model asks for."),
                                   0, 50, 0, G_PARAM_READWRITE);
  gimp_procedure_add_int_argument (procedure, "jump-length", _ ("_Jump length"),
                                   _ ("The number of steps in one repeated stretch. It matters "
                                      "with more than one resampling pass only."),
                                   1, 100, 10, G_PARAM_READWRITE);
  add_data_step (procedure);
  gimp_procedure_add_int_argument (procedure, "context", _ ("Conte_xt"),
                                   _ ("The width of the border around the selection that the "
                                      "model looks at, in pixels. 0 means automatic."),
                                   0, 4096, 0, G_PARAM_READWRITE);
  gimp_procedure_add_boolean_argument (procedure, "sample-merged", _ ("Sample merge_d"),
                                       _ ("The surroundings are taken from the visible image, "
                                          "and the result goes into this layer: for a layer of "
                                          "its own to retouch on."),
                                       FALSE, G_PARAM_READWRITE);
  gimp_procedure_add_int_argument (procedure, "grow", _ ("Grow _by"),
                                   _ ("What is filled is the selection grown by so many pixels, "
                                      "so that no rim of what is to go stays. Below 0 it is "
                                      "shrunk. The selection itself stays as it is."),
                                   -100, 100, 0, G_PARAM_READWRITE);
  gimp_procedure_add_double_argument (procedure, "feather", _ ("_Feather its edge"),
                                      _ ("The edge of what is filled becomes soft over so many "
                                         "pixels."),
                                      0, 100, 0, G_PARAM_READWRITE);
  add_seed (procedure);
  add_expert (procedure);
}

static void
add_denoise_settings (GimpProcedure *procedure)
{
  GimpChoice *choice;

  add_strength (procedure, _ ("Noise s_trength"),
                _ ("How much noise is taken out, as a share of the model's noise range. 0 means "
                   "that the noise is estimated from the picture."),
                0);
  gimp_procedure_add_double_argument (procedure, "sigma", _ ("No_ise level"),
                                      _ ("The standard deviation of the noise in 8-bit levels. "
                                         "Above 0 it is used in place of the noise strength."),
                                      0, 255, 0, G_PARAM_READWRITE);

  choice = gimp_choice_new_with_values (
    "matched", DIFFUSION_METHOD_MATCHED, _ ("Remove the noise"),
    _ ("The picture's own noise is what the model takes out; nothing is added."), "renoise",
    DIFFUSION_METHOD_RENOISE, _ ("Add noise and remove both"),
    _ ("Fresh noise covers the defects first, then both are removed: for defects that are not "
       "like film grain or sensor noise."),
    NULL);
  gimp_procedure_add_choice_argument (procedure, "method", _ ("Me_thod"),
                                      _ ("How the model is put to work."), choice, "matched",
                                      G_PARAM_READWRITE);

  add_steps (procedure,
             _ ("0 or 1 is one evaluation, which comes closest to the true picture. More steps "
                "take longer and give a crisper one."));
  add_sampler (procedure,
               _ ("The rule by which each step goes from more noise to less. It matters with more "
                  "than one step only."),
               "ddpm");
  gimp_procedure_add_double_argument (procedure, "detail", _ ("_Keep detail"),
                                      _ ("The share of what was removed that is put back, grain "
                                         "and fine texture."),
                                      0, 1, 0, G_PARAM_READWRITE);
  gimp_procedure_add_double_argument (
    procedure, "luminance", _ ("Luminance"),
    _ ("The share of the noise in the lightness that is removed."), 0, 1, 1, G_PARAM_READWRITE);
  gimp_procedure_add_double_argument (procedure, "chroma", _ ("Chroma"),
                                      _ ("The share of the noise in the colors that is removed."),
                                      0, 1, 1, G_PARAM_READWRITE);
  add_seed (procedure);
}

static void
add_settings (GimpProcedure *procedure, TaskKind kind)
{
  if (kind == TASK_INPAINT)
    add_inpaint_settings (procedure);
  else
    add_denoise_settings (procedure);
}

void
arguments_add (GimpProcedure *procedure, TaskKind kind)
{
  add_settings (procedure, kind);
  if (kind == TASK_INPAINT)
    gimp_procedure_add_drawable_argument (
      procedure, "source", _ ("Cop_y from"),
      _ ("A channel, layer mask or layer of the image: patches are copied only from where it is "
         "above one half, painted white. None means from anywhere around the selection."),
      TRUE, G_PARAM_READWRITE);
  add_output (procedure);
  add_model (procedure);

  /* Of the dialog alone. */
  if (kind == TASK_INPAINT)
    {
      gimp_procedure_add_boolean_aux_argument (procedure, "dialog-seen", NULL, NULL, FALSE,
                                               G_PARAM_READWRITE);
      gimp_procedure_add_string_aux_argument (procedure, "source-name", NULL, NULL, NULL,
                                              G_PARAM_READWRITE);
    }
}

void
arguments_add_batch (GimpProcedure *procedure, TaskKind kind)
{
  gimp_procedure_add_string_argument (procedure, "pattern", _ ("File _names"),
                                      _ ("The files to work on: a path whose last part may hold "
                                         "the wildcards *, ? and […], such as photos/*.jpg."),
                                      NULL, G_PARAM_READWRITE);
  if (kind == TASK_INPAINT)
    gimp_procedure_add_string_argument (procedure, "mask-suffix", _ ("Mas_k suffix"),
                                        _ ("What stands at the end of the name of a mask: with "
                                           "_mask, the mask of a.png is a_mask.png beside it, "
                                           "white where the picture is to be filled."),
                                        "_mask", G_PARAM_READWRITE);
  gimp_procedure_add_file_argument (procedure, "output-folder", _ ("O_utput folder"),
                                    _ ("The folder that the results are written to under the "
                                       "names of their inputs. It is made where it is missing."),
                                    GIMP_FILE_CHOOSER_ACTION_ANY, TRUE, NULL, G_PARAM_READWRITE);
  add_settings (procedure, kind);
  add_model (procedure);
  gimp_procedure_add_boolean_argument (procedure, "overwrite", _ ("Replace e_xisting results"),
                                       _ ("Whether results that exist already are made again; "
                                          "otherwise these files are skipped."),
                                       FALSE, G_PARAM_READWRITE);
}

/* Batch procedures have no such argument: each file is an image of its own. */
static int
get_source (GimpProcedureConfig *config)
{
  GimpDrawable *source = NULL;
  int           id = 0;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), "source"))
    g_object_get (config, "source", &source, NULL);
  if (source)
    id = gimp_item_get_id (GIMP_ITEM (source));
  g_clear_object (&source);
  return id;
}

void
arguments_get_task (GimpProcedureConfig *config, TaskKind kind, Task *task)
{
  int sampler = gimp_procedure_config_get_choice_id (config, "sampler");
  int seed = 0;

  *task = (Task) { .kind = kind };

  g_object_get (config, "seed", &seed, NULL);

  if (kind == TASK_INPAINT)
    {
      DiffusionInpaintSettings *s = &task->inpaint;

      g_object_get (config, "strength", &s->strength, "steps", &s->steps, "resample", &s->resample,
                    "jump-length", &s->jump_length, "context", &s->context, "eta", &s->eta, NULL);
      s->sampler = (DiffusionSampler) sampler;
      s->spacing = (DiffusionSpacing) gimp_procedure_config_get_choice_id (config, "spacing");
      s->data_step = (DiffusionDataStep) gimp_procedure_config_get_choice_id (config, "data-step");
      s->seed = (guint32) seed;
      s->expert = (DiffusionExpert) gimp_procedure_config_get_choice_id (config, "expert");
      task->source = get_source (config);
      g_object_get (config, "sample-merged", &task->sample_merged, "grow", &task->hole.grow,
                    "feather", &task->hole.feather, NULL);
    }
  else
    {
      DiffusionDenoiseSettings *s = &task->denoise;
      double                    luminance, chroma;

      g_object_get (config, "strength", &s->strength, "sigma", &s->sigma, "steps", &s->steps,
                    "detail", &s->detail, "luminance", &luminance, "chroma", &chroma, NULL);
      s->kept_lightness = 1.0 - luminance;
      s->kept_colour = 1.0 - chroma;
      s->method = (DiffusionMethod) gimp_procedure_config_get_choice_id (config, "method");
      s->sampler = (DiffusionSampler) sampler;
      s->seed = (guint32) seed;
    }

  /* Batch procedures have no such argument: each result is a file of its own. */
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), "output"))
    task->output = (TaskOutput) gimp_procedure_config_get_choice_id (config, "output");
}

GFile *
arguments_get_file (GimpProcedureConfig *config, const char *name)
{
  GFile *file = NULL;
  char  *uri;

  g_object_get (config, name, &file, NULL);
  if (file == NULL)
    return NULL;

  /* An empty string in a script arrives as a file with an empty URI. */
  uri = g_file_get_uri (file);
  if (uri == NULL || uri[0] == '\0')
    g_clear_object (&file);
  g_free (uri);

  return file ? home_folder_expand_file (file) : NULL;
}
