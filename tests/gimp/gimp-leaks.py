# SPDX-License-Identifier: GPL-3.0-or-later
"""Several layers one after another from one script, under selections that change between the runs, in
every output, and runs that are refused: no GEGL buffer is lost at the end of any of these processes."""
import sys
import pathlib
import os

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

# GEGL's gegl_exit() says so on standard output.
LEAK = "GeglBuffers leaked"

SCRIPT = """
(define image (gimp-image-new-with-precision 64 56 RGB PRECISION-U16-NON-LINEAR))
(define (add-layer type)
  (let ((layer (gimp-layer-new image "layer" 64 56 type 100 LAYER-MODE-NORMAL)))
    (gimp-image-insert-layer image layer 0 0)
    (gimp-drawable-fill layer FILL-WHITE)
    layer))
(define (inpaint layer output)
  (plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:steps 1
                             #:output output))
(define (select x y)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x y 12 9))
(define one (add-layer RGB-IMAGE))
(define two (add-layer RGBA-IMAGE))

(select 4 5)
(inpaint one "in-place")
(gimp-context-set-feather #t)
(gimp-context-set-feather-radius 6 6)
(select 30 20)
(inpaint two "in-place")
(select 12 40)
(inpaint two "new-layer")
(gimp-selection-none image)
(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector one) #:sigma 20)
(catch #f (inpaint one "in-place"))
(display (string-append "layers " (number->string (vector-length (gimp-image-get-layers image)))))
(usleep 500000)
"""


def main():
    tap = Tap()
    with Console() as gimp:
        result = gimp.run(SCRIPT)
        runs = result.out.count("gimp-diffusion: took")
        tap.ok(
            result.code == 0 and runs == 4 and "layers 3" in result.out,
            "two layers, three selections and none, both outputs, a refusal, from one script",
            result.out + result.err,
        )
        tap.ok(LEAK not in result.out, "no process loses a buffer", result.out)

        gimp.environment["LD_PRELOAD"] = os.environ["DIFFUSION_LEAK"]
        result = gimp.run(SCRIPT)
        tap.ok(
            result.out.count(LEAK) == runs, "a buffer lost on purpose is seen in each of them", result.out + result.err
        )
    tap.finish()


main()
