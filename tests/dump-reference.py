#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the tensors that tests/test-unet.c compares the network with.

    tests/in-debian.sh python3 tests/dump-reference.py

Evaluates diffusers' UNet2DModel, written down here a second time from the
published arithmetic in plain PyTorch, in double precision: on the bundled
weights, and on three small networks with random weights that it writes as
model folders (tests/data/unet-*), which between them have everything that the
bundled one has not. Needs python3-torch and python3-safetensors. The results
are committed; run it again only when a case is added.

reference.safetensors of each folder holds
    out.WIDTHxHEIGHT      the prediction for a window of that size: of the
                          bundled model and of one pixel all values, else
                          every OUT_STEP-th
    layer.MODULE          the output of each module (C × H × W) for a window of
                          16f × 8f, f the unfolding
    sample.MODULE         values of each at the first of SIZES, SAMPLE_STEP apart,
                          SAMPLES at most
"""
import json
import math
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ((112, 80), (105, 73), (1, 1))
OUT_STEP = 11
SAMPLES, SAMPLE_STEP = 64, 997
TIMESTEP = 437.25


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time, config, divisor=1.0):
        super().__init__()
        groups, eps = config['norm_num_groups'], config['norm_eps']
        self.norm1 = nn.GroupNorm(groups, inputs, eps)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs, eps)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.conv_shortcut = nn.Conv2d(inputs, outputs, 1)
        self.divisor = divisor

    def forward(self, x, time, note, name):
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(F.silu(time))[:, :, None, None]
        note(name + '.conv1', h)
        h = self.conv2(F.silu(self.norm2(h)))
        x = self.conv_shortcut(x) if hasattr(self, 'conv_shortcut') else x
        return note(name, (x + h) / self.divisor)


class Attention(nn.Module):
    def __init__(self, channels, config, divisor=1.0):
        super().__init__()
        self.group_norm = nn.GroupNorm(config['norm_num_groups'], channels, config['norm_eps'])
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])
        self.heads = channels // (config['attention_head_dim'] or channels)
        self.divisor = divisor

    def forward(self, x, note, name):
        n, c, height, width = x.shape
        h = self.group_norm(x).view(n, c, height * width).transpose(1, 2)
        q, k, v = (layer(h).view(n, -1, self.heads, c // self.heads).transpose(1, 2)
                   for layer in (self.to_q, self.to_k, self.to_v))
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(c // self.heads), -1)
        h = self.to_out[0]((weights @ v).transpose(1, 2).reshape(n, -1, c))
        return note(name, (x + h.transpose(1, 2).view(n, c, height, width)) / self.divisor)


class Sampler(nn.Module):
    def __init__(self, channels, **options):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, **options)


class Block(nn.Module):
    pass


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        widths = config['block_out_channels']
        layers, divisor = config['layers_per_block'], config['mid_block_scale_factor']
        time = 4 * widths[0]
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(config['in_channels'], widths[0], 3, padding=1)
        self.time_embedding = nn.Module()
        self.time_embedding.linear_1 = nn.Linear(widths[0], time)
        self.time_embedding.linear_2 = nn.Linear(time, time)

        channels, skips = widths[0], [widths[0]]
        self.down_blocks = nn.ModuleList()
        for i, width in enumerate(widths):
            block = Block()
            block.resnets, block.attentions = nn.ModuleList(), nn.ModuleList()
            for _ in range(layers):
                block.resnets.append(Resnet(channels, width, time, config))
                if config['down_block_types'][i] == 'AttnDownBlock2D':
                    block.attentions.append(Attention(width, config))
                channels = width
                skips.append(channels)
            if i < last:
                block.downsamplers = nn.ModuleList(
                    [Sampler(channels, stride=2, padding=config['downsample_padding'])])
                skips.append(channels)
            self.down_blocks.append(block)

        self.mid_block = Block()
        self.mid_block.resnets = nn.ModuleList(
            [Resnet(channels, channels, time, config, divisor) for _ in range(2)])
        self.mid_block.attentions = nn.ModuleList(
            [Attention(channels, config, divisor)] if config['add_attention'] else [])

        self.up_blocks = nn.ModuleList()
        for i, width in enumerate(reversed(widths)):
            block = Block()
            block.resnets, block.attentions = nn.ModuleList(), nn.ModuleList()
            for _ in range(layers + 1):
                block.resnets.append(Resnet(channels + skips.pop(), width, time, config))
                if config['up_block_types'][i] == 'AttnUpBlock2D':
                    block.attentions.append(Attention(width, config))
                channels = width
            if i < last:
                block.upsamplers = nn.ModuleList([Sampler(channels, padding=1)])
            self.up_blocks.append(block)
        self.conv_norm_out = nn.GroupNorm(config['norm_num_groups'], widths[0], config['norm_eps'])
        self.conv_out = nn.Conv2d(widths[0], config['out_channels'], 3, padding=1)

    def embedding(self, t):
        """get_timestep_embedding of diffusers: in single precision, as there."""
        half = self.config['block_out_channels'][0] // 2
        exponent = -math.log(10000) * torch.arange(half, dtype=torch.float32)
        exponent = exponent / (half - self.config['freq_shift'])
        phase = torch.tensor([t], dtype=torch.float32)[:, None] * torch.exp(exponent)[None]
        parts = [torch.sin(phase), torch.cos(phase)]
        if self.config['flip_sin_to_cos']:
            parts.reverse()
        h = torch.cat(parts, 1).to(self.conv_in.weight.dtype)
        return self.time_embedding.linear_2(F.silu(self.time_embedding.linear_1(h)))

    def forward(self, x, t, note):
        if self.config['center_input_sample']:
            x = 2 * x - 1
        time = self.embedding(t)
        h = note('conv_in', self.conv_in(x))
        skips = [h]
        for i, block in enumerate(self.down_blocks):
            name = f'down_blocks.{i}'
            for j, resnet in enumerate(block.resnets):
                h = resnet(h, time, note, f'{name}.resnets.{j}')
                if block.attentions:
                    h = block.attentions[j](h, note, f'{name}.attentions.{j}')
                skips.append(h)
            if hasattr(block, 'downsamplers'):
                if self.config['downsample_padding'] == 0:
                    h = F.pad(h, (0, 1, 0, 1))
                h = note(f'{name}.downsamplers.0.conv', block.downsamplers[0].conv(h))
                skips.append(h)
        h = self.mid_block.resnets[0](h, time, note, 'mid_block.resnets.0')
        if self.mid_block.attentions:
            h = self.mid_block.attentions[0](h, note, 'mid_block.attentions.0')
        h = self.mid_block.resnets[1](h, time, note, 'mid_block.resnets.1')
        for i, block in enumerate(self.up_blocks):
            name = f'up_blocks.{i}'
            for j, resnet in enumerate(block.resnets):
                h = resnet(torch.cat([h, skips.pop()], 1), time, note, f'{name}.resnets.{j}')
                if block.attentions:
                    h = block.attentions[j](h, note, f'{name}.attentions.{j}')
            if hasattr(block, 'upsamplers'):
                h = F.interpolate(h, scale_factor=2.0, mode='nearest')
                h = note(f'{name}.upsamplers.0.conv', block.upsamplers[0].conv(h))
        return note('conv_out', self.conv_out(F.silu(self.conv_norm_out(h))))


def load(folder):
    """The bundled model, or one that write_folder wrote."""
    flat = '' if os.path.exists(os.path.join(folder, 'config.json')) else 'unet'
    with open(os.path.join(folder, flat, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    state = load_file(os.path.join(folder, flat, 'diffusion_pytorch_model.safetensors'))
    for new, old in OLD_NAMES.items():
        state = {name.replace(old, new): value for name, value in state.items()}
    net = UNet(config).double()
    net.load_state_dict({name: value.double() for name, value in state.items()})
    return net


def planes(n, width, height):
    """Numbers in −1…1 that the C test can make too, exactly."""
    i = torch.arange(n * width * height, dtype=torch.int64)
    return (((i * 2654435761 + 12345) % 2**32 >> 8).double() / 2**23 - 1).view(n, height, width)


def extend(x, width, height, mask_last):
    """Reflection, or replication where it is too small, to the right and below."""
    right, below = width - x.shape[2], height - x.shape[1]
    h = F.pad(x[None], (0, right, 0, 0), 'reflect' if right < x.shape[2] else 'replicate')
    h = F.pad(h, (0, 0, 0, below), 'reflect' if below < x.shape[1] else 'replicate')
    if mask_last:
        h[0, -1, :, x.shape[2]:] = 1
        h[0, -1, x.shape[1]:, :] = 1
    return h


def predict(net, width, height, note):
    """model_predict, in core/model.h."""
    f = net.config.get('pixel_unshuffle', 1)
    multiple = f << (len(net.config['block_out_channels']) - 1)
    aware = 'conditioning' in net.config
    x = planes(7 if aware else 3, width, height)
    if aware:
        x[6] = (x[6] > 0).double()
    z = extend(x, -(-width // multiple) * multiple, -(-height // multiple) * multiple, aware)
    h = net(F.pixel_unshuffle(z, f), TIMESTEP, note)
    h = F.pixel_shuffle(h, f)[0, :, :height, :width]
    s = net.config.get('guess_deviation', 0)
    return from_guess(h, s, x[:3], x[3:6]) if s else h


def from_guess(h, s, x_t, y):
    """core/guess.h, by way of x_0: the residual process has x_t - a y = (s a) r + b noise with r of variance 1."""
    abar = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    low = int(TIMESTEP)
    abar = torch.exp(torch.lerp(abar[low].log(), abar[low + 1].log(), TIMESTEP - low))
    a, b = abar.sqrt(), (1 - abar).sqrt()
    scale = torch.hypot(s * a, b)
    residual = s * a / scale * (x_t - a * y) / scale - b / scale * h
    return (a * x_t - (y + s * residual)) / b


def write_reference(net, folder, out_step):
    out = {}
    f = net.config.get('pixel_unshuffle', 1)

    def note_layers(name, h):
        out['layer.' + name] = h[0]
        return h

    def note_samples(name, h):
        out['sample.' + name] = h.flatten()[::SAMPLE_STEP][:SAMPLES]
        return h

    with torch.no_grad():
        predict(net, 16 * f, 8 * f, note_layers)
        for i, (width, height) in enumerate(SIZES):
            note = (lambda name, h: h) if i else note_samples
            h = predict(net, width, height, note).flatten()
            out[f'out.{width}x{height}'] = h[::out_step] if width * height > 1 else h
    os.makedirs(folder, exist_ok=True)
    save_file({name: h.float().contiguous() for name, h in out.items()},
              os.path.join(folder, 'reference.safetensors'))


OLD_NAMES = {'.to_q.': '.query.', '.to_k.': '.key.', '.to_v.': '.value.', '.to_out.0.': '.proj_attn.'}

DEFAULTS = {
    '_class_name': 'UNet2DModel', 'act_fn': 'silu', 'add_attention': False, 'attention_head_dim': 8,
    'center_input_sample': False, 'downsample_padding': 1, 'flip_sin_to_cos': True, 'freq_shift': 0,
    'in_channels': 3, 'layers_per_block': 1, 'mid_block_scale_factor': 1, 'norm_eps': 1e-05,
    'norm_num_groups': 4, 'out_channels': 3, 'time_embedding_type': 'positional',
}

# What each has that the others have not; no width is a multiple of a vector.
SMALL = {
    # attention on the way down, in the middle and on the way up, as old checkpoints name it
    'unet-attention': dict(
        block_out_channels=[8, 16], layers_per_block=2, add_attention=True,
        down_block_types=['DownBlock2D', 'AttnDownBlock2D'],
        up_block_types=['AttnUpBlock2D', 'UpBlock2D'], attention_head_dim=4,
        downsample_padding=0, flip_sin_to_cos=False, freq_shift=1,
        mid_block_scale_factor=1.41421356, norm_eps=1e-06),
    # mask-aware, a skip around the guess, one attention head, BF16, three levels
    'unet-conditioned': dict(
        block_out_channels=[12, 20, 28], pixel_unshuffle=2, conditioning='filled-image', guess_deviation=0.3,
        in_channels=28, out_channels=12, add_attention=True, attention_head_dim=None,
        down_block_types=['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D'],
        up_block_types=['UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D']),
    # no attention, no conditioning, a flat folder, F32
    'unet-plain': dict(
        block_out_channels=[8, 12], down_block_types=['DownBlock2D'] * 2,
        up_block_types=['UpBlock2D'] * 2, center_input_sample=True),
}
DTYPES = {'unet-attention': torch.float16, 'unet-conditioned': torch.bfloat16, 'unet-plain': torch.float32}


def write_folder(name, folder):
    """Random weights, loud enough that every term of the network counts."""
    config = DEFAULTS | SMALL[name]
    torch.manual_seed(sum(name.encode()))
    net = UNet(config)
    state = {}
    for key, value in net.state_dict().items():
        noise = torch.randn_like(value)
        if value.dim() > 1:
            value = noise / math.sqrt(value[0].numel())
        elif 'norm' in key and key.endswith('weight'):
            value = 1 + 0.3 * noise
        else:
            value = 0.3 * noise
        if name == 'unet-attention':
            for new, old in OLD_NAMES.items():
                key = key.replace(new, old)
        state[key] = value.to(DTYPES[name])
    unet, scheduler = ('', '') if name == 'unet-plain' else ('unet', 'scheduler')
    for part in (unet, scheduler):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    with open(os.path.join(folder, unet, 'config.json'), 'w', encoding='utf-8') as file:
        json.dump(config, file, indent=2)
    with open(os.path.join(folder, scheduler, 'scheduler_config.json'), 'w', encoding='utf-8') as file:
        json.dump({'_class_name': 'DDPMScheduler', 'num_train_timesteps': 1000,
                   'beta_schedule': 'linear', 'beta_start': 0.0001, 'beta_end': 0.02,
                   'prediction_type': 'v_prediction' if 'guess_deviation' in config else 'epsilon'}, file, indent=2)
    save_file(state, os.path.join(folder, unet, 'diffusion_pytorch_model.safetensors'))


def main():
    data = os.path.join(HERE, 'data')
    for name in SMALL:
        folder = os.path.join(data, name)
        write_folder(name, folder)
        write_reference(load(folder), folder, OUT_STEP)
    write_reference(load(os.path.join(HERE, '..', 'weights', 'model')),
                    os.path.join(data, 'unet-bundled'), 1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
