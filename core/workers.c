/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workers.c: a pool of threads that sleep while they wait.
 *
 * A run is a number of blocks. The calling thread (worker 0) and its helpers
 * take them one at a time from a counter until none is left. A helper joins
 * only while blocks are left, so a run of few blocks wakes few of them and
 * never waits for one that has not woken yet.
 */
#include "workers.h"

#include <cblas.h>

typedef struct
{
  DiffusionWorkers *workers;
  int               index;
  GThread          *thread;
} Helper;

struct DiffusionWorkers
{
  int     n; /* threads, the caller included */
  Helper *helpers; /* n − 1 */

  GMutex mutex;  /* guards what follows, except `next` */
  GCond  wanted; /* a run has begun, or the end has come */
  GCond  idle;   /* the last helper has left the run */
  guint  serial; /* counts the runs */
  int    active; /* helpers inside the present run */
  gboolean quit;

  /* The present run. */
  WorkersFunc   work;
  gpointer      data;
  GCancellable *cancel;
  int           n_blocks;
  int           next;      /* the first block nobody has; atomic */
  int           cancelled; /* atomic */

  WorkersTrace trace;
  gpointer     trace_data;
};

static void
take_blocks (DiffusionWorkers *workers,
             int               worker)
{
  while (!g_atomic_int_get (&workers->cancelled))
    {
      gint64 start;
      int    block;

      if (g_cancellable_is_cancelled (workers->cancel))
        {
          g_atomic_int_set (&workers->cancelled, TRUE);
          break;
        }

      block = g_atomic_int_add (&workers->next, 1);
      if (block >= workers->n_blocks)
        break;

      start = workers->trace ? g_get_monotonic_time () : 0;
      workers->work (workers->data, block, worker);
      if (workers->trace)
        workers->trace (workers->trace_data, worker, g_get_monotonic_time () - start);
    }
}

static gpointer
helper_main (gpointer data)
{
  Helper           *helper = data;
  DiffusionWorkers *workers = helper->workers;
  guint             seen = 0;

  g_mutex_lock (&workers->mutex);
  for (;;)
    {
      while (!workers->quit && workers->serial == seen)
        g_cond_wait (&workers->wanted, &workers->mutex);
      if (workers->quit)
        break;

      seen = workers->serial;
      /* Woken late: the run is over, or has no block left. */
      if (g_atomic_int_get (&workers->next) >= workers->n_blocks)
        continue;

      workers->active++;
      g_mutex_unlock (&workers->mutex);
      take_blocks (workers, helper->index);
      g_mutex_lock (&workers->mutex);
      if (--workers->active == 0)
        g_cond_signal (&workers->idle);
    }
  g_mutex_unlock (&workers->mutex);

  return NULL;
}

DiffusionWorkers *
diffusion_workers_new (int n_threads)
{
  DiffusionWorkers *workers = g_new0 (DiffusionWorkers, 1);

  /* Each worker calls OpenBLAS for itself; a second pool below ours would
   * fight it for the processors and cut products by its own number. */
  openblas_set_num_threads (1);

  workers->n = MAX (n_threads, 1);
  workers->helpers = g_new0 (Helper, workers->n - 1);
  g_mutex_init (&workers->mutex);
  g_cond_init (&workers->wanted);
  g_cond_init (&workers->idle);

  for (int i = 0; i < workers->n - 1; i++)
    {
      Helper *helper = &workers->helpers[i];

      helper->workers = workers;
      helper->index = i + 1;
      helper->thread = g_thread_new ("diffusion", helper_main, helper);
    }

  return workers;
}

void
diffusion_workers_free (DiffusionWorkers *workers)
{
  if (!workers)
    return;

  g_mutex_lock (&workers->mutex);
  workers->quit = TRUE;
  g_cond_broadcast (&workers->wanted);
  g_mutex_unlock (&workers->mutex);

  for (int i = 0; i < workers->n - 1; i++)
    g_thread_join (workers->helpers[i].thread);

  g_mutex_clear (&workers->mutex);
  g_cond_clear (&workers->wanted);
  g_cond_clear (&workers->idle);
  g_free (workers->helpers);
  g_free (workers);
}

int
workers_get_n (const DiffusionWorkers *workers)
{
  return workers->n;
}

void
workers_set_trace (DiffusionWorkers *workers,
                   WorkersTrace      trace,
                   gpointer          data)
{
  workers->trace = trace;
  workers->trace_data = data;
}

gboolean
workers_run (DiffusionWorkers *workers,
             int               n_blocks,
             WorkersFunc       work,
             gpointer          data,
             GCancellable     *cancel)
{
  gboolean cancelled;

  g_mutex_lock (&workers->mutex);
  workers->work = work;
  workers->data = data;
  workers->cancel = cancel;
  workers->n_blocks = n_blocks;
  g_atomic_int_set (&workers->next, 0);
  g_atomic_int_set (&workers->cancelled, FALSE);
  workers->serial++;
  /* The caller takes one block itself. */
  if (n_blocks > workers->n - 1)
    g_cond_broadcast (&workers->wanted);
  else
    for (int i = 1; i < n_blocks; i++)
      g_cond_signal (&workers->wanted);
  g_mutex_unlock (&workers->mutex);

  take_blocks (workers, 0);

  g_mutex_lock (&workers->mutex);
  /* No helper may join from here on, whatever made us stop. */
  g_atomic_int_set (&workers->next, n_blocks);
  while (workers->active > 0)
    g_cond_wait (&workers->idle, &workers->mutex);
  cancelled = g_atomic_int_get (&workers->cancelled);
  g_mutex_unlock (&workers->mutex);

  return !cancelled;
}
