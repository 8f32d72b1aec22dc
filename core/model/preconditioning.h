/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preconditioning.h: v of the picture from the output of a network that starts from the
 * guess y ("guess_deviation" in a model folder).
 *
 * The network's output F is v of the process in which (x_0 − y) / s takes the
 * place of x_0. With D = s² ᾱ + 1 − ᾱ
 *
 *   x_t − √ᾱ y = s √ᾱ (x_0 − y) / s + √(1−ᾱ) ε
 *   v = √ᾱ ε − √(1−ᾱ) x_0 = s F / √D + √(1−ᾱ) (√ᾱ (1 − s²) x_t − y) / D
 *
 * F = 0 is the best linear estimate of x_0 from x_t under the prior N(y, s²), so
 * that nothing of the guess has to pass through the network: the skip of Karras
 * et al. 2022 ("Elucidating the design space of diffusion-based generative
 * models", eq. 7) around y in place of 0. s = 1 and y = 0 give v = F.
 */
#pragma once

#include <glib.h>

/* n values each of x_t, y and, in `v`, F on entry and v on return. s > 0 is in
 * the −1…1 range, as x_t and y are; alpha_bar 0…1. */
void preconditioning_to_v (double       s,
                           double       alpha_bar,
                           gsize        n,
                           const float *x_t,
                           const float *y,
                           float       *v);
