# SPDX-License-Identifier: GPL-3.0-or-later
"""screenshot.py PHOTO X Y WIDTH HEIGHT OUTPUT.png: the picture for the README.

Opens PHOTO in a real GIMP, selects the ellipse that fills the box (in pixels of
the photograph), runs Inpaint Selection, and keeps what the screen shows when
the result can be looked at.  Where the plug-in has been installed:

  tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/window/screenshot.py …'
"""
import pathlib
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_desktop import Desktop, GimpWindow

DIALOG = "gimp-plug-in-diffusion-inpaint"
PROGRESS = "gimp-diffusion-progress"

PLACE = (790, 110)  # of the progress window: beside the selection, not over it
PATIENCE = 150  # seconds: the run may have been quicker than the look
COLOURS = 220  # of the file: a third of the size, and the eye sees no difference


def main():
    photo, output = sys.argv[1], sys.argv[6]
    x, y, width, height = map(int, sys.argv[2:6])
    with Desktop() as desktop:
        opened = desktop.folder / "photo.png"
        desktop.run("convert", photo, "-strip", str(opened))
        with GimpWindow(desktop, opened) as gimp:
            desktop.keys("e", "ctrl+shift+j")
            gimp.ask(
                f"(begin (gimp-image-select-ellipse (remote-image) CHANNEL-OP-REPLACE"
                f" {x} {y} {width} {height}) (gimp-displays-flush))"
            )
            gimp.open(DIALOG, "i")
            desktop.keys("Return")
            progress = desktop.wait_window(PROGRESS)
            desktop.run(
                "xdotool",
                "windowmove",
                progress,
                *map(str, PLACE),
                "mousemove",
                str(PLACE[0] - 60),
                str(PLACE[1] + 480),
            )
            # When the run has ended, the results make the window higher.
            wanted, deadline = desktop.geometry(progress)[3] + 20, time.monotonic() + PATIENCE
            while desktop.geometry(progress)[3] < wanted and time.monotonic() < deadline:
                time.sleep(0.2)
            time.sleep(2)
            chosen = desktop.picture("seen")
            desktop.keys("Return")
            desktop.wait_gone(PROGRESS)
        desktop.run("mogrify", "+dither", "-colors", str(COLOURS), str(chosen))
        shutil.copyfile(chosen, output)


main()
