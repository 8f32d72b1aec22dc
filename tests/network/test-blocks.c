/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-blocks.c: how the work of a network is cut. One, two and three workers
 * give the same bytes, with every table of kernels that this processor runs and
 * as every kind of processor that OpenBLAS can take it for; and a cancelled
 * layer begins no further block.
 */
#include <string.h>

#include <cblas.h>

#include "support/tables.h"
#include "format/safetensors.h"
#include "network/unet.h"

#define MAX_WORKERS 3

/* --- Networks ------------------------------------------------------------- */

/* The one has every layer, attention (and so OpenBLAS) among them; the other
 * has maps large enough to be cut into many blocks. */
static char *
attention_folder (void)
{
  return g_test_build_filename (G_TEST_DIST, "data", "unet-attention", NULL);
}

static char *
bundled_folder (void)
{
  return g_strdup (g_getenv ("DIFFUSION_WEIGHTS"));
}

typedef struct
{
  UnetConfig   config;
  Safetensors *weights;
} Network;

static void
network_open (Network *network, char *folder) /* taken */
{
  char   *config = g_build_filename (folder, "unet", "config.json", NULL);
  char   *weights = g_build_filename (folder, "unet", "diffusion_pytorch_model.safetensors", NULL);
  GError *error = NULL;

  unet_config_read (&network->config, config, &error);
  g_assert_no_error (error);
  network->weights = safetensors_open (weights, &error);
  g_assert_no_error (error);
  g_free (folder);
  g_free (config);
  g_free (weights);
}

/* `cancel`: when cancelled meanwhile there is no result, NULL. */
static float *
network_run (const Network *network,
             const Kernels *kernels,
             int            n_workers,
             int            width,
             int            height,
             GCancellable  *cancel)
{
  const int         stride = KERNEL_PAD (network->config.picture.in_channels);
  DiffusionWorkers *workers = diffusion_workers_new (n_workers);
  GError           *error = NULL;
  Unet             *unet = unet_new (&network->config, network->weights, kernels, &error);
  float            *map, *copy = NULL;
  const float      *result;

  g_assert_no_error (error);
  map = unet_begin (unet, workers, width, height, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < (gsize) width * height; i++)
    for (int c = 0; c < stride; c++)
      map[i * stride + c] =
        c < network->config.picture.in_channels ? (i * 31 + c * 17) % 101 * 0.02f - 1.0f : 0.0f;

  result = unet_run (unet, workers, 437.25, cancel, &error);
  if (cancel)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else
    {
      g_assert_no_error (error);
      copy =
        g_memdup2 (result, (gsize) width * height *
                             KERNEL_PAD (network->config.picture.out_channels) * sizeof *result);
    }
  g_clear_error (&error);
  unet_free (unet);
  diffusion_workers_free (workers);
  return copy;
}

/* --- The same bytes ------------------------------------------------------- */

static void
check_workers (const Network *network, const Kernels *kernels, int width, int height)
{
  const gsize size =
    (gsize) width * height * KERNEL_PAD (network->config.picture.out_channels) * sizeof (float);
  float *one = network_run (network, kernels, 1, width, height, NULL);

  for (int n = 2; n <= MAX_WORKERS; n++)
    {
      float *more = network_run (network, kernels, n, width, height, NULL);

      g_assert_cmpmem (more, size, one, size);
      g_free (more);
    }
  g_free (one);
}

static void
test_tables (void)
{
  Network network;

  network_open (&network, bundled_folder ());
  /* The scalar reference would take minutes. */
  for (const Kernels *const *table = kernels_list () + 1; *table; table++)
    {
      g_test_message ("%s", (*table)->name);
      check_workers (&network, *table, 56, 40);
      check_workers (&network, *table, 128, 88);
    }
  safetensors_close (network.weights);
}

/* In a process of its own: OpenBLAS reads the variable when it is loaded. */
static void
test_core_type_here (void)
{
  const char *core_type = g_getenv ("OPENBLAS_CORETYPE");
  Network     network;

  /* As it is spelt there; else the process below has tested something else. */
  if (core_type)
    g_assert_cmpint (g_ascii_strcasecmp (openblas_get_corename (), core_type), ==, 0);

  network_open (&network, attention_folder ());
  for (const Kernels *const *table = kernels_list () + 1; *table; table++)
    {
      check_workers (&network, *table, 20, 12);
      check_workers (&network, *table, 36, 28);
    }
  safetensors_close (network.weights);
}

#if defined(__x86_64__)
static void
check_core_type (const char *core_type)
{
  g_test_message ("%s", core_type ? core_type : "as OpenBLAS finds it");
  if (core_type)
    g_setenv ("OPENBLAS_CORETYPE", core_type, TRUE);
  else
    g_unsetenv ("OPENBLAS_CORETYPE");
  g_test_trap_subprocess ("/blocks/core-type/subprocess", 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}
#endif

static void
test_core_types (void)
{
#if defined(__x86_64__)
  char *before = g_strdup (g_getenv ("OPENBLAS_CORETYPE"));

  check_core_type (NULL);
  __builtin_cpu_init ();
  check_core_type ("Prescott");
  if (__builtin_cpu_supports ("sse4.2"))
    check_core_type ("Nehalem");
  if (__builtin_cpu_supports ("avx"))
    check_core_type ("Sandybridge");
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    {
      check_core_type ("Haswell");
      check_core_type ("Zen");
    }
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512vl") &&
      __builtin_cpu_supports ("avx512bw") && __builtin_cpu_supports ("avx512dq"))
    check_core_type ("SkylakeX");

  if (before)
    g_setenv ("OPENBLAS_CORETYPE", before, TRUE);
  g_free (before);
#else
  /* There is one to choose; and in qemu a process cannot start itself. */
  test_core_type_here ();
#endif
}

/* --- Cancelling ----------------------------------------------------------- */

/* A table of kernels that counts the tiles it finishes and cancels at one. */
static const Kernels *counted;
static GCancellable  *counted_cancel;
static int            cancel_at;     /* tile */
static int            n_tiles;       /* atomic */
static int            tiles_at_stop; /* atomic; 0: not yet */

static void
count_tile (float        *out,
            gsize         out_row,
            gsize         out_pixel,
            int           n_rows,
            int           n_columns,
            const float  *m,
            gsize         m_product,
            int           n_channels,
            const float  *residual,
            const Finish *finish)
{
  if (g_atomic_int_add (&n_tiles, 1) + 1 == cancel_at)
    {
      g_cancellable_cancel (counted_cancel);
      g_atomic_int_set (&tiles_at_stop, g_atomic_int_get (&n_tiles));
    }
  counted->winograd_output (out, out_row, out_pixel, n_rows, n_columns, m, m_product, n_channels,
                            residual, finish);
}

/* The first layer of the bundled network is cut into blocks of 8 × 8 tiles. */
#define WIDTH       256
#define HEIGHT      192
#define LAYER_TILES (WIDTH / 4 * HEIGHT / 4)
#define BLOCK_TILES 64

static void
test_cancel (void)
{
  static const int at[] = { 1, BLOCK_TILES, 5 * BLOCK_TILES + 7, LAYER_TILES - 4 * BLOCK_TILES };
  Kernels          table = *kernels_get ();
  Network          network;

  counted = kernels_get ();
  table.winograd_output = count_tile;
  network_open (&network, bundled_folder ());

  for (int n = 1; n <= MAX_WORKERS; n++)
    for (guint i = 0; i < G_N_ELEMENTS (at); i++)
      {
        cancel_at = at[i];
        n_tiles = tiles_at_stop = 0;
        counted_cancel = g_cancellable_new ();
        g_assert_null (network_run (&network, &table, n, WIDTH, HEIGHT, counted_cancel));

        /* Each worker ends the block it is in. */
        g_assert_cmpint (tiles_at_stop, >=, at[i]);
        g_assert_cmpint (n_tiles, <=, tiles_at_stop + n * BLOCK_TILES);
        g_assert_cmpint (n_tiles, <, LAYER_TILES);
        g_object_unref (counted_cancel);
      }
  safetensors_close (network.weights);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blocks/tables", test_tables);
  g_test_add_func ("/blocks/core-types", test_core_types);
  g_test_add_func ("/blocks/core-type/subprocess", test_core_type_here);
  g_test_add_func ("/blocks/cancel", test_cancel);
  tables_add_missing ("/blocks/tables");
  return g_test_run ();
}
