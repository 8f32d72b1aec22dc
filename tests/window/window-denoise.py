# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoise in a real GIMP window, found through GIMP's own search for actions, on
a whole picture; a noise level set by hand; undo and redo; what the dialog says a
run takes, and what it says afterwards."""
import sys
import os
import pathlib
import re
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

PHOTO = pathlib.Path(__file__).resolve().parent.parent / "data" / "demo-photo.png"
DIALOG = "gimp-plug-in-diffusion-denoise"
PROGRESS = "gimp-diffusion-progress"
SEARCH = "gimp-action-search-dialog"


def run_once(desktop, gimp, *keys):
    """Opens the dialog by the search, presses the keys in it and Return, and waits for the end.
    Returns the dialog's line about the cost, and the seconds from the keys to the end."""
    runs = len(gimp.provenance())
    gimp.forget()
    desktop.activate(gimp.window)
    desktop.keys("slash")
    desktop.wait_window(SEARCH)
    desktop.type("denoise…")
    desktop.keys("Return")
    dialog = desktop.wait_window(DIALOG)
    desktop.picture("denoise-dialog", dialog)
    gimp.wait_preview()
    cost = gimp.wait_words("Takes about")
    start = time.monotonic()
    desktop.keys(*keys, "Return")
    desktop.wait_gone(DIALOG)
    wait_for("the result", lambda: len(gimp.provenance()) > runs)
    desktop.wait_gone(PROGRESS)
    return cost, time.monotonic() - start


def recorded_run(gimp):
    """Expected seconds, seconds, expected bytes and bytes of the last run, as the plug-in keeps them."""
    text = (gimp.folder / "profile" / "gimp-diffusion" / "speed.ini").read_text()
    return [float(number) for number in re.search(r"^run-plug-in-diffusion-denoise=(.*);$", text, re.M)[1].split(";")]


def says(words, seconds, size):
    """Whether the words are those for the time and the memory, rounded as there."""
    n, seconds_word, megabytes = re.fullmatch(r"(\d+) (seconds?|minutes?) and (\d+) MB", words).groups()
    if "minute" in seconds_word:
        seconds /= 60
    return abs(int(n) - seconds) <= (3 if seconds >= 20 else 1) and abs(int(megabytes) - size / 1e6) <= 10


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, PHOTO) as gimp:
        before = gimp.snapshot()

        cost, seconds = run_once(desktop, gimp)
        told = re.fullmatch(r"Takes about (.*)\.", cost)
        expected_seconds, took_seconds, expected_bytes, took_bytes, _ = recorded_run(gimp)
        tap.ok(
            told and says(told[1], expected_seconds, expected_bytes),
            "the dialog tells before the first run what it takes",
            f"{cost}; {recorded_run(gimp)}",
        )
        tap.ok(
            0 < took_seconds <= seconds and 5e7 < took_bytes < 1e9,
            "what it took is true",
            f"{recorded_run(gimp)}, {seconds} s",
        )
        first = gimp.provenance()
        result = gimp.snapshot()
        tap.ok(result != before, "Denoise changes the picture")
        tap.ok(len(first) == 1, "the layer tells of one run", first)
        gimp.undo()
        tap.ok(gimp.snapshot() == before, "one Ctrl+Z gives back the exact bytes")
        gimp.redo()
        tap.ok(gimp.snapshot() == result, "Ctrl+Y gives the exact result again")
        gimp.undo()

        # The second way to tell the noise level.
        cost, _ = run_once(desktop, gimp, "alt+f")
        told = re.fullmatch(r"Takes about (.*)\. The last run took (.*)\.", cost)
        tap.ok(
            told and says(told[2], took_seconds, took_bytes),
            "the next dialog tells what it took",
            f"{cost}; {took_seconds} s, {took_bytes} bytes",
        )
        second = gimp.provenance()
        measured = round(first[0]["sigma"], 1)
        tap.ok(
            second[0]["sigma"] == measured,
            "a level set by hand starts at the measured one",
            second,
        )
        gimp.undo()
        tap.ok(gimp.snapshot() == before, "Ctrl+Z after it gives back the exact bytes")
    tap.finish()


main()
