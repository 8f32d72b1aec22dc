/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution.c: weights packed once for the kernels; 1×1 convolutions.
 */
#include "convolution.h"

/* The taps or products of a kind. */
static int
n_matrices (ConvolutionKind kind)
{
  switch (kind)
    {
    case CONVOLUTION_POINT:
      return 1;
    case CONVOLUTION_WINOGRAD:
      return WINOGRAD_PRODUCTS;
    default:
      return 9;
    }
}

/* Puts the weights of one pair of channels where the product reads them. */
static void
pack (Convolution *convolution,
      int          out,
      int          in,
      const float *weights)
{
  const int n = n_matrices (convolution->kind);
  float    *b = convolution->weights + out / KERNEL_CHUNK * convolution->panel
             + (gsize) in * KERNEL_CHUNK + out % KERNEL_CHUNK;
  float     u[WINOGRAD_PRODUCTS];

  if (convolution->kind == CONVOLUTION_WINOGRAD)
    {
      winograd_weights (weights, u);
      weights = u;
    }
  for (int i = 0; i < n; i++)
    b[i * convolution->matrix] = weights[i];
}

Convolution *
convolution_new (ConvolutionKind kind,
                 int             out_channels,
                 const int      *parts,
                 int             n_parts,
                 const float    *weights,
                 const float    *bias,
                 GError        **error)
{
  Convolution *convolution = g_new0 (Convolution, 1);
  const int    taps = kind == CONVOLUTION_POINT ? 1 : 9;
  int          n_real = 0, before;
  gsize        block, size;

  convolution->kind = kind;
  convolution->out_channels = out_channels;
  convolution->n_out = KERNEL_PAD (out_channels);
  for (int i = 0; i < n_parts; i++)
    {
      convolution->n_in += KERNEL_PAD (parts[i]);
      n_real += parts[i];
    }

  /* Winograd's products follow one another, each with its panels; the taps of
   * the others lie side by side in one panel, to be summed in one go. */
  block = (gsize) convolution->n_in * KERNEL_CHUNK;
  if (kind == CONVOLUTION_WINOGRAD)
    {
      convolution->panel = block;
      convolution->matrix = block * (convolution->n_out / KERNEL_CHUNK);
    }
  else
    {
      convolution->panel = block * taps;
      convolution->matrix = block;
    }

  if (!g_size_checked_mul (&size, block, convolution->n_out / KERNEL_CHUNK)
      || !g_size_checked_mul (&size, size, n_matrices (kind)))
    size = G_MAXSIZE;
  convolution->size = size;
  if (!weights)
    return convolution;

  convolution->weights = aligned_new (size, error);
  convolution->bias = convolution->weights ? aligned_new (convolution->n_out, error) : NULL;
  if (!convolution->bias)
    {
      convolution_free (convolution);
      return NULL;
    }

  before = 0;
  for (int i = 0, real = 0; i < n_parts; i++)
    {
      for (int c = 0; c < parts[i]; c++, real++)
        for (int out = 0; out < out_channels; out++)
          pack (convolution, out, before + c, weights + ((gsize) out * n_real + real) * taps);
      before += KERNEL_PAD (parts[i]);
    }
  for (int out = 0; bias && out < out_channels; out++)
    convolution->bias[out] = bias[out];

  return convolution;
}

void
convolution_free (Convolution *convolution)
{
  if (!convolution)
    return;
  aligned_free (convolution->weights);
  aligned_free (convolution->bias);
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
  kernels->product (c, c_stride, n_rows, n_panels * KERNEL_CHUNK,
                    terms, n_sources, convolution->panel, FALSE);
}
