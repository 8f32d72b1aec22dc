# SPDX-License-Identifier: GPL-3.0-or-later
"""What is filled and what it is filled from: the selection grown, shrunk or made soft, which itself stays as it is; the
visible image around an empty layer; and nothing around the selection to go by, which is refused in words."""
import re
import sys
import pathlib

import cv2
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Console, Tap

# A gray ramp with noise on it, so that a filling differs in nearly every pixel.
IMAGE = """
(define image (gimp-image-new 96 80 RGB))
(define layer (gimp-layer-new image "photo" 96 80 RGB-IMAGE 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
(gimp-context-set-foreground '(120 110 90))
(gimp-drawable-fill layer FILL-FOREGROUND)
(gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "noise" LAYER-MODE-REPLACE 1.0 "seed" 7)
(define (export path)
  (let ((copy (gimp-image-duplicate image)))
    (gimp-selection-none copy)
    (gimp-file-save RUN-NONINTERACTIVE copy path)
    (gimp-image-delete copy)))
(export "before.png")
(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 40 30 20 16)
"""
END = """
(export "after.png")
(display (list "bounds" (gimp-selection-bounds image)))
(display (list "layers" (vector-length (gimp-image-get-layers image))
               "channels" (vector-length (gimp-image-get-channels image))))
(display (list "chosen" (equal? (gimp-image-get-selected-layers image) (vector layer))))
"""
# A layer that lies partly beyond the image, where nothing can be selected.
BEYOND = """
(gimp-layer-set-offsets layer -10 -10)
(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 20 16)
"""
WHOLE = """
(gimp-selection-none image)
(gimp-layer-set-offsets layer 0 0)
(export "after.png")
"""
RETOUCH = """
(define photo layer)
(define layer (gimp-layer-new image "retouch" 96 80 RGBA-IMAGE 100 LAYER-MODE-NORMAL))
(gimp-image-insert-layer image layer 0 0)
"""


# A selection with a soft edge, and its values across that.
SOFT = """
(gimp-selection-feather image 12)
(define (values x) (if (> x 44) '() (cons (gimp-selection-value image x 38) (values (+ x 1)))))
(define then (values 30))
"""
KEPT = """
(display (list "kept" (equal? then (values 30)) "from" (car then) "to" (list-ref then 14)))
"""


def call(settings, before="", after=END):
    return (
        IMAGE
        + before
        + "(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image image #:drawables (vector layer) "
        + f"#:steps 1 {settings})"
        + after
    )


def difference(gimp):
    before, after = (cv2.imread(str(gimp.folder / f"{name}.png")).astype(int) for name in ("before", "after"))
    return numpy.abs(before - after).max(axis=2)


def bounds(changed):
    rows, columns = numpy.nonzero(changed)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def shapes(tap, gimp):
    for grow, output in ((0, "in-place"), (3, "in-place"), (-3, "in-place"), (3, "new-layer")):
        result = gimp.run(call(f'#:grow {grow} #:output "{output}"'))
        found = bounds(difference(gimp))
        wanted = (40 - grow, 30 - grow, 60 + grow, 46 + grow)
        name = f"grow {grow}, {output}"
        tap.ok(result.code == 0 and found == wanted, f"{name}: so far and no further", f"{found} {result.err}")
        tap.ok(
            all(words in result.out for words in ("(bounds (#t 40 30 60 46))", "channels 0)", "(chosen #t)")),
            f"{name}: the selection stays as it is, and so does the chosen layer",
            result.out,
        )

    hard = gimp.run(call("")) and difference(gimp)
    result = gimp.run(call("#:feather 8"))
    soft = difference(gimp)
    tap.ok(result.code == 0 and bounds(soft)[0] < 40, "feather: the edge reaches beyond the selection", result.err)
    inside, outside = (slice(34, 42), slice(46, 54)), (slice(34, 42), slice(36, 40))
    tap.ok(
        soft[inside].mean() > 0.7 * hard[inside].mean() and 0 < soft[outside].mean() < 0.6 * soft[inside].mean(),
        "feather: less and less towards the outside",
        f"{soft[inside].mean()} {hard[inside].mean()} {soft[outside].mean()}",
    )
    gimp.run(call('#:feather 8 #:output "new-layer"'))
    apart = numpy.abs(difference(gimp) - soft).max()
    tap.ok(apart <= 1, "feather: a new layer looks the same", apart)

    result = gimp.run(call("#:grow 3", BEYOND, WHOLE))
    found = bounds(difference(gimp))
    tap.ok(result.code == 0 and found == (10, 10, 33, 29), "what lies beyond the image stays", f"{found} {result.err}")

    result = gimp.run(call("#:grow 2", SOFT, KEPT))
    tap.ok("(kept #t from" in result.out, "a soft selection keeps its values", result.out + result.err)
    tap.note(re.search(r"\(kept.*\)", result.out)[0])

    result = gimp.run(call("#:grow -10"))
    tap.ok(
        result.code == 70 and "Nothing is left of the selection: shrink it by fewer pixels." in result.err,
        "shrunk until nothing is left: refused in words",
        result.err,
    )


def merged(tap, gimp):
    result = gimp.run(call("#:sample-merged #t", RETOUCH))
    changed = difference(gimp)
    after = cv2.imread(str(gimp.folder / "after.png"))[32:44, 42:58].reshape(-1, 3).mean(axis=0)
    tap.ok(result.code == 0 and bounds(changed) == (40, 30, 60, 46), "sample merged: the hole is filled", result.err)
    around = cv2.imread(str(gimp.folder / "before.png")).reshape(-1, 3).mean(axis=0)
    tap.ok(numpy.abs(after - around).max() < 12, "sample merged: with what the layer below shows", f"{after} {around}")
    result = gimp.run(call("#:sample-merged #t", RETOUCH, '(gimp-item-set-visible photo #f) (export "after.png")'))
    alpha = cv2.imread(str(gimp.folder / "after.png"), cv2.IMREAD_UNCHANGED)[:, :, 3]
    hole = numpy.zeros_like(alpha)
    hole[30:46, 40:60] = 255
    tap.ok((alpha == hole).all(), "sample merged: the layer holds the hole and nothing else", result.err)


def nothing_around(tap, gimp):
    empty, everything = "There is nothing around the selection to go by", "Everything is selected"
    for name, settings, before, sentence in (
        ("an empty layer", "", RETOUCH, empty),
        ("everything selected", "", "(gimp-selection-all image)", everything),
        ("everything selected, grown", "#:grow 5", "(gimp-selection-all image)", everything),
        ("an empty image", "#:sample-merged #t", RETOUCH + "(gimp-item-set-visible photo #f)", empty),
    ):
        result = gimp.run(call(settings, before))
        tap.ok(result.code == 70 and sentence in result.err, f"{name}: refused in words", result.err)
        tap.ok("expects" not in result.out, f"{name}: before any work", result.out)


# Red to the left, blue to the right, where the hole is; white in the channel is what may be copied.
TWO = """
(gimp-selection-none image)
(define (half x color seed)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x 0 (- 96 x) 80)
  (gimp-context-set-foreground color)
  (gimp-drawable-edit-fill layer FILL-FOREGROUND)
  (gimp-drawable-merge-new-filter layer "gegl:noise-rgb" "noise" LAYER-MODE-REPLACE 1.0 "seed" seed))
(half 0 '(200 40 40) 3)
(half 40 '(40 40 200) 4)
(gimp-selection-none image)
(export "before.png")
(define source (gimp-channel-new image "copy" 96 80 100 '(0 0 0)))
(gimp-image-insert-channel image source 0 0)
(define (mark x y w h)
  (gimp-selection-none image)
  (gimp-context-set-foreground '(0 0 0))
  (gimp-drawable-edit-fill source FILL-FOREGROUND)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE x y w h)
  (gimp-context-set-foreground '(255 255 255))
  (gimp-drawable-edit-fill source FILL-FOREGROUND)
  (gimp-image-select-rectangle image CHANNEL-OP-REPLACE 48 24 36 32)
  (gimp-image-set-selected-layers image (vector layer)))
"""


def sources(tap, gimp):
    inside = (slice(32, 48), slice(56, 76))
    reds = {}
    for name, settings in (("anywhere", ""), ("red", "#:source source")):
        result = gimp.run(call('#:expert "picture" ' + settings, TWO + "(mark 0 0 38 80)"))
        after = cv2.imread(str(gimp.folder / "after.png"))[inside].reshape(-1, 3).astype(float)
        reds[name] = (after[:, 2] > after[:, 0]).mean()
        tap.ok(result.code == 0 and (difference(gimp)[inside] > 0).mean() > 0.5, f"copied from {name}", result.err)
    tap.ok(reds["anywhere"] < 0.1 and reds["red"] > 0.9, "what is filled in comes from the source", reds)

    empty, far = "The source leaves nothing to copy", "The source has nothing to copy that is near enough"
    for name, settings, sentence in (
        ("all black", "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 48 24 36 32)", empty),
        ("white in the hole alone", "(mark 50 26 30 28)", empty),
        ("a few pixels", "(mark 2 2 2 2)", far),
        ("of another image", "(mark 0 0 38 80) (set! source other)", "The source is not part of this image"),
    ):
        other = "(define other (vector-ref (gimp-image-get-layers (gimp-image-duplicate image)) 0))"
        result = gimp.run(call('#:expert "picture" #:source source', TWO + other + settings))
        tap.ok(result.code == 70 and sentence in result.err, f"a source, {name}: refused in words", result.err)
        tap.ok(sentence == far or "expects" not in result.out, f"{name}: before any work", result.out)


def main():
    tap = Tap()
    with Console(formats=("file-png",)) as gimp:
        shapes(tap, gimp)
        merged(tap, gimp)
        nothing_around(tap, gimp)
        sources(tap, gimp)
    tap.finish()


main()
