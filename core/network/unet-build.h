/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unet-build.h: the graph of a U-Net, from its configuration and a file of weights.
 */
#pragma once

#include "format/config.h"
#include "format/safetensors.h"
#include "network/graph.h"

/* `config` as unet_config_read made it: groups and heads divide the channels.
 * `metadata_only`: the tensors are checked by the file's header and not read, the layers
 * have sizes and no weights; memory and cost are known, nothing can run.
 * Errors: DIFFUSION_ERROR_MODEL, DIFFUSION_ERROR_MEMORY. */
Graph *unet_build (const UnetConfig *config,
                   Safetensors      *file,
                   gboolean          metadata_only,
                   const Kernels    *kernels,
                   GError          **error);
