#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a model folder (weights/model, or any that export.py wrote) or a checkpoint folder of train.py in PyTorch:

  python3 evaluate.py MODEL --eval EVAL [--every 4] [--gray] [--noise clipped] [--window 160] [--bf16]
  python3 evaluate.py MODEL --eval EVAL --fill [--out DIR] [--steps 20] [--bf16]

Denoising: PSNR on CBSD68 at sigma 15/25/50, unclipped float Gaussian noise as in the papers, true sigma, one evaluation, seeds fixed; or
--noise clipped (8 bits), correlated (and 8 bits), jpeg (and 8 bits, quality 60..98), told the deviation that was left.
--fill: the masks of EVAL/masks: PSNR in the hole of the guess, of x0 at t = 999, of x0 there with the former as guess, and of the end of a
20-step DDIM run, per kind; with --out the
filled pictures and their references are written there, to be scored by EVAL/score.py (DIR DIR).
"""
import argparse, glob, json, math, os
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from data import KINDS, photographic
from diffusion import SIGMA, T, abar, estimate, matched
from fill import fill
from unet import Folded


def read(path):
    return torch.from_numpy(np.array(Image.open(path).convert('RGB'))).permute(2, 0, 1)[None].float() / 127.5 - 1


def load(path):
    """A model folder or a checkpoint folder -> the network, in evaluation mode."""
    if os.path.isdir(path + '/unet'):
        from safetensors.torch import load_file

        c = json.load(open(path + '/unet/config.json'))
        model = Folded(
            c['block_out_channels'],
            c['layers_per_block'],
            c['norm_num_groups'],
            c['add_attention'],
            c['pixel_unshuffle'],
            c.get('guess_deviation', 0),
            c.get('guess_sweeps', 0),
            c.get('self_condition', False),
        )
        model.net.load_state_dict(
            {k: v.float() for k, v in load_file(path + '/unet/diffusion_pytorch_model.safetensors').items()}
        )
    else:
        from checkpoint import read_parts

        s = read_parts(path)
        model = Folded(**s['options'])
        model.net.load_state_dict(s['ema'])
    return model.eval().to(memory_format=torch.channels_last)


def psnr(a, b, m=None):
    d = ((a.clamp(-1, 1) - b) / 2).square()
    return -10 * math.log10(max((d.mean() if m is None else (d * m).sum() / (3 * m.sum())).item(), 1e-10))


@torch.no_grad()
def run(model, x, y, m, t, fast=False):
    """v on a picture of any size: extended by reflection to a multiple of what the network folds, m = 1 there, cropped after."""
    q = model.options['unshuffle'] * 2 ** (len(model.options['channels']) - 1)
    h, w = x.shape[2:]
    pad = (0, -w % q, 0, -h % q)
    x, y, m = F.pad(x, pad, 'reflect'), F.pad(y, pad, 'reflect'), F.pad(m, pad, value=1)
    with torch.autocast(x.device.type, torch.bfloat16, enabled=fast):
        return model(x, y, m, t)[:, :, :h, :w]


def denoise(model, y, sigma, window=0, fast=False):
    """One evaluation at the matched t, on the whole picture or in overlapping windows (averaged)."""
    t, ab = matched(torch.tensor([sigma * SIGMA], device=y.device))
    one = lambda z: estimate(
        z * ab.sqrt(), run(model, z * ab.sqrt(), torch.zeros_like(z), torch.ones_like(z[:, :1]), t, fast), ab
    )
    h, w = y.shape[2:]
    if not window:
        return one(y)
    total, count = torch.zeros_like(y), torch.zeros_like(y[:, :1])
    starts = lambda n: sorted({max(0, min(p, n - window)) for p in range(0, n, window * 3 // 4)})
    for i in starts(h):
        for j in starts(w):
            s = (slice(None), slice(None), slice(i, i + window), slice(j, j + window))
            z = one(y[s])
            soft = torch.zeros_like(count[s]) + 1e-3
            e = window // 16
            soft[:, :, e if i else 0 :, e if j else 0 :][
                :,
                :,
                : soft.shape[2] - (e if i else 0) - (e if i + window < h else 0),
                : soft.shape[3] - (e if j else 0) - (e if j + window < w else 0),
            ] = 1
            total[s] += z * soft
            count[s] += soft
    return total / count


def gaussian(model, folder, device, every=1, gray=False, window=0, size=0, fast=False, kind=None):
    """{sigma: mean PSNR} over the pictures of a folder."""
    result = {}
    for sigma in (15, 25, 50):
        values = []
        for n, f in enumerate(sorted(glob.glob(folder + '/*.png'))[::every]):
            x = read(f).to(device)
            if size:
                x = x[:, :, :size, :size]
            if gray:
                x = (x * torch.tensor([0.299, 0.587, 0.114], device=device)[:, None, None]).sum(1, keepdim=True)
            e = torch.randn(x.shape, generator=torch.Generator().manual_seed(n)).to(device)
            y = (x + e * sigma * SIGMA).expand(-1, 3, -1, -1)
            level = sigma
            if kind:  # JPEG's blocks: multiples of 8
                x, y = (v[:, :, : x.shape[2] // 8 * 8, : x.shape[3] // 8 * 8] for v in (x, y))
                torch.manual_seed(n)
                y = photographic(x, y - x, kind)
                level = (y - x).square().mean().sqrt().item() / SIGMA
            z = denoise(model, y, level, window, fast)
            values.append(psnr(z.mean(1, keepdim=True) if gray else z, x))
        result[sigma] = round(sum(values) / len(values), 3)
    return result


def cases(folder, device, limit=99, size=0):
    """(name, kind, picture, mask) of every mask of the set; with size, a window of that size round the middle of the mask's middle pixel."""
    masks = sorted(glob.glob(folder + '/masks/*.png'))
    names = sorted({os.path.basename(f).rsplit('_', 1)[0] for f in masks})[:limit]
    for f in masks:
        name, kind = os.path.basename(f)[:-4].rsplit('_', 1)
        if name in names:
            x = read('%s/cbsd68/%s.png' % (folder, name)).to(device)
            m = (torch.from_numpy(np.array(Image.open(f).convert('L'))) > 0).float()[None, None].to(device)
            if size:
                middle = m[0, 0].nonzero().median(0).values.tolist()
                i, j = (max(0, min(c - size // 2, n - size)) for c, n in zip(middle, x.shape[2:]))
                x, m = x[:, :, i : i + size, j : j + size], m[:, :, i : i + size, j : j + size]
            yield name, kind, x, m


def ddim(model, x, m, steps, seed, fast=False):
    """The reverse process from t = 999 in `steps` steps of DDIM; known pixels are those of x. Returns the guess, x0 of the first step, x0 of
    that step with the former as guess, and the end of the run (steps 1: without that)."""
    y = fill(x * (1 - m), 1 - m, model.options['guess_sweeps'])
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)).to(x.device)

    def predict(x_t, y, t):
        at = torch.tensor([t], device=x.device)
        x_t = m * x_t + (1 - m) * (abar(at).sqrt() * x + (1 - abar(at)).sqrt() * noise)
        return x_t, m * estimate(x_t, run(model, x_t, y, m, at, fast), abar(at)).clamp(-1, 1) + (1 - m) * x

    first = predict(noise, y, T - 1.0)[1]
    results, x_t = [y, first, predict(noise.flip(2), first, T - 1.0)[1]], noise
    times = torch.linspace(T - 1, -1, steps + 1).tolist() if steps > 1 else []
    for t, s in zip(times, times[1:]):
        ab, next_ab = (
            abar(torch.tensor([v], device=x.device)) if v >= 0 else torch.ones(1, 1, 1, 1, device=x.device)
            for v in (t, s)
        )
        x_t, x0 = predict(x_t, y, t)
        y = x0 if model.options['self_condition'] else y
        x_t = next_ab.sqrt() * x0 + (1 - next_ab).sqrt() * (x_t - ab.sqrt() * x0) / (1 - ab).sqrt()
    return results + [x_t] * (steps > 1)


def holes(model, folder, device, steps=20, limit=99, size=0, fast=False, out=None):
    """{kind: [PSNR in the hole of each of ddim's results]}."""
    rows = {}
    for n, (name, kind, x, m) in enumerate(cases(folder, device, limit, size)):
        results = ddim(model, x, m, steps, n, fast)
        rows.setdefault(kind, []).append([psnr(z, x, m) for z in results])
        if out:
            os.makedirs(out, exist_ok=True)
            byte = lambda z: Image.fromarray(
                ((z[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
            )
            byte(results[-1]).save('%s/%s_%s.png' % (out, name, kind)), byte(x).save(
                '%s/%s_%s_gt.png' % (out, name, kind)
            )
            Image.fromarray((m[0, 0] * 255).byte().cpu().numpy()).save('%s/%s_%s_mask.png' % (out, name, kind))
    return {k: [round(float(c), 2) for c in np.mean(v, 0)] for k, v in rows.items()}


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model'), p.add_argument('--eval', required=True), p.add_argument('--every', type=int, default=1)
    p.add_argument('--gray', action='store_true'), p.add_argument('--fill', action='store_true'), p.add_argument(
        '--window', type=int, default=0
    )
    p.add_argument('--threads', type=int, default=1), p.add_argument('--device', default='cpu'), p.add_argument('--out')
    p.add_argument('--steps', type=int, default=20), p.add_argument('--limit', type=int, default=99), p.add_argument(
        '--bf16', action='store_true'
    )
    p.add_argument('--noise', choices=KINDS)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    net = load(a.model).to(a.device)
    if a.fill:
        print(
            'hole: guess, x0 at t = 999, again with that as guess, %d-step DDIM:' % a.steps,
            holes(net, a.eval, a.device, a.steps, a.limit, fast=a.bf16, out=a.out),
        )
    else:
        print(
            'CBSD68%s%s:' % (' gray' if a.gray else '', ' ' + a.noise if a.noise else ''),
            gaussian(net, a.eval + '/cbsd68', a.device, a.every, a.gray, a.window, fast=a.bf16, kind=a.noise),
        )
