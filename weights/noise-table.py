#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the training noise compares with what was measured on real cameras:

  python3 noise-table.py --pairs 'EVAL/cc15/*_real.png' --pairs 'EVAL/polyu/*_real.jpg' --photos PHOTOS

Each row: the deviation in 8-bit levels; the 8x8 DCT of the residual in bands 1-2, 3-5, 6-8, 9 and up, of lightness and of colours, all
relative to lightness 3-5; the correlation with the next pixel and the one after; that of red with green and green with blue; the
deviation of lightness from dark to light (0, 48, 96, 144, 200, 255), relative to the largest. --pairs: NAME_real beside NAME_mean, the
mean of many shots."""
import argparse, glob
import numpy as np
import torch
from camera import blur, camera_noise, grain, real
from data import _DCT, KINDS, Photos, jpeg, photographic
from evaluate import read

OPPONENT = torch.tensor([[3**-0.5] * 3, [0.5**0.5, 0, -(0.5**0.5)], [6**-0.5, -2 * 6**-0.5, 6**-0.5]])
EDGES = (0, 48, 96, 144, 200, 256)


def row(y, x):
    """Of one picture, (1,3,H,W) in -1..1."""
    h, w = (n // 8 * 8 for n in y.shape[2:])
    r = (y - x)[:, :, :h, :w] * 127.5
    o = torch.einsum('ij,bjhw->ihw', OPPONENT, r)
    d = (_DCT @ o.reshape(3, h // 8, 8, w // 8, 8).transpose(2, 3) @ _DCT.T).square().mean((1, 2))
    order = torch.arange(8)[:, None] + torch.arange(8)
    bands = [(order >= a) & (order <= b) for a, b in ((1, 2), (3, 5), (6, 8), (9, 14))]
    light, colour = ([v[..., m].mean().sqrt() for m in bands] for v in (d[:1], d[1:]))
    lag = lambda z, n: ((z[:, n:] * z[:, :-n]).mean() + (z[n:] * z[:-n]).mean()) / 2 / (z * z).mean()
    c = torch.corrcoef(r[0].reshape(3, -1))
    bright = blur(x[:, :, :h, :w].mean(1, keepdim=True) * 127.5 + 127.5, torch.full((1, 1, 1, 1), 2.0))[0, 0]
    parts = [(bright >= a) & (bright < b) for a, b in zip(EDGES, EDGES[1:])]
    levels = [o[0][m].std() if m.sum() > 1500 else torch.tensor(float('nan')) for m in parts]
    return [float(v) for v in (r.std(), *light, *colour, lag(o[0], 1), lag(o[0], 2), c[0, 1], c[1, 2], *levels)]


def show(name, rows):
    v = np.nanmean(rows, 0)
    words = lambda z: ' '.join('%.2f' % q for q in z)
    print(
        '| %s | %.2f | %s | %s | %s | %s | %s |'
        % (
            name,
            v[0],
            words(v[1:5] / v[2]),
            words(v[5:9] / v[2]),
            words(v[9:11]),
            words(v[11:13]),
            words(v[13:] / np.nanmax(v[13:])),
        ),
        flush=True,
    )


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--pairs', action='append', default=[]), p.add_argument('--photos')
    p.add_argument('--number', type=int, default=32, help='patches of 256 from the photographs')
    a = p.parse_args()
    torch.manual_seed(0)
    print(
        '| noise | deviation | lightness | colours | next pixels | R-G G-B | dark to light |\n|---|---|---|---|---|---|---|'
    )
    for pattern in a.pairs:
        names = sorted(glob.glob(pattern))
        show('%s, %d pairs' % (pattern, len(names)), [row(read(n), read(n.replace('_real', '_mean'))) for n in names])
    if a.photos:
        x, _ = Photos(a.photos, 256, 'cpu').crops(a.number, 256)
        each = lambda f: [row(*(v[None] for v in pair)) for pair in zip(*f(x))]
        for kind in KINDS:
            show('data.py, ' + kind, each(lambda x: (photographic(x, torch.randn_like(x) * 10 / 127.5, kind), x)))

        def developed(x):
            y, clean = camera_noise(x * 0.5 + 0.5)
            return jpeg(2 * y - 1, 85 + 12 * torch.rand(len(x))), 2 * clean - 1

        show('camera.py, a camera', each(developed))
        show('camera.py, a film', each(lambda x: tuple(2 * v - 1 for v in grain(x * 0.5 + 0.5))))
        show('camera.py, all that is trained on', each(real))


if __name__ == '__main__':
    main()
