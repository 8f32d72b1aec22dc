# SPDX-License-Identifier: GPL-3.0-or-later
"""Inpaint Selection in a real GIMP window, worked by keys and mouse: the dialog,
the live picture, both ways out, undo and redo."""
import sys
import os
import pathlib
import time

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"

# More than even a fast machine has done before the test has looked around.
STEPS = 600

# Pixels by which the dialog grows the selection at first.
GROWN = 2

# The promise is a second. The rest is for the machine: the tests share it.
SECONDS_TO_CANCEL = 3


def live_picture(desktop, window):
    """The colours of the progress window once its picture has changed before our eyes."""
    _, first = desktop.look(window)

    def changed():
        colours, digest = desktop.look(window)
        return colours if digest != first else 0

    return wait_for("the live picture to change", changed)


def start_run(desktop, gimp):
    """Opens the dialog, types the number of steps, presses Inpaint."""
    gimp.open(DIALOG, "i")
    desktop.keys("alt+p", "ctrl+a")
    desktop.type(str(STEPS))
    desktop.keys("Tab", "alt+i")
    return desktop.wait_window(PROGRESS)


def changed_pixels(before, after):
    """Where two pictures differ: the bounds x1, y1, x2, y2, or None."""
    rows, columns = numpy.nonzero((before != after).any(axis=2))
    if not rows.size:
        return None
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        selection = gimp.select(150, 110)
        pixels, before = gimp.pixels(), gimp.snapshot()

        dialog = gimp.open(DIALOG, "i")
        tap.ok("Inpaint" in desktop.title(dialog), "the dialog opens from Filters → Diffusion")
        desktop.picture("inpaint-dialog", dialog)
        desktop.keys("Escape")
        desktop.wait_gone(DIALOG)
        tap.ok(gimp.snapshot() == before, "Cancel in the dialog leaves the image as it was")

        progress = start_run(desktop, gimp)
        colours = live_picture(desktop, progress)
        tap.ok(colours > 1000, "the progress window shows a live picture", f"{colours} colours")
        desktop.picture("inpaint-progress", progress)
        start = time.monotonic()
        desktop.keys("Escape")
        desktop.wait_gone(PROGRESS)
        seconds = time.monotonic() - start
        tap.note(f"Cancel took {seconds:.2f} s")
        tap.ok(seconds < SECONDS_TO_CANCEL, "Cancel answers at once")
        tap.ok(gimp.snapshot() == before, "Cancel leaves the image as it was")

        progress = start_run(desktop, gimp)
        live_picture(desktop, progress)
        desktop.keys("alt+s")
        desktop.wait_gone(PROGRESS)
        wait_for("the result", gimp.provenance)
        result, filled = gimp.snapshot(), gimp.pixels()
        desktop.picture("inpaint-kept")
        bounds = changed_pixels(pixels, filled)
        tap.ok(bounds is not None, "Stop Here and Keep This gives a result")
        tap.ok(
            bounds is not None
            and bounds[0] >= selection[0] - GROWN
            and bounds[1] >= selection[1] - GROWN
            and bounds[2] <= selection[2] + GROWN
            and bounds[3] <= selection[3] + GROWN,
            "nothing outside the selection, grown as the dialog begins, has changed",
            f"{bounds} in {selection}",
        )
        runs = gimp.provenance()
        tap.ok(
            [run["steps"] for run in runs] == [STEPS],
            "the layer tells of one run, with the steps that were typed",
            runs,
        )

        gimp.undo()
        tap.ok(gimp.snapshot() == before, "one Ctrl+Z gives back the exact bytes")
        tap.ok(gimp.provenance() == [], "Ctrl+Z takes the record with it")
        gimp.redo()
        tap.ok(gimp.snapshot() == result, "Ctrl+Y gives the exact result again")
        gimp.undo()

        desktop.keys("ctrl+f")
        progress = desktop.wait_window(PROGRESS)
        tap.ok(not desktop.windows(DIALOG), "Repeat goes without the dialog")
        desktop.keys("alt+c")
        desktop.wait_gone(PROGRESS)
        tap.ok(gimp.snapshot() == before, "a Repeat cancelled leaves the image as it was")
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
