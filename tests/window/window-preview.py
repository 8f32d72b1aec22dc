# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview of Denoise in a real GIMP window: it shows the bytes of the result, pixel by pixel, wherever it is moved;
the line between before and after is dragged; a change of a setting is shown, and the noise that was measured."""
import sys
import os
import pathlib
import re
import time

import cv2
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-denoise"
PROGRESS = "gimp-diffusion-progress"

# What is drawn over the picture: the line, the words in the lower corners, the focus at the edge.
LINE, WORDS, EDGE = 8, 40, 4


class View:
    """The preview's place on the screen, and what is to be seen there."""

    def __init__(self, desktop, gimp):
        self.desktop, self.gimp, self.share = desktop, gimp, 0.5

    def told(self):
        line = self.gimp.wait_words("CompareView")
        *numbers, words = re.fullmatch(r"CompareView (\d+) (\d+) (\d+) (\d+) (.*)", line).groups()
        return *map(int, numbers), words

    def wait(self):
        """Until nothing is being computed, after a moment in which that may begin."""
        time.sleep(0.5)
        wait_for("the preview", lambda: not self.told()[4])
        time.sleep(0.2)
        # The theme shows the choice in bold letters, which may widen the window.
        self.x, self.y, self.width, self.height, _ = self.told()
        self.split = int(self.share * self.width)

    def look(self):
        """Both sides as arrays: (x in the view, pixels) without what is drawn over them."""
        path = self.desktop.picture("preview-screen")
        seen = cv2.imread(str(path), cv2.IMREAD_COLOR)[self.y + EDGE : self.y + self.height - WORDS, self.x :]
        before = seen[:, EDGE : self.split - LINE]
        after = seen[:, self.split + LINE : self.width - EDGE]
        return before, after

    def drag(self, start, end):
        self.desktop.drag((self.x + start[0], self.y + start[1]), (self.x + end[0], self.y + end[1]))


def place(part, picture):
    """Where the part lies in the picture, to the byte; None where it does not."""
    height, width = part.shape[:2]
    score = cv2.matchTemplate(picture.astype(numpy.float32), part.astype(numpy.float32), cv2.TM_SQDIFF)
    _, _, (x, y), _ = cv2.minMaxLoc(score)
    return (x, y) if (picture[y : y + height, x : x + width] == part).all() else None


def expected_place(view, part_x, picture, moved=(0, 0)):
    """The view looks at the middle at first."""
    height, width = picture.shape[:2]
    left, top = width // 2 - view.width // 2, height // 2 - view.height // 2
    return left + moved[0] + part_x, top + moved[1] + EDGE


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        photo, snapshot = gimp.pixels(), gimp.snapshot()
        dialog = gimp.open(DIALOG, "d")
        measured = gimp.wait_words("Measured noise:")
        tap.ok(re.fullmatch(r"Measured noise: \d+\.\d \(.+\)", measured), "the measured noise is told", measured)
        sigma = float(measured.split()[2])

        # Set by hand it starts from there, and then at what is typed.
        view = View(desktop, gimp)
        view.wait()
        desktop.picture("preview-first", dialog)
        desktop.keys("alt+f", "Tab")
        view.wait()
        first = view.look()
        desktop.keys("ctrl+a", *"30", "Tab")
        view.wait()
        second = view.look()
        desktop.picture("preview-30", dialog)
        tap.ok(place(first[0], photo) == expected_place(view, EDGE, photo), "before: the picture as it is")
        tap.ok((first[0] == second[0]).all(), "before: no setting changes it")
        tap.ok((first[1] != second[1]).any(), "after: a setting changes it")

        # Moved to the left by 20 pixels, so that 20 further ones come from the right; then the line.
        view.drag((60, 30), (40, 30))
        view.wait()
        moved = view.look()
        tap.ok(place(moved[0], photo) == expected_place(view, EDGE, photo, (20, 0)), "dragged: another part is seen")
        view.drag((view.split, 50), (100, 50))
        view.share = 100.5 / view.width
        view.wait()
        wide = view.look()
        desktop.picture("preview-split", dialog)
        tap.ok(
            (wide[0] == moved[0][:, : wide[0].shape[1]]).all() and (wide[1][:, -50:] == moved[1][:, -50:]).all(),
            "the line is dragged, and the picture stays",
        )
        tap.ok(gimp.snapshot() == snapshot, "the preview leaves the image as it was")

        desktop.keys("alt+d")
        desktop.wait_gone(DIALOG)
        wait_for("the result", gimp.provenance)
        desktop.wait_gone(PROGRESS)
        result = gimp.pixels()
        tap.ok(gimp.provenance()[0]["sigma"] == 30, "the run has the settings of the preview", gimp.provenance())
        for name, (before, after), x, shift in (
            ("first view", second, view.width // 2 + LINE, 0),
            ("moved view", moved, view.width // 2 + LINE, 20),
            ("with the line moved", wide, 100 + LINE, 20),
        ):
            found = place(after, result)
            tap.ok(
                found == expected_place(view, x, photo, (shift, 0)),
                f"{name}: the preview shows the bytes of the result",
                f"{found} {expected_place(view, x, photo, (shift, 0))}",
            )
        gimp.undo()

        # The measured level, as a part of the provenance tells it.
        gimp.open(DIALOG, "d")
        desktop.keys("alt+a", "alt+d")
        desktop.wait_gone(DIALOG)
        wait_for("the result", gimp.provenance)
        used = gimp.provenance()[0]["sigma"]
        tap.ok(abs(used - sigma) <= 0.05, "what was measured is what the run takes", f"{used} {sigma}")
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
