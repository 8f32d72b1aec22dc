/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-scheduler.c: scheduler/scheduler_config.json, the keys of diffusers'
 * DDPMScheduler and those of its kin that describe the noise in the same way.
 */
#include "format/config.h"

#include <glib/gi18n-lib.h>

#include "format/config-reader.h"

#define MAX_TIMESTEPS 100000

static const ConfigChoice class_names[] = {
  { "DDPMScheduler", 0 },         { "DDIMScheduler", 0 },    { "DDPMParallelScheduler", 0 },
  { "DDIMParallelScheduler", 0 }, { "RePaintScheduler", 0 }, { NULL, 0 },
};

static const ConfigChoice beta_schedules[] = {
  { "linear", BETA_LINEAR },           { "scaled_linear", BETA_SCALED_LINEAR },
  { "quadratic", BETA_SCALED_LINEAR }, { "squaredcos_cap_v2", BETA_SQUAREDCOS_CAP_V2 },
  { "sigmoid", BETA_SIGMOID },         { NULL, 0 },
};

static const ConfigChoice predictions[] = {
  { "epsilon", PREDICTION_EPSILON },
  { "sample", PREDICTION_SAMPLE },
  { "v_prediction", PREDICTION_V },
  { "posterior_mean", PREDICTION_POSTERIOR_MEAN },
  { NULL, 0 },
};

/* In diffusers the …_log variants hold the logarithm of the same variance. */
static const ConfigChoice variances[] = {
  { "fixed_small", VARIANCE_FIXED_SMALL },     { "fixed_small_log", VARIANCE_FIXED_SMALL },
  { "fixed_large", VARIANCE_FIXED_LARGE },     { "fixed_large_log", VARIANCE_FIXED_LARGE },
  { "learned_range", VARIANCE_LEARNED_RANGE }, { NULL, 0 },
};

static const ConfigChoice spacings[] = {
  { "leading", DIFFUSION_SPACING_LEADING },
  { "linspace", DIFFUSION_SPACING_LINSPACE },
  { "trailing", DIFFUSION_SPACING_TRAILING },
  { NULL, 0 },
};

/* "learned" is refused: diffusers takes the network's second half for the variance itself
 * (and the root of it, which is none where it is negative), the code of Nichol and Dhariwal
 * 2021 for its logarithm, and no file says which a network was trained for. */
static VarianceType
read_variance (ConfigReader *reader)
{
  const char *key = "variance_type";

  if (!reader->error &&
      g_strcmp0 (json_object_get_string_member_with_default (reader->object, key, NULL),
                 "learned") == 0)
    config_refuse (
      reader, key,
      _ ("\"fixed_small\" or \"fixed_large\", which leave the network's own variance unused"));
  return config_choice (reader, key, VARIANCE_FIXED_SMALL, variances);
}

gboolean
scheduler_config_read (SchedulerConfig *config, const char *path, GError **error)
{
  ConfigReader reader;
  int          T;

  *config = (SchedulerConfig) { 0 };
  config_reader_init (&reader, path);

  config_choice (&reader, "_class_name", 0, class_names);
  config->num_train_timesteps = T =
    config_int (&reader, "num_train_timesteps", 1000, 1, MAX_TIMESTEPS);
  config->beta_schedule = config_choice (&reader, "beta_schedule", BETA_LINEAR, beta_schedules);
  config->beta_start = config_double (&reader, "beta_start", 0.0001, 0.0, 1.0);
  config->beta_end = config_double (&reader, "beta_end", 0.02, 0.0, 1.0);
  if (config_has (&reader, "trained_betas"))
    {
      config->beta_schedule = BETA_TRAINED;
      config->trained_betas = config_doubles (&reader, "trained_betas", 0.0, 1.0, T);
    }
  config->rescale_betas_zero_snr = config_bool (&reader, "rescale_betas_zero_snr", FALSE);
  if (config->rescale_betas_zero_snr && T < 2)
    config_refuse (&reader, "num_train_timesteps", _ ("at least 2 with rescale_betas_zero_snr"));

  config->prediction = config_choice (&reader, "prediction_type", PREDICTION_EPSILON, predictions);
  config->variance = read_variance (&reader);
  config->clip_sample = config_bool (&reader, "clip_sample", TRUE);
  config->clip_sample_range = config_double (&reader, "clip_sample_range", 1.0, 1e-3, 1e3);
  config->timestep_spacing =
    config_choice (&reader, "timestep_spacing", DIFFUSION_SPACING_LEADING, spacings);
  config->steps_offset = config_int (&reader, "steps_offset", 0, 0, T - 1);

  /* Dynamic thresholding (Saharia et al. 2022): not ours. */
  if (config_bool (&reader, "thresholding", FALSE))
    config_refuse (&reader, "thresholding", "false");

  if (config_reader_finish (&reader, error))
    return TRUE;
  scheduler_config_clear (config);
  return FALSE;
}

void
scheduler_config_clear (SchedulerConfig *config)
{
  g_clear_pointer (&config->trained_betas, g_free);
}
