/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noise-level.c: how Denoise learns the noise level; see noise-level.h.
 *
 * Three radio buttons, the last two with a slider. Which of them is active
 * follows from the values alone: nothing else is stored, so that scripts, last
 * values and presets show up rightly.
 */
#include "noise-level.h"

#include <math.h>

#include <glib/gi18n-lib.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

#include "settings-grid.h"

/* Where nothing was measured: a picture taken at a high ISO is the usual reason to set it
 * by hand. */
#define FIRST_SIGMA    15.0
#define FIRST_STRENGTH 0.1

/* Where the slider of σ ends; more can be typed. */
#define SLIDER_SIGMA 100.0
#define SLIDER_WIDTH 180

typedef enum
{
  MEASURED,
  SIGMA,
  STRENGTH,
  N_WAYS
} Way;

struct _NoiseLevel
{
  GtkGrid parent_instance;

  GObject   *config;
  GtkWidget *radios[N_WAYS];
  GtkWidget *sliders[N_WAYS]; /* none for MEASURED */
  double     measured;        /* 0: not known */
  gboolean   is_updating;
};

G_DEFINE_TYPE (NoiseLevel, noise_level, GTK_TYPE_GRID)

static void
show_values (NoiseLevel *level)
{
  double sigma, strength;
  Way    way;

  g_object_get (level->config, "sigma", &sigma, "strength", &strength, NULL);
  way = sigma > 0.0 ? SIGMA : strength > 0.0 ? STRENGTH : MEASURED;

  level->is_updating = TRUE;
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (level->radios[way]), TRUE);
  level->is_updating = FALSE;

  for (int i = SIGMA; i < N_WAYS; i++)
    gtk_widget_set_sensitive (level->sliders[i], i == (int) way);
}

static void
choose_way (NoiseLevel *level, GtkToggleButton *radio)
{
  double strength;

  if (level->is_updating || !gtk_toggle_button_get_active (radio))
    return;

  g_object_get (level->config, "strength", &strength, NULL);

  if (GTK_WIDGET (radio) == level->radios[SIGMA])
    g_object_set (level->config, "sigma", level->measured > 0.0 ? level->measured : FIRST_SIGMA,
                  NULL);
  else if (GTK_WIDGET (radio) == level->radios[STRENGTH])
    g_object_set (level->config, "strength", strength > 0.0 ? strength : FIRST_STRENGTH, "sigma",
                  0.0, NULL);
  else
    g_object_set (level->config, "strength", 0.0, "sigma", 0.0, NULL);
}

static void
add_way (NoiseLevel *level,
         Way         way,
         const char *label,
         const char *property,
         double      upper,
         double      step,
         int         digits)
{
  GtkWidget  *radio;
  GtkWidget  *slider;
  GParamSpec *pspec;

  radio =
    gtk_radio_button_new_with_mnemonic_from_widget (GTK_RADIO_BUTTON (level->radios[0]), label);
  gtk_grid_attach (GTK_GRID (level), radio, 0, way, property ? 1 : 2, 1);
  g_signal_connect_object (radio, "toggled", G_CALLBACK (choose_way), level, G_CONNECT_SWAPPED);
  level->radios[way] = radio;

  if (!property)
    return;

  slider = gimp_prop_spin_scale_new (level->config, property, step, 10.0 * step, digits);
  gimp_spin_scale_set_label (GIMP_SPIN_SCALE (slider), NULL);
  gimp_spin_scale_set_scale_limits (GIMP_SPIN_SCALE (slider), 0.0, upper);
  gtk_widget_set_hexpand (slider, TRUE);
  gtk_widget_set_size_request (slider, SLIDER_WIDTH, -1);
  gtk_grid_attach (GTK_GRID (level), slider, 1, way, 1, 1);
  level->sliders[way] = slider;

  pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (level->config), property);
  gtk_widget_set_tooltip_text (radio, g_param_spec_get_blurb (pspec));
  settings_grid_make_accessible (slider, pspec);
}

/* The title's mnemonic leads to the way that is chosen. */
static gboolean
noise_level_mnemonic_activate (GtkWidget *widget, gboolean group_cycling)
{
  NoiseLevel *level = NOISE_LEVEL (widget);

  for (int i = 0; i < N_WAYS; i++)
    if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (level->radios[i])))
      gtk_widget_grab_focus (level->radios[i]);

  return TRUE;
}

static void
noise_level_finalize (GObject *object)
{
  g_clear_object (&NOISE_LEVEL (object)->config);

  G_OBJECT_CLASS (noise_level_parent_class)->finalize (object);
}

static void
noise_level_class_init (NoiseLevelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = noise_level_finalize;
  GTK_WIDGET_CLASS (klass)->mnemonic_activate = noise_level_mnemonic_activate;
}

static void
noise_level_init (NoiseLevel *level)
{
  gtk_grid_set_row_spacing (GTK_GRID (level), 6);
  gtk_grid_set_column_spacing (GTK_GRID (level), 12);
}

NoiseLevel *
noise_level_new (GObject *config)
{
  NoiseLevel *level = g_object_new (NOISE_TYPE_LEVEL, NULL);

  level->config = g_object_ref (config);

  add_way (level, MEASURED, _ ("Me_asured in the picture"), NULL, 0.0, 0.0, 0);
  add_way (level, SIGMA, _ ("_Fixed level (0–255)"), "sigma", SLIDER_SIGMA, 0.5, 1);
  add_way (level, STRENGTH, _ ("Share of the model’s noise ran_ge"), "strength", 1.0, 0.01, 3);

  g_signal_connect_object (config, "notify::sigma", G_CALLBACK (show_values), level,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (config, "notify::strength", G_CALLBACK (show_values), level,
                           G_CONNECT_SWAPPED);
  show_values (level);

  return level;
}

void
noise_level_set_measured (NoiseLevel *level, double sigma)
{
  g_return_if_fail (NOISE_IS_LEVEL (level));

  /* As the slider shows it. */
  level->measured = CLAMP (floor (10.0 * sigma + 0.5) / 10.0, 0.0, 255.0);
}
