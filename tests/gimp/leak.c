/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leak.c: loaded before GEGL (LD_PRELOAD), it makes the plug-in lose a buffer, so that
 * a test knows that it would see it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include <gegl.h>

GeglBuffer *
gegl_buffer_new (const GeglRectangle *extent, const Babl *format)
{
  GeglBuffer *(*real) (const GeglRectangle *, const Babl *) = dlsym (RTLD_NEXT, "gegl_buffer_new");

  if (strcmp (program_invocation_short_name, "gimp-diffusion") == 0)
    real (extent, format);
  return real (extent, format);
}
