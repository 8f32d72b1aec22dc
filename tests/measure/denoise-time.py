#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""denoise-time.py [--megapixels N]: Denoise at its defaults beside GIMP's denoise-dct and noise-reduction on one picture, in one run.

  sh tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/denoise-time.py'

For each the seconds by the clock and those of the processors, all processes together, less those of opening and writing the picture; and
both as a share of denoise-dct's. On a busy machine only the processors' seconds can be compared."""
import argparse
import os
import resource
import sys
import time

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, 'support'))
from gimp_console import Console

SCRIPT = """(let* ((image (gimp-file-load RUN-NONINTERACTIVE "in.png")) (layer (vector-ref (gimp-image-get-layers image) 0)))
  %s
  (gimp-file-save RUN-NONINTERACTIVE image "out.png"))"""
FILTERS = {
    'open and write': '',
    'denoise-dct': '(gimp-drawable-merge-new-filter layer "gegl:denoise-dct" "" LAYER-MODE-REPLACE 1.0)',
    'noise-reduction': '(gimp-drawable-merge-new-filter layer "gegl:noise-reduction" "" LAYER-MODE-REPLACE 1.0)',
    'Denoise': '(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer))',
}


def picture(megapixels):
    """A photograph beside itself, with the noise of a camera: coarse, weaker in the colours."""
    photo = cv2.imread(os.path.join(TESTS, 'data', 'demo-photo.png')).astype(np.float32)
    height = int((megapixels * 1e6 / 1.5) ** 0.5)
    wide = cv2.copyMakeBorder(photo, 0, height, 0, height * 3 // 2, cv2.BORDER_REFLECT)[:height, : height * 3 // 2]
    rng = np.random.default_rng(1)
    gray, colour = rng.standard_normal((*wide.shape[:2], 1)), rng.standard_normal(wide.shape)
    noise = cv2.GaussianBlur(gray, (0, 0), 0.6)[..., None] * 10 + cv2.GaussianBlur(colour, (0, 0), 2) * 10
    return np.clip(np.rint(wide + noise), 0, 255).astype(np.uint8)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--megapixels', type=float, default=6)
    a = p.parse_args()
    taken = {}
    with Console() as gimp:
        cv2.imwrite(str(gimp.folder / 'in.png'), picture(a.megapixels))
        gimp.run('(display "the plug-ins are asked for what they do")')
        for name, call in FILTERS.items():
            used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            result = gimp.run(SCRIPT % call, timeout=3600)
            if result.code:
                sys.exit(result.out + result.err)
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            work = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
            taken[name] = (time.monotonic() - start, work)
            said = [l for l in result.out.splitlines() if 'gimp-diffusion: ' in l]
            print('%s: %.1f s, %.1f s of the processors; %s' % (name, *taken[name], ' '.join(said)), flush=True)
    base = taken['open and write']
    less = {name: [v - b for v, b in zip(values, base)] for name, values in taken.items()}
    for name in list(FILTERS)[1:]:
        shares = [v / d for v, d in zip(less[name], less['denoise-dct'])]
        print('%s: %.1f s, %.1f s of the processors, %.2f and %.2f of denoise-dct' % (name, *less[name], *shares))


if __name__ == '__main__':
    main()
