# SPDX-License-Identifier: GPL-3.0-or-later
"""forecast.py [WORD...]: what runs (those whose names have all these words) were expected to take, and what they took, in a real GIMP without a window.

A report, not a test: the machine's load decides about it. Where the plug-in has been installed:

  tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/forecast.py'
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console

# What, width, height, selection (x, y, width, height), call. The first run of each model finds no speed known.
RUNS = (
    ("Denoise 1 Mpx", 1200, 834, None, "denoise", "#:sigma 15"),
    ("Denoise 4 Mpx, sigma told", 2400, 1667, None, "denoise", "#:sigma 15"),
    ("Denoise 4 Mpx, estimated noise", 2400, 1667, None, "denoise", ""),
    ("Denoise 1 Mpx, 4 steps", 1200, 834, None, "denoise", "#:sigma 15 #:steps 4"),
    ("Inpaint 64²", 2400, 1667, (900, 700, 64, 64), "inpaint", ""),
    ("Inpaint 200²", 2400, 1667, (900, 700, 200, 200), "inpaint", ""),
    ("Inpaint 300²", 2400, 1667, (900, 700, 300, 300), "inpaint", ""),
    ("Inpaint 600²", 2400, 1667, (900, 500, 600, 600), "inpaint", ""),
    (
        "Inpaint 200², 10 steps, 3 passes",
        2400,
        1667,
        (900, 700, 200, 200),
        "inpaint",
        "#:steps 10 #:resample 3 #:jump-length 2",
    ),
    ("Inpaint 600², 10 steps", 2400, 1667, (900, 500, 600, 600), "inpaint", "#:steps 10"),
)


def script(width, height, selection, name, settings):
    select = (
        f"(gimp-image-select-rectangle image CHANNEL-OP-REPLACE {' '.join(map(str, selection))})" if selection else ""
    )
    return f"""
(define image (gimp-image-new {width} {height} RGB))
(define layer (gimp-layer-new image "layer" {width} {height} RGB-IMAGE 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-context-set-pattern (car (vector->list (gimp-patterns-get-list ""))))
(gimp-drawable-fill layer FILL-PATTERN)
(gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "" LAYER-MODE-REPLACE 1.0 "red" 0.1 "green" 0.1 "blue" 0.1)
{select}
(plug-in-diffusion-{name} #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) {settings})
(gimp-image-delete image)"""


def main():
    chosen = [run for run in RUNS if all(word in run[0] for word in sys.argv[1:])]
    worst = [1.0, 1.0]
    print("| run | expected | took | factor | MB expected | MB | factor |\n|---|---|---|---|---|---|---|")
    with Console() as gimp:
        for what, *run in chosen:
            result = gimp.run(script(*run), timeout=1800)
            lines = re.findall(r"gimp-diffusion: (expects|took) ([\d.]+) s and (\d+) MB", result.out)
            if [word for word, *_ in lines] != ["expects", "took"]:
                sys.exit(f"{what}: {result.out}{result.err}")
            (expected, mb_expected), (took, mb) = [tuple(map(float, numbers)) for _, *numbers in lines]
            factors = [max(a, b) / max(min(a, b), 0.05) for a, b in ((expected, took), (mb_expected, mb))]
            worst = [max(pair) for pair in zip(worst, factors)]
            print(
                f"| {what} | {expected:.1f} s | {took:.1f} s | {factors[0]:.2f} | {mb_expected:.0f} | {mb:.0f} "
                f"| {factors[1]:.2f} |",
                flush=True,
            )
    print(f"worst: time {worst[0]:.2f}, memory {worst[1]:.2f}")


main()
