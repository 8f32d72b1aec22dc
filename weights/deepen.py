#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One more residual block in every level of a trained network, without changing what it computes, so that what it learned is kept:

  python3 deepen.py MODEL OUT        OUT is a checkpoint: train.py --init OUT goes on from it, export.py OUT FOLDER writes it

A new block of the way down adds nothing (its last convolution is zero), so its skip is the former block's once more. On the way up the
former first block takes that skip; the new second one passes on what it is given and does not yet look at its own skip.
"""
import argparse, re
import torch
from checkpoint import write_parts
from evaluate import load
from unet import Folded


@torch.no_grad()
def deepen(model):
    """A network (Folded) of one more layer and the same function."""
    layers = model.options['layers']
    deeper = Folded(**dict(model.options, layers=layers + 1))
    moved = (
        lambda m: m[1] + str(int(m[2]) + (int(m[2]) > 0)) + m[3]
    )  # up_blocks.I.resnets.J: from the second on, one place later
    old = {re.sub(r'^(up_blocks\.\d+\.resnets\.)(\d+)(\..*)$', moved, k): v for k, v in model.net.state_dict().items()}
    deeper.net.load_state_dict(old, strict=False)
    for down in deeper.net.down_blocks:
        down.resnets[layers].conv2.weight.zero_(), down.resnets[layers].conv2.bias.zero_()
    for up in deeper.net.up_blocks:
        new = up.resnets[1]
        new.conv2.weight.zero_(), new.conv2.bias.zero_(), new.conv_shortcut.bias.zero_()
        new.conv_shortcut.weight.copy_(torch.eye(*new.conv_shortcut.weight.shape[:2])[:, :, None, None])
    return deeper.eval()


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('model'), p.add_argument('out'), p.add_argument('--seed', type=int, default=0)
    a = p.parse_args()
    torch.manual_seed(a.seed)  # of the new blocks' first convolutions
    deeper = deepen(load(a.model))
    write_parts(a.out, {'options': deeper.options, 'ema': deeper.net.state_dict(), 'step': 0})
