/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.h: self-attention over the pixels of a feature map.
 */
#pragma once

#include "layers/convolution.h"

/* Its layers belong to the network. */
typedef struct
{
  int          n_heads;                   /* divides the channels */
  Convolution *query, *key, *value, *out; /* 1×1, channels to channels */
} Attention;

/* result = (source + out (softmax (q kᵀ / √d) v)) · factor for each head of d
 * channels, q, k and v made from the normalised source; and its moments.
 *
 * In a Transformer, where there is a gate: source ← source + gate · out (…), without
 * moments; the result is the source. */
typedef struct
{
  const Attention *attention;
  const Map       *source;
  const float     *scale, *shift; /* by norm_prepare; of a LayerNorm where there is a gate */
  float            factor;
  Map             *result;
  const float     *gate;    /* for each channel in memory; or NULL */
  float            epsilon; /* of the LayerNorm */
} AttentionJob;

void attention_size (const Attention *attention, int width, int height, WorkspaceSize *size);

/* What is to be done, by `workspace`, which like all that the job names stays until then. */
void attention_begin (const AttentionJob *job, const Workspace *workspace, Phases *phases);
