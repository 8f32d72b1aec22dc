/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * task.c: see task.h.
 */
#include "task.h"

#include <glib/gi18n-lib.h>

#include "tone.h"

gboolean
task_run (Task                    *task,
          DiffusionModel          *model,
          DiffusionWorkers        *workers,
          const DiffusionSource   *source,
          const DiffusionSink     *sink,
          const DiffusionRect     *region,
          const DiffusionProgress *progress,
          GError                 **error)
{
  return task_run_part (task, model, workers, source, sink, region, region, progress, error);
}

gboolean
task_run_part (Task                    *task,
               DiffusionModel          *model,
               DiffusionWorkers        *workers,
               const DiffusionSource   *source,
               const DiffusionSink     *sink,
               const DiffusionRect     *region,
               const DiffusionRect     *part,
               const DiffusionProgress *progress,
               GError                 **error)
{
  Tone     tone;
  gboolean ok;

  if (!tone_init (&tone, task, source, sink, region, progress, error))
    return FALSE;

  if (task->kind == TASK_INPAINT)
    return diffusion_inpaint (model, workers, &tone.source, &tone.sink, region, &task->inpaint,
                              &tone.progress, error);

  /* Noise is stretched with the picture. */
  task->denoise.sigma *= tone.slope;
  task->denoise.found.sigma *= tone.slope;
  task->denoise.found.sigma_half *= tone.slope;
  ok = diffusion_denoise_part (model, workers, &tone.source, &tone.sink, region, part,
                               &task->denoise, &tone.progress, error);
  task->denoise.sigma /= tone.slope;
  task->denoise.found.sigma /= tone.slope;
  task->denoise.found.sigma_half /= tone.slope;
  return ok;
}

gboolean
task_measure (const Task            *task,
              const DiffusionSource *source,
              const DiffusionRect   *region,
              GCancellable          *cancel,
              DiffusionNoise        *noise,
              GError               **error)
{
  const DiffusionSink     nowhere = { NULL, NULL };
  const DiffusionProgress nobody = { .cancel = NULL };
  Tone                    tone;

  if (!tone_init (&tone, task, source, &nowhere, region, &nobody, error) ||
      !diffusion_estimate_noise (&tone.source, region, cancel, noise, error))
    return FALSE;

  noise->sigma /= tone.slope;
  noise->sigma_half /= tone.slope;
  return TRUE;
}

gboolean
task_cost (const Task            *task,
           const DiffusionModel  *model,
           int                    n_threads,
           const DiffusionSource *source,
           const DiffusionRect   *region,
           DiffusionCost         *cost,
           GError               **error)
{
  if (task->kind == TASK_INPAINT)
    return diffusion_inpaint_cost (model, n_threads, source, region, &task->inpaint, cost, error);

  return diffusion_denoise_cost (model, n_threads, source, region, &task->denoise, cost, error);
}

gboolean
task_changes_nothing (const Task *task)
{
  return task->kind == TASK_INPAINT && task->inpaint.strength <= 0;
}

gboolean
task_draws_noise (const Task *task)
{
  const DiffusionDenoiseSettings *s = &task->denoise;

  if (task->kind == TASK_INPAINT)
    return !task_changes_nothing (task);

  return s->method == DIFFUSION_METHOD_RENOISE ||
         (s->steps > 1 && (s->sampler == DIFFUSION_SAMPLER_DDPM ||
                           s->sampler == DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR));
}

guint32
task_get_seed (const Task *task)
{
  return task->kind == TASK_INPAINT ? task->inpaint.seed : task->denoise.seed;
}

void
task_set_seed (Task *task, guint32 seed)
{
  if (task->kind == TASK_INPAINT)
    task->inpaint.seed = seed;
  else
    task->denoise.seed = seed;
}

gboolean
task_has_steps (const Task *task)
{
  if (task->kind == TASK_INPAINT)
    return task->inpaint.steps != 1;

  return task->denoise.steps > 1;
}

/* The names of the choices (arguments.c). */

static const char *
sampler_name (DiffusionSampler sampler)
{
  static const char *names[] = {
    [DIFFUSION_SAMPLER_DDIM] = "ddim",
    [DIFFUSION_SAMPLER_DDPM] = "ddpm",
    [DIFFUSION_SAMPLER_DPM_SOLVER] = "dpm-solver++",
    [DIFFUSION_SAMPLER_HEUN] = "heun",
    [DIFFUSION_SAMPLER_PREDICTOR_CORRECTOR] = "predictor-corrector",
  };

  return names[sampler];
}

static const char *
spacing_name (DiffusionSpacing spacing)
{
  static const char *names[] = {
    [DIFFUSION_SPACING_TRAILING] = "trailing", [DIFFUSION_SPACING_LEADING] = "leading",
    [DIFFUSION_SPACING_LINSPACE] = "linspace", [DIFFUSION_SPACING_QUADRATIC] = "quadratic",
    [DIFFUSION_SPACING_KARRAS] = "karras",     [DIFFUSION_SPACING_MODEL] = "model",
  };

  return names[spacing];
}

static const char *
data_step_name (DiffusionDataStep data_step)
{
  return data_step == DIFFUSION_DATA_REPLACE ? "replace" : "paste";
}

static const char *
expert_name (DiffusionExpert expert)
{
  static const char *names[] = {
    [DIFFUSION_EXPERT_AUTOMATIC] = "automatic",
    [DIFFUSION_EXPERT_NETWORK] = "network",
    [DIFFUSION_EXPERT_PICTURE] = "picture",
  };

  return names[expert];
}

static const char *
method_name (DiffusionMethod method)
{
  return method == DIFFUSION_METHOD_MATCHED ? "matched" : "renoise";
}

static const char *
output_name (TaskOutput output)
{
  return output == OUTPUT_IN_PLACE ? "in-place" : "new-layer";
}

static void
add_double (GVariantBuilder *builder, const char *name, double value)
{
  g_variant_builder_add (builder, "{sv}", name, g_variant_new_double (value));
}

static void
add_int (GVariantBuilder *builder, const char *name, int value)
{
  g_variant_builder_add (builder, "{sv}", name, g_variant_new_int32 (value));
}

static void
add_name (GVariantBuilder *builder, const char *name, const char *value)
{
  g_variant_builder_add (builder, "{sv}", name, g_variant_new_string (value));
}

GVariant *
task_get_settings (const Task *task)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);

  if (task->kind == TASK_INPAINT)
    {
      const DiffusionInpaintSettings *s = &task->inpaint;

      add_double (&builder, "strength", s->strength);
      add_int (&builder, "steps", s->steps);
      add_name (&builder, "sampler", sampler_name (s->sampler));
      add_name (&builder, "spacing", spacing_name (s->spacing));
      add_double (&builder, "eta", s->eta);
      add_int (&builder, "resample", s->resample);
      add_int (&builder, "jump-length", s->jump_length);
      add_name (&builder, "data-step", data_step_name (s->data_step));
      add_int (&builder, "context", s->context);
      g_variant_builder_add (&builder, "{sv}", "sample-merged",
                             g_variant_new_boolean (task->sample_merged));
      add_int (&builder, "grow", task->hole.grow);
      add_double (&builder, "feather", task->hole.feather);
      add_int (&builder, "seed", (int) s->seed);
      add_name (&builder, "expert", expert_name (s->expert));
      if (task->source > 0)
        add_int (&builder, "source", task->source);
    }
  else
    {
      const DiffusionDenoiseSettings *s = &task->denoise;

      add_double (&builder, "strength", s->strength);
      add_double (&builder, "sigma", s->sigma);
      add_name (&builder, "method", method_name (s->method));
      add_int (&builder, "steps", s->steps);
      add_name (&builder, "sampler", sampler_name (s->sampler));
      add_double (&builder, "detail", s->detail);
      add_double (&builder, "luminance", 1.0 - s->kept_lightness);
      add_double (&builder, "chroma", 1.0 - s->kept_colour);
      add_int (&builder, "seed", (int) s->seed);
    }

  add_name (&builder, "output", output_name (task->output));
  if (task->stopped)
    g_variant_builder_add (&builder, "{sv}", "stopped", g_variant_new_boolean (TRUE));

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

char *
task_describe_found (const Task *task)
{
  const DiffusionNoise *found = &task->denoise.found;
  GString              *text;

  if (task->kind != TASK_DENOISE || !found->is_measured)
    return NULL;

  text = g_string_new (NULL);
  switch (found->kind)
    {
    case DIFFUSION_NOISE_WHITE:
      g_string_append_printf (text, _ ("fine noise found, its level %.1f of 255"),
                              task->denoise.sigma);
      break;
    case DIFFUSION_NOISE_CAMERA:
      g_string_append_printf (text,
                              _ ("coarse noise found, as cameras make it, its level %.1f of 255"),
                              task->denoise.sigma);
      break;
    case DIFFUSION_NOISE_TRACE:
      g_string_append_printf (text,
                              _ ("no clear noise found: only a trace of level %.1f is removed"),
                              task->denoise.sigma);
      break;
    default:
      g_string_append (text, found->blocks || found->impulses > 0.0
                               ? _ ("no noise found")
                               : _ ("no noise found: nothing to do"));
    }
  if (found->impulses > 0.0)
    {
      g_string_append (text, "; ");
      g_string_append_printf (text, _ ("hot, dead or stray pixels are filled: %.3g %%"),
                              100.0 * found->impulses);
    }
  if (found->blocks)
    {
      g_string_append (text, "; ");
      g_string_append (text, _ ("compression artefacts are not treated"));
    }
  return g_string_free (text, FALSE);
}

char *
task_describe (const Task *task)
{
  GVariant    *settings = task_get_settings (task);
  GString     *line = g_string_new (NULL);
  GVariantIter iter;
  const char  *name;
  GVariant    *value;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      if (line->len > 0)
        g_string_append (line, ", ");

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
        {
          /* The line is read by scripts: a point whatever the locale, and
           * digits enough for any setting of a dialog. */
          char text[G_ASCII_DTOSTR_BUF_SIZE];

          g_ascii_formatd (text, sizeof text, "%.6g", g_variant_get_double (value));
          g_string_append_printf (line, "%s %s", name, text);
        }
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
        g_string_append_printf (line, "%s %d", name, g_variant_get_int32 (value));
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
        g_string_append_printf (line, "%s %s", name, g_variant_get_boolean (value) ? "yes" : "no");
      else
        g_string_append_printf (line, "%s %s", name, g_variant_get_string (value, NULL));

      g_variant_unref (value);
    }

  g_variant_unref (settings);
  return g_string_free (line, FALSE);
}
