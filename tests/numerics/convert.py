#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""convert.py SOURCE_ROOT: what weights/convert-guided-diffusion.py makes of networks of OpenAI's guided-diffusion
(guided.py) with random weights gives the same in core/. Speaks TAP."""
import contextlib
import importlib.util
import io
import json
import os
import sys
import tempfile

import torch

import networks
from guided import Guided

LIMIT = 1e-4


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
        out = networks.ours(config, os.path.join(unet, 'diffusion_pytorch_model.safetensors'), x, t, 'conv_out')[
            'conv_out'
        ]
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
        (
            'like 256x256_diffusion_uncond: attention at three resolutions, scale-shift, residual blocks that resize, learned variance',
            lambda: check(like_256, ['--head-channels', '16']),
        ),
        (
            'like the 512x512 networks: a first level of half the width',
            lambda: check(Guided(64, (0.5, 1, 1), 1, (2,), head_channels=32), ['--head-channels', '32']),
        ),
        (
            'like improved-diffusion: convolutions that resize, the time added, heads by number, 3 channels out',
            lambda: check(
                Guided(32, (1, 2), 1, (1,), heads=4, resblock_updown=False, scale_shift=False, out_channels=3),
                ['--heads', '4'],
            ),
        ),
        (
            'the same at two widths, timesteps rescaled',
            lambda: check(
                Guided(32, (1, 2), 1, (0, 1), heads=4, resblock_updown=False, time_scale=0.25),
                ['--heads', '4', '--steps', '4000', '--noise-schedule', 'cosine', '--rescale-timesteps'],
            ),
        ),
        (
            'use_new_attention_order',
            lambda: check(
                Guided(32, (1, 2), 1, (1,), head_channels=16, new_order=True),
                ['--head-channels', '16', '--new-attention-order'],
            ),
        ),
        (
            'a class-conditional one is refused',
            lambda: refused(
                like_256.state | {'label_emb.weight': torch.zeros(10, 128)}, 'label_emb', '--head-channels', '16'
            ),
        ),
        ('another file is refused', lambda: refused({'weight': torch.zeros(1)}, 'guided-diffusion')),
        ('code is not run', lambda: refused({'weight': check}, 'cannot be read')),
        (
            'heads that do not fit are refused',
            lambda: refused(like_256.state, '--head-channels', '--head-channels', '48'),
        ),
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
