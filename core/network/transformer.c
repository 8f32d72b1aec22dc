/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transformer.c: runs a Transformer.
 *
 * One map of tokens goes through all blocks; what they add to it is made by some
 * tokens at a time, in a worker's scratch memory, so that neither the MLP's hidden
 * layer nor the scores of the attention ever exist as a whole.
 */
#include "network/transformer.h"

#include <math.h>
#include <string.h>

#include "kernels/dispatch.h"
#include "layers/time-embedding.h"
#include "network/transformer-weights.h"

/* Larger sides than this are refused: token counts stay within an int, and with
 * the limits of transformer_config_read no size leaves 64 bits. */
#define SIDE_MAX 32768

#define TOKENS 64 /* of a block of work */

/* Of all norms but the MLP's, whatever the configuration says. */
#define NORM_EPSILON 1e-6f

/* The vectors that a norm and what follows it are modulated by. */
enum
{
  SHIFT,
  SCALE,
  GATE,
};

struct Transformer
{
  TransformerConfig   config;
  TransformerWeights *weights;
  const Kernels      *kernels;
  TransformerTrace    trace;
  gpointer            trace_data;
  int                 stride; /* of the tokens' channels in memory */

  /* Of the present size. */
  int       width, height, n_workers;
  float    *arena;
  Workspace workspace;
  Map       input, output; /* in one place: one is read before the other is written */
  Map       tokens;
  float    *columns, *rows; /* position embedding: width and height times channels / 2 */
  float    *sinusoids;      /* of the timestep */
  float    *modulations;    /* six vectors of each block, two of the last norm */
  int       op;             /* the next to be begun */
  Phases    phases;         /* left of the one before */
};

/* --- Arena ---------------------------------------------------------------- */

/* Where everything lies in the arena, in floats. */
typedef struct
{
  WorkspaceSize size;
  gsize         patches, tokens, columns, rows, sinusoids, modulations, scratch, shared;
  gsize         total;
} ArenaPlan;

static gsize
take (ArenaPlan *plan, gsize n)
{
  const gsize at = plan->total;

  plan->total += (n + KERNEL_CHUNK - 1) / KERNEL_CHUNK * KERNEL_CHUNK;
  return at;
}

static void
arena_plan_init (ArenaPlan         *plan,
                 const Transformer *transformer,
                 int                width,
                 int                height,
                 int                n_workers)
{
  const TransformerWeights *weights = transformer->weights;
  const gsize               n_tokens = (gsize) width * height;
  const gsize               half = transformer->config.channels / 2;
  const gsize               stride = transformer->stride;
  const gsize               time = 2 * stride;
  const gsize               mlp = TOKENS * (stride + weights->blocks[0].up->n_out);

  memset (plan, 0, sizeof *plan);
  attention_size (&weights->blocks[0].attention, width, height, &plan->size);
  plan->size.scratch = MAX (plan->size.scratch, MAX (time, mlp));

  plan->patches = take (plan, n_tokens * MAX (weights->patches->n_in, weights->out->n_out));
  plan->tokens = take (plan, n_tokens * stride);
  plan->columns = take (plan, width * half);
  plan->rows = take (plan, height * half);
  plan->sinusoids = take (plan, TRANSFORMER_TIME_CHANNELS);
  plan->modulations = take (plan, (6 * weights->n_blocks + 2) * stride);
  plan->scratch = take (plan, plan->size.scratch * n_workers);
  plan->shared = take (plan, plan->size.shared);
}

/* As in unet.c: what a token takes, and a good deal for the work on it. */
static gboolean
is_countable (const Transformer *transformer, int width, int height)
{
  const TransformerWeights *weights = transformer->weights;
  const double              token =
    (double) MAX (weights->patches->n_in, weights->out->n_out) + transformer->stride;

  return width <= SIDE_MAX && height <= SIDE_MAX &&
         token * width * height <= (double) (G_MAXSIZE / 16);
}

/* --- Position ------------------------------------------------------------- */

/* get_2d_sincos_pos_embed of diffusers, one axis: position i of n is
 * i / (n / base), base being the tokens on a side of sample_size, so that a grid of any
 * size spans what the trained one does. Sines, then cosines of the position times
 * 10000^(−k / quarter). `out`: n × 2 · quarter. */
static void
embed_positions (int n, int base, int quarter, float *out)
{
  for (int i = 0; i < n; i++)
    {
      const float position = (float) i / (float) ((double) n / base);

      for (int k = 0; k < quarter; k++)
        {
          const double phase = position / pow (10000.0, (double) k / quarter);

          out[(gsize) i * 2 * quarter + k] = sin (phase);
          out[(gsize) i * 2 * quarter + quarter + k] = cos (phase);
        }
    }
}

/* --- Life ----------------------------------------------------------------- */

static Transformer *
new_transformer (const TransformerConfig *config,
                 Safetensors             *file,
                 gboolean                 metadata_only,
                 const Kernels           *kernels,
                 GError                 **error)
{
  TransformerWeights *weights = transformer_weights_new (config, file, metadata_only, error);
  Transformer        *transformer;

  if (!weights)
    return NULL;

  transformer = g_new0 (Transformer, 1);
  transformer->config = *config;
  transformer->weights = weights;
  transformer->kernels = kernels ? kernels : kernels_get ();
  transformer->stride = KERNEL_PAD (config->channels);
  return transformer;
}

Transformer *
transformer_new (const TransformerConfig *config,
                 Safetensors             *file,
                 const Kernels           *kernels,
                 GError                 **error)
{
  return new_transformer (config, file, FALSE, kernels, error);
}

Transformer *
transformer_new_metadata (const TransformerConfig *config, Safetensors *file, GError **error)
{
  return new_transformer (config, file, TRUE, NULL, error);
}

void
transformer_free (Transformer *transformer)
{
  if (!transformer)
    return;
  aligned_free (transformer->arena);
  transformer_weights_free (transformer->weights);
  g_free (transformer);
}

void
transformer_set_trace (Transformer *transformer, TransformerTrace trace, gpointer data)
{
  transformer->trace = trace;
  transformer->trace_data = data;
}

/* --- Cost ----------------------------------------------------------------- */

gsize
transformer_memory (const Transformer *transformer, int width, int height, int n_workers)
{
  ArenaPlan plan;
  gsize     bytes;

  if (!is_countable (transformer, width, height))
    return 0;

  arena_plan_init (&plan, transformer, width, height, n_workers);
  return g_size_checked_mul (&bytes, plan.total, sizeof (float)) ? bytes : 0;
}

void
transformer_get_info (const Transformer *transformer, DiffusionModelInfo *info)
{
  const TransformerWeights *weights = transformer->weights;

  info->n_parameters = weights->n_parameters;
  info->bytes = 0;
  for (guint i = 0; i < weights->convolutions->len; i++)
    {
      const Convolution *layer = g_ptr_array_index (weights->convolutions, i);

      info->bytes += sizeof (float) * ((guint64) layer->size + layer->n_out);
    }
  if (transformer->config.norm_affine)
    info->bytes += 2 * sizeof (float) * transformer->config.channels * weights->n_blocks;
  info->bytes_loading = info->bytes + sizeof (float) * (guint64) weights->largest_tensor;
}

/* For each token the layers, and in each block's attention its products with all the
 * tokens, twice; once the modulations. */
double
transformer_macs (const Transformer *transformer, int width, int height)
{
  const TransformerWeights *weights = transformer->weights;
  const double              n_tokens = (double) width * height;
  double                    once = weights->modulation->size;
  double                    each = weights->patches->size + weights->out->size;

  for (int i = 0; i < weights->n_blocks; i++)
    {
      const TransformerBlock *block = &weights->blocks[i];

      once += block->time_1->size + block->time_2->size + block->modulation->size;
      each += 4.0 * block->attention.out->size + block->up->size + block->down->size;
      each += 2.0 * n_tokens * transformer->config.channels;
    }
  return once + each * n_tokens;
}

/* --- Size ----------------------------------------------------------------- */

static void
map_init (Map *map, int width, int height, int channels, float *data)
{
  *map = (Map) { .width = width,
                 .height = height,
                 .channels = channels,
                 .stride = KERNEL_PAD (channels),
                 .data = data };
}

float *
transformer_begin (Transformer      *transformer,
                   DiffusionWorkers *workers,
                   int               width,
                   int               height,
                   GError          **error)
{
  const TransformerWeights *weights = transformer->weights;
  const TransformerConfig  *config = &transformer->config;
  const int                 n_workers = workers_get_n (workers);
  const int                 base = config->picture.sample_size / config->patch_size;
  float                    *arena;
  ArenaPlan                 plan;

  g_return_val_if_fail (width > 0 && height > 0, NULL);

  if (transformer->arena && transformer->width == width && transformer->height == height &&
      transformer->n_workers == n_workers)
    return transformer->input.data;

  g_clear_pointer (&transformer->arena, aligned_free);
  arena_plan_init (&plan, transformer, MIN (width, SIDE_MAX), MIN (height, SIDE_MAX), n_workers);
  if (!is_countable (transformer, width, height))
    plan.total = G_MAXSIZE;
  transformer->arena = arena = aligned_new (plan.total, error);
  if (!arena)
    return NULL;

  transformer->width = width;
  transformer->height = height;
  transformer->n_workers = n_workers;
  map_init (&transformer->input, width, height, weights->patches->n_in, arena + plan.patches);
  map_init (&transformer->output, width, height, weights->out->out_channels, arena + plan.patches);
  map_init (&transformer->tokens, width, height, config->channels, arena + plan.tokens);
  transformer->columns = arena + plan.columns;
  transformer->rows = arena + plan.rows;
  transformer->sinusoids = arena + plan.sinusoids;
  transformer->modulations = arena + plan.modulations;
  transformer->workspace = (Workspace) {
    .kernels = transformer->kernels,
    .size = plan.size,
    .scratch = arena + plan.scratch,
    .shared = arena + plan.shared,
  };

  embed_positions (width, base, config->channels / 4, transformer->columns);
  embed_positions (height, base, config->channels / 4, transformer->rows);
  return transformer->input.data;
}

/* --- Timestep ------------------------------------------------------------- */

/* The first vector of a block's modulation; n_layers: of the last norm's. */
static float *
get_modulation (const Transformer *transformer, int block)
{
  return transformer->modulations + (gsize) 6 * block * transformer->stride;
}

/* LayerNorm (x) · (1 + scale) + shift, weights of its own included, as one factor and
 * one summand for each channel, in place. */
static void
fold_norm (const Transformer *transformer, const float *gamma, const float *beta, float *vectors)
{
  float *shift = vectors + SHIFT * transformer->stride;
  float *scale = vectors + SCALE * transformer->stride;

  for (int c = 0; c < transformer->config.channels; c++)
    {
      scale[c] += 1.0f;
      if (gamma)
        {
          shift[c] += beta[c] * scale[c];
          scale[c] *= gamma[c];
        }
    }
}

/* out = layer (in) for one vector. */
static void
apply_linear (const Transformer *transformer, const Convolution *layer, const float *in, float *out)
{
  const Map    map = { .stride = layer->n_in, .data = (float *) in };
  const Map   *maps[] = { &map };
  const Finish finish = { .bias = layer->bias, .scale = 1.0f };

  point_product (layer, transformer->kernels, maps, 1, 0, 1, 0, layer->n_out / KERNEL_CHUNK, out,
                 layer->n_out);
  transformer->kernels->finish (out, layer->n_out, 1, layer->n_out, NULL, &finish);
}

/* A run of one op; the first two know no block. */
typedef struct
{
  const Transformer      *transformer;
  const TransformerBlock *block;
  const float            *modulation;
} Run;

/* What a block makes of the sinusoids: embedding, SiLU, one linear layer. The last
 * norm's comes from the first block's embedding. */
static void
modulate (gpointer data, int number, int worker)
{
  const Transformer        *transformer = ((const Run *) data)->transformer;
  const TransformerWeights *weights = transformer->weights;
  const Workspace          *workspace = &transformer->workspace;
  const gboolean            last = number == weights->n_blocks;
  const TransformerBlock   *block = &weights->blocks[last ? 0 : number];
  const int                 stride = transformer->stride;
  float                    *hidden = workspace_scratch (workspace, worker);
  float                    *embedding = hidden + stride;
  float                    *vectors = get_modulation (transformer, number);

  apply_linear (transformer, block->time_1, transformer->sinusoids, hidden);
  transformer->kernels->silu (hidden, stride);
  apply_linear (transformer, block->time_2, hidden, embedding);
  transformer->kernels->silu (embedding, stride);
  apply_linear (transformer, last ? weights->modulation : block->modulation, embedding, vectors);

  fold_norm (transformer, NULL, NULL, vectors);
  if (!last)
    fold_norm (transformer, block->gamma, block->beta, vectors + 3 * stride);
}

/* --- Tokens --------------------------------------------------------------- */

static int
block_tokens (const Transformer *transformer, int block)
{
  return MIN (TOKENS, transformer->width * transformer->height - block * TOKENS);
}

/* The patches become tokens: their pixels times a matrix, plus where they are. The
 * first half of the channels tells the column, the second the row. */
static void
embed_block (gpointer data, int block, int worker)
{
  const Transformer *transformer = ((const Run *) data)->transformer;
  const Convolution *layer = transformer->weights->patches;
  const Map         *input = &transformer->input;
  const Finish       finish = { .bias = layer->bias, .scale = 1.0f };
  const int          stride = transformer->stride, half = transformer->config.channels / 2;
  const int          first = block * TOKENS, n = block_tokens (transformer, block);
  float             *tokens = transformer->tokens.data + (gsize) first * stride;

  point_product (layer, transformer->kernels, &input, 1, first, n, 0, stride / KERNEL_CHUNK, tokens,
                 stride);
  transformer->kernels->finish (tokens, stride, n, stride, NULL, &finish);
  for (int i = 0; i < n; i++)
    {
      const float *column =
        transformer->columns + (gsize) ((first + i) % transformer->width) * half;
      const float *row = transformer->rows + (gsize) ((first + i) / transformer->width) * half;
      float       *token = tokens + (gsize) i * stride;

      for (int c = 0; c < half; c++)
        {
          token[c] += column[c];
          token[half + c] += row[c];
        }
    }
}

/* tokens += gate · MLP (norm (tokens)). */
static void
mlp_block (gpointer data, int block, int worker)
{
  static const float ones[KERNEL_CHUNK]
    __attribute__ ((aligned (KERNEL_ALIGN))) = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

  const Run         *run = data;
  const Transformer *transformer = run->transformer;
  const Kernels     *kernels = transformer->kernels;
  const Convolution *up = run->block->up, *down = run->block->down;
  const int          stride = transformer->stride;
  const int          n = block_tokens (transformer, block);
  const float       *vectors = run->modulation + 3 * stride;
  float             *tokens = transformer->tokens.data + (gsize) block * TOKENS * stride;
  float             *small =
    workspace_scratch (&transformer->workspace, worker); /* normalised, then the result */
  float    *large = small + (gsize) TOKENS * stride;
  const Map small_map = { .stride = stride, .data = small }, *small_maps[] = { &small_map };
  const Map large_map = { .stride = up->n_out, .data = large }, *large_maps[] = { &large_map };

  kernels->layer_norm (small, stride, tokens, stride, n, transformer->config.channels,
                       transformer->config.norm_eps, vectors + SCALE * stride,
                       vectors + SHIFT * stride);
  point_product (up, kernels, small_maps, 1, 0, n, 0, up->n_out / KERNEL_CHUNK, large, up->n_out);
  for (int c = 0; c < up->n_out; c += KERNEL_CHUNK)
    kernels->activate (large + c, up->n_out, large + c, up->n_out, n, ones, up->bias + c,
                       ACTIVATION_GELU_TANH);
  point_product (down, kernels, large_maps, 1, 0, n, 0, stride / KERNEL_CHUNK, small, stride);
  kernels->add_gated (tokens, small, stride, n, stride, down->bias, vectors + GATE * stride);
}

/* The tokens become patches. */
static void
out_block (gpointer data, int block, int worker)
{
  const Run         *run = data;
  const Transformer *transformer = run->transformer;
  const Kernels     *kernels = transformer->kernels;
  const Convolution *layer = transformer->weights->out;
  const Finish       finish = { .bias = layer->bias, .scale = 1.0f };
  const int          stride = transformer->stride;
  const int          n = block_tokens (transformer, block);
  const gsize        first = (gsize) block * TOKENS;
  float             *normalised = workspace_scratch (&transformer->workspace, worker);
  float             *out = transformer->output.data + first * layer->n_out;
  const Map          map = { .stride = stride, .data = normalised }, *maps[] = { &map };

  kernels->layer_norm (normalised, stride, transformer->tokens.data + first * stride, stride, n,
                       transformer->config.channels, NORM_EPSILON, run->modulation + SCALE * stride,
                       run->modulation + SHIFT * stride);
  point_product (layer, kernels, maps, 1, 0, n, 0, layer->n_out / KERNEL_CHUNK, out, layer->n_out);
  kernels->finish (out, layer->n_out, n, layer->n_out, NULL, &finish);
}

/* --- Run ------------------------------------------------------------------ */

/* The ops: these two, then attention and MLP of each block, then the output. */
enum
{
  OP_MODULATE,
  OP_EMBED,
  OP_BLOCKS,
};

static void
begin_attention (Transformer *transformer, int block)
{
  const int          stride = transformer->stride;
  const float       *modulation = get_modulation (transformer, block);
  const AttentionJob job = {
    .attention = &transformer->weights->blocks[block].attention,
    .source = &transformer->tokens,
    .scale = modulation + SCALE * stride,
    .shift = modulation + SHIFT * stride,
    .gate = modulation + GATE * stride,
    .epsilon = NORM_EPSILON,
    .result = &transformer->tokens,
  };

  attention_begin (&job, &transformer->workspace, &transformer->phases);
}

/* Any other op. */
static void
begin_run (Transformer *transformer,
           int          block,
           int          n_blocks, /* of work */
           WorkersFunc  work)
{
  const TransformerWeights *weights = transformer->weights;
  Run                      *run = g_new (Run, 1);

  *run = (Run) { .transformer = transformer, .modulation = get_modulation (transformer, block) };
  if (block < weights->n_blocks)
    run->block = &weights->blocks[block];
  phases_init (&transformer->phases, run, NULL);
  phases_add (&transformer->phases, n_blocks, work);
}

/* FALSE when there is no such op. */
static gboolean
begin_op (Transformer *transformer, int op)
{
  const int n_blocks = transformer->weights->n_blocks;
  const int n_tokens = divide_up (transformer->width * transformer->height, TOKENS);
  const int block = (op - OP_BLOCKS) / 2;

  if (op == OP_MODULATE)
    begin_run (transformer, 0, n_blocks + 1, modulate);
  else if (op == OP_EMBED)
    begin_run (transformer, 0, n_tokens, embed_block);
  else if (op < OP_BLOCKS + 2 * n_blocks)
    {
      if ((op - OP_BLOCKS) % 2 == 0)
        begin_attention (transformer, block);
      else
        begin_run (transformer, block, n_tokens, mlp_block);
    }
  else if (op == OP_BLOCKS + 2 * n_blocks)
    begin_run (transformer, n_blocks, n_tokens, out_block);
  else
    return FALSE;
  return TRUE;
}

static void
trace_op (const Transformer *transformer, int op)
{
  const int      number = op - OP_BLOCKS;
  const gboolean last = number == 2 * transformer->weights->n_blocks;
  char          *name;

  if (!transformer->trace || op < OP_EMBED)
    return;

  if (op == OP_EMBED)
    name = g_strdup ("pos_embed");
  else if (last)
    name = g_strdup ("proj_out_2");
  else
    name = g_strdup_printf ("transformer_blocks.%d%s", number / 2, number % 2 == 0 ? ".attn1" : "");
  transformer->trace (transformer->trace_data, name,
                      last ? &transformer->output : &transformer->tokens);
  g_free (name);
}

/* A WorkersNext: the next phase of the present op, or the first of the next. */
static gboolean
next_phase (gpointer data, WorkersPhase *phase)
{
  Transformer *transformer = data;

  while (!phases_next (&transformer->phases, phase))
    {
      trace_op (transformer, transformer->op - 1);
      if (!begin_op (transformer, transformer->op))
        return FALSE;
      transformer->op++;
    }
  return TRUE;
}

const float *
transformer_run (Transformer      *transformer,
                 DiffusionWorkers *workers,
                 double            t,
                 GCancellable     *cancel,
                 GError          **error)
{
  g_return_val_if_fail (transformer->arena && workers_get_n (workers) == transformer->n_workers,
                        NULL);

  /* CombinedTimestepLabelEmbeddings: cosines first, the last frequency 1 / 10000. */
  time_embedding_sinusoids (transformer->sinusoids, TRANSFORMER_TIME_CHANNELS, TRUE, 1.0, t);
  transformer->op = 0;
  if (!workers_run_phases (workers, next_phase, transformer, cancel))
    {
      phases_clear (&transformer->phases);
      g_cancellable_set_error_if_cancelled (cancel, error);
      return NULL;
    }
  return transformer->output.data;
}
