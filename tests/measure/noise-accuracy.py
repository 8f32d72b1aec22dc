#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""noise-accuracy.py PROGRAM [--photos] [--every N]: how well core/denoise/noise-estimate.c does.

Gaussian noise, clipped and rounded to 8 bits as in ../shared/eval/cases.py, on all pictures of
CBSD68 there (research pictures, not part of this tree) or, with --photos, on the free photographs
of ../shared/photos. PROGRAM is tests/noise-accuracy of a build:

  sh tests/in-debian.sh sh -c 'meson setup /var/tmp/b; ninja -C /var/tmp/b tests/noise-accuracy &&
    python3 tests/measure/noise-accuracy.py /var/tmp/b/tests/noise-accuracy'

Each cell: median, [smallest, largest] estimate, the share of pictures that are further off than
10 % or 0.7 level, and further than 15 % or 1 level (with sigma 0: above 1.5, above 3)."""
import argparse
import glob
import os
import subprocess

import cv2
import numpy as np

SIGMAS = (0, 2, 3, 5, 8, 15, 25, 35, 50)
SHARED = os.environ.get('DIFFUSION_SHARED') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '..', '..', '..', 'shared'
)


def pictures(photos, every):
    if not photos:
        return [cv2.imread(f) for f in sorted(glob.glob(SHARED + '/eval/cbsd68/*.png'))[::every]]
    names = sorted(f for f in glob.glob(SHARED + '/photos/*') if not f.endswith('.tsv'))
    return [p for p in map(cv2.imread, names[::every]) if p is not None and min(p.shape[:2]) >= 256]


def noisy(picture, sigma, index):
    noise = np.random.default_rng(100 * sigma + index).normal(0, sigma, picture.shape) if sigma else 0
    return np.clip(picture + noise, 0, 255).round().astype(np.uint8)


def region(picture, side, index):
    if not side:
        return picture
    place = np.random.default_rng(index)
    y, x = (place.integers(0, n - side + 1) for n in picture.shape[:2])
    return picture[y : y + side, x : x + side]


def estimates(program, cases):
    """Runs the program on all cases at once; sigmas and seconds."""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = []
    for case in cases:
        gray = case.ndim == 2
        process.stdin.write(b'P%d %d %d 255\n' % (5 if gray else 6, case.shape[1], case.shape[0]))
        process.stdin.write(np.ascontiguousarray(case if gray else case[:, :, ::-1]).tobytes())
        process.stdin.flush()
        out.append([float(x) for x in process.stdout.readline().split()])
    process.stdin.close()
    process.wait()
    return np.array(out).T


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('--photos', action='store_true')
    parser.add_argument('--every', type=int, default=1)
    arguments = parser.parse_args()
    originals = pictures(arguments.photos, arguments.every)
    print('%d pictures' % len(originals))
    slowest = 0
    for colour in (True, False):
        for side in (0, 256, 64):
            print(
                '\n%s, %s' % ('colour' if colour else 'gray', 'regions of %d x %d' % (side, side) if side else 'whole')
            )
            print(
                '| sigma | median | smallest | largest | off by 10 % and 0.7 | off by 15 % and 1 |\n|---|---|---|---|---|---|'
            )
            for sigma in SIGMAS:
                cases = []
                for i, picture in enumerate(originals):
                    if not colour:
                        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
                    cases.append(region(noisy(picture, sigma, i), side, i))
                found, seconds = estimates(arguments.program, cases)
                off = abs(found - sigma)
                limits = (max(0.7, 0.1 * sigma), max(1, 0.15 * sigma)) if sigma else (1.5, 3)
                slowest = max(slowest, seconds.max())
                print(
                    '| %d | %.2f | %.2f | %.2f | %.0f %% | %.0f %% |'
                    % (
                        sigma,
                        np.median(found),
                        found.min(),
                        found.max(),
                        100 * (off > limits[0]).mean(),
                        100 * (off > limits[1]).mean(),
                    ),
                    flush=True,
                )
    print('\nslowest: %.2f s' % slowest)


if __name__ == '__main__':
    main()
