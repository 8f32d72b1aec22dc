# SPDX-License-Identifier: GPL-3.0-or-later
"""Push-pull fill: a smooth first guess for unknown pixels from a weighted pyramid of the known ones (`"conditioning": "filled-image"`).
Sweeps after each enlargement (`"guess_sweeps"`) bring it close to the solution of Laplace's equation."""
import torch
import torch.nn.functional as F


def fill(x, w, sweeps):
    """x (B,C,H,W) picture, w (B,1,H,W) weight 0..1 (1 = known) -> x where known, a smooth guess elsewhere."""
    h, v = x.shape[2:]
    if min(h, v) <= 2:
        return ((x * w).sum((2, 3), keepdim=True) / w.sum((2, 3), keepdim=True).clamp(min=1e-6)).expand_as(x)
    odd = (0, v & 1, 0, h & 1)  # odd sizes: one more row/column of weight 0
    xp, wp = (F.pad(x, odd, mode='replicate'), F.pad(w, odd)) if any(odd) else (x, w)
    d = F.avg_pool2d(wp, 2)
    c = fill(F.avg_pool2d(xp * wp, 2) / d.clamp(min=1e-6), (4 * d).clamp(max=1), sweeps)
    x = w * x + (1 - w) * F.interpolate(c, scale_factor=2, mode='bilinear', align_corners=False)[:, :, :h, :v]
    for _ in range(sweeps):  # the unknown pixels become the means of their neighbours
        p = F.pad(x, (1, 1, 1, 1), mode='replicate')
        x = torch.where(
            w > 0, x, 0.25 * (p[:, :, :-2, 1:-1] + p[:, :, 2:, 1:-1] + p[:, :, 1:-1, :-2] + p[:, :, 1:-1, 2:])
        )
    return x
