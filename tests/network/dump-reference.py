#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the tensors that tests/network/test-unet.c compares the network with.

    tests/in-debian.sh python3 tests/network/dump-reference.py [CASE...]

Evaluates the network of tests/numerics/reference.py, which names the points of its
arithmetic, in double precision: on the bundled weights, and on small networks
with random weights that it writes as model folders (tests/data/unet-*), which
between them have everything that the bundled one has not. Needs python3-torch
and python3-safetensors. The results are committed; run it again only when a
case is added.

reference.safetensors of each folder holds
    out.WIDTHxHEIGHT      the prediction for a window of that size: of the
                          bundled model and of one pixel all values, else
                          every OUT_STEP-th
    layer.MODULE          the output of each module (C x H x W) for a window of
                          16f x 8f (32f x 32f with five levels or more), f the
                          unfolding;
                          MODULE.hidden and MODULE.shortcut: what goes into the
                          residual block that changes the size, resized
    sample.MODULE         values of each for 112 x 80 (128 x 96), SAMPLE_STEP
                          apart, SAMPLES at most
"""
import pathlib
import json
import os
import sys

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "numerics"))
import reference

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SIZES = ((112, 80), (105, 73), (1, 1))
OUT_STEP = 11
SAMPLES, SAMPLE_STEP = 64, 997
TIMESTEP = 437.25


def load(folder):
    """The bundled model, or one that write_folder wrote."""
    flat = '' if os.path.exists(os.path.join(folder, 'config.json')) else 'unet'
    with open(os.path.join(folder, flat, 'config.json'), encoding='utf-8') as file:
        config = json.load(file)
    state = load_file(os.path.join(folder, flat, 'diffusion_pytorch_model.safetensors'))
    return reference.load_state(reference.UNet(config).double(), state)


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
        h[0, -1, :, x.shape[2] :] = 1
        h[0, -1, x.shape[1] :, :] = 1
    return h


def predict(net, width, height, note):
    """model_predict, in core/model/model.h."""
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
    """core/model/preconditioning.h, by way of x_0: the residual process has x_t - a y = (s a) r + b noise with r of variance 1."""
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
        deep = len(net.config['block_out_channels']) >= 5
        predict(net, *((32 * f, 32 * f) if deep else (16 * f, 8 * f)), note_layers)
        predict(net, *((128, 96) if deep else (112, 80)), note_samples)
        for width, height in SIZES:
            h = predict(net, width, height, lambda name, h: h).flatten()
            out[f'out.{width}x{height}'] = h[::out_step] if width * height > 1 else h
    os.makedirs(folder, exist_ok=True)
    save_file({name: h.float().contiguous() for name, h in out.items()}, os.path.join(folder, 'reference.safetensors'))


SCHEDULER = {
    '_class_name': 'DDPMScheduler',
    'num_train_timesteps': 1000,
    'beta_schedule': 'linear',
    'beta_start': 0.0001,
    'beta_end': 0.02,
    'prediction_type': 'epsilon',
}

# What each has that the others have not; no width is a multiple of a vector.
SMALL = {
    # attention on the way down, in the middle and on the way up, as old checkpoints name it
    'unet-attention': dict(
        block_out_channels=[8, 16],
        layers_per_block=2,
        add_attention=True,
        down_block_types=['DownBlock2D', 'AttnDownBlock2D'],
        up_block_types=['AttnUpBlock2D', 'UpBlock2D'],
        attention_head_dim=4,
        downsample_padding=0,
        flip_sin_to_cos=False,
        freq_shift=1,
        mid_block_scale_factor=1.41421356,
        norm_eps=1e-06,
    ),
    # mask-aware, a skip around the guess, one attention head, BF16, three levels
    'unet-conditioned': dict(
        block_out_channels=[12, 20, 28],
        pixel_unshuffle=2,
        conditioning='filled-image',
        guess_deviation=0.3,
        in_channels=28,
        out_channels=12,
        add_attention=True,
        attention_head_dim=None,
        down_block_types=['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D'],
        up_block_types=['UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
    ),
    # no attention, no conditioning, a flat folder, F32
    'unet-plain': dict(
        block_out_channels=[8, 12],
        down_block_types=['DownBlock2D'] * 2,
        up_block_types=['UpBlock2D'] * 2,
        center_input_sample=True,
    ),
    # residual blocks that change the size, scale-shift, a norm of its own in the middle, learned variance
    'unet-resnet': dict(
        block_out_channels=[8, 8, 12, 12],
        add_attention=True,
        attention_head_dim=4,
        down_block_types=['ResnetDownsampleBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D', 'AttnDownBlock2D'],
        up_block_types=['AttnUpBlock2D', 'AttnUpBlock2D', 'ResnetUpsampleBlock2D', 'UpBlock2D'],
        downsample_type='resnet',
        upsample_type='resnet',
        resnet_time_scale_shift='scale_shift',
        attn_norm_num_groups=2,
        out_channels=6,
    ),
    # Fourier embedding, an odd channel, scale-shift without a norm in the middle
    'unet-fourier': dict(
        block_out_channels=[9, 15],
        norm_num_groups=3,
        add_attention=True,
        attention_head_dim=5,
        down_block_types=['DownBlock2D'] * 2,
        up_block_types=['ResnetUpsampleBlock2D', 'UpBlock2D'],
        time_embedding_type='fourier',
        resnet_time_scale_shift='scale_shift',
        act_fn='mish',
    ),
    # six levels, nothing in the middle, an odd positional embedding
    'unet-deep': dict(
        block_out_channels=[5, 5, 5, 5, 5, 5],
        norm_num_groups=1,
        mid_block_type=None,
        act_fn='gelu',
        down_block_types=['ResnetDownsampleBlock2D', 'DownBlock2D'] * 3,
        up_block_types=['UpBlock2D', 'ResnetUpsampleBlock2D'] * 3,
        downsample_padding=0,
    ),
}
PLAIN = dict(add_attention=False, layers_per_block=1, norm_num_groups=4)
DTYPES = {'unet-conditioned': torch.bfloat16, 'unet-plain': torch.float32}


def write_folder(name, folder):
    config = reference.DEFAULTS | PLAIN | SMALL[name]
    state = reference.random_state(reference.UNet(config), sum(name.encode()), name == 'unet-attention')
    unet, scheduler = ('', '') if name == 'unet-plain' else ('unet', 'scheduler')
    for part in (unet, scheduler):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
    with open(os.path.join(folder, unet, 'config.json'), 'w', encoding='utf-8') as file:
        json.dump(config, file, indent=2)
    with open(os.path.join(folder, scheduler, 'scheduler_config.json'), 'w', encoding='utf-8') as file:
        kind = {'prediction_type': 'v_prediction'} if 'guess_deviation' in config else {}
        if config['out_channels'] == 6:
            kind = {'variance_type': 'learned_range'}
        json.dump(SCHEDULER | kind, file, indent=2)
    save_file(
        {key: value.to(DTYPES.get(name, torch.float16)) for key, value in state.items()},
        os.path.join(folder, unet, 'diffusion_pytorch_model.safetensors'),
    )


def main():
    torch.set_num_threads(1)
    data = os.path.join(TESTS, 'data')
    for name in sys.argv[1:] or list(SMALL) + ['unet-bundled']:
        folder = os.path.join(data, name)
        if name in SMALL:
            write_folder(name, folder)
            write_reference(load(folder), folder, OUT_STEP)
        else:
            write_reference(load(os.path.join(TESTS, '..', 'weights', 'model')), folder, 1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
