/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * probe-kill.c: GIMP's own Cancel kills a plug-in, and so do crashes and people:
 * at any moment of the computation, the image is as it was.
 */
#include "gimp/probe.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The process of the plug-in that this GIMP has started; 0 when there is none. */
static pid_t
find_plug_in (void)
{
  GDir       *proc = g_dir_open ("/proc", 0, NULL);
  pid_t       found = 0;
  const char *name;

  while (found == 0 && (name = g_dir_read_name (proc)))
    {
      char *path = g_build_filename ("/proc", name, "stat", NULL);
      char *stat = NULL;

      /* "pid (name of 15 bytes at most) state parent …" */
      if (g_ascii_isdigit (name[0]) && g_file_get_contents (path, &stat, NULL, NULL) &&
          strstr (stat, "(gimp-diffusion)"))
        {
          const char *rest = strrchr (stat, ')') + 2;

          if (rest[0] != 'Z' && strtol (rest + 1, NULL, 10) == getppid ())
            found = (pid_t) strtol (name, NULL, 10);
        }
      g_free (stat);
      g_free (path);
    }

  g_dir_close (proc);
  return found;
}

/* Waits for the plug-in, lets it compute for so many milliseconds, kills it.
 * Returns whether it did. */
static gpointer
kill_plug_in (gpointer milliseconds)
{
  for (int i = 0; i < 2000; i++)
    {
      pid_t pid = find_plug_in ();

      if (pid != 0)
        {
          g_usleep (1000 * GPOINTER_TO_INT (milliseconds));
          return GINT_TO_POINTER (kill (pid, SIGKILL) == 0);
        }
      g_usleep (5000);
    }
  return GINT_TO_POINTER (FALSE);
}

void
probe_kill (void)
{
  static const int moments[] = { 100, 400, 1500 };

  for (gsize i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      GimpImage *image = probe_image (GIMP_RGB, FALSE, GIMP_PRECISION_U8_NON_LINEAR, 64, 56, 0, 0);
      GimpDrawable *layer = probe_layer (image);
      GBytes       *before = probe_bytes (layer);
      GThread      *killer;
      ProbeChange   change;
      char         *message;
      gboolean      killed;

      gimp_image_select_ellipse (image, GIMP_CHANNEL_OP_REPLACE, 14, 12, 30, 25);
      killer = g_thread_new ("killer", kill_plug_in, GINT_TO_POINTER (moments[i]));
      message = probe_call (INPAINT, image, layer, "steps", 1000, NULL);
      killed = GPOINTER_TO_INT (g_thread_join (killer));
      change = probe_compare (layer, before);

      probe_ok (killed && message && change.changed_selected == 0 &&
                  change.changed_unselected == 0 &&
                  gimp_item_get_parasite (GIMP_ITEM (layer), "diffusion-provenance") == NULL,
                "killed after %d ms: the image is as it was", moments[i]);
      probe_note ("%s", message ? message : "it ran to the end");

      g_free (message);
      g_bytes_unref (before);
      gimp_image_delete (image);
    }
}
