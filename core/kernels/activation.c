/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * activation.c: the functions between the layers of a network.
 */
#include "kernels/activation.h"

#include <math.h>

#include <glib.h>

double
activation_value (Activation activation, double v)
{
  switch (activation)
    {
    case ACTIVATION_IDENTITY:
      return v;
    case ACTIVATION_SILU:
      return v / (1.0 + exp (-v));
    case ACTIVATION_MISH:
      return v * tanh (v > 30.0 ? v : log1p (exp (v)));
    case ACTIVATION_GELU:
      return 0.5 * v * erfc (-v * sqrt (0.5));
    case ACTIVATION_GELU_TANH:
      return 0.5 * v * (1.0 + tanh (sqrt (2.0 / G_PI) * (v + 0.044715 * v * v * v)));
    case ACTIVATION_RELU:
      return v > 0.0 ? v : 0.0;
    }
  return v;
}
