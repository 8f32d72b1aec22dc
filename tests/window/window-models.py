# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing a model in a real GIMP window: the dialog offers the folders in the user's model directory, shows the card
of the one chosen, and runs it; with one that cannot be used no preview is said to be under way."""
import sys
import hashlib
import os
import pathlib
import re
import shutil

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap
from gimp_desktop import Desktop, GimpWindow, wait_for

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
DIALOG = "gimp-plug-in-diffusion-denoise"
PROGRESS = "gimp-diffusion-progress"
# As they are listed, behind the bundled model.
MODELS = (
    ("A colour one", "unet-plain", "It does not see what is to be filled"),
    ("B gray one", "transformer-gray", "It knows grayscale only"),
)


def main():
    tap = Tap()
    with Desktop(os.environ.get("DIFFUSION_RESULTS")) as desktop, GimpWindow(desktop, DATA / "demo-photo.png") as gimp:
        models = gimp.folder / "profile" / "gimp-diffusion" / "models"
        for name, folder, _ in MODELS:
            shutil.copytree(DATA / folder, models / name)
            (models / name / "README.md").write_text(f"# Card\n\nThe card of {folder}.\n")

        (models / "C broken one").mkdir()
        (models / "C broken one" / "config.json").write_text("{}")

        gimp.ask("(gimp-image-select-rectangle (remote-image) CHANNEL-OP-REPLACE 60 60 40 30)")
        dialog = gimp.open(DIALOG, "d")
        desktop.keys("alt+v", "alt+o")
        for name, folder, words in MODELS:
            desktop.keys("Down")
            gimp.wait_words(f"The card of {folder}.")
            facts = gimp.wait_words("million parameters")
            tap.ok(words in facts, f"{name}: its card is shown", facts)
        desktop.picture("models-dialog", dialog)

        desktop.keys("Down")
        gimp.wait_words("This model cannot be used")
        wait_for("an end of the preview", lambda: re.search(r"^CompareView [\d ]+$", gimp.read(), re.M), 30)
        tap.ok(True, "one that cannot be used: nothing is being computed")
        desktop.picture("models-broken", dialog)
        desktop.keys("Up")
        gimp.wait_words(f"The card of {MODELS[-1][1]}.")

        desktop.keys("alt+d")
        desktop.wait_gone(DIALOG)
        wait_for("the result", gimp.provenance)
        desktop.wait_gone(PROGRESS)
        weights = (DATA / MODELS[-1][1] / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()
        runs = gimp.provenance()
        tap.ok(
            [run["model-sha256"] for run in runs] == [hashlib.sha256(weights).hexdigest()],
            "the model that was chosen has run",
            runs,
        )
        gimp.undo()
        tap.ok(not gimp.complaints(), "no crash, no warning, no buffer lost", "\n".join(gimp.complaints()))
    tap.finish()


main()
