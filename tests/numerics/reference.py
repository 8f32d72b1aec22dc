# SPDX-License-Identifier: GPL-3.0-or-later
"""diffusers' UNet2DModel, written down a second time from its published
arithmetic, in plain PyTorch. What core/ is compared with: by committed tensors
(dump-reference.py writes them, test-unet.c reads them) and live (parity.py).

Each point at which two implementations can differ has a name, here and in
parity.py, which proves it alone against a formula spelled out in loops.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

POINTS = {
    'embedding-order': 'sines before cosines; cosines first where flip_sin_to_cos; an odd channel is 0',
    'embedding-frequencies': '10000^(-i / (half - freq_shift)), rounded to single precision as PyTorch does',
    'fourier-embedding': 'sin, cos of 2 pi log(t) W, sines first whatever flip_sin_to_cos says',
    'fourier-division': 'with the Fourier embedding the result is divided by the timestep',
    'time-activation': 'time_embedding: SiLU between its layers always; act_fn before each time_emb_proj',
    'time-addition': 'default: time_emb_proj is added to conv1, before norm2',
    'scale-shift': 'scale_shift: norm2(h) (1 + first half) + second half, before act_fn',
    'out-activation': 'SiLU before conv_out, whatever act_fn says',
    'group-norm': 'biased variance over a group\'s channels and all pixels, norm_eps inside the root',
    'padding-1': 'downsample_padding 1: one zero on every side, then a 3x3 convolution of stride 2',
    'padding-0': 'downsample_padding 0: one zero to the right and below only',
    'upsample-conv': 'each pixel four times, then a 3x3 convolution',
    'resnet-down': 'a residual block that halves: norm1, act_fn, mean of 2x2, conv1; the shortcut likewise without norm',
    'resnet-up': 'one that enlarges: norm1, act_fn, each pixel four times, conv1; the shortcut likewise',
    'plain-samplers': 'downsample_type and upsample_type count for blocks with attention only',
    'skip-order': 'on the way up the map comes first, the skipped one behind it',
    'attention-heads': 'channels / attention_head_dim heads of neighbouring channels; null: one head',
    'attention-scale': 'scores divided by the root of a head\'s channels, softmax over all pixels',
    'attention-norm': 'blocks: norm_num_groups; middle: attn_norm_num_groups, else the same, but none with scale_shift',
    'mid-scale-factor': 'mid_block_scale_factor divides what the three middle modules return, sums included',
    'center-input': 'center_input_sample: 2 x - 1 goes in',
}

ACTIVATIONS = {'silu': F.silu, 'swish': F.silu, 'mish': F.mish, 'gelu': F.gelu, 'relu': F.relu}

DEFAULTS = {
    '_class_name': 'UNet2DModel',
    'act_fn': 'silu',
    'add_attention': True,
    'attention_head_dim': 8,
    'attn_norm_num_groups': None,
    'center_input_sample': False,
    'downsample_padding': 1,
    'downsample_type': 'conv',
    'flip_sin_to_cos': True,
    'freq_shift': 0,
    'in_channels': 3,
    'layers_per_block': 2,
    'mid_block_scale_factor': 1,
    'mid_block_type': 'UNetMidBlock2D',
    'norm_eps': 1e-05,
    'norm_num_groups': 32,
    'out_channels': 3,
    'resnet_time_scale_shift': 'default',
    'time_embedding_type': 'positional',
    'upsample_type': 'conv',
}


def halve(x):
    return F.avg_pool2d(x, 2, 2)


def enlarge(x):
    return F.interpolate(x, scale_factor=2.0, mode='nearest')


class Resnet(nn.Module):
    """ResnetBlock2D; `resize`: None, halve or enlarge."""

    def __init__(self, inputs, outputs, time, config, divisor=1.0, resize=None):
        super().__init__()
        groups, eps = config['norm_num_groups'], config['norm_eps']
        self.modulate = config['resnet_time_scale_shift'] == 'scale_shift'
        self.norm1 = nn.GroupNorm(groups, inputs, eps)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, 2 * outputs if self.modulate else outputs)
        self.norm2 = nn.GroupNorm(groups, outputs, eps)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.conv_shortcut = nn.Conv2d(inputs, outputs, 1)
        self.divisor, self.resize = divisor, resize
        self.act = ACTIVATIONS[config['act_fn']]

    def forward(self, x, time, note, name):
        h = self.act(self.norm1(x))
        if self.resize:  # resnet-down, resnet-up
            h = note(name + '.hidden', self.resize(h))
            x = note(name + '.shortcut', self.resize(x))
        h = self.conv1(h)
        time = self.time_emb_proj(self.act(time))[:, :, None, None]  # time-activation
        if self.modulate:  # scale-shift
            scale, shift = time.chunk(2, 1)
            h = self.norm2(note(name + '.conv1', h)) * (1 + scale) + shift
        else:  # time-addition
            h = self.norm2(note(name + '.conv1', h + time))
        h = self.conv2(self.act(h))
        x = self.conv_shortcut(x) if hasattr(self, 'conv_shortcut') else x
        return note(name, (x + h) / self.divisor)  # mid-scale-factor


class Attention(nn.Module):
    def __init__(self, channels, config, groups, divisor=1.0):
        super().__init__()
        if groups:  # attention-norm
            self.group_norm = nn.GroupNorm(groups, channels, config['norm_eps'])
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])
        self.heads = config.get('num_attention_heads') or channels // (config['attention_head_dim'] or channels)  # ours
        self.divisor = divisor

    def forward(self, x, note, name):
        n, c, height, width = x.shape
        h = self.group_norm(x) if hasattr(self, 'group_norm') else x
        h = h.view(n, c, height * width).transpose(1, 2)
        q, k, v = (
            layer(h).view(n, -1, self.heads, c // self.heads).transpose(1, 2)
            for layer in (self.to_q, self.to_k, self.to_v)
        )  # attention-heads
        weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(c // self.heads), -1)
        h = self.to_out[0]((weights @ v).transpose(1, 2).reshape(n, -1, c))
        return note(name, (x + h.transpose(1, 2).view(n, c, height, width)) / self.divisor)


class Down(nn.Module):
    def __init__(self, channels, padding):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)
        self.padding = padding

    def forward(self, x, time, note, name):
        if self.padding == 0:  # padding-0
            x = F.pad(x, (0, 1, 0, 1))
        return note(name + '.conv', self.conv(x))


class Up(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, time, note, name):
        return note(name + '.conv', self.conv(enlarge(x)))


class Block(nn.Module):
    pass


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config = DEFAULTS | config
        widths, groups = config['block_out_channels'], config['norm_num_groups']
        layers, divisor = config['layers_per_block'], config['mid_block_scale_factor']
        time = 4 * config.get('time_proj_channels', widths[0])  # a key of ours
        last = len(widths) - 1
        fourier = config['time_embedding_type'] == 'fourier'
        self.conv_in = nn.Conv2d(config['in_channels'], widths[0], 3, padding=1)
        if fourier:
            self.time_proj = nn.Module()
            self.time_proj.weight = nn.Parameter(torch.empty(time // 4), requires_grad=False)
        self.time_embedding = nn.Module()
        self.time_embedding.linear_1 = nn.Linear(time // 2 if fourier else time // 4, time)
        self.time_embedding.linear_2 = nn.Linear(time, time)

        def block_of(resnets, width, attention):
            block = Block()
            block.resnets = nn.ModuleList(resnets)
            block.attentions = nn.ModuleList([Attention(width, config, groups) for _ in resnets] if attention else [])
            return block

        channels, skips = widths[0], [widths[0]]
        self.down_blocks = nn.ModuleList()
        for i, (width, kind) in enumerate(zip(widths, config['down_block_types'])):
            resnets = []
            for _ in range(layers):
                resnets.append(Resnet(channels, width, time, config))
                channels = width
                skips.append(channels)
            block = block_of(resnets, width, kind == 'AttnDownBlock2D')
            by_resnet = kind == 'ResnetDownsampleBlock2D' or (  # plain-samplers
                kind == 'AttnDownBlock2D' and config['downsample_type'] == 'resnet'
            )
            if i < last:
                block.downsamplers = nn.ModuleList(
                    [
                        (
                            Resnet(width, width, time, config, resize=halve)
                            if by_resnet
                            else Down(width, config['downsample_padding'])
                        )
                    ]
                )
                skips.append(channels)
            self.down_blocks.append(block)

        if config['mid_block_type'] is not None:
            self.mid_block = Block()
            self.mid_block.resnets = nn.ModuleList(
                [Resnet(channels, channels, time, config, divisor) for _ in range(2)]
            )
            default = groups if config['resnet_time_scale_shift'] == 'default' else None
            self.mid_block.attentions = nn.ModuleList(
                [Attention(channels, config, config['attn_norm_num_groups'] or default, divisor)]
                if config['add_attention']
                else []
            )

        self.up_blocks = nn.ModuleList()
        for i, (width, kind) in enumerate(zip(reversed(widths), config['up_block_types'])):
            resnets = []
            for _ in range(layers + 1):
                resnets.append(Resnet(channels + skips.pop(), width, time, config))
                channels = width
            block = block_of(resnets, width, kind == 'AttnUpBlock2D')
            by_resnet = kind == 'ResnetUpsampleBlock2D' or (
                kind == 'AttnUpBlock2D' and config['upsample_type'] == 'resnet'
            )
            if i < last:
                block.upsamplers = nn.ModuleList(
                    [Resnet(width, width, time, config, resize=enlarge) if by_resnet else Up(width)]
                )
            self.up_blocks.append(block)
        self.conv_norm_out = nn.GroupNorm(groups, widths[0], config['norm_eps'])
        self.conv_out = nn.Conv2d(widths[0], config['out_channels'], 3, padding=1)

    def sinusoids(self, t):
        """In single precision, as released."""
        t = torch.tensor([t], dtype=torch.float32)
        n = self.time_embedding.linear_1.weight.shape[1]
        if self.config['time_embedding_type'] == 'fourier':  # fourier-embedding
            phase = torch.log(t)[:, None] * self.time_proj.weight.float()[None] * 2 * math.pi
            return torch.cat([torch.sin(phase), torch.cos(phase)], 1)
        half = n // 2
        exponent = -math.log(10000) * torch.arange(half, dtype=torch.float32)
        phase = t[:, None] * torch.exp(exponent / (half - self.config['freq_shift']))[None]
        parts = [torch.sin(phase), torch.cos(phase)]
        if self.config['flip_sin_to_cos']:  # embedding-order
            parts.reverse()
        return F.pad(torch.cat(parts, 1), (0, n % 2))

    def forward(self, x, t, note=lambda name, h: h):
        if self.config['center_input_sample']:
            x = 2 * x - 1
        t = t * self.config.get('timestep_scale', 1)  # a key of ours
        h = self.sinusoids(t).to(self.conv_in.weight.dtype)
        time = self.time_embedding.linear_2(F.silu(self.time_embedding.linear_1(h)))
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
                h = block.downsamplers[0](h, time, note, f'{name}.downsamplers.0')
                skips.append(h)
        if hasattr(self, 'mid_block'):
            h = self.mid_block.resnets[0](h, time, note, 'mid_block.resnets.0')
            if self.mid_block.attentions:
                h = self.mid_block.attentions[0](h, note, 'mid_block.attentions.0')
            h = self.mid_block.resnets[1](h, time, note, 'mid_block.resnets.1')
        for i, block in enumerate(self.up_blocks):
            name = f'up_blocks.{i}'
            for j, resnet in enumerate(block.resnets):
                h = resnet(torch.cat([h, skips.pop()], 1), time, note, f'{name}.resnets.{j}')  # skip-order
                if block.attentions:
                    h = block.attentions[j](h, note, f'{name}.attentions.{j}')
            if hasattr(block, 'upsamplers'):
                h = block.upsamplers[0](h, time, note, f'{name}.upsamplers.0')
        h = self.conv_out(F.silu(self.conv_norm_out(h)))  # out-activation
        if self.config['time_embedding_type'] == 'fourier':  # fourier-division
            h = h / t
        return note('conv_out', h)


OLD_NAMES = {'.to_q.': '.query.', '.to_k.': '.key.', '.to_v.': '.value.', '.to_out.0.': '.proj_attn.'}


def random_state(net, seed, old_names=False):
    """Weights loud enough that every term of the network counts."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for key, value in net.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        if value.dim() > 1:
            value = noise / math.sqrt(value[0].numel())
        elif 'norm' in key and key.endswith('weight'):
            value = 1 + 0.3 * noise
        else:
            value = 0.3 * noise
        for new, old in OLD_NAMES.items() if old_names else ():
            key = key.replace(new, old)
        state[key] = value
    return state


def load_state(net, state):
    for new, old in OLD_NAMES.items():
        state = {name.replace(old, new): value for name, value in state.items()}
    net.load_state_dict({name: value.to(net.conv_in.weight.dtype) for name, value in state.items()})
    return net
