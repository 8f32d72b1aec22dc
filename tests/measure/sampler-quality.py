#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""sampler-quality.py PROGRAM [--model FOLDER] [--samplers NAMES] [--evaluations 5,10,20,50]
                       [--spacing NAME] [--eta ETA] [--data-step NAME] [--every N] [--crop PIXELS]
                       [--processes N] [--sheet JPEG | --write FOLDER]

What each sampler makes of the development masks of ../shared/eval (research pictures, not part of
this tree), scored in the hole as ../shared/eval/score.py does: PSNR, SSIM, sharpness (×) and grain
(g) over the original's, and the processor's seconds a picture. PROGRAM is tests/sampler-quality of
a build:

  sh tests/in-debian.sh sh -c '. tests/build.sh; ninja -C $build tests/sampler-quality &&
    python3 tests/measure/sampler-quality.py $build/tests/sampler-quality'

EVALUATIONS are those of the network in one pass: the samplers that evaluate twice a step make
about half as many steps (5 are 3 steps, 10 are 5 with one evaluation less, …); 0: what the default
asks for. --every N: every N-th picture only; --crop PIXELS: of each the square of that side with
most of its mask, far cheaper. --processes: so many rows at a time (2). --sheet: no scores, but one
of our own photographs (tests/data/demo-photo.png) filled by each sampler, a row each.

--write weights: everything that weights/SAMPLERS.md shows, into that file and its picture: the tables
are those of TABLES, of every second picture and crops of 192 unless --every and --crop say otherwise.
About 15 minutes of processor time, half that on two cores that have nothing else to do."""
import argparse
import concurrent.futures
import glob
import hashlib
import importlib.util
import os
import re
import subprocess

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get('DIFFUSION_SHARED') or os.path.join(TESTS, '..', '..', 'shared')
TWICE = ('heun', 'predictor-corrector')
SHEET = (slice(72, 184), slice(289, 401))  # of the demonstration's photograph, shown twice as large


SAMPLERS = ('ddim', 'ddpm', 'dpm-solver++', 'heun', 'predictor-corrector')
# Sampler, spacing, evaluations of each row.
TABLES = {
    'samplers': [(sampler, 'trailing', n) for sampler in SAMPLERS for n in (5, 10, 20, 50)],
    'spacings': [
        (sampler, spacing, n)
        for sampler, spacing in (
            ('ddim', 'karras'),
            ('ddim', 'quadratic'),
            ('ddpm', 'karras'),
            ('dpm-solver++', 'karras'),
        )
        for n in (3, 5, 10)
    ],
    'default': [('ddim', 'trailing', 0), ('ddim', 'karras', 4), ('ddim', 'trailing', 8), ('ddim', 'trailing', 14)],
}
KINDS = ('scratch', 'text', 'blobs', 'square')
SHARP = 0.7  # of the original's: sharp enough


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program')
    p.add_argument('--model', default=os.path.join(TESTS, '..', 'weights', 'model'))
    p.add_argument('--samplers', default=','.join(SAMPLERS))
    p.add_argument('--evaluations', default='5,10,20,50')
    p.add_argument('--spacing', default='trailing')
    p.add_argument('--data-step', default='replace')
    p.add_argument('--eta', default='0')
    p.add_argument('--every', type=int)
    p.add_argument('--crop', type=int)
    p.add_argument('--processes', type=int, default=2)
    p.add_argument('--sheet')
    p.add_argument('--write')
    o = p.parse_args()
    o.every = o.every or (2 if o.write else 1)
    o.crop = o.crop or (192 if o.write else 0)
    return o


def ppm(image):
    """A picture (BGR) or a mask (gray) as binary PPM or PGM."""
    return cv2.imencode('.ppm' if image.ndim == 3 else '.pgm', image)[1].tobytes()


def fill(o, sampler, spacing, evaluations, cases):
    """The filled pictures, the evaluations that the first took, the mean of the seconds."""
    steps = (evaluations + 1) // 2 if sampler in TWICE else evaluations
    run = subprocess.run(
        [
            o.program,
            '--model',
            o.model,
            '--sampler',
            sampler,
            '--steps',
            str(steps),
            '--spacing',
            spacing,
            '--eta',
            o.eta,
            '--data-step',
            o.data_step,
        ],
        input=b''.join(ppm(picture) + ppm(mask) for picture, mask in cases),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
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
        raise SystemExit(
            'sampler-quality.py: the development pictures are not here: put the folder "shared" beside the tree.'
        )
    spec = importlib.util.spec_from_file_location('score', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def score(scorer, original, filled, mask):
    m = mask > 0
    mse = ((original.astype(float) - filled)[m] ** 2).mean()
    ssim = scorer.structural_similarity(original, filled, channel_axis=2, full=True, data_range=255)[1][m].mean()
    return (
        10 * np.log10(65025 / max(mse, 1e-9)),
        ssim,
        scorer.sharpness(filled, m) / scorer.sharpness(original, m),
        scorer.grain(filled, m) / scorer.grain(original, m),
    )


def square(mask, side):
    """The window of that side with most of the mask in it."""
    side = min(side, *mask.shape)
    counts = cv2.integral((mask > 0).astype(np.uint8))
    counts = counts[side:, side:] - counts[:-side, side:] - counts[side:, :-side] + counts[:-side, :-side]
    y, x = np.unravel_index(counts.argmax(), counts.shape)
    return slice(y, y + side), slice(x, x + side)


def load_cases(o):
    """(kind, original, mask) of each."""
    names = lambda f: os.path.basename(f)[:-4].split('_')
    files = sorted(glob.glob(SHARED + '/eval/masks/*.png'))
    pictures = sorted({names(f)[0] for f in files})[o.every // 2 :: o.every]
    cases = []
    for picture, kind, f in ((*names(f)[:2], f) for f in files):
        if picture in pictures:
            original, mask = cv2.imread('%s/eval/cbsd68/%s.png' % (SHARED, picture)), cv2.imread(
                f, cv2.IMREAD_GRAYSCALE
            )
            part = square(mask, o.crop) if o.crop else (slice(None), slice(None))
            cases.append((kind, original[part].copy(), mask[part].copy()))
    return cases, '%d pictures%s' % (len(pictures), ' cropped to %d' % o.crop if o.crop else '')


class Row:
    """What a sampler makes of the cases: for each kind of hole PSNR, SSIM, sharpness, grain; and the seconds."""

    def __init__(self, o, scorer, cases, sampler, spacing, evaluations):
        damaged = [(np.where(m[..., None] > 0, 255, p).astype(np.uint8), m) for _, p, m in cases]
        filled, _, self.seconds = fill(o, sampler, spacing, evaluations, damaged)
        scores = [score(scorer, p, f, m) for (_, p, m), f in zip(cases, filled)]
        self.means = {
            kind: np.mean([r for r, (k, _, _) in zip(scores, cases) if k == kind], 0)
            for kind in {k for k, _, _ in cases}
        }
        self.sampler, self.spacing = sampler, spacing
        self.evaluations = 2 * ((evaluations + 1) // 2) - 1 if sampler in TWICE and evaluations else evaluations

    def line(self):
        name = (
            'the default'
            if not self.evaluations
            else self.sampler if self.spacing == 'trailing' else self.sampler + ', ' + self.spacing
        )
        cells = [
            '%.2f %s ×%.2f g%.2f' % (psnr, ('%.3f' % ssim).lstrip('0'), sharpness, grain)
            for psnr, ssim, sharpness, grain in (self.means[kind] for kind in KINDS if kind in self.means)
        ]
        return '| %s | %s | %s | %.2f |' % (name, self.evaluations or '–', ' | '.join(cells), self.seconds)


def head(kinds):
    return '| sampler | evaluations | %s | s |\n|---|---|%s---|' % (' | '.join(kinds), '---|' * len(kinds))


def measure(o, cases, wanted):
    """Rows, as they come, in their order."""
    scorer = load_scorer()
    with concurrent.futures.ThreadPoolExecutor(o.processes) as pool:
        yield from pool.map(lambda row: Row(o, scorer, cases, *row), wanted)


def table(o):
    cases, what = load_cases(o)
    print('%s, spacing %s, eta %s, data step %s' % (what, o.spacing, o.eta, o.data_step))
    print(head([k for k in KINDS if k in {c[0] for c in cases}]), flush=True)
    wanted = [(sampler, o.spacing, n) for sampler in o.samplers.split(',') for n in map(int, o.evaluations.split(','))]
    for row in measure(o, cases, wanted):
        print(row.line(), flush=True)


def cheapest(rows):
    """For each sampler and kind of hole the fewest evaluations that are sharp enough, and their PSNR."""
    names = dict.fromkeys((r.sampler, r.spacing) for r in rows if r.evaluations)
    lines = ['| sampler | %s |\n|---|%s' % (' | '.join(KINDS), '---|' * len(KINDS))]
    for sampler, spacing in names:
        own = sorted(
            (r for r in rows if (r.sampler, r.spacing) == (sampler, spacing) and r.evaluations),
            key=lambda r: r.evaluations,
        )
        cells = []
        for kind in KINDS:
            first = next((r for r in own if kind in r.means and r.means[kind][2] >= SHARP), None)
            cells.append('%d: %.2f' % (first.evaluations, first.means[kind][0]) if first else 'none')
        lines.append(
            '| %s | %s |' % (sampler if spacing == 'trailing' else sampler + ', ' + spacing, ' | '.join(cells))
        )
    return '\n'.join(lines)


def write(o):
    """The parts of SAMPLERS.md that are measured stand between comments with their names."""
    path = os.path.join(o.write, 'SAMPLERS.md')
    cases, what = load_cases(o)
    wanted = [row for rows in TABLES.values() for row in rows]
    rows = []
    for row in measure(o, cases, wanted):
        rows.append(row)
        print(row.line(), flush=True)
    by_wish = dict(zip(wanted, rows))
    parts = {name: head(KINDS) + '\n' + '\n'.join(by_wish[w].line() for w in table) for name, table in TABLES.items()}
    parts['cases'] = '%s, %d holes, model %s.' % (what, len(cases), sha256(o.model))
    parts['cheapest'] = cheapest(rows)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    for name, part in parts.items():
        text, n = re.subn(
            r'(<!-- %s -->\n).*?(<!-- end -->)' % name, lambda m: m[1] + part + '\n' + m[2], text, flags=re.S
        )
        if n != 1:
            raise SystemExit('sampler-quality.py: %s has no place for “%s”.' % (path, name))
    o.sheet = os.path.join(o.write, 'samplers.jpg')
    sheet(o)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def sha256(model):
    with open(os.path.join(model, 'unet', 'diffusion_pytorch_model.safetensors'), 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def sheet(o):
    photo = cv2.imread(TESTS + '/data/demo-photo.png')[SHEET]
    mask = cv2.imread(TESTS + '/data/demo-mask.png', cv2.IMREAD_GRAYSCALE)[SHEET]
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    damaged = np.where(mask[..., None] > 0, 255, photo).astype(np.uint8)
    large = lambda image: cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    label = lambda image, text: cv2.putText(
        cv2.putText(large(image), text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 3),
        text,
        (4, 14),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.42,
        (255, 255, 255),
        1,
    )
    rows = []
    for sampler in o.samplers.split(','):
        row = [label(damaged, 'damaged')]
        for evaluations in map(int, o.evaluations.split(',')):
            filled, count, _ = fill(o, sampler, o.spacing, evaluations, [(damaged, mask)])
            row.append(label(filled[0], '%s %d' % (sampler, count)))
        rows.append(np.hstack(row + [label(photo, 'original')]))
    cv2.imwrite(o.sheet, np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == '__main__':
    given = options()
    if given.write:
        write(given)
    elif given.sheet:
        sheet(given)
    else:
        table(given)
