# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: parameter names and arithmetic of `UNet2DModel` (positional time embedding, GroupNorm + SiLU residual blocks,
strided-conv down, nearest + conv up, self-attention in the middle if asked for), folded by pixel_unshuffle.

  python3 unet.py 48,96,160,192 [LAYERS]     prints parameters and MMAC per pixel
"""
import math
import torch
import torch.nn.functional as F
from torch import nn
from diffusion import abar
from fused import norm_silu

EPS = 1e-5


def norm(groups, c):
    """groups 0: none, to compare with; diffusers and the plug-in cannot run that."""
    return nn.GroupNorm(groups, c, eps=EPS) if groups else nn.Identity()


class Resnet(nn.Module):
    def __init__(self, cin, cout, temb, groups):
        super().__init__()
        self.norm1 = norm(groups, cin)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.time_emb_proj = nn.Linear(temb, cout)
        self.norm2 = norm(groups, cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else None

    def forward(self, x, te):
        h = self.conv1(norm_silu(x, self.norm1))
        h = self.conv2(norm_silu(h, self.norm2, self.time_emb_proj(te)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    def __init__(self, c, head_dim, groups):
        super().__init__()
        self.heads = c // head_dim
        self.group_norm = nn.GroupNorm(groups, c, eps=EPS)
        self.to_q, self.to_k, self.to_v = nn.Linear(c, c), nn.Linear(c, c), nn.Linear(c, c)
        self.to_out = nn.ModuleList([nn.Linear(c, c)])

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.group_norm(x).reshape(b, c, h * w).transpose(1, 2)
        split = lambda z: z.reshape(b, h * w, self.heads, -1).transpose(1, 2)
        o = F.scaled_dot_product_attention(split(self.to_q(y)), split(self.to_k(y)), split(self.to_v(y)))
        o = self.to_out[0](o.transpose(1, 2).reshape(b, h * w, c))
        return x + o.transpose(1, 2).reshape(b, c, h, w)


class Conv(nn.Module):
    def __init__(self, c, stride):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, stride=stride, padding=1)


class Block(nn.Module):
    def __init__(self, resnets):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)


class UNet(nn.Module):
    """The folded network: (B, cin, H, W), t (B) -> (B, cout, H, W); H and W multiples of 2^(levels - 1)."""

    def __init__(self, cin, cout, channels, layers=1, groups=16, mid_attention=False, head_dim=32):
        super().__init__()
        first, temb = channels[0], 4 * channels[0]
        self.first = first
        self.conv_in = nn.Conv2d(cin, first, 3, padding=1)
        self.time_embedding = nn.Module()
        self.time_embedding.linear_1, self.time_embedding.linear_2 = nn.Linear(first, temb), nn.Linear(temb, temb)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        last, skips = first, [first]
        for i, c in enumerate(channels):
            block = Block(Resnet(last if j == 0 else c, c, temb, groups) for j in range(layers))
            skips += [c] * layers
            if i < len(channels) - 1:
                block.downsamplers = nn.ModuleList([Conv(c, 2)])
                skips.append(c)
            last = c
            self.down_blocks.append(block)
        self.mid_block = Block(Resnet(last, last, temb, groups) for _ in range(2))
        if mid_attention:
            self.mid_block.attentions = nn.ModuleList([Attention(last, head_dim, groups)])
        for i in reversed(range(len(channels))):
            resnets = []
            for _ in range(layers + 1):
                resnets.append(Resnet(last + skips.pop(), channels[i], temb, groups))
                last = channels[i]
            block = Block(resnets)
            if i > 0:
                block.upsamplers = nn.ModuleList([Conv(last, 1)])
            self.up_blocks.append(block)
        self.conv_norm_out = norm(groups, first)
        self.conv_out = nn.Conv2d(first, cout, 3, padding=1)

    def embed(self, t):
        half = self.first // 2
        a = t.float()[:, None] * torch.exp(
            -math.log(10000) * torch.arange(half, dtype=torch.float32, device=t.device) / half
        )
        e = torch.cat([a.cos(), a.sin()], 1)
        return F.silu(self.time_embedding.linear_2(F.silu(self.time_embedding.linear_1(e))))

    def forward(self, x, t):
        te = self.embed(t)
        h = self.conv_in(x)
        skips = [h]
        for block in self.down_blocks:
            for resnet in block.resnets:
                h = resnet(h, te)
                skips.append(h)
            if hasattr(block, 'downsamplers'):
                h = block.downsamplers[0].conv(h)
                skips.append(h)
        h = self.mid_block.resnets[0](h, te)
        if hasattr(self.mid_block, 'attentions'):
            h = self.mid_block.attentions[0](h)
        h = self.mid_block.resnets[1](h, te)
        for block in self.up_blocks:
            for resnet in block.resnets:
                h = resnet(torch.cat([h, skips.pop()], 1), te)
            if hasattr(block, 'upsamplers'):
                h = block.upsamplers[0].conv(F.interpolate(h, scale_factor=2.0, mode='nearest'))
        return self.conv_out(norm_silu(h, self.conv_norm_out))


class Folded(nn.Module):
    """[x_t (3), y (3), m (1)] -> v (3) at full resolution; `net` holds the parameters under the names of the model folder.

    Where y holds a guess (fills; not Denoise, which knows nothing), the network's output F is v of the process that starts from the
    guess: x_0 - y in units of its expected deviation s (`guess_deviation`, range -1..1) instead of x_0. With D = s^2 abar + 1 - abar,

        x_t - sqrt(abar) y = s sqrt(abar) (x_0 - y) / s + sqrt(1 - abar) eps,    v = s F / sqrt(D) + sqrt(1 - abar) (sqrt(abar) (1 - s^2) x_t - y) / D:

    F = 0 is the best linear estimate of x_0 from x_t and the prior N(y, s^2), so nothing of the guess has to pass through the network
    (the skip of Karras et al. 2022, eq. 7, around y). s = 1 and y = 0 give v = F, which is what Denoise has."""

    def __init__(
        self,
        channels,
        layers=1,
        groups=16,
        mid_attention=False,
        unshuffle=2,
        guess_deviation=0,
        guess_sweeps=0,
        self_condition=False,
    ):
        super().__init__()
        self.options = dict(
            channels=list(channels),
            layers=layers,
            groups=groups,
            mid_attention=mid_attention,
            unshuffle=unshuffle,
            guess_deviation=guess_deviation,
            guess_sweeps=guess_sweeps,
            self_condition=self_condition,
        )
        self.net = UNet(7 * unshuffle**2, 3 * unshuffle**2, channels, layers, groups, mid_attention)

    def forward(self, x, y, m, t):
        f, s = self.options['unshuffle'], self.options['guess_deviation']
        folded = F.pixel_unshuffle(torch.cat([x, y, m], 1), f).contiguous(memory_format=torch.channels_last)
        v = F.pixel_shuffle(self.net(folded, t).float(), f)
        if not s:
            return v
        ab, given = abar(t), m.amin((1, 2, 3), keepdim=True) < 1
        d = s * s * ab + 1 - ab
        return torch.where(given, s * v / d.sqrt() + (1 - ab).sqrt() * (ab.sqrt() * (1 - s * s) * x - y) / d, v)


def cost(model):
    """Multiply-accumulates per pixel of the picture, counted on a 64 x 64 one."""
    total = [0]
    count = lambda m, i, o: total.__setitem__(0, total[0] + o[0].numel() * m.weight[0].numel())
    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        z = torch.zeros(1, 3, 64, 64)
        model(z, z, z[:, :1], torch.zeros(1))
    for h in hooks:
        h.remove()
    return total[0] / 4096


if __name__ == '__main__':
    import sys

    m = Folded([int(c) for c in sys.argv[1].split(',')], *map(int, sys.argv[2:3]))
    print('%.2f M parameters, %.3f MMAC per pixel' % (sum(p.numel() for p in m.parameters()) / 1e6, cost(m) / 1e6))
