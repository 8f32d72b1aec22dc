#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""large-holes.py PROGRAM [--enlarge 4] [--kinds blobs,square] [--every 1] [--model FOLDER] [--out FOLDER] [--seed N]

Fills the development cases of ../shared/eval (research pictures, not part of this tree) with
their pictures and holes enlarged, and scores the fills with the scorer that lies there. PROGRAM is
tests/inpaint-files of a build:

  sh tests/in-debian.sh sh -c '. tests/build.sh; ninja -C $build tests/inpaint-files &&
    python3 tests/measure/large-holes.py $build/tests/inpaint-files --out /var/tmp/large-holes'

--out keeps the pictures, and a contact sheet of each kind: with the hole, filled, as it was."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def enlarged(picture, factor, mask=False):
    if factor == 1:
        return picture
    how = cv2.INTER_NEAREST if mask else cv2.INTER_LANCZOS4
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=how)


def make_cases(shared, out, factor, kinds, every):
    """OUT/cases/NAME_KIND_{gt,in,mask}.png, as the scorer wants them; returns the names."""
    small, cases = out + '/small', out + '/cases'
    os.makedirs(cases, exist_ok=True)
    if not os.path.exists(small + '/inpaint'):
        subprocess.run([sys.executable, shared + '/eval/cases.py', small], check=True)
    names = []
    for kind in kinds:
        for f in sorted(glob.glob('%s/inpaint/*_%s_gt.png' % (small, kind)))[::every]:
            name = os.path.basename(f)[:-7]
            names.append(name)
            mask = enlarged(cv2.imread(f[:-6] + 'mask.png', 0), factor, True)
            picture = enlarged(cv2.imread(f), factor)
            cv2.imwrite('%s/%s_gt.png' % (cases, name), picture)
            cv2.imwrite('%s/%s_mask.png' % (cases, name), mask)
            picture[mask > 0] = 255  # after enlarging: it must not bleed into what is known
            cv2.imwrite('%s/%s_in.png' % (cases, name), picture)
    for f in glob.glob(cases + '/*.png'):
        if os.path.basename(f).rsplit('_', 1)[0] not in names:
            os.remove(f)
    return names


def fill(program, model, out, name, seed):
    """One case; returns the CPU seconds and what the program says of its cost."""
    paths = [os.path.join(out, n) for n in ('picture.ppm', 'mask.pgm', 'filled.ppm')]
    mask = cv2.imread('%s/cases/%s_mask.png' % (out, name), 0)
    cv2.imwrite(paths[0], cv2.imread('%s/cases/%s_in.png' % (out, name)))
    cv2.imwrite(paths[1], mask)
    before = os.times()
    said = subprocess.run(
        [program, model, *paths, '1', '0', str(seed)], check=True, capture_output=True, text=True
    ).stdout
    after = os.times()
    cv2.imwrite('%s/filled/%s.png' % (out, name), cv2.imread(paths[2]))
    return after.children_user - before.children_user, said.strip(), (mask > 0).sum()


def sheet(out, names, kind):
    rows = []
    for n in names:
        files = ('%s/cases/%s_in.png' % (out, n), '%s/filled/%s.png' % (out, n), '%s/cases/%s_gt.png' % (out, n))
        rows.append(np.hstack([cv2.resize(cv2.imread(f), (640, 427), interpolation=cv2.INTER_AREA) for f in files]))
    cv2.imwrite('%s/sheet-%s.jpg' % (out, kind), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 90])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('--enlarge', type=int, default=4)
    parser.add_argument('--kinds', default='blobs,square')
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--model', default=os.path.join(TESTS, '..', 'weights', 'model'))
    parser.add_argument('--out')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    shared = os.environ.get('DIFFUSION_SHARED')
    if not shared:
        sys.exit('large-holes.py: the development pictures are not here: put the folder "shared" beside the tree.')
    out = args.out or tempfile.mkdtemp()
    os.makedirs(out + '/filled', exist_ok=True)
    kinds = args.kinds.split(',')
    names = make_cases(shared, out, args.enlarge, kinds, args.every)
    for n in names:
        seconds, said, pixels = fill(args.program, args.model, out, n, args.seed)
        print('%s: %.1f CPU seconds, %d pixels, %s' % (n, seconds, pixels, said), flush=True)
    for kind in kinds:
        sheet(out, [n for n in names if n.endswith('_' + kind)], kind)
    subprocess.run([sys.executable, shared + '/eval/score.py', out + '/cases', out + '/filled'], check=True)
    print('pictures in', out)


if __name__ == '__main__':
    main()
