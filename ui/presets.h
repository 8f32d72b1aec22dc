/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * presets.h: settings of a filter under a name: those that come with it, and those that the user
 * has saved, in gimp-diffusion/presets.ini of the user's GIMP folder. What belongs to one picture,
 * as the seed, is no part of them, nor are files. Main thread only.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* values: lines "property=value"; what is not named has its default. */
typedef struct
{
  const char *name; /* to be translated */
  const char *values;
} ShippedPreset;

typedef struct Presets Presets;

/* filter: a key, which tells the presets of one filter from those of others. shipped: ends with
 * a name of NULL. config outlives the presets. */
Presets *presets_new (GObject *config, const char *filter, const ShippedPreset *shipped);
void     presets_free (Presets *presets);

/* They have numbers from 0 on, the shipped ones first. */
int         presets_count (const Presets *presets);
const char *presets_get_name (const Presets *presets, int i);
gboolean    presets_is_own (const Presets *presets, int i);

/* The one whose values config has; -1: none. */
int presets_find (const Presets *presets);

/* Gives config its values. */
void presets_apply (const Presets *presets, int i);

/* Saves what config has; an own one of that name is replaced. Errors: no name, one that is taken,
 * too many, a file that cannot be read or written. */
gboolean presets_save (Presets *presets, const char *name, GError **error);
gboolean presets_remove (Presets *presets, int i, GError **error);

G_END_DECLS
