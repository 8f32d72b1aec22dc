/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution.c: weights packed once for the kernels; which method runs;
 * 1×1 convolutions.
 */
#include "layers/convolution.h"

static int
n_taps (const Convolution *convolution)
{
  return convolution->kind == CONVOLUTION_POINT ? 1 : 9;
}

/* Floats of a panel's weights for one tap or product. */
static gsize
panel_block (const Convolution *convolution, ConvolutionMethod method)
{
  const int   multiple = method == CONVOLUTION_METHOD_BF16X2 ? KERNEL_BF16X2 : KERNEL_CHUNK;
  const gsize n = (gsize) divide_up (convolution->n_in, multiple) * multiple * KERNEL_CHUNK;

  return method == CONVOLUTION_METHOD_WINOGRAD_BF16 ? n / 2 : n;
}

gsize
convolution_weights_size (const Convolution *convolution, ConvolutionMethod method)
{
  gsize size;

  if (!g_size_checked_mul (&size, panel_block (convolution, method),
                           convolution->n_out / KERNEL_CHUNK) ||
      !g_size_checked_mul (
        &size, size, convolution_is_winograd (method) ? WINOGRAD_PRODUCTS : n_taps (convolution)))
    return G_MAXSIZE;
  return size;
}

void
convolution_choose (Convolution *convolution, ConvolutionMethod method)
{
  const gsize block = panel_block (convolution, method);

  g_return_if_fail (!convolution_is_winograd (method) || convolution->kind == CONVOLUTION_SAME);
  g_return_if_fail (!convolution->weights);

  /* Winograd's products follow one another, each with its panels; the taps of
   * the others lie side by side in one panel, to be summed in one go. */
  convolution->method = method;
  convolution->panel = convolution_is_winograd (method) ? block : block * n_taps (convolution);
  convolution->matrix = block * (convolution->n_out / KERNEL_CHUNK);
  convolution->size = convolution_weights_size (convolution, method);
}

Convolution *
convolution_new (ConvolutionKind kind, int out_channels, const int *parts, int n_parts)
{
  Convolution *convolution = g_new0 (Convolution, 1);

  convolution->kind = kind;
  convolution->out_channels = out_channels;
  convolution->n_out = KERNEL_PAD (out_channels);
  convolution->n_parts = n_parts;
  for (int i = 0; i < n_parts; i++)
    {
      convolution->parts[i] = parts[i];
      convolution->n_in += KERNEL_PAD (parts[i]);
    }
  convolution->bias = g_aligned_alloc0 (convolution->n_out, sizeof (float), KERNEL_ALIGN);
  convolution_choose (convolution, CONVOLUTION_METHOD_DIRECT);
  return convolution;
}

gboolean
convolution_prepare (Convolution *convolution, GError **error)
{
  convolution->weights = aligned_new (convolution->size, error);
  return convolution->weights != NULL;
}

/* Puts the weights of one pair of channels where the products of taps read them. */
static void
pack_taps (Convolution *convolution, int out, int in, const float *weights)
{
  const int      taps = n_taps (convolution);
  const int      column = out % KERNEL_CHUNK;
  const gboolean split = convolution->method == CONVOLUTION_METHOD_BF16X2;
  const int      chunk = split ? KERNEL_BF16X2 : KERNEL_CHUNK;
  float         *panel = convolution->weights + out / KERNEL_CHUNK * convolution->panel;

  for (int tap = 0; tap < taps; tap++)
    {
      float *b = panel + ((gsize) in / chunk * taps + tap) * chunk * KERNEL_CHUNK;

      if (split)
        kernel_bf16x2_weight (b, in % chunk, column, weights[tap]);
      else
        b[in % chunk * KERNEL_CHUNK + column] = weights[tap];
    }
}

/* Those of one input channel and n outputs of a panel, `next` floats apart, where Winograd's
 * products read them. */
static void
pack_winograd (Convolution *convolution, int out, int n, int in, const float *weights, gsize next)
{
  const int column = out % KERNEL_CHUNK;
  float    *panel = convolution->weights + out / KERNEL_CHUNK * convolution->panel;
  float     g[9][KERNEL_CHUNK] = { 0 }, u[WINOGRAD_PRODUCTS][KERNEL_CHUNK];

  for (int j = 0; j < n; j++)
    for (int tap = 0; tap < 9; tap++)
      g[tap][j] = weights[j * next + tap];
  winograd_weights (g, u);

  for (int i = 0; i < WINOGRAD_PRODUCTS; i++)
    {
      float    *floats = panel + i * convolution->matrix;
      Bfloat16 *halves = (Bfloat16 *) floats;

      if (convolution->method == CONVOLUTION_METHOD_WINOGRAD)
        memcpy (floats + (gsize) in * KERNEL_CHUNK + column, u[i], n * sizeof *floats);
      else
        for (int j = 0; j < n; j++)
          halves[KERNEL_BF16_WEIGHT (in, column + j)] = kernel_bf16 (u[i][j]);
    }
}

void
convolution_pack (Convolution *convolution, int first, int n, const float *weights)
{
  const gboolean winograd = convolution_is_winograd (convolution->method);
  const int      taps = n_taps (convolution);
  const gsize    next = (gsize) convolution_in_channels (convolution) * taps;
  int            together; /* outputs of one panel */

  for (int out = first; out < first + n; out += together, weights += together * next)
    {
      const float *read = weights;

      together = winograd ? MIN (KERNEL_CHUNK - out % KERNEL_CHUNK, first + n - out) : 1;
      for (int i = 0, before = 0; i < convolution->n_parts;
           before += KERNEL_PAD (convolution->parts[i]), i++)
        for (int c = 0; c < convolution->parts[i]; c++, read += taps)
          if (winograd)
            pack_winograd (convolution, out, together, before + c, read, next);
          else
            pack_taps (convolution, out, before + c, read);
    }
}

void
convolution_free (Convolution *convolution)
{
  if (!convolution)
    return;
  aligned_free (convolution->weights);
  g_aligned_free (convolution->bias);
  g_free (convolution);
}

void
point_product (const Convolution *convolution,
               const Kernels     *kernels,
               const Map *const  *sources,
               int                n_sources,
               gsize              pixel,
               int                n_rows,
               int                first_panel,
               int                n_panels,
               float             *c,
               gsize              c_stride)
{
  const float *weights = convolution->weights + first_panel * convolution->panel;
  ProductTerm  terms[2];

  for (int i = 0; i < n_sources; i++)
    {
      terms[i].a = sources[i]->data + pixel * sources[i]->stride;
      terms[i].a_stride = sources[i]->stride;
      terms[i].b = weights;
      terms[i].k = sources[i]->stride;
      weights += (gsize) sources[i]->stride * KERNEL_CHUNK;
    }
  kernels->product (c, c_stride, n_rows, n_panels * KERNEL_CHUNK, terms, n_sources,
                    convolution->panel, FALSE);
}
