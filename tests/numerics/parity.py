#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our networks against PyTorch, live: random weights for everything that
UNet2DModel can be configured to, evaluated by core/ in single precision and by
reference.py in double. Each line of its output is a row of the table

    configuration   parameters   max |a - b| / RMS (b)

the greatest over the timesteps, and a test that it is at most 1e-4. Of networks of more
than 50 million parameters the weights, laid out for the kernels, take at most 1.5 times
their room in single precision, and the largest tensor more while they are loaded. Speaks TAP.
"""
import sys
import tempfile

from safetensors.torch import save_file

import networks
import reference

LIMIT = 1e-4
TIMESTEPS = (999, 437.25, 1)
BIG, GROWTH = 50e6, 1.5


def levels(widths, down='', up='', **keys):
    """Blocks by letters: . plain, A attention, R residual blocks that change the size."""
    names = {'.': '{}Block2D', 'A': 'Attn{}Block2D', 'R': 'Resnet{}sampleBlock2D'}
    block = lambda side, letters: [names[c].format(side) for c in letters or '.' * len(widths)]
    return (
        dict(norm_num_groups=4, attention_head_dim=4, layers_per_block=1)
        | keys
        | dict(block_out_channels=list(widths), down_block_types=block('Down', down), up_block_types=block('Up', up))
    )


def base(**keys):
    """Three levels that have everything once."""
    return levels((8, 12, 16), '.AR', 'RA.', **keys)


DDPM = dict(
    attention_head_dim=None,
    downsample_padding=0,
    flip_sin_to_cos=False,
    freq_shift=1,
    layers_per_block=2,
    norm_eps=1e-6,
    norm_num_groups=32,
)
RESIZING = dict(downsample_type='resnet', upsample_type='resnet')

# What is said, and the configuration; `size`: another picture than 16 x 24 (width, height).
CASES = [
    ('3 levels', base()),
    ('4 levels', levels((8, 8, 12, 16), '..A.', '.A..')),
    ('5 levels', levels((8, 8, 8, 12, 16), '..A.A', '.A..A'), (32, 48)),
    ('6 levels', levels((8, 8, 8, 12, 12, 16), '.R.A.R', 'A.R..R'), (64, 32)),
    ('1 level', levels((12,))),
    ('3 layers a block', base(layers_per_block=3)),
    ('DownBlock2D, UpBlock2D', levels((8, 12))),
    ('AttnDownBlock2D, AttnUpBlock2D', levels((8, 12), 'AA', 'AA')),
    ('ResnetDownsampleBlock2D, ResnetUpsampleBlock2D', levels((8, 12), 'RR', 'RR')),
    ('sampler types conv with attention', levels((8, 12, 12), 'AA.', '.AA')),
    ('sampler types resnet with attention', levels((8, 12, 12), 'AA.', 'AA.', **RESIZING)),
    ('sampler types resnet without attention', levels((8, 12, 12), **RESIZING)),
    ('resnet_time_scale_shift scale_shift', base(resnet_time_scale_shift='scale_shift')),
    ('the same, attn_norm_num_groups 2', base(resnet_time_scale_shift='scale_shift', attn_norm_num_groups=2)),
    ('attn_norm_num_groups 8', base(attn_norm_num_groups=8)),
    ('attention_head_dim null', base(attention_head_dim=None)),
    ('attention_head_dim 1', base(attention_head_dim=1)),
    ('norm_num_groups 1', base(norm_num_groups=1)),
    ('norm_eps 0.1', base(norm_eps=0.1)),
    ('act_fn swish', base(act_fn='swish')),
    ('act_fn mish', base(act_fn='mish')),
    ('act_fn gelu', base(act_fn='gelu')),
    ('act_fn relu', base(act_fn='relu')),
    ('act_fn relu, scale_shift', base(act_fn='relu', resnet_time_scale_shift='scale_shift')),
    ('add_attention false', base(add_attention=False)),
    ('mid_block_type null', base(mid_block_type=None)),
    ('mid_block_scale_factor 1.414', base(mid_block_scale_factor=2**0.5)),
    ('center_input_sample', base(center_input_sample=True)),
    ('flip_sin_to_cos false', base(flip_sin_to_cos=False)),
    ('freq_shift 1', base(freq_shift=1)),
    ('an odd first width', levels((9, 12), norm_num_groups=3)),
    ('downsample_padding 0', levels((8, 12, 12), '.A.', '.A.', downsample_padding=0)),
    ('time_embedding_type fourier', base(time_embedding_type='fourier')),
    ('time_proj_channels 14', base(time_proj_channels=14)),
    ('num_attention_heads 2', base(num_attention_heads=2)),
    ('timestep_scale 0.25', base(timestep_scale=0.25)),
    ('6 output channels', base(out_channels=6)),
    ('in_channels 1, out_channels 1', base(in_channels=1, out_channels=1)),
    ('in_channels 1, out_channels 2', base(in_channels=1, out_channels=2)),
    ('old attention names', base() | dict(old_names=True)),
    (
        'guided-diffusion, small',
        levels(
            (16, 16, 32, 32, 48, 48),
            'RRRAAA',
            'AAARRR',
            attention_head_dim=16,
            attn_norm_num_groups=8,
            layers_per_block=2,
            norm_num_groups=8,
            out_channels=6,
            resnet_time_scale_shift='scale_shift',
            **RESIZING,
        ),
        (64, 32),
    ),
    ('google/ddpm-cifar10-32', levels((128, 256, 256, 256), '.A..', '..A.', **DDPM), (32, 32)),
    (
        'google/ddpm-celebahq-256, -church, -bedroom, -cat',
        levels((128, 128, 256, 256, 512, 512), '....A.', '.A....', **DDPM),
        (32, 64),
    ),
]


def compare(config, size):
    """Parameters, the greatest difference over the timesteps, what there is to say about the room that the weights take,
    and whether that is too much."""
    config = dict(config)
    old_names = config.pop('old_names', False)
    state = reference.random_state(reference.UNet(config), 7, old_names)
    n = sum(value.numel() for value in state.values())
    x = networks.random_input(config.get('in_channels', 3), *size)
    worst, told = 0.0, {}
    with tempfile.NamedTemporaryFile(suffix='.safetensors') as file:
        save_file(state, file.name)
        mine = {
            t: networks.ours(reference.DEFAULTS | config, file.name, x, t, 'conv_out', told)['conv_out']
            for t in (TIMESTEPS if n < 1e6 else TIMESTEPS[1:2])
        }
    for t, out in mine.items():
        worst = max(worst, networks.difference(out, networks.theirs(config, state, x, t)['conv_out']))
    growth, loading = told['bytes'] / (4 * n), told['bytes_loading'] - told['bytes']
    largest = 4 * max(value.numel() for value in state.values())
    if n < BIG:
        return n, worst, '', False
    return (
        n,
        worst,
        f', weights take {growth:.2f} x their room and {loading / 1e6:.0f} MB more while they are loaded',
        growth > GROWTH or loading > largest,
    )


def main():
    print(f'1..{len(CASES)}', flush=True)
    failed = 0
    for number, (name, config, *size) in enumerate(CASES, 1):
        n, worst, weights, too_much = compare(config, *(size or [(16, 24)]))
        good = worst <= LIMIT and not too_much
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {n} parameters, {worst:.1e}{weights}", flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
