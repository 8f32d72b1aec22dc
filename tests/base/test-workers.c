/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-workers.c: each block is done once, by a worker that exists and alone;
 * a phase begins when the one before is done, whoever begins it; a run that is
 * cancelled finishes at most one more block per worker.
 */
#include "base/workers.h"

#define MAX_WORKERS 5

typedef struct
{
  int           done[1000];        /* of each block; atomic */
  int           busy[MAX_WORKERS]; /* is the worker in a block? atomic */
  int           n_workers;
  int           n_done;    /* atomic */
  int           stop_at;   /* cancel in this block; −1: never */
  int           n_at_stop; /* blocks done by then */
  GCancellable *cancel;
} Run;

static void
note_block (gpointer data, int block, int worker)
{
  Run *run = data;

  g_assert_cmpint (worker, >=, 0);
  g_assert_cmpint (worker, <, run->n_workers);
  g_assert_true (g_atomic_int_compare_and_exchange (&run->busy[worker], 0, 1));
  if (block % 7 == 0)
    g_usleep (50);
  if (block == run->stop_at)
    {
      g_cancellable_cancel (run->cancel);
      g_atomic_int_set (&run->n_at_stop, g_atomic_int_get (&run->n_done));
    }
  g_atomic_int_inc (&run->done[block]);
  g_atomic_int_inc (&run->n_done);
  g_atomic_int_set (&run->busy[worker], 0);
}

static void
test_all (void)
{
  static const int sizes[] = { 0, 1, 2, 3, 100, 1000 };

  for (int n_workers = 1; n_workers <= MAX_WORKERS; n_workers++)
    {
      DiffusionWorkers *workers = diffusion_workers_new (n_workers);

      g_assert_cmpint (workers_get_n (workers), ==, n_workers);
      for (int i = 0; i < 120; i++)
        {
          const int n_blocks = sizes[i % G_N_ELEMENTS (sizes)];
          Run       run = { .n_workers = n_workers, .stop_at = -1 };

          g_assert_true (workers_run (workers, n_blocks, note_block, &run, NULL));
          for (int block = 0; block < 1000; block++)
            g_assert_cmpint (run.done[block], ==, block < n_blocks);
        }
      diffusion_workers_free (workers);
    }
}

/* Each phase marks its blocks with its number, over the mark of the one before. */
typedef struct
{
  int marks[MAX_WORKERS + 2];
  int number; /* of the present phase; the last is N_PHASES */
  int begun;  /* 1 while the next phase is made ready; atomic */
} Chain;

#define N_PHASES 200

/* As many blocks as this of a phase, now more and now fewer than workers; also none. */
static int
chain_blocks (int number)
{
  return number * 5 % (MAX_WORKERS + 3);
}

static void
mark_block (gpointer data, int block, int worker)
{
  Chain *chain = data;

  g_assert_cmpint (g_atomic_int_get (&chain->begun), ==, 0);
  if ((block + chain->number) % 3 == 0)
    g_usleep (20);
  chain->marks[block] = chain->number;
}

static gboolean
next_phase (gpointer data, WorkersPhase *phase)
{
  Chain *chain = data;

  g_assert_true (g_atomic_int_compare_and_exchange (&chain->begun, 0, 1));
  for (int block = 0; block < chain_blocks (chain->number); block++)
    g_assert_cmpint (chain->marks[block], ==, chain->number);
  if (chain->number == N_PHASES)
    return FALSE;

  chain->number++;
  *phase = (WorkersPhase) { chain_blocks (chain->number), mark_block, chain };
  g_atomic_int_set (&chain->begun, 0);
  return TRUE;
}

static void
test_phases (void)
{
  for (int n_workers = 1; n_workers <= MAX_WORKERS; n_workers++)
    {
      DiffusionWorkers *workers = diffusion_workers_new (n_workers);

      for (int i = 0; i < 3; i++)
        {
          Chain chain = { 0 };

          g_assert_true (workers_run_phases (workers, next_phase, &chain, NULL));
          g_assert_cmpint (chain.number, ==, N_PHASES);
          g_assert_true (chain.begun); /* and not called again */
        }
      diffusion_workers_free (workers);
    }
}

static void
test_cancel (void)
{
  for (int n_workers = 1; n_workers <= MAX_WORKERS; n_workers++)
    {
      DiffusionWorkers *workers = diffusion_workers_new (n_workers);

      for (int stop_at = 0; stop_at < 300; stop_at += 37)
        {
          Run run = { .n_workers = n_workers, .stop_at = stop_at };

          run.cancel = g_cancellable_new ();
          g_assert_false (workers_run (workers, 1000, note_block, &run, run.cancel));
          g_assert_cmpint (run.n_done, <=, run.n_at_stop + n_workers);

          /* Cancelled before: nothing is begun. And the next run is whole. */
          run.n_done = 0;
          g_assert_false (workers_run (workers, 1000, note_block, &run, run.cancel));
          g_assert_cmpint (run.n_done, ==, 0);
          run.stop_at = -1;
          g_assert_true (workers_run (workers, 1000, note_block, &run, NULL));
          g_assert_cmpint (run.n_done, ==, 1000);
          g_object_unref (run.cancel);
        }
      diffusion_workers_free (workers);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workers/all", test_all);
  g_test_add_func ("/workers/phases", test_phases);
  g_test_add_func ("/workers/cancel", test_cancel);
  return g_test_run ();
}
