#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""denoise-accuracy.py PROGRAM [MODEL] [--every N]: how well Denoise does, through the core.

Gaussian noise of fixed seeds on all pictures of CBSD68 in ../shared/eval (research pictures, not
part of this tree), in colour and in gray: as in the papers (neither clipped nor rounded, the true
sigma given), and clipped and rounded to 8 bits with sigma given and estimated. Mean PSNR in dB.
PROGRAM is tests/denoise-accuracy of a build, MODEL a model folder, the bundled one without it:

  sh tests/in-debian.sh sh -c '. tests/build.sh; ninja -C $build tests/denoise-accuracy &&
    python3 tests/measure/denoise-accuracy.py $build/tests/denoise-accuracy'"""
import argparse
import glob
import os
import subprocess
import sys

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get('DIFFUSION_SHARED') or os.path.join(TESTS, '..', '..', 'shared')
SIGMAS = (15, 25, 50)
RUNS = (('float', 'given'), ('8-bit', 'given'), ('8-bit', 'estimated'))


def portable(picture):
    """The picture as binary PPM or PGM."""
    gray = picture.ndim == 2
    pixels = picture if gray else picture[:, :, ::-1]
    return (
        b'P%d %d %d 255\n' % (5 if gray else 6, picture.shape[1], picture.shape[0])
        + np.ascontiguousarray(pixels).tobytes()
    )


def scores(program, model, sigma, run, pictures):
    """PSNR before, after, sigma used and seconds of each picture."""
    done = subprocess.run(
        [program, model, str(sigma), *run], input=b''.join(map(portable, pictures)), stdout=subprocess.PIPE, check=True
    )
    found = np.array([line.split() for line in done.stdout.decode().splitlines()], float)
    if len(found) != len(pictures):
        sys.exit('denoise-accuracy.py: %d scores for %d pictures' % (len(found), len(pictures)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('model', nargs='?', default=os.path.join(TESTS, '..', 'weights', 'model'))
    parser.add_argument('--every', type=int, default=1, help='every Nth picture')
    arguments = parser.parse_args()
    colour = [cv2.imread(f) for f in sorted(glob.glob(SHARED + '/eval/cbsd68/*.png'))[:: arguments.every]]
    if not colour:
        sys.exit('denoise-accuracy.py: the pictures are not here: put the folder "shared" beside the tree.')
    gray = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in colour]

    print('CBSD68, %d pictures, PSNR in dB' % len(colour))
    print('| | noise | σ | noisy | denoised | σ used: least, most | CPU s a picture |\n|---|---|---|---|---|---|---|')
    for name, pictures in (('colour', colour), ('gray', gray)):
        for run in RUNS:
            for sigma in SIGMAS:
                before, after, used, seconds = scores(arguments.program, arguments.model, sigma, run, pictures).T
                print(
                    '| %s | %s, %s | %d | %.2f | %.2f | %.1f, %.1f | %.2f |'
                    % (name, *run, sigma, before.mean(), after.mean(), used.min(), used.max(), seconds.mean()),
                    flush=True,
                )


if __name__ == '__main__':
    main()
