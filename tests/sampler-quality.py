#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sampler-quality.py PROGRAM [--model FOLDER] [--samplers NAMES] [--evaluations 5,10,20,50]
                       [--spacing NAME] [--eta ETA] [--data-step NAME] [--every N] [--crop PIXELS]
                       [--sheet JPEG]

What each sampler makes of the development masks of ../shared/eval (research pictures, not part of
this tree), scored in the hole as ../shared/eval/score.py does: PSNR, SSIM, sharpness (×) and grain
(g) over the original's, and the processor's seconds a picture. PROGRAM is tests/sampler-quality of
a build:

  sh tests/in-debian.sh sh -c '. tests/build.sh; ninja -C $build tests/sampler-quality &&
    python3 tests/sampler-quality.py $build/tests/sampler-quality'

EVALUATIONS are those of the network in one pass: the samplers that evaluate twice a step make
about half as many steps (5 are 3 steps, 10 are 5 with one evaluation less, …). --every N: every
N-th picture only; --crop PIXELS: of each the square of that side with most of its mask, far cheaper.
--sheet: no scores, but one of our own photographs (tests/data/demo-photo.png)
filled by each sampler, a row each."""
import argparse
import glob
import importlib.util
import os
import subprocess

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get('DIFFUSION_SHARED') or os.path.join(HERE, '..', '..', 'shared')
TWICE = ('heun', 'predictor-corrector')
SHEET = (slice(72, 184), slice(289, 401))  # of the demonstration's photograph, shown twice as large


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program')
    p.add_argument('--model', default=os.path.join(HERE, '..', 'weights', 'model'))
    p.add_argument('--samplers', default='ddim,ddpm,dpm-solver++,heun,predictor-corrector')
    p.add_argument('--evaluations', default='5,10,20,50')
    p.add_argument('--spacing', default='trailing')
    p.add_argument('--data-step', default='replace')
    p.add_argument('--eta', default='0')
    p.add_argument('--every', type=int, default=1)
    p.add_argument('--crop', type=int, default=0)
    p.add_argument('--sheet')
    return p.parse_args()


def ppm(image):
    """A picture (BGR) or a mask (gray) as binary PPM or PGM."""
    return cv2.imencode('.ppm' if image.ndim == 3 else '.pgm', image)[1].tobytes()


def fill(o, sampler, evaluations, cases):
    """The filled pictures, the evaluations that the first took, the mean of the seconds."""
    steps = (evaluations + 1) // 2 if sampler in TWICE else evaluations
    run = subprocess.run([o.program, '--model', o.model, '--sampler', sampler, '--steps', str(steps), '--spacing', o.spacing,
                          '--eta', o.eta, '--data-step', o.data_step],
                         input=b''.join(ppm(picture) + ppm(mask) for picture, mask in cases), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    if run.returncode:
        raise SystemExit(run.stderr.decode())
    counts = [line.split() for line in run.stderr.decode().splitlines()]
    filled, rest = [], run.stdout
    for picture, _ in cases:
        size = len(ppm(picture))
        filled.append(cv2.imdecode(np.frombuffer(rest[:size], np.uint8), cv2.IMREAD_COLOR))
        rest = rest[size:]
    return filled, int(counts[0][0]), np.mean([float(seconds) for _, seconds in counts])


def load_scorer():
    path = SHARED + '/eval/score.py'
    if not os.path.exists(path):
        raise SystemExit('sampler-quality.py: the development pictures are not here: put the folder "shared" beside the tree.')
    spec = importlib.util.spec_from_file_location('score', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(scorer, original, filled, mask):
    m = mask > 0
    mse = ((original.astype(float) - filled)[m] ** 2).mean()
    ssim = scorer.structural_similarity(original, filled, channel_axis=2, full=True, data_range=255)[1][m].mean()
    return (10 * np.log10(65025 / max(mse, 1e-9)), ssim, scorer.sharpness(filled, m) / scorer.sharpness(original, m),
            scorer.grain(filled, m) / scorer.grain(original, m))


def square(mask, side):
    """The window of that side with most of the mask in it."""
    side = min(side, *mask.shape)
    counts = cv2.integral((mask > 0).astype(np.uint8))
    counts = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side] + counts[:-side, :-side]
    y, x = np.unravel_index(counts.argmax(), counts.shape)
    return slice(y, y + side), slice(x, x + side)


def table(o):
    scorer = load_scorer()
    pictures = sorted({os.path.basename(f).split('_')[0] for f in glob.glob(SHARED + '/eval/masks/*.png')})[o.every // 2::o.every]
    files = [f for f in sorted(glob.glob(SHARED + '/eval/masks/*.png')) if os.path.basename(f).split('_')[0] in pictures]
    kinds = [os.path.basename(f)[:-4].split('_')[1] for f in files]
    originals = [cv2.imread('%s/eval/cbsd68/%s.png' % (SHARED, os.path.basename(f).split('_')[0])) for f in files]
    masks = [cv2.imread(f, cv2.IMREAD_GRAYSCALE) for f in files]
    if o.crop:
        squares = [square(m, o.crop) for m in masks]
        originals, masks = ([p[s].copy() for p, s in zip(pixels, squares)] for pixels in (originals, masks))
    cases = [(np.where(m[..., None] > 0, 255, p).astype(np.uint8), m) for p, m in zip(originals, masks)]
    order = [k for k in ('scratch', 'text', 'blobs', 'square') if k in kinds]
    print('%d pictures%s, spacing %s, eta %s, data step %s' % (
        len(pictures), ' cropped to %d' % o.crop if o.crop else '', o.spacing, o.eta, o.data_step))
    print('| sampler | evaluations | %s | s |\n|---|---|%s---|' % (' | '.join(order), '---|' * len(order)), flush=True)
    for sampler in o.samplers.split(','):
        for evaluations in map(int, o.evaluations.split(',')):
            filled, _, seconds = fill(o, sampler, evaluations, cases)
            rows = [score(scorer, *x) for x in zip(originals, filled, masks)]
            cells = ['%.2f %.3f ×%.2f g%.2f' % tuple(np.mean([r for r, k in zip(rows, kinds) if k == kind], 0)) for kind in order]
            done = 2 * ((evaluations + 1) // 2) - 1 if sampler in TWICE else evaluations
            print('| %s | %d | %s | %.2f |' % (sampler, done, ' | '.join(cells), seconds), flush=True)


def sheet(o):
    photo = cv2.imread(HERE + '/data/demo-photo.png')[SHEET]
    mask = cv2.imread(HERE + '/data/demo-mask.png', cv2.IMREAD_GRAYSCALE)[SHEET]
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    damaged = np.where(mask[..., None] > 0, 255, photo).astype(np.uint8)
    large = lambda image: cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    label = lambda image, text: cv2.putText(cv2.putText(large(image), text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 3),
                                            text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1)
    rows = []
    for sampler in o.samplers.split(','):
        row = [label(damaged, 'damaged')]
        for evaluations in map(int, o.evaluations.split(',')):
            filled, count, _ = fill(o, sampler, evaluations, [(damaged, mask)])
            row.append(label(filled[0], '%s %d' % (sampler, count)))
        rows.append(np.hstack(row + [label(photo, 'original')]))
    cv2.imwrite(o.sheet, np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == '__main__':
    given = options()
    if given.sheet:
        sheet(given)
    else:
        table(given)
