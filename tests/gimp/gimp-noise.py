# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoise with every argument at its default on 8-bit files: drawings come back as they were, and single wrong
pixels are mended better than a median of 3 x 3 does it."""
import sys
import pathlib

import cv2
import numpy as np

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "support"))
from drawings import drawings
from gimp_console import Console, Tap, call

DRAWN_LEAST = 47  # dB


def psnr(a, b):
    return 10 * np.log10(255**2 / max(((a.astype(float) - b) ** 2).mean(), 1e-2))


def denoised(gimp, pictures):
    """The pictures as batch Denoise gives them back; what it said."""
    folder = gimp.folder / "in"
    folder.mkdir()
    for i, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{i:03}.png"), picture)
    result = gimp.run(call("plug-in-diffusion-batch-denoise", pattern="in/*.png", output_folder="out"), timeout=800)
    files = [gimp.folder / "out" / f"{i:03}.png" for i in range(len(pictures))]
    return [cv2.imread(str(f), cv2.IMREAD_UNCHANGED) for f in files], result


def as_stored(picture):
    """The same as gray, with alpha, enlarged twice, cut so that it does not begin where a dot does."""
    yield "gray", picture[..., 0]
    yield "gray and alpha", np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    yield "enlarged twice", np.kron(picture[:160, :160], np.ones((2, 2, 1), np.uint8))
    yield "of 16 bits", picture.astype(np.uint16) * 257


def drawn(tap):
    cases = drawings()
    cases += [
        (f"{name}, {how}", stored)
        for name, picture in cases
        if name in ("hatch 5 at 45", "screentone 4", "60 lines", "text 0.3")
        for how, stored in as_stored(picture)
    ]
    with Console() as gimp:
        after, result = denoised(gimp, [picture for _, picture in cases])
    if not tap.ok(result.code == 0, "drawings are denoised", result.out + result.err):
        return
    for (name, before), picture in zip(cases, after):
        if not tap.ok(picture is not None and picture.dtype == before.dtype, f"{name} is written as it was"):
            continue
        if picture.ndim != before.ndim or picture.shape[2:] != before.shape[2:]:
            picture = picture.reshape(*picture.shape[:2], -1)[..., : before.shape[2] if before.ndim == 3 else 1]
            picture = picture.reshape(before.shape)
        unit = 257 if before.dtype == np.uint16 else 1
        quality = psnr(picture / unit, before / unit)
        tap.ok(quality >= DRAWN_LEAST, f"{name} comes back", f"{quality:.1f} dB")


def wrong_pixels():
    """Name, wrong picture, right picture."""
    photos = {
        "bird": cv2.imread(str(TESTS / "data" / "demo-photo.png")),
        "osprey": cv2.imread(str(TESTS / "data" / "noise" / "osprey.ppm")),
        "cliff": cv2.imread(str(TESTS / "data" / "noise" / "cliff.ppm")),
    }
    for k, (name, right) in enumerate(photos.items()):
        rng = np.random.default_rng(k)
        where = rng.random(right.shape[:2])
        ends = 255 * rng.integers(0, 2, right.shape).astype(np.uint8)

        salt = right.copy()
        salt[where < 0.01] = ends[where < 0.01][:, :1]
        yield f"{name}, 1 % salt and pepper", salt, right

        coloured = right.copy()
        hit = rng.random(right.shape) < 0.01
        coloured[hit] = ends[hit]
        yield f"{name}, 1 % of each color", coloured, right

        hot = right.copy()
        colours = rng.integers(0, 2, right.shape).astype(np.uint8)
        hit = (where < 0.002)[..., None] & (colours > 0)
        hot[hit] = 255
        yield f"{name}, 0.2 % hot pixels", hot, right

        gray = right.copy()
        gray[...] = cv2.cvtColor(right, cv2.COLOR_BGR2GRAY)[..., None]
        wrong = gray.copy()
        wrong[where < 0.01] = ends[where < 0.01][:, :1]
        yield f"{name}, gray, 1 % salt and pepper", wrong, gray


def impulses(tap):
    cases = list(wrong_pixels())
    with Console() as gimp:
        after, result = denoised(gimp, [wrong for _, wrong, _ in cases])
    if not tap.ok(result.code == 0, "wrong pixels are mended", result.out + result.err):
        return
    for (name, wrong, right), picture in zip(cases, after):
        ours, median = psnr(picture, right), psnr(cv2.medianBlur(wrong, 3), right)
        before = psnr(wrong, right)
        tap.ok(
            ours > max(median, before), f"{name}: nearer than a median", f"{before:.1f}, {median:.1f}, {ours:.1f} dB"
        )
        tap.note(f"{name}: {before:.1f} dB as it was, {median:.1f} by a median, {ours:.1f} denoised")


def main():
    tap = Tap()
    drawn(tap)
    impulses(tap)
    tap.finish()


main()
