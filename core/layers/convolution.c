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

/* Puts the weights of one pair of channels where the products read them. */
static void
pack (Convolution *convolution, int out, int in, const float *weights)
{
  const int taps = n_taps (convolution);
  const int column = out % KERNEL_CHUNK;
  float    *panel = convolution->weights + out / KERNEL_CHUNK * convolution->panel;

  switch (convolution->method)
    {
    case CONVOLUTION_METHOD_DIRECT:
      for (int tap = 0; tap < taps; tap++)
        panel[((gsize) (in / KERNEL_CHUNK * taps + tap) * KERNEL_CHUNK + in % KERNEL_CHUNK) *
                KERNEL_CHUNK +
              column] = weights[tap];
      break;

    case CONVOLUTION_METHOD_BF16X2:
      for (int tap = 0; tap < taps; tap++)
        kernel_bf16x2_weight (panel + (gsize) (in / KERNEL_BF16X2 * taps + tap) * KERNEL_BF16X2 *
                                        KERNEL_CHUNK,
                              in % KERNEL_BF16X2, column, weights[tap]);
      break;

    case CONVOLUTION_METHOD_WINOGRAD:
      {
        float u[WINOGRAD_PRODUCTS];

        winograd_weights (weights, u);
        for (int i = 0; i < WINOGRAD_PRODUCTS; i++)
          panel[i * convolution->matrix + (gsize) in * KERNEL_CHUNK + column] = u[i];
      }
      break;

    case CONVOLUTION_METHOD_WINOGRAD_BF16:
      {
        float u[WINOGRAD_PRODUCTS];

        winograd_weights (weights, u);
        for (int i = 0; i < WINOGRAD_PRODUCTS; i++)
          ((Bfloat16 *) (panel + i * convolution->matrix))[KERNEL_BF16_WEIGHT (in, column)] =
            kernel_bf16 (u[i]);
      }
      break;
    }
}

void
convolution_pack (Convolution *convolution, int first, int n, const float *weights)
{
  for (int out = first; out < first + n; out++)
    for (int i = 0, before = 0; i < convolution->n_parts;
         before += KERNEL_PAD (convolution->parts[i]), i++)
      for (int c = 0; c < convolution->parts[i]; c++, weights += n_taps (convolution))
        pack (convolution, out, before + c, weights);
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
