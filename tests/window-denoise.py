# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoise in a real GIMP window, found through GIMP's own search for actions, on
a whole picture; a noise level set by hand; undo and redo."""
import os
import pathlib

from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-denoise"
PROGRESS = "gimp-diffusion-progress"
SEARCH = "gimp-action-search-dialog"


def run_once(desktop, gimp, *keys):
    """Opens the dialog by the search, presses the keys in it and Return, and waits for the end."""
    runs = len(gimp.provenance())
    desktop.activate(gimp.window)
    desktop.keys("slash")
    desktop.wait_window(SEARCH)
    desktop.type("denoise…")
    desktop.keys("Return")
    dialog = desktop.wait_window(DIALOG)
    desktop.picture("denoise-dialog", dialog)
    desktop.keys(*keys, "Return")
    desktop.wait_gone(DIALOG)
    wait_for("the result", lambda: len(gimp.provenance()) > runs)
    desktop.wait_gone(PROGRESS)


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, \
            GimpWindow(desktop, PHOTO) as gimp:
        before = gimp.snapshot()

        run_once(desktop, gimp)
        first = gimp.provenance()
        result = gimp.snapshot()
        tap.ok(result != before, "Denoise changes the picture")
        tap.ok(len(first) == 1, "the layer tells of one run", first)
        gimp.undo()
        tap.ok(gimp.snapshot() == before, "one Ctrl+Z gives back the exact bytes")
        gimp.redo()
        tap.ok(gimp.snapshot() == result, "Ctrl+Y gives the exact result again")
        gimp.undo()

        # The second way to tell the noise level starts at 15.
        run_once(desktop, gimp, "alt+f")
        second = gimp.provenance()
        tap.ok("15" in str(second) and second != first, "a noise level set by hand is used", second)
        gimp.undo()
        tap.ok(gimp.snapshot() == before, "Ctrl+Z after it gives back the exact bytes")
    tap.finish()


main()
