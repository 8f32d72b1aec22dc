# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of processors in GIMP's preferences makes no difference to a single byte."""
import sys
import pathlib

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

SCRIPT = """
(define image (gimp-file-load RUN-NONINTERACTIVE "{photo}"))
(gimp-image-crop image 150 130 20 20)
(gimp-image-convert-precision image PRECISION-U16-NON-LINEAR)
(define layer (vector-ref (gimp-image-get-layers image) 0))
(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:steps 2 #:sigma 20)
(gimp-context-set-feather #t)
(gimp-context-set-feather-radius 9 9)
(gimp-image-select-ellipse image CHANNEL-OP-REPLACE 40 30 60 50)
(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:steps 3 #:sampler "ddpm")
(gimp-selection-none image)
(gimp-file-save RUN-NONINTERACTIVE image "out.png")
"""


def main():
    tap = Tap()
    pictures = {}
    for processors in (1, 2, 3):
        with Console(processors=processors) as gimp:
            result = gimp.run(SCRIPT.format(photo=DATA / "demo-photo.png"))
            tap.ok(result.code == 0, f"{processors} processors: it runs", result.err)
            out = gimp.folder / "out.png"
            pictures[processors] = cv2.imread(str(out), cv2.IMREAD_UNCHANGED) if out.exists() else None
    for processors in (2, 3):
        a, b = pictures[1], pictures[processors]
        tap.ok(
            a is not None and b is not None and a.dtype == "uint16" and (a == b).all(),
            f"1 and {processors} processors give the same bytes",
        )
    tap.finish()


main()
