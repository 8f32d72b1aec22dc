# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to an image in the moments in which a result is written into it, in a real GIMP: the
layer is edited, the selection changed, another filter run, the process killed, at named points of the
commit (busy-user.c). Nothing is lost: what was edited is still there, or the image is as it was."""
import sys
import pathlib
import os
import re

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

# The selection reaches over two blocks of tiles; in the second is the square that becomes red.
PLAIN = (10, 112, 12, 50)
# What is selected, how it is shaped, and where the hole is then. The red square lies in what is added.
SHAPES = {
    "grown": ((17, 112, 5, 50), "#:grow 5", (12, 107, 15, 60)),
    "feathered": ((18, 112, 10, 50), "#:feather 12", (6, 100, 34, 74)),
}
RED = (slice(140, 144), slice(12, 16))

SETUP = """
(define throw-on *error-hook*)
(set! *error-hook* (lambda words (for-each display words) (newline) (apply throw-on words)))
(define (write-busy text)
  (let ((port (open-output-file "busy")))
    (display text port)
    (close-output-port port)))
(define (save image name number)
  (gimp-file-save RUN-NONINTERACTIVE image (string-append name (number->string number) ".png")))

(define (try number busy on-channel x y w h . settings)
  (let* ((image (gimp-image-new 48 200 RGB))
         (layer (gimp-layer-new image "layer" 48 200 RGB-IMAGE 100 LAYER-MODE-NORMAL))
         (target layer)
         (done "failed"))
    (gimp-image-insert-layer image layer 0 0)
    (gimp-drawable-fill layer FILL-WHITE)
    (gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "noise" LAYER-MODE-REPLACE 1.0 "seed" 7)
    (save image "before" number)
    (when on-channel
      (set! target (gimp-channel-new-from-component image CHANNEL-RED "red"))
      (gimp-image-insert-channel image target 0 0))
    (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x y w h)
    (write-busy busy)
    (catch #f
      (apply plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector target)
             #:steps 1 settings)
      (set! done "done"))
    (newline)
    (display (list "kept" number (vector-length (gimp-image-get-channels image)) (gimp-selection-bounds image)))
    (gimp-selection-none image)
    (save image "after" number)
    (let ((layers (gimp-image-get-layers image)))
      (newline)
      (display (list "try" number done "layers" (vector-length layers) "parasites"
                     (length (gimp-item-get-parasite-list (vector-ref layers 0)))))
      (newline)
      (if (= (vector-length layers) 2) (gimp-item-set-visible (vector-ref layers 0) #f)))
    (save image "below" number)
    (gimp-image-delete image)))
"""

TOLD = "The layer was edited while the filter ran. The result is a new layer above it"
REFUSED = "The pixels were edited while the filter ran. Nothing was changed"

CASES = (
    "edit group",
    "edit shadow",
    "edit merged",
    "edit write",
    "edit shadow on a channel",
    "edit shadow grown",
    "edit merged grown",
    "edit shadow feathered",
    "select shadow grown",
    "kill shadow grown",
    "kill end grown",
    "denoise group",
    "select shadow",
    "kill group",
    "kill shadow",
    "kill merge",
    "kill merged",
    "kill write",
    "kill parasite",
    "kill end",
    "nothing never",
)


def arguments(case):
    """Of try: what is selected, and the settings."""
    rect, settings, _ = SHAPES.get(case.split()[-1], (PLAIN, "", None))
    return " ".join(map(str, rect)) + " " + settings


class Seen:
    """What one case has left."""

    def __init__(self, gimp, case, number, words):
        self.words = words
        self.rect = SHAPES[case.split()[-1]][2] if case.split()[-1] in SHAPES else PLAIN
        state = re.search(rf"\(try {number} (\w+) layers (\d+) parasites (\d+)\)", words)
        self.state = (state[1], int(state[2]), int(state[3])) if state else None
        kept = re.search(rf"\(kept {number} (.*)\)", words)
        self.kept = kept and kept[1]
        self.before, self.after, self.below = (
            cv2.imread(str(gimp.folder / f"{name}{number}.png")) for name in ("before", "after", "below")
        )

    def inside(self, picture):
        x, y, w, h = self.rect
        return picture[y : y + h, x : x + w]

    def changed(self, picture):
        """How many pixels in the selection and outside of it are not what they were."""
        differs = (picture != self.before).any(axis=2)
        inside = self.inside(differs).sum()
        return inside, differs.sum() - inside

    def untouched(self):
        return self.changed(self.after) == (0, 0)

    def filled(self, picture, share=0.8):
        """The result is there, and nothing beside it."""
        inside, outside = self.changed(picture)
        return share * self.inside(self.before)[..., 0].size < inside and outside == 0

    def red(self, picture):
        return (picture[RED] == (0, 0, 255)).all()


def edits(tap, seen):
    for moment in ("group", "shadow"):
        case = seen[f"edit {moment}"]
        tap.ok(
            case.state == ("done", 2, 1) and case.words.count(TOLD) >= 1,
            f"edited before the merge ({moment}): the result is a layer of its own, and that is said",
            case.words,
        )
        tap.ok(
            case.red(case.below) and case.changed(case.below) == (16, 0),
            "what was edited is still there, and no other pixel of the layer has changed",
        )
        tap.ok(case.filled(case.after), "the result lies above it")

    for moment in ("merged", "write"):
        case = seen[f"edit {moment}"]
        tap.ok(
            case.state == ("done", 1, 1) and case.red(case.after) and case.filled(case.after),
            f"edited after the merge ({moment}): what was edited stays, around it is the result",
            (case.state, case.changed(case.after)),
        )

    for name, share in (("grown", 0.8), ("feathered", 0.3)):
        case = seen[f"edit shadow {name}"]
        tap.ok(
            case.state == ("done", 2, 1)
            and case.words.count(TOLD) >= 1
            and case.red(case.below)
            and case.changed(case.below) == (16, 0)
            and case.filled(case.after, share),
            f"edited before the merge where the selection was {name}: the result is a layer of its own",
            (case.state, case.changed(case.below), case.changed(case.after)),
        )
    case = seen["edit merged grown"]
    tap.ok(
        case.state == ("done", 1, 1) and case.red(case.after) and case.filled(case.after),
        "edited after the merge where the selection was grown: what was edited stays",
        (case.state, case.changed(case.after)),
    )
    case = seen["select shadow grown"]
    tap.ok(
        case.state == ("failed", 1, 0) and case.untouched(),
        "another selection just before the merge, grown: refused, and the image is as it was",
        (case.state, case.changed(case.after)),
    )

    case = seen["edit shadow on a channel"]
    tap.ok(
        case.state == ("failed", 1, 0) and REFUSED in case.words,
        "a channel, beside which there is no place: refused in a sentence",
        case.words,
    )

    case = seen["denoise group"]
    tap.ok(
        case.state == ("done", 2, 2 - 1) and case.filled(case.below),
        "Denoise within Inpaint: its result stays on the layer, the other becomes a new one",
        case.words,
    )
    tap.ok((case.inside(case.after) != case.inside(case.below)).any(), "both results are there")

    case = seen["select shadow"]
    tap.ok(
        case.state == ("failed", 1, 0) and case.untouched() and "The selection was changed" in case.words,
        "another selection just before the merge: refused, and the image is as it was",
        case.words,
    )


def kills(tap, seen):
    for moment in ("group", "shadow", "merge"):
        case = seen[f"kill {moment}"]
        tap.ok(
            case.state == ("failed", 1, 0) and case.untouched(),
            f"killed before the merge ({moment}): the image is as it was",
            case.state,
        )
    for moment in ("merged", "write", "parasite", "end"):
        case = seen[f"kill {moment}"]
        tap.ok(
            case.state and case.state[:2] == ("failed", 1) and case.filled(case.after),
            f"killed after the merge ({moment}): the call fails, the result stands, all else is as it was",
            (case.state, case.changed(case.after)),
        )
    case = seen["kill shadow grown"]
    tap.ok(
        case.state == ("failed", 1, 0) and case.untouched() and case.kept == "0 (#t 17 112 22 162)",
        "killed before the merge, grown: image, selection and channels are as they were",
        (case.state, case.kept),
    )
    case = seen["kill end grown"]
    tap.ok(
        case.state == ("failed", 1, 1) and case.filled(case.after) and case.kept == "0 (#t 17 112 22 162)",
        "killed at the end, grown: the result stands, selection and channels are as they were",
        (case.state, case.kept),
    )
    tap.ok(seen["kill end"].state[2] == 1, "killed at the end: with its parasite")


def main():
    tap = Tap()
    with Console() as gimp:
        gimp.environment["LD_PRELOAD"] = os.environ["DIFFUSION_BUSY_USER"]
        tries = (
            f'(try {number} "{" ".join(case.split()[:2])}" {"#t" if "channel" in case else "#f"} {arguments(case)})'
            for number, case in enumerate(CASES)
        )
        result = gimp.run(SETUP + "\n".join(tries), timeout=800)
        words = result.out + result.err
        seen = {case: Seen(gimp, case, number, words) for number, case in enumerate(CASES)}
        if tap.ok(
            result.code == 0
            and all(case.state and case.below is not None for case in seen.values())
            and (gimp.folder / "busy").read_text() == "nothing never",
            "GIMP ran to the end, and all happened that was to",
            words,
        ):
            case = seen["nothing never"]
            tap.ok(case.state == ("done", 1, 1) and case.filled(case.after), "nothing happens: done", case.state)
            edits(tap, seen)
            kills(tap, seen)
    tap.finish()


main()
