# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures that hold no noise, though they are as strong in the high frequencies."""
import cv2
import numpy as np


def rounded(a):
    return np.clip(np.rint(a), 0, 255).astype(np.uint8)


def drawings():
    """Hatching, lines, text, screentone, pixel art, gradients, rings, maps: names and 8-bit pictures."""
    h = w = 320
    row, column = np.mgrid[:h, :w].astype(np.float32)
    sheet = lambda gray: rounded(np.repeat(np.asarray(gray, np.float32)[..., None], 3, 2))
    made = []
    for pitch in (5, 7.3, 12):
        for angle in (0, 17, 45, 90):
            a = np.radians(angle)
            at = np.abs((column * np.cos(a) + row * np.sin(a)) % pitch - pitch / 2)
            made.append(("hatch %g at %d" % (pitch, angle), sheet(255 * np.clip(at, 0, 1))))
    for pitch in (4, 6.5):
        dots = np.cos(2 * np.pi * (column + row) / 1.414 / pitch) + np.cos(2 * np.pi * (column - row) / 1.414 / pitch)
        tone = 0.2 + 0.5 * column / w
        made.append(("screentone %g" % pitch, sheet(255 * (dots < 2 - 4 * tone))))
        made.append(("soft screentone %g" % pitch, sheet(255 * np.clip(0.5 + (2 - 4 * tone - dots) * pitch / 6, 0, 1))))
    for seed, n in ((1, 6), (2, 60), (3, 300)):
        rng, a = np.random.default_rng(seed), np.full((h, w, 3), 255, np.uint8)
        for _ in range(n):
            p = rng.integers(0, 320, 4).tolist()
            cv2.line(a, p[:2], p[2:], (0, 0, 0), 1, cv2.LINE_AA)
        made.append(("%d lines" % n, a))
    for size in (0.3, 0.5):
        a = np.full((h, w, 3), 255, np.uint8)
        for i in range(int(h / (30 * size))):
            words = "The quick brown fox jumps over %d dogs" % (i * 137)
            cv2.putText(
                a, words, (4, int((i + 1) * 30 * size)), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA
            )
        made.append(("text %g" % size, a))
    for k in (2, 3):
        rng = np.random.default_rng(k)
        art = rng.integers(0, 256, (6, 3)).astype(np.uint8)[rng.integers(0, 6, (h // k + 1, w // k + 1))]
        made.append(("pixel art x%d" % k, np.kron(art, np.ones((k, k, 1), np.uint8))[:h, :w]))
    made.append(("gradient", rounded(np.stack([column / 2, row / 2, 255 - column / 2], 2))))
    made.append(("rings", sheet(127 + 100 * np.cos((column**2 + row**2) / 400))))
    made.append(("close rings", sheet(127 + 100 * np.cos((column**2 + row**2) / 55))))
    dark = np.full((h, w, 3), (40, 25, 20), np.uint8)
    for i in range(20):
        words = "if (node->next != %d) return;" % (i * 137)
        cv2.putText(
            dark, words, (4 + 9 * (i % 4), 16 * (i + 1)), cv2.FONT_HERSHEY_DUPLEX, 0.4, (170, 215, 190), 1, cv2.LINE_AA
        )
    made.append(("light text on dark", dark))
    rng, chart = np.random.default_rng(5), np.full((h, w, 3), (215, 235, 240), np.uint8)
    for i in range(90):
        way = np.cumsum(rng.integers(-24, 25, (12, 2)), 0) + rng.integers(0, w, 2)
        cv2.polylines(chart, [way.astype(np.int32)], False, rng.integers(40, 200, 3).tolist(), 1 + i % 2, cv2.LINE_AA)
    made.append(("map", chart))
    height = 9 * np.sin(column / 31 + row / 90) + 8 * np.cos(row / 27 - column / 70)
    slope = np.hypot(*np.gradient(height))
    made.append(("contour lines", sheet(240 - 150 * np.clip(1.2 - np.abs(height - np.rint(height)) / slope, 0, 1))))
    return made
