/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * activation.h: the functions between the layers of a network.
 */
#pragma once

typedef enum
{
  ACTIVATION_IDENTITY,
  ACTIVATION_SILU, /* v / (1 + exp (−v)), also called swish (Elfwing et al. 2018) */
  ACTIVATION_MISH, /* v · tanh (log (1 + exp (v))) (Misra 2019) */
  ACTIVATION_GELU, /* v · (1 + erf (v / √2)) / 2, not its approximation (Hendrycks and Gimpel 2016) */
  ACTIVATION_GELU_TANH, /* the approximation: v · (1 + tanh (√(2/π) (v + 0.044715 v³))) / 2 */
  ACTIVATION_RELU,      /* max (v, 0) */
} Activation;

double activation_value (Activation activation, double v);
