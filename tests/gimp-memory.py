# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of the plug-in's process does not grow with the picture: its highest resident size while it
denoises 4 megapixels of 64-bit RGBA, of which GIMP, the plug-in's copy and its result take 134 MB
each, and with DIFFUSION_MATRIX=1 60 megapixels of 16-bit RGB; by a tiny network of the tests."""
import os
import pathlib
import threading
import time

from gimp_console import Console, Tap

TINY = pathlib.Path(__file__).parent / "data" / "unet-conditioned"
MIB = 1 << 20

# width, height, type of layer, precision, most MiB of the process
CASES = [("4 megapixels, RGBA double", 2048, 2048, "RGBA-IMAGE", "PRECISION-DOUBLE-NON-LINEAR", 448)]
if os.environ.get("DIFFUSION_MATRIX") == "1":
    CASES.append(("60 megapixels, RGB 16 bits", 9504, 6336, "RGB-IMAGE", "PRECISION-U16-NON-LINEAR", 1024))

SCRIPT = """
(define image (gimp-image-new-with-precision {width} {height} RGB {precision}))
(define layer (gimp-layer-new image "layer" {width} {height} {kind} 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-image-undo-disable image)
(gimp-drawable-fill layer FILL-FOREGROUND)
(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer)
                           #:sigma 20 #:model "{model}")
"""


class Watch(threading.Thread):
    """Notes the highest resident size of every process of a program, in bytes."""

    def __init__(self, program):
        super().__init__(daemon=True)
        self.program, self.peak, self.stop = str(program), 0, threading.Event()

    def run(self):
        while not self.stop.is_set():
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    if os.readlink(process / "exe") == self.program:
                        status = (process / "status").read_text()
                        self.peak = max(self.peak, int(status.partition("VmHWM:")[2].split()[0]) * 1024)
                except (OSError, IndexError):
                    pass  # it has just ended
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def main():
    tap = Tap()
    with Console() as gimp:
        for name, width, height, kind, precision, most in CASES:
            with Watch(gimp.folder / "plug-ins" / "gimp-diffusion" / "gimp-diffusion") as watch:
                start = time.monotonic()
                result = gimp.run(SCRIPT.format(width=width, height=height, kind=kind, precision=precision,
                                                model=TINY), timeout=3600)
                seconds = time.monotonic() - start
            tap.note(f"{name}: at most {watch.peak / MIB:.0f} MiB, {seconds:.0f} s with GIMP")
            tap.ok(result.code == 0, f"{name}: it runs", result.err)
            tap.ok(0 < watch.peak <= most * MIB, f"{name}: at most {most} MiB of memory", watch.peak)
    tap.finish()


main()
