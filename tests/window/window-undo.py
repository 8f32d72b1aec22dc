# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo and redo in a real GIMP window: ten repeats of Inpaint with their selections, taken back and
done again to the byte, and both filters in a covering set of formats (all with DIFFUSION_MATRIX=1)."""
import sys
import itertools
import os
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"
RUNS = 10

KINDS = ("RGB", "RGBA", "GRAY", "GRAYA")
PRECISIONS = ("U8", "U16", "FLOAT", "DOUBLE")
CURVES = ("LINEAR", "NON-LINEAR")

# By turns Inpaint and Denoise: each kind and each precision with both curves and both filters.
COVERING = (
    ("RGB", "U8", "NON-LINEAR"),
    ("RGBA", "U16", "LINEAR"),
    ("GRAY", "FLOAT", "NON-LINEAR"),
    ("GRAYA", "DOUBLE", "LINEAR"),
    ("GRAYA", "U16", "NON-LINEAR"),
    ("RGB", "FLOAT", "LINEAR"),
    ("RGBA", "DOUBLE", "NON-LINEAR"),
    ("GRAY", "U8", "LINEAR"),
)

# A picture of noise in the format, with half of it selected softly, in a window of its own.
NEW = """
(let* ((image (gimp-image-new-with-precision 48 40 {base} PRECISION-{precision}-{curve}))
       (layer (gimp-layer-new image "layer" 48 40 {kind}-IMAGE 100 LAYER-MODE-NORMAL)))
  (gimp-image-insert-layer image layer 0 0)
  (gimp-drawable-fill layer FILL-FOREGROUND)
  (gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "noise" LAYER-MODE-REPLACE 1.0 "seed" 7)
  (gimp-context-set-feather #t)
  (gimp-context-set-feather-radius 5 5)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE 10 8 20 16)
  (gimp-display-new image))
"""
RUN = """
(plug-in-diffusion-{name} #:run-mode RUN-NONINTERACTIVE #:image (remote-image)
                          #:drawables (vector (remote-layer)) {settings})
"""


def ten_repeats(tap, desktop, gimp):
    """Each run in another place; the selections have undo steps as well."""
    states = [gimp.snapshot()]
    for run in range(RUNS):
        gimp.ask(f"(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE {10 + 20 * run} 60 14 12)")
        states.append(gimp.snapshot())
        if run == 0:
            gimp.open(DIALOG, "i")
            desktop.keys("alt+p", "ctrl+a", "2", "Tab", "alt+i")
            desktop.wait_gone(DIALOG)
            desktop.wait_window(PROGRESS)
            gimp.wait_words("Result 1 of 1")
            desktop.keys("Return")
        else:
            desktop.activate(gimp.window)
            desktop.keys("ctrl+f")
        wait_for("the result", lambda: len(gimp.provenance()) > run)
        desktop.wait_gone(PROGRESS)
        states.append(gimp.snapshot())

    records = gimp.provenance()
    tap.ok(
        len(records) == RUNS and all(record == records[0] and record["steps"] == 2 for record in records),
        "Repeat uses the last values",
        records,
    )
    tap.ok(len(set(states)) == 2 * RUNS + 1, "each repeat changes the picture, each in another selection")

    exact = []
    for state in reversed(states[:-1]):
        gimp.undo()
        exact.append(gimp.snapshot() == state)
    tap.ok(all(exact), f"{RUNS} runs taken back: the exact bytes after each Ctrl+Z", exact)
    exact = []
    for state in states[1:]:
        gimp.redo()
        exact.append(gimp.snapshot() == state)
    tap.ok(all(exact), f"{RUNS} runs done again: the exact bytes after each Ctrl+Y", exact)


def formats():
    if os.environ.get("DIFFUSION_MATRIX") == "1":
        return list(itertools.product(KINDS, PRECISIONS, CURVES))
    return COVERING


def one_format(tap, desktop, gimp, number, kind, precision, curve):
    name, settings = (("inpaint", "#:steps 1"), ("denoise", "#:sigma 30"))[number % 2]
    gimp.ask(NEW.format(base=kind.removesuffix("A"), kind=kind, precision=precision, curve=curve))
    before = gimp.snapshot()
    gimp.ask(RUN.format(name=name, settings=settings))
    result = gimp.snapshot()
    gimp.undo()
    undone = gimp.snapshot()
    gimp.redo()
    redone = gimp.snapshot()
    tap.ok(
        result != before and undone == before and redone == result,
        f"{name}, {kind} {precision.lower()} {curve.lower()}: exact after undo and redo",
        f"changed {result != before}, undone {undone == before}, redone {redone == result}",
    )


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        ten_repeats(tap, desktop, gimp)
        for number, case in enumerate(formats()):
            one_format(tap, desktop, gimp, number, *case)
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
