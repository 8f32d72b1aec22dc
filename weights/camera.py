# SPDX-License-Identifier: GPL-3.0-or-later
"""Noise as cameras, film and whoever saves a picture again leave it. Everything happens on the device, in batches.

A camera's: the picture is taken back to what the sensor saw (tone curve, colour matrix and white balance undone), its mosaic gets noise
of the variance a x + b, and both the noisy and the clean mosaic are developed again: demosaicing, colours, tone curve, the camera's own
smoothing of colours and lightness, sharpening; the noisy one is saved as JPEG. A film's: soft grain, strongest in the middle tones.
Afterwards some are resized or turned, and some saved again. The clean picture goes the same way without the noise, as the mean of many
shots would."""
import math
import torch
import torch.nn.functional as F

from data import jpeg

LUMA = torch.tensor([0.299, 0.587, 0.114])
MATRIX = torch.tensor([[1.6, -0.45, -0.15], [-0.2, 1.45, -0.25], [0.0, -0.45, 1.45]])  # of a camera's colours to sRGB


def uniform(b, low, high, dev):
    return low + (high - low) * torch.rand(b, 1, 1, 1, device=dev)


def loguniform(b, low, high, dev):
    return torch.exp(uniform(b, math.log(low), math.log(high), dev))


def separable(x, row):
    """x (B,C,H,W) with a kernel of its own for each picture, row (B, 2r+1), along both sides; mirrored beyond the border."""
    b, c, h, w = x.shape
    r = row.shape[1] // 2
    row = row.repeat_interleave(c, 0)
    y = F.pad(x, (r, r, r, r), 'reflect').reshape(1, b * c, h + 2 * r, w + 2 * r)
    y = F.conv2d(y, row[:, None, None, :], groups=b * c)
    return F.conv2d(y, row[:, None, :, None], groups=b * c).reshape(x.shape)


def blur(x, sigma, radius=6):
    """Gaussian; sigma (B,1,1,1), 0: none."""
    d = torch.arange(-radius, radius + 1, device=x.device)
    row = torch.exp(-d * d / (2 * sigma.reshape(-1, 1).clamp(min=0.05) ** 2))
    return separable(x, row / row.sum(1, keepdim=True))


def linear(v):
    return torch.where(v <= 0.04045, v / 12.92, ((v.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def srgb(v):
    return torch.where(v <= 0.0031308, v * 12.92, 1.055 * v.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def tone(v, share):
    """A camera's curve: flat in the shadows and in the highlights."""
    return v + share * (v * v * (3 - 2 * v) - v)


def untone(v, share):
    x = v
    for _ in range(8):
        x = (x - (tone(x, share) - v) / (1 - share + 6 * share * x * (1 - x)).clamp(min=0.35)).clamp(0, 1)
    return x


def demosaic(mosaic):
    """mosaic (B,1,H,W), red at even rows and columns, blue at odd ones -> (B,3,H,W). Green along the direction of less change, red and blue
    by their differences from it (Hamilton and Adams 1997, with a soft choice)."""
    b, _, h, w = mosaic.shape
    z = F.pad(mosaic, (2, 2, 2, 2), 'reflect')
    at = lambda dy, dx: z[:, :, 2 + dy : 2 + dy + h, 2 + dx : 2 + dx + w]
    ways = []
    for dy, dx in ((0, 1), (1, 0)):
        bend = 2 * at(0, 0) - at(2 * dy, 2 * dx) - at(-2 * dy, -2 * dx)
        step = at(dy, dx) - at(-dy, -dx)
        ways.append(((at(dy, dx) + at(-dy, -dx)) / 2 + bend / 4, bend.abs() + step.abs() + 1e-4))
    share = ways[1][1] ** 2 / (ways[0][1] ** 2 + ways[1][1] ** 2)
    green = share * ways[0][0] + (1 - share) * ways[1][0]
    row, column = (torch.arange(n, device=z.device) % 2 for n in (h, w))
    red = ((row == 0)[:, None] & (column == 0)).float()
    blue = ((row == 1)[:, None] & (column == 1)).float()
    green = torch.where(red + blue > 0, green, mosaic)
    kernel = torch.tensor([0.5, 1.0, 0.5], device=z.device).expand(b, 3)
    spread = lambda known: green + separable((mosaic - green) * known, kernel)
    return torch.cat([spread(red), green, spread(blue)], 1)


def develop(mosaic, gains, matrix, curve, chroma, luma, sharpen):
    """Demosaicing, colours, curve, and what the camera does against its noise -> (B,3,H,W), 0..1."""
    z = (demosaic(mosaic) * gains).clamp(0, 1)
    z = torch.einsum('bij,bjhw->bihw', matrix, z).clamp(0, 1)
    z = tone(srgb(z), curve)
    light = torch.einsum('j,bjhw->bhw', LUMA.to(z.device), z)[:, None]
    colour, light = blur(z - light, chroma), blur(light, luma)
    light = light + sharpen * (light - blur(light, torch.ones_like(sharpen)))
    return (light + colour).clamp(0, 1)


def camera_noise(x, most=2e-3):
    """x (B,3,H,W), 0..1, even sides -> noisy, clean. `most`: of a in the variance a x + b."""
    b, dev = len(x), x.device
    curve = uniform(b, 0.5, 1, dev)
    own = uniform(b, 0.3, 1, dev)[:, :, 0]
    matrix = torch.lerp(torch.eye(3, device=dev).expand(b, 3, 3), MATRIX.to(dev).expand(b, 3, 3), own)
    gains = torch.cat([uniform(b, 1.5, 2.5, dev), torch.ones(b, 1, 1, 1, device=dev), uniform(b, 1.2, 2.0, dev)], 1)
    raw = torch.einsum('bij,bjhw->bihw', torch.linalg.inv(matrix), linear(untone(x, curve))).clamp(0, 1) / gains
    mosaic = raw[:, 1:2].clone()
    mosaic[:, :, ::2, ::2], mosaic[:, :, 1::2, 1::2] = raw[:, :1, ::2, ::2], raw[:, 2:, 1::2, 1::2]
    a = loguniform(b, 1e-5, most, dev)
    noise = torch.randn_like(mosaic) * (a * mosaic + a * loguniform(b, 1e-3, 1e-2, dev)).sqrt()
    smooths = (torch.rand(b, 1, 1, 1, device=dev) < 0.9).float()
    settings = (
        gains,
        matrix,
        curve,
        smooths * uniform(b, 1.2, 2.5, dev),
        smooths * uniform(b, 0.7, 1.25, dev),
        smooths * uniform(b, 0, 0.5, dev),
    )
    return develop(mosaic + noise, *settings), develop(mosaic, *settings)


def grain(x):
    """x (B,3,H,W), 0..1 -> noisy, clean: a film's, alike in all colours for the greater part."""
    b, dev = len(x), x.device
    radius = uniform(b, 0.4, 1.4, dev)
    soft = blur(torch.randn(b, 4, *x.shape[2:], device=dev), radius)
    soft = soft / soft.std((1, 2, 3), keepdim=True)
    common = uniform(b, 0.6, 1, dev)
    light = x.mean(1, keepdim=True)
    amount = loguniform(b, 1.5, 25, dev) / 255 * (0.35 + 2.6 * light * (1 - light))
    return (x + amount * (common * soft[:, :1] + (1 - common**2).sqrt() * soft[:, 1:])).clamp(0, 1), x


def to_size(x, size):
    """x (1,3,h,w) cut to size, or mirrored to it."""
    x = x[:, :, :size, :size]
    while min(x.shape[2:]) < size:
        h, w = x.shape[2:]
        x = F.pad(x, (0, min(size - w, w - 1), 0, min(size - h, h - 1)), 'reflect')
    return x


def move(pair):
    """pair (2,3,P,P): resized by a half to 1.7, or turned by some degrees."""
    p = pair.shape[-1]
    if torch.rand(()) < 0.7:
        size = max(16, round(p * math.exp(math.log(0.5) + torch.rand(()).item() * math.log(1.7 / 0.5))))
        z = F.interpolate(pair, (size, size), mode='bicubic', antialias=True, align_corners=False)
        return torch.cat([to_size(v, p) for v in z.split(1)]).clamp(0, 1)
    angle = math.radians(10 * torch.rand(()).item() - 5)
    c, s = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[[c, -s, 0], [s, c, 0]]], device=pair.device).expand(2, 2, 3)
    where = F.affine_grid(turn, pair.shape, align_corners=False)
    return F.grid_sample(pair, where, 'bicubic', 'reflection', align_corners=False).clamp(0, 1)


def real(x, most=2e-3, film=0.2, moved=0.25):
    """x (B,3,P,P) in -1..1, P a multiple of 8 -> y, clean, both in -1..1: the picture as a camera or a film leaves it, and without its
    noise. film, moved: shares."""
    b, dev = len(x), x.device
    x = x * 0.5 + 0.5
    (y, clean), (grainy, same) = camera_noise(x, most), grain(x)
    is_film = torch.rand(b, 1, 1, 1, device=dev) < film
    y, clean = torch.where(is_film, grainy, y), torch.where(is_film, same, clean)
    y = jpeg(2 * y - 1, 85 + 12 * torch.rand(b, device=dev))
    clean = 2 * clean - 1
    for i in (torch.rand(b) < moved).nonzero()[:, 0]:
        z = 2 * move(torch.stack([y[i], clean[i]]) * 0.5 + 0.5) - 1
        y[i], clean[i] = z[0], z[1]
    again = torch.rand(b, 1, 1, 1, device=dev) < 0.4
    y = torch.where(again, jpeg(y, 60 + 38 * torch.rand(b, device=dev)), y)
    return ((y * 127.5 + 127.5).round() - 127.5) / 127.5, clean
