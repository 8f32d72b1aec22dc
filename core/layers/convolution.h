/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution.h: convolution layers: weights packed once for the kernels, and
 * runs over whole feature maps by all workers.
 */
#pragma once

#include "layers/map.h"
#include "layers/phases.h"
#include "layers/workspace.h"

typedef enum
{
  CONVOLUTION_POINT,          /* 1×1; also a linear layer over channels */
  CONVOLUTION_SAME,           /* 3×3, stride 1, one zero around the map */
  CONVOLUTION_HALVING,        /* 3×3, stride 2, one zero around the map */
  CONVOLUTION_HALVING_CORNER, /* 3×3, stride 2, one zero to the right and below */
} ConvolutionKind;

/* How it is computed, and so how its weights are laid out. */
typedef enum
{
  CONVOLUTION_METHOD_DIRECT, /* a product for each tap, in floats */
  CONVOLUTION_METHOD_BF16X2, /* the same, in split numbers (kernels.h) */
  CONVOLUTION_METHOD_WINOGRAD, /* CONVOLUTION_SAME only: a quarter of the products, four times the weights */
  CONVOLUTION_METHOD_WINOGRAD_BF16, /* the same, its products in single bfloat16 */
} ConvolutionMethod;

typedef struct
{
  ConvolutionKind   kind;
  ConvolutionMethod method;
  int               out_channels;
  int               parts[2], n_parts; /* channels of the maps that are the input */
  int               n_in, n_out;       /* channels in memory, all sources together */
  gsize             panel;   /* floats of weights from one panel of 16 outputs to the next */
  gsize             matrix;  /* Winograd: from one product to the next */
  gsize             size;    /* of all */
  float            *weights; /* NULL until convolution_prepare */
  float            *bias;    /* n_out; 0 until filled in */
} Convolution;

static inline gboolean
convolution_is_winograd (ConvolutionMethod method)
{
  return method == CONVOLUTION_METHOD_WINOGRAD || method == CONVOLUTION_METHOD_WINOGRAD_BF16;
}

static inline int
convolution_in_channels (const Convolution *convolution)
{
  return convolution->parts[0] + convolution->parts[1];
}

/* in = Σ parts, the channels of the one or two maps that are the input, seen as
 * one. CONVOLUTION_METHOD_DIRECT until another is chosen. */
Convolution      *
convolution_new (ConvolutionKind kind, int out_channels, const int *parts, int n_parts);
void convolution_free (Convolution *convolution);

/* Floats of weights with a method; G_MAXSIZE where that is too many to count. */
gsize convolution_weights_size (const Convolution *convolution, ConvolutionMethod method);

/* How it is to be computed: before convolution_prepare. */
void convolution_choose (Convolution *convolution, ConvolutionMethod method);

/* Makes room for the weights, all 0. A convolution without can be planned and its
 * cost be told, but not run. */
gboolean convolution_prepare (Convolution *convolution, GError **error);

/* Lays out the weights of n outputs from `first` on; they are as PyTorch has
 * them, [out][in][k][k]. */
void convolution_pack (Convolution *convolution, int first, int n, const float *weights);

/* result = (convolution (f (sources)) + bias + residual) · factor, and the
 * result's moments. */
typedef struct
{
  const Convolution *convolution;
  const Map         *sources[2];
  int                n_sources;
  gboolean           upsample;      /* each source pixel counts as 2×2 */
  const float       *scale, *shift; /* f: activation (x · scale + shift); NULL: f (x) = x */
  Activation         activation;
  const float       *bias;     /* n_out */
  const Map         *residual; /* or NULL */
  const Convolution *shortcut; /* 1×1 of `shortcut_sources`, the residual; or NULL */
  const Map         *shortcut_sources[2];
  int                n_shortcut_sources;
  float              factor;
  Map               *result;
} ConvolutionJob;

/* c (n_rows × columns of the panels first_panel … + n_panels − 1) = or += the
 * 1×1 convolution, CONVOLUTION_METHOD_DIRECT, of n_rows pixels that begin at `pixel` of each
 * source. */
void point_product (const Convolution *convolution,
                    const Kernels     *kernels,
                    const Map *const  *sources,
                    int                n_sources,
                    gsize              pixel,
                    int                n_rows,
                    int                first_panel,
                    int                n_panels,
                    float             *c,
                    gsize              c_stride);
