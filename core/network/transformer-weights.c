/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transformer-weights.c: builds the layers of a Transformer.
 */
#include "network/transformer-weights.h"

/* Once `error` is set the functions below do nothing and return NULL. In a model without tensors
 * there are layers, but no values. */
typedef struct
{
  const TransformerConfig *config;
  Safetensors             *file;
  gboolean                 metadata_only;
  TransformerWeights      *weights;
  GError                  *error;
} Loader;

/* Where the rows of a matrix in memory come from in the file's (−1: they are zero), and
 * its columns. NULL: from where they are. */
typedef struct
{
  int  n_rows; /* in memory */
  int *rows, *columns;
} Order;

/* --- Parameters ----------------------------------------------------------- */

static const SafetensorsTensor *
find (Loader *loader, const char *module, const char *parameter, int n_dims, const gint64 *shape)
{
  TransformerWeights      *weights = loader->weights;
  guint64                  n = 1;
  char                    *name;
  const SafetensorsTensor *tensor;

  if (loader->error)
    return NULL;

  name = g_strdup_printf ("%s.%s", module, parameter);
  tensor = safetensors_find (loader->file, name, n_dims, shape, &loader->error);
  g_free (name);

  /* The file holds so many: their number is no larger than its length. */
  for (int i = 0; tensor && i < n_dims; i++)
    n *= shape[i];
  weights->n_parameters += n;
  weights->largest_tensor = MAX (weights->largest_tensor, n);
  return tensor;
}

static float *
load_vector (Loader *loader, const char *module, const char *parameter, int n)
{
  const gint64             shape[] = { n };
  const SafetensorsTensor *tensor = find (loader, module, parameter, 1, shape);

  return tensor && !loader->metadata_only
           ? safetensors_load_tensor (loader->file, tensor, &loader->error)
           : NULL;
}

/* Lays out the weights, a row at a time: the file's are never held beside ours. */
static void
load_rows (Loader *loader, Convolution *layer, const SafetensorsTensor *tensor, const Order *order)
{
  const int n = convolution_in_channels (layer);
  float    *row = g_new (float, n), *ordered = g_new (float, n);

  convolution_prepare (layer, &loader->error);
  for (int i = 0; i < order->n_rows && !loader->error; i++)
    {
      const gint64 from = order->rows ? order->rows[i] : i;

      if (from < 0 || !safetensors_read (loader->file, tensor, from * n, n, row, &loader->error))
        continue;
      for (int j = 0; j < n; j++)
        ordered[j] = row[order->columns ? order->columns[j] : j];
      convolution_pack (layer, i, 1, ordered);
    }
  g_free (row);
  g_free (ordered);
}

/* A layer of the matrix module.weight, whose rows are the first of its dimensions, and
 * perhaps of module.bias. */
static Convolution *
load_layer (Loader       *loader,
            const char   *module,
            int           n_dims,
            const gint64 *shape,
            gboolean      with_bias,
            const Order  *order)
{
  const SafetensorsTensor *tensor = find (loader, module, "weight", n_dims, shape);
  float                   *bias = with_bias ? load_vector (loader, module, "bias", shape[0]) : NULL;
  int                      n_in = 1;
  Convolution             *layer;

  for (int i = 1; i < n_dims; i++)
    n_in *= shape[i];
  layer = convolution_new (CONVOLUTION_POINT, order->n_rows, &n_in, 1);
  g_ptr_array_add (loader->weights->convolutions, layer);

  for (int i = 0; bias && i < order->n_rows; i++)
    if (!order->rows || order->rows[i] >= 0)
      layer->bias[i] = bias[order->rows ? order->rows[i] : i];
  g_free (bias);
  if (!loader->error && !loader->metadata_only)
    load_rows (loader, layer, tensor, order);
  return layer;
}

static Convolution *
load_linear (Loader     *loader,
             int         n_out,
             int         n_in,
             gboolean    with_bias,
             const char *prefix,
             const char *name)
{
  const gint64 shape[] = { n_out, n_in };
  const Order  order = { n_out, NULL, NULL };
  char        *module = g_strconcat (prefix, name, NULL);
  Convolution *layer = load_layer (loader, module, 2, shape, with_bias, &order);

  g_free (module);
  return layer;
}

/* --- Orders --------------------------------------------------------------- */

/* `n_parts` vectors of n, in memory KERNEL_PAD (n) apart. */
static Convolution *
load_parts (Loader *loader, int n_parts, const char *prefix, const char *name)
{
  const int    n = loader->config->channels, stride = KERNEL_PAD (n);
  const gint64 shape[] = { n_parts * n, n };
  const Order  order = { n_parts * stride, g_new (int, n_parts *stride), NULL };
  char        *module = g_strconcat (prefix, name, NULL);
  Convolution *layer;

  for (int i = 0; i < order.n_rows; i++)
    order.rows[i] = i % stride < n ? i / stride * n + i % stride : -1;
  layer = load_layer (loader, module, 2, shape, TRUE, &order);
  g_free (module);
  g_free (order.rows);
  return layer;
}

/* For each channel of a folded pixel where it comes from: channel c of the file's own pixel
 * (p, q) of the patch (row, column) is number `folded` of the map. The file's pixel
 * may itself be f × f pixels of the picture, folded: then c = plane · f² + dy · f + dx. */
static int *
new_fold_order (const TransformerConfig *config, int n_channels, gboolean channels_first)
{
  const int f = config->picture.pixel_unshuffle, patch = config->patch_size, side = f * patch;
  int      *order = g_new (int, n_channels *patch *patch);

  for (int c = 0; c < n_channels; c++)
    for (int p = 0; p < patch; p++)
      for (int q = 0; q < patch; q++)
        {
          const int plane = c / (f * f), dy = c / f % f, dx = c % f;
          const int folded = plane * side * side + (p * f + dy) * side + q * f + dx;

          order[folded] =
            channels_first ? (c * patch + p) * patch + q : (p * patch + q) * n_channels + c;
        }
  return order;
}

/* pos_embed.proj: a convolution whose stride is its size, so that its columns are the
 * channels, then rows and columns of a patch. */
static Convolution *
load_patches (Loader *loader)
{
  const TransformerConfig *config = loader->config;
  const gint64 shape[] = { config->channels, config->picture.in_channels, config->patch_size,
                           config->patch_size };
  const Order  order = { config->channels, NULL,
                         new_fold_order (config, config->picture.in_channels, TRUE) };
  Convolution *layer = load_layer (loader, "pos_embed.proj", 4, shape, TRUE, &order);

  g_free (order.columns);
  return layer;
}

/* proj_out_2: its rows are rows and columns of a patch, then the channels. */
static Convolution *
load_out (Loader *loader)
{
  const TransformerConfig *config = loader->config;
  const int    n_out = config->picture.out_channels * config->patch_size * config->patch_size;
  const gint64 shape[] = { n_out, config->channels };
  const Order order = { n_out, new_fold_order (config, config->picture.out_channels, FALSE), NULL };
  Convolution *layer = load_layer (loader, "proj_out_2", 2, shape, TRUE, &order);

  g_free (order.rows);
  return layer;
}

/* --- The network ---------------------------------------------------------- */

/* A network with one class is shown that one; one with several is asked without a
 * class, by the row behind them that stood for it in training (Ho and Salimans 2022). */
static void
add_class (Loader *loader, const char *prefix, float *bias)
{
  const int    n_classes = loader->config->n_classes, n = loader->config->channels;
  const int    row = n_classes == 1 ? 0 : n_classes;
  const gint64 shape[] = { n_classes + 1, n };
  char        *module = g_strconcat (prefix, "norm1.emb.class_embedder.embedding_table", NULL);
  float       *embedding = g_new (float, n);
  const SafetensorsTensor *table = find (loader, module, "weight", 2, shape);

  if (table && !loader->metadata_only &&
      safetensors_read (loader->file, table, (gint64) row * n, n, embedding, &loader->error))
    for (int c = 0; c < n; c++)
      bias[c] += embedding[c];
  g_free (module);
  g_free (embedding);
}

static void
load_block (Loader *loader, int number)
{
  const TransformerConfig *config = loader->config;
  const int                n = config->channels;
  TransformerBlock        *block = &loader->weights->blocks[number];
  char                    *prefix = g_strdup_printf ("transformer_blocks.%d.", number);

  block->time_1 = load_linear (loader, n, TRANSFORMER_TIME_CHANNELS, TRUE, prefix,
                               "norm1.emb.timestep_embedder.linear_1");
  block->time_2 = load_linear (loader, n, n, TRUE, prefix, "norm1.emb.timestep_embedder.linear_2");
  if (config->n_classes > 0 && !loader->error)
    add_class (loader, prefix, block->time_2->bias);
  block->modulation = load_parts (loader, 6, prefix, "norm1.linear");

  block->attention.n_heads = config->n_heads;
  block->attention.query = load_linear (loader, n, n, config->attention_bias, prefix, "attn1.to_q");
  block->attention.key = load_linear (loader, n, n, config->attention_bias, prefix, "attn1.to_k");
  block->attention.value = load_linear (loader, n, n, config->attention_bias, prefix, "attn1.to_v");
  block->attention.out = load_linear (loader, n, n, TRUE, prefix, "attn1.to_out.0");

  if (config->norm_affine)
    {
      char *norm = g_strconcat (prefix, "norm3", NULL);

      block->gamma = load_vector (loader, norm, "weight", n);
      block->beta = load_vector (loader, norm, "bias", n);
      g_free (norm);
    }
  block->up = load_linear (loader, 4 * n, n, TRUE, prefix, "ff.net.0.proj");
  block->down = load_linear (loader, n, 4 * n, TRUE, prefix, "ff.net.2");
  g_free (prefix);
}

TransformerWeights *
transformer_weights_new (const TransformerConfig *config,
                         Safetensors             *file,
                         gboolean                 metadata_only,
                         GError                 **error)
{
  TransformerWeights *weights = g_new0 (TransformerWeights, 1);
  Loader              loader = { config, file, metadata_only, weights, NULL };

  weights->convolutions = g_ptr_array_new_with_free_func ((GDestroyNotify) convolution_free);
  weights->blocks = g_new0 (TransformerBlock, config->n_layers);
  weights->n_blocks = config->n_layers;

  weights->patches = load_patches (&loader);
  for (int i = 0; i < config->n_layers && !loader.error; i++)
    load_block (&loader, i);
  weights->modulation = load_parts (&loader, 2, "", "proj_out_1");
  weights->out = load_out (&loader);

  if (loader.error)
    {
      g_propagate_error (error, loader.error);
      g_clear_pointer (&weights, transformer_weights_free);
    }
  return weights;
}

void
transformer_weights_free (TransformerWeights *weights)
{
  if (!weights)
    return;
  for (int i = 0; i < weights->n_blocks; i++)
    {
      g_free (weights->blocks[i].gamma);
      g_free (weights->blocks[i].beta);
    }
  g_free (weights->blocks);
  g_ptr_array_unref (weights->convolutions);
  g_free (weights);
}
