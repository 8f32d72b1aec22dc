/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unet.c: plans and runs a network.
 *
 * All memory of an evaluation is one arena, laid out before the first op from
 * the graph and the size of the input: every map gets a place that is free from
 * the op that makes it to the last that reads it; behind the maps lie what
 * the layers borrow and the small vectors.
 */
#include "network/unet.h"

#include <string.h>

#include "kernels/dispatch.h"
#include "network/unet-build.h"
#include "network/layer-cost.h"
#include "layers/convolve.h"
#include "layers/resample.h"
#include "layers/time-embedding.h"

/* Larger sides than this are refused: pixel counts stay within an int. */
#define SIDE_MAX 32768

struct Unet
{
  UnetConfig     config;
  Graph         *graph;
  const Kernels *kernels;
  UnetTrace      trace;
  gpointer       trace_data;

  /* Of the present size. */
  int       width, height, n_workers;
  float    *arena;
  gsize     capacity; /* floats of it */
  double   *moments;
  Map      *maps; /* of each slot */
  Workspace workspace;
  guint     op;            /* the next to be begun */
  Phases    phases;        /* left of the one before */
  float    *scale, *shift; /* of the norm of the present op */
  float    *times;         /* results of all time projections */
  float    *embedding;     /* three vectors of time channels */
  float     out_factor;    /* of the last op */
};

/* --- Arena ---------------------------------------------------------------- */

/* Where everything lies in the arena, in floats. */
typedef struct
{
  gsize        *maps; /* by slot */
  WorkspaceSize size;
  gsize         scratch, shared, stats, scale, shift, times, embedding;
  gsize         total;
} ArenaPlan;

static void
get_size (const Slot *slot, int width, int height, Map *map)
{
  map->width = width >> slot->level;
  map->height = height >> slot->level;
  map->channels = slot->channels;
  map->stride = KERNEL_PAD (slot->channels);
}

static gsize
slot_floats (const Slot *slot, int width, int height)
{
  Map map;

  get_size (slot, width, height, &map);
  return (gsize) map.width * map.height * map.stride;
}

/* The maps of all slots, and a good deal for the work between them, can be counted where
 * pointers have 32 bits. With 64 bits only the sides count. */
static gboolean
is_countable (const Graph *graph, int width, int height)
{
  double floats = 0.0;
  Map    map;

  if (width > SIDE_MAX || height > SIDE_MAX)
    return FALSE;
  for (guint i = 0; i < graph->slots->len; i++)
    {
      get_size (graph_slot (graph, i), width, height, &map);
      floats += (double) map.width * map.height * map.stride;
    }
  return floats <= (double) (G_MAXSIZE / 16);
}

/* The lowest place for slot `number` that no map needed at the same time has.
 * Slot i is made by op i − 1; maps before `number` have their places. */
static gsize
find_place (const Graph *graph, const ArenaPlan *plan, guint number, int width, int height)
{
  const gsize n = slot_floats (graph_slot (graph, number), width, height);
  gsize       place = 0;
  gboolean    moved;

  do
    {
      moved = FALSE;
      for (guint i = 0; i < number; i++)
        {
          const Slot *other = graph_slot (graph, i);
          const gsize end = plan->maps[i] + slot_floats (other, width, height);

          if (other->last_op >= (int) number - 1 && place < end && plan->maps[i] < place + n)
            {
              place = end;
              moved = TRUE;
            }
        }
    }
  while (moved);

  return place;
}

static gsize
take (ArenaPlan *plan, gsize n)
{
  const gsize at = plan->total;

  plan->total += n;
  return at;
}

static void
op_size (const Graph *graph, const Op *op, int width, int height, WorkspaceSize *size)
{
  Map result;

  get_size (graph_slot (graph, op->result), width, height, &result);
  switch (op->kind)
    {
    case OP_CONVOLUTION:
      convolution_size (op->convolution, op->shortcut, result.width, result.height, size);
      break;
    case OP_ATTENTION:
      attention_size (op->attention, result.width, result.height, size);
      break;
    case OP_RESAMPLE:
      resample_size (result.width, size);
      break;
    }
}

static void
arena_plan_init (ArenaPlan *plan, const Graph *graph, int width, int height, int n_workers)
{
  gsize widest = 0;

  memset (plan, 0, sizeof *plan);
  plan->maps = g_new (gsize, graph->slots->len);
  for (guint i = 0; i < graph->slots->len; i++)
    {
      plan->maps[i] = find_place (graph, plan, i, width, height);
      plan->total =
        MAX (plan->total, plan->maps[i] + slot_floats (graph_slot (graph, i), width, height));
    }

  for (guint i = 0; i < graph->ops->len; i++)
    {
      const Op     *op = graph_op (graph, i);
      WorkspaceSize size;
      gsize         width_in = 0;

      op_size (graph, op, width, height, &size);
      workspace_size_join (&plan->size, &size);
      for (int j = 0; j < op->n_sources; j++)
        width_in += KERNEL_PAD (graph_slot (graph, op->sources[j])->channels);
      widest = MAX (widest, width_in);
    }

  plan->scratch = take (plan, plan->size.scratch * n_workers);
  plan->shared = take (plan, plan->size.shared);
  plan->stats = take (plan, plan->size.stats);
  plan->scale = take (plan, widest);
  plan->shift = take (plan, widest);
  plan->times = take (plan, graph->times_size);
  plan->embedding = take (plan, 3 * (gsize) graph->time_1->n_out);
}

static void
arena_plan_clear (ArenaPlan *plan)
{
  g_free (plan->maps);
}

/* --- Life ----------------------------------------------------------------- */

static Unet *
new_unet (const UnetConfig *config,
          Safetensors      *file,
          gboolean          metadata_only,
          const Kernels    *kernels,
          GError          **error)
{
  Graph *graph;
  Unet  *unet;

  /* What rounding to single bfloat16 costs is known of networks that this tree's recipe trains;
   * those of others do what PyTorch does, to the rounded byte. */
  if (!kernels)
    kernels =
      config->picture.conditioning != CONDITIONING_NONE ? kernels_get () : kernels_get_exact ();
  graph = unet_build (config, file, metadata_only, kernels, error);
  if (!graph)
    return NULL;

  unet = g_new0 (Unet, 1);
  unet->config = *config;
  unet->graph = graph;
  unet->kernels = kernels;
  unet->maps = g_new0 (Map, graph->slots->len);
  return unet;
}

Unet *
unet_new (const UnetConfig *config, Safetensors *file, const Kernels *kernels, GError **error)
{
  return new_unet (config, file, FALSE, kernels, error);
}

Unet *
unet_new_metadata (const UnetConfig *config, Safetensors *file, GError **error)
{
  return new_unet (config, file, TRUE, NULL, error);
}

static void
drop_arena (Unet *unet)
{
  g_clear_pointer (&unet->arena, aligned_free);
  g_clear_pointer (&unet->moments, g_free);
}

void
unet_free (Unet *unet)
{
  if (!unet)
    return;
  drop_arena (unet);
  graph_free (unet->graph);
  g_free (unet->maps);
  g_free (unet);
}

void
unet_set_trace (Unet *unet, UnetTrace trace, gpointer data)
{
  unet->trace = trace;
  unet->trace_data = data;
}

gsize
unet_memory (const Unet *unet, int width, int height, int n_workers)
{
  ArenaPlan plan;
  gsize     bytes;

  if (!is_countable (unet->graph, width, height))
    return 0;

  arena_plan_init (&plan, unet->graph, width, height, n_workers);
  if (!g_size_checked_mul (&bytes, plan.total, sizeof (float)))
    bytes = 0;
  arena_plan_clear (&plan);
  return bytes;
}

void
unet_get_info (const Unet *unet, DiffusionModelInfo *info)
{
  const Graph *graph = unet->graph;

  info->n_parameters = graph->n_parameters;
  info->bytes = 0;
  for (guint i = 0; i < graph->convolutions->len; i++)
    {
      const Convolution *convolution = g_ptr_array_index (graph->convolutions, i);

      info->bytes += sizeof (float) * ((guint64) convolution->size + convolution->n_out);
    }
  for (guint i = 0; i < graph->norms->len; i++)
    {
      const Norm *norm = g_ptr_array_index (graph->norms, i);

      info->bytes += 2 * sizeof (float) * norm->channels;
    }
  info->bytes_loading = info->bytes + sizeof (float) * (guint64) graph->largest_tensor;
}

double
unet_macs (const Unet *unet, int width, int height)
{
  const Graph *graph = unet->graph;
  Map         *maps = g_new0 (Map, graph->slots->len);
  double       macs = 0.0;

  for (guint i = 0; i < graph->slots->len; i++)
    get_size (graph_slot (graph, i), width, height, &maps[i]);
  for (guint i = 0; i < graph->ops->len; i++)
    macs += layer_cost (graph_op (graph, i), maps);
  g_free (maps);
  return macs;
}

/* --- Run ------------------------------------------------------------------ */

float *
unet_begin (Unet *unet, DiffusionWorkers *workers, int width, int height, GError **error)
{
  const Graph *graph = unet->graph;
  const int    n_workers = workers_get_n (workers);
  gsize        n_moments = 0;
  double      *moments;
  ArenaPlan    plan;

  g_return_val_if_fail (width > 0 && height > 0, NULL);
  g_return_val_if_fail (width % (1 << (unet->config.n_levels - 1)) == 0, NULL);
  g_return_val_if_fail (height % (1 << (unet->config.n_levels - 1)) == 0, NULL);

  if (unet->arena && unet->width == width && unet->height == height && unet->n_workers == n_workers)
    return unet->maps[0].data;

  arena_plan_init (&plan, graph, MIN (width, SIDE_MAX), MIN (height, SIDE_MAX), n_workers);
  if (!is_countable (graph, width, height))
    plan.total = G_MAXSIZE;
  /* Memory for a larger size serves: two sizes may take turns. */
  if (unet->arena == NULL || plan.total > unet->capacity)
    {
      drop_arena (unet);
      unet->arena = aligned_new (plan.total, error);
      if (!unet->arena)
        {
          arena_plan_clear (&plan);
          return NULL;
        }
      unet->capacity = plan.total;
    }
  g_clear_pointer (&unet->moments, g_free);

  unet->width = width;
  unet->height = height;
  unet->n_workers = n_workers;

  for (guint i = 0; i < graph->slots->len; i++)
    n_moments += 2 * KERNEL_PAD (graph_slot (graph, i)->channels);
  moments = unet->moments = g_new0 (double, n_moments);
  for (guint i = 0; i < graph->slots->len; i++)
    {
      Map *map = &unet->maps[i];

      get_size (graph_slot (graph, i), width, height, map);
      map->data = unet->arena + plan.maps[i];
      map->moments = moments;
      moments += 2 * map->stride;
    }

  unet->workspace.kernels = unet->kernels;
  unet->workspace.size = plan.size;
  unet->workspace.scratch = unet->arena + plan.scratch;
  unet->workspace.shared = unet->arena + plan.shared;
  unet->workspace.stats = unet->arena + plan.stats;
  unet->scale = unet->arena + plan.scale;
  unet->shift = unet->arena + plan.shift;
  unet->times = unet->arena + plan.times;
  unet->embedding = unet->arena + plan.embedding;
  arena_plan_clear (&plan);

  return unet->maps[0].data;
}

/* out = layer (in) for one vector. */
static void
apply_linear (const Unet        *unet,
              const Convolution *layer,
              const float       *bias,
              const float       *in,
              float             *out)
{
  const Map    map = { .stride = layer->n_in, .data = (float *) in };
  const Map   *maps[] = { &map };
  const Finish finish = { .bias = bias, .scale = 1.0f };

  point_product (layer, unet->kernels, maps, 1, 0, 1, 0, layer->n_out / KERNEL_CHUNK, out,
                 layer->n_out);
  unet->kernels->finish (out, layer->n_out, 1, layer->n_out, NULL, &finish);
}

/* The sinusoids, two linear layers with SiLU between them, and what each
 * residual block makes of the result. */
static void
embed_time (Unet *unet, double t)
{
  const Graph *graph = unet->graph;
  const int    n = graph->time_1->n_out;
  float       *sinusoids = unet->embedding;
  float       *hidden = unet->embedding + n;
  float       *embedding = unet->embedding + 2 * n;

  memset (sinusoids, 0, n * sizeof *sinusoids);
  if (graph->frequencies)
    time_embedding_fourier (sinusoids, graph->time_channels, graph->frequencies, t);
  else
    time_embedding_sinusoids (sinusoids, graph->time_channels, unet->config.flip_sin_to_cos,
                              unet->config.freq_shift, t);

  apply_linear (unet, graph->time_1, graph->time_1->bias, sinusoids, hidden);
  unet->kernels->silu (hidden, n);
  apply_linear (unet, graph->time_2, graph->time_2->bias, hidden, embedding);
  for (int i = 0; i < n; i++)
    embedding[i] = activation_value (unet->config.activation, embedding[i]);

  for (guint i = 0; i < graph->times->len; i++)
    {
      const TimeProjection *time = &g_array_index (graph->times, TimeProjection, i);

      apply_linear (unet, time->projection, time->bias, embedding, unet->times + time->at);
    }
}

static const float *
time_result (const Unet *unet, int number)
{
  return unet->times + g_array_index (unet->graph->times, TimeProjection, number).at;
}

/* Scale and shift of the op's norm of `sources`, modulated where the op says
 * so: (x · scale + shift) · (1 + e_1) + e_2. */
static void
prepare_norm (const Unet *unet, const Op *op, const Map *const *sources)
{
  norm_prepare (op->norm, sources, op->n_sources, unet->scale, unet->shift);
  if (op->modulation >= 0)
    {
      const int    n = op->norm->channels;
      const float *e = time_result (unet, op->modulation);

      for (int c = 0; c < n; c++)
        {
          unet->scale[c] *= 1.0f + e[c];
          unet->shift[c] = unet->shift[c] * (1.0f + e[c]) + e[n + c];
        }
    }
}

static void
begin_convolution (Unet *unet, const Op *op)
{
  ConvolutionJob job = { .convolution = op->convolution,
                         .n_sources = op->n_sources,
                         .upsample = op->upsample,
                         .factor = op->factor,
                         .shortcut = op->shortcut,
                         .n_shortcut_sources = op->n_shortcut_sources };

  for (int i = 0; i < op->n_sources; i++)
    job.sources[i] = &unet->maps[op->sources[i]];
  for (int i = 0; i < op->n_shortcut_sources; i++)
    job.shortcut_sources[i] = &unet->maps[op->shortcut_sources[i]];
  if (op->norm)
    {
      prepare_norm (unet, op, job.sources);
      job.scale = unet->scale;
      job.shift = unet->shift;
      job.activation = op->activation;
    }
  job.bias = op->convolution->bias;
  if (op->time >= 0)
    job.bias = time_result (unet, op->time);
  if (op->residual >= 0)
    job.residual = &unet->maps[op->residual];
  job.result = &unet->maps[op->result];
  if (op->result == (int) unet->graph->slots->len - 1)
    job.factor = unet->out_factor;

  convolution_begin (&job, &unet->workspace, &unet->phases);
}

static void
begin_attention (Unet *unet, const Op *op)
{
  const Map   *source = &unet->maps[op->sources[0]];
  AttentionJob job = { .attention = op->attention,
                       .source = source,
                       .scale = unet->scale,
                       .shift = unet->shift,
                       .factor = op->factor,
                       .result = &unet->maps[op->result] };

  if (op->norm)
    prepare_norm (unet, op, &source);
  else
    for (int c = 0; c < source->stride; c++)
      {
        unet->scale[c] = 1.0f;
        unet->shift[c] = 0.0f;
      }
  attention_begin (&job, &unet->workspace, &unet->phases);
}

static void
begin_resample (Unet *unet, const Op *op)
{
  const Map  *source = &unet->maps[op->sources[0]];
  ResampleJob job = { .source = source,
                      .activation = op->activation,
                      .result = &unet->maps[op->result] };

  if (op->norm)
    {
      prepare_norm (unet, op, &source);
      job.scale = unet->scale;
      job.shift = unet->shift;
    }
  resample_begin (&job, &unet->workspace, &unet->phases);
}

static void
begin_op (Unet *unet, const Op *op)
{
  switch (op->kind)
    {
    case OP_CONVOLUTION:
      begin_convolution (unet, op);
      break;
    case OP_ATTENTION:
      begin_attention (unet, op);
      break;
    case OP_RESAMPLE:
      begin_resample (unet, op);
      break;
    }
}

static void
trace_op (const Unet *unet, const Op *op)
{
  const UnetLayer layer = { op->name, &unet->maps[op->result], layer_cost (op, unet->maps) };

  unet->trace (unet->trace_data, &layer);
}

/* A WorkersNext: the next phase of the present op, or the first of the next. */
static gboolean
next_phase (gpointer data, WorkersPhase *phase)
{
  Unet        *unet = data;
  const Graph *graph = unet->graph;

  while (!phases_next (&unet->phases, phase))
    {
      if (unet->trace && unet->op > 0)
        trace_op (unet, graph_op (graph, unet->op - 1));
      if (unet->op == graph->ops->len)
        return FALSE;
      begin_op (unet, graph_op (graph, unet->op++));
    }
  return TRUE;
}

const float *
unet_run (Unet *unet, DiffusionWorkers *workers, double t, GCancellable *cancel, GError **error)
{
  const Graph *graph = unet->graph;
  const Map   *input = &unet->maps[0];

  g_return_val_if_fail (unet->arena && workers_get_n (workers) == unet->n_workers, NULL);

  if (unet->config.center_input_sample)
    for (gsize i = 0; i < (gsize) input->width * input->height; i++)
      for (int c = 0; c < input->channels; c++)
        input->data[i * input->stride + c] = 2.0f * input->data[i * input->stride + c] - 1.0f;

  t *= unet->config.timestep_scale;
  if (unet->config.fourier)
    t = MAX (t, 1.0);
  unet->out_factor = unet->config.fourier ? 1.0 / t : 1.0;
  embed_time (unet, t);

  unet->op = 0;
  if (!workers_run_phases (workers, next_phase, unet, cancel))
    {
      phases_clear (&unet->phases);
      g_cancellable_set_error_if_cancelled (cancel, error);
      return NULL;
    }

  return unet->maps[graph->slots->len - 1].data;
}
