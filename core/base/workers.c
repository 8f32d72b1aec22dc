/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workers.c: a pool of threads that sleep while they wait.
 *
 * A run is phases of blocks. The calling thread (worker 0) and its helpers take
 * blocks one at a time; who finds none left sleeps until the next phase begins,
 * and that is begun by whoever did the last block. So nobody waits for a thread
 * that has not woken yet, only for blocks that are under way.
 */
#include "base/workers.h"

#include <cblas.h>

typedef struct
{
  DiffusionWorkers *workers;
  int               index;
  GThread          *thread;
} Helper;

struct DiffusionWorkers
{
  int     n;       /* threads, the caller included */
  Helper *helpers; /* n − 1 */

  GMutex   mutex;   /* guards what follows */
  GCond    changed; /* a phase has begun, the run is over, or the end has come */
  gboolean quit;

  /* The present run. */
  gboolean      running;
  WorkersNext   next;
  gpointer      data;
  GCancellable *cancel;
  gboolean      cancelled;
  WorkersPhase  phase;
  int           next_block; /* the first of the phase that nobody has */
  int           n_busy;     /* workers in a block or in `next` */

  WorkersTrace trace;
  gpointer     trace_data;
};

/* The functions from here to work_along are called with the mutex locked and
 * leave it so, but give it up while they work. */
static void
do_block (DiffusionWorkers *workers, int worker)
{
  const WorkersPhase phase = workers->phase;
  const int          block = workers->next_block++;
  gint64             start;

  workers->n_busy++;
  g_mutex_unlock (&workers->mutex);

  start = workers->trace ? g_get_monotonic_time () : 0;
  phase.work (phase.data, block, worker);
  if (workers->trace)
    workers->trace (workers->trace_data, worker, g_get_monotonic_time () - start);

  g_mutex_lock (&workers->mutex);
  workers->n_busy--;
}

static void
begin_phase (DiffusionWorkers *workers)
{
  WorkersPhase phase = { 0 };
  gboolean     more;

  workers->n_busy++;
  g_mutex_unlock (&workers->mutex);
  more = workers->next (workers->data, &phase);
  g_mutex_lock (&workers->mutex);
  workers->n_busy--;

  workers->phase = phase;
  workers->next_block = 0;
  workers->running = more;
  if (!more || phase.n_blocks >= workers->n)
    g_cond_broadcast (&workers->changed);
  else
    for (int i = 1; i < phase.n_blocks; i++) /* one is for this worker */
      g_cond_signal (&workers->changed);
}

/* Works until the run is over. */
static void
work_along (DiffusionWorkers *workers, int worker)
{
  while (workers->running)
    {
      workers->cancelled = workers->cancelled || g_cancellable_is_cancelled (workers->cancel);

      if (workers->next_block < workers->phase.n_blocks && !workers->cancelled)
        do_block (workers, worker);
      else if (workers->n_busy > 0)
        g_cond_wait (&workers->changed, &workers->mutex);
      else if (!workers->cancelled)
        begin_phase (workers);
      else
        {
          workers->running = FALSE;
          g_cond_broadcast (&workers->changed);
        }
    }
}

static gpointer
helper_main (gpointer data)
{
  Helper           *helper = data;
  DiffusionWorkers *workers = helper->workers;

  g_mutex_lock (&workers->mutex);
  while (!workers->quit)
    {
      work_along (workers, helper->index);
      if (!workers->quit)
        g_cond_wait (&workers->changed, &workers->mutex);
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
  g_cond_init (&workers->changed);

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
  g_cond_broadcast (&workers->changed);
  g_mutex_unlock (&workers->mutex);

  for (int i = 0; i < workers->n - 1; i++)
    g_thread_join (workers->helpers[i].thread);

  g_mutex_clear (&workers->mutex);
  g_cond_clear (&workers->changed);
  g_free (workers->helpers);
  g_free (workers);
}

int
workers_get_n (const DiffusionWorkers *workers)
{
  return workers->n;
}

void
workers_set_trace (DiffusionWorkers *workers, WorkersTrace trace, gpointer data)
{
  workers->trace = trace;
  workers->trace_data = data;
}

gboolean
workers_run_phases (DiffusionWorkers *workers,
                    WorkersNext       next,
                    gpointer          data,
                    GCancellable     *cancel)
{
  gboolean cancelled;

  g_mutex_lock (&workers->mutex);
  workers->next = next;
  workers->data = data;
  workers->cancel = cancel;
  workers->cancelled = FALSE;
  workers->phase = (WorkersPhase) { 0 };
  workers->next_block = 0;
  workers->running = TRUE;
  work_along (workers, 0);
  cancelled = workers->cancelled;
  g_mutex_unlock (&workers->mutex);

  return !cancelled;
}

static gboolean
take_phase (gpointer data, WorkersPhase *phase)
{
  WorkersPhase *only = data;

  *phase = *only;
  *only = (WorkersPhase) { 0 };
  return phase->work != NULL;
}

gboolean
workers_run (DiffusionWorkers *workers,
             int               n_blocks,
             WorkersFunc       work,
             gpointer          data,
             GCancellable     *cancel)
{
  WorkersPhase phase = { n_blocks, work, data };

  return workers_run_phases (workers, take_phase, &phase, cancel);
}
