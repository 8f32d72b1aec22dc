# SPDX-License-Identifier: GPL-3.0-or-later
"""The result on GIMP's canvas while it forms, in a real GIMP window: a layer that is there while the window of the run
has the focus, and gone without a trace whenever the user turns to GIMP and however the run ends, killed included."""
import sys
import os
import pathlib
import signal
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"
STEPS = 900  # the run waits for us
X, Y, WIDTH, HEIGHT = 200, 100, 60, 40
GROWN = 2  # pixels by which the dialog grows the selection at first
SELECT = f"(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE {X} {Y} {WIDTH} {HEIGHT})"
CLEAN = "(gimp-image-clean-all (remote-image))"

# The promise of canvas-layer.h is a moment. The rest is for the machine: the tests share it.
SECONDS_TO_GO = 3


def state(gimp):
    """What a run must leave as it was."""
    return [
        gimp.ask(f"({name} (remote-image))")
        for name in (
            "gimp-image-get-layers",
            "gimp-image-get-selected-layers",
            "gimp-image-get-selected-channels",
            "gimp-image-is-dirty",
            "gimp-image-undo-is-enabled",
        )
    ]


def n_layers(gimp):
    return int(gimp.ask("(vector-length (gimp-image-get-layers (remote-image)))"))


def processes(gimp):
    """The processes of the plug-in under this GIMP."""
    found = set()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(gimp.folder / "plug-ins" / "gimp-diffusion") in (folder / "cmdline").read_text():
                found.add(int(folder.name))
        except OSError:
            pass
    return found


def wait_layer(gimp):
    wait_for("the layer on the canvas", lambda: n_layers(gimp) == 2)


def wait_no_layer(gimp):
    """How long it took, in seconds."""
    start = time.monotonic()
    wait_for("the layer to go", lambda: n_layers(gimp) == 1, pause=0.02)
    return time.monotonic() - start


def start_run(desktop, gimp, steps):
    gimp.open(DIALOG, "i")
    desktop.keys("alt+p", "ctrl+a")
    desktop.type(str(steps))
    desktop.keys("Tab", "alt+i")
    return desktop.wait_window(PROGRESS)


def repeat(desktop, gimp):
    desktop.activate(gimp.window)
    desktop.keys("ctrl+f")
    desktop.wait_window(PROGRESS)


def changed(before, after):
    """The share of the hole's pixels that differ, and how many do outside of it."""
    differs = (before != after).any(axis=2)
    hole = numpy.zeros(differs.shape, bool)
    hole[Y - GROWN : Y + HEIGHT + GROWN, X - GROWN : X + WIDTH + GROWN] = True
    return differs[hole].mean(), differs[~hole].sum()


def forming(tap, desktop, gimp):
    """Seen while it forms; away from the window; cancelled."""
    pixels, before, snapshot = gimp.pixels(), state(gimp), gimp.snapshot()
    progress = start_run(desktop, gimp, STEPS)
    wait_layer(gimp)
    first = gimp.pixels()
    inside, outside = changed(pixels, first)
    tap.ok(
        inside > 0.9 and outside == 0, "the layer shows an estimate in the hole, and nothing outside", (inside, outside)
    )
    wait_for("another estimate", lambda: (gimp.pixels() != first).any())
    tap.ok(True, "and goes on with the estimates")
    during = state(gimp)
    tap.ok(during[1:] == before[1:], "the chosen layers, and that all is saved, stay meanwhile", during)
    desktop.move(progress, 0, 500)
    time.sleep(1)
    desktop.picture("canvas-forming")

    desktop.activate(gimp.window)
    seconds = wait_no_layer(gimp)
    tap.note(f"gone {seconds:.2f} s after the focus")
    tap.ok(seconds < SECONDS_TO_GO, "the layer goes at once when the user turns to GIMP")
    tap.ok(
        state(gimp) == before and gimp.snapshot() == snapshot and desktop.windows(PROGRESS),
        "the image is as it was then, while the run goes on",
        state(gimp),
    )
    time.sleep(1)
    desktop.picture("canvas-away")
    desktop.activate(progress)
    wait_layer(gimp)
    tap.ok(True, "the layer is there again when the user comes back")

    desktop.keys("Escape")
    desktop.wait_gone(PROGRESS)
    tap.ok(n_layers(gimp) == 1 and state(gimp) == before, "cancelled: gone without a trace", state(gimp))
    tap.ok(gimp.snapshot() == snapshot, "cancelled: every byte is as it was")
    gimp.undo()
    tap.ok(
        gimp.ask("(gimp-selection-is-empty (remote-image))") == "#t",
        "one Ctrl+Z takes back what was done before the run",
    )
    gimp.redo()
    gimp.ask(CLEAN)
    tap.ok(gimp.snapshot() == snapshot, "and Ctrl+Y does it again")


def stopped(tap, desktop, gimp):
    """Kept as it is."""
    pixels, snapshot = gimp.pixels(), gimp.snapshot()
    repeat(desktop, gimp)
    wait_layer(gimp)
    desktop.keys("alt+s")
    desktop.wait_gone(PROGRESS)
    wait_for("the result", gimp.provenance)
    inside, outside = changed(pixels, gimp.pixels())
    tap.ok(
        n_layers(gimp) == 1 and inside > 0.8 and outside == 0,
        "kept: the result is in the layer, and no other is there",
        (n_layers(gimp), inside, outside),
    )
    gimp.undo()
    tap.ok(gimp.snapshot() == snapshot, "kept: one Ctrl+Z gives back the exact bytes")
    gimp.ask(CLEAN)


def chosen(tap, desktop, gimp):
    """Which of several results the window shows."""
    pixels, before, snapshot = gimp.pixels(), state(gimp), gimp.snapshot()
    window = start_run(desktop, gimp, 2)
    gimp.wait_words("Result 1 of 1")
    wait_layer(gimp)
    first = gimp.pixels()
    desktop.keys("alt+t")
    gimp.wait_words("Result 2 of 2")
    wait_layer(gimp)
    wait_for("the second result", lambda: (gimp.pixels() != first).any())
    second = gimp.pixels()
    desktop.keys("Left")
    gimp.wait_words("Result 1 of 2")
    wait_for("the first result", lambda: (gimp.pixels() == first).all())
    tap.ok((first != second).any(), "an arrow key shows the other result on the canvas")

    desktop.move(window, 40, 60)
    time.sleep(1)
    x, y, width, height = map(int, gimp.wait_words("PictureView").split()[1:5])
    desktop.run("xdotool", "mousemove", str(x + width // 2), str(y + height // 2), "mousedown", "1")
    gimp.wait_words("Before")
    held = wait_for("the original", lambda: (gimp.pixels() == pixels).all())
    desktop.run("xdotool", "mouseup", "1")
    wait_for("the first result", lambda: (gimp.pixels() == first).all())
    tap.ok(held, "the original is on the canvas while it is held")
    desktop.picture("canvas-chosen")

    desktop.keys("alt+d")
    desktop.wait_gone(PROGRESS)
    tap.ok(state(gimp) == before and gimp.snapshot() == snapshot, "discarded: gone without a trace", state(gimp))

    start_run(desktop, gimp, 2)
    gimp.wait_words("Result 1 of 1")
    desktop.keys("alt+k")
    desktop.wait_gone(PROGRESS)
    wait_for("the result", gimp.provenance)
    kept = gimp.pixels()
    most = numpy.abs(kept.astype(int) - first.astype(int)).max()
    tap.ok(n_layers(gimp) == 1 and most <= 1, "what is kept looks as it did on the canvas", most)
    gimp.undo()
    tap.ok(gimp.snapshot() == snapshot, "and is one undo step")
    gimp.ask(CLEAN)


def killed(tap, desktop, gimp):
    before, snapshot = state(gimp), gimp.snapshot()
    others = processes(gimp)
    start_run(desktop, gimp, STEPS)
    wait_layer(gimp)
    new = processes(gimp) - others
    tap.ok(len(others) == 1 and len(new) == 1, "there is one guard and one run", (others, new))
    os.kill(new.pop(), signal.SIGKILL)
    seconds = wait_no_layer(gimp)
    tap.note(f"gone {seconds:.2f} s after the kill")
    time.sleep(1)
    desktop.picture("canvas-killed")
    tap.ok(state(gimp) == before, "killed: the guard takes the layer away without a trace", state(gimp))
    tap.ok(gimp.snapshot() == snapshot, "killed: every byte is as it was")
    message = wait_for("GIMP's words", lambda: desktop.run("xdotool", "search", "--name", "^GIMP Message$").split(), 30)
    desktop.activate(hex(int(message[-1])))
    desktop.keys("Escape")


def unsaved(tap, desktop, gimp):
    """An image whose count of changes is below 0: what was saved has been taken back."""
    gimp.undo()
    tap.ok(
        gimp.ask("(gimp-image-is-dirty (remote-image))") == "#t", "saved, then taken back: the image counts as changed"
    )
    gimp.redo()
    gimp.ask("(gimp-image-set-resolution (remote-image) 100 100)")
    gimp.ask(CLEAN)
    gimp.undo()
    before = state(gimp)
    repeat(desktop, gimp)
    wait_layer(gimp)
    tap.ok(state(gimp)[3] == "#t", "and does while the layer is there")
    desktop.keys("Escape")
    desktop.wait_gone(PROGRESS)
    tap.ok(state(gimp) == before, "and afterwards", state(gimp))
    gimp.redo()
    tap.ok(state(gimp)[3] == "#t", "a redo after it makes no saved image of it", state(gimp))
    gimp.undo()


def closed(tap, desktop, gimp):
    repeat(desktop, gimp)
    wait_layer(gimp)
    desktop.activate(gimp.window)
    desktop.keys("ctrl+w")
    desktop.wait_window("gimp-message-dialog")
    desktop.keys("ctrl+d")
    desktop.wait_gone("gimp-message-dialog")
    desktop.wait_gone(PROGRESS)
    desktop.wait_window("gimp-diffusion-message")
    desktop.keys("Escape")
    desktop.wait_gone("gimp-diffusion-message")
    tap.ok(gimp.ask("(vector-length (gimp-get-images))") == "0", "closed: a sentence, and nothing is left")


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        gimp.ask(SELECT)
        gimp.ask(CLEAN)
        forming(tap, desktop, gimp)
        stopped(tap, desktop, gimp)
        chosen(tap, desktop, gimp)
        killed(tap, desktop, gimp)
        start_run(desktop, gimp, STEPS)  # for the repeats
        desktop.keys("alt+s")
        desktop.wait_gone(PROGRESS)
        wait_for("the result", gimp.provenance)
        gimp.undo()
        gimp.ask(CLEAN)
        unsaved(tap, desktop, gimp)
        closed(tap, desktop, gimp)
        told = [line for line in gimp.complaints() if "crashed" not in line]
        tap.ok(not told, "no warning, no buffer lost", "\n".join(told))
    tap.finish()


main()
