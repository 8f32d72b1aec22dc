# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a batch finds by the names that people have, and where it cannot write."""
import sys
import os
import pathlib
import subprocess
import unicodedata

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from gimp_console import SCRIPT_FU, Console, Tap, call, console

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SIZE = 40


def photo():
    return cv2.imread(str(DATA / "demo-photo.png"))[60 : 60 + SIZE, 80 : 80 + SIZE]


def mask():
    picture = np.zeros((SIZE, SIZE), np.uint8)
    picture[12:20, 14:26] = 255
    return picture


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whatever the name's extension, for OpenCV knows fewer than GIMP.
    kind = ".jpg" if path.suffix.lower() in (".jpg", ".jpeg") else ".png"
    path.write_bytes(cv2.imencode(kind, picture)[1].tobytes())


def denoise(**settings):
    return call("plug-in-diffusion-batch-denoise", sigma=10, **settings)


def inpaint(**settings):
    return call("plug-in-diffusion-batch-inpaint", steps=1, **settings)


def names(folder):
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def patterns(tap):
    with Console() as gimp:
        home = gimp.folder / "home"
        gimp.environment["HOME"] = str(home)
        for name in ("a/IMG[1].png", "a/IMG1.png", "a/x.PNG", "b/one.png", "home/pictures/h.png"):
            write(gimp.folder / name, photo())
        result = gimp.run(
            denoise(pattern="a/IMG[1].png", output_folder="literal")
            + denoise(pattern="b/*.PNG", output_folder="case")
            + denoise(pattern="a/*.png", output_folder="exact")
            + denoise(pattern="~/pictures/*.png", output_folder="~/results"),
            timeout=600,
        )
        tap.ok(result.code == 0, "four patterns, one script", result.out + result.err)
        tap.ok(names(gimp.folder / "literal") == ["IMG[1].png"], "a file called like the pattern is the only match")
        tap.ok(names(gimp.folder / "case") == ["one.png"], "where nothing matches, case does not count")
        tap.ok(
            names(gimp.folder / "exact") == ["IMG1.png", "IMG[1].png"],
            "where something matches, it does",
            names(gimp.folder / "exact"),
        )
        tap.ok(
            names(home / "results") == ["h.png"] and not (gimp.folder / "~").exists(),
            "~ is the user's folder, in pattern and output folder",
            names(gimp.folder),
        )
        result = gimp.run(denoise(pattern="~nobody-at-all/*.png", output_folder="never"))
        tap.ok(result.code == 70 and "~nobody-at-all" in result.err, "a user who is not there", result.err)


def masks(tap):
    composed, decomposed = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
    pairs = {
        "A.JPG": "A_mask.jpg",
        "b.png": "B_MASK.PNG",
        "c.jpg": "c_mask.jpeg",
        "d.jpg": "d_mask.PNG",
        f"{composed}.png": f"{decomposed}_mask.png",
        "e.png": "e_mask.webp",
        # Two that differ by case alone.
        "twin.png": "twin_mask.png",
        "TWIN.png": "TWIN_mask.png",
    }
    with Console(formats=("file-png", "file-jpeg", "file-webp")) as gimp:
        for picture, its_mask in pairs.items():
            write(gimp.folder / "in" / picture, photo())
            write(gimp.folder / "in" / its_mask, np.roll(mask(), 14, 0) if "TWIN" in its_mask else mask())
        result = gimp.run(inpaint(pattern="in/*", output_folder="out"), timeout=600)
        tap.ok(result.code == 0, "masks are found by their names", result.out + result.err)
        tap.ok(
            names(gimp.folder / "out") == sorted(pairs), "and are no pictures themselves", names(gimp.folder / "out")
        )
        for name in ("twin.png", "TWIN.png"):
            path = gimp.folder / "out" / name
            if path.exists():
                changed = (cv2.imread(str(path)) != photo()).any(2)
                wanted = (np.roll(mask(), 14, 0) if name == "TWIN.png" else mask()) > 0
                tap.ok(changed[wanted].any() and not changed[~wanted].any(), f"{name} has its own mask")


def folders(tap):
    with Console() as gimp:
        write(gimp.folder / "in" / "a.png", photo())
        # A folder that takes no files, whoever asks.
        result = gimp.run(denoise(pattern="in/*.png", output_folder="/sys/kernel"))
        tap.ok(
            result.code == 70
            and "nothing can be written into the folder /sys/kernel" in result.err
            and "file-png-export" not in result.err
            and "cannot write this format" not in result.err,
            "a read-only folder is told as what it is",
            result.err,
        )


def hard_names(tap):
    """Names that shells, addresses and patterns read otherwise, the longest, and bytes that are no text."""
    plain = [
        "-dash",
        " lead",
        "trail ",
        "br[ack]",
        "new\nline",
        "e\u0301",
        "\u00e9",
        'q"uote',
        "back\\slash",
        "per%20cent",
        "n" * 246,
    ]
    with Console() as gimp:
        for name in plain:
            write(gimp.folder / "in" / f"{name}.png", photo())
            write(gimp.folder / "in" / f"{name}_mask.png", mask())
        for name in (b"\xff.png", b"\xff_mask.png"):
            (gimp.folder / "in" / os.fsdecode(name)).write_bytes(
                (gimp.folder / "in" / f"-dash{name[1:-4].decode()}.png").read_bytes()
            )
        result = gimp.run(inpaint(pattern="in/*.png", output_folder="out"), timeout=900)
        tap.ok(result.code == 0, "names of all kinds run", result.out + result.err)
        wanted = sorted([f"{name}.png" for name in plain] + [os.fsdecode(b"\xff.png")])
        tap.ok(
            names(gimp.folder / "out") == wanted,
            "and each output has its input's name",
            ascii(names(gimp.folder / "out")),
        )


def two_at_once(tap):
    with Console() as gimp:
        for name in "ab":
            write(gimp.folder / "in" / f"{name}.png", photo())
        script = "(script-fu-use-v3)\n" + denoise(pattern="in/*.png", output_folder="out")
        runs = [
            subprocess.Popen(
                [console(), gimp.options, *SCRIPT_FU, "-b", script, "--quit"],
                env={**gimp.environment, "GIMP3_DIRECTORY": str(gimp.folder / f"profile{i}")},
                cwd=gimp.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for i in range(2)
        ]
        said = [run.communicate(timeout=600)[0] for run in runs]
        tap.ok(
            [run.returncode for run in runs] == [0, 0] and ": failed, " not in "".join(said),
            "two runs into one folder: both end well",
            "\n".join(said),
        )
        tap.ok(names(gimp.folder / "out") == ["a.png", "b.png"], "nothing unfinished is left")
        lines = [l for text in said for l in text.splitlines() if l.startswith("[") and ".png: " in l]
        done = [l for l in lines if ": done in" in l]
        skipped = [l for l in lines if ": skipped, " in l and "exists" in l]
        tap.ok(len(done) == 2 and len(skipped) == 2, "each file is made once and told as skipped once", "\n".join(said))


def appeared_meanwhile(tap):
    """The same for certain: the result comes to be while the filter runs."""
    with Console() as gimp:
        write(gimp.folder / "in" / "a.png", cv2.resize(photo(), (400, 400)))
        (gimp.folder / "out").mkdir()
        run = subprocess.Popen(
            [console(), gimp.options, *SCRIPT_FU, "-b"]
            + ["(script-fu-use-v3)\n" + denoise(pattern="in/*.png", output_folder="out"), "--quit"],
            env=gimp.environment,
            cwd=gimp.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = ""
        for line in run.stdout:
            said += line
            if "gimp-diffusion: expects" in line:
                (gimp.folder / "out" / "a.png").write_bytes(b"somebody else's")
        run.wait(timeout=600)
        tap.ok(
            run.returncode == 0 and "a.png: skipped, " in said and "exists" in said,
            "a result that appears meanwhile is skipped and named",
            said,
        )
        tap.ok(
            (gimp.folder / "out" / "a.png").read_bytes() == b"somebody else's"
            and os.listdir(gimp.folder / "out") == ["a.png"],
            "and stays as it is",
            os.listdir(gimp.folder / "out"),
        )


def main():
    tap = Tap()
    patterns(tap)
    masks(tap)
    folders(tap)
    hard_names(tap)
    two_at_once(tap)
    appeared_meanwhile(tap)
    tap.finish()


main()
