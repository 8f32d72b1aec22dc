# SPDX-License-Identifier: GPL-3.0-or-later
"""A German GIMP shows German menus and dialogs."""
import sys
import gettext
import os
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-inpaint"


def mnemonic(label):
    return label[label.index("_") + 1].lower()


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO, language="de") as gimp:
        german = gettext.translation("gimp-diffusion", gimp.locale, ["de"]).gettext
        gimp.select(150, 110)
        dialog = gimp.open(DIALOG, mnemonic(german("_Inpaint Selection…")))
        title = desktop.title(dialog)
        desktop.picture("german-dialog", dialog)
        tap.ok(
            title == german("Inpaint Selection") != "Inpaint Selection", "the menu and the dialog speak German", title
        )
        desktop.keys("Escape")
        desktop.wait_gone(DIALOG)
    tap.finish()


main()
