#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""convert.py SOURCE_ROOT: networks of OpenAI's guided-diffusion, written down from the paper (Dhariwal and Nichol 2021) under
the names of their checkpoints, with random weights: what weights/convert-guided-diffusion.py makes of them gives the same
in core/. Speaks TAP."""
import contextlib
import importlib.util
import io
import json
import math
import os
import sys
import tempfile

import torch
from torch.nn import functional as F

import networks

LIMIT = 1e-4


class Guided:
    """Makes its parameters as it goes, in double precision; the second run meets them again."""

    def __init__(self, model_channels, multiples, blocks, attention, head_channels=0, heads=0, resblock_updown=True,
                 scale_shift=True, new_order=False, out_channels=6, time_scale=1.0):
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
        return F.group_norm(x, 32, self.parameter(name + '.weight', n, mean=1.0), self.parameter(name + '.bias', n), 1e-5)

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
                q, k, v = (qkv[:, part * c + i * d:][:, :d] for part in range(3))
            else:
                q, k, v = (qkv[:, i * 3 * d + part * d:][:, :d] for part in range(3))
            root = d ** 0.25
            out.append(v @ torch.softmax((q / root).transpose(1, 2) @ (k / root), -1).transpose(1, 2))
        return (flat + self.conv(name + '.proj_out', torch.cat(out, 1), c, 1)).reshape(x.shape)

    def __call__(self, x, t):
        half = self.model_channels // 2
        phases = t * self.time_scale * torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        time = torch.cat([phases.cos(), phases.sin()])[None].double()
        time = self.linear('time_embed.2', F.silu(self.linear('time_embed.0', time, 4 * self.model_channels)),
                           4 * self.model_channels)
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
                    h = (self.residual(name, h, time, width, twice) if self.resblock_updown
                         else self.conv(name + '.conv', twice(h), width))
                number += 1
        return self.conv('out.2', F.silu(self.norm('out.0', h)), self.out_channels)


def load_script():
    path = os.path.join(sys.argv[1], 'weights', 'convert-guided-diffusion.py')
    spec = importlib.util.spec_from_file_location('convert_guided_diffusion', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()


def convert(state, folder, *options):
    """Why it was refused, or None."""
    checkpoint = os.path.join(folder, 'model.pt')
    torch.save(state, checkpoint)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            SCRIPT.main(SCRIPT.options([checkpoint, os.path.join(folder, 'out'), *options]))
    except SystemExit as sentence:
        return str(sentence)
    return None


def check(net, options):
    x, t = networks.random_input(3, 32, 32), 437.25
    expected = net(x, t)[0].numpy()
    with tempfile.TemporaryDirectory() as folder:
        refusal = convert(net.state, folder, *options)
        if refusal:
            return refusal
        unet = os.path.join(folder, 'out', 'unet')
        with open(os.path.join(unet, 'config.json'), encoding='utf-8') as file:
            config = json.load(file)
        out = networks.ours(config, os.path.join(unet, 'diffusion_pytorch_model.safetensors'), x, t, 'conv_out')['conv_out']
    error = networks.difference(out, expected)
    print(f'# {sum(v.numel() for v in net.state.values())} parameters, max |a - b| / RMS (b) = {error:.1e}')
    return None if error <= LIMIT else f'differs by {error:.1e}'


def refused(state, word, *options):
    with tempfile.TemporaryDirectory() as folder:
        refusal = convert(state, folder, *options)
    return None if refusal and word in refusal else refusal or 'taken'


def main():
    like_256 = Guided(32, (1, 1, 2, 2), 2, (1, 2, 3), head_channels=16)
    cases = [
        ('like 256x256_diffusion_uncond: attention at three resolutions, scale-shift, residual blocks that resize, learned variance',
         lambda: check(like_256, ['--head-channels', '16'])),
        ('like the 512x512 networks: a first level of half the width',
         lambda: check(Guided(64, (0.5, 1, 1), 1, (2,), head_channels=32), ['--head-channels', '32'])),
        ('like improved-diffusion: convolutions that resize, the time added, heads by number, 3 channels out',
         lambda: check(Guided(32, (1, 2), 1, (1,), heads=4, resblock_updown=False, scale_shift=False, out_channels=3), ['--heads', '4'])),
        ('the same at two widths, timesteps rescaled',
         lambda: check(Guided(32, (1, 2), 1, (0, 1), heads=4, resblock_updown=False, time_scale=0.25),
                       ['--heads', '4', '--steps', '4000', '--noise-schedule', 'cosine', '--rescale-timesteps'])),
        ('use_new_attention_order', lambda: check(Guided(32, (1, 2), 1, (1,), head_channels=16, new_order=True),
                                                  ['--head-channels', '16', '--new-attention-order'])),
        ('a class-conditional one is refused',
         lambda: refused(like_256.state | {'label_emb.weight': torch.zeros(10, 128)}, 'label_emb', '--head-channels', '16')),
        ('another file is refused', lambda: refused({'weight': torch.zeros(1)}, 'guided-diffusion')),
        ('code is not run', lambda: refused({'weight': check}, 'cannot be read')),
        ('heads that do not fit are refused', lambda: refused(like_256.state, '--head-channels', '--head-channels', '48')),
    ]
    print(f'1..{len(cases)}', flush=True)
    failed = 0
    for number, (name, run) in enumerate(cases, 1):
        wrong = run()
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}" + (f'\n# {wrong}' if wrong else ''), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
