#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the documents, run as a newcomer would: in a copy of the tree, in a home of its own. Speaks TAP.

The blocks marked sh are run in their order, document after document; those of plugin/MANY.md by gimp-many. What takes long gets less to do
(SMALLER): a short training, two tests in place of all. A system-wide installation goes to a folder (DESTDIR)."""
import fcntl
import sys
import os
import pathlib
import re
import shutil
import subprocess
import time

import cv2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import Tap, console

TREE = pathlib.Path(__file__).resolve().parents[2]
# Always the same, as compiled files are found again (ccache) by the way from the build folder to the sources.
COPY = pathlib.Path("/var/tmp/gimp-diffusion-docs")
DOCUMENTS = {  # and how many commands each has at least
    "README.md": 6,
    "CONTRIBUTING.md": 2,
    "NEWS.md": 0,
    "core/README.md": 1,
    "core/SPEED.md": 1,
    "tests/README.md": 2,
    "ui/README.md": 0,
    "weights/README.md": 3,
    "weights/MODEL.md": 0,
    "weights/SAMPLERS.md": 0,
}
SMALLER = {
    "sh tests/run.sh\n": "sh tests/run.sh areas names\n",
    "sudo apt install ": "apt-get install --simulate ",
    "--minutes 120 --decay 20 ": "--minutes .1 --decay .05 --channels 16,32 --patch 32 --batch 4 --ema .9 ",
    "--minutes 1 ": "--minutes .2 ",
}
EXPECTED = {  # a word of the block: what it leaves behind, in the copy or the home
    "plugin/demo.sh": ("demo-output/2-inpainted.png", "demo-output/4-denoised.png"),
    "build-mine": (
        "home/.config/GIMP/3.0/plug-ins/gimp-diffusion/gimp-diffusion",
        "home/.config/GIMP/3.0/plug-ins/gimp-diffusion/model/unet/config.json",
    ),
    "batch-denoise": ("denoised/a.jpg", "denoised/b.jpg"),
    '#:output-folder "filled"': ("filled/scan.png",),
    "my-model": ("my-model/scheduler/scheduler_config.json", "mine/scan.png"),
    "model-of-mine": ("model-of-mine/unet/diffusion_pytorch_model.safetensors",),
    "--out guessed": ("guessed",),
}
SAYS = {  # a word of the block: what has to be among its output
    "plugin/package.sh": r"^Inst gimp-diffusion ",
    "tests/run.sh": r"^[1-9]\d* passed, 0 failed$",
    "areas.py": r"^ok 3 - no circles$",
    "benchmark-kernels": r"^product .*(baseline|neon)",
    "--eval eval\n": r"\d\d\.\d\d",
}


def lay_out(copy):
    """The copy, a home, and what the examples read."""
    shutil.copytree(
        TREE,
        copy,
        ignore=shutil.ignore_patterns(".git", "build", "build-mine", "demo-output", "__pycache__"),
        dirs_exist_ok=True,
    )
    for folder in ("home", "photos", "scans", "eval/cbsd68", "eval/masks"):
        (copy / folder).mkdir(parents=True)
    data = TREE / "tests" / "data"
    photo, mask = cv2.imread(str(data / "demo-photo.png")), cv2.imread(str(data / "demo-mask.png"))
    for name, x in (("a", 100), ("b", 250)):
        cv2.imwrite(str(copy / f"photos/{name}.jpg"), photo[60:140, x : x + 96])
    picture, hole = photo[60:140, 300:396], mask[60:140, 300:396]
    cv2.imwrite(str(copy / "scans/scan.png"), picture)
    cv2.imwrite(str(copy / "scans/scan_mask.png"), hole)
    cv2.imwrite(str(copy / "eval/cbsd68/0.png"), picture)
    cv2.imwrite(str(copy / "eval/masks/0_scratch.png"), hole)


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


def environment_of(copy):
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
    for name in ("DISPLAY", "DIFFUSION_INSIDE", "DIFFUSION_PLUGIN", "DIFFUSION_PLUGINS", "DIFFUSION_CHECKS"):
        environment.pop(name, None)
    return {k: v for k, v in environment.items() if not k.startswith("MESON_")}


def run_block(tap, copy, environment, document, block):
    title = f"{document}: {block.strip().splitlines()[0]}"
    for_all = "meson install -C build\n" in block
    extra = {"DESTDIR": str(copy / "home" / "dest")} if for_all else {}
    smaller = block
    for words, fewer in SMALLER.items():
        smaller = smaller.replace(words, fewer)
    start = time.monotonic()
    done = subprocess.run(
        ["sh", "-euc", smaller],
        cwd=copy,
        env=environment | extra,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=1800,
    )
    tap.note(f"{title}: {time.monotonic() - start:.0f} s")
    missing = [f for word, files in EXPECTED.items() if word in block for f in files if not (copy / f).exists()]
    missing += [s for word, s in SAYS.items() if word in block and not re.search(s, done.stdout, re.M)]
    if for_all and not list((copy / "home" / "dest").rglob("gimp-diffusion/gimp-diffusion")):
        missing.append("the installed plug-in")
    tap.ok(
        done.returncode == 0 and not missing,
        title,
        f"{done.stdout[-4000:]}\nexit {done.returncode}, missing: {missing}",
    )


def check_links(tap, document, text):
    """What a document points to is there; so are files of the tree that it names in code."""
    here = (TREE / document).parent
    links = [m for m in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in m]
    named = re.findall(r"`((?:core|plugin|ui|tests|weights|po)/[\w./-]+\.(?:c|h|py|sh|md|txt|build))`", text)
    gone = [m for m in links if not (here / m).exists()] + [m for m in named if not (TREE / m).exists()]
    tap.ok(not gone, f"{document}: what it points to is there", "\n".join(gone))


def main():
    tap = Tap()
    tap.ok((TREE / "README.md").stat().st_size <= 8192, "the README has at most 8 kB")
    with open(f"{COPY}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy = COPY
        shutil.rmtree(copy, ignore_errors=True)
        lay_out(copy)
        environment = environment_of(copy)
        sources = sorted(copy.glob("core/**/*.c"))
        before = [f.read_bytes() for f in sources]
        for document, least in DOCUMENTS.items():
            text = (TREE / document).read_text()
            blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
            tap.ok(len(blocks) >= least, f"{document} has its commands")
            check_links(tap, document, text)
            for block in blocks:
                run_block(tap, copy, environment, document, block)
        check_links(tap, "plugin/MANY.md", (TREE / "plugin/MANY.md").read_text())
        tap.ok(fills(copy), "a model of one's own fills the hole its own way, and nothing else")
        tap.ok(before == [f.read_bytes() for f in sources], "the tree has its format already")
        # What tests/build.sh made for the copy.
        place = subprocess.run(["cksum"], input=str(copy), capture_output=True, text=True, check=True).stdout.split()[0]
        shutil.rmtree(f"/var/tmp/gimp-diffusion-{place}", ignore_errors=True)
        shutil.rmtree(copy)
    tap.finish()


main()
