/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * busy-user.c: loaded before libgimp (LD_PRELOAD), it does at a named moment of writing the
 * result what a fast user, another plug-in or a crash could. The file "busy" in the working
 * folder says what, and at which call: "lock merge", "edit shadow", … It is gone once that
 * has been done.
 *
 * What: lock (the layer), mask (the new layer gets one), lose (the group above goes away),
 * edit (four pixels square become red), select (something else), denoise (a run of it on the
 * same layer), kill (this process).
 * When: group (the undo group starts), shadow (is filled), merge, merged (it is done), write
 * (the second block after it is read), insert and add (of the new layer and its mask),
 * parasite, end (of the undo group).
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libgimp/gimp.h>

#define REAL(function) ((__typeof__ (&function)) dlsym (RTLD_NEXT, #function))

/* What is to be done at this moment; NULL: nothing. */
static const char *
meets (const char *moment)
{
  static char what[32];
  char       *space;
  int         fd = open ("busy", O_RDONLY);
  gssize      n = fd >= 0 ? read (fd, what, sizeof what - 1) : -1;

  if (fd >= 0)
    close (fd);
  if (n <= 0)
    return NULL;
  what[n] = '\0';
  space = strchr (what, ' ');
  if (!space || strcmp (space + 1, moment) != 0 || unlink ("busy") != 0)
    return NULL;
  *space = '\0';
  return what;
}

static void
edit (GimpDrawable *drawable)
{
  static const float red[4 * 4 * 4] = {
    1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1,
    1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1,
  };
  GeglBuffer *buffer = REAL (gimp_drawable_get_buffer) (drawable);

  REAL (gegl_buffer_set)
  (buffer, GEGL_RECTANGLE (12, 140, 4, 4), 0, REAL (babl_format) ("R'G'B'A float"), red, 0);
  g_object_unref (buffer);
}

static void
denoise (GimpImage *image, GimpDrawable *drawable)
{
  GimpProcedure *procedure =
    REAL (gimp_pdb_lookup_procedure) (REAL (gimp_get_pdb) (), "plug-in-diffusion-denoise");
  GimpProcedureConfig *config = REAL (gimp_procedure_create_config) (procedure);
  GObject             *drawables[] = { (GObject *) drawable, NULL };

  g_object_set (config, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", image, "sigma", 30.0, NULL);
  REAL (gimp_procedure_config_set_core_object_array) (config, "drawables", drawables, 1);
  gimp_value_array_unref (REAL (gimp_procedure_run_config) (procedure, config));
  g_object_unref (config);
}

static void
act (const char *what, GimpImage *image, GimpDrawable *drawable)
{
  if (!what)
    return;
  if (g_str_equal (what, "kill"))
    kill (getpid (), SIGKILL);
  else if (g_str_equal (what, "lock"))
    REAL (gimp_item_set_lock_content) ((GimpItem *) drawable, TRUE);
  else if (g_str_equal (what, "edit"))
    edit (drawable);
  else if (g_str_equal (what, "denoise"))
    denoise (image, drawable);
  else if (g_str_equal (what, "select"))
    REAL (gimp_image_select_rectangle) (image, GIMP_CHANNEL_OP_REPLACE, 8, 8, 20, 20);
}

static GimpImage    *image_now;
static GimpDrawable *drawable_now;
static int           n_opened = -1; /* buffers since the merge; −1 before it */

gboolean
gimp_image_undo_group_start (GimpImage *image)
{
  gboolean    done = REAL (gimp_image_undo_group_start) (image);
  const char *what = meets ("group");

  image_now = image;
  if (what)
    {
      GimpLayer **layers = REAL (gimp_image_get_layers) (image);

      act (what, image, (GimpDrawable *) layers[0]);
      g_free (layers);
    }
  return done;
}

GeglBuffer *
gimp_drawable_get_shadow_buffer (GimpDrawable *drawable)
{
  drawable_now = drawable;
  act (meets ("shadow"), image_now, drawable);
  return REAL (gimp_drawable_get_shadow_buffer) (drawable);
}

gboolean
gimp_drawable_merge_shadow (GimpDrawable *drawable, gboolean undo)
{
  gboolean done;

  act (meets ("merge"), image_now, drawable);
  done = REAL (gimp_drawable_merge_shadow) (drawable, undo);
  act (meets ("merged"), image_now, drawable);
  n_opened = 0;
  return done;
}

GeglBuffer *
gimp_drawable_get_buffer (GimpDrawable *drawable)
{
  if (n_opened >= 0 && ++n_opened == 2)
    act (meets ("write"), image_now, drawable);
  return REAL (gimp_drawable_get_buffer) (drawable);
}

/* The group above has gone away: no layer is in its place that could hold another. */
gboolean
gimp_image_insert_layer (GimpImage *image, GimpLayer *layer, GimpLayer *parent, int position)
{
  const char *what = meets ("insert");

  act (what, image, (GimpDrawable *) layer);
  return REAL (gimp_image_insert_layer) (image, layer, g_strcmp0 (what, "lose") ? parent : layer,
                                         position);
}

/* The new layer has got a mask. */
gboolean
gimp_layer_add_mask (GimpLayer *layer, GimpLayerMask *mask)
{
  const char *what = meets ("add");

  act (what, image_now, (GimpDrawable *) layer);
  if (g_strcmp0 (what, "mask") == 0)
    REAL (gimp_layer_add_mask)
  (layer, REAL (gimp_layer_create_mask) (layer, GIMP_ADD_MASK_WHITE));
  return REAL (gimp_layer_add_mask) (layer, mask);
}

gboolean
gimp_item_attach_parasite (GimpItem *item, const GimpParasite *parasite)
{
  act (meets ("parasite"), image_now, drawable_now);
  return REAL (gimp_item_attach_parasite) (item, parasite);
}

gboolean
gimp_image_undo_group_end (GimpImage *image)
{
  act (meets ("end"), image, drawable_now);
  return REAL (gimp_image_undo_group_end) (image);
}
