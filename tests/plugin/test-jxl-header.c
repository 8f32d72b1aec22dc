/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test-jxl-header.c: heads of JPEG XL files, written bit by bit, whole and cut off.
 */
#include "jxl-header.h"

#include <string.h>

typedef struct
{
  guint8 data[256];
  gsize  at; /* bits */
} Head;

static void
put (Head *head, guint32 value, int n)
{
  for (int i = 0; i < n; i++, head->at++)
    head->data[head->at / 8] |= (guint8) ((value >> i & 1) << (head->at % 8));
}

/* A codestream with everything before "xyb_encoded" that there can be. */
static Head
full_head (gboolean xyb)
{
  Head head = { 0 };

  put (&head, 0x0aff, 16);
  put (&head, 0, 1);    /* size: no eights */
  put (&head, 1, 2);    /* height in 13 bits */
  put (&head, 999, 13); /* 1000 */
  put (&head, 0, 3);    /* no ratio */
  put (&head, 0, 2);    /* width in 9 bits */
  put (&head, 299, 9);
  put (&head, 0, 1); /* not all as usual */
  put (&head, 1, 1); /* extra fields */
  put (&head, 5, 3); /* orientation */
  put (&head, 1, 1); /* intrinsic size: eights, square */
  put (&head, 1, 1);
  put (&head, 7, 5);
  put (&head, 1, 3);
  put (&head, 1, 1); /* preview: 16 × 32 */
  put (&head, 1, 1);
  put (&head, 0, 2);
  put (&head, 0, 3);
  put (&head, 1, 2);
  put (&head, 1, 1); /* animation */
  put (&head, 0, 2);
  put (&head, 2, 2);
  put (&head, 9, 8);
  put (&head, 1, 2);
  put (&head, 3, 3);
  put (&head, 0, 1);
  put (&head, 0, 1); /* integers of 12 bits */
  put (&head, 2, 2);
  put (&head, 1, 1); /* modular in 16 bits */
  put (&head, 2, 2); /* 2 + 1 extra channels */
  put (&head, 1, 4);
  put (&head, 1, 1); /* a usual alpha */
  put (&head, 0, 1); /* an alpha with a name of two letters */
  put (&head, 0, 2);
  put (&head, 1, 1);
  put (&head, 0, 2);
  put (&head, 7, 4);
  put (&head, 0, 2);
  put (&head, 1, 2);
  put (&head, 2, 4);
  put (&head, 'a', 8);
  put (&head, 'b', 8);
  put (&head, 1, 1);
  put (&head, 0, 1); /* a spot colour */
  put (&head, 2, 2);
  put (&head, 0, 4);
  put (&head, 0, 1);
  put (&head, 0, 2);
  put (&head, 0, 2);
  put (&head, 0, 2);
  for (int i = 0; i < 4; i++)
    put (&head, 0xffff, 16);
  put (&head, xyb, 1);
  put (&head, 0, 8);
  return head;
}

static void
codestreams (void)
{
  const guint8 usual[] = { 0xff, 0x0a, 0x41, 0x01 }; /* eights, square, all as usual */
  Head         lossless = full_head (FALSE), lossy = full_head (TRUE);
  gsize        whole = lossless.at / 8 + 1;

  g_assert_true (jxl_header_keeps_colours (lossless.data, whole));
  g_assert_false (jxl_header_keeps_colours (lossy.data, whole));
  g_assert_false (jxl_header_keeps_colours (usual, sizeof usual));
  g_assert_false (jxl_header_keeps_colours ((const guint8 *) "GIF89a", 6));

  for (gsize n = 0; n + 2 < whole; n++)
    {
      guint8 *part = g_memdup2 (lossless.data, n);

      g_assert_false (jxl_header_keeps_colours (part, n));
      g_free (part);
    }
}

static void
boxes (void)
{
  static const guint8 start[] = { 0,  0, 0, 12, 'J', 'X', 'L', ' ', 13,  10, 0x87,
                                  10, 0, 0, 0,  9,   'E', 'x', 'i', 'f', 1 };
  Head                head = full_head (FALSE);
  guint8              data[512] = { 0 };
  gsize               n = head.at / 8 + 1, at;

  /* To the end of the file, and in parts. */
  memcpy (data, start, sizeof start);
  at = sizeof start;
  memcpy (data + at + 4, "jxlc", 4);
  memcpy (data + at + 8, head.data, n);
  g_assert_true (jxl_header_keeps_colours (data, at + 8 + n));
  memcpy (data + at + 4, "jxlp", 4);
  memmove (data + at + 12, data + at + 8, n);
  g_assert_true (jxl_header_keeps_colours (data, at + 12 + n));

  /* Boxes that lie about their length. */
  for (int length = 0; length < 8; length++)
    {
      data[15] = (guint8) length;
      g_assert_false (jxl_header_keeps_colours (data, sizeof start));
    }
  data[12] = 0xff;
  g_assert_false (jxl_header_keeps_colours (data, sizeof data));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jxl-header/codestreams", codestreams);
  g_test_add_func ("/jxl-header/boxes", boxes);
  return g_test_run ();
}
