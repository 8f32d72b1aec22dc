# SPDX-License-Identifier: GPL-3.0-or-later
"""GIMP does not take the result, because of what happened in the moment of writing: a sentence with
GIMP's own reason, and the image is as it was. The script asks for the sentence where the error passes
through: of one that is caught GIMP 3.2 says nothing."""
import sys
import pathlib
import os
import re

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

SCRIPT = """
(define image (gimp-image-new 48 40 RGB))
(define layer (gimp-layer-new image "layer" 48 40 RGB-IMAGE 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-drawable-fill layer FILL-WHITE)
(gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "noise" LAYER-MODE-REPLACE 1.0 "seed" 7)
(gimp-file-save RUN-NONINTERACTIVE image "before.png")
(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 10 10 12 9)
(define refused #t)
(define throw-on *error-hook*)
(set! *error-hook* (lambda words (for-each display words) (newline) (apply throw-on words)))
(catch "refused"
  (plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:steps 1
                             #:output "{output}")
  (set! refused #f))
(gimp-file-save RUN-NONINTERACTIVE image "after.png")
(display (list "layers" (vector-length (gimp-image-get-layers image))
               "parasites" (length (gimp-item-get-parasite-list layer))))
(if refused (error "refused"))
"""


def changed_pixels(gimp):
    before, after = (cv2.imread(str(gimp.folder / f"{file}.png")) for file in ("before", "after"))
    return (before != after).any(axis=2).sum()


def main():
    tap = Tap()
    with Console() as gimp:
        gimp.environment["LD_PRELOAD"] = os.environ["DIFFUSION_BUSY_USER"]
        for output, call, name in (
            ("in-place", "lock merge", "a layer that was locked"),
            ("new-layer", "lose insert", "a new layer without a place"),
            ("new-layer", "mask add", "a new layer that got a mask"),
        ):
            (gimp.folder / "busy").write_text(call)
            result = gimp.run(SCRIPT.format(output=output))
            reason = re.search(r"GIMP did not take the result: (.+)", result.out)
            tap.ok(
                result.code == 70 and reason and len(reason[1].split()) > 3,
                f"{name}: a sentence with the reason",
                f"{result.code}\n{result.out}{result.err}",
            )
            tap.ok(
                not changed_pixels(gimp) and "(layers 1 parasites 0)" in result.out and "leaked" not in result.out,
                f"{name}: the image is as it was, and nothing is lost",
                result.out,
            )
            tap.note(reason and reason[0])

        # The same calls, let through.
        for output in ("in-place", "new-layer"):
            result = gimp.run(SCRIPT.format(output=output))
            tap.ok(
                result.code == 0 and changed_pixels(gimp) > 50,
                f"nobody is faster: the result is taken, {output}",
                f"{result.code}\n{result.out}{result.err}",
            )
    tap.finish()


main()
