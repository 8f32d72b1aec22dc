# SPDX-License-Identifier: GPL-3.0-or-later
"""large-pictures.py FOLDER [--photo PHOTO] [WORD...]: holes in a picture of 24 megapixels and in one of 1,
and Denoise of all 24, by a real GIMP without a window.

Of the runs whose names have all the words: time, processor seconds and highest resident memory of
the plug-in's process, and into FOLDER a crop of the result to be looked at. The picture is the
photograph of tests/data, or another one, repeated. A report, not a test: it takes minutes. Where
the plug-in has been installed:

  tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/measure/large-pictures.py build-large'
"""
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console
from gimp_watch import Watch

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
TILE, LARGE, SMALL = (1500, 1000), (6000, 4000), (1200, 834)
INPAINT = "(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer))"
DENOISE = (
    "(plug-in-diffusion-denoise #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) #:sigma 10)"
)

# Name, size, hole (x, y, width, height), call, what is looked at (x, y, width, height).
RUNS = (
    ("hole-64 in 1 Mpx", SMALL, (560, 380, 64, 64), INPAINT, (464, 284, 256, 256)),
    ("hole-64 in 24 Mpx", LARGE, (560, 380, 64, 64), INPAINT, (464, 284, 256, 256)),
    ("hole-600 in 24 Mpx", LARGE, (3400, 2200, 600, 600), INPAINT, (3250, 2050, 900, 900)),
    ("denoise 24 Mpx", LARGE, None, DENOISE, (2700, 1500, 512, 512)),
)


def script(photo, size, hole, call, crop, result):
    places = [(x, y) for y in range(0, size[1], TILE[1]) for x in range(0, size[0], TILE[0])]
    tiles = "\n".join(
        f"""
(define tile (gimp-layer-new-from-drawable photo image))
(gimp-image-insert-layer image tile 0 0)
(gimp-layer-set-offsets tile {x} {y})"""
        for x, y in places
    )
    select = f"(gimp-image-select-rectangle image CHANNEL-OP-REPLACE {' '.join(map(str, hole))})" if hole else ""
    return f"""
(define file (gimp-file-load RUN-NONINTERACTIVE "{photo}"))
(gimp-image-undo-disable file)
(gimp-image-scale file {TILE[0]} {TILE[1]})
(define photo (gimp-image-flatten file))
(define image (gimp-image-new {size[0]} {size[1]} RGB))
(gimp-image-undo-disable image)
{tiles}
(gimp-image-delete file)
(define layer (gimp-image-flatten image))
{select}
{call}
(gimp-selection-none image)
(gimp-image-crop image {crop[2]} {crop[3]} {crop[0]} {crop[1]})
(gimp-file-save RUN-NONINTERACTIVE image "{result}")"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--photo", type=pathlib.Path, default=PHOTO)
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print("| run | seconds | processor seconds | MiB of memory |\n|---|---|---|---|")
    with Console() as gimp:
        program = (gimp.folder / "plug-ins" / "gimp-diffusion" / "gimp-diffusion").resolve()
        for name, size, hole, call, crop in RUNS:
            if not all(word in name for word in arguments.words):
                continue
            with Watch(program) as watch:
                result = gimp.run(
                    script(
                        arguments.photo.resolve(), size, hole, call, crop, folder / (name.replace(" ", "-") + ".png")
                    ),
                    timeout=3600,
                )
            took = re.search(r"gimp-diffusion: took ([\d.]+) s", result.out)
            if result.code or not took:
                sys.exit(f"{name}: {result.out}{result.err}")
            print(f"| {name} | {float(took[1]):.1f} | {watch.seconds:.1f} | {watch.peak / (1 << 20):.0f} |", flush=True)


main()
