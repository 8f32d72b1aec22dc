/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config-picture.c: the keys that say how a network sees the picture, five of them
 * our own (pixel_unshuffle, conditioning, guess_deviation, guess_sweeps,
 * self_condition).
 */
#include "format/config-picture.h"

#include <glib/gi18n-lib.h>

#define MAX_CHANNELS 4096

static const ConfigChoice conditionings[] = {
  { "filled-image", CONDITIONING_FILLED_IMAGE },
  { "masked-image", CONDITIONING_MASKED_IMAGE },
  { NULL, 0 },
};

/* A number, or a list of height and width, of which we take the larger. */
static int
read_sample_size (ConfigReader *reader)
{
  JsonNode *node;
  int       sizes[2] = { 0, 0 };

  if (!config_has (reader, "sample_size"))
    return 0;
  node = json_object_get_member (reader->object, "sample_size");
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return config_int (reader, "sample_size", 0, 1, 65536);
  config_ints (reader, "sample_size", 1, 65536, 2, sizes);
  return MAX (sizes[0], sizes[1]);
}

/* x_t alone, or x_t, y and m. */
static int
count_inputs (const PictureConfig *picture, int n_colours)
{
  return picture->conditioning == CONDITIONING_NONE ? n_colours : 2 * n_colours + 1;
}

/* How many colours there are follows from in_channels; gray has to be said. */
static void
read_colours (ConfigReader *reader, PictureConfig *picture)
{
  int   folded = picture->pixel_unshuffle * picture->pixel_unshuffle;
  int   gray = count_inputs (picture, 1) * folded, colour = count_inputs (picture, 3) * folded;
  int   outputs;
  char *expected;

  picture->n_colours = config_has (reader, "in_channels") && picture->in_channels == gray ? 1 : 3;
  outputs = picture->n_colours * folded;

  if (picture->in_channels != (picture->n_colours == 1 ? gray : colour))
    {
      expected = g_strdup_printf (
        picture->conditioning == CONDITIONING_NONE
          ? _ ("%d (3 colours, folded by pixel_unshuffle) or %d (gray)")
          : _ ("%d (3 + 3 + 1 planes, folded by pixel_unshuffle) or %d (gray, 1 + 1 + 1)"),
        colour, gray);
      config_refuse (reader, "in_channels", expected);
      g_free (expected);
    }
  else if (picture->out_channels != outputs && picture->out_channels != 2 * outputs)
    {
      expected = g_strdup_printf (_ ("%d (as many colours as go in, folded by pixel_unshuffle) or "
                                     "twice as many (with the variance)"),
                                  outputs);
      config_refuse (reader, "out_channels", expected);
      g_free (expected);
    }
}

void
config_read_picture (ConfigReader  *reader,
                     int            in_channels,
                     int            out_channels,
                     PictureConfig *picture)
{
  picture->in_channels = config_int (reader, "in_channels", in_channels, 1, MAX_CHANNELS);
  picture->out_channels = out_channels > 0 ? out_channels : picture->in_channels;
  if (out_channels > 0 || config_has (reader, "out_channels"))
    picture->out_channels =
      config_int (reader, "out_channels", picture->out_channels, 1, MAX_CHANNELS);
  picture->sample_size = read_sample_size (reader);
  picture->pixel_unshuffle = config_int (reader, "pixel_unshuffle", 1, 1, 8);
  picture->conditioning = CONDITIONING_NONE;
  if (config_has (reader, "conditioning"))
    picture->conditioning =
      config_choice (reader, "conditioning", CONDITIONING_NONE, conditionings);
  picture->guess_deviation = config_double (reader, "guess_deviation", 0.0, 0.0, 2.0);
  picture->guess_sweeps = config_int (reader, "guess_sweeps", 0, 0, 64);
  picture->self_condition = config_bool (reader, "self_condition", FALSE);
  if (picture->guess_deviation > 0.0)
    {
      if (picture->conditioning != CONDITIONING_FILLED_IMAGE)
        config_refuse (reader, "guess_deviation",
                       _ ("0, for “conditioning” is not \"filled-image\""));
      else if (picture->guess_deviation < 1e-3)
        config_refuse (reader, "guess_deviation", _ ("0, or a number from 0.001 to 2"));
    }
  if (picture->self_condition && picture->conditioning != CONDITIONING_FILLED_IMAGE)
    config_refuse (reader, "self_condition", "false");
  read_colours (reader, picture);
}
