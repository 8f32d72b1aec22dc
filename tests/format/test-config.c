/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-config.c: a configuration means what it means in diffusers, defaults
 * included, and what this build cannot honour is refused by name.
 */
#include "format/config.h"
#include "support/model-maker.h"

static char *folder; /* a temporary one */

static gboolean
read_unet (const char *json, UnetConfig *config, GError **error)
{
  char    *path = g_build_filename (folder, "config.json", NULL);
  gboolean ok;

  maker_write_text (folder, "config.json", json);
  ok = unet_config_read (config, path, error);
  g_free (path);
  return ok;
}

static gboolean
read_scheduler (const char *json, SchedulerConfig *config, GError **error)
{
  char    *path = g_build_filename (folder, "scheduler_config.json", NULL);
  gboolean ok;

  maker_write_text (folder, "scheduler_config.json", json);
  ok = scheduler_config_read (config, path, error);
  g_free (path);
  return ok;
}

/* An empty file means diffusers' defaults. */
static void
test_unet_defaults (void)
{
  static const int channels[] = { 224, 448, 672, 896 };
  UnetConfig       config;
  GError          *error = NULL;

  read_unet ("{}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.picture.in_channels, ==, 3);
  g_assert_cmpint (config.picture.out_channels, ==, 3);
  g_assert_cmpint (config.picture.sample_size, ==, 0);
  g_assert_cmpint (config.n_levels, ==, 4);
  for (int i = 0; i < 4; i++)
    {
      g_assert_cmpint (config.block_out_channels[i], ==, channels[i]);
      g_assert_cmpint (config.down_attention[i], ==, i > 0);
      g_assert_cmpint (config.up_attention[i], ==, i < 3);
      g_assert_false (config.down_resnet[i] || config.up_resnet[i]);
    }
  g_assert_cmpint (config.layers_per_block, ==, 2);
  g_assert_cmpint (config.norm_num_groups, ==, 32);
  g_assert_cmpfloat (config.norm_eps, ==, 1e-5);
  g_assert_cmpint (config.activation, ==, ACTIVATION_SILU);
  g_assert_false (config.scale_shift);
  g_assert_true (config.mid_block);
  g_assert_true (config.mid_attention);
  g_assert_cmpint (config.attn_norm_num_groups, ==, 32);
  g_assert_cmpint (config.attention_head_dim, ==, 8);
  g_assert_cmpfloat (config.mid_block_scale_factor, ==, 1.0);
  g_assert_cmpint (config.downsample_padding, ==, 1);
  g_assert_false (config.fourier);
  g_assert_true (config.flip_sin_to_cos);
  g_assert_cmpfloat (config.freq_shift, ==, 0.0);
  g_assert_false (config.center_input_sample);
  g_assert_cmpint (config.picture.pixel_unshuffle, ==, 1);
  g_assert_cmpint (config.picture.conditioning, ==, CONDITIONING_NONE);
}

/* The keys as the checkpoints of Ho et al.'s models on Hugging Face have them. */
static void
test_unet_ddpm (void)
{
  UnetConfig config;
  GError    *error = NULL;

  read_unet ("{\"_class_name\": \"UNet2DModel\", \"_diffusers_version\": \"0.0.4\","
             "\"act_fn\": \"silu\", \"attention_head_dim\": null,"
             "\"block_out_channels\": [128, 256, 256, 256], \"center_input_sample\": false,"
             "\"down_block_types\": [\"DownBlock2D\", \"AttnDownBlock2D\", \"DownBlock2D\","
             " \"DownBlock2D\"], \"downsample_padding\": 0, \"flip_sin_to_cos\": false,"
             "\"freq_shift\": 1, \"in_channels\": 3, \"layers_per_block\": 2,"
             "\"mid_block_scale_factor\": 1, \"norm_eps\": 1e-06, \"norm_num_groups\": 32,"
             "\"out_channels\": 3, \"sample_size\": 32, \"time_embedding_type\": \"positional\","
             "\"up_block_types\": [\"UpBlock2D\", \"UpBlock2D\", \"AttnUpBlock2D\","
             " \"UpBlock2D\"]}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.attention_head_dim, ==, 0);
  g_assert_cmpint (config.downsample_padding, ==, 0);
  g_assert_false (config.flip_sin_to_cos);
  g_assert_cmpfloat (config.freq_shift, ==, 1.0);
  g_assert_cmpfloat (config.norm_eps, ==, 1e-6);
  g_assert_cmpint (config.picture.sample_size, ==, 32);
  g_assert_true (config.down_attention[1] && !config.down_attention[2]);
  g_assert_true (config.up_attention[2] && !config.up_attention[1]);

  read_unet ("{\"_class_name\": \"UNet2DModel\", \"_diffusers_version\": \"0.1.1\","
             "\"act_fn\": \"silu\", \"attention_head_dim\": null,"
             "\"block_out_channels\": [128, 128, 256, 256, 512, 512],"
             "\"center_input_sample\": false, \"down_block_types\": [\"DownBlock2D\","
             " \"DownBlock2D\", \"DownBlock2D\", \"DownBlock2D\", \"AttnDownBlock2D\","
             " \"DownBlock2D\"], \"downsample_padding\": 0, \"flip_sin_to_cos\": false,"
             "\"freq_shift\": 1, \"in_channels\": 3, \"layers_per_block\": 2,"
             "\"mid_block_scale_factor\": 1, \"norm_eps\": 1e-06, \"norm_num_groups\": 32,"
             "\"out_channels\": 3, \"sample_size\": 256, \"time_embedding_type\": \"positional\","
             "\"up_block_types\": [\"UpBlock2D\", \"AttnUpBlock2D\", \"UpBlock2D\","
             " \"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"]}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.n_levels, ==, 6);
  g_assert_cmpint (config.block_out_channels[5], ==, 512);
  g_assert_true (config.down_attention[4] && config.up_attention[1]);
  g_assert_cmpint (config.time_channels, ==, 128);
}

/* Which blocks change the size by what, and which norm the middle attention has. */
static void
test_unet_blocks (void)
{
#define LEVELS                                                                        \
  "\"block_out_channels\": [64, 64, 64, 64], \"down_block_types\": [\"DownBlock2D\"," \
  " \"AttnDownBlock2D\", \"ResnetDownsampleBlock2D\", \"DownBlock2D\"],"              \
  "\"up_block_types\": [\"ResnetUpsampleBlock2D\", \"UpBlock2D\","                    \
  " \"AttnUpBlock2D\", \"UpBlock2D\"]"
  UnetConfig config;
  GError    *error = NULL;

  read_unet ("{" LEVELS ", \"act_fn\": \"mish\"}", &config, &error);
  g_assert_no_error (error);
  g_assert_true (!config.down_resnet[0] && !config.down_resnet[1] && config.down_resnet[2]);
  g_assert_true (config.up_resnet[0] && !config.up_resnet[1] && !config.up_resnet[2]);
  g_assert_true (config.down_attention[1] && !config.down_attention[2]);
  g_assert_true (config.up_attention[2] && !config.up_attention[0]);
  g_assert_cmpint (config.activation, ==, ACTIVATION_MISH);

  read_unet ("{" LEVELS ", \"downsample_type\": \"resnet\", \"upsample_type\": \"resnet\","
             "\"resnet_time_scale_shift\": \"scale_shift\", \"out_channels\": 6}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_true (!config.down_resnet[0] && config.down_resnet[1] && config.down_resnet[2]);
  g_assert_true (config.up_resnet[0] && !config.up_resnet[1] && config.up_resnet[2]);
  g_assert_true (config.scale_shift);
  g_assert_cmpint (config.attn_norm_num_groups, ==, 0);
  g_assert_cmpint (config.picture.out_channels, ==, 6);

  read_unet ("{" LEVELS ", \"resnet_time_scale_shift\": \"scale_shift\","
             "\"attn_norm_num_groups\": 16, \"time_embedding_type\": \"fourier\"}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.attn_norm_num_groups, ==, 16);
  g_assert_true (config.fourier);

  read_unet ("{" LEVELS ", \"mid_block_type\": null}", &config, &error);
  g_assert_no_error (error);
  g_assert_false (config.mid_block || config.mid_attention);
#undef LEVELS
}

/* Folding and conditioning, our own two keys. */
static void
test_unet_own_keys (void)
{
  UnetConfig config;
  GError    *error = NULL;

  read_unet ("{\"pixel_unshuffle\": 2, \"conditioning\": \"filled-image\","
             "\"in_channels\": 28, \"out_channels\": 12, \"sample_size\": [24, 32]}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.picture.pixel_unshuffle, ==, 2);
  g_assert_cmpint (config.picture.conditioning, ==, CONDITIONING_FILLED_IMAGE);
  g_assert_cmpint (config.picture.sample_size, ==, 32);

  read_unet ("{\"conditioning\": \"masked-image\", \"in_channels\": 7}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.picture.conditioning, ==, CONDITIONING_MASKED_IMAGE);

  read_unet ("{\"time_proj_channels\": 448}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.time_channels, ==, 448);

  read_unet ("{\"num_attention_heads\": 4, \"timestep_scale\": 0.25, \"attention_head_dim\": 9}",
             &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.n_heads, ==, 4);
  g_assert_cmpfloat (config.timestep_scale, ==, 0.25);

  read_unet ("{\"conditioning\": null, \"sample_size\": null}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.time_channels, ==, 224);
  g_assert_cmpint (config.picture.conditioning, ==, CONDITIONING_NONE);
}

static void
test_unet_refusals (void)
{
#define LEVELS(channels, down, up) \
  "\"block_out_channels\":" channels ",\"down_block_types\":" down ",\"up_block_types\":" up
#define DOWN1 "[\"DownBlock2D\"]"
#define UP1   "[\"UpBlock2D\"]"
  static const struct
  {
    const char *keys;
    const char *pattern;
  } cases[] = {
    { "\"_class_name\":\"UNet2DConditionModel\"", "*“_class_name” is \"UNet2DC*\"UNet2DModel\"*" },
    { "\"_class_name\":null", "*“_class_name” is null*" },
    { "\"act_fn\":\"tanh\"",
      "*“act_fn” is \"tanh\", expected one of \"silu\", \"swish\", \"mish\"*" },
    { "\"time_embedding_type\":\"learned\"", "*“time_embedding_type” is \"learned\"*" },
    { "\"resnet_time_scale_shift\":\"spatial\"", "*“resnet_time_scale_shift” is \"spatial\"*" },
    { "\"downsample_type\":\"pool\"", "*“downsample_type” is \"pool\"*\"resnet\"*" },
    { "\"upsample_type\":\"pool\"", "*“upsample_type” is \"pool\"*\"resnet\"*" },
    { "\"mid_block_type\":\"UNetMidBlock2DCrossAttn\"", "*“mid_block_type” is*" },
    { "\"class_embed_type\":\"timestep\"", "*“class_embed_type” is*expected null*" },
    { "\"num_class_embeds\":10", "*“num_class_embeds” is 10, expected null*" },
    { "\"attn_norm_num_groups\":0", "*“attn_norm_num_groups” is 0*" },
    { "\"attn_norm_num_groups\":36", "*“attn_norm_num_groups” is 36, expected a divisor*" },
    { "\"time_embedding_dim\":128", "*“time_embedding_dim” is 128, expected 896." },
    { "\"num_attention_heads\":5", "*“num_attention_heads” is 5, expected a divisor*" },
    { "\"num_attention_heads\":0", "*“num_attention_heads” is 0*" },
    { "\"timestep_scale\":0", "*“timestep_scale” is 0*" },
    { "\"time_proj_channels\":0", "*“time_proj_channels” is 0*" },
    { "\"conditioning\":\"text\"", "*“conditioning” is \"text\"*\"filled-image\"*" },
    { "\"conditioning\":1", "*“conditioning” is 1*" },
    { "\"pixel_unshuffle\":0", "*“pixel_unshuffle” is 0*from 1 to 8*" },
    { "\"pixel_unshuffle\":9", "*“pixel_unshuffle” is 9*" },
    { "\"pixel_unshuffle\":2", "*“in_channels” is missing, expected 12*" },
    { "\"pixel_unshuffle\":2,\"in_channels\":12", "*“out_channels” is missing, expected 12*" },
    { "\"in_channels\":4", "*“in_channels” is 4, expected 3*" },
    { "\"in_channels\":2", "*“in_channels” is 2, expected 3*or 1 (gray)*" },
    { "\"in_channels\":1", "*“out_channels” is missing, expected 1*" },
    { "\"in_channels\":1,\"out_channels\":3", "*“out_channels” is 3, expected 1*" },
    { "\"in_channels\":3,\"out_channels\":2", "*“out_channels” is 2, expected 3*" },
    { "\"out_channels\":9", "*“out_channels” is 9, expected 3*" },
    { "\"conditioning\":\"filled-image\"", "*“in_channels” is missing, expected 7*" },
    { "\"guess_deviation\":0.25", "*“guess_deviation” is 0.25*“conditioning”*" },
    { "\"guess_deviation\":-1", "*“guess_deviation” is -1*" },
    { "\"conditioning\":\"filled-image\",\"in_channels\":7,\"guess_deviation\":1e-9",
      "*“guess_deviation”*0.001*" },
    { "\"guess_sweeps\":65", "*“guess_sweeps” is 65*from 0 to 64*" },
    { "\"self_condition\":true", "*“self_condition” is true, expected false*" },
    { "\"self_condition\":1,\"conditioning\":\"filled-image\",\"in_channels\":7",
      "*“self_condition” is 1*" },
    { "\"in_channels\":-3", "*“in_channels” is -3*" },
    { "\"in_channels\":\"3\"", "*“in_channels” is \"3\"*" },
    { "\"in_channels\":3.0", "*“in_channels” is 3.0*whole number*" },
    { "\"in_channels\":true", "*“in_channels” is true*" },
    { "\"in_channels\":[3]", "*“in_channels” is [3]*" },
    { "\"in_channels\":{\"a\":3}", "*“in_channels” is {*" },
    { "\"in_channels\":4294967299", "*“in_channels” is 4294967299*" },
    { "\"sample_size\":0", "*“sample_size” is 0*" },
    { "\"sample_size\":[16,16,16]", "*“sample_size” is [16,16,16]*" },
    { "\"sample_size\":[]", "*“sample_size” is []*" },
    { "\"layers_per_block\":0", "*“layers_per_block” is 0*" },
    { "\"layers_per_block\":1000000", "*“layers_per_block” is 1000000*" },
    { "\"norm_num_groups\":0", "*“norm_num_groups” is 0*" },
    { "\"norm_num_groups\":null", "*“norm_num_groups” is null*" },
    { "\"norm_num_groups\":48", "*“norm_num_groups” is 48, expected a divisor*" },
    { "\"norm_eps\":0", "*“norm_eps” is 0*" },
    { "\"norm_eps\":-1e-5", "*“norm_eps” is -*" },
    { "\"norm_eps\":1e999", "*“norm_eps” is inf*" },
    { "\"attention_head_dim\":0", "*“attention_head_dim” is 0*" },
    { "\"attention_head_dim\":9", "*“attention_head_dim” is 9, expected a divisor*" },
    { "\"mid_block_scale_factor\":0", "*“mid_block_scale_factor” is 0*" },
    { "\"downsample_padding\":2", "*“downsample_padding” is 2*" },
    { "\"flip_sin_to_cos\":1", "*“flip_sin_to_cos” is 1, expected true or false*" },
    { "\"add_attention\":\"yes\"", "*“add_attention” is \"yes\"*" },
    { "\"freq_shift\":112", "*“freq_shift” is 112*" },
    { "\"freq_shift\":-1", "*“freq_shift” is -1*" },
    { "\"down_block_types\":[\"DownBlock2D\"]", "*“down_block_types” is*as many*" },
    { LEVELS ("[]", DOWN1, UP1), "*“block_out_channels” is []*1 to 8*" },
    { LEVELS ("[64,64,64,64,64,64,64,64,64]", DOWN1, UP1), "*“block_out_channels” is [64*" },
    { LEVELS ("[-64]", DOWN1, UP1), "*“block_out_channels” is [-64]*" },
    { LEVELS ("[0]", DOWN1, UP1), "*“block_out_channels” is [0]*" },
    { LEVELS ("[1099511627776]", DOWN1, UP1), "*“block_out_channels” is [1099511627776]*4096*" },
    { LEVELS ("[64.5]", DOWN1, UP1), "*“block_out_channels” is [64.5]*" },
    { LEVELS ("[null]", DOWN1, UP1), "*“block_out_channels” is [null]*" },
    { LEVELS ("[[64]]", DOWN1, UP1), "*“block_out_channels” is [*" },
    { LEVELS ("64", DOWN1, UP1), "*“block_out_channels” is 64*a list*" },
    { LEVELS ("[1]", DOWN1, UP1) ",\"norm_num_groups\":1,\"add_attention\":false",
      "*“freq_shift” is missing, expected less than half*" },
    { LEVELS ("[64]", "[\"Down\"]", UP1), "*“down_block_types” is [\"Down\"]*\"DownBlock2D\"*" },
    { LEVELS ("[64]", "[\"UpBlock2D\"]", UP1), "*“down_block_types” is*" },
    { LEVELS ("[64]", DOWN1, "[\"SkipUpBlock2D\"]"), "*“up_block_types” is*" },
    { LEVELS ("[64]", "[3]", UP1), "*“down_block_types” is [3]*" },
    { LEVELS ("[64,64]", DOWN1, UP1), "*“down_block_types” is*as many*" },
    { "\"block_out_channels\":[64]", "*“down_block_types” is missing*as many*" },
    { LEVELS ("[64]", DOWN1, "[\"UpBlock2D\",\"UpBlock2D\"]"), "*“up_block_types” is*as many*" },
    { "\"in_channels\":3,\"in_channels\":4", "*“in_channels” occurs twice*" },
  };
#undef LEVELS
#undef DOWN1
#undef UP1

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char      *json = g_strdup_printf ("{%s}", cases[i].keys);
      GError    *error = NULL;
      UnetConfig config;

      g_test_message ("%s", json);
      g_assert_false (read_unet (json, &config, &error));
      maker_assert_refused (error, cases[i].pattern);
      g_free (json);
    }
}

static void
test_scheduler_defaults (void)
{
  SchedulerConfig config;
  GError         *error = NULL;

  read_scheduler ("{}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.num_train_timesteps, ==, 1000);
  g_assert_cmpint (config.beta_schedule, ==, BETA_LINEAR);
  g_assert_cmpfloat (config.beta_start, ==, 0.0001);
  g_assert_cmpfloat (config.beta_end, ==, 0.02);
  g_assert_null (config.trained_betas);
  g_assert_false (config.rescale_betas_zero_snr);
  g_assert_cmpint (config.prediction, ==, PREDICTION_EPSILON);
  g_assert_cmpint (config.variance, ==, VARIANCE_FIXED_SMALL);
  g_assert_true (config.clip_sample);
  g_assert_cmpfloat (config.clip_sample_range, ==, 1.0);
  g_assert_cmpint (config.timestep_spacing, ==, DIFFUSION_SPACING_LEADING);
  g_assert_cmpint (config.steps_offset, ==, 0);
  scheduler_config_clear (&config);
}

static void
test_scheduler_values (void)
{
  static const struct
  {
    const char  *name;
    BetaSchedule value;
  } schedules[] = {
    { "linear", BETA_LINEAR },           { "scaled_linear", BETA_SCALED_LINEAR },
    { "quadratic", BETA_SCALED_LINEAR }, { "squaredcos_cap_v2", BETA_SQUAREDCOS_CAP_V2 },
    { "sigmoid", BETA_SIGMOID },
  };
  SchedulerConfig config;
  GError         *error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (schedules); i++)
    {
      char *json = g_strdup_printf ("{\"beta_schedule\": \"%s\"}", schedules[i].name);

      read_scheduler (json, &config, &error);
      g_assert_no_error (error);
      g_assert_cmpint (config.beta_schedule, ==, schedules[i].value);
      g_free (json);
    }

  read_scheduler ("{\"num_train_timesteps\": 3, \"trained_betas\": [0.25, 0.5, 1],"
                  "\"prediction_type\": \"sample\", \"variance_type\": \"fixed_large_log\","
                  "\"clip_sample\": false, \"clip_sample_range\": 2.5,"
                  "\"timestep_spacing\": \"trailing\", \"steps_offset\": 1,"
                  "\"rescale_betas_zero_snr\": true, \"_class_name\": \"DDIMScheduler\","
                  "\"set_alpha_to_one\": true}",
                  &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.beta_schedule, ==, BETA_TRAINED);
  g_assert_cmpfloat (config.trained_betas[0], ==, 0.25);
  g_assert_cmpfloat (config.trained_betas[2], ==, 1.0);
  g_assert_cmpint (config.prediction, ==, PREDICTION_SAMPLE);
  g_assert_cmpint (config.variance, ==, VARIANCE_FIXED_LARGE);
  g_assert_false (config.clip_sample);
  g_assert_cmpfloat (config.clip_sample_range, ==, 2.5);
  g_assert_cmpint (config.timestep_spacing, ==, DIFFUSION_SPACING_TRAILING);
  g_assert_cmpint (config.steps_offset, ==, 1);
  g_assert_true (config.rescale_betas_zero_snr);
  scheduler_config_clear (&config);

  read_scheduler ("{\"prediction_type\": \"v_prediction\", \"variance_type\": \"fixed_large\"}",
                  &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.prediction, ==, PREDICTION_V);
  g_assert_cmpint (config.variance, ==, VARIANCE_FIXED_LARGE);

  read_scheduler ("{\"prediction_type\": \"posterior_mean\","
                  " \"variance_type\": \"learned_range\"}",
                  &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.prediction, ==, PREDICTION_POSTERIOR_MEAN);
  g_assert_cmpint (config.variance, ==, VARIANCE_LEARNED_RANGE);

  /* The keys as the published google/ddpm-* have them. */
  read_scheduler ("{\"_class_name\": \"DDPMScheduler\", \"_diffusers_version\": \"0.1.1\","
                  "\"beta_end\": 0.02, \"beta_schedule\": \"linear\", \"beta_start\": 0.0001,"
                  "\"clip_sample\": true, \"num_train_timesteps\": 1000, \"trained_betas\": null,"
                  "\"variance_type\": \"fixed_large\"}",
                  &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.beta_schedule, ==, BETA_LINEAR);
  g_assert_null (config.trained_betas);
  g_assert_cmpint (config.variance, ==, VARIANCE_FIXED_LARGE);
  g_assert_true (config.clip_sample);

  read_scheduler ("{\"variance_type\": \"fixed_small_log\"}", &config, &error);
  g_assert_no_error (error);
  g_assert_cmpint (config.variance, ==, VARIANCE_FIXED_SMALL);
}

static void
test_scheduler_refusals (void)
{
  static const struct
  {
    const char *keys;
    const char *pattern;
  } cases[] = {
    { "\"_class_name\":\"ScoreSdeVeScheduler\"", "*“_class_name” is \"Score*\"DDPMScheduler\"*" },
    { "\"num_train_timesteps\":0", "*“num_train_timesteps” is 0*1 to 100000*" },
    { "\"num_train_timesteps\":100001", "*“num_train_timesteps” is 100001*" },
    { "\"num_train_timesteps\":\"many\"", "*“num_train_timesteps” is \"many\"*" },
    { "\"beta_schedule\":\"cosine\"", "*“beta_schedule” is \"cosine\"*\"sigmoid\"*" },
    { "\"beta_schedule\":3", "*“beta_schedule” is 3*" },
    { "\"beta_start\":-0.1", "*“beta_start” is -0.1*" },
    { "\"beta_end\":1.5", "*“beta_end” is 1.5*" },
    { "\"beta_end\":\"0.02\"", "*“beta_end” is \"0.02\"*" },
    { "\"num_train_timesteps\":3,\"trained_betas\":[0.1,0.2]",
      "*“trained_betas” is [0.1*length 3*" },
    { "\"num_train_timesteps\":1,\"trained_betas\":[0.1,0.2]",
      "*“trained_betas” is [0.1*length 1." },
    { "\"trained_betas\":0.5", "*“trained_betas” is 0.5*length 1000." },
    { "\"num_train_timesteps\":2,\"trained_betas\":[0.1,2]",
      "*“trained_betas” is [0.1*,2]*numbers from 0 to 1*" },
    { "\"num_train_timesteps\":1,\"trained_betas\":[\"a\"]", "*“trained_betas” is*" },
    { "\"num_train_timesteps\":1,\"rescale_betas_zero_snr\":true", "*“num_train_timesteps” is 1*" },
    { "\"rescale_betas_zero_snr\":0", "*“rescale_betas_zero_snr” is 0*" },
    { "\"prediction_type\":\"flow\"", "*“prediction_type” is \"flow\"*\"epsilon\"*" },
    { "\"prediction_type\":null", "*“prediction_type” is null*" },
    { "\"variance_type\":\"learned\"", "*“variance_type” is \"learned\", expected \"fixed_small\" "
                                       "or \"fixed_large\", which leave*unused." },
    { "\"variance_type\":\"fixed\"",
      "*“variance_type” is \"fixed\", expected one of \"fixed_small\"*" },
    { "\"clip_sample\":\"true\"", "*“clip_sample” is \"true\"*" },
    { "\"clip_sample_range\":0", "*“clip_sample_range” is 0*" },
    { "\"clip_sample_range\":-1", "*“clip_sample_range” is -1*" },
    { "\"timestep_spacing\":\"log\"", "*“timestep_spacing” is \"log\"*\"leading\"*" },
    { "\"steps_offset\":-1", "*“steps_offset” is -1*" },
    { "\"steps_offset\":1000", "*“steps_offset” is 1000*" },
    { "\"thresholding\":true", "*“thresholding” is true*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char           *json = g_strdup_printf ("{%s}", cases[i].keys);
      GError         *error = NULL;
      SchedulerConfig config;

      g_test_message ("%s", json);
      g_assert_false (read_scheduler (json, &config, &error));
      maker_assert_refused (error, cases[i].pattern);
      g_assert_null (config.trained_betas);
      g_free (json);
    }
}

/* The model that we ship. */
static void
test_bundled (void)
{
  const char     *weights = g_getenv ("DIFFUSION_WEIGHTS");
  char           *unet, *scheduler;
  UnetConfig      unet_config;
  SchedulerConfig scheduler_config;
  GError         *error = NULL;

  g_assert_nonnull (weights);
  unet = g_build_filename (weights, MAKER_UNET, NULL);
  scheduler = g_build_filename (weights, MAKER_SCHEDULER, NULL);
  unet_config_read (&unet_config, unet, &error);
  g_assert_no_error (error);
  scheduler_config_read (&scheduler_config, scheduler, &error);
  g_assert_no_error (error);
  g_assert_cmpint (unet_config.picture.conditioning, ==, CONDITIONING_FILLED_IMAGE);
  scheduler_config_clear (&scheduler_config);
  g_free (unet);
  g_free (scheduler);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = maker_new_folder ();
  g_test_add_func ("/config/unet/defaults", test_unet_defaults);
  g_test_add_func ("/config/unet/ddpm", test_unet_ddpm);
  g_test_add_func ("/config/unet/blocks", test_unet_blocks);
  g_test_add_func ("/config/unet/own-keys", test_unet_own_keys);
  g_test_add_func ("/config/unet/refusals", test_unet_refusals);
  g_test_add_func ("/config/scheduler/defaults", test_scheduler_defaults);
  g_test_add_func ("/config/scheduler/values", test_scheduler_values);
  g_test_add_func ("/config/scheduler/refusals", test_scheduler_refusals);
  g_test_add_func ("/config/bundled", test_bundled);
  status = g_test_run ();
  maker_remove (folder);
  g_free (folder);
  return status;
}
