# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks as people paint them, or do not, and what a batch says of each."""
import sys
import pathlib

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap, call

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
WIDTH, HEIGHT = 64, 48
HOLE = (slice(12, 26), slice(20, 42))  # rows, columns
NONE, ALL = (0, 0, 0, 0), (255, 255, 255, 255)

# What is in the hole, what is around it: BGRA. None: opaque, without alpha.
FILLED = {
    "white": ((255, 255, 255), (0, 0, 0)),
    "red on black": ((0, 0, 255), (0, 0, 0)),
    "green on black": ((0, 255, 0), (0, 0, 0)),
    "red on transparency": ((0, 0, 255, 255), NONE),
    "white on transparency": (ALL, NONE),
    "black on transparency": ((0, 0, 0, 255), NONE),
    "white over white transparency": (ALL, (255, 255, 255, 0)),
    "nearly white on nearly black": ((250, 251, 249), (3, 2, 4)),
}
REFUSED = {
    "half-transparent white": ((255, 255, 255, 128), NONE, "is nowhere white"),
    "half-transparent red": ((0, 0, 255, 128), NONE, "is nowhere white"),
    "half-transparent black": ((0, 0, 0, 128), NONE, "is nowhere white"),
    "gray": ((128, 128, 128), (0, 0, 0), "is nowhere white"),
    "white everywhere": (ALL, ALL, "is white everywhere"),
    "red on white": ((0, 0, 255), (255, 255, 255), "is white everywhere"),
    "black": ((0, 0, 0), (0, 0, 0), "is black"),
    "opaque black": ((0, 0, 0, 255), (0, 0, 0, 255), "is black"),
    "transparent": (NONE, NONE, "is black"),
}


def photo():
    return cv2.imread(str(DATA / "demo-photo.png"))[60 : 60 + HEIGHT, 80 : 80 + WIDTH]


def picture_of(inside, outside):
    picture = np.empty((HEIGHT, WIDTH, len(inside)), np.uint8)
    picture[:] = outside
    picture[HOLE] = inside
    return picture


def slug(name):
    return name.replace(" ", "-")


def main():
    tap = Tap()
    with Console() as gimp:
        folder = gimp.folder / "in"
        folder.mkdir()
        for name, colours in (FILLED | REFUSED).items():
            cv2.imwrite(str(folder / f"{slug(name)}.png"), photo())
            cv2.imwrite(str(folder / f"{slug(name)}_mask.png"), picture_of(*colours[:2]))
        # What a JPEG makes of black and white.
        cv2.imwrite(str(folder / "jpeg.png"), photo())
        cv2.imwrite(str(folder / "jpeg_mask.jpg"), picture_of(*FILLED["white"]), [cv2.IMWRITE_JPEG_QUALITY, 90])
        # Nothing is left of this one.
        cv2.imwrite(str(folder / "empty.png"), np.dstack([photo(), np.zeros((HEIGHT, WIDTH), np.uint8)]))
        cv2.imwrite(str(folder / "alone.png"), photo())

        result = gimp.run(
            call("plug-in-diffusion-batch-inpaint", pattern="in/*.png", output_folder="out", steps=1), timeout=800
        )
        out = gimp.folder / "out"
        hole = picture_of((1,), (0,))[..., 0] == 1
        reference = cv2.imread(str(out / "white.png"))

        tap.ok(
            result.code == 70 and f"{len(REFUSED) + 2} of {len(FILLED) + len(REFUSED) + 3} files failed" in result.err,
            "masks that tell nothing are refused",
            result.out + result.err,
        )
        for name in FILLED:
            filled = cv2.imread(str(out / f"{slug(name)}.png"))
            tap.ok(
                filled is not None and (filled == reference).all() and (filled[hole] != photo()[hole]).any(),
                f"{name}: filled like white on black",
                None if filled is None else np.abs(filled.astype(int) - reference).max(),
            )
        filled = cv2.imread(str(out / "jpeg.png"))
        far = cv2.dilate(hole.astype(np.uint8), np.ones((33, 33))) == 0
        tap.ok(
            filled is not None and (filled[far] == photo()[far]).all(),
            "a mask out of a JPEG changes nothing far from the hole",
        )
        for name, (_, _, sentence) in REFUSED.items():
            line = next((l for l in result.err.splitlines() if f"{slug(name)}.png: its mask" in l), "")
            tap.ok(sentence in line and not (out / f"{slug(name)}.png").exists(), f"{name}: {sentence}", line)
        tap.ok("empty.png: Everything is selected" in result.err, "a picture that is transparent all over", result.err)
        tap.ok(
            "alone.png: it has neither a mask nor transparent pixels: there is no mask called alone_mask.png beside it"
            in result.err,
            "a mask that is not there is named",
            result.err,
        )

        result = gimp.run(
            call(
                "plug-in-diffusion-batch-inpaint",
                pattern="in/white-everywhere.png",
                output_folder="soft",
                steps=1,
                strength=0.3,
            )
        )
        tap.ok(result.code == 0, "at strength 0.3 a whole picture can be gone over", result.out + result.err)
    tap.finish()


main()
