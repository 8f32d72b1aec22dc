#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""real-noise.py PROGRAM [MODEL] [--sets NAME,...] [--told] [--crop N] [--every N] [--out FOLDER]: Denoise through the core on the noise
of cameras, of films, of pictures that were resized, turned and saved again, and on what has none.

  sh tests/in-debian.sh sh -c '. tests/build.sh; ninja -C $build tests/denoise-files &&
    python3 tests/measure/real-noise.py $build/tests/denoise-files'

A line for each picture: PSNR before and after, the deviation of its noise, the level used, what was measured (lightness, colour, both at
half size, impulses, blocks); then the means of the even and of the odd pictures of each set: settings are chosen on the even ones and
told on the odd ones. --told: the level is the true deviation. --crop: the middle. --out keeps the results. The pictures are those of
../shared/eval (research pictures, not part of this tree) and drawings made here."""
import argparse
import glob
import os
import subprocess
import sys

import cv2
import numpy as np

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, 'support'))
from drawings import drawings as drawings_of_support, rounded as q

SHARED = os.environ.get('DIFFUSION_SHARED') or os.path.join(TESTS, '..', '..', 'shared')


def saved(a, quality):
    return cv2.imdecode(cv2.imencode('.jpg', a, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def pairs(pattern):
    for f in sorted(glob.glob(SHARED + '/eval/' + pattern)):
        yield os.path.basename(f)[:-9], cv2.imread(f), cv2.imread(f.replace('_real', '_mean'))


def polyu():
    return pairs('polyu/*_real.jpg')


def cc15():
    return pairs('cc15/*_real.png')


def resized(change):
    for n, y, x in (*polyu(), *cc15()):
        yield n, *change(y, x)


def halved():
    return resized(lambda y, x: [cv2.resize(v, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for v in (y, x)])


def enlarged():
    return resized(
        lambda y, x: [cv2.resize(v[:400, :400], None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC) for v in (y, x)]
    )


def turned():
    turn = lambda v: cv2.warpAffine(
        v, cv2.getRotationMatrix2D((v.shape[1] / 2, v.shape[0] / 2), 2, 1.06), v.shape[1::-1], flags=cv2.INTER_CUBIC
    )
    return resized(lambda y, x: [turn(y), turn(x)])


def resaved():
    return resized(lambda y, x: [saved(y, 60), x])


def cbsd(step):
    return sorted(glob.glob(SHARED + '/eval/cbsd68/*.png'))[::step]


def clean():
    for f in cbsd(2):
        yield os.path.basename(f), cv2.imread(f), cv2.imread(f)


def compressed():
    for k, f in enumerate(cbsd(4)):
        y = saved(cv2.imread(f), (30, 50, 75, 90)[k % 4])
        yield 'q%d %s' % ((30, 50, 75, 90)[k % 4], os.path.basename(f)), y, y


def grain():
    for k, f in enumerate(cbsd(6)):
        x, rng = cv2.imread(f).astype(np.float32), np.random.default_rng(k)
        soft = lambda n: (lambda v: v / v.std())(cv2.GaussianBlur(n.astype(np.float32), (0, 0), 0.6 + 0.25 * (k % 4)))
        common, own = soft(rng.standard_normal(x.shape[:2]))[..., None], soft(rng.standard_normal(x.shape))
        light = x.mean(2, keepdims=True) / 255
        amount = (5, 8, 12)[k % 3] * (0.35 + 2.6 * light * (1 - light))
        yield os.path.basename(f), q(x + amount * (0.85 * common + 0.53 * own)), q(x)


def salt():
    for k, f in enumerate(cbsd(6)):
        x, rng = cv2.imread(f), np.random.default_rng(k)
        y, hit = x.copy(), rng.random(x.shape[:2]) < 0.01
        y[hit] = 255 * rng.integers(0, 2, (hit.sum(), 1))
        yield os.path.basename(f), y, x


def drawings():
    for name, a in drawings_of_support():
        yield name, a, a


SETS = (polyu, cc15, halved, turned, resaved, enlarged, grain, salt, clean, compressed, drawings)


def portable(a):
    return b'P6 %d %d 255\n' % a.shape[1::-1] + np.ascontiguousarray(a[:, :, ::-1]).tobytes()


def run(program, model, sigma, y):
    done = subprocess.run([program, model, '%.4f' % sigma], input=portable(y), capture_output=True, check=True)
    pixels = np.frombuffer(done.stdout[-y.size :], np.uint8).reshape(y.shape)[:, :, ::-1]
    return pixels, [float(v) for v in done.stderr.split()]


def psnr(a, b):
    return 10 * np.log10(65025 / max(((a.astype(float) - b) ** 2).mean(), 1e-2))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program'), p.add_argument('model', nargs='?', default=os.path.join(TESTS, '..', 'weights', 'model'))
    p.add_argument('--sets', default=','.join(s.__name__ for s in SETS))
    p.add_argument('--told', action='store_true'), p.add_argument('--crop', type=int, default=0)
    p.add_argument('--every', type=int, default=1), p.add_argument('--out')
    a = p.parse_args()
    for name in a.sets.split(','):
        rows = []
        for i, (n, y, x) in enumerate(next(s for s in SETS if s.__name__ == name)()):
            if i % a.every:
                continue
            if a.crop:
                top, left = (max(0, (s - a.crop) // 2) for s in y.shape[:2])
                y, x = (v[top : top + a.crop, left : left + a.crop] for v in (y, x))
            rms = float(np.sqrt(((y.astype(float) - x) ** 2).mean()))
            z, found = run(a.program, a.model, rms if a.told and rms > 0 else 0, y)
            rows.append((i % 2, psnr(y, x), psnr(z, x), rms))
            print(
                '%s: %.2f -> %.2f dB, noise %.2f, found %s' % (n, *rows[-1][1:], ' '.join('%g' % v for v in found)),
                flush=True,
            )
            if a.out:
                os.makedirs(a.out, exist_ok=True)
                cv2.imwrite('%s/%s_%s.png' % (a.out, name, n.replace(' ', '_')), np.hstack([y, z, x]))
        rows = np.array(rows)
        for odd in (0, 1):
            some = rows[rows[:, 0] == odd]
            if len(some):
                print(
                    '== %s, %s: %d pictures, %.2f -> %.2f dB, least %.2f, least gain %.2f'
                    % (
                        name,
                        ('even', 'odd')[odd],
                        len(some),
                        *some[:, 1:3].mean(0),
                        some[:, 2].min(),
                        (some[:, 2] - some[:, 1]).min(),
                    ),
                    flush=True,
                )


if __name__ == '__main__':
    main()
