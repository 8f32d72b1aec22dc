#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""recipe.py SOURCE_ROOT: the parts of the training recipe (weights/) that no figure would show to be wrong. Speaks TAP."""
import filecmp
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

WEIGHTS = os.path.join(sys.argv[1], 'weights')
sys.path.insert(0, WEIGHTS)
import torch
from safetensors.torch import load_file

import evaluate
from checkpoint import read_parts
from data import enlarge
from deepen import deepen
from similarity import similarity
from unet import Folded

SMALL = ['--channels', '8,12,32', '--patch', '32', '--batch', '6', '--f32', '--seed', '3']


def recipe(program, *arguments):
    subprocess.run([sys.executable, os.path.join(WEIGHTS, program), *arguments], check=True, stdout=subprocess.DEVNULL)


def network(seed, **options):
    torch.manual_seed(seed)
    return Folded(
        **dict(channels=[8, 12, 32], groups=4, mid_attention=True, guess_deviation=0.25, guess_sweeps=2) | options
    ).eval()


@torch.no_grad()
def difference(a, b):
    torch.manual_seed(0)
    x, y = torch.rand(2, 2, 3, 32, 48) * 2 - 1
    m = (torch.rand(2, 1, 32, 48) < 0.5).float()
    va, vb = (n(x, y, m, torch.tensor([3.5, 700.0])) for n in (a, b))
    return ((va - vb).abs().max() / va.std()).item()


def test_deeper(work):
    """one more block a level changes nothing, from one layer and from two, and can learn"""
    for layers in (1, 2):
        model = network(1, layers=layers)
        deeper = deepen(model)
        assert deeper.options['layers'] == layers + 1
        assert difference(model, deeper) < 1e-5
        with torch.no_grad():
            deeper.net.up_blocks[0].resnets[1].conv2.weight.add_(0.1)
        assert difference(model, deeper) > 1e-3


def photographs(work):
    folder = os.path.join(work, 'photographs')
    os.makedirs(folder, exist_ok=True)
    for i in range(3):
        noise = np.random.default_rng(i).integers(0, 255, (9, 9, 3), np.uint8)
        Image.fromarray(noise).resize((90, 80), Image.BICUBIC).save('%s/%d.png' % (folder, i))
    return ['--photos', folder, *SMALL]


def test_resumed(work):
    """training that was interrupted ends in the same bytes as training that was not"""
    photos, once, twice = photographs(work), work + '/once', work + '/twice'
    recipe('train.py', *photos, '--out', once, '--steps', '4')
    recipe('train.py', *photos, '--out', twice, '--steps', '2')
    recipe('export.py', twice + '/state', work + '/first', '--f32')
    recipe('train.py', *photos, '--out', twice, '--steps', '2')
    a, b = (read_parts(run + '/state') for run in (once, twice))
    assert a['step'] == b['step'] == 4 and a['options']['self_condition']
    for key in ('net', 'ema'):
        assert all(torch.equal(v, b[key][k]) for k, v in a[key].items()), key


def test_gpu_script(work):
    """the script for a machine with a GPU, dry: photographs from a .tar, weights in pieces that make the file again"""
    photos, out = photographs(work)[1], work + '/gpu'
    subprocess.run(
        ['tar', '-cf', work + '/photos.tar', '-C', os.path.dirname(photos), os.path.basename(photos)], check=True
    )
    command = ['sh', os.path.join(WEIGHTS, 'gpu.sh'), '--dry-run', work + '/photos.tar', '', out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    pieces = sorted(f for f in os.listdir(out + '/model') if f.startswith('weights.'))
    assert len(pieces) > 1 and max(os.path.getsize(out + '/model/' + f) for f in pieces) <= 15 << 20
    whole = out + '/model/unet/diffusion_pytorch_model.safetensors'
    with open(whole, 'wb') as f:
        for piece in pieces:
            f.write(open(out + '/model/' + piece, 'rb').read())
    trained, bundled = (load_file(f) for f in (whole, WEIGHTS + '/model/unet/diffusion_pytorch_model.safetensors'))
    assert trained.keys() == bundled.keys()
    assert any(not torch.equal(v, bundled[k]) for k, v in trained.items())


def test_averaged(work):
    """export.py --average takes its share of the other folder; the folder is read back as it was written"""
    run, first, second, mean = work + '/once/state', work + '/first', work + '/second', work + '/mean'
    recipe('export.py', run, second, '--f32')
    recipe('export.py', run, mean, '--f32', '--average', first, '.25')
    a, b, c = (load_file(f + '/unet/diffusion_pytorch_model.safetensors') for f in (first, second, mean))
    assert all(not torch.equal(v, b[k]) for k, v in a.items() if v.ndim == 4)  # the training moved it
    assert all(torch.allclose(c[k], 0.25 * a[k] + 0.75 * b[k], atol=1e-7) for k in a)
    assert evaluate.load(mean).options == evaluate.load(run).options
    assert filecmp.cmp(first + '/unet/config.json', mean + '/unet/config.json', shallow=False)


def test_enlarged(work):
    """enlarged patches show a corner of each picture, its slopes as much gentler, nothing beyond the range"""
    ramp = torch.linspace(-1, 1, 64).expand(2, 3, 64, 64).contiguous()
    double, fourfold = enlarge(ramp, [2.0, 4.0])
    slope = (ramp[0, :, :, 1:] - ramp[0, :, :, :-1]).mean()
    for x, factor in ((double, 2), (fourfold, 4)):
        inner = x[:, 8:-8, 8:-8]
        assert x.shape == (3, 64, 64) and x.min() >= -1 and x.max() < 2 / factor - 0.9
        assert torch.allclose((inner[:, :, 1:] - inner[:, :, :-1]).mean(), slope / factor, rtol=0.05)
    assert enlarge(torch.sign(torch.randn(1, 3, 64, 64)), [3.0]).abs().max() <= 1


def test_similar(work):
    """the similarity that training rewards is the one that fills are scored by; it rewards contrast where squared error punishes it"""
    rng = np.random.default_rng(0)
    a = rng.random((40, 50, 3))
    b = np.clip(a + 0.2 * rng.standard_normal(a.shape), 0, 1)
    picture = lambda v: torch.from_numpy(v * 2 - 1).permute(2, 0, 1)[None]
    theirs = structural_similarity(a, b, channel_axis=2, full=True, data_range=1)[1]
    ours = similarity(picture(a), picture(b))[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - theirs)[3:-3, 3:-3].max() < 1e-9  # borders are not reflected alike
    faint = (0.2 * (picture(b) - picture(b).mean())).requires_grad_()
    for loss, grows in (
        (-similarity(faint, picture(a)).mean(), True),
        ((faint - picture(rng.random(a.shape))).square().mean(), False),
    ):
        (slope,) = torch.autograd.grad(loss, faint)
        assert ((slope * faint).sum() < 0) == grows


TESTS = [test_deeper, test_resumed, test_gpu_script, test_averaged, test_enlarged, test_similar]


def main():
    torch.set_num_threads(1)
    print('1..%d' % len(TESTS), flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as work:  # each goes on from what the one before left there
        for number, test in enumerate(TESTS, 1):
            try:
                test(work)
                print('ok %d - %s' % (number, test.__doc__), flush=True)
            except (AssertionError, OSError, subprocess.CalledProcessError) as e:
                failed += 1
                print('not ok %d - %s\n# %r' % (number, test.__doc__, e), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
