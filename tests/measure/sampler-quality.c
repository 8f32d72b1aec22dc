/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampler-quality.c: fills pictures by one sampler. Standard input: pairs of a picture
 * (binary PPM) and its mask (binary PGM, 255 where it is to be filled); standard output:
 * the filled pictures (PPM). Standard error: a line for each, the evaluations of the
 * network and the processor's seconds. tests/measure/sampler-quality.py feeds it.
 */
#include <time.h>

#include "support/ppm.h"

typedef struct
{
  const char *name; /* as the plug-in's arguments have it */
  int         value;
} Choice;

static const Choice samplers[] = {
  { "ddim", DIFFUSION_SAMPLER_DDIM },
  { "ddpm", DIFFUSION_SAMPLER_DDPM },
  { "dpm-solver++", DIFFUSION_SAMPLER_DPM_SOLVER },
  { "heun", DIFFUSION_SAMPLER_HEUN },
  { "predictor-corrector", DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR },
  { NULL, 0 },
};

static const Choice spacings[] = {
  { "trailing", DIFFUSION_SPACING_TRAILING }, { "leading", DIFFUSION_SPACING_LEADING },
  { "linspace", DIFFUSION_SPACING_LINSPACE }, { "quadratic", DIFFUSION_SPACING_QUADRATIC },
  { "karras", DIFFUSION_SPACING_KARRAS },     { NULL, 0 },
};

static const Choice data_steps[] = {
  { "replace", DIFFUSION_DATA_REPLACE },
  { "paste", DIFFUSION_DATA_PASTE },
  { NULL, 0 },
};

static int
choose (const Choice *choices, const char *name)
{
  for (; choices->name != NULL; choices++)
    if (name == NULL || g_str_equal (name, choices->name))
      return choices->value;
  g_error ("sampler-quality: “%s” is not known", name);
}

static void
count (gpointer data, const DiffusionStep *step)
{
  *(int *) data = step->n_steps;
}

static void
write_ppm (const Picture *picture)
{
  guint8 *bytes = g_malloc (3 * picture->size);

  for (gsize i = 0; i < picture->size; i++)
    for (int c = 0; c < 3; c++)
      {
        float v = (picture->written[i] ? picture->result : picture->pixels)[c * picture->size + i];

        bytes[3 * i + c] = (guint8) (255.0f * CLAMP (v, 0.0f, 1.0f) + 0.5f);
      }
  printf ("P6\n%d %d\n255\n", picture->width, picture->height);
  fwrite (bytes, 3, picture->size, stdout);
  fflush (stdout);
  g_free (bytes);
}

/* The box around all that is selected. */
static DiffusionRect
bounds (const Picture *picture)
{
  int left = picture->width, right = -1, top = picture->height, bottom = -1;

  for (gsize i = 0; i < picture->size; i++)
    if (picture->selection[i] > 0.0f)
      {
        int x = i % picture->width, y = i / picture->width;

        left = MIN (left, x);
        right = MAX (right, x);
        top = MIN (top, y);
        bottom = MAX (bottom, y);
      }
  return (DiffusionRect) { left, top, right - left + 1, bottom - top + 1 };
}

static void
fill (DiffusionModel                 *model,
      DiffusionWorkers               *workers,
      Picture                        *picture,
      const DiffusionInpaintSettings *settings)
{
  DiffusionSource          source = picture_source (picture);
  DiffusionSink            sink = picture_sink (picture);
  DiffusionRect            region = bounds (picture);
  DiffusionInpaintSettings used = *settings;
  int                      n_evaluations = 0;
  DiffusionProgress        progress = { .report = count, .data = &n_evaluations };
  clock_t                  start = clock ();
  GError                  *error = NULL;

  if (!diffusion_inpaint (model, workers, &source, &sink, &region, &used, &progress, &error))
    g_error ("sampler-quality: %s", error->message);
  fprintf (stderr, "%d %.3f\n", n_evaluations, (double) (clock () - start) / CLOCKS_PER_SEC);
  write_ppm (picture);
}

int
main (int argc, char **argv)
{
  char                    *folder = NULL, *sampler = NULL, *spacing = NULL, *data_step = NULL;
  int                      threads = 1, seed = 0;
  DiffusionInpaintSettings settings = { .strength = 1.0, .jump_length = 10 };
  GOptionEntry             entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &folder, "a model folder", "FOLDER" },
    { "sampler", 0, 0, G_OPTION_ARG_STRING, &sampler, "as in the plug-in; ddim", "NAME" },
    { "spacing", 0, 0, G_OPTION_ARG_STRING, &spacing, "as in the plug-in; trailing", "NAME" },
    { "data-step", 0, 0, G_OPTION_ARG_STRING, &data_step, "as in the plug-in; replace", "NAME" },
    { "steps", 0, 0, G_OPTION_ARG_INT, &settings.steps, "reverse steps", "N" },
    { "eta", 0, 0, G_OPTION_ARG_DOUBLE, &settings.eta, "DDIM's η", "ETA" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "0 without it", "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &threads, "1 without it", "N" },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  GOptionContext   *context = g_option_context_new (NULL);
  GError           *error = NULL;
  DiffusionModel   *model;
  DiffusionWorkers *workers;
  Picture          *picture, *mask;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("sampler-quality: %s", error->message);
  g_option_context_free (context);
  settings.sampler = (DiffusionSampler) choose (samplers, sampler);
  settings.spacing = (DiffusionSpacing) choose (spacings, spacing);
  settings.data_step = (DiffusionDataStep) choose (data_steps, data_step);
  settings.seed = (guint32) seed;

  model = diffusion_model_load (folder != NULL ? folder : "weights/model", &error);
  if (model == NULL)
    g_error ("sampler-quality: %s", error->message);
  workers = diffusion_workers_new (threads);

  while ((picture = ppm_read (stdin)))
    {
      mask = ppm_read (stdin);
      g_assert_true (mask != NULL && mask->size == picture->size);
      for (gsize i = 0; i < picture->size; i++)
        picture->selection[i] = mask->pixels[i] > 0.5f ? 1.0f : 0.0f;
      fill (model, workers, picture, &settings);
      picture_free (mask);
      picture_free (picture);
    }
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  g_free (folder);
  g_free (sampler);
  g_free (spacing);
  g_free (data_step);
  return 0;
}
