/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-picture.h: the keys of unet/config.json that say how a network sees the
 * picture; the same for every kind of network.
 */
#pragma once

#include "format/config-reader.h"
#include "format/config.h"

/* Reads and checks them. `in_channels`, `out_channels`: what diffusers takes where the
 * file says nothing; out_channels 0: as many as go in, and null says so too. What goes
 * in and out has to be what the picture (3 colours, or gray), the folding and the conditioning
 * make it, and the variance may go out with it. */
void config_read_picture (ConfigReader  *reader,
                          int            in_channels,
                          int            out_channels,
                          PictureConfig *picture);
