# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of the plug-in's process does not grow with the picture: its highest resident size while it
denoises 4 megapixels of 64-bit RGBA, of which GIMP, the plug-in's copy and its result take 134 MB
each, or fills a scratch from corner to corner of them, and with DIFFUSION_MATRIX=1 60 megapixels of
16-bit RGB; by a tiny network of the tests."""
import sys
import os
import pathlib
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap
from gimp_watch import Watch

TINY = pathlib.Path(__file__).resolve().parent.parent / "data" / "unet-conditioned"
MIB = 1 << 20

# Name, width, height, type of layer, precision, filter, most MiB of the process
SMALL = (2048, 2048, "RGBA-IMAGE", "PRECISION-DOUBLE-NON-LINEAR")
LARGE = (9504, 6336, "RGB-IMAGE", "PRECISION-U16-NON-LINEAR")
CASES = [
    ("Denoise of 4 megapixels, RGBA double", *SMALL, "denoise", 448),
    ("a scratch across 4 megapixels, RGBA double", *SMALL, "inpaint", 448),
]
if os.environ.get("DIFFUSION_MATRIX") == "1":
    CASES += [
        ("Denoise of 60 megapixels, RGB 16 bits", *LARGE, "denoise", 1024),
        ("a scratch across 60 megapixels, RGB 16 bits", *LARGE, "inpaint", 1024),
    ]

SCRIPT = """
(define image (gimp-image-new-with-precision {width} {height} RGB {precision}))
(define layer (gimp-layer-new image "layer" {width} {height} {kind} 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-image-undo-disable image)
(gimp-drawable-fill layer FILL-FOREGROUND)
{call}
"""

CALLS = {
    "denoise": """
(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)
                           #:sigma 20 #:model "{model}")""",
    # A few pixels wide, from corner to corner.
    "inpaint": """
(gimp-image-select-polygon image CHANNEL-OP-REPLACE (vector 0 0 4 0 {width} {height} {short} {height}))
(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)
                           #:steps 1 #:model "{model}")""",
}


def main():
    tap = Tap()
    os.environ.pop("GLIBC_TUNABLES", None)  # large pages (run.sh) would be measured
    with Console() as gimp:
        for name, width, height, kind, precision, task, most in CASES:
            call = CALLS[task].format(width=width, height=height, short=width - 4, model=TINY)
            with Watch(gimp.folder / "plug-ins" / "gimp-diffusion" / "gimp-diffusion") as watch:
                start = time.monotonic()
                result = gimp.run(
                    SCRIPT.format(width=width, height=height, kind=kind, precision=precision, call=call), timeout=3600
                )
                seconds = time.monotonic() - start
            tap.note(f"{name}: at most {watch.peak / MIB:.0f} MiB, {seconds:.0f} s with GIMP")
            tap.ok(result.code == 0, f"{name}: it runs", result.err)
            tap.ok(0 < watch.peak <= most * MIB, f"{name}: at most {most} MiB of memory", watch.peak)
    tap.finish()


main()
