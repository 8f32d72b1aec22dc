/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory.h: how much memory this process may still take, as the system tells
 * it. What is told in files is read by functions of their text, so that tests
 * need no machine of a certain size.
 */
#pragma once

#include "diffusion.h"

#define MEMORY_UNKNOWN G_MAXUINT64

/* From /proc/meminfo: what can be had without taking it from others, and free
 * swap. MEMORY_UNKNOWN when the text does not say. */
guint64 memory_from_meminfo (const char *text);

/* What a control group has left: its limit ("max" or a huge number: none) less
 * what it uses, files that can be dropped not counted. The texts of memory.max,
 * memory.current and memory.stat; in version 1 of control groups those of
 * memory.limit_in_bytes, memory.usage_in_bytes and memory.stat. NULL: no such
 * file. */
guint64 memory_from_cgroup (const char *limit, const char *usage, const char *stat);
