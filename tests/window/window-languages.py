# SPDX-License-Identifier: GPL-3.0-or-later
"""GIMP in other languages: menus and the dialogs speak them, and nothing that they say is cut off. Four languages; with
DIFFUSION_MATRIX=1 all of po/LINGUAS."""
import sys
import gettext
import os
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

TESTS = pathlib.Path(__file__).resolve().parent.parent
PHOTO = TESTS / "data" / "demo-photo.png"
LINGUAS = TESTS.parent / "po" / "LINGUAS"
# Long words, another alphabet, right to left, no spaces.
SOME = ("de", "ru", "ar", "ja")
FILTERS = {
    "inpaint": "Inpaint Selection",
    "denoise": "Denoise",
    "inpaint-files": "Inpaint Files",
    "denoise-files": "Denoise Files",
}
CALL_FILES = "(plug-in-diffusion-{name} #:run-mode RUN-INTERACTIVE)"
CALL = """
(plug-in-diffusion-{name} #:run-mode RUN-INTERACTIVE #:image (remote-image)
                          #:drawables (gimp-image-get-selected-drawables (remote-image)))"""


def mnemonic(label):
    return label[label.index("_") + 1].lower()


def look(tap, desktop, gimp, language, words, name):
    """The dialog as it opens: its title, and its labels."""
    role = f"gimp-plug-in-diffusion-{name}"
    dialog = gimp.call(role, (CALL_FILES if "files" in name else CALL).format(name=name))
    advanced = words("Ad_vanced").replace("_", "")
    wait_for("the dialog's words", lambda: advanced in gimp.read())
    if name == "denoise":
        wait_for("the preview", lambda: words("Measured noise: %.1f (%s)").partition("%")[0].strip() in gimp.read())
    desktop.picture(f"{language}-{name}", dialog)
    title = desktop.title(dialog)
    tap.ok(title == words(FILTERS[name]) != FILTERS[name], f"{language}: the title of {name}", title)
    cut = [line for line in gimp.read().splitlines() if line.startswith("Cut off: ")]
    tap.ok(not cut, f"{language}: nothing is cut off in {name}", "\n".join(cut))
    desktop.activate(dialog)
    desktop.keys("Escape")
    desktop.wait_gone(role)


def look_all(tap, desktop, language):
    with GimpWindow(desktop, PHOTO, language) as gimp:
        words = gettext.translation("gimp-diffusion", gimp.locale, [language]).gettext
        gimp.ask("(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 150 60 60 40)")
        if language == "de":
            role = "gimp-plug-in-diffusion-inpaint"
            gimp.open(role, mnemonic(words("_Inpaint Selection…")))
            tap.ok(True, "de: the menu opens the dialog")
            desktop.keys("Escape")
            desktop.wait_gone(role)
        for name in FILTERS:
            look(tap, desktop, gimp, language, words, name)


def main():
    tap = Tap()
    languages = [word for word in LINGUAS.read_text().split("\n") if word and not word.startswith("#")]
    if os.environ.get("DIFFUSION_MATRIX") != "1":
        languages = [word for word in languages if word in SOME]
    for language in languages:
        with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop:
            desktop.env["DIFFUSION_EXPAND"] = "1"
            look_all(tap, desktop, language)
    tap.finish()


main()
