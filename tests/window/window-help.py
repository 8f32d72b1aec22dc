# SPDX-License-Identifier: GPL-3.0-or-later
"""F1 in the dialogs opens our own pages, in the program that shows web pages; and the pages know each other."""
import sys
import os
import pathlib
import re

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
PHOTO = TOP / "tests" / "data" / "demo-photo.png"
PAGES = TOP / "help" / "en"

ENTRY = """[Desktop Entry]
Type=Application
Name=Browser
Exec={script} %u
MimeType=text/html;x-scheme-handler/file;
"""
DEFAULTS = """[Default Applications]
text/html=browser.desktop
x-scheme-handler/file=browser.desktop
"""


def make_browser(desktop):
    """A browser that writes the address down; returns the file."""
    opened, script = desktop.folder / "opened", desktop.folder / "browser.sh"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >>"{opened}"\n')
    script.chmod(0o755)
    applications, config = desktop.folder / ".local/share/applications", desktop.folder / ".config"
    applications.mkdir(parents=True)
    config.mkdir(exist_ok=True)
    (applications / "browser.desktop").write_text(ENTRY.format(script=script))
    for folder in (applications, config):
        (folder / "mimeapps.list").write_text(DEFAULTS)
    return opened


def pages(tap):
    listed = set(re.findall(r'ref="([^"]+)"', (PAGES / "gimp-help.xml").read_text()))
    linked = {link for page in PAGES.glob("*.html") for link in re.findall(r'href="([^":]+)"', page.read_text())}
    missing = [name for name in listed | linked if not (PAGES / name).exists()]
    tap.ok(listed and not missing, "each page that is named is there", missing)


def main():
    tap = Tap()
    pages(tap)
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop:
        opened = make_browser(desktop)
        with GimpWindow(desktop, PHOTO, more=("help", "web-browser")) as gimp:
            gimp.ask("(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 60 60 40 30)")
            for name, key in (("inpaint", "i"), ("denoise", "d")):
                dialog = f"gimp-plug-in-diffusion-{name}"
                gimp.open(dialog, key)
                desktop.keys("F1")
                page = f"gimp-diffusion/help/en/{name}.html"
                found = wait_for(
                    f"the page of {name}", lambda page=page: opened.exists() and page in opened.read_text(), 60
                )
                tap.ok(found, f"F1 in {name} opens its page", opened.read_text() if opened.exists() else "")
                desktop.keys("Escape")
                desktop.wait_gone(dialog)
    tap.finish()


main()
