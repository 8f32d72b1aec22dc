/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-patch-fill.c: holes filled from the picture's own patches: nothing but these, the same
 * bytes by any number of threads, no streaks, and how a run is stopped.
 */
#include "patches/patch-fill.h"
#include "support/picture.h"

enum
{
  SIDE = 160
};

static const DiffusionRect hole = { 50, 44, 60, 66 };

typedef struct
{
  float *picture, *hole, *allowed, *x0, *seams;
} Planes;

/* −1…1 of a pixel and channel. */
typedef float (*Painter) (int x, int y, int c);

static float
noise_at (int x, int y)
{
  RandomStream stream = { 11, RANDOM_FORWARD, 200, 0 };
  float        normal[4];

  random_pixel (&stream, x, y, normal);
  return normal[0];
}

/* Grain that is the same in all directions. */
static float
grain (int x, int y, int c)
{
  float sum = 0.0f;

  for (int j = 0; j < 2; j++)
    for (int i = 0; i < 2; i++)
      sum += 0.1f * noise_at (x + i, y + j);
  return CLAMP (sum + 0.1f * c, -1.0f, 1.0f);
}

static float
stripes (int x, int y, int c)
{
  return (x + y) % 12 < 6 ? 0.5f : -0.5f + 0.1f * c;
}

static float
checks (int x, int y, int c)
{
  return (x / 9 + y / 9) % 2 == 0 ? 0.4f : -0.4f;
}

static Planes *
planes_of (Painter painter)
{
  Planes *p = g_new0 (Planes, 1);

  p->picture = g_new (float, 3 * SIDE * SIDE);
  p->hole = g_new0 (float, SIDE *SIDE);
  p->x0 = g_new (float, 3 * SIDE * SIDE);
  p->seams = g_new (float, SIDE *SIDE);
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++)
        p->picture[(c * SIDE + y) * SIDE + x] = painter (x, y, c);
  for (int y = hole.y; y < hole.y + hole.height; y++)
    for (int x = hole.x; x < hole.x + hole.width; x++)
      p->hole[y * SIDE + x] = 1.0f;
  return p;
}

static void
planes_free_all (Planes *p)
{
  g_free (p->picture);
  g_free (p->hole);
  g_free (p->allowed);
  g_free (p->x0);
  g_free (p->seams);
  g_free (p);
}

static PatchFill
fill_of (const Planes *p, DiffusionWorkers *workers)
{
  return (PatchFill) { .picture = { .width = SIDE,
                                    .height = SIDE,
                                    .n_channels = 3,
                                    .picture = p->picture,
                                    .hole = p->hole,
                                    .source = p->allowed,
                                    .reach = 60 },
                       .first_scale = -1,
                       .workers = workers };
}

static void
fill (Planes *p, int threads)
{
  DiffusionWorkers *workers = diffusion_workers_new (threads);
  PatchFill         job = fill_of (p, workers);
  GError           *error = NULL;

  g_assert_true (patch_fill (&job, p->x0, p->seams, &error));
  g_assert_no_error (error);
  diffusion_workers_free (workers);
}

/* What lies in the hole has no influence; all else stays as it is. */
static void
test_hole_alone (void)
{
  Planes *a = planes_of (grain), *b = planes_of (grain);

  for (gsize i = 0; i < 3 * SIDE * SIDE; i++)
    if (a->hole[i % (SIDE * SIDE)] > 0.0f)
      b->picture[i] = 0.77f;
  fill (a, 1);
  fill (b, 3);
  for (gsize i = 0; i < 3 * SIDE * SIDE; i++)
    {
      g_assert_cmpfloat (a->x0[i], ==, b->x0[i]); /* by three threads, too */
      if (a->hole[i % (SIDE * SIDE)] == 0.0f)
        g_assert_cmpfloat (a->x0[i], ==, a->picture[i]);
    }
  g_assert_cmpmem (a->seams, SIDE * SIDE * sizeof (float), b->seams, SIDE * SIDE * sizeof (float));
  planes_free_all (a);
  planes_free_all (b);
}

/* What repeats goes on, pixel by pixel. */
static void
test_goes_on (gconstpointer painter)
{
  Planes *p = planes_of ((Painter) painter);
  int     wrong = 0;

  fill (p, 2);
  for (gsize i = 0; i < 3 * SIDE * SIDE; i++)
    wrong += fabsf (p->x0[i] - p->picture[i]) > 4.0f / 255.0f;
  g_test_message ("%d of %d values are other ones", wrong, 3 * hole.width * hole.height);
  g_assert_cmpint (wrong, <, 3 * hole.width * hole.height / 100);
  planes_free_all (p);
}

/* Mean squares of the steps across and down, in and around the hole. */
static void
step_energies (const Planes *p, double inside[2], double outside[2])
{
  int n_inside = 0, n_outside = 0;

  inside[0] = inside[1] = outside[0] = outside[1] = 0.0;
  for (int y = 4; y < SIDE - 5; y++)
    for (int x = 4; x < SIDE - 5; x++)
      {
        int      i = y * SIDE + x;
        gboolean in = p->hole[i] > 0.0f;
        double   across = p->x0[i + 1] - p->x0[i], down = p->x0[i + SIDE] - p->x0[i];

        (in ? inside : outside)[0] += across * across;
        (in ? inside : outside)[1] += down * down;
        n_inside += in;
        n_outside += !in;
      }
  for (int k = 0; k < 2; k++)
    {
      inside[k] /= n_inside;
      outside[k] /= n_outside;
    }
}

/* A fill is as rough across and down as what is around it. */
static void
test_no_streaks (gconstpointer painter)
{
  Planes *p = planes_of ((Painter) painter);
  double  inside[2], outside[2];

  fill (p, 2);
  step_energies (p, inside, outside);
  for (int k = 0; k < 2; k++)
    {
      g_test_message ("%s: %.2f of what is around", k == 0 ? "across" : "down",
                      inside[k] / outside[k]);
      g_assert_cmpfloat (inside[k], <, 1.5 * outside[k]);
      g_assert_cmpfloat (inside[k], >, outside[k] / 1.5);
    }
  planes_free_all (p);
}

/* Three equal channels stay so to the bit. */
static float
gray_grain (int x, int y, int c)
{
  return grain (x, y, 0);
}

static void
test_gray (void)
{
  Planes *p = planes_of (gray_grain);

  fill (p, 2);
  for (int i = 0; i < SIDE * SIDE; i++)
    {
      g_assert_cmpfloat (p->x0[i], ==, p->x0[i + SIDE * SIDE]);
      g_assert_cmpfloat (p->x0[i], ==, p->x0[i + 2 * SIDE * SIDE]);
    }
  planes_free_all (p);
}

/* Red on the left, green on the right: patches come from the side that is allowed. */
static float
two_sides (int x, int y, int c)
{
  return (c == (x < SIDE / 2 ? 0 : 1) ? 0.6f : -0.6f) + 0.1f * noise_at (x, y);
}

static void
test_allowed (void)
{
  for (int side = 0; side <= 1; side++)
    {
      Planes *p = planes_of (two_sides);
      double  red = 0.0, green = 0.0;

      p->allowed = g_new0 (float, SIDE *SIDE);
      for (int i = 0; i < SIDE * SIDE; i++)
        p->allowed[i] = (i % SIDE < SIDE / 2) == (side == 0) ? 1.0f : 0.0f;
      fill (p, 1);
      for (int y = hole.y + 12; y < hole.y + hole.height - 12; y++)
        for (int x = hole.x + 12; x < hole.x + hole.width - 12; x++)
          {
            red += p->x0[y * SIDE + x];
            green += p->x0[SIDE * SIDE + y * SIDE + x];
          }
      g_assert_true (side == 0 ? red > green : green > red);
      planes_free_all (p);
    }
}

/* Nothing may be taken, or nothing is known: said so, without an error. */
static void
test_nothing_to_take (void)
{
  DiffusionWorkers *workers = diffusion_workers_new (1);

  for (int all = 0; all <= 1; all++)
    {
      Planes   *p = planes_of (grain);
      PatchFill job;
      GError   *error = NULL;

      p->allowed = g_new0 (float, SIDE *SIDE);
      for (int i = 0; all && i < SIDE * SIDE; i++)
        {
          p->hole[i] = i % 2 ? 1.0f : -1.0f;
          p->allowed[i] = 1.0f;
        }
      job = fill_of (p, workers);
      g_assert_false (patch_fill (&job, p->x0, p->seams, &error));
      g_assert_no_error (error);
      planes_free_all (p);
    }
  diffusion_workers_free (workers);
}

typedef struct
{
  GCancellable *cancel;
  int           n, n_wanted;
  double        share;
} Rounds;

static void
count_round (gpointer data, double share, const float *x0)
{
  Rounds *rounds = data;

  g_assert_cmpfloat (share, >=, rounds->share);
  g_assert_cmpfloat (share, <=, 1.0);
  rounds->share = share;
  for (int i = 0; i < 3 * SIDE * SIDE; i++)
    g_assert_true (x0[i] >= -1.0f && x0[i] <= 1.0f);
  if (++rounds->n == rounds->n_wanted)
    g_cancellable_cancel (rounds->cancel);
}

/* Cancelled after any round: an error. Finished: a result, at once. */
static void
test_stopped (void)
{
  for (int finish = 0; finish <= 1; finish++)
    for (int n = 0; n < 12; n += 3)
      {
        Planes           *p = planes_of (grain);
        DiffusionWorkers *workers = diffusion_workers_new (2);
        Rounds            rounds = { .cancel = g_cancellable_new (), .n_wanted = n };
        PatchFill         job = fill_of (p, workers);
        GError           *error = NULL;

        job.observe = count_round;
        job.data = &rounds;
        *(finish ? &job.finish : &job.cancel) = rounds.cancel;
        if (n == 0)
          g_cancellable_cancel (rounds.cancel);
        g_assert_true (patch_fill (&job, p->x0, p->seams, &error) == (finish == 1));
        if (finish)
          g_assert_no_error (error);
        else
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        g_clear_error (&error);
        g_assert_cmpint (rounds.n, ==, n);
        g_object_unref (rounds.cancel);
        diffusion_workers_free (workers);
        planes_free_all (p);
      }
}

/* Begun at the finest scale with what lies in the hole, that stays in the main. */
static float
blot (int x, int y, int c)
{
  return (x - 80) * (x - 80) + (y - 77) * (y - 77) < 400 ||
             (x - 20) * (x - 20) + (y - 20) * (y - 20) < 225
           ? 0.6f
           : -0.6f + 0.05f * noise_at (x, y);
}

static void
test_old_colours (void)
{
  for (int scale = -1; scale <= 1; scale++)
    {
      Planes           *p = planes_of (blot);
      DiffusionWorkers *workers = diffusion_workers_new (1);
      PatchFill         job = fill_of (p, workers);

      job.first_scale = scale;
      g_assert_true (patch_fill (&job, p->x0, p->seams, NULL));
      if (scale < 0)
        g_assert_cmpfloat (p->x0[77 * SIDE + 80], <, 0.0f);
      else
        g_assert_cmpfloat (p->x0[77 * SIDE + 80], >, 0.4f);
      diffusion_workers_free (workers);
      planes_free_all (p);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patch-fill/hole-alone", test_hole_alone);
  g_test_add_data_func ("/patch-fill/goes-on/stripes", (gconstpointer) stripes, test_goes_on);
  g_test_add_data_func ("/patch-fill/goes-on/checks", (gconstpointer) checks, test_goes_on);
  g_test_add_data_func ("/patch-fill/no-streaks/grain", (gconstpointer) grain, test_no_streaks);
  g_test_add_data_func ("/patch-fill/no-streaks/stripes", (gconstpointer) stripes, test_no_streaks);
  g_test_add_data_func ("/patch-fill/no-streaks/checks", (gconstpointer) checks, test_no_streaks);
  g_test_add_func ("/patch-fill/gray", test_gray);
  g_test_add_func ("/patch-fill/allowed", test_allowed);
  g_test_add_func ("/patch-fill/nothing-to-take", test_nothing_to_take);
  g_test_add_func ("/patch-fill/stopped", test_stopped);
  g_test_add_func ("/patch-fill/old-colours", test_old_colours);
  return g_test_run ();
}
