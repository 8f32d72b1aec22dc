# SPDX-License-Identifier: GPL-3.0-or-later
"""The user goes on working while Inpaint runs or its dialog is open, in a real GIMP window: what no
longer fits is refused in a sentence, and the image is as if there had been no run. Where the selected
pixels were painted on meanwhile, the result is a layer above them, and GIMP says so."""
import sys
import os
import pathlib

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"
STEPS = 900  # the run waits for us
GROWN = 2  # pixels by which the dialog grows the selection at first

SELECT = "(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 60 60 20 16)"

REPLACE = """
(let ((layer (remote-layer)))
  (gimp-image-undo-group-start (remote-image))
  (gimp-image-insert-layer (remote-image) (gimp-layer-copy layer) 0 0)
  (gimp-image-remove-layer (remote-image) layer)
  (gimp-image-undo-group-end (remote-image)))
"""
# Which layer, and whether its mask, is chosen is no part of the undo steps: GIMP chooses what comes back.
CHOOSE = """
(begin (gimp-image-set-selected-layers (remote-image) (vector (remote-layer)))
       (gimp-layer-set-edit-mask (remote-layer) #f))
"""
PAINTED = "The layer was edited while the filter ran. The result is a new layer above it, so that nothing is lost."
GONE = "The layer went away while the filter ran. Nothing was changed."
OTHER_LAYER = (
    "The layer was moved, resized or converted while the filter ran. Nothing was changed; run the " "filter again."
)

# What happens meanwhile, what takes it back (None: one Ctrl+Z), and what GIMP shows.
CHANGES = (
    (
        "another selection of the same bounds",
        "(gimp-image-select-ellipse (remote-image) CHANNEL-OP-REPLACE 60 60 20 16)",
        None,
        "The selection was changed while the filter ran. Nothing was changed; run the filter again.",
    ),
    ("a layer that is moved", "(gimp-layer-set-offsets (remote-layer) 5 5)", None, OTHER_LAYER),
    (
        "an image that gets 16 bits",
        "(gimp-image-convert-precision (remote-image) PRECISION-U16-NON-LINEAR)",
        None,
        OTHER_LAYER,
    ),
    (
        "a layer that is locked",
        "(gimp-item-set-lock-content (remote-layer) #t)",
        "(gimp-item-set-lock-content (remote-layer) #f)",
        "The pixels of “demo-photo.png” are locked: unlock them first (the Lock buttons of the Layers or "
        "Channels dialog).",
    ),
    ("a layer that is replaced", REPLACE, None, GONE),
)


def keep(desktop):
    """Presses Stop Here and Keep This. (Once, when the image's window had just gone, that of the
    progress was not listed at first.)"""
    desktop.wait_window(PROGRESS)
    desktop.keys("alt+s")
    desktop.wait_gone(PROGRESS)


def repeat(desktop, gimp):
    desktop.activate(gimp.window)
    desktop.keys("ctrl+f")
    desktop.wait_window(PROGRESS)


def read_error(desktop, gimp, sentence):
    """Whether the sentence is shown in a dialog of the plug-in's own, which is closed then."""
    role = "gimp-diffusion-message"
    desktop.wait_window(role)
    # Not by the program's name: a run beside it says something too.
    words = wait_for("words in the dialog", lambda: gimp.read(role))
    desktop.keys("Escape")
    desktop.wait_gone(role)
    gimp.forget(role)
    return sentence in words.splitlines(), words


def close_image(desktop, gimp):
    """Ctrl+W, and Ctrl+D when GIMP asks whether to save."""
    desktop.activate(gimp.window)
    desktop.keys("ctrl+w")
    desktop.wait_window("gimp-message-dialog")
    desktop.keys("ctrl+d")
    desktop.wait_gone("gimp-message-dialog")
    wait_for("the image to be closed", lambda: gimp.ask("(vector-length (gimp-get-images))") == "0")


def paint_meanwhile(tap, desktop, gimp):
    gimp.ask("(gimp-selection-none (remote-image))")
    x1, y1, x2, y2 = gimp.select(120, 90)
    hole = numpy.zeros(gimp.pixels().shape[:2], bool)
    hole[y1 - GROWN : y2 + GROWN, x1 - GROWN : x2 + GROWN] = True
    before = gimp.snapshot()

    repeat(desktop, gimp)
    desktop.move(desktop.windows(PROGRESS)[0], 0, 0)
    gimp.turn_to()
    gimp.paint(60)
    painted, stroke = gimp.snapshot(), gimp.pixels()
    desktop.picture("painted")
    keep(desktop)
    shown, words = read_error(desktop, gimp, PAINTED)
    tap.ok(shown, "a stroke in the selection: GIMP says what became of the result", words)
    wait_for("the result", gimp.provenance)
    gimp.ask(CHOOSE)
    kept, result = gimp.snapshot(), gimp.pixels()
    layers = gimp.ask("(vector-length (gimp-image-get-layers (remote-image)))")
    runs = gimp.provenance()

    black = [(picture[hole] == 0).all(axis=1).mean() for picture in (stroke, result)]
    tap.ok(
        layers == "2" and runs and runs[-1]["output"] == "new-layer" and black[0] > 0.1 and black[1] < 0.01,
        "the result is a layer above it",
        f"{layers} layers, black {black}, {runs}",
    )
    tap.ok((result[~hole] == stroke[~hole]).all(), "a stroke in the selection: nothing else has changed")
    exact = []
    for step, state in ((gimp.undo, painted), (gimp.undo, before), (gimp.redo, painted), (gimp.redo, kept)):
        step()
        if state == kept:
            gimp.ask(CHOOSE)
        exact.append(gimp.snapshot() == state)
    tap.ok(all(exact), "the result and the stroke are an undo step each, exact both ways", exact)
    gimp.undo()
    gimp.undo()


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        gimp.ask(SELECT)
        before = gimp.snapshot()

        # One run by the dialog, so that the others can be repeats with as many steps.
        gimp.open(DIALOG, "i")
        desktop.keys("alt+p", "ctrl+a")
        desktop.type(str(STEPS))
        desktop.keys("Tab", "alt+i")
        desktop.wait_window(PROGRESS)
        keep(desktop)
        wait_for("the result", gimp.provenance)
        gimp.undo()

        for name, change, back, sentence in CHANGES:
            repeat(desktop, gimp)
            gimp.turn_to()
            gimp.ask(change)
            changed = gimp.snapshot()
            if sentence == GONE:
                desktop.wait_gone(PROGRESS)  # by itself
            else:
                keep(desktop)
            shown, words = read_error(desktop, gimp, sentence)
            tap.ok(shown, f"{name}: a sentence", words)
            tap.ok(gimp.snapshot() == changed, f"{name}: the image stays as the user has made it")
            if back:
                gimp.ask(back)
            else:
                gimp.undo()
            tap.ok(gimp.snapshot() == before, f"{name}: taking that back gives the exact bytes")

        paint_meanwhile(tap, desktop, gimp)
        gimp.ask(SELECT)

        # A second run on the layer while the first one is under way.
        repeat(desktop, gimp)
        desktop.activate(gimp.window)
        desktop.keys("ctrl+f")
        shown, words = read_error(
            desktop,
            gimp,
            "A filter of this plug-in is at work on this layer: wait for it, or cancel it in its window.",
        )
        tap.ok(shown and len(desktop.windows(PROGRESS)) == 1, "a second run on the layer: a sentence", words)
        close_image(desktop, gimp)
        desktop.wait_gone(PROGRESS)
        shown, words = read_error(desktop, gimp, GONE)
        tap.ok(shown, "an image closed while the filter runs: a sentence", words)

        gimp.ask(f'(gimp-display-new (gimp-file-load RUN-NONINTERACTIVE "{PHOTO}"))')
        gimp.ask(SELECT)
        gimp.open(DIALOG, "i")
        close_image(desktop, gimp)
        sentence = "The image was closed or the layer deleted: choose the filter again on one that is there."
        words = gimp.wait_words(sentence)
        tap.ok(words == sentence, "an image closed while the dialog is open: a sentence in the dialog", words)
        desktop.activate(desktop.windows(DIALOG)[0])
        desktop.keys("alt+i")
        desktop.run("sleep", "1")
        tap.ok(desktop.windows(DIALOG), "its button starts nothing then")
        desktop.keys("Escape")
        desktop.wait_gone(DIALOG)
        tap.ok(not desktop.windows(PROGRESS), "and no run begins")
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
