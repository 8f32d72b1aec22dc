/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * graph.c: builds the list of steps from a configuration and a file of weights.
 */
#include "graph.h"

/* Once `error` is set the functions below do nothing and return NULL or 0, so
 * that the network below reads as a list; graph_new looks at the end. */
typedef struct
{
  const UnetConfig *config;
  Safetensors      *file;
  gboolean          outline;
  Graph            *graph;
  GError           *error;
} Builder;

/* --- Parameters ----------------------------------------------------------- */

static float *
load (Builder      *builder,
      const char   *module,
      const char   *parameter,
      int           n_dims,
      const gint64 *shape)
{
  Graph  *graph = builder->graph;
  guint64 n = 1;
  char   *name;
  float  *values = NULL;

  if (builder->error)
    return NULL;

  name = g_strdup_printf ("%s.%s", module, parameter);
  if (!builder->outline)
    values = safetensors_load (builder->file, name, n_dims, shape, &builder->error);
  else
    safetensors_check (builder->file, name, n_dims, shape, &builder->error);
  g_free (name);

  /* The file holds so many: their number is no larger than its length. */
  for (int i = 0; !builder->error && i < n_dims; i++)
    n *= shape[i];
  graph->n_parameters += n;
  graph->largest_tensor = MAX (graph->largest_tensor, n);
  return values;
}

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
  int          in_channels = 0;
  gint64       shape[4] = { out_channels, 0, size, size };
  float       *weights, *bias;
  Convolution *convolution = NULL;

  for (int i = 0; i < n_parts; i++)
    in_channels += parts[i];
  shape[1] = in_channels;

  weights = load (builder, module, "weight", linear ? 2 : 4, shape);
  bias = load (builder, module, "bias", 1, shape);
  if (!builder->error)
    convolution = convolution_new (kind, out_channels, parts, n_parts, weights, bias, &builder->error);
  g_free (weights);
  g_free (bias);

  if (convolution)
    g_ptr_array_add (builder->graph->convolutions, convolution);
  return convolution;
}

static Convolution *
load_linear (Builder    *builder,
             const char *module,
             int         out_channels,
             int         in_channels)
{
  return load_convolution (builder, module, CONVOLUTION_POINT, TRUE, out_channels, &in_channels, 1);
}

static Norm *
load_norm (Builder    *builder,
           const char *module,
           int         channels)
{
  const gint64 shape[] = { channels };
  Norm        *norm;

  if (builder->error)
    return NULL;

  norm = g_new0 (Norm, 1);
  norm->n_groups = builder->config->norm_num_groups;
  norm->channels = channels;
  norm->epsilon = builder->config->norm_eps;
  norm->gamma = load (builder, module, "weight", 1, shape);
  norm->beta = load (builder, module, "bias", 1, shape);
  g_ptr_array_add (builder->graph->norms, norm);
  return norm;
}

/* --- Steps ---------------------------------------------------------------- */

static int
map_channels (Builder *builder,
              int      map)
{
  return graph_slot (builder->graph, map)->channels;
}

static void
note_use (Builder *builder,
          int      map)
{
  if (map >= 0)
    graph_slot (builder->graph, map)->last_step = builder->graph->steps->len;
}

/* Appends `step` under the name of a module; returns the map that it makes. */
static int
add_step (Builder    *builder,
          Step       *step,
          const char *name,
          int         channels,
          int         level)
{
  Graph *graph = builder->graph;
  Slot   slot = { channels, level, -1 };

  for (int i = 0; i < step->n_sources; i++)
    note_use (builder, step->sources[i]);
  for (int i = 0; i < step->n_shortcut_sources; i++)
    note_use (builder, step->shortcut_sources[i]);
  note_use (builder, step->residual);

  step->name = g_strdup (name);
  step->result = graph->slots->len;
  g_array_append_val (graph->slots, slot);
  g_array_append_val (graph->steps, *step);
  return step->result;
}

/* A convolution of one map, with nothing around it but perhaps a norm. */
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
  Step      step = { .sources = { source }, .n_sources = 1, .time = -1, .residual = -1, .factor = 1.0f };

  step.kind = kind == CONVOLUTION_WINOGRAD ? STEP_CONVOLUTION : STEP_HALVING;
  step.norm = norm;
  step.upsample = level_change < 0;
  step.convolution = load_convolution (builder, module, kind, FALSE, out_channels, &in_channels, 1);
  return add_step (builder, &step, module, out_channels, level);
}

/* Adds to the channels of a residual block's first convolution. */
static int
add_time (Builder           *builder,
          const char        *module,
          const Convolution *convolution,
          int                channels)
{
  Graph         *graph = builder->graph;
  TimeProjection time = { 0 };

  time.projection = load_linear (builder, module, channels, 4 * graph->time_channels);
  if (builder->error)
    return -1;

  time.bias = time.projection->bias;
  for (int c = 0; !builder->outline && c < channels; c++)
    time.bias[c] += convolution->bias[c];
  time.at = graph->times_size;
  graph->times_size += time.projection->n_out;
  g_array_append_val (graph->times, time);
  return graph->times->len - 1;
}

/* ResnetBlock2D of one map, or of two seen as one:
 *   h = conv1 (SiLU (norm1 (x))) + time_emb_proj (SiLU (embedding))
 *   (x or conv_shortcut (x) + conv2 (SiLU (norm2 (h)))) / divisor */
static int
add_resnet (Builder    *builder,
            const char *module,
            const int  *sources,
            int         n_sources,
            int         out_channels,
            double      divisor)
{
  const int level = graph_slot (builder->graph, sources[0])->level;
  Step      first = { .kind = STEP_CONVOLUTION, .residual = -1, .factor = 1.0f };
  Step      second = { .kind = STEP_CONVOLUTION, .n_sources = 1, .time = -1, .residual = -1 };
  int       parts[2], in_channels = 0;
  char     *norm1 = g_strconcat (module, ".norm1", NULL);
  char     *norm2 = g_strconcat (module, ".norm2", NULL);
  char     *conv1 = g_strconcat (module, ".conv1", NULL);
  char     *conv2 = g_strconcat (module, ".conv2", NULL);
  char     *time = g_strconcat (module, ".time_emb_proj", NULL);
  char     *shortcut = g_strconcat (module, ".conv_shortcut", NULL);

  for (int i = 0; i < n_sources; i++)
    {
      first.sources[i] = second.shortcut_sources[i] = sources[i];
      parts[i] = map_channels (builder, sources[i]);
      in_channels += parts[i];
    }

  first.n_sources = n_sources;
  first.norm = load_norm (builder, norm1, in_channels);
  first.convolution = load_convolution (builder, conv1, CONVOLUTION_WINOGRAD, FALSE,
                                        out_channels, parts, n_sources);
  first.time = add_time (builder, time, first.convolution, out_channels);
  second.sources[0] = add_step (builder, &first, conv1, out_channels, level);

  second.norm = load_norm (builder, norm2, out_channels);
  second.factor = 1.0 / divisor;
  if (in_channels == out_channels && n_sources == 1)
    second.residual = sources[0];
  else
    {
      second.n_shortcut_sources = n_sources;
      second.shortcut = load_convolution (builder, shortcut, CONVOLUTION_POINT, FALSE,
                                          out_channels, parts, n_sources);
    }
  second.convolution = load_convolution (builder, conv2, CONVOLUTION_WINOGRAD, FALSE,
                                         out_channels, &out_channels, 1);
  /* The shortcut's bias is added with the convolution's. */
  if (!builder->error && !builder->outline && second.shortcut)
    for (int c = 0; c < out_channels; c++)
      second.convolution->bias[c] += second.shortcut->bias[c];

  g_free (norm1);
  g_free (norm2);
  g_free (conv1);
  g_free (conv2);
  g_free (time);
  g_free (shortcut);
  return add_step (builder, &second, module, out_channels, level);
}

/* Attention over a map. Checkpoints of before diffusers 0.18 have other names. */
static int
add_attention (Builder    *builder,
               const char *module,
               int         source,
               double      divisor)
{
  static const char *const names[][2] = {
    { "to_q", "query" }, { "to_k", "key" }, { "to_v", "value" }, { "to_out.0", "proj_attn" }
  };
  const int  channels = map_channels (builder, source);
  const int  depth = builder->config->attention_head_dim ? builder->config->attention_head_dim : channels;
  Attention *attention = g_new0 (Attention, 1);
  Step       step = { .kind = STEP_ATTENTION, .sources = { source }, .n_sources = 1,
                      .time = -1, .residual = -1, .factor = 1.0 / divisor };
  Convolution **layers[] = { &attention->query, &attention->key, &attention->value, &attention->out };
  char         *norm = g_strconcat (module, ".group_norm", NULL);

  g_ptr_array_add (builder->graph->attentions, attention);
  attention->n_heads = channels / depth;
  step.norm = load_norm (builder, norm, channels);
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
  step.attention = attention;
  return add_step (builder, &step, module, channels, graph_slot (builder->graph, source)->level);
}

/* --- The network ---------------------------------------------------------- */

/* result ← call, in which `module` is the printed name of a module. */
#define NAMED(result, call, ...)                       \
  G_STMT_START                                         \
  {                                                    \
    char *module = g_strdup_printf (__VA_ARGS__);      \
    result = call;                                     \
    g_free (module);                                   \
  }                                                    \
  G_STMT_END

static void
build (Builder *builder)
{
  const UnetConfig *config = builder->config;
  const int         n_levels = config->n_levels;
  const int         last = n_levels - 1;
  Slot              input = { config->in_channels, 0, -1 };
  GArray           *skips = g_array_new (FALSE, FALSE, sizeof (int));
  Norm             *norm;
  int               h;

  g_array_append_val (builder->graph->slots, input);

  builder->graph->time_channels = config->block_out_channels[0];
  builder->graph->time_1 = load_linear (builder, "time_embedding.linear_1",
                                        4 * config->block_out_channels[0],
                                        config->block_out_channels[0]);
  builder->graph->time_2 = load_linear (builder, "time_embedding.linear_2",
                                        4 * config->block_out_channels[0],
                                        4 * config->block_out_channels[0]);

  h = add_convolution (builder, "conv_in", CONVOLUTION_WINOGRAD, NULL, 0,
                       config->block_out_channels[0], 0);
  g_array_append_val (skips, h);

  for (int i = 0; i < n_levels && !builder->error; i++)
    {
      for (int j = 0; j < config->layers_per_block; j++)
        {
          NAMED (h, add_resnet (builder, module, &h, 1, config->block_out_channels[i], 1.0),
                 "down_blocks.%d.resnets.%d", i, j);
          if (config->down_attention[i])
            NAMED (h, add_attention (builder, module, h, 1.0), "down_blocks.%d.attentions.%d", i, j);
          g_array_append_val (skips, h);
        }
      if (i < last)
        {
          NAMED (h, add_convolution (builder, module,
                                     config->downsample_padding ? CONVOLUTION_HALVING
                                                                : CONVOLUTION_HALVING_CORNER,
                                     NULL, h, config->block_out_channels[i], 1),
                 "down_blocks.%d.downsamplers.0.conv", i);
          g_array_append_val (skips, h);
        }
    }

  h = add_resnet (builder, "mid_block.resnets.0", &h, 1, config->block_out_channels[last],
                  config->mid_block_scale_factor);
  if (config->mid_attention)
    h = add_attention (builder, "mid_block.attentions.0", h, config->mid_block_scale_factor);
  h = add_resnet (builder, "mid_block.resnets.1", &h, 1, config->block_out_channels[last],
                  config->mid_block_scale_factor);

  for (int i = 0; i < n_levels && !builder->error; i++)
    {
      const int channels = config->block_out_channels[last - i];

      for (int j = 0; j < config->layers_per_block + 1; j++)
        {
          const int sources[] = { h, g_array_index (skips, int, skips->len - 1) };

          g_array_set_size (skips, skips->len - 1);
          NAMED (h, add_resnet (builder, module, sources, 2, channels, 1.0),
                 "up_blocks.%d.resnets.%d", i, j);
          if (config->up_attention[i])
            NAMED (h, add_attention (builder, module, h, 1.0), "up_blocks.%d.attentions.%d", i, j);
        }
      if (i < last)
        NAMED (h, add_convolution (builder, module, CONVOLUTION_WINOGRAD, NULL, h, channels, -1),
               "up_blocks.%d.upsamplers.0.conv", i);
    }

  norm = load_norm (builder, "conv_norm_out", config->block_out_channels[0]);
  add_convolution (builder, "conv_out", CONVOLUTION_WINOGRAD, norm, h, config->out_channels, 0);
  g_array_free (skips, TRUE);
}

static void
clear_step (gpointer step)
{
  g_free (((Step *) step)->name);
}

Graph *
graph_new (const UnetConfig *config,
           Safetensors      *file,
           gboolean          outline,
           GError          **error)
{
  Graph  *graph = g_new0 (Graph, 1);
  Builder builder = { config, file, outline, graph, NULL };

  graph->times = g_array_new (FALSE, FALSE, sizeof (TimeProjection));
  graph->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  graph->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  g_array_set_clear_func (graph->steps, clear_step);
  graph->convolutions = g_ptr_array_new_with_free_func ((GDestroyNotify) convolution_free);
  graph->norms = g_ptr_array_new_with_free_func ((GDestroyNotify) norm_free);
  graph->attentions = g_ptr_array_new_with_free_func (g_free);

  build (&builder);
  if (builder.error)
    {
      g_propagate_error (error, builder.error);
      graph_free (graph);
      return NULL;
    }

  return graph;
}

void
graph_free (Graph *graph)
{
  if (!graph)
    return;
  g_array_free (graph->times, TRUE);
  g_array_free (graph->slots, TRUE);
  g_array_free (graph->steps, TRUE);
  g_ptr_array_unref (graph->convolutions);
  g_ptr_array_unref (graph->norms);
  g_ptr_array_unref (graph->attentions);
  g_free (graph);
}
