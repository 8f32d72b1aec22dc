# SPDX-License-Identifier: GPL-3.0-or-later
"""looks.py FOLDER: pictures of the dialogs for those who look at them: dark and light, German, twice as large, on a
small screen, the model wrong. Where the plug-in has been installed:

  tests/in-debian.sh sh -c '. tests/build.sh; python3 tests/window/looks.py /var/tmp/looks'
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import gimp_desktop
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
INPAINT, DENOISE = ("gimp-plug-in-diffusion-" + name for name in ("inpaint", "denoise"))
PROGRESS = "gimp-diffusion-progress"
SELECT = "(gimp-image-select-ellipse (remote-image) CHANNEL-OP-REPLACE 150 30 110 180)"

# Name, language, what is set in the profile, the environment, the screen.
LOOKS = (
    ("dark", "", "", {}, (1280, 900)),
    ("light", "", '(theme "Default")(theme-color-scheme light)', {}, (1280, 900)),
    ("german", "de", "", {}, (1280, 900)),
    ("double", "", "", {"GDK_SCALE": "2"}, (2560, 1800)),
    ("small", "", "", {}, (1024, 700)),
    ("right-to-left", "ar", "", {}, (1280, 900)),
)
KEYS = {"de": ("f", "r")}  # of the menu's entries


def look(folder, name, language, settings, environment, screen):
    gimp_desktop.SCREEN = screen
    with Desktop(folder / name) as desktop:
        desktop.env.update(environment)
        desktop.display.update(environment)
        gimp = GimpWindow(desktop, PHOTO, language)
        with open(gimp.folder / "profile" / "gimprc", "a") as profile:
            profile.write(settings + "\n")
        with gimp:
            gimp.ask(SELECT)
            inpaint, denoise = ("i", "d") if language != "de" else KEYS["de"]

            for role, key in ((INPAINT, inpaint), (DENOISE, denoise)):
                short = role.rpartition("-")[2]
                dialog = gimp.open(role, key)
                time.sleep(1)
                if role == DENOISE:
                    wait_for("the preview", lambda: " Comput" not in gimp.read(), 60)
                    time.sleep(6)
                desktop.picture(f"{short}", dialog)
                desktop.keys("alt+w" if language == "de" else "alt+v")
                time.sleep(1)
                desktop.picture(f"{short}-advanced")
                desktop.keys("Escape")
                desktop.wait_gone(role)


def main():
    folder = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:]
    for arguments in LOOKS:
        if not wanted or arguments[0] in wanted:
            look(folder, *arguments)


main()
