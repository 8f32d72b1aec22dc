/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * error.c: the error domain of core/.
 */
#include "diffusion.h"

/* clang-format off: the name is made a string as it stands */
G_DEFINE_QUARK (diffusion - error - quark, diffusion_error)
