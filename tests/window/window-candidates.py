# SPDX-License-Identifier: GPL-3.0-or-later
"""Several results of Inpaint Selection to choose from, in a real GIMP window: Try Another, the arrow keys, the original
while it is held, Discard and Keep; the layer tells the seed of the one that was kept, in one undo step."""
import sys
import os
import pathlib
import time

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import SCREEN, Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"
SELECT = "(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 200 100 60 40)"
RUN = """
(plug-in-diffusion-inpaint #:run-mode RUN-NONINTERACTIVE #:image (remote-image) #:drawables (vector (remote-layer))
                           #:steps 2 #:seed {seed} #:grow 2)
"""


def start(desktop, gimp):
    gimp.open(DIALOG, "i")
    desktop.keys("alt+p", "ctrl+a", "2", "Tab", "alt+i")
    window = desktop.wait_window(PROGRESS)
    gimp.wait_words("Result 1 of 1")
    return window


def gimp_bars(gimp):
    """The progress bars of GIMP itself."""
    files = [file for file in gimp.labels.glob("gimp*") if "diffusion" not in file.name and file.suffix != ".busy"]
    return [line for file in files for line in file.read_text().splitlines() if line.startswith("Bar")]


def picture_place(gimp):
    return list(map(int, gimp.wait_words("PictureView").split()[1:5]))


def move(desktop, gimp, window, x, y):
    """Moves the window and waits until its picture stays in one place."""
    places = [picture_place(gimp)]
    desktop.move(window, x, y)
    while len(places) < 10 or places[-1] == places[0] or len(set(map(tuple, places[-9:]))) > 1:
        time.sleep(0.1)
        places.append(picture_place(gimp))


def whole(desktop, window):
    """Where the window is, once nothing of it lies below the screen."""
    place = desktop.geometry(window)
    return place if place[1] + place[3] <= SCREEN[1] else None


def shown(desktop, gimp, name):
    """What the window's picture shows, as an array."""
    place = picture_place(gimp)
    desktop.run("sleep", "0.3")
    picture = cv2.imread(str(desktop.picture(name)), cv2.IMREAD_COLOR)
    return picture[place[1] : place[1] + place[3], place[0] : place[0] + place[2]].tobytes()


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        gimp.ask(SELECT)
        before = gimp.snapshot()

        # What the seeds give, by scripts.
        expected = []
        for seed in range(3):
            gimp.ask(RUN.format(seed=seed))
            expected.append(gimp.pixels().tobytes())
            gimp.undo()
        tap.ok(gimp.snapshot() == before and len(set(expected)) == 3, "three seeds, three results, all taken back")

        window = start(desktop, gimp)
        # GIMP sets the text first and the fraction after it.
        words = wait_for(
            "GIMP's status bar",
            lambda: [line for line in gimp_bars(gimp) if line.startswith("Bar 0.00 Waiting for a result")],
        )
        tap.ok(len(words) == 1, "GIMP's bar is empty and says what is waited for", words)
        tap.ok("demo-photo.png" in desktop.title(window), "the title names the layer", desktop.title(window))
        first = shown(desktop, gimp, "one-result")
        desktop.keys("alt+d")
        desktop.wait_gone(PROGRESS)
        tap.ok(gimp.snapshot() == before, "Discard leaves the image as it was")

        window = start(desktop, gimp)
        for n in (2, 3):
            desktop.keys("alt+t")
            gimp.wait_words(f"Result {n} of {n}")
        move(desktop, gimp, window, 40, 60)
        third = shown(desktop, gimp, "three-results")
        desktop.picture("candidates", desktop.windows(PROGRESS)[0])
        tap.ok(third != first, "Try Another shows another result")
        gimp.turn_to()
        tap.ok(gimp.snapshot() == before, "results that wait leave the image as it was")
        desktop.activate(window)

        # Held down on the picture: the original.
        x, y, width, height = picture_place(gimp)
        desktop.run("xdotool", "mousemove", str(x + width // 2), str(y + height // 2), "mousedown", "1")
        gimp.wait_words("Before")
        held = shown(desktop, gimp, "original-held")
        desktop.run("xdotool", "mouseup", "1")
        gimp.wait_words("Result 3 of 3")
        tap.ok(held not in (first, third), "the original is shown while the picture is held")
        tap.ok(shown(desktop, gimp, "released") == third, "and the result again when it is let go")

        desktop.keys("Escape")
        desktop.wait_gone(PROGRESS)
        tap.ok(gimp.snapshot() == before, "Escape discards them all")

        window = start(desktop, gimp)
        x, y = desktop.geometry(window)[:2]
        tap.ok(abs(x - 40) < 30 and abs(y - 60) < 60, "the window opens where it was left", f"{x} {y}")
        for n in (2, 3):
            desktop.keys("alt+t")
            gimp.wait_words(f"Result {n} of {n}")
        move(desktop, gimp, window, 40, SCREEN[1] - 330)
        desktop.keys("Left")
        gimp.wait_words("Result 2 of 3")
        tap.ok(True, "an arrow key goes to the result before")
        desktop.keys("alt+k")
        desktop.wait_gone(PROGRESS)
        wait_for("the result", gimp.provenance)
        runs = gimp.provenance()
        tap.ok([run["seed"] for run in runs] == [1], "the layer tells the seed of the one that was kept", runs)
        tap.ok(gimp.pixels().tobytes() == expected[1], "its bytes are those of a run with that seed")
        gimp.undo()
        tap.ok(gimp.snapshot() == before, "one Ctrl+Z gives back the exact bytes")

        # The next run begins with what was kept, low on the screen; it grows with the results.
        window = start(desktop, gimp)
        place = wait_for("the window as a whole", lambda: whole(desktop, window), 20) or desktop.geometry(window)
        tap.ok(place[1] > SCREEN[1] // 4, "a window that has grown stays on the screen", place)
        desktop.keys("alt+k")
        desktop.wait_gone(PROGRESS)
        wait_for("the result", gimp.provenance)
        tap.ok([run["seed"] for run in gimp.provenance()] == [1], "the seed that was kept is the last one used")
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
