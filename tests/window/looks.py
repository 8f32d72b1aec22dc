# SPDX-License-Identifier: GPL-3.0-or-later
"""looks.py FOLDER [NAME...]: pictures of the dialogs and windows for those who look at them: dark and light, German,
from right to left, twice as large, on a small screen; with all settings, with a model that cannot be used, with results
to choose from, with many files. Where the plug-in has been installed:

  tests/in-debian.sh sh -c '. tests/build.sh; DIFFUSION_LABELS_MODULE=$build/tests/labels.so
    python3 tests/window/looks.py /var/tmp/looks'
"""
import gettext
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import gimp_desktop
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
PROGRESS = "gimp-diffusion-progress"
SELECT = "(gimp-image-select-ellipse (remote-image) CHANNEL-OP-REPLACE 150 30 110 180)"
CALL = """
(plug-in-diffusion-{name} #:run-mode RUN-INTERACTIVE #:image (remote-image)
                          #:drawables (gimp-image-get-selected-drawables (remote-image)))"""
CALL_FILES = "(plug-in-diffusion-{name} #:run-mode RUN-INTERACTIVE)"

# Name, language, what is set in the profile, the environment, the screen.
LOOKS = (
    ("dark", "", "", {}, (1280, 900)),
    ("light", "", '(theme "Default")(theme-color-scheme light)', {}, (1280, 900)),
    ("german", "de", "", {}, (1280, 900)),
    ("right-to-left", "ar", "", {"DIFFUSION_EXPAND": "1"}, (1280, 900)),
    ("double", "", "", {"GDK_SCALE": "2"}, (2560, 1800)),
    ("small", "", "", {}, (1024, 700)),
)


class Look:
    def __init__(self, desktop, gimp, language):
        self.desktop, self.gimp = desktop, gimp
        self.words = gettext.translation("gimp-diffusion", gimp.locale, [language], fallback=True).gettext

    def press(self, label):
        """The key of what has this label in English; False where no keyboard here has it."""
        shown = self.words(label)
        key = shown[shown.index("_") + 1].lower()
        if key.isascii():
            self.desktop.keys("alt+" + key)
        return key.isascii()

    def told(self, sentence):
        """Waits for the words before the first number in it."""
        wait_for(sentence, lambda: self.words(sentence).partition("%")[0].strip() in self.gimp.read(), 60)

    def dialog(self, name):
        role = f"gimp-plug-in-diffusion-{name}"
        dialog = self.gimp.call(role, (CALL_FILES if "files" in name else CALL).format(name=name))
        if name == "denoise":
            self.told("Measured noise: %.1f (%s)")
            time.sleep(6)
        time.sleep(1)
        self.desktop.picture(name, dialog)
        if self.press("Ad_vanced"):
            time.sleep(1)
            self.desktop.picture(f"{name}-advanced")
        if "files" not in name and self.press("M_odel"):
            self.desktop.keys("Down")
            time.sleep(2)
            self.desktop.picture(f"{name}-refused")
            self.desktop.keys("Up")
            time.sleep(2)
        return role

    def close(self, role):
        self.desktop.keys("Escape")
        self.desktop.wait_gone(role)

    def results(self):
        self.gimp.call("gimp-plug-in-diffusion-inpaint", CALL.format(name="inpaint"))
        self.desktop.keys("Return")
        window = self.desktop.wait_window(PROGRESS)
        time.sleep(2)
        self.desktop.picture("progress", window)
        self.told("Result %d of %d")
        time.sleep(1)
        self.desktop.picture("results", window)
        self.close(PROGRESS)


def look(folder, name, language, settings, environment, screen):
    gimp_desktop.SCREEN = screen
    with Desktop(folder / name) as desktop:
        desktop.env.update(environment)
        desktop.display.update(environment)
        gimp = GimpWindow(desktop, PHOTO, language)
        with open(gimp.folder / "profile" / "gimprc", "a") as profile:
            profile.write(settings + "\n")
        (gimp.folder / "profile" / "gimp-diffusion" / "models" / "Broken").mkdir(parents=True)
        (gimp.folder / "profile" / "gimp-diffusion" / "models" / "Broken" / "config.json").write_text("{}")
        with gimp:
            gimp.ask(SELECT)
            desktop.run("xdotool", "mousemove", "2", "2")  # no tooltip in the way
            looks = Look(desktop, gimp, language)
            looks.results()
            for dialog in ("inpaint", "denoise", "inpaint-files", "denoise-files"):
                looks.close(looks.dialog(dialog))


def main():
    folder = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:]
    for arguments in LOOKS:
        if not wanted or arguments[0] in wanted:
            look(folder, *arguments)


main()
