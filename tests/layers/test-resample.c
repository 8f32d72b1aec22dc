/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-resample.c: maps halved and enlarged, with every table of kernels, against their
 * definition in double precision.
 */
#include "layers/resample.h"
#include "support/maps.h"
#include "support/tables.h"

static double
silu (double x)
{
  return x / (1.0 + exp (-x));
}

static void
check (Fixture *fixture, int width, int height, int channels, gboolean halve, gboolean activated)
{
  Map          *source = map_new (fixture->rand, halve ? 2 * width : width / 2,
                         halve ? 2 * height : height / 2, channels, 1.0, 0.5);
  Map          *result = map_new (NULL, width, height, channels, 0.0, 0.0);
  float        *scale = random_new (fixture->rand, source->stride, 2.0);
  float        *shift = random_new (fixture->rand, source->stride, 1.0);
  float        *expected = aligned_new ((gsize) width * height * source->stride, NULL);
  ResampleJob   job = { .source = source,
                        .activation = activated ? ACTIVATION_SILU : ACTIVATION_IDENTITY,
                        .result = result };
  WorkspaceSize size = { 0 };
  Workspace     workspace;
  Phases        phases;

  for (int c = channels; c < source->stride; c++)
    scale[c] = shift[c] = 0.0f;
  if (activated)
    {
      job.scale = scale;
      job.shift = shift;
    }
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < channels; c++)
        {
          double sum = 0.0;

          for (int i = 0; i < 4; i++)
            {
              double v = halve ? map_get (source, 2 * x + i % 2, 2 * y + i / 2, c)
                               : map_get (source, x / 2, y / 2, c);

              sum += (activated ? silu (v * scale[c] + shift[c]) : v) / 4.0;
            }
          expected[((gsize) y * width + x) * source->stride + c] = sum;
        }

  resample_size (width, &size);
  workspace_init (&workspace, fixture->fast, 2, &size);
  resample_begin (&job, &workspace, &phases);
  g_assert_true (run_phases (&phases, 2, NULL));
  assert_close (result->data, expected, (gsize) width * height * source->stride, 1e-5, "resample");

  workspace_clear (&workspace);
  aligned_free (scale);
  aligned_free (shift);
  aligned_free (expected);
  map_free (source);
  map_free (result);
}

static void
test_halved (Fixture *fixture)
{
  for (int activated = 0; activated < 2; activated++)
    {
      check (fixture, 1, 1, 3, TRUE, activated);
      check (fixture, 7, 5, 20, TRUE, activated);
      check (fixture, 33, 18, 48, TRUE, activated);
    }
}

static void
test_enlarged (Fixture *fixture)
{
  for (int activated = 0; activated < 2; activated++)
    {
      check (fixture, 2, 2, 3, FALSE, activated);
      check (fixture, 14, 10, 20, FALSE, activated);
      check (fixture, 66, 36, 48, FALSE, activated);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  tables_add ("/resample/halved", test_halved);
  tables_add ("/resample/enlarged", test_enlarged);
  return g_test_run ();
}
