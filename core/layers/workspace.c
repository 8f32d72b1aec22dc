/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workspace.c: aligned memory, and what a layer borrows while it runs.
 */
#include "layers/workspace.h"

#include <stdlib.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "diffusion.h"

#ifdef G_OS_UNIX
#include <sys/mman.h>
#endif

/* Large pieces begin on a boundary of this and ask for pages of this size:
 * weights are read once an evaluation, and finding a page takes time. */
#define HUGE_PAGE (2 * 1024 * 1024)

float *
aligned_new (gsize n, GError **error)
{
  gsize bytes = 0;
  void *floats = NULL;

  if (g_size_checked_mul (&bytes, MAX (n, 1), sizeof (float)) && bytes <= G_MAXSSIZE)
    {
      const gsize align = bytes < HUGE_PAGE ? KERNEL_ALIGN : HUGE_PAGE;

      if (posix_memalign (&floats, align, bytes) != 0)
        floats = NULL;
#ifdef MADV_HUGEPAGE
      if (floats && align == HUGE_PAGE)
        madvise (floats, bytes, MADV_HUGEPAGE);
#endif
    }

  if (!floats)
    {
      g_set_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY,
                   _ ("The network needs %.0f MiB of memory more than there is; "
                      "close other programs or work on a smaller region."),
                   n / (1024.0 * 1024.0 / sizeof (float)));
      return NULL;
    }

  memset (floats, 0, bytes);
  return floats;
}

void
aligned_free (float *floats)
{
  free (floats);
}

void
workspace_size_join (WorkspaceSize *size, const WorkspaceSize *other)
{
  size->scratch = MAX (size->scratch, other->scratch);
  size->shared = MAX (size->shared, other->shared);
  size->stats = MAX (size->stats, other->stats);
}
