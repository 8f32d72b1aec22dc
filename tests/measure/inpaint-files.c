/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inpaint-files.c MODEL PICTURE MASK RESULT [STRENGTH [STEPS [SEED [EXPERT]]]]: fills a binary PPM or
 * PGM as far as MASK, a PGM, is white, without GIMP. 0 steps: what the model asks for. EXPERT: 0
 * automatic, 1 network, 2 picture.
 * Prints what it cost.
 */
#include "support/ppm.h"

static Picture *
read_file (const char *path)
{
  FILE    *file = fopen (path, "rb");
  Picture *picture = file != NULL ? ppm_read (file) : NULL;

  if (picture == NULL)
    g_error ("%s is no binary PPM or PGM of 8 bits.", path);
  fclose (file);
  return picture;
}

static void
write_file (const char *path, const Picture *picture)
{
  FILE *file = fopen (path, "wb");

  if (file == NULL)
    g_error ("%s cannot be written.", path);
  fprintf (file, "P%c %d %d 255\n", picture->n_channels == 3 ? '6' : '5', picture->width,
           picture->height);
  for (gsize i = 0; i < picture->size; i++)
    for (int c = 0; c < picture->n_channels; c++)
      {
        gsize p = c * picture->size + i;
        float s = picture->written[i] ? picture->selection[i] : 0.0f;

        fputc ((int) (255.0f * (s * picture->result[p] + (1.0f - s) * picture->pixels[p]) + 0.5f),
               file);
      }
  fclose (file);
}

int
main (int argc, char **argv)
{
  GError                  *error = NULL;
  DiffusionInpaintSettings settings = { .strength = 1.0, .jump_length = 10 };
  DiffusionRect            region;
  DiffusionCost            cost;
  int                      left = G_MAXINT, top = G_MAXINT, right = -1, bottom = -1;

  if (argc < 5)
    g_error ("inpaint-files MODEL PICTURE MASK RESULT [STRENGTH [STEPS [SEED [EXPERT]]]]");
  if (argc > 5)
    settings.strength = g_ascii_strtod (argv[5], NULL);
  if (argc > 6)
    settings.steps = atoi (argv[6]);
  if (argc > 7)
    settings.seed = (guint32) atoi (argv[7]);
  if (argc > 8)
    settings.expert = (DiffusionExpert) atoi (argv[8]);

  Picture          *picture = read_file (argv[2]), *mask = read_file (argv[3]);
  DiffusionWorkers *workers = diffusion_workers_new (1);
  DiffusionModel   *model = diffusion_model_load (argv[1], &error);

  g_assert_no_error (error);
  g_assert_true (mask->width == picture->width && mask->height == picture->height);
  for (int y = 0; y < mask->height; y++)
    for (int x = 0; x < mask->width; x++)
      {
        gsize i = (gsize) y * mask->width + x;

        picture->selection[i] = mask->pixels[i];
        if (mask->pixels[i] > 0.0f)
          {
            left = MIN (left, x);
            right = MAX (right, x);
            top = MIN (top, y);
            bottom = MAX (bottom, y);
          }
      }
  region = (DiffusionRect) { left, top, right - left + 1, bottom - top + 1 };

  DiffusionSource source = picture_source (picture);
  DiffusionSink   sink = picture_sink (picture);

  if (right < 0 || !diffusion_inpaint_cost (model, 1, &source, &region, &settings, &cost, &error) ||
      !diffusion_inpaint (model, workers, &source, &sink, &region, &settings, NULL, &error))
    g_error ("%s", error != NULL ? error->message : "The mask is black.");
  g_print ("%" G_GUINT64_FORMAT " windows, %.0f billion macs, at most %.0f MB\n",
           cost.n_evaluations, cost.macs / 1e9, cost.bytes / 1e6);
  write_file (argv[4], picture);

  diffusion_workers_free (workers);
  diffusion_model_free (model);
  picture_free (picture);
  picture_free (mask);
  return 0;
}
