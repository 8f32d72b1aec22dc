# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogs while the user works on in the image: what a run takes follows the selection, and where there can be no
run a bar says why and the button does nothing; what is small on the screen stays on it; and nothing holds up the windows.
"""
import sys
import os
import pathlib
import time

import cv2
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import gimp_desktop
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
INPAINT, DENOISE = ("gimp-plug-in-diffusion-" + name for name in ("inpaint", "denoise"))
PROGRESS = "gimp-diffusion-progress"
SELECT = "(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE {} {} {} {})"

# The promise; it is the processor time of the main thread between two turns of the main loop.
MOST_BUSY_MS = 50

# The promise is two seconds. The rest is for the machine: the tests share it.
SECONDS_TO_FOLLOW = 8

gimp_desktop.SCREEN = (1024, 700)


def press_in_vain(desktop, role, key):
    desktop.keys(key)
    time.sleep(1)
    return desktop.windows(role) and not desktop.windows(PROGRESS)


def colours(desktop, gimp):
    """How many colours the small picture of the hole shows."""
    x, y, width, height = map(int, gimp.wait_words("PictureView").split()[1:5])
    picture = cv2.imread(str(desktop.picture("hole")))[y : y + height, x : x + width]
    return len(numpy.unique(picture.reshape(-1, 3), axis=0))


def brightness(desktop, gimp):
    x, y, width, height = map(int, gimp.wait_words("PictureView").split()[1:5])
    return cv2.imread(str(desktop.picture("hole")))[y : y + height, x : x + width].mean()


def inpaint(tap, desktop, gimp):
    gimp.ask(SELECT.format(60, 60, 40, 30))
    dialog = gimp.open(INPAINT, "i")
    told = gimp.wait_words("Takes about")

    # The window manager would not let us see what lies below its edge.
    desktop.keys("alt+v")
    time.sleep(1)
    x, y, width, height = desktop.geometry(dialog)
    tap.ok(height <= 700 and width <= 1024, "Inpaint: Advanced fits a screen of 1024 × 700", (x, y, width, height))
    desktop.picture("inpaint-small")
    desktop.keys("alt+v")

    start = time.monotonic()
    gimp.ask(SELECT.format(10, 10, 480, 260))
    wait_for("another cost", lambda: "Takes about" in gimp.read() and told not in gimp.read())
    seconds = time.monotonic() - start
    tap.note(f"the cost followed after {seconds:.1f} s")
    tap.ok(seconds < SECONDS_TO_FOLLOW, "the cost follows the selection", seconds)

    gimp.ask("(gimp-selection-none (remote-image))")
    words = gimp.wait_words("Nothing is selected")
    tap.ok(press_in_vain(desktop, INPAINT, "alt+i"), "no selection: the button does nothing", words)
    tap.ok(colours(desktop, gimp) < 10, "and the hole is no longer shown", colours(desktop, gimp))
    desktop.picture("inpaint-refused", dialog)
    gimp.ask(SELECT.format(60, 60, 40, 30))
    gimp.wait_words("Takes about")
    tap.ok(wait_for("the hole", lambda: colours(desktop, gimp) > 100), "a new selection: the hole is shown again")
    tap.ok(gimp.read().splitlines().count("px") == 2, "grow and feather are told in pixels")

    desktop.keys("alt+b", "ctrl+a", "minus", "2", "0", "Tab")
    words = gimp.wait_words("Nothing is left of the selection")
    tap.ok(press_in_vain(desktop, INPAINT, "alt+i"), "shrunken to nothing: said, and the button does nothing", words)
    desktop.keys("alt+b", "ctrl+a", "2", "Tab")
    gimp.wait_words("Takes about")

    desktop.keys("alt+w", "ctrl+a", "0", "Tab")
    words = gimp.wait_words("nothing changes")
    tap.ok(press_in_vain(desktop, INPAINT, "alt+i"), "strength 0: said, and the button does nothing", words)
    desktop.keys("Escape")
    desktop.wait_gone(INPAINT)


CHANNEL = """
(let ((channel (gimp-channel-new (remote-image) "Only here" 512 288 100 '(0 0 0))))
  (gimp-image-insert-channel (remote-image) channel 0 0)
  (gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 0 0 190 288)
  (gimp-drawable-edit-fill channel FILL-WHITE)
  (gimp-image-set-selected-layers (remote-image) (vector (remote-layer))))
"""
NO_CHANNEL = "(gimp-image-remove-channel (remote-image) (vector-ref (gimp-image-get-channels (remote-image)) 0))"


def source(tap, desktop, gimp):
    """A channel that is made while the dialog is open is what may be copied from."""
    select = SELECT.format(210, 100, 60, 40)
    gimp.ask(select)
    dialog = gimp.open(INPAINT, "i")
    desktop.keys("alt+v")
    gimp.wait_words("Combo Anywhere around")
    bright = brightness(desktop, gimp)
    gimp.ask(CHANNEL)
    gimp.ask(select)
    time.sleep(3)
    desktop.activate(dialog)
    desktop.keys("alt+y", "Down")
    gimp.wait_words("Combo Only here")
    wait_for("the picture", lambda: brightness(desktop, gimp) < 0.9 * bright)
    tap.ok(True, "a channel that was just made can be chosen; what must not be copied becomes dark")
    desktop.picture("source", dialog)
    desktop.keys("alt+p", "ctrl+a", "1", "Tab", "alt+i")
    desktop.wait_window(PROGRESS)
    gimp.wait_words("Result 1 of 1")
    desktop.keys("alt+k")
    desktop.wait_gone(PROGRESS)
    wait_for("the result", gimp.provenance)
    tap.ok(gimp.provenance()[-1].get("source", 0) > 0, "the run was told of it", gimp.provenance())
    gimp.undo()

    # GIMP chooses the channel when it takes the step back.
    gimp.ask("(gimp-image-set-selected-layers (remote-image) (vector (remote-layer)))")
    gimp.open(INPAINT, "i")
    gimp.wait_words("Combo Only here")
    gimp.ask(NO_CHANNEL)
    words = gimp.wait_words("The source is not part of this image")
    tap.ok(press_in_vain(desktop, INPAINT, "alt+i"), "the channel goes: said, and the button does nothing", words)
    desktop.keys("Escape")
    desktop.wait_gone(INPAINT)
    desktop.keys("ctrl+f")
    words = gimp.wait_words("no channel “Only here”")
    tap.ok(not desktop.windows(PROGRESS), "a Repeat of the run is refused then", words)
    desktop.keys("Escape")
    desktop.wait_gone("gimp-diffusion-message")


def masks(tap, desktop, gimp):
    """A refusal before the dialog: in a window of our own, without “Calling error”."""
    gimp.ask("(gimp-item-set-lock-content (remote-layer) #t)")
    desktop.activate(gimp.window)
    desktop.keys("alt+r", "Up", "Right", "i")
    window = desktop.wait_window("gimp-diffusion-message")
    words = gimp.wait_words("are locked: unlock them first")
    desktop.picture("refused", window)
    tap.ok("alling" not in gimp.read() and not desktop.windows("gimp-message"), "a refusal is one sentence", words)
    desktop.keys("Escape")
    desktop.wait_gone("gimp-diffusion-message")
    gimp.ask("(gimp-item-set-lock-content (remote-layer) #f)")


def busy(tap, desktop, gimp):
    """On a larger picture: the preview copies, measures and denoises while the window is used."""
    gimp.ask("(begin (gimp-selection-none (remote-image)) (gimp-image-scale (remote-image) 3000 1688))")
    for file in gimp.labels.glob("*.busy"):
        file.unlink()
    dialog = gimp.open(DENOISE, "d")
    gimp.wait_words("Measured noise:")
    desktop.keys("alt+f", "Tab", "Up", "Up", "Up")
    time.sleep(5)
    desktop.keys("alt+v")
    time.sleep(1)
    x, y, width, height = desktop.geometry(dialog)
    tap.ok(height <= 700, "Denoise: Advanced fits a screen of 1024 × 700", (x, y, width, height))
    desktop.picture("denoise-small")
    desktop.keys("Escape")
    desktop.wait_gone(DENOISE)
    told = gimp.labels / "gimp-diffusion.busy"
    longest = float(told.read_text())
    tap.ok(longest < MOST_BUSY_MS, "nothing holds up the main loop for long", f"{longest} ms")
    tap.note(f"at most {longest} ms between two turns of the main loop")


def busy_run(tap, desktop, gimp):
    """The same, while Inpaint is set up and runs."""
    gimp.ask(SELECT.format(1200, 700, 300, 200))
    gimp.open(INPAINT, "i")
    gimp.wait_words("Takes about")
    desktop.keys("alt+b", "Up", "Up", "Up", "alt+f", "Up", "Up", "alt+p", "ctrl+a", "2", "Tab")
    time.sleep(3)
    told = gimp.labels / "gimp-diffusion.busy"
    tap.note(f"Inpaint's dialog: at most {float(told.read_text())} ms")
    desktop.keys("alt+i")
    desktop.wait_window(PROGRESS)
    gimp.wait_words("Result 1 of 1")
    tap.note(f"Inpaint's run: at most {float(told.read_text())} ms")
    desktop.keys("alt+k")
    desktop.wait_gone(PROGRESS)
    wait_for("the result", gimp.provenance)
    longest = float(told.read_text())
    tap.ok(longest < MOST_BUSY_MS, "nor does a run of Inpaint, from its dialog to its result", f"{longest} ms")


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        inpaint(tap, desktop, gimp)
        source(tap, desktop, gimp)
        masks(tap, desktop, gimp)
        busy(tap, desktop, gimp)
        busy_run(tap, desktop, gimp)
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
