#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""other-denoisers.py [--sets NAME,...] [--every N]: what other programs make of the pictures of real-noise.py.

  sh tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/other-denoisers.py'

GIMP's denoise-dct and noise-reduction, at their defaults and, denoise-dct, told the true deviation; where they are installed, darktable's
denoise (profiled) at its defaults (pictures that are not raw have no profile: the generic one is used) and RawTherapee's noise reduction at
several strengths of luminance, chrominance automatic. A line for each set, program and setting: PSNR of the even and of the odd pictures.
"""
import argparse
import importlib.util
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, 'support'))
from gimp_console import Console

spec = importlib.util.spec_from_file_location('real_noise', os.path.join(TESTS, 'measure', 'real-noise.py'))
real_noise = importlib.util.module_from_spec(spec)
spec.loader.exec_module(real_noise)

OPERATIONS = {
    'denoise-dct': lambda true: '"gegl:denoise-dct" "" LAYER-MODE-REPLACE 1.0',
    'denoise-dct told': lambda true: '"gegl:denoise-dct" "" LAYER-MODE-REPLACE 1.0 "sigma" %.3f' % true,
    'noise-reduction': lambda true: '"gegl:noise-reduction" "" LAYER-MODE-REPLACE 1.0',
}
STRENGTHS = (10, 20, 40, 60)

FILTER = """(let* ((image (gimp-file-load RUN-NONINTERACTIVE "%d.png")) (layer (vector-ref (gimp-image-get-layers image) 0)))
  (gimp-drawable-merge-new-filter layer %s)
  (gimp-file-save RUN-NONINTERACTIVE image "out%d.png") (gimp-image-delete image))
"""


def gimp(operation, pictures):
    with Console() as console:
        for i, (y, _) in enumerate(pictures):
            cv2.imwrite('%s/%d.png' % (console.folder, i), y)
        script = ''.join(FILTER % (i, operation(deviation(y, x)), i) for i, (y, x) in enumerate(pictures))
        result = console.run(script, timeout=3600)
        if result.code:
            sys.exit(result.out + result.err)
        return [cv2.imread('%s/out%d.png' % (console.folder, i)) for i in range(len(pictures))]


def deviation(y, x):
    return max(float(np.sqrt(((y.astype(float) - x) ** 2).mean())), 0.1)


XMP = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:darktable="http://darktable.sf.net/" darktable:xmp_version="5" darktable:auto_presets_applied="1" darktable:history_end="1">
<darktable:history><rdf:Seq><rdf:li darktable:num="0" darktable:operation="denoiseprofile" darktable:enabled="1" darktable:modversion="11"
 darktable:params="%s" darktable:multi_name="" darktable:multi_priority="0" darktable:blendop_version="0"/></rdf:Seq></darktable:history>
</rdf:Description></rdf:RDF></x:xmpmeta>
"""


def darktable(pictures):
    """dt_iop_denoiseprofile_params_t of version 11 at its defaults: wavelets, the profile found by the program (a = −1)."""
    bands = [k / 6 for k in range(7)] * 6
    params = struct.pack(
        '<8f3f3fi42f42fiiii', 1, 7, 1, 1, 0, 0, 0.1, 1, *[-1] * 3, *[-1] * 3, 1, *bands, *[0.5] * 42, 1, 1, 1, 1
    )
    with tempfile.TemporaryDirectory() as folder:
        out = []
        pathlib.Path(folder, 'style.xmp').write_text(XMP % params.hex())
        for i, (y, _) in enumerate(pictures):
            cv2.imwrite('%s/%d.png' % (folder, i), y)
            subprocess.run(
                ['darktable-cli', '%s/%d.png' % (folder, i), folder + '/style.xmp', '%s/out%d.png' % (folder, i)]
                + ['--hq', '1', '--apply-custom-presets', 'false', '--core', '--configdir', folder + '/config']
                + ['--conf', 'plugins/darkroom/workflow=none', '--library', ':memory:', '--disable-opencl'],
                check=True,
                capture_output=True,
            )
            out.append(cv2.imread('%s/out%d.png' % (folder, i)))
        return out


def rawtherapee(strength, pictures):
    profile = '[Directional Pyramid Denoising]\nEnabled=true\nMethod=Lab\nLMethod=SLI\nLuma=%d\nLdetail=50\nCMethod=AUT\nPasses=1\n'
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, 'p.pp3').write_text(profile % strength)
        for i, (y, _) in enumerate(pictures):
            cv2.imwrite('%s/%d.png' % (folder, i), y)
        names = ['%s/%d.png' % (folder, i) for i in range(len(pictures))]
        os.mkdir(folder + '/out')
        subprocess.run(
            ['rawtherapee-cli', '-q', '-Y', '-n', '-o', folder + '/out', '-p', folder + '/p.pp3', '-c', *names],
            check=True,
            capture_output=True,
        )
        return [cv2.imread('%s/out/%d.png' % (folder, i)) for i in range(len(pictures))]


def tell(name, what, pictures, results):
    values = [real_noise.psnr(z, x) for (_, x), z in zip(pictures, results)]
    before = [real_noise.psnr(y, x) for y, x in pictures]
    parts = ['%s %.2f -> %.2f' % (('even', 'odd')[o], np.mean(before[o::2]), np.mean(values[o::2])) for o in (0, 1)]
    gain = min(v - b for v, b in zip(values, before))
    print('%s, %s: %s dB, least gain %.2f' % (name, what, ', '.join(parts), gain), flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--sets', default='polyu,cc15'), p.add_argument('--every', type=int, default=1)
    p.add_argument('--only', default='')
    a = p.parse_args()
    for name in a.sets.split(','):
        pictures = [(y, x) for _, y, x in getattr(real_noise, name)()][:: a.every]
        programs = {what: (lambda p, o=o: gimp(o, p)) for what, o in OPERATIONS.items()}
        if shutil.which('darktable-cli'):
            programs['darktable'] = darktable
        if shutil.which('rawtherapee-cli'):
            programs.update({'RawTherapee %d' % s: (lambda p, s=s: rawtherapee(s, p)) for s in STRENGTHS})
        for what, program in programs.items():
            if a.only in what:
                tell(name, what, pictures, program(pictures))


if __name__ == '__main__':
    main()
