# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets in the dialogs, in a real GIMP window: those that are shipped, one that is saved, used, and deleted; GIMP's own
Reset gives back the last values; and a file that is damaged is not written over."""
import sys
import os
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
INPAINT, DENOISE = ("gimp-plug-in-diffusion-" + name for name in ("inpaint", "denoise"))
PROGRESS = "gimp-diffusion-progress"
NAME, MESSAGE = "gimp-diffusion-preset", "gimp-diffusion-message"
SELECT = "(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 200 100 40 30)"

# From the first setting back: over the picture to the buttons beside the list, and to the list.
BACK = ("alt+w", "shift+Tab", "shift+Tab")


def save_as(desktop, name):
    """The focus is on the button."""
    desktop.keys("space")
    desktop.wait_window(NAME)
    desktop.type(name)
    desktop.keys("Return")


def inpaint(tap, desktop, gimp, file):
    gimp.ask(SELECT)
    dialog = gimp.open(INPAINT, "i")
    gimp.wait_words("Combo Remove an object")
    tap.ok(True, "a first dialog shows the preset that it begins with")
    desktop.keys("Tab", "Down")  # from the button around to the list
    gimp.wait_words("Combo Repair scratches")
    desktop.keys("Down")
    gimp.wait_words("Combo Vary what is there")
    tap.ok(True, "the arrow keys go through the presets")
    desktop.picture("shipped", dialog)

    desktop.keys("alt+p", "ctrl+a", "1", "Tab", "alt+b", "ctrl+a", "7", "Tab")
    gimp.wait_words("Combo None")
    tap.ok(True, "a setting that is changed is no preset any more")
    desktop.keys(*BACK)
    save_as(desktop, "Mine [1]")
    desktop.wait_gone(NAME)
    gimp.wait_words("Combo Mine (1)")
    desktop.picture("saved", dialog)
    text = file.read_text()
    tap.ok(
        "[plug-in-diffusion-inpaint Mine (1)]" in text and "grow=7" in text and "seed" not in text,
        "a preset is saved under a name",
        text,
    )
    desktop.keys("alt+i")
    desktop.wait_window(PROGRESS)
    gimp.wait_words("Result 1 of 1")
    desktop.keys("alt+k")
    desktop.wait_gone(PROGRESS)
    wait_for("the result", gimp.provenance)
    run = gimp.provenance()[-1]
    tap.ok(
        [run[name] for name in ("strength", "grow", "feather", "steps", "expert")] == [0.6, 7, 8, 1, "network"],
        "the run has the values of the preset",
        run,
    )
    gimp.undo()

    dialog = gimp.open(INPAINT, "i")
    gimp.wait_words("Combo Mine (1)")
    desktop.keys(*BACK, "shift+Tab", "shift+Tab", "Up", "Up", "Up")
    gimp.wait_words("Combo Remove an object")
    # Back around the dialog: Inpaint, Cancel, Reset.
    desktop.keys("shift+Tab", "shift+Tab", "shift+Tab", "space")
    desktop.picture("reset")
    desktop.keys("space")
    gimp.wait_words("Combo Mine (1)")
    tap.ok(True, "GIMP's own Reset gives back the last values")
    desktop.keys(*BACK, "space")
    gimp.wait_words("Combo None")
    tap.ok("Mine" not in file.read_text(), "a preset is deleted", file.read_text())

    file.write_text("who wrote this?\n")
    desktop.keys(*BACK)
    save_as(desktop, "Other")
    desktop.wait_window(MESSAGE)
    words = gimp.wait_words("is damaged")
    tap.ok(file.read_text() == "who wrote this?\n", "a damaged file is not written over, and that is said", words)
    desktop.keys("Escape")
    desktop.wait_gone(MESSAGE)
    desktop.wait_gone(NAME)
    desktop.activate(dialog)
    desktop.keys("Escape")
    desktop.wait_gone(INPAINT)


def denoise(tap, desktop, gimp):
    dialog = gimp.open(DENOISE, "d")
    gimp.wait_words("Combo Automatic")
    desktop.keys("Tab", "Down")  # from the button around to the list
    gimp.wait_words("Combo Color noise only")
    tap.ok(True, "Denoise has presets of its own")
    desktop.picture("denoise", dialog)
    desktop.keys("Escape")
    desktop.wait_gone(DENOISE)


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        inpaint(tap, desktop, gimp, gimp.folder / "profile" / "gimp-diffusion" / "presets.ini")
        denoise(tap, desktop, gimp)
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
