/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-accuracy.c: Gaussian noise on each picture (binary PPM or PGM) on standard
 * input, taken out again by diffusion_denoise; tests/measure/denoise-accuracy.py feeds it.
 *
 *   denoise-accuracy MODEL SIGMA float|8-bit given|estimated
 *
 * float: the noise as it is, as in the papers; 8-bit: clipped and rounded after it.
 * given: σ is told. Prints of each picture: PSNR before and after (dB, the pictures
 * clipped to 0…1), the σ that was used, the processor's seconds.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/ppm.h"

static double
psnr (const Picture *picture, const float *clean, const float *pixels)
{
  gsize  n = picture->n_channels * picture->size;
  double sum = 0.0;

  for (gsize i = 0; i < n; i++)
    sum += pow (CLAMP (pixels[i], 0.0f, 1.0f) - clean[i], 2.0);
  return 10.0 * log10 (n / MAX (sum, 1e-12 * n));
}

int
main (int argc, char **argv)
{
  GError           *error = NULL;
  DiffusionModel   *model;
  DiffusionWorkers *workers;
  Picture          *picture;
  double            sigma;

  if (argc != 5)
    g_error ("denoise-accuracy MODEL SIGMA float|8-bit given|estimated");
  model = diffusion_model_load (argv[1], &error);
  if (model == NULL)
    g_error ("%s", error->message);
  workers = diffusion_workers_new (g_get_num_processors ());
  sigma = g_ascii_strtod (argv[2], NULL);

  for (guint32 seed = 0; (picture = ppm_read (stdin)); seed++)
    {
      gsize                    n = picture->n_channels * picture->size;
      float                   *clean = g_memdup2 (picture->pixels, n * sizeof (float));
      DiffusionSource          source = picture_source (picture);
      DiffusionSink            sink = picture_sink (picture);
      DiffusionRect            all = { 0, 0, picture->width, picture->height };
      DiffusionDenoiseSettings settings = { .sigma = strcmp (argv[4], "given") ? 0.0 : sigma };
      clock_t                  start = clock ();

      picture_add_noise (picture, sigma, seed);
      for (gsize i = 0; !strcmp (argv[3], "8-bit") && i < n; i++)
        picture->pixels[i] = roundf (255.0f * CLAMP (picture->pixels[i], 0.0f, 1.0f)) / 255.0f;
      if (!diffusion_denoise (model, workers, &source, &sink, &all, &settings, NULL, &error))
        g_error ("%s", error->message);
      printf ("%.4f %.4f %.3f %.3f\n", psnr (picture, clean, picture->pixels),
              psnr (picture, clean, picture->result), settings.sigma,
              (double) (clock () - start) / CLOCKS_PER_SEC);
      fflush (stdout);
      g_free (clean);
      picture_free (picture);
    }
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return 0;
}
