/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * convolution.h: convolution layers: weights packed once for the kernels, and
 * a run over whole feature maps by all workers.
 */
#pragma once

#include "map.h"
#include "workspace.h"

typedef enum
{
  CONVOLUTION_POINT,    /* 1×1; also a linear layer over channels */
  CONVOLUTION_WINOGRAD, /* 3×3, stride 1, one zero around the map */
  CONVOLUTION_HALVING,  /* 3×3, stride 2, one zero around the map */
  CONVOLUTION_HALVING_CORNER, /* 3×3, stride 2, one zero to the right and below */
} ConvolutionKind;

typedef struct
{
  ConvolutionKind kind;
  int             out_channels;
  int             n_in, n_out; /* channels in memory, all sources together */
  gsize           panel;       /* floats from one panel of 16 outputs to the next */
  gsize           matrix;      /* from one tap or one of Winograd's products to the next */
  gsize           size;        /* floats of weights */
  float          *weights;
  float          *bias; /* n_out */
} Convolution;

/* `weights` as PyTorch lays them out, [out][in][k][k]; in = Σ parts, the
 * channels of the one or two maps that are the input, seen as one. `bias` may
 * be NULL. Nothing is kept of either. Without `weights` only the sizes are
 * filled in: a layer whose cost is known and that cannot run. */
Convolution *convolution_new (ConvolutionKind kind,
                              int             out_channels,
                              const int      *parts,
                              int             n_parts,
                              const float    *weights,
                              const float    *bias,
                              GError        **error);
void convolution_free (Convolution *convolution);

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
  const float       *bias;          /* n_out */
  const Map         *residual;      /* or NULL */
  const Convolution *shortcut;      /* 1×1 of `shortcut_sources`, the residual; or NULL */
  const Map         *shortcut_sources[2];
  int                n_shortcut_sources;
  float              factor;
  Map               *result;
} ConvolutionJob;

/* What a run on a result of width × height will need. */
void winograd_size (const Convolution *convolution, int width, int height, WorkspaceSize *size);
void halving_size (const Convolution *convolution, int width, int height, WorkspaceSize *size);

/* Return FALSE when cancelled. A halving knows no upsampling, f, residual or
 * shortcut. */
gboolean winograd_run (const ConvolutionJob *job, const Workspace *workspace);
gboolean halving_run (const ConvolutionJob *job, const Workspace *workspace);

/* c (n_rows × columns of the panels first_panel … + n_panels − 1) = or += the
 * 1×1 convolution of n_rows pixels that begin at `pixel` of each source. */
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
