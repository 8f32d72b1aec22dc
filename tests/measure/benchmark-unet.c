/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * benchmark-unet.c: how long the network of a model folder takes.
 *
 *   benchmark-unet FOLDER SIZE THREADS [KERNELS]          a table of its layers
 *   benchmark-unet --serve FOLDER SIZE THREADS [KERNELS]  for tests/measure/benchmark.py: says
 *       "ready"; then, for each line it reads, evaluates once and says how many
 *       seconds it took.
 *
 * SIZE is the side of a square window in pixels, KERNELS the name of a set of
 * kernels in place of the fastest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>

#include "kernels/dispatch.h"
#include "format/safetensors.h"
#include "network/unet.h"

#define WARM_UPS    3
#define ROUNDS      21
#define MAX_LAYERS  512
#define MAX_THREADS 256

typedef struct
{
  char  *name;
  int    width, height, channels;
  double macs;
  int    blocks;
  double seconds[ROUNDS];
  double busy[ROUNDS]; /* seconds in blocks, of all threads together */
} Layer;

typedef struct
{
  Layer  layers[MAX_LAYERS];
  int    n_layers;
  int    next;  /* of the present round */
  int    round; /* negative: warming up */
  gint64 last;  /* monotonic time when the layer before ended */

  /* By thread; of the present layer, but for `longest`: of a round. */
  gint64 busy[MAX_THREADS], longest[MAX_THREADS];
  int    blocks[MAX_THREADS];
  double longest_block[ROUNDS];
} Table;

static double
seconds_since (gint64 start)
{
  return (g_get_monotonic_time () - start) * 1e-6;
}

static void
note_block (gpointer data, int worker, gint64 microseconds)
{
  Table *table = data;

  table->busy[worker] += microseconds;
  table->longest[worker] = MAX (table->longest[worker], microseconds);
  table->blocks[worker]++;
}

static void
note_layer (gpointer data, const UnetLayer *layer)
{
  Table       *table = data;
  Layer       *row = &table->layers[table->next];
  const double seconds = seconds_since (table->last);
  gint64       busy = 0;

  g_assert (table->next < MAX_LAYERS);
  if (!row->name)
    {
      row->name = g_strdup (layer->name);
      row->width = layer->map->width;
      row->height = layer->map->height;
      row->channels = layer->map->channels;
      row->macs = layer->macs;
    }

  row->blocks = 0;
  for (int i = 0; i < MAX_THREADS; i++)
    {
      busy += table->busy[i];
      row->blocks += table->blocks[i];
      table->busy[i] = table->blocks[i] = 0;
    }
  if (table->round >= 0)
    {
      row->seconds[table->round] = seconds;
      row->busy[table->round] = busy * 1e-6;
    }
  table->next++;
  table->n_layers = MAX (table->n_layers, table->next);
  table->last = g_get_monotonic_time ();
}

/* The longest block since this was last asked, in seconds. */
static double
take_longest (Table *table)
{
  gint64 longest = 0;

  for (int i = 0; i < MAX_THREADS; i++)
    {
      longest = MAX (longest, table->longest[i]);
      table->longest[i] = 0;
    }
  return longest * 1e-6;
}

static int
compare (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values, int n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

/* The round in which a layer was fastest: what it takes when nothing else runs. */
static int
fastest (const double *values, int n)
{
  int best = 0;

  for (int i = 1; i < n; i++)
    if (values[i] < values[best])
      best = i;
  return best;
}

/* Multiply-accumulates a second that OpenBLAS does at its best: on its own threads, of a
 * size that it likes. */
static double
measure_products (int n_threads)
{
  const int n = 2048;
  float    *a = g_new (float, 3 * n * n);
  double    best = 0.0;

  openblas_set_num_threads (n_threads);
  for (int i = 0; i < 3 * n * n; i++)
    a[i] = i % 17 * 0.1f;
  for (int i = 0; i < 9; i++)
    {
      gint64 start = g_get_monotonic_time ();

      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, a, n, a + n * n, n,
                   0.0f, a + 2 * n * n, n);
      best = MAX (best, (double) n * n * n / seconds_since (start));
    }
  g_free (a);
  openblas_set_num_threads (1);
  return best;
}

/* One line for each layer. "products" is the share of its time in which OpenBLAS
 * at its best would do the products that are left after Winograd, "waits" that
 * of threads without a block; what remains goes to the transforms, to SiLU and
 * to memory. The first line also has the time embedding and the copying of the input. */
static void
print_layers (const Table *table, double peak, int n_threads)
{
  printf ("%-34s %13s %8s %8s %6s %9s %6s  %s\n", "layer", "result", "ms", "GMAC/s", "blocks",
          "products", "waits", "limit");
  for (int i = 0; i < table->n_layers; i++)
    {
      const Layer *row = &table->layers[i];
      const int    best = fastest (row->seconds, ROUNDS);
      const double seconds = row->seconds[best];
      const double products = row->macs / peak / seconds;
      const double waits = MAX (1.0 - row->busy[best] / (n_threads * seconds), 0.0);
      const double rest = 1.0 - products - waits;
      const char  *limit = "products";

      if (waits > products && waits > rest)
        limit = "too few blocks";
      else if (rest > products)
        limit = "transforms, memory";
      printf ("%-34s %4d×%4d×%3d %8.3f %8.1f %6d %9.2f %6.2f  %s\n", row->name, row->width,
              row->height, row->channels, seconds * 1e3, 1e-9 * row->macs / seconds, row->blocks,
              products, waits, limit);
    }
}

static void
print_totals (Table *table, double peak, double *totals, int n_threads)
{
  double macs = 0.0, total, longest;

  for (int i = 0; i < table->n_layers; i++)
    macs += table->layers[i].macs;
  total = median (totals, ROUNDS);
  longest = median (table->longest_block, ROUNDS);

  printf (
    "%.4f s an evaluation (median of %d; fastest %.4f; in the table: the fastest of each layer)\n",
    total, ROUNDS, totals[0]);
  printf ("%.2f GMAC done, %.1f a second: %.2f of OpenBLAS at its best (2048³ on %d thread(s))\n",
          macs * 1e-9, macs * 1e-9 / total, macs / total / peak, n_threads);
  printf ("%.2f ms the longest block (median; at worst %.2f), all that a cancel waits for\n",
          longest * 1e3, table->longest_block[ROUNDS - 1] * 1e3);
}

static void
print_memory (const Unet *unet, const UnetConfig *config, int size, int n_threads)
{
  const int    side = size / config->picture.pixel_unshuffle;
  const int    large = 2048;
  const double per_pixel =
    (double) unet_memory (unet, large / config->picture.pixel_unshuffle,
                          large / config->picture.pixel_unshuffle, n_threads) /
    ((double) large * large);

  printf ("%.1f MB of memory beside the weights; of large windows %.0f MB a megapixel\n",
          unet_memory (unet, side, side, n_threads) * 1e-6, per_pixel);
}

static void
fail (GError *error)
{
  fprintf (stderr, "benchmark-unet: %s\n", error->message);
  exit (1);
}

/* Numbers as a picture might have them: what they are does not change the time. */
static float *
make_input (const UnetConfig *config, int side)
{
  const int stride = KERNEL_PAD (config->picture.in_channels);
  float    *input = g_new0 (float, (gsize) side *side *stride);

  for (gsize i = 0; i < (gsize) side * side; i++)
    for (int c = 0; c < config->picture.in_channels; c++)
      input[i * stride + c] = (i * 31 + c * 17) % 101 * 0.02f - 1.0f;
  return input;
}

static void
evaluate (Unet             *unet,
          DiffusionWorkers *workers,
          const UnetConfig *config,
          const float      *input,
          int               side)
{
  GError *error = NULL;
  float  *map = unet_begin (unet, workers, side, side, &error);

  if (!map)
    fail (error);
  memcpy (map, input, sizeof *map * side * side * KERNEL_PAD (config->picture.in_channels));
  if (!unet_run (unet, workers, 500.0, NULL, &error))
    fail (error);
}

static void
serve (Unet             *unet,
       DiffusionWorkers *workers,
       const UnetConfig *config,
       const float      *input,
       int               side)
{
  char line[16];

  printf ("ready\n");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin))
    {
      gint64 start = g_get_monotonic_time ();

      evaluate (unet, workers, config, input, side);
      printf ("%.6f\n", seconds_since (start));
      fflush (stdout);
    }
}

static void
measure (Unet             *unet,
         DiffusionWorkers *workers,
         const UnetConfig *config,
         const float      *input,
         int               size)
{
  const int n_threads = workers_get_n (workers);
  double    peak = measure_products (n_threads);
  Table    *table = g_new0 (Table, 1);
  double    totals[ROUNDS];

  unet_set_trace (unet, note_layer, table);
  workers_set_trace (workers, note_block, table);
  for (table->round = -WARM_UPS; table->round < ROUNDS; table->round++)
    {
      gint64 start = table->last = g_get_monotonic_time ();
      double longest;

      table->next = 0;
      evaluate (unet, workers, config, input, size / config->picture.pixel_unshuffle);
      longest = take_longest (table);
      if (table->round >= 0)
        {
          totals[table->round] = seconds_since (start);
          table->longest_block[table->round] = longest;
        }
    }
  unet_set_trace (unet, NULL, NULL);
  workers_set_trace (workers, NULL, NULL);

  /* What it can do at its best: something may have disturbed it before. */
  peak = MAX (peak, measure_products (n_threads));

  print_layers (table, peak, n_threads);
  print_totals (table, peak, totals, n_threads);
  print_memory (unet, config, size, n_threads);
  for (int i = 0; i < table->n_layers; i++)
    g_free (table->layers[i].name);
  g_free (table);
}

/* NULL: the fastest. */
static const Kernels *
get_kernels (const char *name)
{
  for (const Kernels *const *table = kernels_list (); name && *table; table++)
    if (strcmp ((*table)->name, name) == 0)
      return *table;
  if (name)
    {
      fprintf (stderr, "No kernels “%s” on this processor.\n", name);
      exit (2);
    }
  return NULL;
}

int
main (int argc, char **argv)
{
  const gboolean    serving = argc > 1 && strcmp (argv[1], "--serve") == 0;
  char            **arguments = argv + serving;
  GError           *error = NULL;
  UnetConfig        config;
  char             *config_path, *weights_path;
  float            *input;
  DiffusionWorkers *workers;
  Safetensors      *weights = NULL;
  Unet             *unet = NULL;
  int               size;

  if (argc - serving < 4 || argc - serving > 5)
    {
      fprintf (stderr, "usage: benchmark-unet [--serve] FOLDER SIZE THREADS [KERNELS]\n");
      return 2;
    }

  config_path = g_build_filename (arguments[1], "unet", "config.json", NULL);
  weights_path =
    g_build_filename (arguments[1], "unet", "diffusion_pytorch_model.safetensors", NULL);
  size = atoi (arguments[2]);
  workers = diffusion_workers_new (MIN (atoi (arguments[3]), MAX_THREADS));

  if (!unet_config_read (&config, config_path, &error) ||
      !(weights = safetensors_open (weights_path, &error)) ||
      !(unet = unet_new (&config, weights, get_kernels (arguments[4]), &error)))
    fail (error);
  safetensors_close (weights);

  input = make_input (&config, size / config.picture.pixel_unshuffle);
  if (serving)
    serve (unet, workers, &config, input, size / config.picture.pixel_unshuffle);
  else
    measure (unet, workers, &config, input, size);

  g_free (input);
  unet_free (unet);
  diffusion_workers_free (workers);
  g_free (config_path);
  g_free (weights_path);
  return 0;
}
