#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the README, run as a newcomer would: in a copy of the tree, in a home of its own. Speaks TAP.

The blocks marked sh are run in their order. Two things are ours: a system-wide installation goes to a folder
(DESTDIR), and the block that starts this test suite is not started a second time."""
import sys
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap, console

TREE = pathlib.Path(__file__).resolve().parents[2]
SUITE = "sh tests/run.sh"
EXPECTED = {  # a word of the block: what it leaves behind, in the copy or the home
    "plugin/demo.sh": ("demo-output/2-inpainted.png", "demo-output/4-denoised.png"),
    "build-mine": (
        "home/.config/GIMP/3.0/plug-ins/gimp-diffusion/gimp-diffusion",
        "home/.config/GIMP/3.0/plug-ins/gimp-diffusion/model/unet/config.json",
    ),
    "batch-denoise": ("denoised/a.jpg", "denoised/b.jpg"),
    '#:output-folder "filled"': ("filled/scan.png",),
    "my-model": ("my-model/scheduler/scheduler_config.json", "mine/scan.png"),
}


def lay_out(copy):
    """The copy, a home, and what the batch examples read."""
    shutil.copytree(
        TREE,
        copy,
        ignore=shutil.ignore_patterns(".git", "build", "build-mine", "demo-output", "__pycache__"),
        dirs_exist_ok=True,
    )
    for folder in ("home", "photos", "scans"):
        (copy / folder).mkdir()
    data = TREE / "tests" / "data"
    photo, mask = cv2.imread(str(data / "demo-photo.png")), cv2.imread(str(data / "demo-mask.png"))
    for name, x in (("a", 100), ("b", 250)):
        cv2.imwrite(str(copy / f"photos/{name}.jpg"), photo[60:140, x : x + 96])
    cv2.imwrite(str(copy / "scans/scan.png"), photo[60:140, 300:396])
    cv2.imwrite(str(copy / "scans/scan_mask.png"), mask[60:140, 300:396])


def fills(copy):
    """What the model of one's own did, beside the bundled one: it filled the mask, its own way, and nothing else."""
    before, mask, filled, mine = (
        cv2.imread(str(copy / name))
        for name in ("scans/scan.png", "scans/scan_mask.png", "filled/scan.png", "mine/scan.png")
    )
    if mine is None or filled is None:
        return False
    hole = mask[:, :, 0] > 0
    return (
        (mine[~hole] == before[~hole]).all()
        and (mine[hole] != before[hole]).mean() > 0.5
        and (mine[hole] != filled[hole]).mean() > 0.5
    )


def main():
    tap = Tap()
    blocks = re.findall(r"^```sh\n(.*?)^```$", (TREE / "README.md").read_text(), re.M | re.S)
    tap.ok(len(blocks) >= 6, "the README has commands")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        copy = pathlib.Path(folder)
        lay_out(copy)
        home = copy / "home"
        # The console's name has GIMP's version in it; the README says the one of GIMP 3.0.
        (home / "bin").mkdir()
        (home / "bin" / "gimp-console-3.0").symlink_to(shutil.which(console()))
        environment = {
            **os.environ,
            "HOME": str(home),
            "GIMP3_DIRECTORY": str(home / ".config/GIMP/3.0"),
            "DIFFUSION_TREE": str(copy),
            "PATH": f"{home}/bin:{os.environ['PATH']}",
        }
        for name in ("DISPLAY", "DIFFUSION_INSIDE", "DIFFUSION_PLUGIN", "DIFFUSION_PLUGINS", "MESON_TEST_ITERATION"):
            environment.pop(name, None)
        for block in blocks:
            title = block.strip().splitlines()[0]
            if block.strip() == SUITE:
                tap.ok(True, f"{title} (is running this)")
                continue
            for_all = "meson install -C build\n" in block
            extra = {"DESTDIR": str(home / "dest")} if for_all else {}
            done = subprocess.run(
                ["sh", "-euc", block],
                cwd=copy,
                env=environment | extra,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=1800,
            )
            wanted = [f for word, files in EXPECTED.items() if word in block for f in files]
            missing = [f for f in wanted if not (copy / f).exists()]
            if for_all and not list((home / "dest").rglob("gimp-diffusion/gimp-diffusion")):
                missing.append("the installed plug-in")
            tap.ok(
                done.returncode == 0 and not missing,
                title,
                f"{done.stdout}\nexit {done.returncode}, missing: {missing}",
            )
        tap.ok(fills(copy), "a model of one's own fills the hole its own way, and nothing else")
    tap.finish()


main()
