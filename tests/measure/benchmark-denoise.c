/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * benchmark-denoise.c: what a megapixel costs in pictures of 1 to 24 megapixels.
 *
 *   benchmark-denoise MODEL [THREADS [MEGAPIXELS...]]
 *
 * Each picture, in the shape 3:2 of a camera, is denoised as a whole through
 * diffusion_denoise. Processor seconds are the ones to compare: other programs delay them,
 * but count little in them. All are measured in turn, three times, and the least counts:
 * a processor's speed changes within a minute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/picture.h"
#include "model/tiled-model.h"

#define SIGMA 15.0

#define ROUNDS 3

/* The picture: this side, repeated. */
#define SIDE 512

/* A DiffusionSource's read; `data` is the Picture of SIDE². */
static gboolean
read_repeated (gpointer             data,
               const DiffusionRect *window,
               float               *pixels,
               float               *alpha,
               float               *selection,
               GError             **error)
{
  const Picture *picture = data;

  for (int y = 0; y < window->height; y++)
    for (int x = 0; x < window->width; x++)
      {
        gsize from = (gsize) ((window->y + y) % SIDE) * SIDE + (window->x + x) % SIDE;
        gsize to = (gsize) y * window->width + x;

        for (int c = 0; pixels != NULL && c < picture->n_channels; c++)
          pixels[(gsize) c * window->width * window->height + to] =
            picture->pixels[c * picture->size + from];
        if (alpha != NULL)
          alpha[to] = 1.0f;
        if (selection != NULL)
          selection[to] = 1.0f;
      }
  return TRUE;
}

/* A DiffusionSink's write: nobody looks. */
static gboolean
write_nowhere (gpointer data, const DiffusionRect *window, const float *pixels, GError **error)
{
  return TRUE;
}

typedef struct
{
  int    width, height;
  double seconds, processor; /* for each megapixel, at least */
} Cost;

static void
measure (DiffusionModel *model, DiffusionWorkers *workers, Picture *picture, Cost *cost)
{
  DiffusionRect            all = { 0, 0, cost->width, cost->height };
  DiffusionSource          source = { .width = cost->width,
                                      .height = cost->height,
                                      .n_channels = picture->n_channels,
                                      .read = read_repeated,
                                      .data = picture };
  DiffusionSink            sink = { write_nowhere, NULL };
  DiffusionDenoiseSettings settings = { .sigma = SIGMA };
  double                   n = cost->width / 1e6 * cost->height;
  gint64                   start = g_get_monotonic_time ();
  clock_t                  busy = clock ();
  GError                  *error = NULL;
  double                   seconds, processor;

  if (!diffusion_denoise (model, workers, &source, &sink, &all, &settings, NULL, &error))
    g_error ("%s", error->message);
  seconds = (g_get_monotonic_time () - start) / 1e6 / n;
  processor = (double) (clock () - busy) / CLOCKS_PER_SEC / n;
  cost->seconds = MIN (cost->seconds, seconds);
  cost->processor = MIN (cost->processor, processor);
}

int
main (int argc, char **argv)
{
  static const double usual[] = { 1, 4, 12, 24 };

  int               n = argc > 3 ? argc - 3 : (int) G_N_ELEMENTS (usual);
  double            least = G_MAXDOUBLE, most = 0.0;
  Cost             *costs = g_new0 (Cost, n);
  GError           *error = NULL;
  Picture          *picture = picture_new (SIDE, SIDE, 3);
  DiffusionModel   *model;
  DiffusionWorkers *workers;

  if (argc < 2 || !(model = diffusion_model_load (argv[1], &error)))
    g_error ("%s", error ? error->message : "benchmark-denoise MODEL [THREADS [MEGAPIXELS...]]");
  workers = diffusion_workers_new (argc > 2 ? atoi (argv[2]) : 1);
  picture_paint (picture);
  picture_add_noise (picture, SIGMA, 1);

  for (int i = 0; i < n; i++)
    {
      costs[i].height = (int) sqrt ((argc > 3 ? atof (argv[3 + i]) : usual[i]) * 1e6 / 1.5);
      costs[i].width = 3 * costs[i].height / 2;
      costs[i].seconds = costs[i].processor = G_MAXDOUBLE;
    }
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < n; i++)
      measure (model, workers, picture, &costs[i]);

  TilesCut cut = tiled_model_cut_denoise (model);

  printf ("Denoise, for each megapixel\n"
          "| picture | windows | seconds | processor seconds | to the cheapest before |\n"
          "|---|---|---|---|---|\n");
  for (int i = 0; i < n; i++)
    {
      const Cost *cost = &costs[i];

      least = MIN (least, cost->processor);
      most = MAX (most, cost->processor);
      printf ("| %d × %d | %d | %.2f | %.2f | %.3f × |\n", cost->width, cost->height,
              tiles_axis (cost->width, &cut).n * tiles_axis (cost->height, &cut).n, cost->seconds,
              cost->processor, cost->processor / least);
    }
  printf ("A megapixel costs at most %.1f %% more in one of them than in another.\n",
          100.0 * (most / least - 1.0));

  g_free (costs);
  picture_free (picture);
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return 0;
}
