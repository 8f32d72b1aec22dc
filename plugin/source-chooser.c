/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source-chooser.c: see source-chooser.h.
 */
#include "source-chooser.h"

#include <stdlib.h>

#include <glib/gi18n-lib.h>

#define POLL_MS  1000
#define ANYWHERE "0" /* no item has this number */

typedef struct
{
  GtkComboBoxText     *list;
  GimpProcedureConfig *config;
  GimpDrawable        *drawable;
  char                *shown; /* numbers and names of what is listed */
  gboolean             is_filling;
  guint                poll_source;
} SourceChooser;

/* The numbers and names of what there is, by turns; free with g_ptr_array_unref(). */
static GPtrArray *
find_items (const SourceChooser *chooser)
{
  GimpImage    *image = gimp_item_get_image (GIMP_ITEM (chooser->drawable));
  GimpChannel **channels = gimp_image_get_channels (image);
  GPtrArray    *found = g_ptr_array_new_with_free_func (g_free);
  GimpItem     *mask = NULL;

  if (GIMP_IS_LAYER (chooser->drawable))
    mask = GIMP_ITEM (gimp_layer_get_mask (GIMP_LAYER (chooser->drawable)));

  g_ptr_array_add (found, g_strdup (ANYWHERE));
  g_ptr_array_add (found, g_strdup (_ ("Anywhere around")));
  for (int i = 0; channels[i]; i++)
    {
      g_ptr_array_add (found, g_strdup_printf ("%d", gimp_item_get_id (GIMP_ITEM (channels[i]))));
      g_ptr_array_add (found, gimp_item_get_name (GIMP_ITEM (channels[i])));
    }
  if (mask)
    {
      g_ptr_array_add (found, g_strdup_printf ("%d", gimp_item_get_id (mask)));
      g_ptr_array_add (found, g_strdup (_ ("The layer mask")));
    }
  g_free (channels);
  return found;
}

static void
show_source (SourceChooser *chooser)
{
  GimpItem *source = NULL;
  char     *id;

  g_object_get (chooser->config, "source", &source, NULL);
  id = source ? g_strdup_printf ("%d", gimp_item_get_id (source)) : g_strdup (ANYWHERE);
  chooser->is_filling = TRUE;
  gtk_combo_box_set_active_id (GTK_COMBO_BOX (chooser->list), id);
  chooser->is_filling = FALSE;
  g_free (id);
  g_clear_object (&source);
}

/* Where there is something new. */
static gboolean
fill (gpointer data)
{
  SourceChooser *chooser = data;
  GPtrArray     *items;
  char          *text;

  if (!gimp_item_is_valid (GIMP_ITEM (chooser->drawable)))
    return G_SOURCE_CONTINUE;

  items = find_items (chooser);
  g_ptr_array_add (items, NULL);
  text = g_strjoinv ("\n", (char **) items->pdata);
  if (g_strcmp0 (text, chooser->shown) != 0)
    {
      chooser->is_filling = TRUE;
      gtk_combo_box_text_remove_all (chooser->list);
      for (guint i = 0; i + 2 < items->len; i += 2)
        gtk_combo_box_text_append (chooser->list, items->pdata[i], items->pdata[i + 1]);
      chooser->is_filling = FALSE;
      g_free (chooser->shown);
      chooser->shown = g_steal_pointer (&text);
      show_source (chooser);
      /* What was chosen may be gone, which others want to know. */
      g_object_notify (G_OBJECT (chooser->config), "source");
    }
  g_free (text);
  g_ptr_array_unref (items);
  return G_SOURCE_CONTINUE;
}

static void
choose (SourceChooser *chooser)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (chooser->list));

  if (id && !chooser->is_filling)
    g_object_set (chooser->config, "source", gimp_item_get_by_id (atoi (id)), NULL);
}

static void
chooser_free (gpointer data)
{
  SourceChooser *chooser = data;

  g_source_remove (chooser->poll_source);
  g_signal_handlers_disconnect_by_data (chooser->config, chooser);
  g_free (chooser->shown);
  g_free (chooser);
}

GtkWidget *
source_chooser_new (GimpProcedureConfig *config, GimpDrawable *drawable)
{
  SourceChooser *chooser = g_new0 (SourceChooser, 1);
  GtkWidget     *list = gtk_combo_box_text_new ();

  chooser->list = GTK_COMBO_BOX_TEXT (list);
  chooser->config = config;
  chooser->drawable = drawable;
  if (!source_recall (config, gimp_item_get_image (GIMP_ITEM (drawable)), NULL))
    g_object_set (config, "source", NULL, NULL);
  fill (chooser);
  chooser->poll_source = g_timeout_add (POLL_MS, fill, chooser);
  g_object_set_data_full (G_OBJECT (list), "chooser", chooser, chooser_free);
  g_signal_connect_swapped (list, "changed", G_CALLBACK (choose), chooser);
  g_signal_connect_swapped (config, "notify::source", G_CALLBACK (show_source), chooser);
  return list;
}

void
source_remember (GimpProcedureConfig *config)
{
  GimpItem *source = NULL;
  char     *name;

  g_object_get (config, "source", &source, NULL);
  name = source ? gimp_item_get_name (source) : NULL;
  g_object_set (config, "source-name", name, "source", NULL, NULL);
  g_free (name);
  g_clear_object (&source);
}

gboolean
source_recall (GimpProcedureConfig *config, GimpImage *image, GError **error)
{
  GimpChannel *channel = NULL;
  char        *name = NULL;
  gboolean     is_known;

  g_object_get (config, "source-name", &name, NULL);
  if (name && *name)
    {
      channel = gimp_image_get_channel_by_name (image, name);
      if (channel)
        g_object_set (config, "source", channel, NULL);
      else
        g_set_error (error, GIMP_PLUG_IN_ERROR, 0,
                     _ ("The image has no channel “%s”, from which the last run copied: choose the "
                        "filter in its menu again."),
                     name);
    }
  is_known = channel != NULL || name == NULL || *name == '\0';
  g_free (name);
  return is_known;
}
