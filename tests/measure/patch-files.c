/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * patch-files.c N_THREADS OUT NAME...: fills NAME_in.ppm as far as NAME_mask.pgm is white by the
 * picture's own patches alone and writes OUT/NAME.ppm and the seams, OUT/NAME_seams.pgm.
 */
#include "patches/patch-fill.h"
#include "support/ppm.h"

int
main (int argc, char **argv)
{
  DiffusionWorkers *workers = diffusion_workers_new (atoi (argv[1]));

  for (int k = 3; k < argc; k++)
    {
      char *in = g_strdup_printf ("%s_in.ppm", argv[k]),
           *mask = g_strdup_printf ("%s_mask.pgm", argv[k]);
      char *base = g_path_get_basename (argv[k]),
           *out = g_strdup_printf ("%s/%s.ppm", argv[2], base);
      char    *seams_out = g_strdup_printf ("%s/%s_seams.pgm", argv[2], base);
      FILE    *f = fopen (in, "rb"), *g = fopen (mask, "rb");
      Picture *picture = ppm_read (f), *hole = ppm_read (g);
      float   *x0 = g_new (float, 3 * picture->size), *seams = g_new0 (float, picture->size);
      GError  *error = NULL;
      gint64   start = g_get_monotonic_time ();
      fclose (f);
      fclose (g);
      for (gsize i = 0; i < 3 * picture->size; i++)
        picture->pixels[i] = 2 * picture->pixels[i] - 1;
      PatchFill fill = { .picture = { picture->width, picture->height, 3, picture->pixels,
                                      hole->pixels, NULL, atoi (argv[1]) > 0 ? 64 : 64 },
                         .first_scale = -1,
                         .workers = workers };
      if (!patch_fill (&fill, x0, seams, &error))
        g_error ("%s", error ? error->message : "nothing to take");
      g_print ("%s %.2f s\n", base, (g_get_monotonic_time () - start) / 1e6);
      f = fopen (out, "wb");
      fprintf (f, "P6 %d %d 255\n", picture->width, picture->height);
      for (gsize i = 0; i < picture->size; i++)
        for (int c = 0; c < 3; c++)
          fputc ((int) (127.5f * (x0[c * picture->size + i] + 1) + .5f), f);
      fclose (f);
      f = fopen (seams_out, "wb");
      fprintf (f, "P5 %d %d 255\n", picture->width, picture->height);
      for (gsize i = 0; i < picture->size; i++)
        fputc (seams[i] > 0 ? 255 : 0, f);
      fclose (f);
    }
  return 0;
}
