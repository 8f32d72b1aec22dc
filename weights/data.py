# SPDX-License-Identifier: GPL-3.0-or-later
"""Training data: crops of photographs, masks of the kinds a user draws, and noise as photographs have it. Everything but the
reading of files and the drawing of masks happens on the device, in batches."""
import glob, math, os
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont


def enlarge(x, factors):
    """x (B,3,P,P) -> its corners, each `factor` times as large: cameras' pictures show little at the width of a pixel, others a lot."""
    p = x.shape[-1]
    part = [math.ceil(p / f) for f in factors]
    return torch.cat(
        [F.interpolate(c[:, :, :s, :s], (p, p), mode='bicubic').clamp(-1, 1) for c, s in zip(x.split(1), part)]
    )


class Photos:
    """All photographs of a folder (JPEG, PNG) at three sizes as one flat (N, 3) byte tensor on the device; a crop is a gather."""

    def __init__(self, folder, patch, device):
        flat, base, size, n = [], [], [], 0
        for f in sorted(p for e in ('jpg', 'jpeg', 'png') for p in glob.glob('%s/*.%s' % (folder, e))):
            im = Image.open(f).convert('RGB')
            for s in (1, 0.7, 0.5):
                j = (
                    im
                    if s == 1
                    else im.resize(
                        (round(im.width * s), round(im.height * s)), Image.BOX if s == 0.5 else Image.LANCZOS
                    )
                )
                if min(j.size) > patch:
                    flat.append(torch.from_numpy(np.array(j).reshape(-1, 3)))
                    base.append(n), size.append((j.height, j.width))
                    n += j.width * j.height
        if not flat:
            raise SystemExit('no photographs larger than %d pixels in %s' % (patch, folder))
        self.flat, self.base, self.size = (
            torch.cat(flat).to(device),
            torch.tensor(base, device=device),
            torch.tensor(size, device=device),
        )
        self.weight = self.size.prod(1).float().sqrt()
        self.about = '%d pictures, %.0f Mpx' % (len(base), n / 1e6)

    def crops(self, b, patch):
        """(B,3,P,P) in -1..1, flipped and transposed at random, an eighth of them enlarged 1.25 to 4 times, a tenth gray."""
        dev = self.flat.device
        k = torch.multinomial(self.weight, b, replacement=True)
        h, w = self.size[k, 0], self.size[k, 1]
        y0, x0 = ((torch.rand(b, device=dev) * (s - patch + 1)).long()[:, None, None] for s in (h, w))
        grid = torch.arange(patch, device=dev)
        i, j = grid[None, :, None].expand(b, patch, patch), grid[None, None, :].expand(b, patch, patch)
        flip, mirror, swap = (torch.rand(3, b, 1, 1, device=dev) < 0.5).unbind(0)
        i, j = torch.where(flip, patch - 1 - i, i), torch.where(mirror, patch - 1 - j, j)
        i, j = torch.where(swap, j, i), torch.where(swap, i, j)
        index = self.base[k][:, None, None] + (y0 + i) * w[:, None, None] + x0 + j
        x = self.flat[index.reshape(-1)].reshape(b, patch, patch, 3).permute(0, 3, 1, 2).float() / 127.5 - 1
        soft = (torch.rand(b) < 1 / 8).nonzero()[:, 0]
        if len(soft):
            x[soft] = enlarge(x[soft], (1.25 * 3.2 ** torch.rand(len(soft))).tolist())
        gray = torch.rand(b, 1, 1, 1, device=dev) < 0.1
        luma = (x * torch.tensor([0.299, 0.587, 0.114], device=dev)[:, None, None]).sum(1, keepdim=True)
        return torch.where(gray, luma, x), gray


def draw_mask(p, rng):
    """One mask, (p, p) bytes, 1 = unknown."""
    im = Image.new('L', (p, p))
    d, u = ImageDraw.Draw(im), lambda lo, hi, n=None: rng.integers(lo, hi, n)
    kind = rng.integers(0, 9)
    if kind == 0:  # scratches, down to a hair
        for _ in range(u(1, 6)):
            d.line([*u(-8, p + 8, 4)], 1, int(u(1, 6)))
    elif kind == 1:  # strokes
        for _ in range(u(1, 4)):
            q, angle, width = u(0, p, 2).astype(float), rng.uniform(0, 6.28), int(u(4, max(6, p // 5)))
            for _ in range(u(3, 9)):
                r = q + rng.uniform(6, p / 3) * np.array([math.cos(angle), math.sin(angle)])
                d.line([*q, *r], 1, width), d.ellipse([*(r - width / 2), *(r + width / 2)], 1)
                q, angle = r, angle + rng.uniform(-1.2, 1.2)
    elif kind == 2:  # rectangle
        x, y, w, h = *u(-8, p - 12, 2), *u(10, p * 3 // 4, 2)
        d.rectangle([x, y, x + w, y + h], 1)
    elif kind == 3:  # blobs: ellipses that run into one another
        c = u(0, p, 2)
        for _ in range(u(1, 5)):
            q, r = c + u(-p // 6, p // 6, 2), u(4, p * 3 // 10, 2)
            d.ellipse([*(q - r), *(q + r)], 1)
    elif kind == 4:  # half plane, border
        a = np.zeros((p, p), np.uint8)
        a[:, : u(8, p - 8)] = 1
        a = a.T if rng.random() < 0.5 else a
        return 1 - a if rng.random() < 0.5 else a
    elif kind == 5:  # text
        for _ in range(u(1, 5)):
            font = ImageFont.load_default(float(u(9, 34)))
            d.text([*u(-6, p - 6, 2)], ''.join(chr(u(33, 126)) for _ in range(8)), 1, font, stroke_width=int(u(0, 3)))
    elif kind == 6:  # dust
        for _ in range(u(3, 30)):
            c, r = u(0, p, 2), u(1, 5)
            d.ellipse([*(c - r), *(c + r)], 1)
    elif kind == 7:  # a free-hand scratch
        q, angle = u(0, p, 2).astype(float), rng.uniform(0, 6.28)
        for _ in range(40):
            r = q + 4 * np.array([math.cos(angle), math.sin(angle)])
            d.line([*q, *r], 1, int(u(1, 4)))
            q, angle = r, angle + rng.normal(0, 0.25)
    else:  # every second line, or a sieve
        a, s = np.zeros((p, p), np.uint8), int(u(2, 4))
        a[::s] = 1
        if rng.random() < 0.3:
            a[:, ::s] = 1
        return a
    return np.array(im)


class Masks:
    """A bank of masks with their depth: the mean distance of unknown pixels from known ones, which says how hard a hole is."""

    DEPTHS = 4  # classes: below 1.5, 3, 6 pixels, above

    def __init__(self, patch, device, number=6000, seed=0):
        rng = np.random.default_rng(seed)
        m = torch.from_numpy(np.stack([draw_mask(patch, rng) for _ in range(number)]))
        share = m.float().mean((1, 2))
        self.bank = m[(share > 0.004) & (share < 0.9)].to(device)
        left, depth = (
            self.bank[:, None].float(),
            0,
        )  # erode step by step: the sum of what is left is the sum of distances
        total = left.sum((1, 2, 3))
        while left.any():
            depth = depth + left.sum((1, 2, 3)) / total
            left = -F.max_pool2d(-F.pad(left, (1, 1, 1, 1), value=1), 3, 1)
            if bool((depth > 20).any()):  # a half plane has no far side
                break
        self.depth = torch.bucketize(depth, torch.tensor([1.5, 3.0, 6.0], device=device))

    def __call__(self, b):
        """(B,1,P,P) of 0 and 1, and their depth classes (B). Every second thin mask has another thin one laid over it: more to learn from
        in the same time."""
        dev = self.bank.device
        k, other = torch.randint(len(self.bank), (2, b), device=dev)
        m, over = self.bank[k], self.bank[other].flip(1)
        thin = (self.depth[k] <= 1) & (self.depth[other] <= 1) & (torch.rand(b, device=dev) < 0.5)
        m = torch.where(thin[:, None, None], torch.maximum(m, over), m)
        m = torch.where(torch.rand(b, 1, 1, device=dev) < 0.5, m.flip(2), m)
        m = torch.where(torch.rand(b, 1, 1, device=dev) < 0.5, m.transpose(1, 2), m)
        return m[:, None].float(), self.depth[k]


_LUMA = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).float()
_CHROMA = torch.full((8, 8), 99.0)
_CHROMA[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]).float()
_DCT = torch.tensor(
    [[math.cos(math.pi * (2 * j + 1) * i / 16) * (0.5 if i else 0.125**0.5) for j in range(8)] for i in range(8)]
)
_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def jpeg(x, quality):
    """x (B,3,H,W) in -1..1, quality (B) 10..100 -> what is left after JPEG's quantisation (4:4:4, baseline tables)."""
    b, _, h, w = x.shape
    dct, ycc = _DCT.to(x.device), _YCC.to(x.device)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[:, None, None, None, None, None]
    table = (torch.stack([_LUMA, _CHROMA, _CHROMA]).to(x.device)[None, :, None, None] * scale).round().clamp(1, 255)
    y = torch.einsum('ij,bjhw->bihw', ycc, x * 127.5).reshape(b, 3, h // 8, 8, w // 8, 8).transpose(3, 4)
    y = dct.T @ ((dct @ y @ dct.T / table).round() * table) @ dct
    return (torch.einsum('ij,bjhw->bihw', torch.linalg.inv(ycc), y.transpose(3, 4).reshape(b, 3, h, w)) / 127.5).clamp(
        -1, 1
    )


KINDS = ('correlated', 'clipped', 'jpeg')


def photographic(x, noise, kind=None):
    """Noise as pictures from cameras carry it: x + noise (both (B,3,H,W)) clipped and quantised; a third of the samples with
    noise correlated over neighbours (demosaicing, resizing), a third JPEG-compressed afterwards; or all of one kind."""
    b, dev = len(x), x.device
    third = (
        torch.rand(b, 1, 1, 1, device=dev)
        if kind is None
        else torch.full((b, 1, 1, 1), (KINDS.index(kind) + 0.5) / 3, device=dev)
    )
    k = torch.rand(b, 1, device=dev) * 0.6
    row = torch.cat([k / 2, 1 - k, k / 2], 1)
    kernel = (row[:, :, None] * row[:, None]).repeat_interleave(3, 0)[:, None]
    soft = F.conv2d(
        F.pad(noise, (1, 1, 1, 1), 'reflect').reshape(1, 3 * b, x.shape[2] + 2, x.shape[3] + 2), kernel, groups=3 * b
    ).reshape(x.shape)
    y = ((x + torch.where(third < 1 / 3, soft, noise)).clamp(-1, 1) * 127.5).round() / 127.5
    return torch.where(third > 2 / 3, jpeg(y, 60 + 38 * torch.rand(b, device=dev)), y)
