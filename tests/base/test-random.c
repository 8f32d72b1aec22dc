/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-random.c: Philox4x32-10 against its published answers, addresses that
 * never meet, and deviates that are normal and independent.
 */
#include <math.h>
#include <string.h>

#include "base/random.h"

/* The known answers of Random123 1.14 (tests/kat_vectors, philox4x32 10). */
static void
test_known_answers (void)
{
  static const struct
  {
    guint32 counter[4], key[2], answer[4];
  } cases[] = {
    { { 0x00000000, 0x00000000, 0x00000000, 0x00000000 },
      { 0x00000000, 0x00000000 },
      { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
      { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint32 out[4];

      random_philox (cases[i].counter, cases[i].key, out);
      g_assert_cmpmem (out, sizeof out, cases[i].answer, sizeof cases[i].answer);
    }
}

/* Every combination of the addresses' extremes is packed into its own bits. */
static void
test_addresses (void)
{
  static const guint32       seeds[] = { 0, 1, 2147483647 };
  static const RandomPurpose purposes[] = { RANDOM_START, RANDOM_KNOWN, RANDOM_REVERSE, RANDOM_JUMP,
                                            RANDOM_FORWARD };
  static const int           scales[] = { 0, 1, 255 };
  static const guint32       transitions[] = { 0, 1, 50000, G_MAXUINT32 };
  static const int           places[] = { 0, 1, -1, 255, -256, 70000, G_MAXINT, G_MININT };
  GHashTable                *seen =
    g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  guint n = 0;

  for (gsize a = 0; a < G_N_ELEMENTS (seeds); a++)
    for (gsize b = 0; b < G_N_ELEMENTS (purposes); b++)
      for (gsize c = 0; c < G_N_ELEMENTS (scales); c++)
        for (gsize d = 0; d < G_N_ELEMENTS (transitions); d++)
          for (gsize x = 0; x < G_N_ELEMENTS (places); x++)
            for (gsize y = 0; y < G_N_ELEMENTS (places); y++)
              for (int group = 0; group < 2; group++)
                {
                  RandomStream stream = { seeds[a], purposes[b], scales[c], transitions[d] };
                  guint32      words[6];

                  random_pack (&stream, places[x], places[y], group, words, words + 4);
                  g_hash_table_add (seen, g_bytes_new (words, sizeof words));
                  n++;
                }
  g_assert_cmpuint (g_hash_table_size (seen), ==, n);
  g_hash_table_unref (seen);
}

/* A deviate depends on its own place alone, not on the window it is drawn in. */
static void
test_windows (void)
{
  RandomStream  stream = { 42, RANDOM_REVERSE, 0, 7 };
  DiffusionRect whole = { -3, -2, 11, 9 }, part = { 1, 2, 4, 5 };
  float         a[3 * 11 * 9], b[3 * 4 * 5], gray[4 * 5];

  random_window (&stream, &whole, 3, a);
  random_window (&stream, &part, 3, b);
  random_window (&stream, &part, 1, gray);
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < 5; y++)
      for (int x = 0; x < 4; x++)
        g_assert_cmpfloat (b[(c * 5 + y) * 4 + x], ==, a[(c * 9 + y + 4) * 11 + x + 4]);
  g_assert_cmpmem (gray, sizeof gray, b, sizeof gray);
}

static double
correlation (const float *a, const float *b, int n)
{
  double sum = 0.0;

  for (int i = 0; i < n; i++)
    sum += (double) a[i] * b[i];
  return sum / n;
}

/* Moments of 10⁶ deviates and correlations with every kind of neighbour, within 4
 * (correlations, of which there are many: 5) standard errors. */
static void
test_normal (void)
{
  const int     side = 1000, n = side * side;
  DiffusionRect window = { -500, -500, side, side };
  RandomStream  stream = { 3, RANDOM_START, 0, 0 };
  float        *z = g_new (float, 3 * n), *other = g_new (float, 3 * n);
  double        moment[5] = { 0.0 };

  random_window (&stream, &window, 3, z);
  for (int i = 0; i < n; i++)
    for (int k = 1; k <= 4; k++)
      moment[k] += pow (z[i], k) / n;
  g_assert_cmpfloat (fabs (moment[1]), <, 4.0 * sqrt (1.0 / n));
  g_assert_cmpfloat (fabs (moment[2] - 1.0), <, 4.0 * sqrt (2.0 / n));
  g_assert_cmpfloat (fabs (moment[3]), <, 4.0 * sqrt (15.0 / n));
  g_assert_cmpfloat (fabs (moment[4] - 3.0), <, 4.0 * sqrt (96.0 / n));

  /* Channels, horizontal and vertical neighbours. */
  g_assert_cmpfloat (fabs (correlation (z, z + n, n)), <, 5.0 / side);
  g_assert_cmpfloat (fabs (correlation (z, z + 2 * n, n)), <, 5.0 / side);
  g_assert_cmpfloat (fabs (correlation (z + n, z + 2 * n, n)), <, 5.0 / side);
  g_assert_cmpfloat (fabs (correlation (z, z + 1, n - 1)), <, 5.0 / side);
  g_assert_cmpfloat (fabs (correlation (z, z + side, n - side)), <, 5.0 / side);

  /* The other parts of the address, one at a time. */
  RandomStream others[] = { { 4, RANDOM_START, 0, 0 },
                            { 3, RANDOM_KNOWN, 0, 0 },
                            { 3, RANDOM_START, 1, 0 },
                            { 3, RANDOM_START, 0, 1 } };
  for (gsize k = 0; k < G_N_ELEMENTS (others); k++)
    {
      random_window (&others[k], &window, 3, other);
      g_assert_cmpfloat (fabs (correlation (z, other, n)), <, 5.0 / side);
    }
  g_free (z);
  g_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random/known-answers", test_known_answers);
  g_test_add_func ("/random/addresses", test_addresses);
  g_test_add_func ("/random/windows", test_windows);
  g_test_add_func ("/random/normal", test_normal);
  return g_test_run ();
}
