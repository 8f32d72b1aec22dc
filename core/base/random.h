/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * random.h: normal deviates that are a function of their address, not of the
 * order in which they are drawn. Any window, thread or repetition sees the same
 * noise at the same place, and no two places share theirs.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011) turns 128 bits of counter under 64 bits of key into
 * 128 random bits. Under one key it is a bijection: two places of one picture and
 * run never share a block.
 */
#pragma once

#include "diffusion.h"

typedef enum
{
  RANDOM_START,   /* the unknown pixels of x at the start */
  RANDOM_KNOWN,   /* the known pixels, forward-noised for a step */
  RANDOM_REVERSE, /* the noise of a reverse step */
  RANDOM_JUMP,    /* the noise of a jump back up (resampling) */
  RANDOM_FORWARD, /* a whole picture noised on purpose (denoise, method renoise) */
} RandomPurpose;

/* The part of the address that is the same all over a picture. */
typedef struct
{
  guint32       seed;
  RandomPurpose purpose;
  int           scale;      /* 0…255, of coarse-to-fine; 0: the picture's own */
  guint32       transition; /* its running number, jumps included; never the timestep */
} RandomStream;

/* The block cipher itself: 10 rounds. */
void random_philox (const guint32 counter[4], const guint32 key[2], guint32 out[4]);

/* How an address becomes key and counter; one to one. `group` holds the channels
 * 4·group … 4·group + 3, each of which is one of the block's four deviates. */
void random_pack (const RandomStream *stream,
                  int                 x,
                  int                 y,
                  int                 group,
                  guint32             counter[4],
                  guint32             key[2]);

/* The deviates of the channels 0…3 of one pixel; x, y are drawable coordinates
 * of any sign. */
void random_pixel (const RandomStream *stream, int x, int y, float normal[4]);

/* The deviates of a window, n_channels (1…4) × height × width. */
void random_window (const RandomStream  *stream,
                    const DiffusionRect *window,
                    int                  n_channels,
                    float               *planes);
