#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""quality.py [OUTPUT]: the README's figures. Runs both filters at their defaults, through the batch
procedures in a real GIMP, on the development cases of ../shared/eval (research pictures, not part
of this tree) and scores them with the scorer that lies there.

  sh tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/quality.py'

OUTPUT, a folder, keeps the pictures and a contact sheet of each kind of mask."""
import pathlib
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console

SIGMAS = (15, 25, 50)


def psnr(a, b, window=...):
    return 10 * np.log10(65025 / max(((cv2.imread(a).astype(float) - cv2.imread(b))[window] ** 2).mean(), 1e-9))


def batch(console, procedure, **settings):
    """Runs a batch procedure; returns what it printed and the seconds it took."""
    words = ' '.join(
        '#:%s %s' % (k.replace('_', '-'), '"%s"' % v if isinstance(v, str) else v) for k, v in settings.items()
    )
    start = time.time()
    run = console.run('(plug-in-diffusion-batch-%s %s)' % (procedure, words), timeout=7200)
    if run.code:
        sys.exit('quality.py: GIMP ended with %d\n%s' % (run.code, run.err))
    return run.out, time.time() - start


def estimates(out, count):
    found = [float(e) for e in re.findall(r'sigma ([0-9.e+-]+)', out)]
    if len(found) != count:
        sys.exit('quality.py: %d estimates for %d pictures\n%s' % (len(found), count, out))
    return found


def denoise(console, cases, work):
    clean = sorted(glob.glob(cases + '/clean/*.png'))
    scores = lambda folder: [psnr(c, os.path.join(folder, os.path.basename(c))) for c in clean]
    print('\nDenoise, %d pictures of CBSD68, 8-bit clipped noise, every argument at its default' % len(clean))
    print(
        '| σ | noisy, dB | denoised, dB | with the true σ | σ estimated: mean, least, most | seconds a picture |\n|---|---|---|---|---|---|'
    )
    for s in SIGMAS:
        source = '%s/noisy%d' % (cases, s)
        out, seconds = batch(console, 'denoise', pattern=source + '/*.png', output_folder='%s/denoised%d' % (work, s))
        batch(console, 'denoise', pattern=source + '/*.png', output_folder='%s/given%d' % (work, s), sigma=s)
        sigma = estimates(out, len(clean))
        print(
            '| %d | %.2f | %.2f | %.2f | %.1f, %.1f, %.1f | %.1f |'
            % (
                s,
                np.mean(scores(source)),
                np.mean(scores('%s/denoised%d' % (work, s))),
                np.mean(scores('%s/given%d' % (work, s))),
                np.mean(sigma),
                min(sigma),
                max(sigma),
                seconds / len(clean),
            ),
            flush=True,
        )
    out, _ = batch(console, 'denoise', pattern=cases + '/clean/*.png', output_folder=work + '/denoised0')
    print(
        '\nThe same pictures without noise: at worst %.1f dB, σ estimated at most %.1f'
        % (min(scores(work + '/denoised0')), max(estimates(out, len(clean)))),
        flush=True,
    )


SELECTED = '''
(let* ((image (gimp-file-load RUN-NONINTERACTIVE "%(noisy)s")) (layer (vector-ref (gimp-image-get-layers image) 0)))
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE %(x)d %(y)d %(side)d %(side)d)
  (plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)%(settings)s)
  (gimp-file-save RUN-NONINTERACTIVE image "%(out)s")
  (gimp-image-delete image))'''


def selected(console, cases, work):
    """Selections in the middle of the pictures, which leave less to estimate the noise from."""
    print(
        '\nDenoise of a selection in the middle of each, PSNR in it\n| side | σ | noisy, dB | denoised, dB | with the true σ |\n|---|---|---|---|---|'
    )
    os.makedirs(work + '/selected', exist_ok=True)
    for side in (64, 256):
        for s in SIGMAS:
            rows, script = [], []
            for clean in sorted(glob.glob(cases + '/clean/*.png')):
                noisy = '%s/noisy%d/%s' % (cases, s, os.path.basename(clean))
                height, width = cv2.imread(clean).shape[:2]
                x, y = (width - side) // 2, (height - side) // 2
                outs = [
                    '%s/selected/%d-%d-%s-%s' % (work, side, s, name, os.path.basename(clean))
                    for name in ('estimated', 'given')
                ]
                for out, settings in zip(outs, ('', ' #:sigma %d' % s)):
                    script.append(SELECTED % dict(noisy=noisy, out=out, side=side, x=x, y=y, settings=settings))
                rows.append([(clean, f, (slice(y, y + side), slice(x, x + side))) for f in (noisy, *outs)])
            run = console.run('\n'.join(script), timeout=7200)
            if run.code:
                sys.exit('quality.py: GIMP ended with %d\n%s' % (run.code, run.err))
            print(
                '| %d | %d | %s |'
                % (side, s, ' | '.join('%.2f' % v for v in np.mean([[psnr(*v) for v in row] for row in rows], 0))),
                flush=True,
            )


def real(console, folder, work):
    """Camera noise: NAME_real.png, and NAME_mean.png, the mean of many shots of the same scene (Nam et al. 2016)."""
    noisy, source = sorted(glob.glob(folder + '/*_real.png')), work + '/real'
    os.makedirs(source, exist_ok=True)
    for f in noisy:
        shutil.copy(f, source)
    out, seconds = batch(console, 'denoise', pattern=source + '/*.png', output_folder=work + '/denoised-real')
    sigma = estimates(out, len(noisy))
    gains = []
    print(
        '\nDenoise, %d photographs with the noise of their cameras, defaults, %.1f seconds a picture'
        % (len(noisy), seconds / len(noisy))
    )
    for f, s in zip(noisy, sigma):
        mean = f.replace('_real', '_mean')
        before, after = psnr(mean, f), psnr(mean, '%s/denoised-real/%s' % (work, os.path.basename(f)))
        gains.append((before, after))
        print(
            '%s: %.2f -> %.2f dB, σ estimated %.1f, left by the camera %.1f'
            % (os.path.basename(f), before, after, s, 255 / 10 ** (before / 20))
        )
    print('mean: %.2f -> %.2f dB' % tuple(np.mean(gains, 0)), flush=True)


def inpaint(console, cases, work, scorer):
    source, out = work + '/holes', work + '/inpainted'
    os.makedirs(source, exist_ok=True)
    names = [os.path.basename(f)[:-7] for f in sorted(glob.glob(cases + '/inpaint/*_in.png'))]
    for n in names:
        shutil.copy('%s/inpaint/%s_in.png' % (cases, n), '%s/%s.png' % (source, n))
        shutil.copy('%s/inpaint/%s_mask.png' % (cases, n), '%s/%s_mask.png' % (source, n))
    _, seconds = batch(console, 'inpaint', pattern=source + '/*.png', output_folder=out)
    print(
        '\nInpaint, %d cases, every argument at its default, %.1f seconds a picture'
        % (len(names), seconds / len(names)),
        flush=True,
    )
    subprocess.run([sys.executable, scorer, cases + '/inpaint', out], check=True)
    for kind in sorted({n.rsplit('_', 1)[1] for n in names}):
        rows = [
            np.hstack(
                [
                    cv2.resize(cv2.imread(f), (480, 320))
                    for f in ('%s/%s.png' % (source, n), '%s/%s.png' % (out, n), '%s/inpaint/%s_gt.png' % (cases, n))
                ]
            )
            for n in names
            if n.endswith('_' + kind)
        ]
        cv2.imwrite('%s/sheet-%s.jpg' % (work, kind), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])


def main():
    shared = os.environ.get('DIFFUSION_SHARED')
    if not shared:
        sys.exit('quality.py: the development pictures are not here: put the folder "shared" beside the tree.')
    work = sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()
    os.makedirs(work, exist_ok=True)
    subprocess.run([sys.executable, shared + '/eval/cases.py', work + '/cases'], check=True)
    with Console() as console:
        denoise(console, work + '/cases', work)
        selected(console, work + '/cases', work)
        real(console, shared + '/eval/cc15', work)
        inpaint(console, work + '/cases', work, shared + '/eval/score.py')
    print('\npictures in', work)


if __name__ == '__main__':
    main()
