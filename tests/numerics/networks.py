# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates a network twice, for parity.py and points.py: by core/, through
dump-layers (its path in DIFFUSION_DUMP_LAYERS), and by reference.py in double
precision."""
import json
import os
import subprocess
import tempfile

import numpy
import torch
from safetensors.torch import load_file, save_file

import reference

torch.set_num_threads(1)


def difference(a, b):
    """max |a - b| / RMS (b); infinite for what is not a number."""
    a, b = numpy.asarray(a, numpy.float64), numpy.asarray(b, numpy.float64)
    worst = numpy.abs(a - b).max() / numpy.sqrt(numpy.square(b).mean())
    return float(worst) if numpy.isfinite(worst) else float('inf')


def random_input(channels, width, height, seed=1):
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


def ours(config, state, x, t, module=None, told=None):
    """What each module of our network returns (C x H x W), or `module` alone. `state` may be the path of a file. What
    dump-layers tells about the weights goes into `told`."""
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name)
        with open(path('config.json'), 'w', encoding='utf-8') as file:
            json.dump(config, file)
        if not isinstance(state, str):
            save_file(state, path('weights'))
            state = path('weights')
        x.float().numpy().tofile(path('input'))
        command = [
            os.environ['DIFFUSION_DUMP_LAYERS'],
            path('config.json'),
            state,
            x.shape[3],
            x.shape[2],
            t,
            path('input'),
            path('output'),
            *([module] if module else []),
        ]
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(result.stderr.strip())
        if told is not None:
            told.update(json.loads(result.stdout))
        return {name: layer.numpy() for name, layer in load_file(path('output')).items()}


def theirs(config, state, x, t):
    """The same of the reference."""
    layers = {}

    def note(name, h):
        layers[name] = h[0].numpy().copy()
        return h

    with torch.no_grad():
        reference.load_state(reference.UNet(config).double(), state)(x.double(), t, note)
    return layers
