/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tsan-glib.h: what GLib orders, told to ThreadSanitizer.
 *
 * GLib is not built with the sanitizer, which so does not see that a GMutex locks. The
 * check "threads" includes this header before each source: calls of GLib that order
 * threads say so. Threads' start and end need nothing: GLib makes them by pthread_create,
 * which the sanitizer knows.
 */
#pragma once

/* It stands before what a source defines for itself. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* Meson's first try of the compiler knows no GLib. */
#if __has_include(<glib.h>)

#include <glib.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

static inline void
tsan_mutex_lock (GMutex *mutex)
{
  g_mutex_lock (mutex);
  __tsan_acquire (mutex);
}

static inline void
tsan_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  g_mutex_unlock (mutex);
}

static inline void
tsan_cond_wait (GCond *cond, GMutex *mutex)
{
  __tsan_release (mutex);
  g_cond_wait (cond, mutex);
  __tsan_acquire (mutex);
}

static inline gpointer
tsan_once (GOnce *once, GThreadFunc func, gpointer data)
{
  gpointer value = g_once (once, func, data);

  __tsan_acquire (once);
  __tsan_release (once);
  return value;
}

/* What a thread leaves for the main loop: what it did before is done before. */
typedef struct
{
  GSourceFunc func;
  gpointer    data;
} TsanIdle;

static inline gboolean
tsan_idle_run (gpointer data)
{
  TsanIdle *idle = data;

  __tsan_acquire (idle);
  return idle->func (idle->data);
}

static inline guint
tsan_idle_add (GSourceFunc func, gpointer data)
{
  TsanIdle *idle = g_new (TsanIdle, 1);

  *idle = (TsanIdle) { func, data };
  __tsan_release (idle);
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, tsan_idle_run, idle, g_free);
}

#undef g_once
#define g_mutex_lock(mutex)      tsan_mutex_lock (mutex)
#define g_mutex_unlock(mutex)    tsan_mutex_unlock (mutex)
#define g_cond_wait(cond, mutex) tsan_cond_wait (cond, mutex)
#define g_once(once, func, data) tsan_once (once, func, data)
#define g_idle_add(func, data)   tsan_idle_add (func, data)

#endif
