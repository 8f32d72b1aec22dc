#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""fill-reference.py > fill-reference.h: what weights/fill.py, the fill that models are
trained with, makes of a few small pictures. Needs PyTorch."""
import os
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'weights'))
from fill import fill

# width, height, channels, every how many pixels one is known, of which weight, sweeps
CASES = [
    (9, 7, 1, 3, 1.0, 0),
    (16, 8, 1, 11, 1.0, 0),
    (13, 11, 2, 29, 1.0, 0),
    (5, 3, 1, 4, 1.0, 0),
    (6, 9, 1, 2, 0.25, 0),
    (1, 6, 1, 2, 1.0, 0),
    (7, 2, 2, 3, 1.0, 0),
    (5, 5, 1, 1000, 1.0, 0),
    (17, 3, 1, 7, 1.0, 0),
    (9, 7, 1, 3, 1.0, 1),
    (13, 11, 2, 29, 1.0, 2),
    (6, 9, 1, 2, 0.25, 8),
    (17, 3, 1, 7, 1.0, 8),
]

print(
    '/* SPDX-License-Identifier: GPL-3.0-or-later\n *\n * fill-reference.h: made by fill-reference.py.\n */\n#pragma once\n'
)
print(
    'static const struct\n{\n  int   width, height, n_channels, every, n_sweeps;\n  float weight;\n  float filled[%d];\n} fill_reference[] = {'
    % max(w * h * c for w, h, c, *_ in CASES)
)
for width, height, channels, every, weight, sweeps in CASES:
    size = width * height
    x = torch.tensor([(i * 29 + i * i * 7) % 101 / 50 - 1 for i in range(size * channels)], dtype=torch.float64)
    w = torch.tensor([weight if i % every == every // 2 else 0 for i in range(size)], dtype=torch.float64)
    y = (
        fill(x.float().double().view(1, channels, height, width), w.view(1, 1, height, width), sweeps)
        .reshape(-1)
        .tolist()
    )
    rows = [', '.join('%.7ff' % v for v in y[i : i + 7]) for i in range(0, len(y), 7)]
    print(
        '  { %d, %d, %d, %d, %d, %.2ff,\n    { %s } },'
        % (width, height, channels, every, sweeps, weight, ',\n      '.join(rows))
    )
print('};')
