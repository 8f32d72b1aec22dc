/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-accuracy.c: prints the estimated σ of each picture (binary PPM or PGM)
 * on standard input, and the processor's seconds it took. tests/measure/noise-accuracy.py feeds it.
 */
#include <time.h>

#include "support/ppm.h"

int
main (void)
{
  Picture *picture;

  while ((picture = ppm_read (stdin)))
    {
      DiffusionSource source = picture_source (picture);
      DiffusionRect   all = { 0, 0, picture->width, picture->height };
      clock_t         start = clock ();
      GError         *error = NULL;
      DiffusionNoise  noise;

      if (!diffusion_estimate_noise (&source, &all, NULL, &noise, &error))
        g_error ("%s", error->message);
      printf ("%.4f %.4f\n", noise.sigma, (double) (clock () - start) / CLOCKS_PER_SEC);
      fflush (stdout);
      picture_free (picture);
    }
  return 0;
}
