/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * benchmark-kernels.c: how fast each kernel is with each table that this processor can
 * run, as checkasm's --bench tells it: nanoseconds a call, and how many times as fast
 * as the reference.
 *
 *   benchmark-kernels [--rounds N] [KERNEL...]
 *
 * Shapes are those of the bundled network's second level: a row of 64 pixels of 96
 * channels. The tables take turns, the fastest of N rounds (9) counts: other work on the
 * machine only makes calls slower.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tables.h"
#include "support/numbers.h"

#define PIXELS   64
#define CHANNELS 96
#define PANELS   (CHANNELS / KERNEL_CHUNK)
#define TILES    (PIXELS / WINOGRAD_OUT)
#define LINES    4
#define SIZE     (1 << 18) /* floats; more than any kernel here reaches */

/* Nanoseconds that a round of one kernel and table takes at least. */
#define ROUND_NS 2e6

typedef struct
{
  float *in, *weights, *out, *v, *stats;
  float *split; /* `in` in split numbers */
} Data;

static void
product (const Kernels *k, const Data *d)
{
  const ProductTerm term = { d->in, CHANNELS, d->weights, CHANNELS };

  k->product (d->out, CHANNELS, PIXELS, CHANNELS, &term, 1, CHANNELS * KERNEL_CHUNK, FALSE);
}

static void
activate (const Kernels *k, const Data *d)
{
  k->activate (d->out, KERNEL_CHUNK, d->in, CHANNELS, PIXELS, d->weights, d->weights + 16,
               ACTIVATION_SILU);
}

static void
copy (const Kernels *k, const Data *d)
{
  k->copy (d->out, d->in, CHANNELS, 0, PIXELS, 1);
}

static void
winograd_input (const Kernels *k, const Data *d)
{
  const float *rows[WINOGRAD_IN];

  for (int i = 0; i < WINOGRAD_IN; i++)
    rows[i] = d->in + i * (PIXELS + 16) * KERNEL_CHUNK;
  k->winograd_input (d->v, TILES * CHANNELS, CHANNELS, rows, TILES);
}

static void
winograd_output (const Kernels *k, const Data *d)
{
  const Finish finish = { d->weights, 1.0f, d->stats, CHANNELS, FALSE };

  k->winograd_output (d->out, PIXELS * CHANNELS, CHANNELS, WINOGRAD_OUT, WINOGRAD_OUT, d->v,
                      TILES * CHANNELS, CHANNELS, NULL, &finish);
}

static void
finish (const Kernels *k, const Data *d)
{
  const Finish f = { d->weights, 1.0f, d->stats, CHANNELS, FALSE };

  k->finish (d->out, CHANNELS, PIXELS, CHANNELS, d->in, &f);
}

static void
layer_norm (const Kernels *k, const Data *d)
{
  k->layer_norm (d->out, CHANNELS, d->in, CHANNELS, PIXELS, CHANNELS, 1e-6f, d->weights,
                 d->weights + CHANNELS);
}

static void
add_gated (const Kernels *k, const Data *d)
{
  k->add_gated (d->out, d->in, CHANNELS, PIXELS, CHANNELS, d->weights, d->weights + CHANNELS);
}

static void
exp_sum (const Kernels *k, const Data *d)
{
  memcpy (d->out, d->in, PIXELS * CHANNELS * sizeof (float));
  k->exp_sum (d->out, PIXELS * CHANNELS, 1.0f);
}

static void
silu (const Kernels *k, const Data *d)
{
  memcpy (d->out, d->in, PIXELS * CHANNELS * sizeof (float));
  k->silu (d->out, PIXELS * CHANNELS);
}

static void
bf16x2 (const Kernels *k, const Data *d)
{
  k->bf16x2 (d->v, d->in, d->in + KERNEL_CHUNK, CHANNELS, PIXELS);
}

/* LINES rows of a 3×3 convolution. */
static void
bf16x2_product (const Kernels *k, const Data *d)
{
  const gsize         line = (PIXELS + 2) * KERNEL_BF16X2, plane = (LINES + 2) * line;
  const int           chunks = CHANNELS / KERNEL_BF16X2;
  gsize               taps[9];
  const Bf16x2Product call = {
    .a = d->split,
    .a_pixel = KERNEL_BF16X2,
    .a_line = line,
    .a_chunk = plane,
    .taps = taps,
    .n_taps = 9,
    .n_chunks = chunks,
    .b = d->split,
    .b_panel = 9 * chunks * KERNEL_BF16X2 * KERNEL_CHUNK,
    .c = d->out,
    .c_pixel = CHANNELS,
    .c_line = PIXELS * CHANNELS,
    .n_pixels = PIXELS,
    .n_lines = LINES,
    .n_panels = PANELS,
  };

  for (int i = 0; i < 9; i++)
    taps[i] = i / 3 * line + i % 3 * KERNEL_BF16X2;
  k->bf16x2_product (&call);
}

static const struct
{
  const char *name;
  void (*run) (const Kernels *, const Data *);
  gboolean bf16x2; /* only in tables that prefer it, and in the reference */
} kernels[] = {
  { "product", product, FALSE },
  { "activate", activate, FALSE },
  { "copy", copy, FALSE },
  { "winograd_input", winograd_input, FALSE },
  { "winograd_output", winograd_output, FALSE },
  { "finish", finish, FALSE },
  { "layer_norm", layer_norm, FALSE },
  { "add_gated", add_gated, FALSE },
  { "exp_sum", exp_sum, FALSE },
  { "silu", silu, FALSE },
  { "bf16x2", bf16x2, TRUE },
  { "bf16x2_product", bf16x2_product, TRUE },
};

/* Nanoseconds a call: as many calls as fill a round. */
static double
measure (void (*run) (const Kernels *, const Data *), const Kernels *table, const Data *data)
{
  for (int n = 1;; n *= 2)
    {
      const gint64 start = g_get_monotonic_time ();
      double       ns;

      for (int i = 0; i < n; i++)
        run (table, data);
      ns = (g_get_monotonic_time () - start) * 1e3;
      if (ns >= ROUND_NS)
        return ns / n;
    }
}

static void
benchmark (guint which, int n_rounds, const Data *data)
{
  const Kernels *const *tables = kernels_list ();
  double                best[KERNELS_TABLES_MAX] = { 0.0 };

  for (int round = 0; round < n_rounds; round++)
    for (int t = 0; tables[t]; t++)
      if (!kernels[which].bf16x2 || tables[t]->bf16x2)
        {
          double ns = measure (kernels[which].run, tables[t], data);

          best[t] = round > 0 ? MIN (best[t], ns) : ns;
        }
  printf ("%-16s %s %.0f ns", kernels[which].name, tables[0]->name, best[0]);
  for (int t = 1; tables[t]; t++)
    if (best[t] > 0.0)
      printf ("  %s %.0f ns (%.1f x)", tables[t]->name, best[t], best[0] / best[t]);
  printf ("\n");
}

static gboolean
wanted (const char *name, int n, char **names)
{
  for (int i = 0; i < n; i++)
    if (strcmp (names[i], name) == 0)
      return TRUE;
  return n == 0;
}

int
main (int argc, char **argv)
{
  GRand *rand = g_rand_new_with_seed (1);
  Data   data = { random_new (rand, SIZE, 1.0), random_new (rand, SIZE, 1.0),
                  random_new (rand, SIZE, 1.0), random_new (rand, SIZE, 1.0),
                  random_new (rand, SIZE, 1.0), random_new (rand, SIZE, 1.0) };
  int    n_rounds = 9, first = 1;

  kernels_reference.bf16x2 (data.split, data.in, data.in + KERNEL_CHUNK, KERNEL_BF16X2,
                            SIZE / KERNEL_BF16X2 - 1);
  if (argc > 2 && strcmp (argv[1], "--rounds") == 0)
    {
      n_rounds = MAX (atoi (argv[2]), 1);
      first = 3;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    if (wanted (kernels[i].name, argc - first, argv + first))
      benchmark (i, n_rounds, &data);
  for (guint i = 0; i < G_N_ELEMENTS (tables_fast); i++)
    if (!tables_get (tables_fast[i]))
      printf ("not run: this processor has no %s\n", tables_fast[i]);

  aligned_free (data.in);
  aligned_free (data.weights);
  aligned_free (data.out);
  aligned_free (data.v);
  aligned_free (data.stats);
  aligned_free (data.split);
  g_rand_free (rand);
  return 0;
}
