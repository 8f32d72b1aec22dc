/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-planes.c: memory that is not there, values that are no colours, windows.
 */
#include <math.h>

#include "base/planes.h"

static void
test_memory (void)
{
  GError *error = NULL;
  float  *planes = planes_new (3, 2, 4, &error);

  g_assert_no_error (error);
  for (int i = 0; i < 3 * 2 * 4; i++)
    planes[i] = 1.0f;
  g_free (planes);

  g_assert_null (planes_new (G_MAXINT, G_MAXINT, 4, &error)); /* more than a size can say */
  g_assert_error (error, DIFFUSION_ERROR, DIFFUSION_ERROR_MEMORY);
  g_assert_nonnull (strstr (error->message, "select less, or close other pictures"));
  g_clear_error (&error);
}

static void
test_values (void)
{
  float values[] = { -1.0f, 0.0f, 0.25f, 1.0f, 7.0f, NAN, INFINITY, -INFINITY };
  float expected[] = { 0.0f, 0.0f, 0.25f, 1.0f, 1.0f, 0.0f, 1.0f, 0.0f };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmpfloat (planes_clip (values[i]), ==, expected[i]);
  g_assert_cmpfloat (planes_from_network (-0.5f), ==, 0.25f);
  g_assert_cmpfloat (planes_from_network (-3.0f), ==, 0.0f);
  g_assert_cmpfloat (planes_from_network (3.0f), ==, 1.0f);
}

static void
test_cut (void)
{
  float         source[2 * 3 * 4], out[2 * 2 * 2];
  float         expected[] = { 5, 6, 9, 10, 17, 18, 21, 22 };
  DiffusionRect window = { 1, 1, 2, 2 };

  for (gsize i = 0; i < G_N_ELEMENTS (source); i++)
    source[i] = i;
  planes_cut (source, 4, 3, 2, &window, out);
  g_assert_cmpmem (out, sizeof out, expected, sizeof expected);
}

static void
test_inside (void)
{
  static const struct
  {
    DiffusionRect rect;
    gboolean      inside;
  } cases[] = {
    { { 0, 0, 10, 5 }, TRUE },        { { 9, 4, 1, 1 }, TRUE },
    { { 0, 0, 11, 5 }, FALSE },       { { 1, 0, 10, 5 }, FALSE },
    { { -1, 0, 5, 5 }, FALSE },       { { 0, 0, 0, 5 }, FALSE },
    { { 10, 0, 1, 1 }, FALSE },       { { 0, 0, -3, 1 }, FALSE },
    { { 5, 2, G_MAXINT, 1 }, FALSE }, { { G_MAXINT, 0, G_MAXINT, 1 }, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (planes_rect_inside (&cases[i].rect, 10, 5), ==, cases[i].inside);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/planes/memory", test_memory);
  g_test_add_func ("/planes/values", test_values);
  g_test_add_func ("/planes/cut", test_cut);
  g_test_add_func ("/planes/inside", test_inside);
  return g_test_run ();
}
