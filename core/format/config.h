/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config.h: the two JSON files of a model folder (contract of Hugging Face
 * diffusers), read and checked into plain structs. A key whose value this build
 * cannot honour is refused by name; unknown keys are ignored.
 */
#pragma once

#include "kernels/activation.h"
#include "diffusion.h"

#define UNET_MAX_LEVELS 8

typedef enum
{
  CONDITIONING_NONE,         /* input x_t */
  CONDITIONING_MASKED_IMAGE, /* [x_t, y, m], y = 0 where m = 1 */
  CONDITIONING_FILLED_IMAGE, /* [x_t, y, m], y = the guess of push-pull.h where m = 1 */
} Conditioning;

/* How a network sees the picture: the same keys for every kind of network. */
typedef struct
{
  int          n_colours;                 /* 3, or 1: the network knows gray pictures alone */
  int          in_channels, out_channels; /* after folding; twice as many go out where the
                                           * variance is learned: its planes come last */
  int          sample_size;     /* pixels after folding that it was trained on; 0: not said */
  int          pixel_unshuffle; /* f, 1…8 */
  Conditioning conditioning;
  double
    guess_deviation; /* s of preconditioning.h, in the −1…1 range; 0: the output is the prediction */
  int      guess_sweeps;   /* of push-pull.h, 0…64 */
  gboolean self_condition; /* the guess may be an estimate of its own */
} PictureConfig;

typedef struct
{
  PictureConfig picture;
  int           n_levels;                            /* 1…UNET_MAX_LEVELS */
  int           block_out_channels[UNET_MAX_LEVELS]; /* finest level first, each 1…4096 */
  gboolean      down_attention[UNET_MAX_LEVELS];     /* AttnDownBlock2D, finest level first */
  gboolean      up_attention[UNET_MAX_LEVELS];       /* AttnUpBlock2D, coarsest level first */
  gboolean      down_resnet[UNET_MAX_LEVELS]; /* halved by a residual block, not a convolution */
  gboolean      up_resnet[UNET_MAX_LEVELS];   /* likewise enlarged */
  int           layers_per_block;             /* 1…16; one more on the way up */
  int           norm_num_groups;              /* divides each of block_out_channels */
  double        norm_eps;
  Activation    activation;  /* act_fn: of the residual blocks, not of the time embedding */
  gboolean      scale_shift; /* resnet_time_scale_shift; FALSE: the time is added */
  gboolean      mid_block;
  gboolean      mid_attention;        /* add_attention */
  int           attn_norm_num_groups; /* of the middle attention's norm; 0: it has none */
  int           attention_head_dim;   /* divides the channels; 0: one head (null in the file) */
  int           n_heads;              /* divides them too; 0: as many as attention_head_dim makes */
  double        mid_block_scale_factor;
  int           downsample_padding; /* 0 or 1 */
  double        timestep_scale;     /* times t goes into the embedding */
  int           time_channels;      /* of the sinusoids; block_out_channels[0] unless the file says
                                * otherwise (time_proj_channels) */
  gboolean      fourier;            /* time embedding; FALSE: positional, of the next two keys */
  gboolean      flip_sin_to_cos;
  double        freq_shift;
  gboolean      center_input_sample;
} UnetConfig;

typedef enum
{
  BETA_LINEAR,
  BETA_SCALED_LINEAR,
  BETA_SQUAREDCOS_CAP_V2,
  BETA_SIGMOID,
  BETA_TRAINED,
} BetaSchedule;

typedef enum
{
  PREDICTION_EPSILON,
  PREDICTION_SAMPLE,
  PREDICTION_V,
  PREDICTION_POSTERIOR_MEAN, /* μ of q(x_{t−1} | x_t, x_0); the key's value is our own */
} Prediction;

typedef enum
{
  VARIANCE_FIXED_SMALL,   /* β̃ */
  VARIANCE_FIXED_LARGE,   /* β */
  VARIANCE_LEARNED_RANGE, /* between them, the second half of the network's output says where */
} VarianceType;

typedef struct
{
  int              num_train_timesteps; /* T, 1…100000 */
  BetaSchedule     beta_schedule;
  double           beta_start, beta_end; /* 0…1; schedule_new refuses what makes no schedule */
  double          *trained_betas;        /* T values when beta_schedule is BETA_TRAINED; owned */
  gboolean         rescale_betas_zero_snr;
  Prediction       prediction;
  VarianceType     variance;
  gboolean         clip_sample;
  double           clip_sample_range; /* above 0 */
  DiffusionSpacing timestep_spacing;  /* leading, linspace or trailing */
  int              steps_offset;      /* 0…T − 1, added to the timesteps of leading */
} SchedulerConfig;

/* Each returns FALSE with DIFFUSION_ERROR_MODEL and a sentence that names the
 * file, the key, its value and what was expected; nothing is to be cleared
 * then. Absent keys have the defaults of diffusers. On success all that is
 * said above holds: ranges, groups and heads that divide the channels, and
 * in_channels and out_channels that fit folding and conditioning. */
gboolean unet_config_read (UnetConfig *config, const char *path, GError **error);
gboolean scheduler_config_read (SchedulerConfig *config, const char *path, GError **error);
void     scheduler_config_clear (SchedulerConfig *config);
