/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * surface.c: see surface.h.
 *
 * The terms are made orthogonal one after the other on the known pixels: Cholesky's way through
 * the means of their products.
 */
#include "picture/surface.h"

#include <math.h>

/* What is left of a term on the known pixels, mean square. The rounding to 8 bits would grow to more
 * than a level where less is. */
#define TERM_LEAST 1e-4

/* The terms from this one on bend the surface. */
#define FIRST_BENT 3

static void
get_terms (double u, double v, double terms[SURFACE_TERMS])
{
  const double all[SURFACE_TERMS] = { 1,     u,         v,         u * u,     u * v,
                                      v * v, u * u * u, u * u * v, u * v * v, v * v * v };

  for (int i = 0; i < SURFACE_TERMS; i++)
    terms[i] = all[i];
}

/* Puts −1…1 over the pixels that are near. */
static void
set_place (Surface *surface, int width, int height, const guint8 *near)
{
  int left = width, right = -1, top = height, bottom = -1;

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      if (near[(gsize) y * width + x])
        {
          left = MIN (left, x);
          right = MAX (right, x);
          top = MIN (top, y);
          bottom = MAX (bottom, y);
        }
  surface->across = 2.0 / MAX (right - left, 1);
  surface->down = 2.0 / MAX (bottom - top, 1);
  surface->left = -0.5 * surface->across * (left + right);
  surface->top = -0.5 * surface->down * (top + bottom);
}

/* The weights that solve products · weights = values, in the order of the terms; those that are left
 * out are 0. */
static void
solve (double products[SURFACE_TERMS][SURFACE_TERMS], const double *values, double *weights)
{
  double   lower[SURFACE_TERMS][SURFACE_TERMS] = { { 0 } }, parts[SURFACE_TERMS] = { 0 };
  gboolean kept[SURFACE_TERMS];

  for (int i = 0; i < SURFACE_TERMS; i++)
    {
      double rest = products[i][i];

      for (int j = 0; j < i; j++)
        {
          double product = products[i][j];

          if (!kept[j])
            continue;
          for (int k = 0; k < j; k++)
            product -= lower[i][k] * lower[j][k];
          lower[i][j] = product / lower[j][j];
          rest -= lower[i][j] * lower[i][j];
        }
      kept[i] = rest > TERM_LEAST;
      if (!kept[i])
        {
          for (int j = 0; j < i; j++)
            lower[i][j] = 0;
          continue;
        }
      lower[i][i] = sqrt (rest);
      parts[i] = values[i];
      for (int j = 0; j < i; j++)
        parts[i] -= lower[i][j] * parts[j];
      parts[i] /= lower[i][i];
    }
  for (int i = SURFACE_TERMS - 1; i >= 0; i--)
    {
      weights[i] = 0;
      if (!kept[i])
        continue;
      weights[i] = parts[i];
      for (int j = i + 1; j < SURFACE_TERMS; j++)
        weights[i] -= lower[j][i] * weights[j];
      weights[i] /= lower[i][i];
    }
}

/* Along a row: the weights of 1, u, u², u³. */
static void
get_row (const Surface *surface, int y, double row[4])
{
  const double *w = surface->weights;
  double        v = surface->down * y + surface->top;

  row[0] = w[0] + v * (w[2] + v * (w[5] + v * w[9]));
  row[1] = w[1] + v * (w[4] + v * w[8]);
  row[2] = w[3] + v * w[7];
  row[3] = w[6];
}

static double
value_at (const Surface *surface, const double row[4], int x)
{
  double u = surface->across * x + surface->left;

  return row[0] + u * (row[1] + u * (row[2] + u * row[3]));
}

double
surface_at (const Surface *surface, double x, double y)
{
  const double *w = surface->weights;
  double        u = CLAMP (surface->across * x + surface->left, -1.0, 1.0);
  double        v = CLAMP (surface->down * y + surface->top, -1.0, 1.0);

  return w[0] + v * (w[2] + v * (w[5] + v * w[9])) +
         u * (w[1] + v * (w[4] + v * w[8]) + u * (w[3] + v * w[7] + u * w[6]));
}

/* The mean square of what it misses the n known pixels by. */
static double
find_missed (const Surface *surface,
             int            width,
             int            height,
             const float   *plane,
             const float   *hole,
             const guint8  *near,
             gsize          n)
{
  double missed = 0, row[4];

  for (int y = 0; y < height; y++)
    {
      get_row (surface, y, row);
      for (int x = 0; x < width; x++)
        {
          gsize at = (gsize) y * width + x;

          if (near[at] && hole[at] == 0.0f)
            missed += pow (plane[at] - value_at (surface, row, x), 2);
        }
    }
  return missed / n;
}

void
surface_fit (Surface      *surface,
             int           width,
             int           height,
             const float  *plane,
             const float  *hole,
             const guint8 *near)
{
  double products[SURFACE_TERMS][SURFACE_TERMS] = { { 0 } }, values[SURFACE_TERMS] = { 0 };
  double terms[SURFACE_TERMS], missed, half_range;
  gsize  n = 0;

  *surface = (Surface) { .least = G_MAXFLOAT, .most = -G_MAXFLOAT };
  set_place (surface, width, height, near);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize at = (gsize) y * width + x;

        if (!near[at] || hole[at] != 0.0f)
          continue;
        n++;
        surface->least = MIN (surface->least, plane[at]);
        surface->most = MAX (surface->most, plane[at]);
        get_terms (surface->across * x + surface->left, surface->down * y + surface->top, terms);
        for (int i = 0; i < SURFACE_TERMS; i++)
          {
            values[i] += terms[i] * plane[at];
            for (int j = 0; j <= i; j++)
              products[i][j] += terms[i] * terms[j];
          }
      }
  if (n == 0)
    {
      surface->least = surface->most = 0.0f;
      return;
    }
  for (int i = 0; i < SURFACE_TERMS; i++)
    {
      values[i] /= n;
      for (int j = 0; j <= i; j++)
        products[i][j] /= n;
    }
  solve (products, values, surface->weights);
  missed = find_missed (surface, width, height, plane, hole, near, n);

  /* Where it misses a part of what there is, its bends are made of something else too, such as
   * faint clouds, and would grow with every pixel beyond the known: so they are held back. */
  half_range = 0.5 * ((double) surface->most - surface->least);
  if (half_range > 0)
    {
      for (int i = FIRST_BENT; i < SURFACE_TERMS; i++)
        products[i][i] += missed / (half_range * half_range);
      solve (products, values, surface->weights);
      missed = find_missed (surface, width, height, plane, hole, near, n);
    }
  surface->off = sqrt (missed);
}

void
surface_add (const Surface *surface, int width, int height, float *plane, double times)
{
  for (int y = 0; y < height; y++)
    {
      double row[4];

      get_row (surface, y, row);
      for (int x = 0; x < width; x++)
        plane[(gsize) y * width + x] += (float) (times * value_at (surface, row, x));
    }
}
