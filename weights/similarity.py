# SPDX-License-Identifier: GPL-3.0-or-later
"""Structural similarity, as a figure that gradients pass through (Wang et al. 2004, "Image quality assessment", equation 13)."""
import torch.nn.functional as F

WINDOW = 7  # pixels across


def similarity(a, b):
    """a, b (B,C,H,W) in -1..1 -> SSIM round each pixel, -1..1, of the same shape; means over squares of 7 pixels, the picture reflected
    at its borders."""

    def mean(v):
        r = WINDOW // 2
        return F.avg_pool2d(F.avg_pool2d(F.pad(v, (r, r, r, r), 'reflect'), (WINDOW, 1), 1), (1, WINDOW), 1)

    n = WINDOW * WINDOW / (WINDOW * WINDOW - 1)  # an unbiased variance
    c1, c2 = 0.01**2, 0.03**2
    a, b = (a + 1) / 2, (b + 1) / 2  # means are compared by their ratio: black is 0
    ma, mb = mean(a), mean(b)
    va, vb, cov = n * (mean(a * a) - ma * ma), n * (mean(b * b) - mb * mb), n * (mean(a * b) - ma * mb)
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
