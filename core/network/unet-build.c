/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unet-build.c: see unet-build.h.
 */
#include "network/unet-build.h"

#include <string.h>

#include "network/graph-methods.h"

/* Weights are laid out so many outputs at a time. */
#define PACK_OUTPUTS 16

/* Where a convolution's weights are in the file. */
typedef struct
{
  Convolution             *convolution;
  const SafetensorsTensor *weights;
} Source;

/* Once `error` is set the functions below do nothing and return NULL or 0, so
 * that the network below reads as a list; unet_build looks at the end. */
typedef struct
{
  const UnetConfig *config;
  Safetensors      *file;
  gboolean          metadata_only;
  Graph            *graph;
  GArray           *sources; /* Source: of every convolution */
  GError           *error;
} Builder;

/* --- Parameters ----------------------------------------------------------- */

static const SafetensorsTensor *
find (Builder *builder, const char *module, const char *parameter, int n_dims, const gint64 *shape)
{
  Graph                   *graph = builder->graph;
  guint64                  n = 1;
  char                    *name;
  const SafetensorsTensor *tensor;

  if (builder->error)
    return NULL;

  name = g_strdup_printf ("%s.%s", module, parameter);
  tensor = safetensors_find (builder->file, name, n_dims, shape, &builder->error);
  g_free (name);

  /* The file holds so many: their number is no larger than its length. */
  for (int i = 0; tensor && i < n_dims; i++)
    n *= shape[i];
  graph->n_parameters += n;
  graph->largest_tensor = MAX (graph->largest_tensor, n);
  return tensor;
}

static float *
load (Builder *builder, const char *module, const char *parameter, int n_dims, const gint64 *shape)
{
  const SafetensorsTensor *tensor = find (builder, module, parameter, n_dims, shape);

  return tensor && !builder->metadata_only
           ? safetensors_load_tensor (builder->file, tensor, &builder->error)
           : NULL;
}

/* Its weights follow when the whole network is known (load_weights). */
static Convolution *
load_convolution (Builder        *builder,
                  const char     *module,
                  ConvolutionKind kind,
                  gboolean        linear, /* a matrix in the file */
                  int             out_channels,
                  const int      *parts,
                  int             n_parts)
{
  const int    size = kind == CONVOLUTION_POINT ? 1 : 3;
  Convolution *convolution = convolution_new (kind, out_channels, parts, n_parts);
  const gint64 shape[] = { out_channels, convolution_in_channels (convolution), size, size };
  Source       source = { .convolution = convolution };
  float       *bias;

  g_ptr_array_add (builder->graph->convolutions, convolution);
  source.weights = find (builder, module, "weight", linear ? 2 : 4, shape);
  bias = load (builder, module, "bias", 1, shape);
  if (bias)
    memcpy (convolution->bias, bias, out_channels * sizeof *bias);
  g_free (bias);
  g_array_append_val (builder->sources, source);
  return builder->error ? NULL : convolution;
}

static Convolution *
load_linear (Builder *builder, const char *module, int out_channels, int in_channels)
{
  return load_convolution (builder, module, CONVOLUTION_POINT, TRUE, out_channels, &in_channels, 1);
}

static Norm *
load_norm (Builder *builder, const char *module, int channels, int n_groups)
{
  const gint64 shape[] = { channels };
  Norm        *norm;

  if (builder->error)
    return NULL;

  norm = g_new0 (Norm, 1);
  norm->n_groups = n_groups;
  norm->channels = channels;
  norm->epsilon = builder->config->norm_eps;
  norm->gamma = load (builder, module, "weight", 1, shape);
  norm->beta = load (builder, module, "bias", 1, shape);
  g_ptr_array_add (builder->graph->norms, norm);
  return norm;
}

/* --- Ops ---------------------------------------------------------------- */

static int
map_channels (Builder *builder, int map)
{
  return graph_slot (builder->graph, map)->channels;
}

static void
note_use (Builder *builder, int map)
{
  if (map >= 0)
    graph_slot (builder->graph, map)->last_op = builder->graph->ops->len;
}

/* Appends `op` under the name of a module; returns the map that it makes. */
static int
add_op (Builder *builder, Op *op, const char *name, int channels, int level)
{
  Graph *graph = builder->graph;
  Slot   slot = { channels, level, -1 };

  for (int i = 0; i < op->n_sources; i++)
    note_use (builder, op->sources[i]);
  for (int i = 0; i < op->n_shortcut_sources; i++)
    note_use (builder, op->shortcut_sources[i]);
  note_use (builder, op->residual);

  op->name = g_strdup (name);
  op->result = graph->slots->len;
  g_array_append_val (graph->slots, slot);
  g_array_append_val (graph->ops, *op);
  return op->result;
}

/* An op to start from: of one map, with nothing around it. */
static Op
new_op (OpKind kind, int source)
{
  return (Op) { .kind = kind,
                .sources = { source },
                .n_sources = 1,
                .modulation = -1,
                .time = -1,
                .residual = -1,
                .factor = 1.0f };
}

/* A convolution of one map, with nothing around it but perhaps norm and SiLU. */
static int
add_convolution (Builder        *builder,
                 const char     *module,
                 ConvolutionKind kind,
                 const Norm     *norm,
                 int             source,
                 int             out_channels,
                 int             level_change)
{
  const int in_channels = map_channels (builder, source);
  const int level = graph_slot (builder->graph, source)->level + level_change;
  Op        op = new_op (OP_CONVOLUTION, source);

  op.norm = norm;
  op.activation = ACTIVATION_SILU;
  op.upsample = level_change < 0;
  op.convolution = load_convolution (builder, module, kind, FALSE, out_channels, &in_channels, 1);
  return add_op (builder, &op, module, out_channels, level);
}

/* A residual block's time projection to n values. `convolution`: what they are
 * added to, or NULL. */
static int
add_time (Builder *builder, const char *module, const Convolution *convolution, int n)
{
  Graph         *graph = builder->graph;
  TimeProjection time = { 0 };

  time.projection = load_linear (builder, module, n, 4 * graph->time_channels);
  if (builder->error)
    return -1;

  time.bias = time.projection->bias;
  for (int c = 0; !builder->metadata_only && convolution && c < n; c++)
    time.bias[c] += convolution->bias[c];
  time.at = graph->times_size;
  graph->times_size += time.projection->n_out;
  g_array_append_val (graph->times, time);
  return graph->times->len - 1;
}

/* A map halved or enlarged, perhaps normalised and activated before. */
static int
add_resample (Builder    *builder,
              const char *module,
              const char *what,
              const Norm *norm,
              int         source,
              int         level_change)
{
  const Slot slot = *graph_slot (builder->graph, source);
  Op         op = new_op (OP_RESAMPLE, source);
  char      *name = g_strconcat (module, what, NULL);
  int        result;

  op.norm = norm;
  op.activation = builder->config->activation;
  result = add_op (builder, &op, name, slot.channels, slot.level + level_change);
  g_free (name);
  return result;
}

/* ResnetBlock2D of one map, or of two seen as one, f the activation:
 *   h = conv1 (r (f (norm1 (x)))) + e, e = time_emb_proj (f (embedding))
 *   (s + conv2 (f (norm2 (h)))) / divisor, s = r (x) or conv_shortcut (r (x));
 * with scale-shift, e is twice as long and its halves modulate instead:
 *   h = conv1 (r (f (norm1 (x)))), and norm2 (h) · (1 + e_1) + e_2 for norm2 (h).
 * r halves or enlarges the map where the level changes (of one map only). */
static int
add_resnet (Builder    *builder,
            const char *module,
            const int  *sources,
            int         n_sources,
            int         out_channels,
            double      divisor,
            int         level_change)
{
  const UnetConfig *config = builder->config;
  const int         level = graph_slot (builder->graph, sources[0])->level + level_change;
  Op                first = new_op (OP_CONVOLUTION, sources[0]);
  Op                second = new_op (OP_CONVOLUTION, -1);
  int               resized = sources[0];
  int               parts[2], in_channels = 0;
  char             *norm1 = g_strconcat (module, ".norm1", NULL);
  char             *norm2 = g_strconcat (module, ".norm2", NULL);
  char             *conv1 = g_strconcat (module, ".conv1", NULL);
  char             *conv2 = g_strconcat (module, ".conv2", NULL);
  char             *time = g_strconcat (module, ".time_emb_proj", NULL);
  char             *shortcut = g_strconcat (module, ".conv_shortcut", NULL);

  for (int i = 0; i < n_sources; i++)
    {
      first.sources[i] = second.shortcut_sources[i] = sources[i];
      parts[i] = map_channels (builder, sources[i]);
      in_channels += parts[i];
    }

  first.n_sources = n_sources;
  first.norm = load_norm (builder, norm1, in_channels, config->norm_num_groups);
  first.activation = second.activation = config->activation;
  if (level_change != 0)
    {
      first.sources[0] =
        add_resample (builder, module, ".hidden", first.norm, sources[0], level_change);
      first.norm = NULL;
      resized = add_resample (builder, module, ".shortcut", NULL, sources[0], level_change);
    }
  first.convolution =
    load_convolution (builder, conv1, CONVOLUTION_SAME, FALSE, out_channels, parts, n_sources);
  if (config->scale_shift)
    second.modulation = add_time (builder, time, NULL, 2 * out_channels);
  else
    first.time = add_time (builder, time, first.convolution, out_channels);
  second.sources[0] = add_op (builder, &first, conv1, out_channels, level);

  second.norm = load_norm (builder, norm2, out_channels, config->norm_num_groups);
  second.factor = 1.0 / divisor;
  if (in_channels == out_channels && n_sources == 1)
    second.residual = resized;
  else
    {
      second.n_shortcut_sources = n_sources;
      second.shortcut = load_convolution (builder, shortcut, CONVOLUTION_POINT, FALSE, out_channels,
                                          parts, n_sources);
    }
  second.convolution =
    load_convolution (builder, conv2, CONVOLUTION_SAME, FALSE, out_channels, &out_channels, 1);
  /* The shortcut's bias is added with the convolution's. */
  if (!builder->error && !builder->metadata_only && second.shortcut)
    for (int c = 0; c < out_channels; c++)
      second.convolution->bias[c] += second.shortcut->bias[c];

  g_free (norm1);
  g_free (norm2);
  g_free (conv1);
  g_free (conv2);
  g_free (time);
  g_free (shortcut);
  return add_op (builder, &second, module, out_channels, level);
}

/* Attention over a map. Checkpoints of before diffusers 0.18 have other names. */
static int
add_attention (Builder    *builder,
               const char *module,
               int         source,
               double      divisor,
               int         n_groups) /* 0: no norm */
{
  static const char *const names[][2] = {
    { "to_q", "query" }, { "to_k", "key" }, { "to_v", "value" }, { "to_out.0", "proj_attn" }
  };
  const int     channels = map_channels (builder, source);
  const int     depth = builder->config->attention_head_dim;
  Attention    *attention = g_new0 (Attention, 1);
  Op            op = new_op (OP_ATTENTION, source);
  Convolution **layers[] = { &attention->query, &attention->key, &attention->value,
                             &attention->out };
  char         *norm = g_strconcat (module, ".group_norm", NULL);

  g_ptr_array_add (builder->graph->attentions, attention);
  attention->n_heads = depth > 0 ? channels / depth : 1;
  if (builder->config->n_heads > 0)
    attention->n_heads = builder->config->n_heads;
  op.factor = 1.0 / divisor;
  op.norm = n_groups > 0 ? load_norm (builder, norm, channels, n_groups) : NULL;
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      char    *name = g_strdup_printf ("%s.%s", module, names[i][0]);
      char    *weight = g_strdup_printf ("%s.%s.weight", module, names[i][1]);
      gboolean old = safetensors_has (builder->file, weight);

      if (old)
        {
          g_free (name);
          name = g_strdup_printf ("%s.%s", module, names[i][1]);
        }
      *layers[i] = load_linear (builder, name, channels, channels);
      g_free (name);
      g_free (weight);
    }

  g_free (norm);
  op.attention = attention;
  return add_op (builder, &op, module, channels, graph_slot (builder->graph, source)->level);
}

/* --- The network ---------------------------------------------------------- */

/* result ← call, in which `module` is the printed name of a module. */
#define NAMED(result, call, ...)                  \
  G_STMT_START                                    \
  {                                               \
    char *module = g_strdup_printf (__VA_ARGS__); \
    result = call;                                \
    g_free (module);                              \
  }                                               \
  G_STMT_END

/* time_embedding, and the frequencies it is fed with. */
static void
add_time_embedding (Builder *builder)
{
  const gint64 channels = builder->config->time_channels;
  const int    n = builder->config->fourier ? 2 * channels : channels;
  Graph       *graph = builder->graph;

  graph->time_channels = channels;
  if (builder->config->fourier)
    graph->frequencies = load (builder, "time_proj", "weight", 1, &channels);
  graph->time_1 = load_linear (builder, "time_embedding.linear_1", 4 * channels, n);
  graph->time_2 = load_linear (builder, "time_embedding.linear_2", 4 * channels, 4 * channels);
}

/* From one level to the next: a residual block that halves, or a convolution. */
static int
add_downsampler (Builder *builder, int level, int h)
{
  const UnetConfig     *config = builder->config;
  const int             channels = config->block_out_channels[level];
  const ConvolutionKind kind =
    config->downsample_padding ? CONVOLUTION_HALVING : CONVOLUTION_HALVING_CORNER;

  if (config->down_resnet[level])
    NAMED (h, add_resnet (builder, module, &h, 1, channels, 1.0, 1),
           "down_blocks.%d.downsamplers.0", level);
  else
    NAMED (h, add_convolution (builder, module, kind, NULL, h, channels, 1),
           "down_blocks.%d.downsamplers.0.conv", level);
  return h;
}

/* And back; blocks are counted from the coarsest level on. */
static int
add_upsampler (Builder *builder, int block, int h)
{
  const int channels = map_channels (builder, h);

  if (builder->config->up_resnet[block])
    NAMED (h, add_resnet (builder, module, &h, 1, channels, 1.0, -1), "up_blocks.%d.upsamplers.0",
           block);
  else
    NAMED (h, add_convolution (builder, module, CONVOLUTION_SAME, NULL, h, channels, -1),
           "up_blocks.%d.upsamplers.0.conv", block);
  return h;
}

static int
add_mid_block (Builder *builder, int h)
{
  const UnetConfig *config = builder->config;
  const int         channels = map_channels (builder, h);
  const double      divisor = config->mid_block_scale_factor;

  h = add_resnet (builder, "mid_block.resnets.0", &h, 1, channels, divisor, 0);
  if (config->mid_attention)
    h = add_attention (builder, "mid_block.attentions.0", h, divisor, config->attn_norm_num_groups);
  return add_resnet (builder, "mid_block.resnets.1", &h, 1, channels, divisor, 0);
}

static void
build (Builder *builder)
{
  const UnetConfig *config = builder->config;
  const int         n_groups = config->norm_num_groups;
  const int         last = config->n_levels - 1;
  Slot              input = { config->picture.in_channels, 0, -1 };
  GArray           *skips = g_array_new (FALSE, FALSE, sizeof (int));
  int               h;

  g_array_append_val (builder->graph->slots, input);
  add_time_embedding (builder);

  h = add_convolution (builder, "conv_in", CONVOLUTION_SAME, NULL, 0, config->block_out_channels[0],
                       0);
  g_array_append_val (skips, h);

  for (int i = 0; i <= last && !builder->error; i++)
    {
      for (int j = 0; j < config->layers_per_block; j++)
        {
          NAMED (h, add_resnet (builder, module, &h, 1, config->block_out_channels[i], 1.0, 0),
                 "down_blocks.%d.resnets.%d", i, j);
          if (config->down_attention[i])
            NAMED (h, add_attention (builder, module, h, 1.0, n_groups),
                   "down_blocks.%d.attentions.%d", i, j);
          g_array_append_val (skips, h);
        }
      if (i < last)
        {
          h = add_downsampler (builder, i, h);
          g_array_append_val (skips, h);
        }
    }

  if (config->mid_block)
    h = add_mid_block (builder, h);

  for (int i = 0; i <= last && !builder->error; i++)
    {
      const int channels = config->block_out_channels[last - i];

      for (int j = 0; j < config->layers_per_block + 1; j++)
        {
          const int sources[] = { h, g_array_index (skips, int, skips->len - 1) };

          g_array_set_size (skips, skips->len - 1);
          NAMED (h, add_resnet (builder, module, sources, 2, channels, 1.0, 0),
                 "up_blocks.%d.resnets.%d", i, j);
          if (config->up_attention[i])
            NAMED (h, add_attention (builder, module, h, 1.0, n_groups),
                   "up_blocks.%d.attentions.%d", i, j);
        }
      if (i < last)
        h = add_upsampler (builder, i, h);
    }

  add_convolution (builder, "conv_out", CONVOLUTION_SAME,
                   load_norm (builder, "conv_norm_out", config->block_out_channels[0], n_groups), h,
                   config->picture.out_channels, 0);
  g_array_free (skips, TRUE);
}

/* --- Weights -------------------------------------------------------------- */

/* Lays out the weights of one tensor, in pieces. */
static void
load_weights (Builder *builder, const Source *source)
{
  Convolution *convolution = source->convolution;
  const int    out_channels = convolution->out_channels;
  const gsize  row = (gsize) convolution_in_channels (convolution) *
                    (convolution->kind == CONVOLUTION_POINT ? 1 : 9);
  float *piece = aligned_new (PACK_OUTPUTS * row, &builder->error);

  if (piece && convolution_prepare (convolution, &builder->error))
    for (int out = 0; out < out_channels && !builder->error; out += PACK_OUTPUTS)
      {
        const int n = MIN (PACK_OUTPUTS, out_channels - out);

        if (safetensors_read (builder->file, source->weights, out * row, n * row, piece,
                              &builder->error))
          convolution_pack (convolution, out, n, piece);
      }
  aligned_free (piece);
}

Graph *
unet_build (const UnetConfig *config,
            Safetensors      *file,
            gboolean          metadata_only,
            const Kernels    *kernels,
            GError          **error)
{
  Graph  *graph = graph_new ();
  Builder builder = {
    .config = config, .file = file, .metadata_only = metadata_only, .graph = graph
  };

  builder.sources = g_array_new (FALSE, FALSE, sizeof (Source));

  build (&builder);
  if (!builder.error)
    graph_choose_methods (graph, kernels);
  for (guint i = 0; i < builder.sources->len && !builder.error && !metadata_only; i++)
    load_weights (&builder, &g_array_index (builder.sources, Source, i));
  g_array_free (builder.sources, TRUE);
  if (builder.error)
    {
      g_propagate_error (error, builder.error);
      graph_free (graph);
      return NULL;
    }

  return graph;
}
