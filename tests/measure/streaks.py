#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""streaks.py CASES RESULTS [KIND]: whether fills have streaks.

CASES/NAME_KIND_mask.png and _gt.png are the holes and the originals, RESULTS/NAME_KIND.png the fills (KIND: square). For
each: the energy of the differences across and down in the hole, divided by those of the ring around it that is a quarter
of the hole wide, and the quotient of the two. Streaks make the quotient large or small, a smooth fill makes both energies
small. The original's own say what the ring is worth as a measure. The last lines count what lies within a factor of 1.5.
"""
import pathlib
import sys

import cv2
import numpy as np

FACTOR = 1.5


def energies(picture, inside):
    """Mean squared differences to the right and downward, of pairs that lie inside both."""
    return [
        (np.diff(picture, axis=axis) ** 2)
        .mean(axis=2)[(inside[:, 1:] & inside[:, :-1]) if axis else (inside[1:] & inside[:-1])]
        .mean()
        for axis in (1, 0)
    ]


def quotients(path, hole, ring):
    """Energies across and down in the hole by those around it."""
    picture = cv2.imread(str(path))
    if picture is None:
        sys.exit(f"streaks.py: {path} cannot be read")
    inside, around = (energies(picture.astype(float), where) for where in (hole, ring))
    return [a / max(b, 1e-9) for a, b in zip(inside, around)]


def is_near(value):
    return 1 / FACTOR <= value <= FACTOR


def main():
    cases, results = map(pathlib.Path, sys.argv[1:3])
    kind = sys.argv[3] if len(sys.argv) > 3 else "square"
    counts = {"fills": [0, 0], "originals": [0, 0]}
    masks = sorted(cases.glob(f"*_{kind}_mask.png"))
    for mask in masks:
        name = mask.name[: -len("_mask.png")]
        hole = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) > 127
        reach = max(int(hole.sum() ** 0.5) // 4, 2)
        ring = cv2.dilate(hole.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1))).astype(bool) & ~hole
        words = []
        for what, path in (("fills", results / f"{name}.png"), ("originals", cases / f"{name}_gt.png")):
            across, down = quotients(path, hole, ring)
            counts[what][0] += is_near(across) and is_near(down)
            counts[what][1] += is_near(across / max(down, 1e-9))
            words.append(f"{what[:-1]} across {across:.2f} down {down:.2f} quotient {across / max(down, 1e-9):.2f}")
        print(f"{name}: {'; '.join(words)}")
    for what, (both, quotient) in counts.items():
        print(
            f"{what}: of {len(masks)} both energies are within {FACTOR} of those around in {both}, the quotient in {quotient}"
        )


main()
