# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of OpenAI's guided-diffusion, written down from the paper (Dhariwal and Nichol 2021) under the names of
their checkpoints, with random weights."""
import math

import torch
from torch.nn import functional as F


class Guided:
    """Makes its parameters as it goes, in double precision; the second run meets them again."""

    def __init__(
        self,
        model_channels,
        multiples,
        blocks,
        attention,
        head_channels=0,
        heads=0,
        resblock_updown=True,
        scale_shift=True,
        new_order=False,
        out_channels=6,
        time_scale=1.0,
    ):
        self.__dict__.update(locals())
        self.state = {}
        self.random = torch.Generator().manual_seed(3)

    def parameter(self, name, *shape, mean=0.0):
        if name not in self.state:
            spread = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.3
            value = mean + spread * torch.randn(shape, generator=self.random)
            self.state[name] = value.float()
        return self.state[name].double()

    def linear(self, name, x, n):
        return F.linear(x, self.parameter(name + '.weight', n, x.shape[-1]), self.parameter(name + '.bias', n))

    def conv(self, name, x, n, side=3, stride=1):
        weight = self.parameter(name + '.weight', n, x.shape[1], *[side] * (x.dim() - 2))
        f = F.conv2d if x.dim() == 4 else F.conv1d
        return f(x, weight, self.parameter(name + '.bias', n), stride=stride, padding=side // 2)

    def norm(self, name, x):
        n = x.shape[1]
        return F.group_norm(
            x, 32, self.parameter(name + '.weight', n, mean=1.0), self.parameter(name + '.bias', n), 1e-5
        )

    def residual(self, name, x, time, n, resize=lambda x: x):
        h = resize(F.silu(self.norm(name + '.in_layers.0', x)))
        x = resize(x)
        h = self.conv(name + '.in_layers.2', h, n)
        e = self.linear(name + '.emb_layers.1', F.silu(time), 2 * n if self.scale_shift else n)[:, :, None, None]
        if self.scale_shift:
            h = self.norm(name + '.out_layers.0', h) * (1 + e[:, :n]) + e[:, n:]
        else:
            h = self.norm(name + '.out_layers.0', h + e)
        h = self.conv(name + '.out_layers.3', F.silu(h), n)
        return (x if x.shape[1] == n else self.conv(name + '.skip_connection', x, n, 1)) + h

    def attend(self, name, x):
        n, c = x.shape[:2]
        flat = x.reshape(n, c, -1)
        heads = self.heads or c // self.head_channels
        d = c // heads
        qkv = self.conv(name + '.qkv', self.norm(name + '.norm', flat), 3 * c, 1)
        out = []
        for i in range(heads):
            if self.new_order:
                q, k, v = (qkv[:, part * c + i * d :][:, :d] for part in range(3))
            else:
                q, k, v = (qkv[:, i * 3 * d + part * d :][:, :d] for part in range(3))
            root = d**0.25
            out.append(v @ torch.softmax((q / root).transpose(1, 2) @ (k / root), -1).transpose(1, 2))
        return (flat + self.conv(name + '.proj_out', torch.cat(out, 1), c, 1)).reshape(x.shape)

    def __call__(self, x, t):
        half = self.model_channels // 2
        phases = t * self.time_scale * torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        time = torch.cat([phases.cos(), phases.sin()])[None].double()
        time = self.linear(
            'time_embed.2', F.silu(self.linear('time_embed.0', time, 4 * self.model_channels)), 4 * self.model_channels
        )
        widths = [int(m * self.model_channels) for m in self.multiples]
        last = len(widths) - 1
        h = self.conv('input_blocks.0.0', x.double(), widths[0])
        kept, number = [h], 0
        for level, width in enumerate(widths):
            for _ in range(self.blocks):
                number += 1
                h = self.residual(f'input_blocks.{number}.0', h, time, width)
                if level in self.attention:
                    h = self.attend(f'input_blocks.{number}.1', h)
                kept.append(h)
            if level < last:
                number += 1
                if self.resblock_updown:
                    h = self.residual(f'input_blocks.{number}.0', h, time, width, lambda x: F.avg_pool2d(x, 2))
                else:
                    h = self.conv(f'input_blocks.{number}.0.op', h, width, stride=2)
                kept.append(h)
        h = self.residual('middle_block.0', h, time, widths[-1])
        h = self.residual('middle_block.2', self.attend('middle_block.1', h), time, widths[-1])
        number = 0
        for level, width in reversed(list(enumerate(widths))):
            for i in range(self.blocks + 1):
                h = self.residual(f'output_blocks.{number}.0', torch.cat([h, kept.pop()], 1), time, width)
                place = 1
                if level in self.attention:
                    h = self.attend(f'output_blocks.{number}.1', h)
                    place = 2
                if level and i == self.blocks:
                    twice = lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3)
                    name = f'output_blocks.{number}.{place}'
                    h = (
                        self.residual(name, h, time, width, twice)
                        if self.resblock_updown
                        else self.conv(name + '.conv', twice(h), width)
                    )
                number += 1
        return self.conv('out.2', F.silu(self.norm('out.0', h)), self.out_channels)
