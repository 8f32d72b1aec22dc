/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * denoise-files.c MODEL SIGMA: denoises each picture (binary PPM or PGM) on standard input
 * and writes it to standard output, clipped and rounded to 8 bits. SIGMA 0: estimated. What
 * was found goes to standard error, a line for each: σ used, σ at half size (0: white noise),
 * the kind of noise, 1 where JPEG's blocks show, the share of impulses, the network's
 * macs. tests/measure/real-noise.py feeds it.
 */
#include "support/ppm.h"

int
main (int argc, char **argv)
{
  GError           *error = NULL;
  DiffusionModel   *model = argc == 3 ? diffusion_model_load (argv[1], &error) : NULL;
  DiffusionWorkers *workers = diffusion_workers_new (1);
  Picture          *picture;

  if (model == NULL)
    g_error ("denoise-files MODEL SIGMA: %s", error ? error->message : "two arguments");
  while ((picture = ppm_read (stdin)))
    {
      DiffusionSource          source = picture_source (picture);
      DiffusionSink            sink = picture_sink (picture);
      DiffusionRect            all = { 0, 0, picture->width, picture->height };
      DiffusionDenoiseSettings settings = { .sigma = g_ascii_strtod (argv[2], NULL) };
      DiffusionNoise          *found = &settings.found;
      double                   macs = diffusion_model_get_work (model).macs;

      if (!diffusion_denoise (model, workers, &source, &sink, &all, &settings, NULL, &error))
        g_error ("%s", error->message);
      fprintf (stderr, "%.3f %.3f %d %d %.6f %.4g\n", settings.sigma, found->sigma_half,
               found->kind, found->blocks, found->impulses,
               diffusion_model_get_work (model).macs - macs);
      printf ("P%d %d %d 255\n", picture->n_channels == 3 ? 6 : 5, picture->width, picture->height);
      for (gsize i = 0; i < picture->size; i++)
        for (int c = 0; c < picture->n_channels; c++)
          putchar (
            (int) rintf (255.0f * CLAMP (picture->result[c * picture->size + i], 0.0f, 1.0f)));
      fflush (stdout);
      picture_free (picture);
    }
  diffusion_workers_free (workers);
  diffusion_model_free (model);
  return 0;
}
